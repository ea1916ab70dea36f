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
AMOUNT, SIDE, PRICE = Decimal(15_000_000), "buy", Decimal("1.1678")
"""What is dealt in the demo call."""


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
        """From the end of the client's phrase to the ticket that shows it: first the amount, then the whole."""
        deals, reports = self.stage.app("deskline-deals"), self.stage.app("deskline-reports").reports
        began = await self._connect()
        shown: list[tuple[float, Any]] = []

        def changed(state: Any) -> None:
            shown.append(((dt.datetime.now(dt.UTC) - began).total_seconds(), state))

        stop = deals.state.subscribe(changed)
        await asyncio.sleep(UNTIL_TAKEN)
        stop()
        await self.stage.turret("hangup")
        card = await self.stage.until(lambda: reports.state.value.current, "the report")
        said = self.program.core.conversations.state(card.talk.interaction_id).value.segments
        client = [one for one in said if one.who == "client"]
        for name, words, there in (("amount", ("fifteen", "15"), _amount), ("whole", ("mine",), _whole)):
            at = next((at for at, state in shown if there(card.talk.interaction_id, state)), None)
            phrase = next((one for one in client if any(word in one.text.lower() for word in words)), None)
            if phrase is not None and at is not None:
                tell("ticket", what=name, s=at - phrase.end)
            else:
                tell("broken", sentence=f"the {name} was not understood in this call")
        await reports.put_aside(card.report_id)
        await self.stage.until(lambda: reports.state.value.current is None, "the popup to close")
        await deals.clear()


def _amount(interaction_id: str, state: Any) -> bool:
    """Whether the ticket shows the amount heard in this conversation."""
    heard = state.ticket.heard
    ours = heard is not None and heard.interaction_id == interaction_id and heard.quantity == AMOUNT
    return ours and state.ticket.text("quantity").startswith("15,000,000")


def _whole(interaction_id: str, state: Any) -> bool:
    """Whether nothing of the deal is missing in the ticket."""
    if not _amount(interaction_id, state) or not state.reading.complete:
        return False
    return (state.ticket.heard.side, state.ticket.heard.price) == (SIDE, PRICE)
