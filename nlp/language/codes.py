"""A bond's code and its name: which of the bonds spoken of an ISIN belongs to, and which ISIN a name stands for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import identity
from nlp.language.frames import Frame
from nlp.language.numerals import is_numeral
from nlp.language.topics import Topic
from nlp.language.vocabulary import NEW_ISSUE, Instrument, government_of_title

if TYPE_CHECKING:
    from nlp.language.talk import Talk

LONGEST_NAME = 4
NEAR = 4
"""Turns between a bond's name and its code."""


def by_code(talk: Talk, i: int, isin: str, chosen: Topic | None) -> Topic:
    """The enquiry that a code belongs to: what was named just before, or one of its own."""
    known = next((t for t in talk.topics if t.instrument.isin == isin), None)
    if known is not None:
        return known
    current = talk.current
    near = current if current is not None and i - max(current.evidence, default=i) <= NEAR else None
    target = chosen or (near if near is not None and _uncoded(near.instrument) else None)
    name = _named_before(talk, i) if chosen is None else None
    if name is not None and (target is None or not identity.same(target.instrument, name)):
        found = talk.find(name, i)
        target = found if found is not None and _uncoded(found.instrument) else talk.opened(i, name)
    if target is None or not _uncoded(target.instrument):
        return talk.opened(i, Instrument("bond", isin, isin=isin, low=Decimal(40), high=Decimal(180)))
    described = target.instrument.description or target.instrument.code
    target.instrument = replace(target.instrument, isin=isin, code=isin, description=described)
    target.evidence.add(i)
    return target


def called(frame: Frame, last: int) -> str:
    """The first word of the name behind a code: "kestrel" of "US93M205BA70 kestrel homes 5.75s of 30"."""
    end = frame.begin + len(frame.lows)
    last += last < end and frame.words[last].low == "("
    coupon = next((k for k in range(last, min(end, last + LONGEST_NAME)) if is_numeral(frame.words[k].low)), last)
    words = [frame.words[k].low for k in range(last, coupon)]
    plain = (
        words and all(word.isalpha() for word in words) and not any(last <= verb.at < coupon for verb in frame.verbs)
    )
    return words[0] if plain and not set(words) & {"looking", "buyer", "seller", "for", "in", "pls"} else ""


def nameless(talk: Talk) -> Topic | None:
    """The enquiry that runs and is known by its code alone."""
    current = talk.current
    if current is None or current.kind != "bond" or current.status == "dealt":
        return None
    held = current.instrument
    return current if held.isin and not (held.issuer or held.maturity) else None


def named(talk: Talk, instrument: Instrument) -> Topic | None:
    """The enquiry known by its code alone, where a bond is named for the first time."""
    current = nameless(talk)
    if current is None or not _described(instrument):
        return None
    isin, described = current.instrument.isin, instrument.description or instrument.code
    current.instrument = replace(instrument, isin=isin, code=isin or "", description=described)
    return current


def _uncoded(instrument: Instrument) -> bool:
    return instrument.kind == "bond" and not instrument.isin and instrument.form != NEW_ISSUE


def _described(instrument: Instrument) -> bool:
    """By issuer or coupon, and maturity; no government's, which is as a rule what another bond is measured by."""
    named = bool(instrument.issuer or instrument.coupon) and instrument.maturity is not None
    return _uncoded(instrument) and named and not government_of_title(instrument.issuer)


def _named_before(talk: Talk, i: int) -> Instrument | None:
    """The bond that was last named in the turns before a code that is asked for or given."""
    for k in range(i - 1, max(-1, i - 1 - NEAR), -1):
        if talk.frames[k].isins:
            return None
        for mention in reversed(talk.frames[k].mentions):
            bond = mention.instrument
            if _uncoded(bond) and not mention.benchmark and bond.maturity is not None:
                return bond
    return None
