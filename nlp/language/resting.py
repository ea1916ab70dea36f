"""When the talk is of an order that will rest: told from the words of either side around a turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import saying, vocabulary
from nlp.language.frames import Frame
from nlp.language.placing import all_placed, placed
from nlp.language.twoway import two_way

if TYPE_CHECKING:
    from nlp.language.model import OrderType, Side
    from nlp.language.talk import Talk
    from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
CUES: tuple[str, ...] = tuple(_PHRASES["cues"])
INSTRUCTIONS: tuple[str, ...] = tuple(_PHRASES["instructions"])
LASTING: tuple[str, ...] = tuple(_PHRASES["lasting"])
HOW_LONG: tuple[str, ...] = tuple(_PHRASES["how_long"])
AMENDS: tuple[str, ...] = tuple(_PHRASES["amends"])
AMENDED: tuple[str, ...] = tuple(_PHRASES["amended"])
IDIOMS = re.compile("|".join(_PHRASES["idioms"]))
STANDING: tuple[str, ...] = tuple(_PHRASES["standing"])
PROGRESS: tuple[str, ...] = tuple(_PHRASES["progress"])
INVITES: tuple[str, ...] = tuple(_PHRASES["invites"])
LEAVING = re.compile("|".join(_PHRASES["leaving"]))
ENTERED: tuple[str, ...] = tuple(_PHRASES["entered"])
ASKED: tuple[str, ...] = tuple(_PHRASES["asks_price"])
CREDIT: tuple[str, ...] = tuple(_PHRASES["credit"])
NO_QUOTE: tuple[str, ...] = tuple(_PHRASES["no_quote"])
ALERT = re.compile(
    r" (?:let (?:me|us|you|u|him|her) know|tell (?:me|us)|ping|ring|call|phone|text|message|mail|email|buzz|shout"
    r"|holler|alert|warn|heads - up|heads up|give (?:me|us|you|u) an? \S+) "
)
SHOULD = re.compile(r" (?:if|when|once|should|as soon as|the moment) ")
LONG_BEFORE = 20
"""Turns within which an order that is changed was spoken of."""
BEFORE, AFTER = 4, 3
"""Turns before and after one in which words about an order still belong to it."""


@dataclass
class Resting:
    """An order while it is being agreed."""

    topic: Topic
    side: Side
    size: Decimal
    ccy: str | None
    unit: str | None
    level: Decimal | None
    kind: OrderType
    turn: int
    expiry: str | None = None
    oco: bool = False
    evidence: set[int] = field(default_factory=set)


def worded(frame: Frame) -> bool:
    """A word of orders is said, and not as in "credit limit", "stop by" or "works for me"."""
    text = IDIOMS.sub(" , ", f" {' '.join(frame.lows)} ")
    return any(f" {cue} " in text for cue in CUES)


def cued(frame: Frame) -> bool:
    """The turn itself speaks of an order."""
    return worded(frame) or frame.has(*LASTING) or asks_how_long(frame)


def entered(frame: Frame) -> bool:
    """An order is said to be in, and nothing to be filled."""
    lasting = frame.has(*LASTING) or worded(frame)
    return lasting and frame.has(*ENTERED) and not {"sold", "bought", "filled", "fild"} & set(frame.lows)


def without_alerts(frame: Frame) -> Frame:
    """A turn without what asks to be told of a level ("and ring me if it gets past sixty" leaves no order), and without
    what is said of the credit line."""
    kept: list[tuple[int, int]] = []
    told = False
    for part in saying.sentences(frame):
        text = f" {' '.join(part.lows)} "
        alert = ALERT.search(text) is not None and SHOULD.search(text) is not None
        bare = not part.sizes and not any(verb.low in ("buy", "sell") for verb in part.verbs)
        told = bool(part.prices) and bare and (alert or told) or alert and not part.prices
        if told and part.prices or part.sizes and part.has(*CREDIT) and not part.verbs:
            continue
        if kept and kept[-1][1] == part.begin:
            kept[-1] = (kept[-1][0], part.begin + len(part.lows))
        else:
            kept.append((part.begin, part.begin + len(part.lows)))
    return frame.part(*max(kept, key=lambda span: span[1] - span[0], default=(frame.begin, frame.begin)))


def bracket(frame: Frame) -> bool:
    """ "Take profit eighty-one fifty, stop loss seventy-nine fifty, and the stop is filled where it's possible"."""
    profit, stop = (_PHRASES["types"][kind] for kind in ("take_profit", "stop"))
    return frame.has(*profit) and frame.has(*stop) and len(frame.prices) > 1


def asks_how_long(frame: Frame) -> bool:
    """ "Until when?", "day or gtc?", "how long for?": only an order has an end."""
    if not frame.has(*HOW_LONG):
        return False
    return frame.question or bool(frame.sizes and frame.prices)


def instructed(frame: Frame) -> bool:
    """The client leaves something: "put something in for me", "take an order", "work the rest"."""
    phrases = [p for p in INSTRUCTIONS if not p.endswith(ASKED)] if frame.question else INSTRUCTIONS
    said = frame.has(*phrases) or LEAVING.search(IDIOMS.sub(" , ", f"{' '.join(frame.lows)} ")) is not None
    return said and not saying.past(frame)


def of_an_order(frame: Frame) -> bool:
    """The turn itself leaves or repeats an order."""
    return instructed(frame) or frame.has(*NO_QUOTE, *LASTING)


def about_an_order(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """A trader's turn that repeats an order rather than showing a price or reading back a deal."""
    stands = frame.has(*STANDING) and bool(frame.sizes and frame.prices) and not frame.question
    return stands or cued(frame) and not _own_side(frame) or _stated(talk, i, frame, topic)


def _own_side(frame: Frame) -> bool:
    """ "98.40 bid for the five": the dealer's own side of a price, where no other word is of an order."""
    text = " ".join(frame.lows)
    lows = [word.low for word in frame.words]
    shown = any(set(lows[figure.last : figure.last + 1]) & {"bid", "offer", "offered"} for figure in frame.prices)
    others = re.sub(r"\b(?:bid|offer) for\b", ",", text)
    return shown and not cued(replace(frame, lows=tuple(others.split())))


def shows_no_price(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """The number in a trader's turn is the level of an order."""
    if frame.has(*NO_QUOTE, *LASTING) or not saying.done(frame) and _stated(talk, i, frame, topic):
        return True
    return (changes(talk, i, frame, topic) or _left_at(talk, i, frame, topic)) and not two_way(topic, frame)


def _left_at(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """The level at which the client left an order a while ago is said again: "it's in, ninety-five twenty-five"."""
    said = all_placed(topic, frame)
    if not said or said & {topic.bid, topic.ask, topic.mid} or saying.done(frame):
        return False
    lately = range(max(topic.quoted_at or topic.opened, i - LONG_BEFORE), i)
    mine = (talk.frames[k] for k in lately if talk.turns[k].who == "client" and talk.topic_at.get(k) is topic)
    left = (other for other in mine if instructed(other) and not other.has(*AMENDS))
    return said <= {placed(topic, other, figure) for other in left for figure in other.prices}


def changes(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """ "Raise it to 147.45", "amended to eighty-six ninety-five": the level of an order spoken of before."""
    if talk.turns[i].who == "client":
        return frame.has(*AMENDS, *AMENDED)
    if not frame.has(*AMENDED) and change_asked(talk, i, topic) is None:
        return False
    before = (talk.frames[k] for k in range(max(0, i - LONG_BEFORE), i) if talk.topic_at.get(k) is topic)
    return any(cued(other) or instructed(other) for other in before)


def change_asked(talk: Talk, i: int, topic: Topic) -> int | None:
    """The turn just before in which the client asked for a change."""
    near = range(i - 1, max(-1, i - 3), -1)
    mine = (k for k in near if talk.turns[k].who == "client" and talk.topic_at.get(k) is topic)
    return next((k for k in mine if talk.frames[k].has(*AMENDS)), None)


def _stated(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """A size or a side with one level, amid talk of an order."""
    if not (frame.prices and (frame.sizes or frame.verbs)) or two_way(topic, frame) or frame.has(*PROGRESS):
        return False
    return _left_before(talk, i, topic) or _lasting_after(talk, i)


def _left_before(talk: Talk, i: int, topic: Topic) -> bool:
    """The client has just left it, with its level, and no price was taken since."""
    levelled = False
    for k in range(i - 1, max(-1, i - BEFORE), -1):
        frame = talk.frames[k]
        if talk.turns[k].who == "trader":
            if levelled and frame.has(*INVITES) and not frame.prices:
                return True  # "you can leave us a level"
            continue
        mine = talk.topic_at.get(k) in (topic, None)
        levelled = levelled or bool(frame.prices)
        if mine and (levelled and (instructed(frame) or worded(frame)) or _named_own(frame, topic)):
            return not frame.question or bool(frame.sizes or frame.prices)
        if saying.takes(frame):
            return False
    return False


def _named_own(frame: Frame, topic: Topic) -> bool:
    """ "Buy 150 at 107.015", where nobody has shown a price yet: the client names the level."""
    levelled = any(placed(topic, frame, figure) is not None for figure in frame.prices)
    named = any(verb.low in ("buy", "sell") for verb in frame.verbs) and frame.sizes and levelled
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
