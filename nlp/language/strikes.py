"""Currency options that differ by their strike: one put right before it is priced, or another asked for beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import options, saying, topics
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.prices import place
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

WIDEST = Decimal("0.15")
"""Share of a strike within which another strike lies; beyond, and the figure for 1.51 in place of 1.15 lies there, only
what both sides say counts."""


def by_strike(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """The option of the strike that a turn names. Before a price the client puts the strike right; after it they ask,
    or are shown, another option beside the first."""
    pair = v.pair_of(current.instrument.form)
    strike = current.instrument.coupon
    if current.kind != "option" or pair is None or strike is None:
        return None
    named = [level for figure in frame.prices if (level := _level(figure, pair)) is not None]
    known = next((t for level in named for t in _alike(talk, current) if t.instrument.coupon == level), None)
    if known is not None:
        return known
    if len(named) != 1 or frame.has("spot", "ref", "fwd"):
        return None
    (level,) = named
    if current.quoted_at is None:
        if turn.who == "client" and (_asked_before(talk, i, pair, level) or frame.has(*topics.CORRECTION)):
            current.instrument = options.instrument_of(pair, current.instrument.issuer, level)
            return current
        return None
    shown = turn.who == "trader" and len(frame.prices) > 2
    if abs(level / strike - 1) > WIDEST or not shown and (turn.who == "trader" or saying.takes(frame)):
        return None
    opened = talk.opened(i, options.instrument_of(pair, current.instrument.issuer, level))
    opened.hints, opened.side, opened.price_type = set(current.hints), current.side, current.price_type
    opened.size, opened.ccy, opened.day, opened.tenor = current.size, current.ccy, current.day, current.tenor
    opened.evidence |= {current.opened}
    return opened


def _alike(talk: Talk, current: Topic) -> list[Topic]:
    """The options of the same pair and right, the one spoken of first."""
    same = [t for t in talk.topics if t.kind == "option" and t.instrument.form == current.instrument.form]
    return [
        current,
        *(t for t in reversed(same) if t is not current and t.instrument.issuer == current.instrument.issuer),
    ]


def _level(figure: Figure, pair: Instrument) -> Decimal | None:
    """A rate of the pair said in full; not the last digits of one, nor a premium."""
    full = figure.pointed or len(figure.digits) > 2
    return place(figure, pair, "rate") if full and not figure.scaled else None


def _asked_before(talk: Talk, i: int, pair: Instrument, level: Decimal) -> bool:
    """The trader has just asked whether this strike was meant."""
    before = talk.frames[i - 1] if i and talk.turns[i - 1].who == "trader" else None
    return before is not None and any(_level(figure, pair) == level for figure in before.prices)
