"""Amounts and prices: which numbers of a turn are one, which the other, and which are neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nlp.language import vocabulary
from nlp.language.calendar import plural_year
from nlp.language.figures import Figure, figure_at, figures
from nlp.language.numerals import PERCENT
from nlp.language.terms import Mention, Money

_WORDS = vocabulary.section("phrases", "frames")
QUANTITY_UNITS: dict[str, str] = _WORDS["quantity_units"]
TIMES: frozenset[str] = frozenset(_WORDS["times"])
BUY: frozenset[str] = frozenset(_WORDS["buy"])
SELL: frozenset[str] = frozenset(_WORDS["sell"])
NO_COUNT: frozenset[str] = frozenset(_WORDS["after_one"])
FILLS = {"filled", "fild", "bought", "buy", "sold", "sell", "done", "got", "and", "another", "rest", "balance"}
FILLS |= {"working", "work", "wrkg", "wrking", "wkg", "resting"}
DEALT = {"buy", "sell", "buying", "selling"}
HOW = {"on", "at", "@", "moc", "vwap", "twap", "gtc", "over", "into", "limit", "lim", "more", "worst"}
ENDS = {"", ".", ",", "?", "!", ";"}
FOR_LONG = {"day", "gtc", "gtd", "pls", "please", "til", "till", "until", "today"}
MINOR = {"pence", "cents", "cent", "p"}
_MINORS = [[low] for low in MINOR]


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


def read(
    lows: Sequence[str], taken: set[int], monies: Sequence[Money], found: Sequence[Mention]
) -> tuple[list[Size], list[Figure]]:
    """(amounts, prices) of a turn; tokens in `taken` already have another meaning."""
    sizes: list[Size] = []
    prices: list[Figure] = []
    starts = {money.first: money for money in monies}
    ends = {money.last: money for money in monies}
    listed = any(mention.instrument.kind in ("future", "option", "equity") for mention in found)
    for figure in _with_minor_units(lows, monies):
        if any(i in taken for i in range(figure.first, figure.last)):
            continue
        before = lows[figure.first - 1] if figure.first else ""
        after = lows[figure.last] if figure.last < len(lows) else ""
        if _no_amount(lows, figure, before, after) or (
            after in MINOR and before in ("and", ",") and figure.first - 1 in ends
        ):
            continue
        money_after = starts.get(figure.last) or (starts.get(figure.last + 1) if after in ("of", "-", "us") else None)
        money_before = ends.get(figure.first)
        at_mention = next(
            (m for m in found if m.first == figure.last or (after in ("of", "-") and m.first == figure.last + 1)), None
        )
        if after == "t" and lows[figure.last + 1 : figure.last + 2] in (["/"], ["+"]):
            after = ""  # "1.1820 t/p" is no weight
        unit = QUANTITY_UNITS.get(after) or (
            QUANTITY_UNITS.get(lows[figure.last + 1])
            if after in ("of", "euro", "-") and figure.last + 1 < len(lows)
            else None
        )
        if after == "-" and lows[figure.last + 1 : figure.last + 3] == ["ish", "lots"]:
            continue
        if unit and len(figure.chunks) == 1 and figure.pointed and figure.digits.endswith(".000"):
            figure = replace(figure, value=figure.value * 1000, pointed=False, cardinal=True)  # "60.000 ounces"
        if not unit and figure.chunks[1:] == ("000",) and lows[figure.last - 1] == "000":
            figure = replace(figure, chunks=("".join(figure.chunks),), cardinal=True)  # "120 000 VLMR"
        code = money_after.code if money_after else money_before.code if money_before else None
        if code is None and at_mention is not None and at_mention.instrument.kind in ("fx", "metal"):
            code = at_mention.instrument.currency
        if code is None and after == "us" and figure.scaled:
            code = "USD"  # "nine point four million US"
        shown = before in ("at", "@") or after in ("bid", "offered", "offer")
        full = figure.scaled or figure.cardinal and (figure.value >= 1000 or before in ("at", "@"))
        if not unit and full and figure.value < 100_000 and (shown or _two_way(lows, figure)):
            prices.append(figure)  # "at one thousand three hundred and eighteen dollars"
        elif unit or figure.scaled:
            if unit and at_mention is not None and at_mention.instrument.unit and not figure.scaled and unit == "t CO2":
                unit = at_mention.instrument.unit
            sizes.append(Size(figure, code, unit, True))
        elif (
            figure.cardinal
            and not (figure.pointed or figure.fraction)
            and len(figure.chunks) == 1
            and figure.value >= 1000
            and before not in ("at", "@")
        ):
            sizes.append(Size(figure, code, unit, True))
        elif _in_millions(lows, figure, before, after, money_after, money_before, at_mention, listed=listed):
            sizes.append(Size(figure, code, None, False))
        else:
            prices.append(figure)
    return sizes, prices


def _two_way(lows: Sequence[str], figure: Figure) -> bool:
    """ "24,180 / 24,184": two levels, each said in full."""
    other = figure_at(lows, figure.last + 1) if lows[figure.last : figure.last + 1] in (["/"], ["-"]) else None
    if other is None and figure.first > 1 and lows[figure.first - 1] in ("/", "-"):
        other = figure_at(lows, figure.first - 2)
    return other is not None and not figure.scaled and abs(other.value / figure.value - 1) < Decimal("0.1")


def _with_minor_units(lows: Sequence[str], monies: Sequence[Money]) -> list[Figure]:
    """Figures, with "seventy-eight euros thirty-five" and "twelve pounds forty" made one."""
    starts = {money.first: money.last for money in monies}
    result: list[Figure] = []
    for figure in figures(lows):
        last = result[-1] if result else None
        gap = 0 if last is None else figure.first - starts.get(last.last, figure.first + 1)
        told = gap == 1 and lows[figure.first - 1] == "and" and lows[figure.last : figure.last + 1] in _MINORS
        joined = (
            last is not None and (gap == 0 or told) and not (last.pointed or last.fraction or last.value >= 100_000)
        )  # "twenty-seven euros and ninety-six cents"
        if last is not None and joined and len(figure.digits) == 2 and len(figure.chunks) == 1 and not figure.scaled:
            whole = f"{int(last.value)}.{figure.digits}"
            result[-1] = Figure(last.first, figure.last + told, (whole,), Decimal(whole), pointed=True)
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
    if after in ("left", "remaining") or lows[figure.last : figure.last + 2] == ["to", "go"]:
        return True  # what is not done yet
    if before in ("past", "o'clock") or (before == "+" and figure.first > 1 and lows[figure.first - 2] == "t"):
        return True
    if before == "plus" and figure.first > 1 and lows[figure.first - 2] == "t":
        return True
    if (
        figure.chunks == ("1",)
        and not (figure.pointed or figure.fraction)
        and after in NO_COUNT
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
    *,
    listed: bool,
) -> bool:
    """A bare number that can only be an amount: "in fifteen", "fifteen euros", "forty of the fives"."""
    if after == "of" and figure.value < 1000 and at_mention_of(lows, figure.last + 1) and before not in ("at", "@"):
        return True  # "sixteen point eight of the Bund"
    if before == "for" and figure.chunks[0].isdecimal() and len(figure.chunks) == 1 and after in ENDS | FOR_LONG:
        level = figure_at(lows, figure.first - 2)
        if level is not None and level.last == figure.first - 1 and level.pointed and figure.value < 100_000:
            return True  # "bid 96.405 for 2000", "97.15 for 10"
    count = listed and len(figure.chunks) == 1 and not (figure.pointed or figure.fraction) and figure.value < 100_000
    if count and before in DEALT and (at_mention is not None or after in ENDS | HOW):
        return True  # "NVRA jul 120 calls, buy 300", "RXU6 buy 1200 vwap"
    plain = not figure.pointed and figure.value < 1000 and len(figure.chunks) <= 2
    if not plain:
        return False
    beyond = lows[figure.last + 1] if figure.last + 1 < len(lows) else ""
    if after in ("done", "filled") and beyond in ("at", "@"):
        return True  # "20 done at 6430"
    if after in ("done", "filled", "in") and beyond == "," and _level_beyond(lows, figure.last + 2):
        return True  # "180 done, all 131.42"
    if before in DEALT and after in HOW:
        return True  # "sell 80 on the close", "sell 200 at mkt"
    if before in ("in",) and after not in PERCENT:
        return True
    if before == "the" and lows[figure.first - 2 : figure.first - 1] in (["for"], ["in"]) and after in ENDS:
        return True  # "one thirty-six, for the six"
    filled = before in FILLS or before == "," and lows[figure.first - 2] in FILLS
    if filled and after in ("at", "@") and not figure_free(lows, figure.last + 1):
        return True  # "filled 40 at 71.32", "you buy twenty at sixty-two"
    if money_after is not None and money_after.first == figure.last and before != "/":
        tail = lows[money_after.last] if money_after.last < len(lows) else ""
        return (
            tail not in ("a", "per", "an", "/", "pips", "pip", "points", "cents", "pts")
            and not any(ch.isdigit() for ch in tail)
            and tail not in ("point", "limit", "lim", "lmt", "stop", "top", "floor", "cap", "tops")
            and figure_free(lows, money_after.last)
        )
    if money_before is not None and money_before.code.lower() == before:
        return True
    if after == "of" and beyond in ("the", "those", "these", "them", "'em", "em", "'"):
        return True
    if after == "up" and before not in ("at",):
        return True
    return (
        at_mention is not None
        and before not in ("at", "@", "plus", "+")
        and (not at_mention.weak or at_mention.instrument.kind == "bond")
        and before
        in (BUY | SELL | FILLS | {"for", ","} | {"", "the", "do", "offer", "bid", "leave", "work", "me", "us", "."})
    )


def _level_beyond(lows: Sequence[str], at: int) -> bool:
    """A price with its decimals follows, perhaps after "all" or "avg"."""
    at += lows[at : at + 1] in (["all"], ["avg"], ["average"])
    at += lows[at : at + 1] in (["at"], ["@"])
    level = figure_at(lows, at) if at < len(lows) else None
    return level is not None and level.pointed


def at_mention_of(lows: Sequence[str], at: int) -> bool:
    """True where "the", "these" or a government's name follows."""
    return lows[at : at + 1] in (["the"], ["those"], ["these"], ["them"]) or (
        at < len(lows) and lows[at] in vocabulary.governments()
    )


def figure_free(lows: Sequence[str], at: int) -> bool:
    """True unless a number follows ("seventy-eight euros thirty-five" is a price)."""
    return at >= len(lows) or figure_at(lows, at) is None
