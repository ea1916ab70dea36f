"""How long after they are said words are shown with one call and with two, what the speech process takes for it, and
how quick and how right each model is.

The demo call is fed in real time, as a turret would; the second of two begins a little after the first. For each
utterance: from the arrival of its last speech to the event with its final text, and from the arrival of its first
speech to the first words of it on the screen.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import jiwer
import psutil
from whisper_normalizer.english import EnglishTextNormalizer

from nlp.audio import Recording, load
from nlp.audio.channels import CHANNELS
from nlp.dialogue_file import load as load_dialogue
from nlp.language.model import Header, Party, Reference, Trader, Turn
from nlp.speech import ModelChoice
from nlp.speech.client import LanguageWorker
from nlp.speech.files import transcribe
from nlp.speech.messages import Event, Finished, Partial, Segment
from nlp.speech.models import describe_models

DEMO_CALL = Path(__file__).parents[2] / "resources" / "demo" / "call.wav"
STEP = 0.1
APART = 7.3
"""Seconds by which a second call begins after the first: the demo call twice, but no two phrases end together."""

Figure = dict[str, str | float]


def run(seconds: float = 85.0) -> list[Figure]:
    """The figures; takes as long as the call that is played, and the hang-up passes."""
    call = load(DEMO_CALL)
    figures = [*asyncio.run(_live(call, seconds, 1)), *asyncio.run(_live(call, seconds, 2))]
    for report in describe_models():
        if report.state == "installed":
            figures += _whole(call, report.name)
    return figures


def figure(name: str, values: Sequence[float], unit: str, goal: str = "") -> Figure:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    middle = round(statistics.median(ordered), 3)
    return {"name": name, "median": middle, "p95": round(p95, 3), "unit": unit, "goal": goal}


async def _live(call: Recording, seconds: float, calls: int) -> list[Figure]:
    began = 0.0
    finals: list[float] = []
    firsts: list[float] = []
    shown: set[tuple[str, str, float]] = set()
    begins = {f"bench {number}": number * APART for number in range(calls)}
    refined: dict[str, float] = {}
    done = asyncio.Event()
    ready = asyncio.Event()

    def event(one: Event) -> None:
        now = time.monotonic() - began
        if isinstance(one, Segment | Partial):
            spoken = now - begins[one.id]
            if one.text and (one.id, one.who, one.start) not in shown:
                shown.add((one.id, one.who, one.start))
                firsts.append(spoken - one.start)
            if isinstance(one, Segment):
                finals.append(spoken - one.end)
        if isinstance(one, Finished):
            refined[one.id] = now
            if len(refined) == calls:
                done.set()

    worker = LanguageWorker(on_event=event, on_status=lambda status: ready.set() if status == "live" else None)
    await worker.start()
    await ready.wait()
    assert worker.pid is not None
    process = psutil.Process(worker.pid)
    header = Header("bench", "call", dt.datetime.now(dt.UTC), Party("", ""), Trader(""))
    for name in begins:
        await worker.open(name, header, Reference(), call.rate)
    began = time.monotonic()
    before = _processor(process)
    step = int(call.rate * STEP)
    length = min(len(call.trader), int(seconds * call.rate))
    for sent in range(0, length + int(max(begins.values()) * call.rate), step):
        due = began + (sent + step) / call.rate  # sound arrives when it has been spoken
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        for name, begin in begins.items():
            at = sent - int(begin * call.rate)
            if 0 <= at < length:
                for who in CHANNELS:
                    await worker.audio(name, who, call.channel(who)[at : at + step].tobytes(), at / call.rate)
    hung_up = time.monotonic() - began
    load = (_processor(process) - before) / hung_up
    for name in begins:
        await worker.finish(name)
    await done.wait()
    memory = process.memory_info().rss / 2**20
    await worker.close()
    of = "one call" if calls == 1 else f"{calls} calls at once"
    return [
        figure(f"{of}: from the end of an utterance to its final words", finals, "s", "1.0, p95 1.5"),
        figure(f"{of}: from the first word of an utterance to its first words shown", firsts, "s", "0.6, p95 1.0"),
        figure(
            f"{of}: hang-up to refined transcript and facts, {hung_up:.0f} s", [max(refined.values()) - hung_up], "s"
        ),
        figure(f"{of}: load of the speech process while it listens", [load], "processors"),
        figure(f"{of}: memory of the speech process", [memory], "MiB"),
    ]


def _processor(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _whole(call: Recording, model: str) -> list[Figure]:
    choice = ModelChoice(model)
    taken = []
    for _ in range(3):
        began = time.monotonic()
        turns = transcribe(call, choice)
        taken.append((time.monotonic() - began) / call.seconds)
    # The first run loads the model; it is what `deskline report` pays, but not what a hang-up pays.
    return [
        figure(f"transcription per second of two-channel call, {model}", taken[1:], "s/s", "0.2"),
        figure(f"word error of the demo call, {model}", [100 * _word_error(turns)], "%", "12"),
    ]


def _word_error(turns: Sequence[Turn]) -> float:
    """Share of words that are wrong, missing or too many; numbers and spellings normalised alike on both sides."""
    written = EnglishTextNormalizer()
    truth = load_dialogue(DEMO_CALL.with_suffix(".yaml")).turns
    sides = [(written(_text(truth, who)), written(_text(turns, who))) for who in CHANNELS]
    return float(jiwer.wer([said for said, _ in sides], [heard for _, heard in sides]))


def _text(turns: Sequence[Turn], who: str) -> str:
    return " ".join(turn.text.replace("--", " ").replace("...", " ") for turn in turns if turn.who == who)


if __name__ == "__main__":
    for one in run():
        print(f"{one['name']}: median {one['median']} {one['unit']}, 95% {one['p95']} {one['unit']}")
