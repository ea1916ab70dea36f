"""``python -m plugins.turret``: the simulated turret."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from plugins.turret.model import TurretError
from plugins.turret.process import URL_VARIABLE, Options, TurretProcess, speaker
from plugins.turret.simulated import SimulatedTurret


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="plugins.turret", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="show no window")
    parser.add_argument("--alone", action="store_true", help="join no desk (to try out a script)")
    parser.add_argument("--script", type=Path, metavar="FILE", help="commands to perform, one JSON object a line")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="run calls N times as fast")
    parser.add_argument("--exit-at-end", action="store_true", help="end when script and calls are over and heard")
    parser.add_argument("--dialled-audio", type=Path, metavar="WAV", help="recording that a dialled number plays")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="turret: %(message)s")
    if chosen.speed <= 0:
        parser.error("--speed must be above zero")
    if not chosen.alone and not os.environ.get(URL_VARIABLE):
        parser.error(f"{URL_VARIABLE} is not set: start the turret from Deskline, or use --alone")
    options = Options(chosen.script, chosen.speed, chosen.alone, chosen.exit_at_end, chosen.dialled_audio)
    try:
        if chosen.headless or not _has_display():
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(_headless(options))
        else:
            from plugins.turret.window import run_with_window

            run_with_window(options)
    except (TurretError, OSError) as problem:
        sys.stderr.write(f"turret: {problem}\n")
        return 2
    return 0


async def _headless(options: Options) -> None:
    turret = SimulatedTurret(speed=options.speed, dialled_audio=options.dialled_audio)
    stop = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows has no such signal: the process simply ends there
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await TurretProcess(options, turret, say=speaker(options)).run(stop)


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
