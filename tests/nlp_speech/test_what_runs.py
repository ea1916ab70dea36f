"""What is understood from words that still run stands only as long as further looks hear them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nlp.language.model import Header, Party, Reference, Trader
from nlp.speech.live import Utterance
from nlp.speech.messages import LENGTH, Facts, Open, Partial, Reply, reply
from nlp.speech.recognition import Heard, Recogniser
from nlp.speech.words import Word
from nlp.speech.worker import Output, SpeechProcess

EURO = "Can you make me a price in ten million euro dollar, please?"
CABLE = "Can you make me a price in ten million cable, please?"


class Dictated(Recogniser):
    """A recogniser that is told what it hears."""

    def __init__(self) -> None:
        self.text = ""
        self.sure = True
        self.looks: list[str] = []

    def quick(self, sound: NDArray[np.float32], *, timed: bool = False, whole: bool = False) -> Heard:
        self.looks.append("whole" if whole else "fitted")
        return Heard(tuple(Word(f" {word}", 0.0, 1.0) for word in self.text.split()), whole or self.sure)


class Call:
    """One call in a process of its own, a job at a time."""

    def __init__(self) -> None:
        self._told, self.hears = io.BytesIO(), Dictated()
        self._process = SpeechProcess(Output(self._told), self.hears)
        header = Header("c", "call", dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC), Party("", ""), Trader(""))
        self._process.handle(Open(id="c", header=header, reference=Reference()))
        self._process.warm_up()

    def hear(self, text: str, *, until: float, ended: bool = False) -> tuple[str | None, str]:
        """The instrument asked for as it is understood now, and the words shown as running."""
        self.hears.text = text
        sound = np.zeros(16_000, dtype=np.float32)
        self._process._work.utterance(Utterance("c", "client", 0.0, until, sound, 0.0, ended, 0.0, 1, not ended))
        while self._process.step(0):
            pass
        told = [*self._replies()]
        asked = [one for one in told if isinstance(one, Facts)][-1].analysis.enquiry
        shown = ["", *(one.text for one in told if isinstance(one, Partial))]
        return asked.instrument if asked is not None else None, shown[-1]

    def _replies(self) -> Iterator[Reply]:
        stream = io.BytesIO(self._told.getvalue())
        while head := stream.read(LENGTH.size):
            yield reply(stream.read(*LENGTH.unpack(head)))


def test_what_a_look_was_taken_to_mean_is_corrected_by_the_next() -> None:
    call = Call()
    assert call.hear(EURO, until=2.0) == ("EURUSD", EURO)
    assert call.hear(CABLE, until=3.0) == ("GBPUSD", CABLE)
    assert call.hear(CABLE, until=3.0, ended=True)[0] == "GBPUSD"


def test_words_that_a_further_look_does_not_hear_mean_nothing_any_more() -> None:
    call = Call()
    assert call.hear(EURO, until=2.0) == ("EURUSD", EURO)
    assert call.hear("", until=2.5) == (None, "")


def test_words_that_the_end_does_not_hear_mean_nothing_any_more() -> None:
    call = Call()
    assert call.hear(EURO, until=2.0) == ("EURUSD", EURO)
    assert call.hear("", until=2.5, ended=True) == (None, "")


def test_words_whisper_is_unsure_of_are_shown_at_once_and_looked_at_as_a_whole_once() -> None:
    call = Call()
    call.hears.sure = False
    assert call.hear(EURO, until=2.0) == ("EURUSD", EURO)
    assert call.hear(EURO, until=2.0, ended=True)[0] == "EURUSD"
    assert call.hears.looks == ["fitted", "whole"]


def test_an_end_that_whisper_is_unsure_of_is_looked_at_as_a_whole_before_it_stands() -> None:
    call = Call()
    call.hears.sure = False
    assert call.hear(EURO, until=2.0, ended=True)[0] == "EURUSD"
    assert call.hears.looks == ["fitted", "whole"]
