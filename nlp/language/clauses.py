"""Which clause of a turn counts: what comes before an order, what is turned down and then taken, what is called off."""

from __future__ import annotations

import re

from nlp.language import resting, saying, topics, vocabulary
from nlp.language.frames import Frame

PASSING = re.compile(
    r" (?:to|gonna|na|'ll|ll|will|i|we|must|rather|let 's|lets) pass "
    r"(?:$|[.,!;-]|today|here|there|then|now|at|for|and|but|sorry|thanks|thx)"
)
ORDER_WORDS: tuple[str, ...] = tuple(vocabulary.section("phrases", "dealing")["order_words"])


def before_order(frame: Frame) -> Frame:
    """The part of a turn before it goes on to an order: "you've sold ... at 382, and I'm working ..."."""
    for k in range(frame.begin + 1, frame.begin + len(frame.lows)):
        head, tail = frame.part(frame.begin, k), frame.part(k, frame.begin + len(frame.lows))
        if frame.words[k].low in ("and", ".", ";", ",") and not head.has(*ORDER_WORDS) and head.prices and head.sizes:
            if tail.has(*resting.LASTING) and not tail.sizes:
                break  # "buying five million at point six five five, GTC": all of it is the order
            return head if tail.has(*ORDER_WORDS) else frame
    return frame.part(frame.begin, frame.begin)


def passes(frame: Frame) -> bool:
    """The client turns it down and takes nothing after it: "I'm not paying forty for the tail. Buy me the eighteen"."""
    said = saying.sentences(frame)
    passed = max((k for k, part in enumerate(said) if _passes(part)), default=None)
    if passed is None:
        return False
    return not any(saying.takes(part) and not _passes(part) for part in said[passed + 1 :])


def _passes(part: Frame) -> bool:
    """Also "gonna pass today", "have to pass", "pass."; not "pass it to Jo", "pass me on", "take all six off me"."""
    if part.has("off me", "off us", "off my", "off our") and part.has(*saying.ACCEPT_PHRASES, "take"):
        return False
    return part.has(*topics.PASS) or PASSING.search(f" {' '.join(part.lows)} .") is not None


def sentence_with(frame: Frame, phrases: tuple[str, ...]) -> Frame:
    """The sentence of a turn that holds one of the phrases."""
    start, end = frame.begin, frame.begin + len(frame.lows)
    for k in range(start, end + 1):
        if k == end or frame.words[k].low in (".", "?", "!"):
            part = frame.part(start, k)
            if part.has(*phrases):
                return part
            start = k + 1
    return frame
