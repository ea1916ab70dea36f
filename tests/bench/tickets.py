"""The live ticket on the watched desk: the demo call in real time, and when the ticket knew what had been said."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal
from typing import Any

from tests.bench.day import Day
from tests.bench.watched import tell

CALLS = 4
UNTIL_TAKEN = 62.0
"""Seconds into the call at which the client has said "mine" and the trader has read it back."""
AMOUNT = Decimal(15_000_000)


class Tickets(Day):
    async def work(self) -> None:
        await self.stage.until(lambda: self.program.core.worker.status == "live", "the models", 120)
        await asyncio.sleep(3.0)
        await self.stage.open_turret()
        try:
            for _ in range(CALLS):
                await self._one()
        finally:
            await self.stage.close()

    async def _one(self) -> None:
        """From the end of the client's phrase to the ticket that shows it: the amount, then the whole deal."""
        deals, reports = self.stage.app("deskline-deals"), self.stage.app("deskline-reports").reports
        began = await self._connect()
        first: dict[str, float] = {}

        def changed(state: Any) -> None:
            heard = state.ticket.heard
            if heard is None:
                return
            now = (dt.datetime.now(dt.UTC) - began).total_seconds()
            if heard.quantity == AMOUNT and state.ticket.text("quantity").startswith("15,000,000"):
                first.setdefault("amount", now)
                if heard.side and state.reading.complete:
                    first.setdefault("whole", now)

        stop = deals.state.subscribe(changed)
        await asyncio.sleep(UNTIL_TAKEN)
        stop()
        await self.stage.turret("hangup")
        card = await self.stage.until(lambda: reports.state.value.current, "the report")
        said = self.program.core.conversations.state(card.talk.interaction_id).value.segments
        client = [one for one in said if one.who == "client"]
        for name, words in (("amount", ("fifteen", "15")), ("whole", ("mine",))):
            phrase = next((one for one in client if any(word in one.text.lower() for word in words)), None)
            if phrase is not None and name in first:
                tell("ticket", what=name, s=first[name] - phrase.end)
            else:
                tell("broken", sentence=f"the {name} was not understood in this call")
        await reports.put_aside(card.report_id)
        await self.stage.until(lambda: reports.state.value.current is None, "the popup to close")
        await deals.clear()
