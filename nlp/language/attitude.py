"""The client's word on channels of contact, and how the client feels about the service."""

from __future__ import annotations

from typing import Literal

from nlp.language.frames import Frame
from nlp.language.model import Consent, Turn

CHANNELS: dict[str, tuple[str, ...]] = {
    "whatsapp": ("whatsapp", "whats app", "what 's app"),
    "email_newsletter": ("newsletter", "weekly e - mail", "weekly email", "mailing list", "e - mail newsletter", "email newsletter", "distribution e - mail"),
    "sms": ("text", "texts", "text message", "text messages", "sms", "texting", "texted"),
    "email": ("e - mail", "email", "e - mails", "emails"),
    "phone": ("phone", "telephone", "phone calls", "by phone"),
    "post": ("by post", "post", "letter"),
    "third_party_data_sharing": ("third parties", "third party", "share my details", "share my data", "share our data", "pass my details"),
}  # fmt: skip
REFUSING = ("do not", "do n't", "dont", "not", "no", "never", "nothing", "stop", "without")
ASKING = ("contact", "reach", "message", "messages", "messaged", "send", "get", "use", "put", "permission", "by", "for the record", "please", "pls", "happy", "fine", "ok", "okay", "consent", "only", "opt", "no", "not", "nothing", "text")  # fmt: skip
GRANTING = (
    "fine",
    "ok",
    "okay",
    "happy",
    "yes",
    "prefer",
    "please use",
    "only",
    "good",
    "sure",
    "go ahead",
    "i consent",
    "put me",
)
TOPIC = ("contact me", "contact us", "permission", "opt out", "opt in", "consent", "text me", "texts", "texted", "by text", "whatsapp", "newsletter", "weekly e - mail", "weekly email", "mailing list", "marketing", "text messages", "text message", "third parties", "unsubscribe", "share my details", "share our data", "sms")  # fmt: skip
POSITIVE = (
    "you 're a star", "star", "lifesaver", "life saver", "been great", "been brilliant", "really useful", "really helpful", "very helpful", "so helpful", "i owe you", "as always", "much appreciated",
    "appreciate", "great job", "great service", "excellent service", "well done", "brilliant work", "best desk", "impressed", "you 're the best", "legend", "thank you so much", "fantastic", "couldn 't have", "delighted",
)  # fmt: skip
NEGATIVE = (
    "complaint", "complain", "not acceptable", "unacceptable", "disappointed", "disappointing", "fed up", "frustrated", "frustrating", "unhappy", "not happy", "not good enough", "third time", "second time this", "not great ,",
    "waste of", "ridiculous", "let down", "appalling", "till this is sorted", "until this is sorted", "take our business", "annoyed", "angry",
)  # fmt: skip


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
            found[channel] = Consent(channel=channel, granted=granted, evidence=tuple(sorted(evidence)))
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
            part.has(*GRANTING)
            and not part.has("got", "was", "messaged", "sent")
            and (asked is not None and asked.has(*TOPIC) or refused)
        ):
            result += [(channel, True) for channel in channels]
        elif refused and len(part.lows) <= 6:  # "Phone or e-mail."
            result += [(channel, True) for channel in channels]
    return result


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
