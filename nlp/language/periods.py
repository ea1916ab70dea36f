"""Maturities, delivery periods and tenors: months with a year, quarters, halves, lengths of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.language.calendar import LETTERS, MONTHS, year_at
from nlp.language.figures import figure_at
from nlp.language.numerals import is_numeral
from nlp.language.vocabulary import currencies, section

UNITS = {
    "day": "D",
    "days": "D",
    "week": "W",
    "weeks": "W",
    "month": "M",
    "mth": "M",
    "mths": "M",
    "mo": "M",
    "months": "M",
    "year": "Y",
    "years": "Y",
    "yr": "Y",
    "yrs": "Y",
}


_WORDS = section("phrases", "periods")
TENOR_NEIGHBOURS: frozenset[str] = frozenset(_WORDS["beside_tenor"])
METALS: frozenset[str] = frozenset(_WORDS["metals"])
METAL_MONTHS = {"3", "15", "27"}
TONNES: frozenset[str] = frozenset(_WORDS["tonnes"])
OPTION_MONTHS = {"1", "2", "3", "4", "6", "9", "12", "18"}


@dataclass(frozen=True)
class Months:
    """A month or a run of months with a year, as in maturities, contracts and swap periods."""

    first: int
    last: int
    begin: int
    end: int
    year: int | None
    quarter: str | None = None


@dataclass(frozen=True)
class Tenor:
    """A length of time from spot: "3M", "7Y"."""

    first: int
    last: int
    code: str


def months_at(words: Sequence[str], i: int) -> Months | None:
    """Maturities and periods: "January thirty-one", "Oct 35", "6/29", "January to March twenty-seven", "Q1"."""
    word = words[i]
    after = words[i + 1] if i + 1 < len(words) else ""
    if word in MONTHS:
        return _named_months(words, i)
    if word.isdecimal() and word.isascii() and after == "/" and 1 <= int(word) <= 12 and i + 2 < len(words):
        year = words[i + 2]
        if (
            year.isdecimal()
            and year.isascii()
            and (len(year) == 2 and 24 <= int(year) <= 75 or len(year) == 4 and year.startswith("20"))
        ):
            if i and (words[i - 1] in ("/", "=") or words[i - 1] == "."):
                return None
            return Months(i, i + 3, int(word), int(word), 2000 + int(year) % 100)
    return _quarter(words, i)


def _named_months(words: Sequence[str], i: int) -> Months:
    begin = end = MONTHS[words[i]]
    at = i + 1
    while at + 1 < len(words) and words[at] in ("to", "-", "through", ",", "and", "until") and words[at + 1] in MONTHS:
        end, at = MONTHS[words[at + 1]], at + 2
    while at < len(words) and words[at] in MONTHS:
        end, at = MONTHS[words[at]], at + 1
    skip = 1 if words[at : at + 1] in (["-"], ["'"], ["of"]) else 0
    year, length = year_at(words, at + skip)
    if length and not (at + skip + length < len(words) and words[at + skip + length] in ("%", "lots", "mt", "percent")):
        return Months(i, at + skip + length, begin, end, year)
    return Months(i, at, begin, end, None)


def _quarter(words: Sequence[str], i: int) -> Months | None:
    number, length, kind = 0, 0, ""
    names = {
        "first": 1,
        "second": 2,
        "third": 3,
        "fourth": 4,
        "one": 1,
        "two": 2,
        "three": 3,
        "four": 4,
        "1": 1,
        "2": 2,
        "3": 3,
        "4": 4,
    }
    word = words[i]
    after = words[i + 1] if i + 1 < len(words) else ""
    if len(word) == 2 and word[0] in "qh" and word[1] in "1234":
        number, length, kind = int(word[1]), 1, word[0]
    elif word in ("winter", "summer", "cal", "calendar") and i + 1 < len(words):
        return _season(words, i)
    elif word in ("q", "h") and after in names:
        number, length, kind = names[after], 2, word
    elif word in names and word.isalpha() and after in ("quarter", "half") and word not in ("one", "three"):
        number, length, kind = names[word], 2, after[0]
    if not number or (kind == "h" and number > 2):
        return None
    at = i + length
    skip = 1 if words[at : at + 1] in (["-"], ["'"], ["of"]) else 0
    year, year_length = year_at(words, at + skip)
    size = 3 if kind == "q" else 6
    begin = (number - 1) * size + 1
    last = at + skip + year_length if year else at
    return Months(i, last, begin, begin + size - 1, year or None, f"{kind.upper()}{number}")


def _season(words: Sequence[str], i: int) -> Months | None:
    """ "Winter twenty-six" (October to March), "cal 27"."""
    skip = 1 if words[i + 1] in ("-", "'", "year") else 0
    year, length = year_at(words, i + 1 + skip)
    if not length:
        return None
    name, begin, end = {"w": ("Winter", 10, 3), "s": ("Summer", 4, 9), "c": ("Cal", 1, 12)}[words[i][0]]
    return Months(i, i + 1 + skip + length, begin, end, year, name)


OPTION_WORDS: frozenset[str] = frozenset(_WORDS["options"])


def _amount_of_two(words: Sequence[str], i: int) -> bool | None:
    """Of "3m, 6m eur" with an option: True for the amount, False for the tenor; None where only one of them is said."""
    found = [k for k in range(len(words) - 1) if is_numeral(words[k]) and words[k + 1] == "m"]
    amounts = [
        k
        for k in found
        if set(words[k - 1 : k] if k else []) & set(currencies()) or k + 2 < len(words) and words[k + 2] in currencies()
    ]
    if len(found) != 2 or len(amounts) != 1:
        return None
    return i in amounts


def _beside_a_pair(words: Sequence[str], i: int) -> bool:
    """ "EURUSD swap 1M", "1m usdkrw ndf 20m", "6M to 14 dec", "6m same amount": a date beside what has one."""
    before, nxt = words[i - 1 : i], words[i + 2 : i + 3]
    others = [k for k in range(len(words) - 2) if k != i and is_numeral(words[k]) and words[k + 1] == "m"]
    if before in (["buy"], ["sell"]) or any(words[k + 2] in TENOR_NEIGHBOURS for k in others):
        return False  # "buy 4m usdclp 1m ndf": the other one is the date
    if _after_amount_and_pair(words, i) or _beside_small_money(words, i):
        return True
    amount = _amount_of_two(words, i)
    dated = bool(DATED & set(words)) or amount is False
    if any(_pair(word) for word in (*before, *nxt)) and dated and not amount:
        return True
    if before in (["swap"], ["swaps"], ["ndf"], ["fwd"], ["forward"], ["outright"]):
        return nxt[:1] != ["of"] and not (nxt and nxt[0] in currencies())
    if nxt in (["to"], ["till"]):
        return len(words) > i + 4 and words[i + 3].isdecimal() and words[i + 4] in MONTHS
    same = words[i + 2 : i + 8]
    return nxt == ["same"] and bool({"amount", "size", "amt", "direction", "side", "way"} & set(same))


def _after_amount_and_pair(words: Sequence[str], i: int) -> bool:
    """ "20m usdinr 1m", "20 mio usd/krw 3m": the amount stands before the pair, the date behind it."""
    start = i - 1 if i and _pair(words[i - 1]) else 0
    if i > 2 and words[i - 2] in ("/", "-") and _pair(words[i - 3] + words[i - 1]):
        start = i - 3
    return start > 1 and words[start - 1] in ("m", "mio", "mm", "mn", "mln") and is_numeral(words[start - 2])


def _beside_small_money(words: Sequence[str], i: int) -> bool:
    """ "krw 1m?": nobody deals a million won."""
    around = {*words[i - 1 : i], *words[i + 2 : i + 3]} & set(currencies())
    return any(word.upper() in SMALL_MONEY for word in around) or bool(around and {"ndf", "ndfs"} & set(words))


SMALL_MONEY: frozenset[str] = frozenset(section("fx", "small_money"))
DATED: frozenset[str] = frozenset(_WORDS["dated"])


def _pair(word: str) -> bool:
    return len(word) == 6 and word[:3] in currencies() and word[3:] in currencies()


def tenor_at(words: Sequence[str], i: int) -> Tenor | None:
    """ "seven-year", "three months", "5y"; "3m" only where it cannot be an amount."""
    figure = figure_at(words, i)
    if figure is None or figure.fraction or figure.pointed:
        return None
    typed = is_numeral(words[i])
    if (
        typed
        and i + 2 < len(words)
        and words[i + 2] == "y"
        and words[i + 1][:1] == "y"
        and words[i + 1][1:].isdecimal()
    ):
        return Tenor(i, i + 3, f"{words[i]}Y{words[i + 1][1:]}Y")  # five years, five years forward
    if typed and i + 1 < len(words) and words[i + 1] in LETTERS:
        letter, number = words[i + 1], words[i]
        nxt = words[i + 2] if i + 2 < len(words) else ""

        if "." in number or "," in number or int(number) > 60:
            return None
        ahead = words[i + 2 : i + 6]
        before = words[i - 1] if i else ""
        if letter == "d" and int(number) > 14:
            return None
        if letter == "m" and OPTION_WORDS & set(words) and (amount := _amount_of_two(words, i)) is not None:
            return None if amount or number not in OPTION_MONTHS else Tenor(i, i + 2, f"{number}M")
        metal = number in METAL_MONTHS and bool(TONNES & set(words) or METALS & {before, nxt})
        if letter == "m" and not (
            metal
            or (number in OPTION_MONTHS and before in ("call", "put", "straddle", "lme"))
            or (number in OPTION_MONTHS and {"call", "put", "straddle"} & set(ahead) and "m" not in ahead)
            or nxt in TENOR_NEIGHBOURS
            or before in ("strike", "roll", "carry")
            or (number in OPTION_MONTHS and _beside_a_pair(words, i))
        ):
            return None
        return Tenor(i, i + 2, number + LETTERS[letter]) if int(number) else None
    if figure.scaled or len(figure.chunks) != 1 or not figure.digits.isdecimal() or not 0 < int(figure.digits) <= 60:
        return None
    at = figure.last + (words[figure.last : figure.last + 1] == ["-"])
    if at < len(words) and words[at] in UNITS:
        return Tenor(i, at + 1, f"{int(figure.digits)}{UNITS[words[at]]}")
    return None
