"""The client's word on channels of contact: what they say of a channel, and what they answer when asked for leave."""

from __future__ import annotations

from nlp.language import vocabulary
from nlp.language.channels import PRIVATE, Named, by_them, channels_named
from nlp.language.evidence import ONE, span
from nlp.language.frames import Frame
from nlp.language.model import Consent, FieldSpan, Turn
from nlp.language.permissions import ARRIVED, PREFERENCE, Asked, Questions
from nlp.language.stances import stance

_WORDS = vocabulary.contact("leave")
NEGATIVES: frozenset[str] = frozenset(_WORDS["negatives"])
HARMLESS: tuple[str, ...] = tuple(_WORDS["harmless"])
CONTACT: frozenset[str] = frozenset(_WORDS["contact"])
TAKE_OFF: tuple[str, ...] = tuple(_WORDS["take_off"])
GRANTING: frozenset[str] = frozenset(_WORDS["granting"])
LASTING: tuple[str, ...] = tuple(_WORDS["lasting"])
UNWANTED: tuple[str, ...] = tuple(_WORDS["unwanted"])
FINE = {"fine", "ok", "okay", "best", "welcome", "alright"}
JOINING = {"or", "and", ",", "nor", "by", "on", "/", "the", "any", "with", "via"}
CHANGED: tuple[str, ...] = tuple(_WORDS["changed"])
OR = {"or", "and", "nor", "/"}
SENTENCE_ENDS = frozenset((".", "?", "!", ";"))
CLAUSE_ENDS = SENTENCE_ENDS | {",", "but", "--", "..."}
BOUNDED = {"before", "after", "between", "until", "till", "during", "while"}  # "never ring me before nine"
EVENTS = (("it",), ("they",), ("that",), ("one",))  # "when it trades"
ONE_SENTENCE = 12  # tokens
REACH = 7  # tokens before a channel in which a "no" or "stop" still means it
TOPIC_LASTS = 3  # turns after which a channel is no longer talked of
_READ_BACK = vocabulary.contact("read_back")
UNSEEN, OF_ANOTHER, NOTED = (tuple(_READ_BACK[part]) for part in ("unseen", "of_another", "noted"))
SAID_NO: tuple[str, ...] = tuple(_READ_BACK["refused"])
SAID_YES: tuple[str, ...] = tuple(_READ_BACK["granted"])
NO_BEFORE: frozenset[str] = frozenset(_READ_BACK["before"])
NO_AFTER: frozenset[str] = frozenset(_READ_BACK["after_refused"])
YES_AFTER: tuple[tuple[str, ...], ...] = tuple(tuple(phrase.split()) for phrase in _READ_BACK["after_granted"])


def consents(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Consent]:
    """Channels that the client allowed or refused; the last word counts."""
    found: dict[str, Consent] = {}
    questions = Questions()
    refused_at = -9
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if turn.who == "trader":
            for channel, granted in _read_back(i, turns, frames).items():
                if found.get(channel) is None or found[channel].granted != granted:
                    found[channel] = _consent(turns, i, frame, channel, granted=granted, evidence={i - 1, i})
            questions.put(i, frame)
            continue
        frame = by_them(frame)
        before = frames[i - 1] if i and turns[i - 1].who == "trader" else None
        question = questions.open
        answered, left_open = questions.answered(i, frame)
        said = _said(frame, before, question, refused=i - refused_at <= 4)
        one = question is not None and len(question.channels) == 1
        said = said | answered if one else answered | said  # of several channels each may be named with its own word
        if not said:
            said = _taken_off(frame, [channels_named(frames[k]) for k in range(i, max(-1, i - 4), -1)])
        if question is None and _of_one_event(frame):
            continue
        for channel, granted in said.items():
            if not (granted or question or _taken_note_of(i, channel, turns, frames)):
                continue  # "phone me, I never see my e-mails"
            held = found.get(channel)
            again = held is not None and not held.granted and not frame.has(*CHANGED) and channel not in answered
            if granted and (again or channel in left_open):
                continue  # the channel just refused, named again
            refused_at = refused_at if granted else i
            evidence = {i, i + 1} if i + 1 < len(turns) else {i}
            evidence |= {question.turn} if question is not None and channel in answered else set()
            found[channel] = _consent(turns, i, frame, channel, granted=granted, evidence=evidence)
    return list(found.values())


def _of_one_event(frame: Frame) -> bool:
    """How one thing is to be told: "when it trades don't phone, drop me an e-mail"."""
    named = next((k for k, low in enumerate(frame.lows) if low == "when" and frame.lows[k + 1 : k + 2] in EVENTS), None)
    places = channels_named(frame, actions=True)
    if named is None or not places or any(place.channel in PRIVATE for place in places):
        return False
    return 0 < min(place.first for place in places) - named <= ONE_SENTENCE


def _taken_note_of(i: int, channel: str, turns: tuple[Turn, ...], frames: list[Frame]) -> bool:
    """The trader answers a refusal that nobody asked for: names the channel, or says that it is seen to."""
    frame = frames[i]
    if frame.has(*OF_ANOTHER):
        return False
    if channel in PRIVATE or frame.has(*UNSEEN):
        return channel in PRIVATE
    answer = next((k for k in range(i + 1, min(len(turns), i + 3)) if turns[k].who == "trader"), None)
    if answer is None:
        return True
    named = {place.channel for place in channels_named(frames[answer], actions=True)}
    return channel in named or frames[answer].has(*NOTED)


def _consent(
    turns: tuple[Turn, ...], i: int, frame: Frame, channel: str, *, granted: bool, evidence: set[int]
) -> Consent:
    spans, places = _spans(turns, i, frame, channel), tuple(sorted(evidence))
    return Consent(channel=channel, granted=granted, evidence=places, spans=spans, confidence=ONE)


def _read_back(i: int, turns: tuple[Turn, ...], frames: list[Frame]) -> dict[str, bool]:
    """What the trader says again of the client's word: "no texts then", "mail it is", "so that's a no"."""
    frame = frames[i]
    if not i or turns[i - 1].who != "client" or frame.question and len(frame.lows) > 6:
        return {}
    if frames[i - 1].has(*OF_ANOTHER) or _of_one_event(frames[i - 1]):
        return {}
    talked = [channels_named(frames[k], actions=True) for k in range(i - 1, max(-1, i - 1 - TOPIC_LASTS), -1)]
    said = {place.channel for place in talked[0]}
    said |= {place.channel for k in range(1, len(talked)) for place in talked[k] if place.channel in PRIVATE}
    said |= {place.channel for place in talked[1]} if len(talked) > 1 and frames[i - 2].question else set()
    result: dict[str, bool] = {}
    named = channels_named(frame, actions=True)
    for n, place in enumerate(named):
        lead = frame.lows[max(_since(frame, place.first, CLAUSE_ENDS), named[n - 1].last if n else 0) : place.first]
        end = named[n + 1].first if n + 1 < len(named) else len(frame.lows)
        tail = frame.lows[place.last : end][:4]
        if place.channel not in said:
            continue
        if NO_BEFORE & set(lead[-3:]) or NO_AFTER & set(tail[:1]):
            result[place.channel] = False
        elif not place.action and any(tail[: len(phrase)] == phrase for phrase in YES_AFTER):
            result[place.channel] = True
    topic = next(({place.channel for place in places} for places in talked if places), set())
    if not named and len(topic) == 1 and frame.has(*SAID_NO, *SAID_YES):
        result[topic.pop()] = not frame.has(*SAID_NO)
    return result


def _spans(turns: tuple[Turn, ...], i: int, frame: Frame, channel: str) -> tuple[FieldSpan, ...]:
    place = next((n for n in channels_named(frame) if n.channel == channel), None)
    if place is None:
        return ()
    return (span("channel", turns, i, frame.words[place.first].start, frame.words[place.last - 1].end),)


def _said(frame: Frame, before: Frame | None, question: Asked | None, *, refused: bool) -> dict[str, bool]:
    """What the client says of channels by name, clause by clause."""
    result: dict[str, bool] = {}
    preference = frame.has(*PREFERENCE) or before is not None and before.has(*PREFERENCE)
    named = channels_named(frame, actions=True)
    asked, spoken = question is not None, channels_named(before) if before is not None else []
    newsletter = any(place.channel == "email_newsletter" for place in spoken)
    newsletter = newsletter or question is not None and "email_newsletter" in question.channels
    said_of: list[bool | None] = []
    for n, place in enumerate(named):
        start = max(_since(frame, place.first, CLAUSE_ENDS), named[n - 1].last if n else 0)
        lead = frame.lows[start : place.first]
        end = named[n + 1].first if n + 1 < len(named) else len(frame.lows)
        tail = _until_stop(frame.lows[place.last : end])
        clause = (*lead, *frame.lows[place.first : place.last], *tail)
        other, wanted = refused or False in result.values(), asked or preference
        phrase = _by_phrase(place, clause, tail if place.action else frame.lows[place.last : end], asked=wanted)
        said: bool | None
        between = set(frame.lows[named[n - 1].last : place.first]) if n else set()
        if n and between <= JOINING and (between & OR or not place.action) and said_of[-1] is not None:
            instead = said_of[-1] is False and not between & OR and frame.lows[place.last - 1] in ("me", "us")
            said = True if instead else said_of[-1]  # "don't phone, e-mail me"
        elif place.action and not asked:
            fine = _is_fine(tail) or tail[:1] in (("there",), ("here",)) and _is_fine(tail[1:])
            said = True if fine or refused and lead[-1:] in (("can",), ("may",)) else phrase
        elif phrase is False or _refuses(place.channel, lead[-REACH:], tail):
            said = False
        elif (
            _is_fine(tail)
            and place.channel in PRIVATE
            or (
                _grants(lead, tail, alternative=other, preference=wanted)
                and (
                    other
                    or place.channel in PRIVATE
                    or not NEGATIVES & set(frame.lows[_since(frame, place.first, SENTENCE_ENDS) : place.first])
                )
            )
        ):
            said = True
        else:
            said = phrase
        said_of.append(said)
        if said is not None:
            channel = "email_newsletter" if place.channel == "email" and newsletter else place.channel
            result[channel] = said
    return result


def _by_phrase(place: Named, clause: tuple[str, ...], rest: tuple[str, ...], *, asked: bool) -> bool | None:
    """A channel allowed or refused by a phrase around it, or after it ("the weekly note, I don't want that")."""
    text = f" {' '.join(clause)} "
    if ARRIVED & set(clause) or any(f" {phrase} " in text for phrase in HARMLESS):
        return None
    whole = (*clause, *rest)
    lasting = any(f" {phrase} " in f" {' '.join(whole)} " for phrase in LASTING)
    if not (asked or lasting or place.channel in PRIVATE) or BOUNDED & set(rest[:1]):
        return None
    said = stance(clause, firm=True)
    return said if said is not None else stance(rest, firm=True)


def _since(frame: Frame, at: int, stops: frozenset[str]) -> int:
    """Where that begins which is said up to a token since the last of the stops."""
    return max((k + 1 for k in range(at) if frame.lows[k] in stops), default=0)


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
