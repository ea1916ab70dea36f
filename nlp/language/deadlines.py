"""By when: the days and hours that are said of something to be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from nlp.language import vocabulary
from nlp.language.calendar import Day
from nlp.language.figures import figure_at
from nlp.language.frames import Frame
from nlp.language.numerals import is_number
from nlp.language.phrases import Phrases


def due(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """By when the words `first` to `last` of a turn are to be done: a day or week named there, one named elsewhere in
    the turn, or an hour, which is of this day."""
    whole = (0, len(frame.words))
    return (
        _put_right(frame, first, today)
        or _spelled_out(frame, last, today)
        or named(frame, first, last, today)
        or rough(frame, first, last, today)
        or named(frame, *whole, today)
        or rough(frame, *whole, today)
        or hours(frame, first, last, today)
        or hours(frame, *whole, today)
    )


def _put_right(frame: Frame, first: int, today: date) -> list[date]:
    """The day that takes the place of one just said: "Thursday. No wait, Friday", "this aft-- no, tomorrow"."""
    ends = [found.last for found in CORRECTIONS.found(frame.lows, first)]
    if (
        not ends
        or not any(first <= day.first < ends[-1] for day in frame.days)
        and not rough(frame, first, ends[-1], today)
    ):
        return []
    return named(frame, ends[-1], len(frame.words), today)


def _spelled_out(frame: Frame, at: int, today: date) -> list[date]:
    """The date that the next sentence gives for the day just said: "the Thursday before. That's the tenth"."""
    if "that" not in frame.lows[at : at + 2] or not {"'s", "is", "would", "'d"} & set(frame.lows[at + 1 : at + 3]):
        return []
    return [
        day
        for d in frame.days
        if at < d.first <= at + 6 and d.day is not None and (day := d.resolve(today)) is not None and day >= today
    ][:1]


def days(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """Days said in a span, else its hours."""
    return named(frame, first, last, today) or hours(frame, first, last, today)


def named(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """Days to come that are said in a span, today among them."""
    return [
        day
        for d in frame.days
        if first <= d.first < last
        and not _past(frame, d.first)
        and not _turning(frame, d.first)
        and not _named_again(frame, d)
        and not _hour_of_another(frame, d)
        and not _away(frame, d)
        and not _not_then(frame, d)
        and (day := d.resolve(today)) is not None
        and timedelta(0) <= day - today <= FAR
    ]


def _named_again(frame: Frame, day: Day) -> bool:
    """ "The fifth of August, a Wednesday": the weekday of a date just said."""
    bare = day.weekday is not None and day.day is None and day.nth is None
    return bare and any(other.day is not None and 0 <= day.first - other.last <= 3 for other in frame.days)


def _hour_of_another(frame: Frame, day: Day) -> bool:
    """ "Tomorrow after the close": the close is that of the day said beside it."""
    beside = (other for other in frame.days if other is not day and abs(other.first - day.first) <= REACH)
    return frame.lows[day.first] in ("close", "now") and any(other.shift != 0 for other in beside)


def _not_then(frame: Frame, day: Day) -> bool:
    """ "Not this Friday, the Friday after"."""
    before = frame.lows[max(0, day.first - 2) : day.first]
    return before[-1:] == ("not",) or before in (("not", "this"), ("not", "on"))


def _away(frame: Frame, day: Day) -> bool:
    """A day on which somebody is not there: "he's away on Thursday", "tomorrow, today I'm slammed"."""
    before, after = frame.part(max(0, day.first - REACH), day.first), frame.lows[day.last : day.last + 3]
    if "then" in frame.lows[day.last :]:
        return False  # "she is off until Friday, I'll send it then"
    busy = after[:1] in SUBJECTS and after[1:2] in BEING and not after[-1].endswith("ing")
    return busy or before.has(*ABSENT) and not {",", ".", "?"} & set(before.lows[-2:])


def hours(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """Today, where an hour or a short while is said: "by five", "in ten minutes", "straight away"."""
    lows = [word.low for word in frame.words[first:last]]
    text = f" {' '.join(lows)} "
    clock = any(low in BY and _hour(lows, k + 1) for k, low in enumerate(lows))
    short = any(f" {phrase} " in text for phrase in TODAY) or any(
        low in SHORT_WHILES and k and (lows[k - 1] in COUNTS or is_number(lows[k - 1])) for k, low in enumerate(lows)
    )
    in_a_few = any(
        low == "in" and is_number(lows[k + 1]) and lows[k + 2 : k + 3] in ([], ["min"])
        for k, low in enumerate(lows[:-1])
    )  # "coming in 5"
    soon = in_a_few or "soon" in lows and ("as soon as" not in text or "as soon as pos" in text)
    return [today] if clock or short or soon else []


def in_next_week(days: list[date], around: Sequence[Frame], today: date) -> list[date]:
    """The same weekday of next week where the talk was of next week ("one day next week?" "Thursday")."""
    spoken = any(frame.has("next week") for frame in around)
    week = today + timedelta(6 - today.weekday())
    return [day + timedelta(7) if spoken and today < day <= week else day for day in days]


def rough(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """A time without a day: "this week" and "by the end of next week" are over on Friday, "in two days"."""
    lows = [word.low for word in frame.words[first:last]]
    return _in_week(lows, today) or _in_time(lows, today)


_WORDS = vocabulary.section("phrases", "deadlines")
CORRECTIONS = Phrases((phrase, None) for phrase in _WORDS["corrections"])
SAME_DAY: tuple[str, ...] = tuple(_WORDS["same_day"])
ABSENT: tuple[str, ...] = tuple(_WORDS["absent"])
SUBJECTS = (("i",), ("we",), ("he",), ("she",), ("they",), ("im",))
BEING = (("'m",), ("am",), ("'re",), ("are",), ("'s",), ("is",))
REACH = 4  # tokens
FAR = timedelta(300)
"""Further off is a month just gone by: "the valuation of the end of May", in June."""
PAST = {"last", "since", "was", "came", "expires", "expire", "lapses", "lapse"}
TODAY: tuple[str, ...] = tuple(_WORDS["today"])
SHORT_WHILES: frozenset[str] = frozenset(_WORDS["short_whiles"])
AFTER_HOURS = {"pm", "am", "p", "o'clock", "with", "then", "today", "your", "my", "pls", "please", "plz"}
HOURS = set("one two three four five six seven eight nine ten eleven twelve".split())
COUNTS = {"next", "few", "couple", "of", "some", "an", "half", "your", "ur"}
BY = {"by", "before", "b4", "at", "until", "till", "@"}
FRIDAY = 4


def _in_week(lows: list[str], today: date) -> list[date]:
    """ "This week" and "by the end of next week" are over on Friday; "early next week" is Monday."""
    if "eow" in lows or "weekend" in lows and "by" in lows or " ".join(lows).count("before the week"):
        return [max(today, today - timedelta(today.weekday()) + timedelta(FRIDAY))]
    for k in range(1, len(lows)):
        if (
            lows[k] not in ("week", "wk")
            or lows[k - 1] not in ("this", "next", "the", "of")
            or lows[k - 2 : k - 1] == ["not"]
        ):
            continue
        if lows[k - 1] in ("the", "of") and "end" not in lows[max(0, k - 4) : k]:
            continue
        monday = today - timedelta(today.weekday()) + timedelta(7 * (lows[k - 1] == "next"))
        early = {"early", "beginning", "start", "first"} & set(lows[max(0, k - 5) : k])
        return [max(today, monday + timedelta(0 if early else FRIDAY))]
    return []


def _in_time(lows: list[str], today: date) -> list[date]:
    """ "In two days", "within a fortnight", "in a couple of weeks"."""
    for k, low in enumerate(lows):
        if low not in ("in", "within"):
            continue
        figure = figure_at(lows, k + 1)
        count, at = (figure.value, figure.last) if figure is not None else (1, k + 2)
        if lows[k + 1 : k + 4] == ["a", "couple", "of"]:
            count, at = 2, k + 4
        working = lows[at : at + 1] in (["working"], ["business"])
        unit = lows[at + working] if at + working < len(lows) else ""
        if unit == "fortnight":
            return [today + timedelta(14)]
        if working and unit in ("day", "days") and 0 < count <= 30:
            return [_working_day(today, int(count))]
        if unit in ("day", "days", "week", "weeks") and 0 < count <= 12 and lows[k + 1] not in ("the", "this"):
            due = today + timedelta(int(count) * (7 if unit.startswith("week") else 1))
            return [due + timedelta((7 - due.weekday()) % 7 if due.weekday() > FRIDAY else 0)]
    return []


def _working_day(today: date, count: int) -> date:
    """So many days on, weekends left out."""
    day = today
    while count:
        day += timedelta(1)
        count -= day.weekday() <= FRIDAY
    return day


def _hour(lows: list[str], at: int) -> bool:
    """An hour of this day: "before five", "at half past four", "by 3pm", "by noon"."""
    word, after = (*lows[at : at + 2], "", "")[:2]
    if word in ("noon", "midday", "lunch", "lunchtime") or (word == "half" and (after == "past" or is_number(after))):
        return True
    whole = word in HOURS or word.isdecimal() and 1 <= int(word) <= 18
    return whole and (
        not after.isalpha()
        or after in ("pm", "am", "p", "o'clock", "with", "then", "today", "your", "my", "pls", "please", "plz")
    )


def _turning(frame: Frame, at: int) -> bool:
    """ "Now, carbon.", "for now": the word that turns the talk, or limits it, is no day."""
    lows = [word.low for word in frame.words]
    if lows[at] != "now":
        return False
    before, after = lows[at - 1] if at else ".", lows[at + 1] if at + 1 < len(lows) else ""
    return (
        after == ","
        and before in ("and", "so", "then", "ok", "okay", "right", "well", ",", "-")
        or not before.isalpha()
        and before not in (",", "-")
        or before in ("for", "until", "till", "just", "from")
    )


def _past(frame: Frame, at: int) -> bool:
    """ "Last Tuesday", "came out on Monday", "as of the end of October", "the report of Friday"."""
    back = [word.low for word in frame.words[max(0, at - 4) : at]]
    said, ending = " ".join(back), "end" in back
    told = bool(PAST & set(back) or "runs out" in said) and "end" not in back[-1:]
    return told or "as of" in said or not ending and (back[-1:] == ["of"] or back[-2:] == ["of", "the"])
