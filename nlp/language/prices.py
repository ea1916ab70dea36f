"""Where the decimal point of a spoken price goes.

A price said by its last digits is completed from the level last shown; otherwise the point goes where the result falls
into the instrument's range (from the reference price, else from what such instruments cost).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nlp.language.figures import Figure
from nlp.language.vocabulary import Instrument

THIRTY_SECOND = Decimal(32)
NEXT = Decimal("0.003")
"""What a level may lie from the one before, as a part of it, to be read as its next hundredths."""
ROUND = {"flat", "even", "dead", "straight", "round", "figure"}
WIDEST_SPREAD = Decimal(2500)  # basis points; beyond, bonds trade on price


def place(
    figure: Figure,
    instrument: Instrument,
    price_type: str,
    anchors: Sequence[Decimal] = (),
    *,
    ask_of: Decimal | None = None,
) -> Decimal | None:
    """The price meant, or None when no placing makes sense. `ask_of`: the bid this figure is the other side of."""
    if price_type == "points":
        return figure.value if len(figure.digits) <= 5 else None
    if price_type == "spread_bp":
        return figure.value if figure.value <= WIDEST_SPREAD else None
    if price_type == "yield":
        return _rate(figure, Decimal("-1"), Decimal(25))
    again = next((a for a in anchors if not figure.pointed and _digits(a) == figure.digits and figure.value != a), None)
    if again is not None:
        return again  # "eleven twenty", after eleven euros twenty
    if instrument.kind == "irs":
        full, near = _rate(figure, Decimal("0.05"), Decimal(20)), _completed(figure, instrument, anchors, ask_of)
        if full is not None and near is not None and ask_of is not None and not ask_of / 2 < full < ask_of * 2:
            return near  # "two point nine oh four, nine one six"
        return full or near
    if instrument.kind == "bond" and _beyond_par(figure, anchors):
        return 100 + (figure.value - 100) / 100
    near = _completed(figure, instrument, anchors, ask_of)
    full = _in_range(figure, instrument)
    if near is not None and full is not None:
        anchor = ask_of if ask_of is not None else min(anchors, key=lambda a: abs(a - full))
        handle = str(int(anchor))
        whole = anchor >= 10 and len(figure.digits) >= len(handle)
        if len(figure.chunks) > 1 and _next_to(figure.chunks[0], handle) and abs(full - anchor) < anchor / 50:
            return full  # "ninety-five oh two" next to 94.82 begins with the next figure
        if len(figure.chunks) == 1 and len(figure.digits) >= 3 and anchor >= 100 and abs(full - anchor) < anchor / 10:
            return full  # "975" next to 1012.50 is a price, not the end of 1009.75
        if (
            len(figure.chunks) > 1
            and figure.chunks[0] == handle
            and not figure.pointed
            and abs(full - anchor) < anchor / 20
        ):
            return full  # "five fifty-five" next to 5.6120 begins with the figure itself
        if (
            whole
            and len(figure.digits) > len(handle)
            and figure.digits.startswith(handle)
            and abs(full - anchor) < anchor / 20
        ):
            return full  # "eighty-six ninety" next to 86.92 begins with the figure itself
        if whole and (anchor >= 100 or (figure.fraction and abs(full - anchor) < anchor / 10)):
            return full  # said in full: an index level, gold, "ninety-seven and three quarters"
        if instrument.kind == "fx" and figure.fraction and len(figure.digits) == 2 and abs(full - anchor) < anchor / 50:
            return near if abs(near - anchor) < anchor / 1000 else full  # "eighty-five and three quarters" is 0.8575
        return near if abs(near - anchor) < abs(full - anchor) else full
    return full if full is not None else near


def _next_to(chunk: str, handle: str) -> bool:
    return len(chunk) == len(handle) > 1 and chunk.isdecimal() and abs(int(chunk) - int(handle)) == 1


def _beyond_par(figure: Figure, anchors: Sequence[Decimal]) -> bool:
    """ "One hundred twenty-two" is 100.22 where no price far from par was shown: bonds are not quoted in points."""
    whole = figure.cardinal and len(figure.chunks) == 1 and not (figure.pointed or figure.fraction)
    return whole and 110 <= figure.value < 200 and all(abs(anchor - 100) < 3 for anchor in anchors)


def _rate(figure: Figure, low: Decimal, high: Decimal) -> Decimal | None:
    """A rate in percent: "three eighty and a half" is 3.805."""
    if figure.pointed or figure.cardinal:
        value = _pointed(figure)
        if value is not None and value >= 100 and figure.pointed and not figure.cardinal:
            value /= 100  # "three ninety point five" is 3.905
        return value if value is not None and low < value < high else None
    digits, head = figure.digits, figure.chunks[0]
    if len(digits) <= len(head) and figure.fraction:
        return figure.value if low < figure.value < high and len(digits) == 1 else None
    if len(digits) < 3:
        return None
    scale = Decimal(10) ** (len(digits) - len(head if len(figure.chunks) > 1 and len(head) < 3 else digits[0]))
    value = figure.value / scale
    return value if low < value < high else None


def _pointed(figure: Figure) -> Decimal | None:
    """Explicit decimals; groups said after them are more decimals ("1.16 75")."""
    return figure.value if figure.digits.count(".") <= 1 else None


def _in_range(figure: Figure, instrument: Instrument) -> Decimal | None:
    low, high = instrument.low, instrument.high
    if low is None or high is None:
        explicit = figure.pointed or figure.cardinal or len(figure.digits) >= 3
        return _pointed(figure) if explicit and figure.value > 0 else None
    if figure.pointed:
        value = _pointed(figure)
        if value is None:
            return None
        if low <= value <= high:
            return value
        whole = figure.digits.split(".")[0]
        if instrument.kind != "fx" or len(whole) < 4 or len(figure.digits) != len(whole) + 2:
            return None  # but "eighty-four thirty-three point two" is 0.84332: tenths of a pip
    elif len(figure.digits) < 3 and not figure.cardinal and not (low <= figure.value <= high and low >= 10):
        halved = instrument.kind == "fx" and len(figure.digits) == 2 and figure.fraction
        if not halved:  # "eighty-seven and a half" is 0.8750
            return None
    value = figure.value
    for _ in range(7):
        if low <= value <= high:
            return value
        value /= 10
    if instrument.kind == "fx" and low >= Decimal("0.9") and instrument.decimals == len(figure.digits) == 4:
        value = 1 + figure.value.scaleb(-4)
        return value if high < 10 and low <= value <= high else None  # "thirty-four oh five" is 1.3405 in cable
    return None


def _completed(
    figure: Figure, instrument: Instrument, anchors: Sequence[Decimal], ask_of: Decimal | None
) -> Decimal | None:
    """The price whose last digits were said."""
    known = [ask_of] if ask_of is not None else list(anchors)
    if (
        not known
        or figure.scaled
        or (len(figure.digits) < 2 and not figure.fraction)
        or (figure.cardinal and figure.value >= 100)
    ):
        return None
    anchor = known[0]
    if figure.pointed:
        digits, places = figure.digits.replace(".", ""), len(figure.digits.split(".")[1])
        if figure.value >= anchor / 2:
            return None
        head = anchor.to_integral_value(rounding="ROUND_FLOOR")
        size = Decimal(10) ** len(figure.digits.split(".")[0])
        return head - head % size + figure.value if places and digits else None
    places = max(_places(anchor), min(instrument.decimals or 0, 6))
    if instrument.decimals and len(figure.digits) < 3:
        places = min(instrument.decimals, 6)  # two digits are pips, also next to a level in halves of a pip
    if instrument.kind in ("future", "commodity") and anchor >= 1000 and anchor * 2 % 1 == 0 and len(figure.digits) < 4:
        places = 0  # next to 9684, "eighty-five" is 9685
    if instrument.decimals and (ask_of is None and _in_hundredths(known) or _next_hundredths(figure, known)):
        places = 2  # beside 93.64/93.70, "68" is 93.68
    if not instrument.decimals and anchor >= 100 and anchor * 4 % 1 == 0:
        places = 0  # next to four ten and a half, "eleven" is four eleven
    hundredths = instrument.kind == "bond" and len(figure.digits) == 2 and abs(figure.value - anchor) > anchor / 20
    if places == 1 and (hundredths or instrument.kind == "equity"):
        places = 2  # next to 218.40, "fifty" is 218.50
    if instrument.kind == "irs" and len(figure.digits) == 2 and _in_basis_points(figure, anchor):
        places = 2  # "three eighty-nine, eighty-nine and a half"
    unit = Decimal(1).scaleb(-places)
    step = unit * Decimal(10) ** len(figure.digits)
    if step > anchor:
        return None
    tail = figure.value * unit
    base = anchor - anchor % step + tail
    options = [base - step, base, base + step]
    if ask_of is not None:
        at_or_above = [option for option in options if option >= ask_of]
        return min(at_or_above) if at_or_above else None
    best = min(options, key=lambda option: min(abs(option - a) for a in known))
    return best.quantize(unit) if not figure.fraction else best


def _in_basis_points(figure: Figure, anchor: Decimal) -> bool:
    """Two digits beside a rate are whole basis points, unless the rate has tenths of them and they come near it."""
    exponent = anchor.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -2:
        return True
    tail = figure.value.scaleb(-3)
    return abs(anchor % Decimal("0.1") - tail) > Decimal("0.05")


def _in_hundredths(known: Sequence[Decimal]) -> bool:
    """A rate above ten that was shown with two decimals on both sides."""
    exact = [anchor for anchor in known if anchor >= 10 and anchor.as_tuple().exponent == -2]
    return len(exact) == len(known) >= 2


def _next_hundredths(figure: Figure, known: Sequence[Decimal]) -> bool:
    """Two digits that are hundredths close by a level shown in hundredths: "86.42, forty-nine"."""
    if len(figure.digits) != 2 or not figure.digits.isdecimal() or figure.fraction:
        return False
    said = Decimal(figure.digits) / 100
    shown = [anchor for anchor in known if anchor >= 10 and anchor.as_tuple().exponent in (-1, -2)]
    away = (abs(said - anchor % 1) for anchor in shown)
    return len(shown) == len(known) and any(gap / anchor < NEXT for gap, anchor in zip(away, shown, strict=True))


def _digits(value: Decimal) -> str:
    return format(value, "f").replace(".", "")


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def ticks(figure: Figure, after: Sequence[str], handle: Decimal | None) -> tuple[Decimal | None, Decimal | None, int]:
    """A price in 32nds: (price or None, ticks when no handle was said, extra tokens used).

    "ninety-nine sixteen plus" is 99 16.5/32, "a hundred oh nine" and "a hundred nine" are 100 9/32, "sixteen plus"
    needs a handle.
    """
    chunks = list(figure.chunks)
    used = 0
    extra = figure.fraction
    if after[:1] and after[0] in ("+", "plus"):
        extra, used = Decimal("0.5"), 1
    if figure.pointed:
        return (figure.value if 50 < figure.value < 180 else None), None, 0
    if not all(chunk.isdecimal() for chunk in chunks):
        return None, None, 0
    if len(chunks) == 2 and chunks[0] == "0":
        chunks = ["0" + chunks[1]]  # "ninety-eight oh four, oh six"
    if chunks[:2] == ["1", "0"] and len(chunks) >= 4:  # one oh two sixteen
        chunks = ["10" + chunks[2], *chunks[3:]]
    elif chunks[0] == "1" and len(chunks) > 2 and len(chunks[1]) == 2 and "1" <= chunks[1][0] <= "4":
        chunks = ["1" + chunks[1], *chunks[2:]]  # one ten twenty-two
    if len(chunks) >= 2 and 50 <= int(chunks[0]) <= 180:
        tick = int("".join(chunks[1:]))
        return (Decimal(chunks[0]) + (tick + extra) / THIRTY_SECOND if tick < 32 else None), None, used
    near = handle == 100 or figure.cardinal and (handle is None or abs(handle - 100) <= 1 or used > 0)
    if chunks == chunks[:1] and near and len(chunks[0]) == 3 and 100 < int(chunks[0]) < 132:
        # "a hundred eleven plus" is 100-11+, and so is "109" beside 100-08
        return Decimal(100) + (int(chunks[0]) - 100 + extra) / THIRTY_SECOND, None, used
    if len(chunks) == 1 and int(chunks[0]) < 32:
        tick_value = int(chunks[0]) + extra
        return (handle + tick_value / THIRTY_SECOND if handle is not None else None), tick_value, used
    return None, None, 0


def is_year(figure: Figure) -> bool:
    """ "The accounts for twenty twenty-five"."""
    return len(figure.chunks) == 2 and figure.chunks[0] == "20" and figure.chunks[1] in {str(n) for n in range(20, 40)}


def said_round(lows: Sequence[str], figure: Figure) -> bool:
    """A whole number that is said to be no more than that."""
    return bool(ROUND & set(lows[figure.last : figure.last + 1])) and figure.digits.isdecimal()


def in_minor(figure: Figure) -> bool:
    """A share price said as two numbers, the second of two digits."""
    spoken = len(figure.chunks) > 1 and all(chunk.isdecimal() for chunk in figure.chunks)
    return spoken and 3 <= len(figure.digits) <= 6
