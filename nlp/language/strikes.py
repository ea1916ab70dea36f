"""Options that differ by their strike: one put right before it is priced, or another asked for beside it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import options, resolving, saying, topics
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
    strike = current.instrument.coupon
    unstruck = current.kind == "option" and strike is None and current.instrument.form in v.commodities()
    if (unstruck or current.kind in ("commodity", "future", "fx", "metal")) and turn.who == "client":
        return _answered(talk, i, frame, current)
    if current.kind != "option" or strike is None:
        return None
    said = [one for figure in _bare(frame) if (one := _level(figure, current)) is not None]
    shown = {price.normalize() for price in (current.bid, current.ask, current.mid) if price is not None}
    named = [level for figure, level in said if figure.value.normalize() not in shown]
    known = next((t for level in named for t in _alike(talk, current) if t.instrument.coupon == level), None)
    if known is not None:
        return known
    if len(named) != 1 or frame.has("spot", "ref", "fwd") and not frame.has("strike", "k"):
        return None
    (level,) = named
    if current.quoted_at is None:
        if turn.who == "client" and (_asked_before(talk, i, current, level) or frame.has(*topics.CORRECTION)):
            current.instrument = _struck(current.instrument, level)
            return current
        return None
    premium = any(figure.value < level / 3 for figure in _bare(frame)) and frame.has(*MOVED)
    premium = premium and not any(size.unit or size.ccy for size in frame.sizes)
    beside = turn.who == "trader" and (len(frame.prices) > 2 or premium)
    if abs(level / strike - 1) > WIDEST or not beside and (turn.who == "trader" or saying.takes(frame)):
        return None
    opened = talk.opened(i, _struck(current.instrument, level))
    opened.hints, opened.side, opened.price_type = set(current.hints), current.side, current.price_type
    opened.size, opened.ccy, opened.unit = current.size, current.ccy, current.unit
    opened.day, opened.tenor = current.day, current.tenor
    opened.evidence |= {current.opened}
    return opened


def _answered(talk: Talk, i: int, frame: Frame, current: Topic) -> Topic | None:
    """ "I'd like to look at calls." "Which strike?" "Let's begin with three thousand.": an option after all."""
    figures = _bare(frame)
    asked = bool(i) and talk.turns[i - 1].who == "trader" and talk.frames[i - 1].has("strike", "struck")
    if len(figures) != 1 or not asked or current.quoted_at is not None:
        return None
    kinds = (options.kind_of(talk.frames[k].lows) for k in range(i, max(-1, i - KIND_SAID), -1))
    right = next((kind for kind in kinds if kind is not None), None)
    if right is None:
        return None
    base = current.instrument
    if base.kind == "option":
        current.instrument = resolving.struck(talk, frame, base, right, figures[0])
        return current
    if base.kind in ("fx", "metal"):
        current.instrument = options.instrument_of(base, right, options.strike_of(figures[0], base))
        return current
    option = resolving.option_on(talk, frame, base, options.Option(0, right, strike=figures[0]))
    current.instrument = option or base
    return current


def _bare(frame: Frame) -> list[Figure]:
    """The numbers that are no amount of something: "ten two hundred" may be a strike."""
    return [*frame.prices, *(size.figure for size in frame.sizes if not (size.unit or size.ccy))]


KIND_SAID = 6
"""Turns within which it was said what kind of option is looked for."""
MOVED: tuple[str, ...] = tuple(v.section("phrases", "options")["moved"])


def _struck(option: Instrument, strike: Decimal) -> Instrument:
    """The same option at another strike."""
    pair = v.pair_of(option.form)
    if pair is not None:
        return options.instrument_of(pair, option.issuer, strike)
    old, new = f"{option.coupon}", format(strike.normalize(), "f")
    return replace(
        option, code=option.code.replace(old, new), issuer=option.issuer.replace(old, new), coupon=Decimal(new)
    )


def _alike(talk: Talk, current: Topic) -> list[Topic]:
    """The options of the same pair and right, the one spoken of first."""
    same = [t for t in talk.topics if t.kind == "option" and t.instrument.form == current.instrument.form]
    return [
        current,
        *(t for t in reversed(same) if t is not current and t.instrument.issuer == current.instrument.issuer),
    ]


def _level(figure: Figure, option: Topic) -> tuple[Figure, Decimal] | None:
    """A level of what the option is on, said in full; not the last digits of one, nor a premium."""
    pair = v.pair_of(option.instrument.form)
    if figure.scaled or not (figure.pointed or len(figure.digits) > 2):
        return None
    level = place(figure, pair, "rate") if pair is not None else figure.value
    return (figure, level) if level is not None and (pair is not None or _beside(option, level)) else None


def _beside(option: Topic, level: Decimal) -> bool:
    """Near the strike, which is far from every premium."""
    strike = option.instrument.coupon
    return strike is not None and abs(level / strike - 1) <= WIDEST


def _asked_before(talk: Talk, i: int, option: Topic, level: Decimal) -> bool:
    """The trader has just asked whether this strike was meant."""
    before = talk.frames[i - 1] if i and talk.turns[i - 1].who == "trader" else None
    asked = [_level(figure, option) for figure in before.prices] if before is not None else []
    return any(one is not None and one[1] == level for one in asked)
