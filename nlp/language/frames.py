"""One turn, read: its days, tenors, instruments, amounts, prices and deal words, in order.

This is what the spaCy components leave on a Doc. A turn is read without its context, so the result can be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nlp.language import bonds, terms, vocabulary
from nlp.language.calendar import Day, day_at, plural_year
from nlp.language.figures import Figure, figures
from nlp.language.model import Side
from nlp.language.periods import Months, Tenor, months_at, tenor_at
from nlp.language.terms import Mention, Money, Security
from nlp.language.words import Word

QUANTITY_UNITS: dict[str, str] = vocabulary.section("phrases", "frames")["quantity_units"]
TIMES: frozenset[str] = frozenset(vocabulary.section("phrases", "frames")["times"])
BUY = {
    "buy",
    "buys",
    "bought",
    "buying",
    "pay",
    "pays",
    "paid",
    "paying",
    "lift",
    "lifts",
    "lifted",
    "take",
    "takes",
    "took",
    "taking",
    "buyer",
}
SELL = {
    "sell",
    "sells",
    "sold",
    "selling",
    "receive",
    "receives",
    "received",
    "receiving",
    "hit",
    "hits",
    "give",
    "gives",
    "seller",
}
PLAIN_VERBS: frozenset[str] = frozenset(vocabulary.section("phrases", "frames")["plain_verbs"])
FILLS = {"filled", "fild", "bought", "buy", "sold", "sell", "done", "got"}
PERCENT = {"percent", "%", "pct"}


@dataclass(frozen=True)
class Size:
    """An amount. `sure` when a scale word or unit was said; otherwise it may be in millions of the market."""

    figure: Figure
    ccy: str | None
    unit: str | None
    sure: bool

    @property
    def first(self) -> int:
        """First token."""
        return self.figure.first


@dataclass(frozen=True)
class Verb:
    """A buying or selling word with the side of its grammatical subject."""

    at: int
    side: Side
    low: str


@dataclass(frozen=True)
class Frame:
    """A turn, read."""

    words: tuple[Word, ...]
    days: tuple[Day, ...] = ()
    months: tuple[Months, ...] = ()
    tenors: tuple[Tenor, ...] = ()
    mentions: tuple[Mention, ...] = ()
    monies: tuple[Money, ...] = ()
    isins: tuple[tuple[int, int, str], ...] = ()
    sizes: tuple[Size, ...] = ()
    prices: tuple[Figure, ...] = ()
    verbs: tuple[Verb, ...] = ()
    question: bool = False
    lows: tuple[str, ...] = field(default=())
    begin: int = 0

    def has(self, *phrases: str) -> bool:
        """True when one of the phrases (tokens joined by spaces) was said."""
        text = " " + " ".join(self.lows) + " "
        return any(f" {phrase} " in text for phrase in phrases)

    def part(self, first: int, last: int) -> Frame:
        """The same turn from token `first` to `last`; indexes stay those of the turn."""

        def inside(item: Any) -> bool:
            return bool(first <= item.first < last)

        return Frame(
            self.words,
            tuple(filter(inside, self.days)),
            tuple(filter(inside, self.months)),
            tuple(filter(inside, self.tenors)),
            tuple(filter(inside, self.mentions)),
            tuple(filter(inside, self.monies)),
            tuple(x for x in self.isins if first <= x[0] < last),
            tuple(filter(inside, self.sizes)),
            tuple(filter(inside, self.prices)),
            tuple(x for x in self.verbs if first <= x.at < last),
            self.lows[last - 1 : last] == ("?",),
            self.lows[first:last],
            first,
        )

    def clock(self, at: int) -> tuple[int, int]:
        """Characters of one token."""
        return self.words[at].start, self.words[at].end


def read(words: Sequence[Word], security: Security) -> Frame:
    """Read the tokens of one turn."""
    lows = [word.low for word in words]
    isins = terms.isins(words)
    taken = {i for first, last, _ in isins for i in range(first, last)}
    days, months, tenors = _times(lows, taken)
    for spans in (days, tenors):
        for item in spans:
            taken.update(range(item.first, item.last))
    monies = terms.monies(lows)
    maturities = [*months, *bonds.years(words, months)]
    found = _mentions(words, maturities, tenors, monies, security)
    for span in maturities:
        taken.update(range(span.first, span.last))
    for first, maturity, coupon in bonds.coupons(words, maturities):
        taken.update(range(first if coupon is None else coupon.first, maturity.last))
    for mention in found:
        taken.update(range(mention.first, mention.last))
    sizes, prices = _amounts(lows, taken, monies, found)
    return Frame(
        tuple(words),
        tuple(days),
        tuple(months),
        tuple(tenors),
        tuple(found),
        tuple(monies),
        tuple(isins),
        tuple(sizes),
        tuple(prices),
        tuple(_verbs(lows)),
        bool(lows) and lows[-1] == "?",
        tuple(lows),
    )


def _times(lows: Sequence[str], taken: set[int]) -> tuple[list[Day], list[Months], list[Tenor]]:
    days: list[Day] = []
    months: list[Months] = []
    tenors: list[Tenor] = []
    i = 0
    while i < len(lows):
        if i in taken:
            i += 1
            continue
        day, span, tenor = day_at(lows, i), months_at(lows, i), tenor_at(lows, i)
        if day is not None:
            days.append(day)
            i = day.last
        elif span is not None:
            if not (lows[i] in ("may", "march", "mar", "sep", "dec") and span.last == i + 1 and lows[i] == "may"):
                months.append(span)
            i = span.last
        elif tenor is not None:
            tenors.append(tenor)
            i = tenor.last
        else:
            i += 1
    return days, months, tenors


def _mentions(
    words: Sequence[Word],
    months: Sequence[Months],
    tenors: Sequence[Tenor],
    monies: Sequence[Money],
    security: Security,
) -> list[Mention]:
    lows = [word.low for word in words]
    groups = [terms.named(words, months, tenors, security), bonds.bonds(words, months), terms.pairs(lows, monies)]
    result: list[Mention] = []
    for group in groups:
        for mention in group:
            if not any(mention.first < other.last and other.first < mention.last for other in result):
                result.append(mention)
    points = vocabulary.section("rates", "curve_points")
    for i, low in enumerate(lows):
        two = " ".join(lows[i : i + 2])
        years = points.get(two) or points.get(low)
        if low == "bonds" or not years or any(m.first <= i < m.last for m in result):
            continue
        result.append(
            Mention(
                i,
                i + (2 if two in points else 1),
                vocabulary.government_bond("UST", None, None),
                weak=True,
                point=int(years),
            )
        )
    return sorted(result, key=lambda mention: mention.first)


def _amounts(
    lows: Sequence[str], taken: set[int], monies: Sequence[Money], found: Sequence[Mention]
) -> tuple[list[Size], list[Figure]]:
    sizes: list[Size] = []
    prices: list[Figure] = []
    starts = {money.first: money for money in monies}
    ends = {money.last: money for money in monies}
    for figure in _with_minor_units(lows, monies):
        if any(i in taken for i in range(figure.first, figure.last)):
            continue
        before = lows[figure.first - 1] if figure.first else ""
        after = lows[figure.last] if figure.last < len(lows) else ""
        if _no_amount(lows, figure, before, after):
            continue
        money_after = starts.get(figure.last) or (starts.get(figure.last + 1) if after in ("of", "-", "us") else None)
        money_before = ends.get(figure.first)
        at_mention = next(
            (m for m in found if m.first == figure.last or (after in ("of", "-") and m.first == figure.last + 1)), None
        )
        unit = QUANTITY_UNITS.get(after) or (
            QUANTITY_UNITS.get(lows[figure.last + 1])
            if after in ("of", "euro", "-") and figure.last + 1 < len(lows)
            else None
        )
        if after == "-" and lows[figure.last + 1 : figure.last + 3] == ["ish", "lots"]:
            continue
        code = money_after.code if money_after else money_before.code if money_before else None
        if code is None and at_mention is not None and at_mention.instrument.kind in ("fx", "metal"):
            code = at_mention.instrument.currency
        if unit or figure.scaled:
            if unit and at_mention is not None and at_mention.instrument.unit and not figure.scaled and unit == "t CO2":
                unit = at_mention.instrument.unit
            sizes.append(Size(figure, code, unit, True))
        elif figure.cardinal and figure.value >= 1000 and before not in ("at", "@"):
            sizes.append(Size(figure, code, unit, True))
        elif _in_millions(lows, figure, before, after, money_after, money_before, at_mention):
            sizes.append(Size(figure, code, None, False))
        else:
            prices.append(figure)
    return sizes, prices


def _with_minor_units(lows: Sequence[str], monies: Sequence[Money]) -> list[Figure]:
    """Figures, with "seventy-eight euros thirty-five" and "twelve pounds forty" made one."""
    starts = {money.first: money.last for money in monies}
    result: list[Figure] = []
    for figure in figures(lows):
        last = result[-1] if result else None
        joined = (
            last is not None
            and starts.get(last.last) == figure.first
            and not (last.scaled or last.pointed or last.fraction)
        )
        if last is not None and joined and len(figure.digits) == 2 and len(figure.chunks) == 1 and not figure.scaled:
            whole = f"{int(last.value)}.{figure.digits}"
            result[-1] = Figure(last.first, figure.last, (whole,), Decimal(whole), pointed=True)
        else:
            result.append(figure)
    return result


def _no_amount(lows: Sequence[str], figure: Figure, before: str, after: str) -> bool:
    """Times, counts, list marks and words that only look like numbers."""
    if plural_year(lows, figure.first)[1]:
        return True
    if after in TIMES or (after == ")" and figure.first == 0) or before in ("(", "page", "line", "ref", "#"):
        return True
    if after == ")" and len(figure.digits) == 1:
        return True
    if before in ("past", "o'clock") or (before == "+" and figure.first > 1 and lows[figure.first - 2] == "t"):
        return True
    if before == "plus" and figure.first > 1 and lows[figure.first - 2] == "t":
        return True
    if (
        figure.chunks == ("1",)
        and not figure.pointed
        and after
        in (
            "of",
            "more",
            "thing",
            "at",
            "is",
            "which",
            "now",
            "sec",
            "moment",
            "second",
            "last",
            "price",
            "there",
            "from",
            "on",
            "for",
            "runs",
            "year",
            ".",
            ",",
            "?",
            "to",
            "until",
            "stops",
            "we",
            "i",
            "you",
            "cancels",
            "other",
            "question",
            "",
        )
        and lows[figure.first] == "one"
    ):
        return True
    if lows[figure.first] == "one" and figure.last == figure.first + 1 and after.isalpha():
        return True
    return after in ("one",) or before in ("dv", "v") or (after == "by" or before == "by") and len(figure.digits) <= 2


def _in_millions(
    lows: Sequence[str],
    figure: Figure,
    before: str,
    after: str,
    money_after: Money | None,
    money_before: Money | None,
    at_mention: Mention | None,
) -> bool:
    """A bare number that can only be an amount: "in fifteen", "fifteen euros", "forty of the fives"."""
    plain = not figure.pointed and figure.value < 1000 and len(figure.chunks) <= 2
    if not plain:
        return False
    beyond = lows[figure.last + 1] if figure.last + 1 < len(lows) else ""
    if before in ("in",) and after not in PERCENT:
        return True
    if before in FILLS and after in ("at", "@") and not figure_free(lows, figure.last + 1):
        return True  # "filled 40 at 71.32", "you buy twenty at sixty-two"
    if money_after is not None and money_after.first == figure.last:
        tail = lows[money_after.last] if money_after.last < len(lows) else ""
        return (
            tail not in ("a", "per", "an", "/")
            and not any(ch.isdigit() for ch in tail)
            and tail not in ("point",)
            and figure_free(lows, money_after.last)
        )
    if money_before is not None and money_before.code.lower() == before:
        return True
    if after == "of" and beyond in ("the", "those", "these", "them"):
        return True
    if after == "up" and before not in ("at",):
        return True
    return (
        at_mention is not None
        and before not in ("at", "@", "plus", "+")
        and not at_mention.weak
        and before in (BUY | SELL | {"for", ","} | {"", "the", "do"})
    )


def figure_free(lows: Sequence[str], at: int) -> bool:
    """True unless a number follows ("seventy-eight euros thirty-five" is a price)."""
    from nlp.language.figures import figure_at

    return at >= len(lows) or figure_at(lows, at) is None


def _verbs(lows: Sequence[str]) -> list[Verb]:
    found: list[Verb] = []
    for i, low in enumerate(lows):
        side: Side | None = "buy" if low in BUY or low in ("purchase", "purchases") else "sell" if low in SELL else None
        if side is None:
            continue
        found.append(Verb(i, side, low))
    return found
