"""Swaps by points of their curve and with another start than the one that was shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.periods import Tenor
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

POINTS = {2, 3, 4, 5, 7, 10, 12, 15, 20, 25, 30, 40, 50}
FORWARD_START, SPOT_START = "forward start", "spot start"
SIDES: dict[str, Side] = {"payer": "buy", "payers": "buy", "receiver": "sell", "receivers": "sell"}
LOANS: frozenset[str] = frozenset(v.section("phrases", "swaps")["loans"])
NEAR = 24
"""Turns between two tenors that belong to one enquiry."""
STARTS: dict[str, tuple[str, ...]] = {
    kind: tuple(v.section("rates", "starts")[kind.split()[0]]) for kind in (FORWARD_START, SPOT_START)
}


def with_points(talk: Talk, frame: Frame, *, trader: bool) -> Frame:
    """In a talk of swaps the points of the curve are tenors: "2s 3.362/3.368", "now, tens. We'd pay forty million"."""
    current = talk.current
    if current is None or current.kind != "irs" or current.instrument.issuer or not current.instrument.form:
        return frame
    known = {t.tenor_named for t in talk.topics if t.kind == "irs"}
    asked = frame.prices if trader else frame.sizes or frame.question
    said = [*(Tenor(m.first, m.last, f"{m.point}Y") for m in frame.mentions if m.point), *_typed(frame)]
    said = [tenor for tenor in said if asked or tenor.code in known]
    if not said or any(t.kind == "bond" for t in talk.topics):
        return frame
    taken = {k for tenor in said for k in range(tenor.first, tenor.last)}
    return replace(
        frame,
        mentions=tuple(m for m in frame.mentions if m.first not in taken),
        prices=tuple(figure for figure in frame.prices if figure.first not in taken),
        tenors=tuple(sorted([*frame.tenors, *said], key=lambda tenor: tenor.first)),
    )


def _typed(frame: Frame) -> list[Tenor]:
    """ "2s", "10s": the points of a curve as they are typed."""
    found = []
    for k, (low, after) in enumerate(pairwise(frame.lows), frame.begin):
        whole = low.isdecimal() and low.isascii() and after == "s" and frame.words[k].end == frame.words[k + 1].start
        if whole and int(low) in POINTS and not any(m.first <= k < m.last for m in frame.mentions):
            found.append(Tenor(k, k + 2, f"{int(low)}Y"))
    return found


def named_side(frame: Frame) -> Side | None:
    """ "A five-year payer", "fixed receiver": what the client is, whoever says it; who fixes a loan pays."""
    if LOANS & set(frame.lows) and not {"floating", "receive", "asset"} & set(frame.lows):
        return "buy"
    sides: set[Side] = {SIDES[low] for low in frame.lows if low in SIDES}
    return sides.pop() if len(sides) == 1 else None


def side_of(talk: Talk, topic: Topic) -> Side | None:
    """The client's side of an enquiry; who pays in one tenor of a curve asks for the others to pay in them too."""
    if topic.side is not None or topic.kind != "irs":
        return topic.side
    beside = (t for t in talk.topics if t.instrument.form == topic.instrument.form and t.kind == "irs")
    sides: set[Side] = {t.side for t in beside if t.side is not None and abs(t.opened - topic.opened) <= NEAR}
    return sides.pop() if len(sides) == 1 else None


def start_of(frame: Frame) -> str | None:
    """Whether a swap is spoken of from spot or from a later date; None where neither or both are said."""
    said = [kind for kind, phrases in STARTS.items() if frame.has(*phrases)]
    return said[0] if len(said) == 1 else None


COMPARED = ("higher", "lower", "above", "below", "over spot", "bp", "bps", "basis points", "pickup", "pick up")
"""Words for how far two starts are apart: "so fwd is 1.8 higher"."""


def from_another_start(frame: Frame, topic: Topic) -> bool:
    """ "And the two-year from spot?", after the one that starts in September was shown."""
    start = start_of(frame)
    if topic.kind != "irs" or topic.quoted_at is None or start is None or frame.has(*COMPARED):
        return False
    return (FORWARD_START in topic.hints) != (start == FORWARD_START)
