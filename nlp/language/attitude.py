"""The client's word on channels of contact, and how the client feels about the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nlp.language import vocabulary
from nlp.language.evidence import ONE, span
from nlp.language.frames import Frame
from nlp.language.model import Consent, FieldSpan, Turn

_WORDS = vocabulary.section("phrases", "attitude")
CHANNELS: dict[str, tuple[str, ...]] = {name: tuple(words) for name, words in _WORDS["channels"].items()}
PRIVATE: frozenset[str] = frozenset(_WORDS["private"])
NEGATIVES: frozenset[str] = frozenset(_WORDS["negatives"])
HARMLESS: tuple[str, ...] = tuple(_WORDS["harmless"])
CONTACT: frozenset[str] = frozenset(_WORDS["contact"])
TAKE_OFF: tuple[str, ...] = tuple(_WORDS["take_off"])
GRANTING: frozenset[str] = frozenset(_WORDS["granting"])
PREFERENCE: tuple[str, ...] = tuple(_WORDS["preference"])
PERMISSION: tuple[str, ...] = tuple(_WORDS["permission"])
ARRIVED: frozenset[str] = frozenset(_WORDS["arrived"])
YES: frozenset[str] = frozenset(_WORDS["yes"])
NO: frozenset[str] = frozenset(_WORDS["no"])
POSITIVE: tuple[str, ...] = tuple(_WORDS["positive"])
NEGATIVE: tuple[str, ...] = tuple(_WORDS["negative"])
JOINING = {"or", "and", ",", "nor", "by", "on", "/", "the", "any", "with", "via"}
CHANGED = ("after all", "again", "changed my mind", "on second thoughts", "opt in", "opt back in", "back on")
REACH = 7  # tokens before a channel in which a "no" or "stop" still means it


@dataclass(frozen=True)
class Named:
    """A channel between tokens of a turn."""

    first: int
    last: int
    channel: str


def consents(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Consent]:
    """Channels that the client allowed or refused; the last word counts."""
    found: dict[str, Consent] = {}
    refused_at = -9
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if turn.who != "client":
            continue
        before = frames[i - 1] if i and turns[i - 1].who == "trader" else None
        answered = _answered(before, frame) if before is not None else {}
        said = answered | _said(frame, before, refused=i - refused_at <= 4)
        if not said:
            said = _taken_off(frame, [_named(frames[k]) for k in range(i, max(-1, i - 4), -1)])
        for channel, granted in said.items():
            held = found.get(channel)
            if granted and held is not None and not held.granted and not frame.has(*CHANGED):
                continue  # the channel just refused, named again
            refused_at = refused_at if granted else i
            place = next((n for n in _named(frame) if n.channel == channel), None)
            spans: tuple[FieldSpan, ...] = ()
            if place is not None:
                words = frame.words
                spans = (span("channel", turns, i, words[place.first].start, words[place.last - 1].end),)
            evidence = {i, i + 1} if i + 1 < len(turns) else {i}
            evidence |= {i - 1} if channel in answered else set()
            found[channel] = Consent(
                channel=channel, granted=granted, evidence=tuple(sorted(evidence)), spans=spans, confidence=ONE
            )
    return list(found.values())


def _named(frame: Frame) -> list[Named]:
    """The channels of a turn, the longest name at each place; "my mobile" is where something came, not how."""
    lows, found, k = frame.lows, [], 0
    while k < len(lows):
        hits = [
            (len(phrase.split()), channel)
            for channel, phrases in CHANNELS.items()
            for phrase in phrases
            if list(lows[k : k + len(phrase.split())]) == phrase.split()
        ]
        length, channel = max(hits, default=(0, ""))
        if length:
            mine = channel == "phone" and {"my", "new", "personal", "own", "your"} & set(lows[max(0, k - 2) : k])
            if not mine:
                found.append(Named(k, k + length, channel))
        k += length or 1
    return found


def _said(frame: Frame, before: Frame | None, *, refused: bool) -> dict[str, bool]:
    """What the client says of channels by name, clause by clause."""
    result: dict[str, bool] = {}
    preference = frame.has(*PREFERENCE) or before is not None and before.has(*PREFERENCE)
    named = _named(frame)
    newsletter = any(n.channel == "email_newsletter" for n in _named(before)) if before is not None else False
    stances: list[bool | None] = []
    for n, place in enumerate(named):
        start = max(_clause(frame, place.first), named[n - 1].last if n else 0)
        lead = frame.lows[start : place.first]
        end = named[n + 1].first if n + 1 < len(named) else len(frame.lows)
        tail = _until_stop(frame.lows[place.last : end])
        stance: bool | None
        if n and set(frame.lows[named[n - 1].last : place.first]) <= JOINING and stances[-1] is not None:
            stance = stances[-1]
        elif _refuses(place.channel, lead[-REACH:], tail):
            stance = False
        elif _grants(lead, tail, alternative=refused or False in result.values(), preference=preference):
            stance = True
        else:
            stance = None
        stances.append(stance)
        if stance is not None:
            channel = "email_newsletter" if place.channel == "email" and newsletter else place.channel
            result[channel] = stance
    return result


def _clause(frame: Frame, at: int) -> int:
    start = at
    while start and frame.lows[start - 1] not in (".", "?", "!", ";", ",", "but", "--", "..."):
        start -= 1
    return start


def _until_stop(lows: tuple[str, ...]) -> tuple[str, ...]:
    end = next((k for k, low in enumerate(lows) if low in (".", "?", "!", ";", ",", "but")), len(lows))
    return lows[:end]


def _refuses(channel: str, lead: tuple[str, ...], tail: tuple[str, ...]) -> bool:
    text = f" {' '.join(lead)} "
    if any(f" {phrase} " in text for phrase in HARMLESS) or ARRIVED & {*lead, *tail[:3]}:
        return False
    if any(f" {phrase} " in text for phrase in TAKE_OFF):
        return True
    at = next((k for k in range(len(lead) - 1, -1, -1) if lead[k] in NEGATIVES), None)
    if at is not None:
        close = len(lead) - at <= 3
        return close or channel in PRIVATE or bool(CONTACT & set(lead[at:]))
    after = tail[:3]
    return after[:1] in (("no",), ("not",)) or (channel in PRIVATE and after[:2] in (("i", "do"), ("is", "not")))


def _grants(lead: tuple[str, ...], tail: tuple[str, ...], *, alternative: bool, preference: bool) -> bool:
    """The channel that is to be used instead, or that was asked for."""
    if not (alternative or preference) or (ARRIVED | {"sent", "messaged", "was"}) & {*lead, *tail}:
        return False
    return bool(GRANTING & {*lead, *tail}) or len(lead) + len(tail) <= 4


def _answered(asked: Frame, answer: Frame) -> dict[str, bool]:
    """The channels that the trader asked leave for, with the client's yes or no."""
    if not asked.has(*PERMISSION):
        return {}
    lasting = asked.has(*PREFERENCE, "reach", "contact", "contacting")
    channels = {n.channel for n in _named(asked) if n.channel in PRIVATE or lasting}
    named = {n.channel for n in _named(answer)}
    first = [low for low in answer.lows[:8] if low.isalpha() or low == "n't"]
    yes, no = bool(YES & set(first)), bool(NO & set(first))
    if asked.has("mind") and no and (yes or len(first) <= 3 or first[:2] == ["not", "at"]):
        yes, no = True, False  # "do you mind?" "no, that's fine"
    if yes and no:
        yes, no = first[0] in YES, first[0] in NO
    if yes == no:
        return {}
    return {channel: yes for channel in channels if channel not in named}


def _taken_off(frame: Frame, named: list[list[Named]]) -> dict[str, bool]:
    """ "Could you take me off that?": the channel named last."""
    if not frame.has(*TAKE_OFF):
        return {}
    channels = [place.channel for places in named for place in reversed(places)]
    return {channels[0]: False} if channels else {}


def sentiment(turns: tuple[Turn, ...], frames: list[Frame]) -> Literal["positive", "neutral", "negative"]:
    """Praise beyond routine courtesy is positive; dissatisfaction that is not taken back is negative."""
    praise = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*POSITIVE)), default=-1)
    blame = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*NEGATIVE)), default=-1)
    if blame > praise:
        return "negative"
    return "positive" if praise >= 0 else "neutral"
