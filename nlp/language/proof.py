"""What was meant where a recogniser may have heard another number: proof by what else was said about the same deal.

Three witnesses, in order of weight: the countervalue (quantity times price, said to the unit), the amount repeated by
both sides ("fifteen" heard as fifty once), the last digits of the price said by the other side. Where witnesses
contradict each other the answer is None: a field is left blank rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from nlp.language import topics
from nlp.language.amounts import Size
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

TEENS = {Decimal(teen): Decimal((teen - 10) * 10) for teen in range(13, 20)}
TWINS = TEENS | {tens: teen for teen, tens in TEENS.items()}
MILLION = Decimal(1_000_000)


def twin(value: Decimal) -> Decimal | None:
    """The amount that sounds like this one: fifty million for fifteen million, forty lots for fourteen."""
    for power in (9, 6, 3, 0):
        scale = Decimal(10) ** power
        if value % scale == 0 and value / scale in TWINS:
            return TWINS[value / scale] * scale
    return None


def repeats_otherwise(size: Size, topic: Topic) -> bool:
    """What the trader says of an enquiry that was taken: what it comes to in the other currency, or an amount that was
    heard as one that sounds like it."""
    if topic.accepted_at is None or topic.size is None:
        return False
    quantity, ccy, _ = topics.size_of(size, topic.instrument)
    countervalue = topic.kind == "fx" and None not in (ccy, topic.ccy) and ccy != topic.ccy
    return countervalue or twin(quantity) == topic.size


def amounts(frame: Frame, instrument: Instrument) -> set[Decimal]:
    """Everything in one turn that can be an amount of this instrument, in units."""
    found = {topics.size_of(size, instrument)[0] for size in frame.sizes}
    in_millions = instrument.kind in ("fx", "bond", "irs")
    for figure in frame.prices:
        if not figure.pointed and (len(figure.chunks) == 1 or [len(chunk) for chunk in figure.chunks] == [1, 2]):
            found.add(figure.value)
            if figure.value < 1000:
                found.add(figure.value * (MILLION if in_millions else 1000))
    return found


def countervalues(frames: Iterable[Frame]) -> list[Decimal]:
    """Amounts said to the unit, as only a countervalue is: five digits or more that are not all zeros."""
    return [
        size.figure.value
        for frame in frames
        for size in frame.sizes
        if size.figure.value >= 10_000 and len(str(int(size.figure.value)).rstrip("0")) >= 4
    ]


def said_back(frame: Frame, countervalues: Iterable[Decimal]) -> bool:
    """Some digits of a countervalue are said again: "four seven one, six oh five" of 4,471,605."""
    digits = "".join(figure.digits for figure in frame.prices if figure.digits.isdecimal())
    heads = {digits[start : start + SAID_BACK] for start in range(len(digits) - SAID_BACK + 1)}
    return any(head in str(int(value)) for head in heads for value in countervalues)


SAID_BACK = 5
"""Digits that nobody says by chance."""


def proves(quantity: Decimal, price: Decimal, countervalue: Decimal) -> bool:
    """True when one amount is the other at this price, to the unit."""
    if quantity <= 0 or price <= 0 or quantity == countervalue:
        return False
    return any(abs(other - countervalue) <= 1 for other in (quantity * price, quantity / price))


def by_countervalue(
    quantities: Iterable[Decimal], prices: Sequence[Decimal], stated: Iterable[Decimal]
) -> tuple[Decimal, Decimal] | None:
    """The one pair of amount and price that gives a stated countervalue; None when none or several do."""
    known = list(stated)
    pairs = {(q, p) for q in quantities for p in prices if any(proves(q, p, value) for value in known)}
    return pairs.pop() if len(pairs) == 1 else None


def by_repetition(
    heard: Decimal, asked: Decimal | None, before: list[set[Decimal]], after: list[set[Decimal]]
) -> Decimal | None:
    """The amount read back, or its twin where the others say that; None where they do not settle it.

    `before` and `after` are the amounts of the turns around the read-back; `asked` is what the enquiry stands at.
    """
    other = twin(heard)
    for_heard, for_other = ([said for said in before + after if value in said] for value in (heard, other))
    if other is not None and for_other:
        last = next((said for said in [*after, *reversed(before)] if heard in said or other in said), set())
        if heard in last:
            return heard if other not in last else None
        return other if not for_heard and len(for_other) >= 2 else None
    if asked is None or heard == asked or for_heard:
        return heard
    return asked if _led(heard, asked) and sum(asked in said for said in before + after) >= 2 else None


def _led(heard: Decimal, asked: Decimal) -> bool:
    """A word before the amount was heard as a digit of it: "five twenty million" for "buys twenty million"."""
    digits, tail = (format(value.normalize(), "f").rstrip("0") for value in (heard, asked))
    return len(digits) > len(tail) and digits.endswith(tail) and heard > asked


def restored(figure: Figure, instrument: Instrument) -> set[Decimal]:
    """What a price that makes no sense as written may have been: its point misplaced ("117.035" for one seventeen oh
    three five), or its first digit lost ("16.78" for one sixteen seventy-eight)."""
    low, high = instrument.low, instrument.high
    digits = figure.digits.replace(".", "").lstrip("0")
    if instrument.kind != "fx" or low is None or high is None or not instrument.decimals or figure.scaled:
        return set()
    if len(digits) < instrument.decimals or figure.fraction:
        return set()
    unit = Decimal(1).scaleb(-instrument.decimals)
    found = {p for k in range(1, 10) if low <= (p := Decimal(f"{k}{digits}") * unit) <= high}
    if figure.pointed:
        found |= {p for shift in range(1, 7) if low <= (p := Decimal(digits).scaleb(-shift)) <= high}
    return found
