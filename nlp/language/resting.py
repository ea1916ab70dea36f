"""When the talk is of an order that will rest: told from the words of either side around a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import saying, vocabulary
from nlp.language.frames import Frame
from nlp.language.quoting import two_way

if TYPE_CHECKING:
    from nlp.language.talk import Talk
    from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
CUES: tuple[str, ...] = tuple(_PHRASES["cues"])
INSTRUCTIONS: tuple[str, ...] = tuple(_PHRASES["instructions"])
LASTING: tuple[str, ...] = tuple(_PHRASES["lasting"])
HOW_LONG: tuple[str, ...] = tuple(_PHRASES["how_long"])
ASKED = ("bid me", "offer me out", "have a bid")  # in a question these ask for a price: "what would you bid me?"
NO_QUOTE = (
    "limit",
    "or better",
    "stop",
    "lim",
    "t / p",
    "s / l",
    "oco",
    "take profit",
    "order in",
    "order :",
    "still working",
    "still in",
    "still there",
    "still resting",
    "still on",
    "not filled",
    "unfilled",
    "untouched",
)
BEFORE, AFTER = 4, 3
"""Turns before and after one in which words about an order still belong to it."""


def cued(frame: Frame) -> bool:
    """The turn itself speaks of an order."""
    return frame.has(*CUES) or frame.has(*LASTING) or asks_how_long(frame)


def asks_how_long(frame: Frame) -> bool:
    """ "Until when?", "day or gtc?", "how long for?": only an order has an end."""
    if not frame.has(*HOW_LONG):
        return False
    return frame.question or bool(frame.sizes and frame.prices)


def instructed(frame: Frame) -> bool:
    """The client leaves something: "put something in for me", "take an order", "work the rest"."""
    phrases = [p for p in INSTRUCTIONS if not p.endswith(ASKED)] if frame.question else INSTRUCTIONS
    return frame.has(*phrases) and not saying.past(frame)


def of_an_order(frame: Frame) -> bool:
    """The turn itself leaves or repeats an order."""
    return instructed(frame) or frame.has(*NO_QUOTE, *LASTING)


def about_an_order(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """A trader's turn that repeats an order rather than showing a price or reading back a deal."""
    return cued(frame) or _stated(talk, i, frame, topic)


def shows_no_price(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """The number in a trader's turn is the level of an order."""
    return frame.has(*NO_QUOTE, *LASTING) or not saying.done(frame) and _stated(talk, i, frame, topic)


def _stated(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """A size or a side with one level, amid talk of an order."""
    if not (frame.prices and (frame.sizes or frame.verbs)) or two_way(topic, frame):
        return False
    return _left_before(talk, i, topic) or _lasting_after(talk, i)


def _left_before(talk: Talk, i: int, topic: Topic) -> bool:
    """The client has just left it, with its level, and no price was taken since."""
    levelled = False
    for k in range(i - 1, max(-1, i - BEFORE), -1):
        if talk.turns[k].who == "client":
            frame = talk.frames[k]
            mine = talk.topic_at.get(k) in (topic, None)
            levelled = levelled or bool(frame.prices)
            if mine and (levelled and (instructed(frame) or frame.has(*CUES)) or _named_own(frame, topic)):
                return not frame.question or bool(frame.sizes or frame.prices)
            if saying.takes(frame):
                return False
    return False


def _named_own(frame: Frame, topic: Topic) -> bool:
    """ "Buy 150 at 107.015", where nobody has shown a price yet: the client names the level."""
    named = any(verb.low in ("buy", "sell") for verb in frame.verbs) and frame.sizes and frame.prices
    return bool(named) and topic.quoted_at is None and not frame.question


def _lasting_after(talk: Talk, i: int) -> bool:
    """Its end is asked for or said right after."""
    for k in range(i + 1, min(len(talk.turns), i + AFTER)):
        frame = talk.frames[k]
        if frame.prices or talk.turns[k].who == "trader" and saying.done(frame) and not frame.question:
            return False
        if frame.question and asks_how_long(frame) or frame.has(*LASTING):
            return True
    return False
