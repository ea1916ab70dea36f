"""The client's word on channels of contact, and how the client feels about the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from nlp.language import vocabulary
from nlp.language.evidence import ONE, span
from nlp.language.frames import Frame
from nlp.language.model import Consent, Turn

CHANNELS: dict[str, tuple[str, ...]] = {
    name: tuple(words) for name, words in vocabulary.section("phrases", "attitude")["channels"].items()
}
REFUSING: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["refusing"])
ASKING: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["asking"])
GRANTING: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["granting"])
PREFERENCE = ("prefer", "reach you", "contact you", "like us to", "best way")
TOPIC: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["topic"])
POSITIVE: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["positive"])
NEGATIVE: tuple[str, ...] = tuple(vocabulary.section("phrases", "attitude")["negative"])


def consents(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Consent]:
    """Channels that the client allowed or refused; the last word counts."""
    found: dict[str, Consent] = {}
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if turn.who != "client":
            continue
        asked = frames[i - 1] if i and turns[i - 1].who == "trader" else None
        if not frame.has(*TOPIC) and not (
            asked is not None
            and asked.has(*TOPIC)
            and frame.has("e - mail", "email", "text", "texts", "whatsapp", "phone")
        ):
            continue
        for channel, granted in _said(frame, asked):
            evidence = {i, i + 1} if i + 1 < len(turns) else {i}
            where = next(_where(frame, CHANNELS[channel]), None)
            spans = (span("channel", turns, i, *where),) if where else ()
            found[channel] = Consent(
                channel=channel,
                granted=granted,
                evidence=tuple(sorted(evidence)),
                spans=spans,
                confidence=ONE,
            )
    return list(found.values())


def _said(frame: Frame, asked: Frame | None) -> list[tuple[str, bool]]:
    result: list[tuple[str, bool]] = []
    refused = False
    for part in _clauses(frame):
        channels = [name for name, words in CHANNELS.items() if part.has(*words)]
        if "email_newsletter" in channels and "email" in channels:
            channels.remove("email")
        elif channels == ["email"] and asked is not None and asked.has(*CHANNELS["email_newsletter"]):
            channels = ["email_newsletter"]
        if part.has("my own phone", "my phone", "my mobile", "personal phone") and "phone" in channels:
            channels.remove("phone")  # where it came, not how
        if not channels:
            continue
        negative = part.has(*REFUSING) and not part.has("no problem", "no worries", "not a problem", "do n't mind")
        if negative and part.has(*ASKING):
            refused = True
            result += [(channel, False) for channel in channels]
        elif (
            (
                part.has(*GRANTING)
                and not part.has("got", "was", "messaged", "sent")
                and (asked is not None and asked.has(*TOPIC) or refused)
            )
            or (refused or asked is not None and asked.has(*PREFERENCE))
            and len(part.lows) <= 6
        ):
            result += [(channel, True) for channel in channels]
    return result


def _where(frame: Frame, phrases: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Characters of each of the phrases."""
    for phrase in phrases:
        pieces = tuple(phrase.split())
        for k in range(len(frame.words) - len(pieces) + 1):
            if tuple(word.low for word in frame.words[k : k + len(pieces)]) == pieces:
                yield frame.words[k].start, frame.words[k + len(pieces) - 1].end


def _clauses(frame: Frame) -> list[Frame]:
    parts, start = [], 0
    for k, word in enumerate(frame.words):
        if word.low in (".", "?", "!", ";", "but"):
            parts.append(frame.part(start, k))
            start = k + 1
    parts.append(frame.part(start, len(frame.words)))
    return [part for part in parts if part.lows]


def sentiment(turns: tuple[Turn, ...], frames: list[Frame]) -> Literal["positive", "neutral", "negative"]:
    """Praise beyond routine courtesy is positive; dissatisfaction that is not taken back is negative."""
    praise = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*POSITIVE)), default=-1)
    blame = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*NEGATIVE)), default=-1)
    if blame > praise:
        return "negative"
    return "positive" if praise >= 0 else "neutral"
