"""Days, months, tenors and their grammar; relative to the day of the conversation.

A mention is parsed without knowing today (so that a turn is read once) and resolved later.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from nlp.language import vocabulary
from nlp.language.figures import figure_at
from nlp.language.numerals import SCALES

MONTHS = {name: i for i in range(1, 13) for name in (months.month_name[i].lower(), months.month_abbr[i].lower())} | {
    "sept": 9
}
DAYS = {
    name: i
    for i, names in enumerate(
        [
            "monday mon",
            "tuesday tue tues",
            "wednesday wed weds",
            "thursday thu thur thurs",
            "friday fri",
            "saturday sat",
            "sunday sun",
        ]
    )
    for name in names.split()
}
_ORDINAL_UNITS = {w: i for i, w in enumerate("first second third fourth fifth sixth seventh eighth ninth".split(), 1)}
ORDINALS = (
    _ORDINAL_UNITS
    | {
        w: i
        for i, w in enumerate(
            "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
            "twentieth".split(),
            10,
        )
    }
    | {"thirtieth": 30}
)
LETTERS = {"d": "D", "w": "W", "y": "Y", "m": "M"}
_WORDS = vocabulary.section("phrases", "calendar")
TODAY: frozenset[str] = frozenset(_WORDS["today"])
TOMORROW: frozenset[str] = frozenset(_WORDS["tomorrow"])
DEADLINE = {"by", "on", "until", "till", "before", "due"}
SLASHED_AFTER = DEADLINE | {"v", "val", "value", "fix", "fixing", "settle", "settling", "exp", "expiry", "eff", "start"}
NO_DAYS = {"am", "pm", "a.m.", "p.m.", ":", "/", "-", "%", "o'clock", "lots"}
HALF_A_YEAR = timedelta(183)
PARTS: frozenset[str] = frozenset(_WORDS["parts"])
Period = Literal["month", "quarter", "half", "year"]
MONTHS_OF: dict[Period, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True)
class Day:
    """A day between tokens `first` and `last`. Unset parts follow from the conversation's day."""

    first: int
    last: int
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    shift: int | None = None
    next_week: bool = False
    period_end: Period | None = None  # its last day; of `month` where that is set
    later: int = 0  # weeks or periods further on
    nth: int | None = None  # the nth such weekday of the month, the nth working day without one; -1 the last

    def resolve(self, today: date) -> date | None:
        """The day meant, or None when there is none such (31 February)."""
        if self.shift is not None:
            return today + timedelta(self.shift)
        if self.day is not None:
            return self._by_number(today)
        if self.period_end is not None:
            return self._end(today, MONTHS_OF[self.period_end])
        if self.nth is not None:
            return self._counted(today, self.nth)
        if self.weekday is not None:
            if self.next_week:
                return today + timedelta(7 - today.weekday() + self.weekday)
            return today + timedelta((self.weekday - today.weekday() - 1) % 7 + 1 + 7 * self.later)
        return None

    def _end(self, today: date, length: int) -> date:
        """The last day of the named month, else of the period of so many months that runs today, or a later one."""
        if self.month is not None:
            year, month = self.year or (today.year if self.month >= today.month else today.year + 1), self.month
        else:
            count = today.year * 12 + (today.month - 1) // length * length + length - 1 + length * self.later
            year, month = count // 12, count % 12 + 1
        return date(year, month, months.monthrange(year, month)[1])

    def _counted(self, today: date, nth: int) -> date | None:
        """The nth weekday or working day of the month, the next that is to come."""
        for count in range(today.year * 12 + today.month - 1, today.year * 12 + today.month + 12):
            year, month = count // 12, count % 12 + 1
            if self.month not in (None, month):
                continue
            every = [date(year, month, n + 1) for n in range(months.monthrange(year, month)[1])]
            fitting = [d for d in every if (d.weekday() < 5 if self.weekday is None else d.weekday() == self.weekday)]
            found = fitting[nth - 1 if nth > 0 else nth] if nth <= len(fitting) else None
            if found is not None and found >= today:
                return found
        return None

    def _by_number(self, today: date) -> date | None:
        assert self.day is not None
        if self.month is not None:
            return self._in_month(today, self.month)
        year, month = today.year, today.month
        for _ in range(12):
            found = _date(year, month, self.day)
            if found and found >= today and (self.weekday is None or found.weekday() == self.weekday):
                return found if self.weekday is None or found - today <= HALF_A_YEAR else None
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return None

    def _in_month(self, today: date, month: int) -> date | None:
        """The next such day. A weekday that contradicts it chooses the year it fits, if that is within half a year."""
        assert self.day is not None
        years = [self.year] if self.year else [today.year, today.year + 1]
        dates = [found for year in years if (found := _date(year, month, self.day)) and (self.year or found >= today)]
        if not dates:
            return None
        if self.weekday is None or dates[0].weekday() == self.weekday:
            return dates[0]
        if self.year:
            return None
        fitting = [
            found
            for year in (today.year - 1, today.year, today.year + 1)
            if (found := _date(year, month, self.day))
            and found.weekday() == self.weekday
            and abs(found - today) <= HALF_A_YEAR
        ]
        return fitting[0] if fitting else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def imm_day(year: int, month: int) -> date:
    """The third Wednesday of a month."""
    first = date(year, month, 1)
    return first + timedelta((2 - first.weekday()) % 7 + 14)


def ordinal_at(words: Sequence[str], i: int) -> tuple[int, int]:
    """(day, tokens) of "sixteenth", "twenty-first", "16th"; (0, 0) otherwise."""
    word = words[i] if i < len(words) else ""
    after = words[i + 1] if i + 1 < len(words) else ""
    if word in ORDINALS:
        return ORDINALS[word], 1
    if word in ("twenty", "thirty"):
        gap = 2 if after == "-" else 1
        unit = words[i + gap] if i + gap < len(words) else ""
        if unit in _ORDINAL_UNITS:
            return (20 if word == "twenty" else 30) + _ORDINAL_UNITS[unit], gap + 1
    if (
        word.isdecimal()
        and word.isascii()
        and len(word) <= 2
        and after in ("st", "nd", "rd", "th")
        and 1 <= int(word) <= 31
    ):
        return int(word), 2
    return 0, 0


def _counted_day(words: Sequence[str], i: int) -> tuple[int, int]:
    """(day, tokens) of "eight of January", "twenty eight September", as said or heard after "value"."""
    figure = figure_at(words, i)
    if figure is None or figure.pointed or figure.scaled or figure.fraction or not 1 <= figure.value <= 31:
        return 0, 0
    after = figure.last + (words[figure.last : figure.last + 1] == ["of"])
    return (int(figure.value), figure.last - i) if words[after : after + 1] and words[after] in MONTHS else (0, 0)


VALUED: tuple[str, ...] = tuple(_WORDS["valued"])


def year_at(words: Sequence[str], i: int) -> tuple[int, int]:
    """(year, tokens) of "2027", "twenty twenty-seven", "27", "twenty-seven", "twenty-nines"; (0, 0) otherwise."""
    plural = plural_year(words, i)
    if plural[1]:
        return plural
    if words[i : i + 2] == ["twenty", "-"]:  # "twenty-thirty-one"
        year, length = year_at(words, i + 2)
        if length:
            return year, length + 2
    figure = figure_at(words, i) if i < len(words) and words[i] != "and" else None
    if figure is not None and figure.scale_word == "thousand" and 2025 <= figure.value <= 2075:
        return int(figure.value), figure.last - i  # "two thousand and thirty-one"
    if figure is None or figure.fraction or figure.pointed or figure.scaled or not figure.digits.isdecimal():
        return 0, 0
    number = int(figure.digits) if len(figure.digits) <= 4 else 0
    if 2000 <= number <= 2099:
        return number, figure.last - i
    if len(figure.chunks) == 1 and 24 <= number <= 75:
        return 2000 + number, figure.last - i
    return 0, 0


def plural_year(words: Sequence[str], i: int) -> tuple[int, int]:
    """A maturity in the plural, as bonds are called: "twenty-nines", "33s", "thirties"."""
    tens = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
    units = {
        f"{word}s" if word != "six" else "sixes": i
        for i, word in enumerate("one two three four five six seven eight nine".split(), 1)
    }
    word = words[i] if i < len(words) else ""
    if word in tens:
        gap = 2 if words[i + 1 : i + 2] == ["-"] else 1
        unit = words[i + gap] if i + gap < len(words) else ""
        if unit in units and tens[word] + units[unit] >= 24:
            return 2000 + tens[word] + units[unit], gap + 1
    if (
        word.isdecimal()
        and word.isascii()
        and len(word) == 2
        and words[i + 1 : i + 2] in (["s"], ["'s"])
        and int(word) >= 24
    ):
        return 2000 + int(word), 2
    return 0, 0


def day_at(words: Sequence[str], i: int) -> Day | None:
    """The day named from token i on."""
    word = words[i]
    if word in TODAY or (word == "this" and i + 1 < len(words) and words[i + 1] in PARTS):
        return Day(i, i + 1 + (word == "this"), shift=0)
    if (
        word == "close"
        and i
        and words[i - 1] in ("by", "before", "until", "till", "after", "at")
        or (word == "close" and words[i - 2 : i] in (["after", "the"], ["by", "the"]))
    ):
        return Day(i, i + 1, shift=0)
    if word in TOMORROW and not (word == "tom" and (i == 0 or words[i - 1] in (",", "hi"))):
        return Day(i, i + 1 + (i + 1 < len(words) and words[i + 1] in PARTS), shift=1)
    if (
        word == "day"
        and words[max(0, i - 3) : i] == ["end", "of", "the"]
        or word == "business"
        and words[i - 2 : i] == ["close", "of"]
    ):
        return Day(i, i + 1, shift=0)
    if word == "morning" and words[max(0, i - 2) : i] == ["in", "the"]:
        return Day(i, i + 1, shift=1)
    return _numbered_day(words, i)


def _numbered_day(words: Sequence[str], i: int) -> Day | None:
    if i > 1 and words[i - 1] in ("an", "a", "one", "three", "five", "seven") and words[i - 2] == "and":
        return None  # four and an eighth
    at, weekday, next_week = i, None, False
    if words[at] == "next" and at + 1 < len(words) and words[at + 1] in DAYS:
        next_week, at = True, at + 1
    if words[at : at + 2] == ["next", "week"] and words[at + 2 : at + 3] and words[at + 2] in DAYS:
        next_week, at = True, at + 2
    if words[at] in DAYS:
        if words[at] == "sat" and i and words[i - 1] in ("who", "i", "he", "she", "it", "they", "we", "you", "just"):
            return None  # "who sat on them"
        if words[at] in ("sun", "sat", "mon", "wed") and at + 1 < len(words) and words[at + 1] in ("'s", "is"):
            return None
        weekday, at = DAYS[words[at]], at + 1
        if words[at : at + 3] == ["of", "next", "week"]:
            next_week, at = True, at + 3
        elif words[at : at + 2] == ["next", "week"]:
            next_week, at = True, at + 2
    last = at
    while at < len(words) and words[at] in ((",", "the") if weekday is not None else ("the",)):
        at += 1
    day, length = ordinal_at(words, at)
    spelled = bool(length)
    if (
        not length
        and at < len(words)
        and words[at].isdecimal()
        and words[at].isascii()
        and len(words[at]) <= 2
        and at + 1 < len(words)
        and words[at + 1] in MONTHS
    ):
        day, length = int(words[at]), 1
    if not length and i and words[i - 1] in VALUED:
        day, length = _counted_day(words, at)
    if not length and weekday is None and at < len(words) and words[at] in MONTHS:
        return _month_first(words, i, at)
    if not length and weekday is None and i and words[i - 1] in SLASHED_AFTER and (slashed := _slashed_day(words, i)):
        return slashed
    if not length and weekday is not None and at == last and (slashed := _slashed_day(words, at)):
        return replace(slashed, first=i, weekday=weekday)
    if not length and weekday is not None and at == last and (day := _bare_day(words, at)):
        return Day(i, at + 1, day, weekday=weekday)
    if length and 1 <= day <= 31:
        after = at + length
        month_at = after + 1 if words[after : after + 1] == ["of"] else after
        if month_at < len(words) and words[month_at] in MONTHS:
            year, year_length = year_at(words, month_at + 1)
            if year > 2045 and not words[month_at + 1].startswith("20"):
                year, year_length = 0, 0  # "exp 8 jul 61 pips"
            return Day(i, month_at + 1 + year_length, day, MONTHS[words[month_at]], year or None, weekday)
        if weekday is not None and spelled:
            return Day(i, after, day, weekday=weekday)
        if spelled and _stands_alone(words, i, at, after, day):
            return Day(i, after, day)
    return Day(i, last, weekday=weekday, next_week=next_week) if weekday is not None else None


def _slashed_day(words: Sequence[str], i: int) -> Day | None:
    """ "30/6" after a word of deadline: day and month."""
    if words[i + 1 : i + 2] != ["/"] or i + 2 >= len(words):
        return None
    if not all(word.isascii() and word.isdecimal() and len(word) <= 2 for word in (words[i], words[i + 2])):
        return None
    day, month = int(words[i]), int(words[i + 2])
    return Day(i, i + 3, day, month) if 1 <= day <= 31 and 1 <= month <= 12 else None


def _bare_day(words: Sequence[str], at: int) -> int:
    """The 16 of "tue 16"; 0 where the number is an amount, an hour or a price ("tue 16m", "fri 10am", "mon 9:30")."""
    number, after = (*words[at : at + 2], "", "")[:2]
    if not (number.isascii() and number.isdecimal() and len(number) <= 2 and 1 <= int(number) <= 31):
        return 0
    taken = (
        after in SCALES
        or after in LETTERS
        or after in ("am", "pm", "a.m.", "p.m.", ":", "/", "-", "%", "o'clock", "lots")
    )
    return 0 if taken else int(number)


def _stands_alone(words: Sequence[str], i: int, at: int, after: int, day: int) -> bool:
    """ "the sixteenth" is a day; "the second leg" and "seven eighths" are not."""
    nxt = words[after] if after < len(words) else ""
    if at == i and (
        i == 0 or words[i - 1] not in ("value", "val", "on", "by", "till", "until", "for", "thu", "so", ",")
    ):
        return False
    return day > 3 and (
        not nxt.isalpha()
        or nxt in {"so", "is", "and", "for", "if", "please", "pls", "then", "but", "as", "at", "on", "which", "or"}
    )


def _month_first(words: Sequence[str], i: int, at: int) -> Day | None:
    """ "September 17th", "October 5"; a bare number from 24 on is a year unless a deadline word stands before."""
    day, length = ordinal_at(words, at + 1)
    lead = next((n for n, gap in ((2, [",", "the"]), (1, ["the"])) if list(words[at + 1 : at + 1 + n]) == gap), 0)
    if not length and lead and ordinal_at(words, at + 1 + lead)[1]:  # "August, the fourteenth"
        day, length = ordinal_at(words, at + 1 + lead)
        length += lead
    if not length:
        number = words[at + 1] if at + 1 < len(words) else ""
        if not (number.isdecimal() and number.isascii() and len(number) <= 2 and 1 <= int(number) <= 31):
            return None
        if int(number) >= 24 and not (i and words[i - 1] in ("by", "on", "until", "till", "before", "value", "val")):
            return None
        if words[at + 2 : at + 3] and (words[at + 2] in SCALES or words[at + 2] in LETTERS):
            return None
        day, length = int(number), 1
    after = at + 1 + length
    skip = 1 if words[after : after + 1] == [","] else 0
    year, year_length = year_at(words, after + skip)
    if year and year_length and 2000 <= year <= 2099 and words[after + skip].startswith("20"):
        return Day(i, after + skip + year_length, day, MONTHS[words[at]], year)
    return Day(i, after, day, MONTHS[words[at]])
