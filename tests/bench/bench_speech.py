"""How long after they are said words are shown, and how long a call takes to transcribe at hang-up.

The demo call is fed in real time, as a turret would. For each utterance: from the arrival of its last speech to the
event with its final text, and from the arrival of its first speech to the first words of it on the screen.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from nlp.audio import Recording, load
from nlp.audio.channels import CHANNELS
from nlp.language.model import Header, Party, Reference, Trader
from nlp.speech import ModelChoice
from nlp.speech.client import LanguageWorker
from nlp.speech.files import transcribe
from nlp.speech.messages import Event, Finished, Partial, Segment
from nlp.speech.models import describe_models

DEMO_CALL = Path(__file__).parents[2] / "resources" / "demo" / "call.wav"
STEP = 0.1

Figure = dict[str, str | float]


def run(seconds: float = 85.0) -> list[Figure]:
    """The figures; takes as long as the call that is played, and the hang-up passes."""
    call = load(DEMO_CALL)
    figures = asyncio.run(_live(call, seconds))
    for report in describe_models():
        if report.state == "installed":
            figures += _whole(call, report.name)
    return figures


def figure(name: str, values: Sequence[float], unit: str, goal: str = "") -> Figure:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    middle = round(statistics.median(ordered), 3)
    return {"name": name, "median": middle, "p95": round(p95, 3), "unit": unit, "goal": goal}


async def _live(call: Recording, seconds: float) -> list[Figure]:
    began = 0.0
    finals: list[float] = []
    firsts: list[float] = []
    shown: set[tuple[str, float]] = set()
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    ready = asyncio.Event()

    def event(one: Event) -> None:
        now = time.monotonic() - began
        if isinstance(one, Segment | Partial) and one.text and (one.who, one.start) not in shown:
            shown.add((one.who, one.start))
            firsts.append(now - one.start)
        if isinstance(one, Segment):
            finals.append(now - one.end)
        if isinstance(one, Finished) and not done.done():
            done.set_result(now)

    worker = LanguageWorker(on_event=event, on_status=lambda status: ready.set() if status == "live" else None)
    await worker.start()
    await ready.wait()
    header = Header("bench", "call", dt.datetime.now(dt.UTC), Party("", ""), Trader(""))
    await worker.open("bench", header, Reference(), call.rate)
    began = time.monotonic()
    step = int(call.rate * STEP)
    length = min(len(call.trader), int(seconds * call.rate))
    for at in range(0, length, step):
        due = began + (at + step) / call.rate  # sound arrives when it has been spoken
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        for who in CHANNELS:
            await worker.audio("bench", who, call.channel(who)[at : at + step].tobytes(), at / call.rate)
    hung_up = time.monotonic() - began
    await worker.finish("bench")
    refined = await done - hung_up
    await worker.close()
    return [
        figure("words spoken to words shown, from the end of the utterance", finals, "s", "median 1.5"),
        figure("first word spoken to first words shown, from the start of the utterance", firsts, "s"),
        figure(f"hang-up to refined transcript and facts, {hung_up:.0f} s call", [refined], "s"),
    ]


def _whole(call: Recording, model: str) -> list[Figure]:
    choice = ModelChoice(model)
    taken = []
    for _ in range(3):
        began = time.monotonic()
        transcribe(call, choice)
        taken.append((time.monotonic() - began) / call.seconds)
    # The first run loads the model; it is what `deskline report` pays, but not what a hang-up pays.
    return [figure(f"transcription per second of two-channel call, {model}", taken[1:], "s/s")]


if __name__ == "__main__":
    for one in run():
        print(f"{one['name']}: median {one['median']} {one['unit']}, 95% {one['p95']} {one['unit']}")
