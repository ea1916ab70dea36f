"""The client's word on channels of contact: what they say of a channel, and what they answer when asked for leave."""

from __future__ import annotations

from nlp.language import vocabulary
from nlp.language.evidence import ONE, span
from nlp.language.frames import Frame
from nlp.language.model import Consent, FieldSpan, Turn
from nlp.language.permissions import PREFERENCE, PRIVATE, Named, Questions, channels_named

_WORDS = vocabulary.section("phrases", "attitude")
NEGATIVES: frozenset[str] = frozenset(_WORDS["negatives"])
HARMLESS: tuple[str, ...] = tuple(_WORDS["harmless"])
CONTACT: frozenset[str] = frozenset(_WORDS["contact"])
TAKE_OFF: tuple[str, ...] = tuple(_WORDS["take_off"])
GRANTING: frozenset[str] = frozenset(_WORDS["granting"])
ARRIVED: frozenset[str] = frozenset(_WORDS["arrived"])
FINE = {"fine", "ok", "okay", "best", "welcome", "alright"}
UNWANTED: tuple[str, ...] = tuple(_WORDS["unwanted"])
JOINING = {"or", "and", ",", "nor", "by", "on", "/", "the", "any", "with", "via"}
CHANGED = ("after all", "again", "changed my mind", "on second thoughts", "opt in", "opt back in", "back on")
REACH = 7  # tokens before a channel in which a "no" or "stop" still means it


def consents(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Consent]:
    """Channels that the client allowed or refused; the last word counts."""
    found: dict[str, Consent] = {}
    questions = Questions()
    refused_at = -9
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if turn.who == "trader":
            questions.put(i, frame)
            continue
        before = frames[i - 1] if i and turns[i - 1].who == "trader" else None
        question = questions.open
        answered, left_open = questions.answered(i, frame)
        said = _said(frame, before, refused=i - refused_at <= 4, asked=question is not None)
        one = question is not None and len(question.channels) == 1
        said = said | answered if one else answered | said  # of several channels each may be named with its own word
        if not said:
            said = _taken_off(frame, [channels_named(frames[k]) for k in range(i, max(-1, i - 4), -1)])
        for channel, granted in said.items():
            held = found.get(channel)
            again = held is not None and not held.granted and not frame.has(*CHANGED) and channel not in answered
            if granted and (again or channel in left_open):
                continue  # the channel just refused, named again
            refused_at = refused_at if granted else i
            evidence = {i, i + 1} if i + 1 < len(turns) else {i}
            evidence |= {question.turn} if question is not None and channel in answered else set()
            found[channel] = Consent(
                channel=channel,
                granted=granted,
                evidence=tuple(sorted(evidence)),
                spans=_spans(turns, i, frame, channel),
                confidence=ONE,
            )
    return list(found.values())


def _spans(turns: tuple[Turn, ...], i: int, frame: Frame, channel: str) -> tuple[FieldSpan, ...]:
    place = next((n for n in channels_named(frame) if n.channel == channel), None)
    if place is None:
        return ()
    return (span("channel", turns, i, frame.words[place.first].start, frame.words[place.last - 1].end),)


def _said(frame: Frame, before: Frame | None, *, refused: bool, asked: bool) -> dict[str, bool]:
    """What the client says of channels by name, clause by clause."""
    result: dict[str, bool] = {}
    preference = frame.has(*PREFERENCE) or before is not None and before.has(*PREFERENCE)
    named = channels_named(frame, actions=True)
    newsletter = any(n.channel == "email_newsletter" for n in channels_named(before)) if before is not None else False
    stances: list[bool | None] = []
    for n, place in enumerate(named):
        start = max(_clause(frame, place.first), named[n - 1].last if n else 0)
        lead = frame.lows[start : place.first]
        end = named[n + 1].first if n + 1 < len(named) else len(frame.lows)
        tail = _until_stop(frame.lows[place.last : end])
        stance: bool | None
        if place.action and not asked:
            fine = _is_fine(tail) or tail[:1] in (("there",), ("here",)) and _is_fine(tail[1:])
            stance = True if fine or refused and lead[-1:] in (("can",), ("may",)) else None
        elif n and set(frame.lows[named[n - 1].last : place.first]) <= JOINING and stances[-1] is not None:
            stance = stances[-1]
        elif _refuses(place.channel, lead[-REACH:], tail):
            stance = False
        elif (
            _is_fine(tail)
            and place.channel in PRIVATE
            or _grants(lead, tail, alternative=refused or False in result.values(), preference=preference or asked)
        ):
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


def _is_fine(tail: tuple[str, ...]) -> bool:
    """ "Texts are fine": said of a channel that nobody names but to allow or refuse it."""
    return tail[:1] in (("'s",), ("is",), ("are",), ("s",)) and bool(FINE & set(tail[1:2]))


def _taken_off(frame: Frame, named: list[list[Named]]) -> dict[str, bool]:
    """ "Could you take me off that?": the channel named last."""
    channels = [place.channel for places in named for place in reversed(places)]
    if not frame.has(*TAKE_OFF) and not (frame.has(*UNWANTED) and channels and channels[0] in PRIVATE | {"post"}):
        return {}
    return {channels[0]: False} if channels else {}
