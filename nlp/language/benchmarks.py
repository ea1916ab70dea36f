"""Whose government bonds a talk is on, and which point of their curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language.frames import Frame
from nlp.language.terms import Mention
from nlp.language.vocabulary import Instrument, government_of_title, government_places, section

if TYPE_CHECKING:
    from nlp.language.talk import Talk

CURVE = (2, 3, 5, 7, 10, 20, 30)
"""Years of the treasuries that are issued."""


def noted(talk: Talk, i: int, frame: Frame) -> None:
    """Remember the government and the point of the curve that turn `i` names last."""
    for mention in frame.mentions:
        if mention.point:
            talk.point = (i, mention.point)
            if i - talk.government[0] > 20:
                talk.government = (i, "UST")  # points of a curve nobody named are those of treasuries
        name = government_of_title(mention.instrument.issuer) if mention.instrument.kind == "bond" else ""
        if (
            name
            and not mention.benchmark
            and talk.government != (i, section("rates", "governments")[name].get("nominal"))
        ):
            talk.government = (i, name)  # of "two gilts and a linker" the gilts are those without a name later
    named = max((m.first for m in frame.mentions if m.instrument.kind == "bond"), default=-1)
    places = government_places()
    if any(government_of_title(t.instrument.issuer) for t in talk.topics if t.kind == "bond") or named >= 0:
        meant = [places[low] for k, low in enumerate(frame.lows, frame.begin) if k > named and low in places]
        talk.government = (i, meant[-1]) if meant else talk.government


def point_of(talk: Talk, frame: Frame, mention: Mention, instrument: Instrument) -> int | None:
    """The point of the curve that a bond stands for, where the turn or its maturity says so."""
    return _point_before(frame, mention) or _years_left(talk, instrument)


def _point_before(frame: Frame, mention: Mention) -> int | None:
    """The point of the curve that a bond stands for: "tens, the four and a quarter of May thirty-six"."""
    said = [(m.first, m.point) for m in frame.mentions if m.point and m.first < mention.first]
    said += [(t.first, int(t.code[:-1])) for t in frame.tenors if t.code.endswith("Y") and t.first < mention.first]
    return max(said)[1] if said else None


def _years_left(talk: Talk, instrument: Instrument) -> int | None:
    """The point of the curve that a treasury stands for by its years, where points are spoken of: "out of tens"."""
    if talk.point is None or instrument.maturity is None or government_of_title(instrument.issuer) != "UST":
        return None
    years = instrument.maturity[0] - talk.today.year
    return years if years in CURVE and all(topic.point != years for topic in talk.topics) else None
