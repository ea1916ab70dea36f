"""What is said to come to the other side, or asked for, without an action: "you'll have it by Friday", "any chance of
a copy?"."""

from __future__ import annotations

from nlp.language import vocabulary
from nlp.language.acts import conditional, vague
from nlp.language.frames import Frame
from nlp.language.model import Who
from nlp.language.tasks import Promise
from nlp.language.things import things

_WORDS = vocabulary.section("phrases", "promises")
DELIVERIES: tuple[str, ...] = tuple(_WORDS["deliveries"])
PHONED: frozenset[str] = frozenset(_WORDS["phoned"])
READY: tuple[str, ...] = tuple(_WORDS["ready"])
HAVE_TO: tuple[str, ...] = tuple(_WORDS["have_to"])
GONE: frozenset[str] = frozenset(_WORDS["gone"])
ASKED_FOR: tuple[str, ...] = tuple(_WORDS["asked_for"])
PRICED: frozenset[str] = frozenset(_WORDS["priced"])
GRANTS_TIME: tuple[str, ...] = tuple(_WORDS["grants_time"])
HAVING = ("get", "have", "receive", "hear")
GIVEN = {"it", "them", "that", "one", "whatever", "what", "everything"}
FIRST_TOLD = (["be", "my", "first"], ["be", "the", "first"])


def delivery(i: int, who: Who, frame: Frame, first: int, last: int, *, dated: bool) -> Promise | None:
    """ "You'll have it by Friday", "you get it from me on the 4th", "with you by noon": the speaker will see to it."""
    lows = [word.low for word in frame.words[first:last]]
    text = f" {' '.join(lows)} "
    start = next((_at(text, phrase) for phrase in DELIVERIES if f" {phrase} " in text), None)
    start = start if start is not None else _rung(lows)
    if start is None and dated and lows[-1:] != ["?"]:
        granted = None if frame.part(last, len(frame.words)).has("i 'll", "we 'll") else _time_granted(text)
        starts = (_given(lows, frame, first, last), _with_you(frame, first, last), granted, _ready(text, lows))
        start = next((at for at in starts if at is not None), None)
    part = frame.part(first, last)
    if start is not None and part.has(*HAVE_TO):
        return None
    if start is None or GONE & set(lows[:start]) or _told(lows[start:], part) or part.monies:
        return None
    named_there = things(frame, first, last)
    if start is not None and {"no", "nothing", "none"} & set(lows[start : start + 4]):
        return None  # "you'll get no orders out of me"
    had = next((n for n in range(start, min(len(lows), start + 5)) if lows[n] in ("get", "have", "receive")), start)
    k = first + had
    kind, nothing = ("call", True) if lows[start + 2 : start + 5] in FIRST_TOLD else ("send", vague(frame, k, last))
    found = Promise(who, kind, i, (k, last), True, conditional(frame, first, last), {i}, nothing)
    if named_there and lows[had] not in HAVING:
        found.thing, found.vague = named_there[0].at, False  # "the contract note goes out to you today"
        found.words = (first, last)
    return found


def _told(lows: list[str], part: Frame) -> bool:
    """A price or a fill, told at once; on a day that is said the fills come in a report."""
    return bool(PRICED & set(lows[:8]) - ({"fills"} if part.days else set()))


def asked_for(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """A thing asked for without an action: "any chance of a copy?", "when do I get it?", "still need your form"."""
    part = frame.part(first, last)
    text = f" {' '.join(part.lows)} "
    start = next((_at(text, phrase) for phrase in ASKED_FOR if f" {phrase} " in text), None)
    if start is None or part.sizes or part.prices or part.mentions or part.verbs:
        return None
    if {"you", "u", "they"} & set(part.lows[max(0, start - 2) : start]):
        return None  # "do you still need our form?"
    k = next((n for n in range(first + start, min(last, first + start + 5)) if frame.lows[n] in HAVING), first + start)
    other: Who = "client" if who == "trader" else "trader"
    return Promise(other, "send", i, (k, last), False, False, {i}, vague(frame, k, last), needs_day=True)


def _at(text: str, phrase: str) -> int:
    """Tokens before a phrase of a text that begins with a blank."""
    return text[: text.find(f" {phrase} ")].count(" ")


def _rung(lows: list[str]) -> int | None:
    """ "You get a ring", "you get a final answer in writing"."""
    for k, low in enumerate(lows):
        if (
            low in ("get", "receive")
            and {"you", "u"} & set(lows[max(0, k - 3) : k])
            and PHONED & set(lows[k + 1 : k + 5])
        ):
            return k if not {"did", "do", "if", "when"} & set(lows[max(0, k - 4) : k]) else None
    return None


def _given(lows: list[str], frame: Frame, first: int, last: int) -> int | None:
    """ "You get the list from me", "you'd have it from us", "you receive the file on Monday"."""
    for k, low in enumerate(lows):
        to_you = low in ("get", "have", "receive") and {"you", "u", "youll", "ull"} & set(lows[max(0, k - 3) : k])
        from_us = any(f"from {giver}" in " ".join(lows[k:]) for giver in ("me", "us", "my", "our"))
        paper = low == "receive" and bool(things(frame, first + k, min(last, first + k + 7)))
        if to_you and (from_us or paper or lows[k + 1 : k + 2] and lows[k + 1] in GIVEN):
            return k
    return None


def _with_you(frame: Frame, first: int, last: int) -> int | None:
    """ "Amended paper with you by noon", "the file is coming to you Friday": a day right after the other side."""
    lows = [word.low for word in frame.words]
    if (GONE | {"leave", "leaving", "left"}) & set(lows[first:last]):
        return None
    starts = {day.first for day in frame.days}
    for k in range(first + 1, last):
        if lows[k] in ("you", "u") and lows[k - 1] in ("with", "to") and starts & set(range(k + 1, k + 4)):
            return 0
    return None


def _time_granted(text: str) -> int | None:
    """ "Give me until Monday for that", where what is done by then is not said in the next words."""
    return 0 if any(f" {phrase} " in text for phrase in GRANTS_TIME) else None


def _ready(text: str, lows: list[str]) -> int | None:
    """ "It will be in place by the 30th"."""
    found = any(f" {phrase} " in text for phrase in READY) and {"'ll", "will", "should", "ll"} & set(lows)
    return 0 if found else None
