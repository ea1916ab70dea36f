"""Coupons and maturities of bonds, as they are said side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.calendar import MONTHS, plural_year, year_at
from nlp.language.figures import Figure, figure_at
from nlp.language.issuers import issuer_before
from nlp.language.numerals import PERCENT, is_numeral
from nlp.language.periods import Months
from nlp.language.words import Word

ENDS: tuple[list[str], ...] = ([], [","], ["."], ["?"], ["!"], [";"], ["please"], ["pls"], ["gilt"], ["gilts"])
PERCENTS = PERCENT | {"percents"}
COUPONS = ("", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")
NO_YEAR = tuple([word] for word in ("%", "million", "lots", *MONTHS))
"""What a number before it is the amount, the share or the day of."""


def coupons(words: Sequence[Word], months: Sequence[Months]) -> list[tuple[int, Months, Figure | None]]:
    """(first token, maturity, coupon) of each bond named by its maturity."""
    lows = [word.low for word in words]
    found: list[tuple[int, Months, Figure | None]] = []
    for maturity in months:
        if maturity.year is None or maturity.begin != maturity.end or maturity.year < 2025:
            continue
        at = maturity.first
        while at and lows[at - 1] in (",", "of", "the", "s", "'s", *PERCENTS):
            at -= 1
        at -= _day_before(lows, at)
        figure = next(
            (
                f
                for start in range(max(0, at - 9), at)
                if (f := figure_at(lows[:at], start)) is not None and f.last == at and _bare_start(lows, start)
            ),
            None,
        )
        counted = "the" in lows[at : maturity.first] and lows[at : at + 1] == ["of"]
        figure = None if counted else _hundredths(lows, figure)  # "two and a half of the thirty-fours": an amount
        figure = figure or _plural_coupon(lows, at)
        behind = _behind(lows, at, maturity.last) if figure is None else None
        if behind is not None and (behind.pointed or behind.fraction) and behind.value < 16 and not behind.scaled:
            found.append((maturity.first, Months(maturity.first, behind.last, *_month(maturity)), behind))
        elif figure is not None and Decimal(0) <= figure.value < 16 and not figure.scaled:
            found.append((figure.first, maturity, figure))
        else:
            found.append((maturity.first, maturity, None))
    return found


def _day_before(lows: Sequence[str], at: int) -> int:
    """ "OAT 3.25 25 May 36": the day of the month between coupon and maturity, as a count of tokens."""
    day = lows[at - 1] if at > 1 else ""
    return int(day.isdecimal() and int(day) <= 31 and is_numeral(lows[at - 2]) and "." in lows[at - 2])


def _behind(lows: Sequence[str], at: int, end: int) -> Figure | None:
    """The coupon said last: "Bund August thirty-five two point six", "the May thirty-sixes, the four and an eighth"."""
    if at and lows[at - 1] in v.governments():
        return figure_at(lows, end)
    figure = figure_at(lows, end + 2) if list(lows[end : end + 2]) == [",", "the"] else None
    return figure if figure is not None and lows[figure.last : figure.last + 1] in ([], ["."], [","]) else None


def _plural_coupon(lows: Sequence[str], at: int) -> Figure | None:
    """ "The fours of May thirty-one": a whole coupon in the plural, as bonds are called."""
    word = lows[at - 1] if at > 1 else ""
    number = next((str(n) for n, name in enumerate(COUPONS) if word == name), None)
    if number is None or lows[at - 2] not in ("the", "those", "these", ",", "some") or lows[at : at + 1] != ["of"]:
        return None
    return Figure(at - 1, at, (number,), Decimal(number))


def _hundredths(lows: Sequence[str], figure: Figure | None) -> Figure | None:
    """ "The three forty-five of October thirty-four" pays 3.45; a number alone before a month may be an amount."""
    if figure is None or len(figure.chunks) != 2 or figure.fraction or figure.pointed or figure.scaled:
        return figure
    whole, part = figure.chunks
    lead = lows[figure.first - 1] if figure.first else ""
    known = lead in ("the", "a", "those", "these", *v.governments()) or lows[figure.last : figure.last + 1] == ["of"]
    if not (known and whole.isdecimal() and int(whole) < 16 and len(part) == 2 and part.isdecimal()):
        return figure
    return replace(figure, chunks=(f"{whole}.{part}",), value=Decimal(f"{whole}.{part}"), pointed=True)


def _month(maturity: Months) -> tuple[int, int, int | None]:
    return maturity.begin, maturity.end, maturity.year


def years(words: Sequence[Word], months: Sequence[Months]) -> list[Months]:
    """Maturities said as a year after issuer and coupon: "Halden Paper four and a quarter thirty-one"."""
    lows = [word.low for word in words]
    known = {k for span in months for k in range(span.first, span.last)}
    on_curve = bool(set(lows) & set(v.section("rates", "curve_points")))
    found: list[Months] = []
    for i, word in enumerate(words):
        issuer = i and (issuer_before(words, i, guess=False)[0] or lows[i - 1] in v.governments())
        pointed = i and on_curve and lows[i - 1] == "the"
        of_year = not issuer and _coupon_of_year(lows, i)
        issuer = issuer or pointed or of_year or _in_full(lows, i) or _of_plural(lows, i)
        coupon = figure_at(lows, i) if issuer and word.low != "a" else None
        if coupon is not None and _then_year(coupon):
            coupon = figure_at(lows[: i + 1], i)
        coupon = _hundredths(lows, coupon)
        if coupon is None or not _precise(lows, coupon) or not 0 < coupon.value < 16 or coupon.scaled:
            continue
        at = coupon.last
        while at < len(lows) and lows[at] in ("of", "due", "the", *PERCENTS):
            at += 1
        if pointed:
            at = _misheard_month(lows, at)
        year, length = year_at(lows, at)
        if length and at not in known and lows[at + length : at + length + 1] not in NO_YEAR:
            found.append(Months(at, at + length, 0, 0, year))
    return [*found, *_nicknames(lows, known | {k for span in found for k in range(span.first, span.last)})]


def _nicknames(lows: Sequence[str], known: set[int]) -> list[Months]:
    """Bonds called by nothing but their year: "the thirty-fours", "34s"."""
    found: list[Months] = []
    for i in range(len(lows)):
        year, length = plural_year(lows, i)
        if length and year >= 2026 and not known & set(range(i, i + length)):
            found.append(Months(i, i + length, 0, 0, year))
            known = known | set(range(i, i + length))
    return found


def called(lows: Sequence[str], maturity: Months) -> bool:
    """The year is in the plural, in which only bonds are spoken of: "the June twenty-nines"."""
    return any(k + plural_year(lows, k)[1] == maturity.last for k in range(maturity.first, maturity.last - 1))


def _of_plural(lows: Sequence[str], i: int) -> bool:
    """ "6.125 27s": a coupon and a year in the plural."""
    coupon = figure_at(lows, i)
    if coupon is not None and _then_year(coupon):
        coupon = figure_at(lows[: i + 1], i)
    return coupon is not None and _bare_start(lows, i) and plural_year(lows, coupon.last)[1] > 0


def _then_year(figure: Figure) -> bool:
    """ "5.1 34", "4.375 31": a typed coupon and the two digits of a year."""
    first, *rest = figure.chunks
    return "." in first and len(rest) == 1 and len(rest[0]) == 2 and rest[0].isdecimal() and 26 <= int(rest[0]) <= 75


def _coupon_of_year(lows: Sequence[str], i: int) -> bool:
    """ "The four and three eighths of fifty-four"; said again without "of" at the start of a sentence."""
    coupon = _hundredths(lows, figure_at(lows, i))
    if coupon is None or not _precise(lows, coupon) or coupon.pointed and len(coupon.chunks) > 1:
        return False
    end = coupon.last + (lows[coupon.last : coupon.last + 1] != [] and lows[coupon.last] in PERCENTS)
    of = lows[end : end + 1] == ["of"] and lows[end + 1 : end + 2] != ["the"]
    the = lows[i - 1 : i] == ["the"] or lows[max(0, i - 2) : i] in (["the", "long"], ["the", "old"], ["the", "new"])
    year, length = year_at(lows, coupon.last)
    bare = length > 0 and year >= 2027 and coupon.last + length < len(lows) + 1
    if bare and lows[i - 1 : i] == ["the"] and lows[coupon.last + length : coupon.last + length + 1] in ENDS:
        return True  # "and what about the one and a half forty-seven, ..."
    return (of and the) or i == 0 or lows[i - 1] in (".", "?", "!")


def _precise(lows: Sequence[str], coupon: Figure) -> bool:
    """Only of a coupon so much is said: "five and a quarter", "2.6", "the six percents"."""
    return bool(coupon.fraction or coupon.pointed or PERCENTS & set(lows[coupon.last : coupon.last + 1]))


def _in_full(lows: Sequence[str], i: int) -> bool:
    """ "Four and an eighth twenty thirty-two", "4.125 2032": a coupon and all four digits of a year."""
    coupon = figure_at(lows, i)
    if coupon is None or not _bare_start(lows, i) or not (coupon.fraction or coupon.pointed):
        return False
    at = coupon.last + bool({"of", "due", ",", *PERCENTS} & set(lows[coupon.last : coupon.last + 1]))
    year, length = year_at(lows, at)
    spelled = figure_at(lows, at)
    return year > 0 and length > 0 and spelled is not None and spelled.digits == str(year)


def _misheard_month(lows: Sequence[str], at: int) -> int:
    """Where the year stands after a month that was not understood: "the four and a quarter-oddest thirty-six"."""
    for skip in range(1, 4):
        between = lows[at : at + skip]
        if year_at(lows, at + skip)[1] and all(low == "-" or low.isalpha() for low in between):
            return at + skip
    return at


def _bare_start(lows: Sequence[str], start: int) -> bool:
    return not (start and figure_at(lows, start - 1) is not None and figure_at(lows, start - 1).last > start)  # type: ignore[union-attr]
