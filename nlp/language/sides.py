"""The client's side in a turn: in their own words, as the dealer says it again, and as that of the base currency."""

from __future__ import annotations

import re

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.numerals import is_number
from nlp.language.saying import far_side
from nlp.language.vocabulary import Instrument


def client_side(frame: Frame, instrument: Instrument) -> Side | None:
    """The side of a client's words: "I buy", "seller of", "mine", "yours"; of the base currency in FX."""
    if instrument.kind == "fx" and (far := far_side(frame)) is not None:
        return far
    for at, low in enumerate(frame.lows):
        if low == "mine" and not (at and frame.lows[at - 1] in ("of", "a", "mate", "friend")):
            return "buy"
        if low in ("yours", "urs", "urz"):
            return "sell"
    if (theirs := _asked_of_you(frame, instrument)) is not None:
        return theirs
    if (interest := _against_another(frame) or _worked(frame)) is not None:
        return interest
    sides: set[Side] = set()
    for verb in frame.verbs:
        at = verb.at - frame.begin
        before, after = frame.lows[max(0, at - 4) : at], frame.lows[at + 1 : at + 2]
        if {"can", "could", "will", "would"} & set(before[:-1]) and not {"i", "we"} & set(before):
            continue  # "can Jonny take some on risk"
        dealt = verb.low in ("hit", "lift", "take", "give", "pay") and after in (("you",), ("u",))
        if dealt and not set(before[-2:]) & {"you", "u", "can", "could", "not", "n't"}:
            sides.add(of_base(verb.side, frame, verb.at, instrument))
            continue
        if set(before) & OF_OTHERS or after in (
            ("me",),
            ("your",),
            ("us",),
            ("you",),
            ("in",),
            ("sense",),
        ):
            continue
        if verb.low == "paid" and before[-1:] and before[-1] not in BEFORE_PAID or after in FEWER:
            continue  # "they want the invoice paid", "I pay fewer francs for each euro"
        if verb.low in ("give", "gives", "took", "takes", "taking") and "at" not in frame.lows:
            continue
        sides.add(of_base(verb.side, frame, verb.at, instrument))
    return sides.pop() if len(sides) == 1 else None if sides else _turned_into(frame, instrument)


BEFORE_PAID = {"i", "we", "'ve", "have", "ve", ",", ".", "!", "ok", "okay", "yes", "and", "then", "just", "-"}
FEWER = (("fewer",), ("less",), ("more",))


def _against_another(frame: Frame) -> Side | None:
    """ "Any natural seller in PLWH?": who looks for a seller buys."""
    for at, low in enumerate(frame.lows):
        if at and low in OTHER_SIDE and frame.lows[at - 1] in ("any", "natural", "other", "find"):
            return OTHER_SIDE[low]
    return None


def _worked(frame: Frame) -> Side | None:
    """ "Offer 500 erz6 at 97.86", "SFRZ6 bid 96.405 for 2000": an instruction with amount and level."""
    if frame.question or not frame.sizes or len(frame.prices) != 1:
        return None
    sides = {
        INSTRUCTED[low] for at, low in enumerate(frame.lows[:-1]) if low in INSTRUCTED and is_number(frame.lows[at + 1])
    }
    return sides.pop() if len(sides) == 1 else None


SOMEBODY = {"everyone", "anyone", "someone", "anybody", "somebody", "nobody"}
OF_OTHERS = {"you", "u", "he", "they", "she", "could", *SOMEBODY, "not", "n't", "dont", "never"}
OTHER_SIDE: dict[str, Side] = {"seller": "buy", "sellers": "buy", "buyer": "sell", "buyers": "sell"}
INSTRUCTED: dict[str, Side] = {"bid": "buy", "offer": "sell"}


def restated_side(frame: Frame, instrument: Instrument) -> Side | None:
    """The client's side as the dealer says it again: "so sell gbp buy usd", "u pay fixed"; not what the bank does."""
    own = {"i", "we", "'ll", "can", "could", "he", "they", "'d"}
    sides = {
        of_base(verb.side, frame, verb.at, instrument)
        for verb in frame.verbs
        if verb.low in RESTATING
        and not own & set(frame.lows[max(0, verb.at - frame.begin - 2) : verb.at - frame.begin])
    }
    return sides.pop() if len(sides) == 1 else None if sides else _turned_into(frame, instrument)


def _turned_into(frame: Frame, instrument: Instrument) -> Side | None:
    """ "To turn into sterling?", "convert it into euros": what an exchange comes to is bought."""
    if instrument.kind != "fx" or not TURNED & set(frame.lows):
        return None
    bought = {m.code for m in frame.monies if {"into"} & {w.low for w in frame.words[max(0, m.first - 2) : m.first]}}
    if len(bought) != 1:
        return None
    code = bought.pop()
    return "buy" if code == instrument.code[:3] else "sell" if code == instrument.code[3:] else None


TURNED: frozenset[str] = frozenset(vocabulary.section("fx", "turned"))


RESTATING = {"buy", "sell", "buying", "selling", "pay", "paying", "receive", "receiving", "rec"}
ASKED_OF_YOU = re.compile(
    r" (?:what|where|how much) (?:would|could|can|do|will|'d|might) (?:you|u)(?: be)?(?: a)? "
    r"(buyer|seller|pay|paying|bid|bidding|buy|buying|offer|offering|sell|selling) "
)
_WORDS = vocabulary.section("phrases", "topics")
SELL_TO: tuple[str, ...] = tuple(_WORDS["sell_to"])
BUY_FROM: tuple[str, ...] = tuple(_WORDS["buy_from"])


def _asked_of_you(frame: Frame, instrument: Instrument) -> Side | None:
    """ "Where would you buy three million from me?": the client sells."""
    asked = ASKED_OF_YOU.search(f" {' '.join(frame.lows)} ")
    if asked is not None:
        at = frame.begin + f" {' '.join(frame.lows)} "[: asked.end()].strip().count(" ")
        return of_base(
            "buy" if asked.group(1) in ("offer", "offering", "sell", "selling", "seller") else "sell",
            frame,
            at,
            instrument,
        )
    for verb in frame.verbs:
        at = verb.at - frame.begin
        if verb.low == "buy" and frame.lows[at + 1 : at + 2] in (("me",), ("us",)) and at + 2 < len(frame.lows):
            return of_base("buy", frame, verb.at, instrument)  # "buy me twenty-five Nikkei"
        rest = frame.lows[at + 1 : at + 10]
        stop = next((k for k, low in enumerate(rest) if low in (".", "?", "!", ";")), len(rest))
        link = SELL_TO if verb.side == "sell" else BUY_FROM
        theirs = {"you", "u"} & set(frame.lows[max(0, at - 2) : at])
        if theirs and verb.low in ("buy", "sell") and " for me " in f" {' '.join(rest[:stop])} ":
            return of_base(verb.side, frame, verb.at, instrument)  # an order to an agent
        given = any(f" {words} " in f" {' '.join(rest[:stop])} " for words in link) or (
            verb.side == "sell" and rest[:1] in (("me",), ("us",))
        )
        if given and theirs and verb.low in ("buy", "sell", "take", "pay"):
            return of_base("sell" if verb.side == "buy" else "buy", frame, verb.at, instrument)
    return None


def of_base(side: Side, frame: Frame, at: int, instrument: Instrument) -> Side:
    """The side of a named currency, turned into the side of the base currency."""
    if instrument.kind != "fx":
        return side
    money = next(
        (m for m in frame.monies if at < m.first <= at + 9 and m.code in (instrument.code[:3], instrument.code[3:])),
        None,
    )
    between = {verb.at for verb in frame.verbs if money and at < verb.at < money.first}
    covered = money and any(
        m.first <= money.first < m.last and m.instrument.code == instrument.code and not m.first <= at < money.first
        for m in frame.mentions
    )
    quote_first = any(  # "buys Swedish kronor against euros": the side is that of the krona
        m.first <= money.first < m.last and money.first == m.first and m.last - m.first > 2
        for m in frame.mentions
        if money is not None and money.code == instrument.code[3:] and m.instrument.code == instrument.code
    )
    before = [word.low for word in frame.words[max(0, money.first - 2) : money.first]] if money else []
    linked = before[:1] if before[1:] == ["the"] else before[-1:]
    against = bool({"against", "versus", "vs", "v", "into"} & set(linked))
    # "thirty dollars to sell for Canadian": what comes right after the verb is what is got for it
    against = against or money is not None and linked == ["for"] and at == money.first - 2
    if money and not between and money.code == instrument.code[3:] and (quote_first or not covered) and not against:
        return "sell" if side == "buy" else "buy"
    return side
