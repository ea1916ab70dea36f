"""Two figures that are one price: bid and offer, with the handle or the big figure said once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.numerals import PERCENT
from nlp.language.placing import placed, price_type
from nlp.language.prices import said_round
from nlp.language.topics import Topic

ROUND_ABOVE = Decimal("1.1")
"""How far over the bid an offer may be that is said to be round: "sixty-one twenty, sixty-two even"."""
HANDLES = range(70, 141)
"""Whole points at which bonds that are priced in 32nds stand."""


def handle_of(frame: Frame) -> Decimal | None:
    """The whole points that are said once for both sides: "on a ninety-nine handle"."""
    lows = [word.low for word in frame.words]
    if frame.has("par handle"):
        return Decimal(100)
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


def of_ticks(lows: Sequence[str], figures: Sequence[Figure]) -> Decimal | None:
    """ "Ninety-nine, twenty-four plus, twenty-five": the handle once, then one or two prices in 32nds."""
    if len(figures) < 2 or any(len(figure.chunks) != 1 or figure.pointed for figure in figures[:3]):
        return None
    if lows[figures[0].last : figures[0].last + 1] in (["plus"], ["+"]):
        return None  # "a hundred and eight plus to nine and a quarter"
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
        joined = gap in ([","], ["/"], ["-"], [], ["at"], [",", "at"], ["to"], ["bid", ","]) or (
            bool(gap) and len(gap) <= 5 and "offered" in gap
        )
        alone = gap == ["."] and lows[other.last : other.last + 1] in ([], ["."])
        if not (joined or alone):  # as a recogniser writes it: "five forty-two ten. Forty-two sixty."
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
        even = said_round(lows, other) and bid <= other.value <= bid * ROUND_ABOVE
        ask = other.value if even else _last_digits(topic, one, bid, other)
        ask = ask or placed(topic, frame, other, ask_of=bid, handle=floor)
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
