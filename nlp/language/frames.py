"""One turn, read: its days, tenors, instruments, amounts, prices and deal words, in order.

This is what the spaCy components leave on a Doc. A turn is read without its context, so the result can be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nlp.language import (
    amounts,
    bonds,
    coupons,
    curves,
    listed_options,
    newissues,
    options,
    shares,
    spelling,
    terms,
    vocabulary,
)
from nlp.language.amounts import BUY, SELL, Size
from nlp.language.calendar import Day, day_at
from nlp.language.figures import Figure, figures
from nlp.language.model import Side
from nlp.language.numerals import SCALES, is_number
from nlp.language.options import Option
from nlp.language.periods import Months, Tenor, months_at, tenor_at
from nlp.language.relative import relative_day_at
from nlp.language.terms import Mention, Money, Security
from nlp.language.words import Word

TAKING = {"take", "takes", "took", "taking"}
NOT_TAKEN: frozenset[str] = frozenset(vocabulary.section("phrases", "frames")["not_taken"])
OFF_CLIENT: tuple[str, ...] = tuple(vocabulary.section("phrases", "frames")["off_client"])
PLAIN_VERBS: frozenset[str] = frozenset(vocabulary.section("phrases", "frames")["plain_verbs"])


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
    options: tuple[Option, ...] = ()
    sizes: tuple[Size, ...] = ()
    prices: tuple[Figure, ...] = ()
    verbs: tuple[Verb, ...] = ()
    question: bool = False
    lows: tuple[str, ...] = field(default=())
    begin: int = 0
    client: frozenset[str] = frozenset()  # words of the client's name, of whom a read-back may speak

    def has(self, *phrases: str) -> bool:
        """True when one of the phrases (tokens joined by spaces) was said."""
        text = " " + " ".join(self.lows) + " "
        return any(f" {phrase} " in text for phrase in phrases)

    def part(self, first: int, last: int) -> Frame:
        """The same turn from token `first` to `last`; indexes stay those of the turn."""

        def inside(item: Any) -> bool:
            return bool(first <= item.first < last)

        first = max(first, self.begin)
        lows = self.lows[first - self.begin : max(first, last) - self.begin]
        return Frame(
            self.words,
            tuple(filter(inside, self.days)),
            tuple(filter(inside, self.months)),
            tuple(filter(inside, self.tenors)),
            tuple(filter(inside, self.mentions)),
            tuple(filter(inside, self.monies)),
            tuple(x for x in self.isins if first <= x[0] < last),
            tuple(x for x in self.options if first <= x.at < last),
            tuple(filter(inside, self.sizes)),
            tuple(filter(inside, self.prices)),
            tuple(x for x in self.verbs if first <= x.at < last),
            lows[-1:] == ("?",),
            lows,
            first,
            self.client,
        )

    def cut(self, at: Iterable[int]) -> list[Frame]:
        """The pieces of the turn that begin at its head and at the tokens `at`, in their order."""
        end = self.begin + len(self.lows)
        return [self.part(*both) for both in pairwise([self.begin, *(k for k in at if self.begin < k < end), end])]

    def clock(self, at: int) -> tuple[int, int]:
        """Characters of one token."""
        return self.words[at].start, self.words[at].end


def read(words: Sequence[Word], security: Security) -> Frame:
    """Read the tokens of one turn."""
    lows = [word.low for word in words]
    isins = spelling.isins(words)
    taken = {i for first, last, _ in isins for i in range(first, last)}
    days, months, tenors = _times(lows, taken)
    for spans in (days, tenors):
        for item in spans:
            taken.update(range(item.first, item.last))
    monies = terms.monies(lows)
    maturities = [*months, *coupons.years(words, months)]
    found = _mentions(words, maturities, tenors, monies, security)
    for span in maturities:
        taken.update(range(span.first, span.last))
    for first, maturity, coupon in coupons.coupons(words, maturities):
        taken.update(range(first if coupon is None else coupon.first, maturity.last))
    for mention in found:
        inside = list(range(mention.first, mention.last))
        if mention.instrument.kind == "fx":  # "EUR 3.5m vs PLN" is a pair around an amount
            inside = [k for k in inside if not is_number(lows[k]) and lows[k] not in SCALES and lows[k] != "-"]
        taken.update(inside)
    optional = options.mentions(lows, found, monies)
    for n, (_, option) in enumerate(optional):
        on = listed_options.listed(option, found, months)
        if on is not None:
            optional[n] = (on[0], option)
            found = [mention for mention in found if mention is not on[1]]
    if optional:
        named = {mention.instrument.form for mention, _ in optional}
        found = [m for m in found if m.instrument.kind != "fx" or m.instrument.code not in named]
        found = sorted([*found, *(mention for mention, _ in optional)], key=lambda m: m.first)
        taken.update(k for _, o in optional if o.strike for k in range(o.strike.first, o.strike.last))
    taken |= _clock_times(lows, days)
    sizes, prices = amounts.read(lows, taken, monies, found)
    prices = [figure for figure in prices if not _time_of_day(lows, figure, days, found)]
    return Frame(
        tuple(words),
        tuple(days),
        tuple(months),
        tuple(tenors),
        tuple(found),
        tuple(monies),
        tuple(isins),
        tuple(option for _, option in optional),
        tuple(sizes),
        tuple(prices),
        tuple(_verbs(lows)),
        bool(lows) and lows[-1] == "?",
        tuple(lows),
    )


def _clock_times(lows: Sequence[str], days: Sequence[Day]) -> set[int]:
    """Tokens of hours beside a day: "Tuesday the twenty-third at eleven", "at ten tomorrow"."""
    return {
        figure.first
        for figure in figures(lows)
        if figure.last == figure.first + 1
        and lows[max(0, figure.first - 1) : figure.first] == ["at"]
        and figure.digits.isdecimal()
        and 0 < figure.value <= 12
        and any(0 <= figure.first - 1 - day.last <= 1 or 0 <= day.first - figure.last <= 1 for day in days)
    }


UNTIL = ("til", "till", "until", "finish", "finishing", "from", "starting", "ending")


def _time_of_day(lows: Sequence[str], figure: Figure, days: Sequence[Day], found: Sequence[Mention]) -> bool:
    """The 12.45 of "wed 24 june 12.45", the 17.00 of "vwap til 17.00"."""
    timed = figure.first and lows[figure.first - 1] in UNTIL
    if not figure.pointed or len(figure.chunks) > 1:
        return False
    if not timed and (found or not any(day.last == figure.first for day in days)):
        return False
    hour, _, minute = figure.digits.partition(".")
    full = hour.isdecimal() and 7 <= int(hour) <= 20
    return full and len(minute) == 2 and minute[1] in "05" and int(minute) < 60


def _times(lows: Sequence[str], taken: set[int]) -> tuple[list[Day], list[Months], list[Tenor]]:
    days: list[Day] = []
    months: list[Months] = []
    tenors: list[Tenor] = []
    eighths = {k for f in figures(lows) if f.fraction and "/" in lows[f.first : f.last] for k in range(f.first, f.last)}
    i = 0
    while i < len(lows):
        if i in taken or i in eighths:
            i += 1
            continue
        day, span, tenor = relative_day_at(lows, i) or day_at(lows, i), months_at(lows, i), tenor_at(lows, i)
        if day is not None and i and lows[i - 1] in vocabulary.governments():
            day = None  # "OAT 3 nov 34": a coupon
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
    groups = [
        terms.named(words, months, tenors, security),
        bonds.bonds(words, months),
        [m for m in newissues.new_issues(words, tenors) if not any(c.first <= m.first < c.last for c in monies)],
        terms.pairs(lows, monies),
        shares.shares(words),
    ]
    groups.insert(0, curves.curves(lows, monies, groups[0]))
    if not any(mention.instrument.kind == "irs" for mention in groups[1]):
        groups.insert(1, curves.unnamed(lows, monies, tenors))
    result: list[Mention] = []
    for group in groups:
        for mention in group:
            if not any(mention.first < other.last and other.first < mention.last for other in result):
                result.append(mention)
    points = vocabulary.section("rates", "curve_points")
    for i, low in enumerate(lows):
        two = " ".join(lows[i : i + 2])
        years = points.get(two) or points.get(low)
        if low in ("bond", "bonds"):
            years = 30 if _long_bond(lows, i, {*points}) else None
        if not years or any(m.first <= i < m.last for m in result):
            continue
        result.append(
            Mention(
                i,
                i + (2 if " " in two and two in points else 1),
                vocabulary.government_bond("UST", None, None),
                weak=True,
                point=int(years),
            )
        )
    return sorted(result, key=lambda mention: mention.first)


def _verbs(lows: Sequence[str]) -> list[Verb]:
    found: list[Verb] = []
    for i, low in enumerate(lows):
        side: Side | None = "buy" if low in BUY or low in ("purchase", "purchases") else "sell" if low in SELL else None
        if side is None or (low in TAKING and lows[i + 1 : i + 2] and lows[i + 1] in NOT_TAKEN):
            continue
        if low in TAKING and _off_the_client(lows, i):
            continue
        found.append(Verb(i, side, low))
    return found


def _off_the_client(lows: Sequence[str], i: int) -> bool:
    """ "Take all six off me": what was asked for goes; "where would you take it off us?" asks."""
    after = f" {' '.join(lows[i : i + 9])} "
    return lows[i - 1 : i] not in (["u"], ["you"]) and any(f" {phrase} " in after for phrase in OFF_CLIENT)


def _long_bond(lows: Sequence[str], i: int, points: set[str]) -> bool:
    """ "Selling the bond, buying sevens": the thirty-year, beside another point of the curve."""
    others = {*points, "seven-year"} - {"bonds"}
    return lows[i - 1 : i] in (["the"], ["million"], ["."], []) and bool(others & set(lows))
