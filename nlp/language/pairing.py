"""The pair of an exchange whose two currencies are said by different people or in different turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

LINKS = {"into", "against", "versus", "vs", "v", "for", "to"}
NEAR = 3
"""Turns after an amount of one currency in which the other may be named."""


def completed(talk: Talk, i: int, frame: Frame) -> Instrument | None:
    """ "Paying us 2.4 million dollars." "And you want to lock that into sterling." """
    if any(m.instrument.kind in ("fx", "metal", "option") for m in frame.mentions):
        return None
    named = [m for m in frame.monies if m.strong and m.first and frame.words[m.first - 1].low in LINKS]
    if len(named) != 1 or frame.sizes or len(frame.monies) > 1:
        return None
    for k in range(i - 1, max(-1, i - 1 - NEAR), -1):
        before = talk.frames[k]
        if any(m.instrument.kind != "fx" for m in before.mentions):
            return None
        amounts = {size.ccy for size in before.sizes if size.ccy is not None and size.sure}
        if len(amounts) == 1 and talk.topic_at.get(k) is None and not before.mentions:
            return v.fx_pair(amounts.pop(), named[0].code)
    return None
