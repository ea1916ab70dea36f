"""The speech process words its summaries as the desk does."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from nlp.language.model import Header, Party, Reference, Trader, Turn
from nlp.speech.client import LanguageWorker
from nlp.speech.messages import Event, Facts

pytestmark = pytest.mark.speech


async def test_a_desks_own_texts_reach_the_summary(tmp_path: Path) -> None:
    path = tmp_path / "wording.yaml"
    path.write_text('opening: "{organization} wrote in."', encoding="utf-8")
    understood: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def event(one: Event) -> None:
        if isinstance(one, Facts) and not understood.done():
            understood.set_result(one.summary)

    worker = LanguageWorker(on_event=event, wording=path)
    await worker.start()
    try:
        started = dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC)
        header = Header("x", "chat", started, Party("Gareth Pemberly", "Tolland Castings plc"), Trader("Hannah"))
        await worker.open("x", header, Reference())
        await worker.turn("x", Turn("client", 0.0, 0.0, "Can you please send me the axe list tomorrow?"))
        async with asyncio.timeout(150):
            assert (await understood).startswith("Tolland Castings plc wrote in.")
    finally:
        await worker.close()
