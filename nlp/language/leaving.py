"""What a turn that leaves an order says besides its level: the side and the amount, in the words of orders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import levels, resting, sides, topics, vocabulary
from nlp.language.amounts import Size
from nlp.language.figures import Figure, figures
from nlp.language.frames import Frame
from nlp.language.model import OrderType, Side
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.resting import Resting
    from nlp.language.talk import Talk

_WORDS = vocabulary.section("phrases", "orders")
REST: tuple[str, ...] = tuple(_WORDS["remainder"])
HOLDING: tuple[str, ...] = tuple(_WORDS["holding"])
PAYING: tuple[str, ...] = tuple(_WORDS["paying"])


def meant_kind(talk: Talk, level: Decimal | None, kind: OrderType, before: list[int], topic: Topic) -> OrderType:
    """ "I'd like to take profit" a moment ago makes the level that the trader repeats a take profit."""
    for k in reversed(before[-2:]):
        if kind != "limit" or talk.topic_at.get(k) is not topic:
            continue
        named = levels.levels(talk.frames[k], topic)
        said = dict(named).get(level or Decimal(0)) if named else levels.kind(talk.frames[k].lows)
        if said in ("take_profit", "stop") and not talk.frames[k].has(*levels.GONE):
            return said
    return kind


COUNTED_BEFORE: frozenset[str] = frozenset(_WORDS["counted_before"])
REMAINING: frozenset[str] = frozenset(_WORDS["remaining"])
COUNTED_AFTER: frozenset[str] = frozenset(_WORDS["counted_after"])


def counted(frame: Frame, topic: Topic) -> Frame:
    """The turn with its bare contracts or shares as an amount: "bid 2000 at 96.405", "buy stop 450 TY 111-08"."""
    if frame.sizes:
        return _priced(frame, topic)
    lows = [word.low for word in frame.words]
    for figure in figures(lows):
        inside = frame.begin <= figure.first < frame.begin + len(frame.lows)
        if inside and figure.scaled and lows[figure.last : figure.last + 1] and lows[figure.last] in REMAINING:
            return replace(frame, sizes=(Size(figure, None, topic.instrument.unit, True),))  # "18k left"
    if topic.kind not in ("future", "equity", "commodity", "metal", "option"):
        return frame
    for figure in frame.prices:
        before = lows[figure.first - 1] if figure.first else ""
        after = lows[figure.last] if figure.last < len(lows) else ""
        named = any(mention.first == figure.last for mention in frame.mentions)
        if not _whole(figure, topic) or before not in COUNTED_BEFORE:
            continue
        beside = named or after in COUNTED_AFTER or after == "," and len(frame.prices) > 1
        if beside or before == "for" and len(frame.prices) > 1:
            rest = tuple(other for other in frame.prices if other is not figure)
            return replace(frame, sizes=(Size(figure, None, topic.instrument.unit, True),), prices=rest)
    return frame


def _priced(frame: Frame, topic: Topic) -> Frame:
    """ "3,000 oz: t/p sell 4,420, stop sell 4,260": the bare numbers beside an amount are levels; the amount said once
    more is none ("sell 600 @ 1650 or sell 600 stop @ 1545")."""
    known = {size.figure.value for size in frame.sizes}
    lows = [word.low for word in frame.words]
    again = [p for p in frame.prices if p.value in known and p.first and lows[p.first - 1] in COUNTED_BEFORE]
    if again:
        sizes = (*frame.sizes, *(Size(p, None, topic.instrument.unit, True) for p in again))
        return replace(frame, sizes=sizes, prices=tuple(p for p in frame.prices if p not in again))
    low, high = topic.instrument.low, topic.instrument.high
    if frame.prices or low is None or high is None or not any(size.unit for size in frame.sizes):
        return frame
    bare = [s for s in frame.sizes if not (s.unit or s.ccy or s.figure.scale_word) and low <= s.figure.value <= high]
    sizes = tuple(size for size in frame.sizes if size not in bare)
    return replace(frame, sizes=sizes, prices=tuple(size.figure for size in bare)) if bare else frame


def _whole(figure: Figure, topic: Topic) -> bool:
    """A whole number that is no price of this instrument."""
    low, high = topic.instrument.low, topic.instrument.high
    priced = low is not None and high is not None and low <= figure.value <= high
    return not (figure.pointed or figure.fraction or figure.scaled or priced) and len(figure.chunks) == 1


def amount(
    talk: Talk, frame: Frame, topic: Topic, before: list[int], mine: Sequence[Resting]
) -> tuple[Decimal, str | None, str | None] | None:
    """(quantity, currency, unit) of an order: said with it, else said by the client since, else that of the order left
    before. A bare number is the amount that the client said in full: "buying seventy" of seventy thousand."""
    said = [size for k in reversed(before) if talk.topic_at.get(k) is topic for size in reversed(talk.frames[k].sizes)]
    sure = next((s for s in frame.sizes if s.sure or topic.kind in ("fx", "bond", "irs")), None)
    bare = next(iter(frame.sizes), None)
    if sure is None and bare is not None:
        full = (s for s in said if s.figure.value in (bare.figure.value * 1000, bare.figure.value * 1_000_000))
        sure = next(full, bare)
    if sure is not None and sure.unit and sure.figure.value < 1000:
        full = (s for s in said if s.unit == sure.unit and s.figure.value == sure.figure.value * 1000)
        sure = next(full, sure)
    if sure is None and mine and not any(k > mine[-1].turn and talk.frames[k].sizes for k in before):
        return mine[-1].size, mine[-1].ccy, mine[-1].unit
    sure = sure or next(iter(said), None)
    return topics.size_of(sure, topic.instrument) if sure is not None else None


BIDS = re.compile(r"(?<!\bis )(?<!\bthe )(?<!\byou )(?<!\bu )(?<!\bme a )(?<!\bhit )(?<!'s )\b(?:bid|bids|bidding)\b")
OFFERS = re.compile(
    r"(?<!\bis )(?<!\bthe )(?<!\byou )(?<!\bu )(?<!\bme an )(?<!\blift )(?<!'s )"
    r"\b(?:offer|offers|offered|offering|reoffer)\b"
)


_JOINED = r"\b(?:sit|sits|sitting|join|joining|joined|be|stay|work|working|get) (?:on )?the "
JOINED_BID, JOINED_OFFER = re.compile(rf"{_JOINED}bid\b"), re.compile(rf"{_JOINED}offer\b")


def bid_or_offer(frame: Frame) -> Side | None:
    """The side that "bid" or "offer" tells, where only one is said and not of the market or the dealer."""
    text = " ".join(frame.lows)
    bids = (BIDS.search(text) or JOINED_BID.search(text)) is not None
    offers = (OFFERS.search(text) or JOINED_OFFER.search(text)) is not None
    return None if bids == offers else "buy" if bids else "sell"


def side(talk: Talk, i: int, frame: Frame, topic: Topic, before: list[int]) -> Side | None:
    """The client's side of an order: said with it, else in what the client said `before`, else by what was filled."""
    if topic.instrument.form == vocabulary.NEW_ISSUE:
        return "buy"
    own = talk.turns[i].who == "client" or frame.has("you 're a", "youre a", "u r a", "as a")
    if frame.has("bid for", "your bid") or own and frame.has("buyer"):
        return "buy"
    if frame.has("offer for", "your offer") or own and frame.has("seller"):
        return "sell"
    by_verb = {
        sides.of_base(verb.side, frame, verb.at, topic.instrument)
        for verb in frame.verbs
        if verb.low in (levels.VERBS + PAYING if topic.kind == "irs" else levels.VERBS)
    }
    if len(by_verb) == 1:
        return by_verb.pop()
    asks = frame.question and not (frame.sizes and frame.prices)
    if not by_verb and not asks and (said := bid_or_offer(frame)) is not None:
        return said
    dealt = [d for d in talk.dealing.done if d.standing and d.topic is topic and 0 <= i - d.turn <= 3]
    if dealt and any(talk.frames[k].has(*REST) for k in (*before[-2:], i)):
        return dealt[-1].deal.client_side  # the rest of what was done in part
    if dealt and levels.kind(frame.lows) in ("stop", "take_profit"):
        return "sell" if dealt[-1].deal.client_side == "buy" else "buy"  # it closes what was just dealt
    for k in reversed(before[-5:]):
        if talk.topic_at.get(k) is not topic:
            continue
        said = sides.client_side(talk.frames[k], topic.instrument)
        if said is not None:
            return said
        stated = bool(talk.frames[k].sizes and talk.frames[k].prices) or resting.instructed(talk.frames[k])
        if (stated or not talk.frames[k].question) and (told := bid_or_offer(talk.frames[k])) is not None:
            return told
        if talk.frames[k].has(*HOLDING) and levels.kind(frame.lows) in ("stop", "take_profit"):
            return "sell"  # what they own, they can only sell
    near = (frame, *(talk.frames[k] for k in before[-2:] if talk.topic_at.get(k) in (topic, None)))
    return next((limited for part in near if (limited := _limited(part)) is not None), None)


def _limited(frame: Frame) -> Side | None:
    """The side that the direction of a limit tells: "at four hundred or lower" buys, "not below 18.20" sells."""
    text = f" {' '.join(frame.lows)} "
    below, above = AT_MOST.search(text) is not None, AT_LEAST.search(text) is not None
    return None if below == above else "buy" if below else "sell"


AT_MOST = re.compile(
    r" (?:or (?:lower|less|below|cheaper)|no more than|not above|at most|top|cap|maximum|get (?:me|us) \S+) "
)
AT_LEAST = re.compile(r" (?:or (?:higher|more|above)|no less than|not below|not under|at least|floor|minimum) ")


def side_of_fill(talk: Talk, i: int, topic: Topic, kind: OrderType) -> Side | None:
    """The side of what was filled just before ("bought 18k of the 40k so far"); a stop goes against it."""
    for k in range(i, max(-1, i - 7), -1):
        filled = {verb.side for verb in talk.frames[k].verbs if verb.low in ("bought", "sold")}
        if talk.turns[k].who == "trader" and talk.topic_at.get(k) is topic and len(filled) == 1:
            closing = kind in ("stop", "take_profit")
            return "buy" if ("buy" in filled) != closing else "sell"
    return None
