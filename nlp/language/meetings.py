"""Meetings that are agreed: one side proposes, a day is named, the other side agrees."""

from __future__ import annotations

from datetime import date

from nlp.language import vocabulary
from nlp.language.deadlines import in_next_week, named
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.tasks import Promise

_WORDS = vocabulary.section("phrases", "meetings")
MEETINGS: tuple[str, ...] = tuple(_WORDS["meetings"])
PROPOSALS: tuple[str, ...] = tuple(_WORDS["proposals"])
SEE_YOU: tuple[str, ...] = tuple(_WORDS["see_you"])
AGREES: tuple[str, ...] = tuple(_WORDS["agrees"])
REFUSES: tuple[str, ...] = tuple(_WORDS["refuses"])
REACH = 5  # turns in which the day of a meeting is found


def meetings(turns: tuple[Turn, ...], frames: list[Frame], today: date) -> list[Promise]:
    """The meetings of a talk, each with its day, as what the trader has in the diary."""
    found: list[Promise] = []
    for i, frame in enumerate(frames):
        meeting = _announced(i, frame, today) or _proposed(i, turns, frames, today)
        if meeting is not None and not any(meeting.days == other.days for other in found):
            found.append(meeting)
    return found


def _announced(i: int, frame: Frame, today: date) -> Promise | None:
    """ "See you at your office on the 25th": a day with a place or an occasion; "see you Friday" alone is a goodbye."""
    day = named(frame, 0, len(frame.words), today)
    place = {"at", "in", "office", "there"} & set(frame.lows) or frame.has(*MEETINGS)
    if not (day and place and frame.has(*SEE_YOU)):
        return None
    at = max(k for k in range(len(frame.lows)) if frame.part(k, len(frame.lows)).has(*SEE_YOU))
    return Promise("trader", "meet", i, (at, len(frame.words)), True, False, {i}, False, days=day[-1:])


def _proposed(i: int, turns: tuple[Turn, ...], frames: list[Frame], today: date) -> Promise | None:
    """ "Would you have time for a coffee?", and in the next turns a day with a yes."""
    frame = frames[i]
    what = next((phrase for phrase in MEETINGS if frame.has(phrase)), None)
    if what is None or not (frame.has(*PROPOSALS) or frame.question and len(frame.words) < 12):
        return None
    last, day = -1, None
    for k in range(i, min(len(frames), i + REACH)):
        if k > i and frames[k].has(*REFUSES) and not named(frames[k], 0, len(frames[k].words), today):
            return None
        days = named(frames[k], 0, len(frames[k].words), today)
        if days:
            last, day = k, days[-1]
        elif day is not None:
            break
    after = [k for k in range(max(last, i), min(len(frames), last + 3)) if k > i]
    agreed = next((k for k in after if frames[k].has(*AGREES)), None)
    if day is None or agreed is None:
        return None
    head = what.split()[0]
    at = next(k for k, low in enumerate(frame.lows) if low == head)
    return Promise(
        "trader",
        "meet",
        i,
        (at, len(frame.words)),
        True,
        False,
        {i, last, agreed},
        False,
        days=in_next_week([day], frames[i : last + 1], today),
    )
