"""The watched desk while it listens: nothing but calls that are transcribed, and how late the window is meanwhile."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

from tests.bench.day import CALLER, DEMO_CALL, Day
from tests.bench.frames import Frames
from tests.bench.watched import tell

SETTLING, SECONDS = 4.0, 76.0
"""First the customer comes up in every panel, which is another measure."""
QUIET = 10.0
LATE_MS = 33.0
CALLERS = (CALLER, "+442079460999")


class Listening(Day):
    async def work(self) -> None:
        await self.stage.until(lambda: self.program.core.worker.status == "live", "the models", 120)
        await asyncio.sleep(8.0)  # what the start left to be done is done
        await self.stage.on_screen(lambda: self.program.window.focus_panel("deskline-transcript"))
        await self.stage.open_turret()
        frames = await self.stage.on_screen(Frames)
        try:
            await self._watch_for(frames, QUIET, calls=0)
            for calls in (1, 2):
                await self._listen(frames, calls)
        finally:
            await self.stage.on_screen(frames.stop)
            await self.stage.close()

    async def _listen(self, frames: Frames, calls: int) -> None:
        lines, reports = self.stage.app("deskline-lines"), self.stage.app("deskline-reports").reports
        for number in CALLERS[:calls]:
            await self.stage.ring(number, DEMO_CALL, auto_answer=0.2)
        await self.stage.until(
            lambda: len([one for one in lines.state.value.lines if one.state == "connected"]) == calls, "the calls"
        )
        await asyncio.sleep(SETTLING)
        await self._watch_for(frames, SECONDS, calls=calls)
        for _ in range(calls):
            await self.stage.turret("hangup")
        for _ in range(calls):
            card = await self.stage.until(lambda: reports.state.value.current, "the report")
            await reports.put_aside(card.report_id)
            await self.stage.until(lambda done=card: reports.state.value.current is not done, "the popup to close")

    async def _watch_for(self, frames: Frames, seconds: float, *, calls: int) -> None:
        await self.stage.on_screen(frames.take)
        await asyncio.sleep(seconds)
        gaps, own = await self.stage.on_screen(frames.take)
        tell("frames", calls=calls, gaps=_summary(gaps), own=_summary(own))


def _summary(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[round(0.95 * (len(ordered) - 1))],
        "longest": ordered[-1],
        "late": sum(value > LATE_MS for value in ordered),
    }
