"""The pair of an exchange whose two currencies are said by different people, in different turns or far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.numerals import SCALES, is_number
from nlp.language.terms import Money
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

VERBS = {"buy", "sell", "buying", "selling", "buys", "sells", "from", "want", "need", "get", "as"}
LINKS = {"into", "against", "versus", "vs", "v", "for", "to"}
WANTED = {"want", "wanted", "like", "have", "need", "take", "receive"}
"""Beside "in", what an amount is to become: "and you want that in pounds"."""
EXCHANGED: frozenset[str] = frozenset(v.section("fx", "exchanged"))
NOUNS: frozenset[str] = frozenset(v.section("fx", "nouns"))
NEAR = 3
"""Turns after an amount of one currency in which the other may be named."""


def completed(talk: Talk, i: int, frame: Frame) -> Instrument | None:
    """ "Paying us 2.4 million dollars." "And you want to lock that into sterling." """
    if any(m.instrument.kind in ("fx", "metal", "option") for m in frame.mentions):
        return None
    return _in_one_turn(talk, frame) or _across_turns(talk, i, frame)


def _in_one_turn(talk: Talk, frame: Frame) -> Instrument | None:
    """ "You'd sell US dollars, you buy nine point six million Sing"; "hedge our dollar revenue, rupee NDFs"."""
    named = [m for m in frame.monies if m.strong or _counted(frame, m) or frame.words[m.first].low in NOUNS]
    codes = list(dict.fromkeys(m.code for m in named))
    counted = {size.ccy for size in frame.sizes if size.ccy is not None}
    if len(codes) != 2 or len(counted) > 1 or frame.mentions or not EXCHANGED & set(frame.lows):
        return None
    current = talk.current
    if current is not None and current.kind == "fx" and all(code in current.instrument.code for code in codes):
        return None
    return v.fx_pair(*codes)


def _counted(frame: Frame, money: Money) -> bool:
    """An everyday word is a currency behind an amount."""
    before = frame.words[money.first - 1].low if money.first else ""
    return is_number(before) or before in SCALES


def _across_turns(talk: Talk, i: int, frame: Frame) -> Instrument | None:
    links = LINKS | VERBS | ({"in"} if WANTED & set(frame.lows) and "what" not in frame.lows else set())
    named = [m for m in frame.monies if m.strong and m.first and frame.words[m.first - 1].low in links]
    if len(named) != 1 and frame.verbs:
        named = [m for m in frame.monies if m in named and frame.words[m.first - 1].low in VERBS]
    if len(named) != 1 or frame.sizes:
        return None
    pair = _into(talk, i, named[0].code)
    if pair is not None:
        return pair
    for k in range(i - 1, max(-1, i - 1 - NEAR), -1):
        before = talk.frames[k]
        if any(m.instrument.kind != "fx" for m in before.mentions):
            return None
        amounts = {size.ccy for size in before.sizes if size.ccy is not None and size.sure}
        if not {money.code for money in frame.monies} <= amounts | {named[0].code}:
            return None
        if len(amounts) == 1 and talk.topic_at.get(k) is None and not before.mentions:
            return v.fx_pair(amounts.pop(), named[0].code)
    return None


def _into(talk: Talk, i: int, code: str) -> Instrument | None:
    """ "There's two point two million dollars landing." "Turn them into euros?": the client's amount of another
    currency, which no enquiry has taken up, is to be exchanged."""
    for k in range(i - 1, max(-1, i - 1 - NEAR), -1):
        before = talk.frames[k]
        if talk.turns[k].who != "client" or not before.sizes:
            continue
        said = {size.ccy for size in before.sizes} - {None}
        if not said and len({money.code for money in before.monies}) == 1:
            said = {before.monies[0].code}  # "dollars. There's 2.2 million of them"
        topic = talk.topic_at.get(k)
        taken = topic is not None and (
            topic.kind != "fx" or said <= {topic.instrument.code[:3], topic.instrument.code[3:]}
        )
        if len(said) != 1 or taken or code in said or before.mentions:
            return None
        return v.fx_pair(next(iter(said)), code)
    return None
