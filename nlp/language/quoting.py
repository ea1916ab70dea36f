"""Reading a price shown by the trader: two-way, one-sided, mid or choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.fxswaps import points, read_points
from nlp.language.model import PriceType, Side
from nlp.language.prices import place, ticks
from nlp.language.topics import Topic, of_base

VOLS = {"vol", "vols", "vega", "delta"}
MOVES = {"pip", "pips", "paise", "sen", "ticks", "big", "figures", "cents", "points", "pts"}
HIGHEST_YIELD = 16
"""Percent; no bond that is asked for by its price costs as little."""
HIGHEST_SPREAD = 600
"""Basis points; above, bonds are talked of in price."""
SIDES = {"bid", "offer", "offered", "ask"}
PERCENT = {"percent", "%", "pct"}


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
    if "spread_bp" in topic.hints and len(figure.chunks) == 2 and len(figure.digits) == 4:
        return "price"  # "ninety-nine thirty" is no spread
    for hint in ("spread_bp", "yield", "price"):
        if hint in topic.hints and not (hint == "spread_bp" and figure.pointed):
            return hint
    if topic.price_type is None and figure.pointed and figure.value < HIGHEST_YIELD:
        return "yield"
    if topic.price_type is None and _only_percent(topic, figure):
        return "yield"
    return topic.price_type or _falling(frame, figure) or "price"


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
        if not low < high <= low * Decimal("1.25") or len(one.digits) != len(other.digits):
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
        return figure.value if not figure.scaled and not _is_vol(lows, figure) else None
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
    if topic.kind == "equity" and topic.anchors and figure.digits == str(int(topic.anchors[-1])):
        return figure.value  # "forty-two" beside 42.35
    if topic.kind == "equity" and topic.instrument.currency not in (None, "GBX", "GBp", "JPY") and _in_minor(figure):
        return figure.value.scaleb(-2)  # "eighteen forty-eight" is 18.48 where shares are not priced in pence
    return place(figure, topic.instrument, kind, _anchors(topic), ask_of=ask_of)


def _in_minor(figure: Figure) -> bool:
    """A share price said as two numbers, the second of two digits."""
    spoken = len(figure.chunks) > 1 and all(chunk.isdecimal() for chunk in figure.chunks)
    return spoken and 3 <= len(figure.digits) <= 6


def _anchors(topic: Topic) -> list[Decimal]:
    shown = [price for price in (topic.bid, topic.ask, topic.mid) if price is not None]
    return shown or topic.anchors[-2:]


def read_quote(topic: Topic, frame: Frame, turn: int) -> None:
    """Note what the trader shows. Prices inside questions and remarks on the screen are only anchors."""
    figures = [figure for figure in frame.prices if not _remark(topic, frame, figure)]
    if not figures or topic.status == "dealt":
        return
    if topic.kind == "fx" and "swap" in topic.hints:
        read_points(topic, frame, turn)
        return
    handle = _handle(frame) or (_of_ticks(figures) if topic.instrument.ticks else None)
    if handle is not None:
        figures = [figure for figure in figures if figure.value != handle or figure.last >= len(frame.words)]
    if "spot" in frame.lows and "points" in frame.lows or "all-in" in " ".join(frame.lows).replace(" - ", "-"):
        _all_in(topic, frame, figures, turn)
        return
    pair = two_way(topic, frame, figures, handle)
    if pair is not None:
        topic.bid, topic.ask, topic.mid = pair[0], pair[1], None
        shown = [pair[0], pair[1]]
    else:
        last = next(
            (p for figure in reversed(figures) if (p := placed(topic, frame, figure, handle=handle)) is not None), None
        )
        offered = frame.has("could do", "can do", "could show", "how about", "can show")
        if last is None or (frame.question and not offered) or _other_scale(topic, last):
            return
        _one_way(topic, frame, last)
        shown = [last]
    topic.anchors += shown
    kinds = {price_type(topic, frame, figure) for figure in figures}
    topic.price_type = "spread_bp" if "spread_bp" in kinds else price_type(topic, frame, figures[0])
    topic.quoted_at = turn
    topic.evidence.add(turn)
    if topic.status in ("passed",):
        topic.status = "open"


SORT_OF = ("that sort of thing", "that kind of thing", "something like that", "give or take", "that sort of level")
SPOKEN_OF = [[verb, article] for verb in ("'s", "is", "was") for article in ("a", "the", "yesterday", "last", "miles")]
SHOWN = {
    "best",
    "most",
    "least",
    "offer",
    "bid",
    "price",
    "level",
    "quote",
    "firm",
    "rate",
    "tightest",
    "lowest",
    "highest",
}


def _remark(topic: Topic, frame: Frame, figure: Figure) -> bool:
    lows = [word.low for word in frame.words]
    near = lows[max(0, figure.first - 3) : figure.first]
    after = lows[figure.last : figure.last + 2]
    if after[:1] == ["basis"] and not set(near) & {"plus", "at", "over"}:
        return True  # a change, not a level
    if after[:1] and after[0] in PERCENT and topic.kind not in ("irs", "bond"):
        return True  # "twenty percent" of the volume
    if topic.kind == "fx" and "swap" not in topic.hints and after[:1] and after[0] in MOVES:
        return True  # "it's come off fifteen paise"
    if set(after[:1]) & VOLS or (
        after[:1] in (["/"], ["-"], [","]) and set(lows[figure.last + 1 : figure.last + 4]) & VOLS
    ):
        return True  # "6.45/6.75 vol"
    if topic.size is not None and figure.value * 1_000_000 == topic.size and near[-1:] in (["for"], ["in"]):
        return True  # "97.15 for 10"
    outright = topic.kind == "fx" and "swap" not in topic.hints and topic.quoted_at is not None
    if outright and not figure.pointed and len(figure.digits) <= 4 and {"pts", "points"} & set(lows[: figure.first]):
        return True  # "so the points are negative: -28 -52 -77"
    if {"screen", "screens"} & set(lows[max(0, figure.first - 5) : figure.first]):
        return True  # "screen is 290-290.5"
    if near[-1:] in (["low"], ["high"]) or near[-2:] in (["low", "was"], ["high", "was"]):
        return True
    if after in SPOKEN_OF and not set(lows[figure.last + 2 : figure.last + 5]) & SHOWN:
        return True  # "eleven sixty's a stretch", "ten thirty's the high of the year"
    behind = set(lows[figure.last : figure.last + 4])
    rough = {"around", "somewhere", "roughly"} & {*near, *behind} or {"area", "thereabouts"} & behind
    if rough and topic.quoted_at is not None or "indicative" not in topic.hints and frame.has(*SORT_OF):
        return True
    if {"than", "above", "below", "under", "close", "near", "towards", "reaches", "hits"} & set(near):
        return True  # a level to watch, not one that is shown
    outright = topic.kind == "fx" and bool(topic.hints & {"forward", "ndf", "swap"} or frame.has("outright", "forward"))
    if outright and near[-2:] in (["spot", "'s"], ["spot", "is"], ["spot", "at"]):
        return True  # what the outright starts from
    return bool(set(near) & {"budget", "strike", "last", "ref", "was", "were", "paid", "received"})


def _is_vol(lows: list[str], figure: Figure) -> bool:
    return bool(set(lows[figure.last : figure.last + 1]) & VOLS)


def _other_scale(topic: Topic, price: Decimal) -> bool:
    """ "6.75 firm" beside 49/55 pips is a volatility, "sell a call at twenty-eight hundred" a strike."""
    shown = [level for level in (topic.bid, topic.ask) if level is not None]
    return topic.kind == "option" and bool(shown) and not min(shown) / 2 <= price <= max(shown) * 2


def _handle(frame: Frame) -> Decimal | None:
    lows = [word.low for word in frame.words]
    for figure in frame.prices:
        if lows[figure.last : figure.last + 1] == ["handle"]:
            return figure.value
        if lows[max(0, figure.first - 2) : figure.first] == ["on", "a"] or (
            figure.chunks[0] == "100" and lows[figure.first - 1 : figure.first] == ["on"]
        ):
            return figure.value
    return None


def _of_ticks(figures: list[Figure]) -> Decimal | None:
    """ "Ninety-nine, twenty-four plus, twenty-five": the handle once, then two prices in 32nds."""
    if len(figures) < 3 or any(len(figure.chunks) != 1 or figure.pointed for figure in figures[:3]):
        return None
    handle, *both = (figure.value for figure in figures[:3])
    return handle if 70 <= handle <= 140 and all(tick < 32 for tick in both) else None


def two_way(
    topic: Topic, frame: Frame, figures: Sequence[Figure] = (), handle: Decimal | None = None
) -> tuple[Decimal, Decimal] | None:
    """(bid, ask) where two figures (of the turn, unless told which) are one price; None where they are not."""
    figures = figures or frame.prices
    lows = [word.low for word in frame.words]
    for one, other in pairwise(figures):
        gap = [low for low in lows[one.last : other.first] if low not in ("fig", "figure", "plus", "+")]
        joined = gap in ([","], ["/"], ["-"], [], ["at"], ["to"], ["bid", ","]) or (
            bool(gap) and len(gap) <= 5 and "offered" in gap
        )
        if not joined:
            continue
        kind = price_type(topic, frame, one)
        if price_type(topic, frame, other) == "spread_bp":
            kind = "spread_bp"  # "eighty-eight, eighty-three over"
        bid = one.value if kind == "spread_bp" else placed(topic, frame, one, handle=handle)
        if bid is None:
            continue
        if kind in ("spread_bp", "yield") and topic.kind != "irs":
            ask = other.value if kind == "spread_bp" else placed(topic, frame, other)
            if ask is not None and ask <= bid and bid - ask <= max(Decimal(15), bid / 5):
                return bid, ask
            continue
        if kind == "spread_bp":
            if bid <= other.value <= bid + max(Decimal(15), bid / 5):
                return bid, other.value
            continue
        floor = handle if handle is not None else bid.to_integral_value(rounding="ROUND_FLOOR")
        ask = placed(topic, frame, other, ask_of=bid, handle=floor)
        widest = bid if topic.kind == "option" else bid / 10
        if ask is not None and bid <= ask and ask - bid <= widest:
            return bid, ask
    return None


_MODAL = r"(?: (?:'d|would|could|can|will|'ll|'re|are|were|want to|would have to|'d have to|be|just|also|now))*"
_OURS = r" (?:i|we|he|she|they|desk|bank|trader)"
OFFERS = re.compile(
    rf" (?:you|u){_MODAL} (?:pay|paying|buy|buying|lift) |{_OURS}{_MODAL} (?:sell|selling|offer|offering|offers|sells) "
    r"| paying fixed | sell you | offer you | to buy (?:\.|,|it|them|one)"
)
BIDS = re.compile(
    rf" (?:you|u){_MODAL} (?:receive|receiving|sell|selling|hit|give) "
    rf"|{_OURS}{_MODAL} (?:buy|buying|pay|paying|bid|bidding|buys|pays|bids) | receiving fixed | from you | bid you "
)


def _side_shown(topic: Topic, frame: Frame) -> Side | None:
    """The client's side that a price is said to be for: "you'd be paying", "I can sell them at"."""
    said = f" {' '.join(frame.lows)} "
    for side, pattern in (("buy", OFFERS), ("sell", BIDS)):
        found = pattern.search(said)
        if found is not None:
            at = frame.begin + said[: found.end()].strip().count(" ")
            return of_base(side, frame, at, topic.instrument)  # type: ignore[arg-type]
    return None


def _one_way(topic: Topic, frame: Frame, price: Decimal) -> None:
    side = _side_shown(topic, frame)
    if side == "buy":
        topic.ask, topic.mid = price, None
    elif side == "sell":
        topic.bid, topic.mid = price, None
    elif frame.has("mid"):
        topic.mid = price
    elif frame.has("choice"):
        topic.bid = topic.ask = price
    elif frame.has("my bid", "my offer") and topic.side is not None:  # "that's through my bid, 68 I can show"
        if topic.side == "sell":
            topic.bid, topic.mid = price, None
        else:
            topic.ask, topic.mid = price, None
    elif frame.has("bid", "pay you") or topic.side == "sell" and not frame.has("offer", "offered"):
        topic.bid, topic.mid = price, None
    elif frame.has("offer", "offered", "ask") or topic.side == "buy" or topic.hints & {"offer", "bid"} == {"offer"}:
        topic.ask, topic.mid = price, None
    elif topic.hints & {"offer", "bid"} == {"bid"}:
        topic.bid, topic.mid = price, None
    elif topic.kind == "option":
        topic.ask = price  # who asks what an option costs, asks to buy it
    elif topic.bid is None and topic.ask is None:
        topic.mid = price
    elif (
        topic.bid is not None
        and topic.ask is not None
        and min(topic.bid, topic.ask) < price < max(topic.bid, topic.ask)
    ):  # one level within a two-way price improves the side that it is nearer to
        if abs(price - topic.bid) < abs(price - topic.ask):
            topic.bid = price
        elif abs(price - topic.ask) < abs(price - topic.bid):
            topic.ask = price


def _all_in(topic: Topic, frame: Frame, figures: list[Figure], turn: int) -> None:
    """ "Spot fifty-two, points plus five, so all-in ...": the last figure is the price, the first the spot."""
    prices = [p for figure in figures if (p := placed(topic, frame, figure)) is not None]
    if not prices:
        return
    topic.anchors += prices[:1] + prices[-1:]
    if topic.side == "sell":
        topic.bid = prices[-1]
    elif topic.side == "buy":
        topic.ask = prices[-1]
    topic.hints.add("forward")
    topic.price_type, topic.quoted_at = "rate", turn
    topic.evidence.add(turn)
