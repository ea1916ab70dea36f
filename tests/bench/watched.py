"""The real desk as a program that tells how long things take: ``python -m tests.bench.watched SCENARIO -- ARGUMENTS``.

The arguments are Deskline's own. Each fact is one JSON line on standard output; times are ``time.monotonic()``, which
all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from app.__main__ import main

if TYPE_CHECKING:
    from app.desk.core import RunningApp
    from app.settings import Settings


def tell(fact: str, **details: Any) -> None:
    """One line, one write."""
    os.write(1, json.dumps({"fact": fact, **details}).encode() + b"\n")


def open_desk(settings: Settings) -> int:
    """``app.desk.open_desk`` with eyes on its window. Imports what the real one does, in the same order."""
    from app.desk import program
    from tests.bench.paints import Paints

    class Watched(program.Program):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._seen: set[str] = set()
            self.paints = Paints(self._first_paint)
            self.paints.watch("window", self.window, deep=False)
            self.ready.connect(lambda: tell("ready", at=time.monotonic()))
            self.outside_ready.connect(self._play)

        def _first_paint(self, name: str, at: float) -> None:
            if name not in self._seen:
                self._seen.add(name)
                tell("painted", what=name, at=at)

        def _make_panel(self, running: RunningApp) -> None:
            super()._make_panel(running)
            app_id = running.record.app_id
            if app_id in self.panels and self.window.docks.is_in_front(app_id):
                self.paints.watch(app_id, self.panels[app_id], deep=False)

        def _play(self) -> None:
            tell("outside", at=time.monotonic())
            if scenario == "start":
                self.quit()
            elif scenario == "work":
                from tests.bench.day import Day

                self.ui.run(Day(self).work(), then=lambda _: self.quit(), failed=self._broken)
            elif scenario == "tickets":
                from tests.bench.tickets import Tickets

                self.ui.run(Tickets(self).work(), then=lambda _: self.quit(), failed=self._broken)
            elif scenario == "listening":
                from tests.bench.listening import Listening

                self.ui.run(Listening(self).work(), then=lambda _: self.quit(), failed=self._broken)

        def _broken(self, error: Exception) -> None:
            tell("broken", sentence=f"{type(error).__name__}: {error}")
            self.quit()

    program.Program = Watched  # type: ignore[misc]
    return program.run(settings)


if __name__ == "__main__":
    scenario, arguments = sys.argv[1], sys.argv[3:]
    import app.desk

    app.desk.open_desk = open_desk
    sys.exit(main(arguments))
