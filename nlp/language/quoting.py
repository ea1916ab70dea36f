"""Reading a price shown by the trader: two-way, one-sided, mid or choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from nlp.language import saying
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.fxswaps import points, read_points
from nlp.language.model import PriceType, Side
from nlp.language.prices import in_minor, is_year, place, said_round, ticks
from nlp.language.remarks import ANEW, PERCENT, VOLS, meant, other_scale, premiums, remark
from nlp.language.topics import CANCEL, Topic, of_base, restated_side

HIGHEST_YIELD = 16
"""Percent; no bond that is asked for by its price costs as little."""
HIGHEST_SPREAD = 600
"""Basis points; above, bonds are talked of in price."""
HANDLES = range(70, 141)
"""Whole points at which bonds that are priced in 32nds stand."""
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
    if "spread_bp" in topic.hints and len(figure.chunks) == 2 and len(figure.digits) == 4:
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
    if is_year(figure) and not _near(topic, figure.value):
        return None
    if said_round(lows, figure) and _near(topic, figure.value):
        return figure.value  # "fifty-one flat" beside 51.40
    if topic.kind == "equity" and topic.anchors and figure.digits == str(int(topic.anchors[-1])):
        return figure.value  # "forty-two" beside 42.35
    if topic.kind == "equity" and len(figure.chunks) > 2 and len(figure.digits) > 4 and figure.digits.isdecimal():
        return figure.value.scaleb(-2)  # "nine sixty-eight thirty-five" is 968.35
    if topic.kind == "equity" and topic.instrument.currency not in (None, "GBX", "GBp", "JPY") and in_minor(figure):
        return figure.value.scaleb(-2)  # "eighteen forty-eight" is 18.48 where shares are not priced in pence
    return place(figure, topic.instrument, kind, _anchors(topic), ask_of=ask_of)


def _near(topic: Topic, price: Decimal) -> bool:
    return any(abs(price - anchor) < anchor / 10 for anchor in topic.anchors[-1:])


def _anchors(topic: Topic) -> list[Decimal]:
    shown = [price for price in (topic.bid, topic.ask, topic.mid) if price is not None]
    return shown or topic.anchors[-2:]


INFORMS: tuple[str, ...] = tuple(v.section("phrases", "topics")["informs"])


def read_quote(topic: Topic, frame: Frame, turn: int, before: Frame | None = None) -> None:
    """Note what the trader shows. Prices inside questions and remarks on the screen are only anchors. `before` is what
    the client said just before: one number after the first price is another one only if it was asked for or offered."""
    figures = [figure for figure in meant(frame, premiums(topic, frame)) if not remark(topic, frame, figure)]
    if not figures or topic.status == "dealt" or frame.has(*CANCEL):
        return
    if topic.shown_at is not None and (saying.done(frame) or saying.past(frame)) and not frame.question:
        return  # what was dealt is said again
    counted = frame.sizes or any(figure.value == topic.size for figure in figures)
    if topic.shown_at is None and counted and any(verb.low in ("sold", "bought") for verb in frame.verbs):
        return  # what was done at the market
    if topic.status == "passed" and not frame.has(*ANEW) and two_way(topic, frame, figures) is None:
        return  # a number on the way out: a level to watch, what was paid last time
    if topic.kind == "fx" and "swap" in topic.hints:
        read_points(topic, frame, figures, turn)
        return
    handle = _handle(frame) or (of_ticks(figures) if topic.instrument.ticks else None)
    if handle is not None:
        figures = [figure for figure in figures if figure.value != handle or figure.last >= len(frame.words)]
    if "spot" in frame.lows and "points" in frame.lows or "all-in" in " ".join(frame.lows).replace(" - ", "-"):
        _all_in(topic, frame, figures, turn)
        return
    pair = two_way(topic, frame, figures, handle)
    if pair is not None and topic.price_type == "points" and other_scale(topic, pair[0], "points"):
        return  # the same in volatilities
    if pair is None and topic.quoted_at is not None and frame.has(*INFORMS) and len(figures) == 1:
        return  # "through seventy I'll ring you": a level to watch
    if pair is not None:
        topic.bid, topic.ask, topic.mid = pair[0], pair[1], None
        shown = [pair[0], pair[1]]
    else:
        last = next(
            (p for figure in reversed(figures) if (p := placed(topic, frame, figure, handle=handle)) is not None), None
        )
        offered = frame.has("could do", "can do", "could show", "how about", "can show")
        if (
            last is None
            or (frame.question and not offered)
            or other_scale(topic, last, price_type(topic, frame, figures[-1]))
        ):
            return
        if topic.shown_at is not None and before is not None and not _shows_again(topic, frame, before, last):
            return
        _one_way(topic, frame, last)
        shown = [last]
    topic.anchors += shown
    kinds = {price_type(topic, frame, figure) for figure in figures}
    topic.price_type = "spread_bp" if "spread_bp" in kinds else price_type(topic, frame, figures[0])
    topic.shown(turn)


def _shows_again(topic: Topic, frame: Frame, before: Frame, price: Decimal) -> bool:
    """After the first price another one is asked for or offered, and is not the client's own turned down."""
    return (frame.has(*ANEW) or _asks(before)) and not _refuses(topic, frame, before, price)


def _refuses(topic: Topic, frame: Frame, before: Frame, price: Decimal) -> bool:
    """The trader says the client's own number again, and does not agree to it: "not seventy-two", "at 60 you'd be
    looking at nearer 1.14"."""
    theirs = {placed(topic, before, figure) for figure in before.prices}
    return price in theirs - {topic.bid, topic.ask} and (frame.has(*REFUSING) or not frame.has(*AGREEING, *ANEW))


REFUSING: tuple[str, ...] = ("not", "n't", "no", "cant", "cannot", "sorry", "nope", "nah", "afraid", "lose", "losing")
AGREEING: tuple[str, ...] = tuple(v.section("phrases", "dealing")["accept_after"])


def _asks(frame: Frame) -> bool:
    """The client asks for a price, names one of their own, or complains of the one that was shown."""
    return (
        "?" in frame.lows
        or bool(frame.prices or frame.sizes or frame.verbs)
        or frame.has(*ASKED)
        or len(frame.lows) < 8
    )


ASKED: tuple[str, ...] = tuple(v.section("phrases", "topics")["level_asked"])


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


def _handle(frame: Frame) -> Decimal | None:
    lows = [word.low for word in frame.words]
    for figure in frame.prices:
        if lows[figure.last : figure.last + 1] == ["handle"]:
            return figure.value if figure.value in HANDLES else None
        if lows[max(0, figure.first - 2) : figure.first] == ["on", "a"] or (
            figure.chunks[0] == "100" and lows[figure.first - 1 : figure.first] == ["on"]
        ):
            return figure.value
        if lows[figure.first - 1 : figure.first] == ["on"] and figure is not frame.prices[0] and _is_handle(figure):
            return figure.value  # "twenty, twenty plus, on ninety-nine"
    return None


def _is_handle(figure: Figure) -> bool:
    return len(figure.chunks) == 1 and not (figure.pointed or figure.fraction) and figure.value in HANDLES


def of_ticks(figures: Sequence[Figure]) -> Decimal | None:
    """ "Ninety-nine, twenty-four plus, twenty-five": the handle once, then one or two prices in 32nds."""
    if len(figures) < 2 or any(len(figure.chunks) != 1 or figure.pointed for figure in figures[:3]):
        return None
    handle, *both = (figure.value for figure in figures[:3])
    return handle if _is_handle(figures[0]) and all(tick < 32 for tick in both) else None


def two_way(
    topic: Topic, frame: Frame, figures: Sequence[Figure] = (), handle: Decimal | None = None
) -> tuple[Decimal, Decimal] | None:
    """(bid, ask) where two figures (of the turn, unless told which) are one price; None where they are not."""
    figures = figures or frame.prices
    lows = [word.low for word in frame.words]
    for one, other in pairwise(figures):
        gap = [low for low in lows[one.last : other.first] if low not in ("fig", "figure", "plus", "+", *PERCENT)]
        joined = gap in ([","], ["/"], ["-"], [], ["at"], ["to"], ["bid", ","]) or (
            bool(gap) and len(gap) <= 5 and "offered" in gap
        )
        if not joined:
            continue
        kind = price_type(topic, frame, one)
        if price_type(topic, frame, other) == "spread_bp":
            kind = "spread_bp"  # "eighty-eight, eighty-three over"
        bid = one.value if kind == "spread_bp" else placed(topic, frame, one, handle=handle) or _headless(topic, one)
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
        ask = _last_digits(topic, one, bid, other) or placed(topic, frame, other, ask_of=bid, handle=floor)
        widest = bid if topic.kind == "option" else bid / 10
        if ask is not None and bid <= ask and ask - bid <= widest:
            return bid, ask
    return None


def _headless(topic: Topic, figure: Figure) -> Decimal | None:
    """ "Thirty-six sixty-two" of dollar-Canada: everybody knows the one before it."""
    low, high, decimals = topic.instrument.low, topic.instrument.high, topic.instrument.decimals
    plain = topic.kind == "fx" and figure.digits.isdecimal() and not (figure.pointed or figure.scaled)
    if not plain or low is None or high is None or len(figure.digits) != 4 or len(figure.chunks) < 2:
        return None
    places = min(decimals or 4, 4)
    found = [p for k in range(1, 10) if low <= (p := Decimal(f"{k}{figure.digits}").scaleb(-places)) <= high]
    return found[0] if len(found) == 1 else None


def _last_digits(topic: Topic, one: Figure, bid: Decimal, other: Figure) -> Decimal | None:
    """The offer of "eighty-six forty-two, forty-nine": its digits stand in the place of the last ones of the bid."""
    length = len(other.digits)
    plain = other.digits.isdecimal() and not (other.scaled or other.pointed or other.cardinal)
    said = one.digits.replace(".", "").lstrip("0")
    if topic.kind not in ("fx", "metal") or not plain or not 2 <= length < len(said) or one.fraction:
        return None
    units = (Decimal(1).scaleb(-places) for places in range(7))
    unit = next((unit for unit in units if _ends(bid / unit, said)), None)
    if unit is None:
        return None
    step = unit * Decimal(10) ** length
    ask = bid - bid % step + other.value * unit
    return ask if ask >= bid else ask + step


def _ends(whole: Decimal, digits: str) -> bool:
    return whole == whole.to_integral_value() and str(int(whole)).endswith(digits)


_MODAL = r"(?: (?:'d|would|could|can|will|'ll|'re|are|were|want to|would have to|'d have to|be|just|also|now))*"
_OURS = r" (?:i|we|he|she|they|desk|bank|trader)"
OFFERS = re.compile(
    rf" (?:you|u){_MODAL} (?:pay|paying|buy|buying|lift) |{_OURS}{_MODAL} (?:sell|selling|offer|offering|offers|sells) "
    r"| paying fixed | to pay | sell you | offer you | to buy (?:\.|,|it|them|one)"
)
BIDS = re.compile(
    rf" (?:you|u){_MODAL} (?:receive|receiving|sell|selling|hit|give) "
    rf"|{_OURS}{_MODAL} (?:buy|buying|pay|paying|bid|bidding|buys|pays|bids) "
    r"| receiving fixed | to receive | from you | bid you "
)


OPENS = {".", ",", "!", ":", "you", "u", "be", "so", "for"}


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
    if side is None and topic.side is None:  # "selling dollars three months out, eighteen sixty-two"
        opens = any(verb.at == frame.begin or frame.words[verb.at - 1].low in OPENS for verb in frame.verbs)
        side = topic.side = restated_side(frame, topic.instrument) if topic.kind == "fx" and opens else None
    if side == "buy":
        topic.ask, topic.mid = price, None
    elif side == "sell":
        topic.bid, topic.mid = price, None
    elif frame.has("mid", "middle"):
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
    topic.price_type = "rate"
    topic.shown(turn)
