"""What a turn's words do: take a price, tell of another day's trade, say which way round a swap goes."""

from __future__ import annotations

import re

from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.numerals import is_number

_WORDS = v.section("phrases", "dealing")
ACCEPT_PHRASES: tuple[str, ...] = tuple(_WORDS["accept_phrases"])
COUNTERS: tuple[str, ...] = tuple(_WORDS["counters"])
PAST: tuple[str, ...] = tuple(_WORDS["past"])
AWAY: tuple[str, ...] = tuple(v.section("phrases", "topics")["away"])
WITH_ANOTHER = re.compile(
    r"\b(?:do|doing|did|done|deal|dealt|trade|traded|trading|go|going|went|gone|give|gave|take|took|book|booked) "
    r"(?:(?:it|that|this|them|those|these|both|all|the \w+) )?(?:with|to|through) "
    r"(?:him|her|them|someone|somebody|others|another"
    r"|(?:the|my|our|a) (?:other|others|competition|competitor|fella|guy|guys|chap|lady|street|different|rival))\b"
)
FILLED: tuple[str, ...] = tuple(_WORDS["filled"])
NOT_TOLD = {
    "if",
    "when",
    "once",
    "unless",
    "will",
    "'ll",
    "would",
    "'d",
    "not",
    "n't",
    "nothing",
    "might",
    "may",
    "shall",
}
OWN_ORDER = re.compile(
    r"\b(?:your|ur|yr|the|that) (?:\S+ ){0,5}?(?:order|limit|lmt|stop|bid|offer|take profit|t / p|tp|twap)\b"
)
LEFT_EARLIER = re.compile(rf"\b(?:from|since|left|placed|gave me|you left) (?:{'|'.join(PAST)}|overnight|\w+day)\b")
SELL_BUY: tuple[str, ...] = tuple(v.section("phrases", "swaps")["sell_buy"])
BUY_SELL: tuple[str, ...] = tuple(v.section("phrases", "swaps")["buy_sell"])
DECLINES: tuple[str, ...] = tuple(_WORDS["declines"])
LOOKING: tuple[str, ...] = tuple(_WORDS["looking"])
TAKEN: tuple[str, ...] = tuple(_WORDS["taken"])
CASE = re.compile(r" (?:if|unless|once|until|till|provided|suppose|supposing|say (?:i|we|he|she|they)) ")
POLITE = re.compile(
    r" if (?:you (?:like|please|do n't mind|want|can|must)|that 's (?:ok|okay|all|fine)|i (?:may|must|have to)) "
)
ENDS = {".", "?", "!", ";", "..."}
BARE: frozenset[str] = frozenset(_WORDS["bare"])
ORDERS = {"buy", "sell", "pay", "lift", "hit", "take", "rec", "receive", "give"}
STARTS = {".", ",", "!", "ok", "okay", "k", "fine", "good", "yes", "then", "and", "right", "alright"}
WEEKDAYS = {"monday", "tuesday", "wednesday", "thursday", "friday"}
DONE: frozenset[str] = frozenset(_WORDS["done"])
ROUND = {"buy", "buying", "buys", "sell", "selling", "sells", "give", "giving", "take", "taking"}
PAUSES = {".", ",", "!", "?", ";", "-", "--", "..."}
NOT_YET = {"when", "if", "once", "until", "unless", "whenever", "nothing", "not", "n't", "get", "soon", "be"}
DID: frozenset[str] = frozenset(_WORDS["did"])


def takes(frame: Frame) -> bool:
    """The client takes the price: "done", "yours", "sold!"; not by a question, nor by a counter ("a half and I'm
    done"), nor by telling of a trade ("on Monday I sold you ten"), nor for a case ("if they sign, I'll take it")."""
    if frame.has(*COUNTERS) or past(frame) or away(frame):
        return False
    firm = [part for part in sentences(frame) if not (part.question or supposes(part))]
    if frame.question:  # "Done. And when does it settle?", but not "fine, and the two-year?"
        firm = [part for part in firm if part.has(*TAKEN)]
    return any(_takes(part) for part in firm)


def sentences(frame: Frame) -> list[Frame]:
    """The sentences of a turn."""
    return frame.cut(k + 1 for k, low in enumerate(frame.lows, frame.begin) if low in ENDS)


def supposes(frame: Frame) -> bool:
    """A sentence about a case: "if it's a yes I'll take the eight", "say we did borrow, and the board said fix it"."""
    text = f" {' '.join(frame.lows)} "
    return CASE.search(text) is not None and POLITE.search(text) is None


def _takes(frame: Frame) -> bool:
    lows = frame.lows
    if far_side(frame) is not None and (frame.sizes or frame.tenors) and not (DONE | STARTS) & {*lows[:1]}:
        return frame.has("done", "deal", "agreed", "mine", "yours")  # "30m EUR, we sell and buy" asks
    if frame.has(*ACCEPT_PHRASES):
        return True
    if tuple(low for low in lows if low.isalpha())[-2:] == ("it", "is") and frame.prices:
        return True  # "thirty-five seven it is"
    if any(
        low in ORDERS and (k == 0 or lows[k - 1] in STARTS) and _told(lows[k + 1 : k + 3]) for k, low in enumerate(lows)
    ):
        return True
    return any(
        low in BARE
        and (k == 0 or lows[k - 1] in STARTS)
        and (k + 1 == len(lows) or lows[k + 1] in (".", ",", "!", "at", "@", "the") or is_number(lows[k + 1]))
        for k, low in enumerate(lows)
    )


def away(frame: Frame) -> bool:
    """It is done with another dealer: "done away", "I'll do it with the other fella", "they went to someone else"."""
    if frame.has("with you", "mine", "yours"):
        return False
    return frame.has(*AWAY) or WITH_ANOTHER.search(" ".join(frame.lows)) is not None


def declines(frame: Frame) -> bool:
    """The trader shows nothing to what was just asked: "not today sorry, our rupiah trader is out"."""
    return not (frame.prices or frame.question or frame.has(*LOOKING)) and frame.has(*DECLINES)


def done(frame: Frame) -> bool:
    """Something is said to be done; not "when it's done", "if filled", "nothing done"."""
    lows = frame.lows
    for k, low in enumerate(lows):
        if low in DONE:
            start = next((n + 1 for n in range(k - 1, max(-1, k - 12), -1) if lows[n] in PAUSES), max(0, k - 11))
            if not NOT_YET & set(lows[start:k]):
                return True
    return False


def _told(after: tuple[str, ...]) -> bool:
    """What follows an instruction to deal: an amount, a price, "you", or nothing ("buy 400", "lift you at ...")."""
    return (
        not after
        or after[0]
        in (
            "you",
            "u",
            "me",
            "him",
            "her",
            "'",
            "em",
            "them",
            "both",
            "those",
            "these",
            "at",
            "the",
            "it",
            "that",
            ".",
            ",",
        )
        or is_number(after[0])
    )


def order_filled(frame: Frame) -> bool:
    """The fill of an order left earlier is told: "your limit from last night got filled on the open"."""
    told = frame.has(*FILLED) and not frame.question and not NOT_TOLD & set(frame.lows)
    return told and OWN_ORDER.search(" ".join(frame.lows)) is not None


def past(frame: Frame) -> bool:
    """A trade of another day is told: "yesterday I bought", "on Monday I sold you"."""
    lows = frame.lows
    if order_filled(frame) and LEFT_EARLIER.search(" ".join(lows)):
        return False
    if frame.has(*PAST) and (DID | {"trade", "trades", "deal"}) & set(lows):
        return True
    return any(
        low in WEEKDAYS
        and lows[k - 1 : k] == ("on",)
        and bool(DID & set(lows[max(0, k - 8) : k] + lows[k + 1 : k + 6]))
        for k, low in enumerate(lows)
    )


def asks_the_past(frame: Frame) -> bool:
    """What a level was at another time is asked: "and what did I turn down in March?", not "what was that again?"."""
    asked = next((part for part in reversed(sentences(frame)) if part.question), None)
    if asked is None or asked.has("again", "sorry", "if", "you say", "you said", "now"):
        return False
    return asked.has("was", "were", "did", "have been") and bool({"what", "where", "how"} & set(asked.lows))


def far_side(frame: Frame, *, trader: bool = False) -> Side | None:
    """The client's side of the far leg: who sells and buys, buys on the far date. A dealer may say their own side."""
    for phrases, mine, theirs in ((SELL_BUY, "buy", "sell"), (BUY_SELL, "sell", "buy")):
        for phrase in phrases:
            pieces = tuple(phrase.split())
            for k in range(len(frame.lows) - len(pieces) + 1):
                if frame.lows[k : k + len(pieces)] == pieces:
                    own = trader and k > 0 and frame.lows[k - 1] in ("i", "we")
                    return theirs if own else mine  # type: ignore[return-value]
    return _there_and_back(frame, trader=trader)


def _there_and_back(frame: Frame, *, trader: bool) -> Side | None:
    """ "Selling the dollars out for Friday and buying them back further down": the side of the second."""
    for part in sentences(frame):
        verbs = [verb for verb in part.verbs if verb.low in ROUND]
        second = next((verb for verb in verbs if verb.side != verbs[0].side), None)
        if second is None or len(part.prices) > 1 or part.has("or", "if"):
            continue
        at = second.at - part.begin
        tail = part.lows[at + 1 : at + 6]
        when = [*(d.first for d in part.days), *(m.first for m in part.months), *(t.first for t in part.tenors)]
        dated = bool(when) and min(when) < second.at < max(when)
        if {"back", "again"} & set(tail) or dated and set(tail[:1]) & {"them", "it", "those", "these"}:
            own = trader and {"i", "we"} & set(
                part.lows[max(0, verbs[0].at - part.begin - 2) : verbs[0].at - part.begin]
            )
            return verbs[0].side if own else second.side
    return None
