"""The price that a figure means for an enquiry, and what kind of number it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.fxswaps import points
from nlp.language.model import PriceType
from nlp.language.numerals import PERCENT
from nlp.language.prices import in_minor, is_year, place, said_round, ticks
from nlp.language.remarks import VOLS
from nlp.language.topics import Topic

HIGHEST_YIELD = 16
"""Percent; no bond that is asked for by its price costs as little."""

HIGHEST_SPREAD = 600
"""Basis points; above, bonds are talked of in price."""

SIDES = {"bid", "offer", "offered", "ask"}


def price_type(topic: Topic, frame: Frame, figure: Figure) -> PriceType:
    """What kind of number this is, from the words beside it and what the enquiry asked for."""
    lows = [word.low for word in frame.words]
    before = lows[figure.first - 1] if figure.first else ""
    after = [low for low in lows[figure.last : figure.last + 4] if low != ","][:3]
    kind = topic.kind
    if kind in ("fx",):
        return "points" if "swap" in topic.hints else "rate"
    if kind == "option":
        pips = {"pips", "pip", "points", "pts"}
        said = pips & set(lows) or (topic.price_type == "points" and not PERCENT & set(after))
        return "points" if v.pair_of(topic.instrument.form) and said else "price"
    if kind == "irs":
        return "spread_bp" if topic.instrument.issuer else "rate"
    if kind != "bond":
        return "price"
    if "yld" in after[:1] or "yield" in after[:2]:
        return "yield"
    if (
        before in ("plus", "+")
        or "over" in after[:1]
        or "bp" in after[:1]
        or "bps" in after[:1]
        or "basis" in after[:1]
    ):
        return "spread_bp"
    if {"price", "cash", "px", "clean"} & set(lows[max(0, figure.first - 2) : figure.first]):
        return "price"
    if topic.instrument.ticks and _in_ticks(lows, figure):
        return "price"
    if "spread_bp" in topic.hints and len(figure.digits) >= 4 and len(figure.chunks) > 1:
        return "price"  # "ninety-nine thirty" is no spread
    for hint in ("spread_bp", "yield", "price"):
        if hint in topic.hints and not (hint == "spread_bp" and figure.pointed):
            near_par = figure.pointed and not figure.cardinal and 40 <= figure.value <= 180
            return "price" if hint == "yield" and near_par else hint
    if topic.price_type is None and figure.pointed and figure.value < HIGHEST_YIELD:
        return "yield"
    if topic.price_type is None and _only_percent(topic, figure):
        return "yield"
    if topic.price_type == "yield" and place(figure, topic.instrument, "yield") is None:
        return "price"
    return topic.price_type or _falling(frame, figure) or "price"


def _in_ticks(lows: list[str], figure: Figure) -> bool:
    """ "100-07+", "ninety-nine eighteen plus": a handle and 32nds."""
    handle = figure.chunks[0]
    dashed = figure.last - figure.first == 3 and lows[figure.first + 1] == "-"
    plus = lows[figure.last : figure.last + 1] in (["plus"], ["+"])
    whole = len(figure.chunks) == 2 and not figure.pointed and handle.isdecimal()
    return whole and 70 <= int(handle) <= 140 and (dashed or plus)


def _only_percent(topic: Topic, figure: Figure) -> bool:
    """ "Three twelve eight" is no price of a bond, but a yield."""
    spoken = len(figure.chunks[0]) == 1 and len(figure.chunks) > 1 and figure.digits.isdecimal()
    return spoken and 3 <= len(figure.digits) <= 4 and place(figure, topic.instrument, "price") is None


def _falling(frame: Frame, figure: Figure) -> PriceType | None:
    """Two levels of which the second is lower are no prices of a bond: "one forty-eight, one forty-one" are basis
    points over something, "two sixty-seven one, two sixty-six four" percent."""
    beside = [pair for pair in pairwise(frame.prices) if figure in pair]
    for one, other in beside:
        gap = [low for low in (word.low for word in frame.words[one.last : other.first]) if low not in SIDES]
        if gap not in ([","], ["/"], ["-"], []) or one.pointed or other.pointed or one.scaled or other.scaled:
            continue
        high, low = (int(f.digits) for f in (one, other)) if (one.digits + other.digits).isdecimal() else (0, 0)
        across = high < 125 and 80 <= low < 100  # "one oh five, ninety-five"
        if not low < high <= low * Decimal("1.25") or not (across or len(one.digits) == len(other.digits)):
            continue
        if len(one.digits) == 4 and len(one.chunks[0]) == 1:
            return "yield"
        if len(one.digits) <= 3 and high <= HIGHEST_SPREAD and not (one.fraction or other.fraction):
            return "spread_bp"
    return None


def placed(
    topic: Topic, frame: Frame, figure: Figure, *, ask_of: Decimal | None = None, handle: Decimal | None = None
) -> Decimal | None:
    """The price a figure means for this enquiry."""
    lows = [word.low for word in frame.words]
    kind = price_type(topic, frame, figure)
    if topic.kind == "option":
        struck = topic.instrument.coupon  # which is no premium
        again = struck is not None and topic.instrument.unit and abs(figure.value - struck) < struck / 10
        if figure.scaled or again or _is_vol(lows, figure):
            return None
        paired = [len(chunk) for chunk in figure.chunks] in ([2, 2], [1, 2]) and figure.digits.isdecimal()
        whole = struck is not None and topic.instrument.unit and paired and figure.value > struck
        whole = whole and (topic.shown_at is None or lows[figure.last : figure.last + 1] in (["a"], ["per"], ["an"]))
        return figure.value.scaleb(-2) if whole else figure.value  # "twenty-one seventy-five a tonne"
    if topic.kind == "fx" and kind == "points":
        return points(topic, frame, figure)
    if topic.instrument.ticks and kind == "price":
        known = handle
        if known is None and topic.anchors:
            known = topic.anchors[-1].to_integral_value(rounding="ROUND_FLOOR")
        return ticks(figure, lows[figure.last : figure.last + 1], known)[0]
    if (
        lows[figure.last : figure.last + 1]
        and lows[figure.last] in ("fig", "figure")
        and figure.pointed
        and topic.instrument.decimals
    ):
        return figure.value
    if (
        topic.kind == "fx"
        and len(figure.digits) == 2
        and not figure.fraction
        and lows[figure.last : figure.last + 1] == ["flat"]
    ):
        figure = replace(figure, chunks=(*figure.chunks, "00"), value=figure.value * 100)  # "sixty-six flat" is 0.6600
    if is_year(figure) and not _near(topic, figure.value):
        return None
    if said_round(lows, figure) and _near(topic, figure.value):
        return figure.value  # "fifty-one flat" beside 51.40
    if topic.kind == "equity" and topic.anchors and figure.digits == str(int(topic.anchors[-1])):
        return figure.value  # "forty-two" beside 42.35
    if topic.kind == "equity" and len(figure.chunks) > 2 and len(figure.digits) > 4 and figure.digits.isdecimal():
        return figure.value.scaleb(-2)  # "nine sixty-eight thirty-five" is 968.35
    if topic.kind == "equity" and in_minor(figure):
        hundredths = figure.value.scaleb(-2)  # "eighteen forty-eight" is 18.48 where shares are not priced in pence
        if "cents" in topic.hints:
            return hundredths
        if topic.instrument.currency not in (None, "GBX", "GBp", "JPY") or _near(topic, hundredths):
            return hundredths
    return place(figure, topic.instrument, kind, _anchors(topic), ask_of=ask_of)


def all_placed(topic: Topic, frame: Frame) -> set[Decimal]:
    """The prices that the figures of a turn mean for this enquiry."""
    return {price for figure in frame.prices if (price := placed(topic, frame, figure)) is not None}


def _near(topic: Topic, price: Decimal) -> bool:
    return any(abs(price - anchor) < anchor / 10 for anchor in topic.anchors[-1:])


def _anchors(topic: Topic) -> list[Decimal]:
    if topic.status == "dealt":
        return topic.anchors[-1:]  # what was dealt at is surer than what was shown
    shown = [price for price in (topic.bid, topic.ask, topic.mid) if price is not None]
    return shown or topic.anchors[-2:]


def _is_vol(lows: list[str], figure: Figure) -> bool:
    return bool(set(lows[figure.last : figure.last + 1]) & VOLS)


def by_price(enquiries: Sequence[Topic], frame: Frame, current: Topic) -> Topic | None:
    """Of several enquiries with prices the one whose price is said again: "the forty-six, please"."""
    if frame.tenors or not frame.prices or current.kind not in ("fx", "option"):
        return None
    alike = [t for t in enquiries if t.kind == current.kind and t.instrument.form == current.instrument.form]
    alike = [t for t in alike if t.kind == "option" or t.instrument.code == current.instrument.code]
    named = [t for t in alike if t.shown_at is not None and t.status != "dealt" and says_price(t, frame)]
    return named[0] if len(named) == 1 and named[0] is not current else None


def says_price(topic: Topic, frame: Frame) -> bool:
    """A turn says a price that was shown for the enquiry."""
    shown = {abs(price) for price in (topic.bid, topic.ask) if price is not None}
    return any((p := placed(topic, frame, figure)) is not None and abs(p) in shown for figure in frame.prices)
