"""Deals that no single sentence states in plain words: told by the evidence that both sides leave.

The amount that was asked for and the price that was shown come back in the dealer's mouth, and the client says yes
before or after: "Sixty gone at twenty-four one eighty", "five at forty-two, value Friday". Which words stand between
the numbers matters little; what would make them something else (a question, a case, an order) is looked for instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from nlp.language import proof, resting, saying, sides, topics
from nlp.language import vocabulary as v
from nlp.language.amounts import Size
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.placing import placed
from nlp.language.readback import legs
from nlp.language.topics import Topic
from nlp.language.twoway import two_way

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = v.section("phrases", "agreeing")
YES: frozenset[str] = frozenset(_WORDS["assents"])
OBJECTS: frozenset[str] = frozenset(_WORDS["objects"])
CASE: frozenset[str] = frozenset(_WORDS["case"])
TOLD: frozenset[str] = frozenset(_WORDS["told"])
LEFT_WITH_YOU: tuple[str, ...] = tuple(_WORDS["left_with_you"])
HAVE_THAT: tuple[str, ...] = tuple(_WORDS["have_that"])
PAST: frozenset[str] = frozenset(_WORDS["past"])
FILLED: tuple[str, ...] = tuple(_WORDS["filled"])
AVERAGED: tuple[str, ...] = tuple(_WORDS["averaged"])
TOTAL: tuple[str, ...] = tuple(v.section("phrases", "dealing")["total"])
LIMITED: tuple[str, ...] = tuple(_WORDS["limited"])
FIRST_WORDS = 3
ANSWERED = 2
"""Turns after the dealer's words in which the client answers them."""
LATELY = 8
"""Turns in which the client's yes still belongs to what the dealer says."""
SLIPPAGE = Decimal("0.03")
"""How far from the levels spoken of an order may be filled."""
WORKED = ("equity", "future", "option")
MOST_PARTS = 4


@dataclass(frozen=True)
class Struck:
    """What both sides agreed on: quantity as `topics.size_of` counts it."""

    side: Side
    quantity: Decimal
    ccy: str | None
    unit: str | None
    price: Decimal


def struck(talk: Talk, i: int, frame: Frame, topic: Topic) -> Struck | None:
    """The deal that the dealer's turn `i` tells of an enquiry, where the evidence agrees; else None."""
    if topic.status not in ("open", "passed") or topics.swapped(topic):
        return None  # the two dates of a swap need a read-back
    frame = _numbered(frame)
    if _otherwise(talk, i, frame, topic):
        return None
    before = _yes_before(talk, i, topic)
    if before and talk.header.kind == "chat" and (again := _again(frame, topic)) is not None:
        return again
    found = {(topics.size_of(size, topic.instrument), price) for size, price in _terms(talk, i, frame, topic)}
    if len(found) != 1:
        return None
    (quantity, ccy, unit), price = found.pop()
    told = bool(TOLD & set(frame.lows)) or saying.done(frame)
    after = _yes_after(talk, i, topic, quantity, price)
    reckoned = told and proof.by_countervalue([quantity], [price], proof.countervalues([frame])) is not None
    if after is False and not before or not (before or told and after or reckoned):
        return None
    side = _side(frame, topic, price)
    return Struck(side, quantity, ccy or topic.ccy, unit, price) if side is not None else None


def _again(frame: Frame, topic: Topic) -> Struck | None:
    """Typed, the amount alone said again after the client took the price: "400 in"."""
    said = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes}
    price = topic.taken(topic.side)
    if topic.accepted_at is None or frame.prices or said != {topic.size} or price is None or topic.side is None:
        return None
    return Struck(topic.side, *topics.size_of(frame.sizes[0], topic.instrument), price)


def _numbered(frame: Frame) -> Frame:
    """The sentences from the first to the last that holds a number: "Working that... all gone. One eighty sold." """
    with_numbers = [part for part in saying.sentences(frame) if part.sizes or part.prices]
    if not with_numbers:
        return frame
    return frame.part(with_numbers[0].begin, with_numbers[-1].begin + len(with_numbers[-1].lows))


def _otherwise(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """The turn asks, supposes, shows a price for both sides, or speaks of an order that rests."""
    if (
        frame.question
        or CASE & set(frame.lows)
        or frame.lows[:1] in (("no",), ("nope",), ("nah",))
        or saying.past(frame)
        or saying.away(frame)
    ):
        return True
    if two_way(topic, frame) is not None or topic.hints & {"indicative", "order"} or frame.has(*topics.CANCEL):
        return True
    if resting.cued(frame) or resting.entered(frame) or frame.has(*LIMITED) and not PAST & set(frame.lows):
        return True
    if PAST & set(frame.lows):
        return False
    lately = range(max(topic.quoted_at or 0, i - LATELY) + 1, i)
    left = any(resting.cued(talk.frames[k]) for k in lately if talk.topic_at.get(k) is topic)
    return left and not saying.done(frame) or resting.shows_no_price(talk, i, frame, topic)


def _yes_before(talk: Talk, i: int, topic: Topic) -> bool:
    """The client's last word on the price shown was a yes."""
    shown = topic.quoted_at
    if shown is None:
        return _own_order(talk, i, topic) is not None
    if topic.accepted_at is not None and topic.accepted_at > shown:
        return True
    theirs = [k for k in range(max(shown, i - LATELY) + 1, i) if talk.turns[k].who == "client"]
    return bool(theirs) and _assents(talk.frames[theirs[-1]], topic)


def _own_order(talk: Talk, i: int, topic: Topic) -> int | None:
    """The turn in which the client speaks of what they left: "I left you an offer in silver. Any news?" """
    theirs = (k for k in range(i - 1, max(-1, i - LATELY), -1) if talk.turns[k].who == "client")
    mine = (k for k in theirs if talk.topic_at.get(k) is topic and talk.frames[k].has(*LEFT_WITH_YOU))
    return next((k for k in mine if talk.frames[k].sizes and talk.frames[k].prices), None)


def _yes_after(talk: Talk, i: int, topic: Topic, quantity: Decimal, price: Decimal) -> bool | None:
    """How the client answers: yes, also by saying amount and price again; no (False); or neither."""
    answers = _answer(talk, i)
    if not answers:
        return None
    frame = talk.frames[answers[0]]
    if OBJECTS & {*_opening(frame)}:
        return False
    if frame.question and len(saying.sentences(frame)) == 1 or frame.has(*topics.PASS):
        return None
    again = quantity in proof.amounts(frame, topic.instrument)
    again = again and any(placed(topic, frame, figure) == price for figure in frame.prices)
    return True if again or YES & {*_opening(frame)} or frame.has(*HAVE_THAT) else None


def _answer(talk: Talk, i: int) -> list[int]:
    """The turn in which the client answers turn `i`, if there is one."""
    after = range(i + 1, min(len(talk.turns), i + 1 + ANSWERED))
    return [k for k in after if talk.turns[k].who == "client"][:1]


def _assents(frame: Frame, topic: Topic) -> bool:
    """Yes in the first words, or the price itself said again, with nothing against it."""
    if frame.question or frame.has(*topics.PASS, *topics.CONDITIONAL, *topics.HYPOTHETICAL) or saying.past(frame):
        return False
    if OBJECTS & {*_opening(frame)} or CASE & set(frame.lows) or frame.has(*saying.COUNTERS):
        return False
    prices = {placed(topic, frame, figure) for figure in frame.prices}
    one_way = topic.bid is None or topic.ask is None or topic.bid == topic.ask  # "ok thx" takes no side of two
    return one_way and bool(YES & {*_opening(frame)}) or bool(prices) and prices <= {topic.bid, topic.ask, topic.mid}


def _opening(frame: Frame) -> tuple[str, ...]:
    return tuple(low for low in frame.lows if low[:1].isalpha() or low == "n't")[:FIRST_WORDS]


def _terms(talk: Talk, i: int, frame: Frame, topic: Topic) -> Iterator[tuple[Size, Decimal]]:
    """Amount and price of the turn that both are known from before, each said by figures of its own."""
    amounts, prices = _amounts(talk, i, topic), _prices(talk, i, topic)
    said = sorted([*(s.figure for s in frame.sizes), *frame.prices], key=lambda figure: figure.first)
    sizes = {size.figure.first: size for size in frame.sizes}
    priced = [(figure, p) for figure in said if (p := _price(topic, frame, figure)) in prices]
    for level, price in priced:
        rest = [_size(f, sizes.get(f.first), topic, amounts) for f in said if f is not level]
        counted = [size for size in rest if size is not None]
        monthly = next((size for size in frame.sizes if _monthly(frame, size, topic)), None)
        if monthly is not None and topic.size is not None:
            counted = [replace(monthly, figure=replace(monthly.figure, value=topic.size))]
        wanted = [size for size in counted if topics.size_of(size, topic.instrument)[0] == topic.size]
        whole = wanted or _together([sizes[f.first] for f in said if f is not level and f.first in sizes], topic)
        for size in whole or [one for one in counted if one.figure.value != price]:  # "42 is 42"
            yield size, price


def _price(topic: Topic, frame: Frame, figure: Figure) -> Decimal | None:
    return placed(topic, frame, figure) if figure.value < 200_000 else None


def _size(figure: Figure, size: Size | None, topic: Topic, known: set[Decimal]) -> Size | None:
    """The figure as an amount that was spoken of."""
    if size is not None:
        return size if topics.size_of(size, topic.instrument)[0] in known else None
    if figure.pointed or figure.fraction:
        return None
    for scale in (1, 1000, 1_000_000):
        if figure.value * scale in known and (scale == 1 or figure.value < 1000):
            return Size(replace(figure, value=figure.value * scale), topic.ccy, topic.unit, True)
    return None


def _monthly(frame: Frame, size: Size, topic: Topic) -> bool:
    """ "Three thousand tonnes a month", where nine thousand were asked for."""
    after = {word.low for word in frame.words[size.figure.last : size.figure.last + 4]}
    value = topics.size_of(size, topic.instrument)[0]
    return bool({"month", "monthly"} & after) and topic.size in {value * count for count in range(2, 13)}


def _together(sizes: list[Size], topic: Topic) -> list[Size]:
    """The parts of the amount asked for: "three hundred at forty-one, and the last hundred as well"."""
    for count in range(2, min(len(sizes), MOST_PARTS) + 1):
        for parts in combinations(sizes, count):
            whole = sum((topics.size_of(part, topic.instrument)[0] for part in parts), Decimal(0))
            if whole == topic.size:
                return [replace(parts[0], figure=replace(parts[0].figure, value=whole), sure=True)]
    return []


def _amounts(talk: Talk, i: int, topic: Topic) -> set[Decimal]:
    """The amount asked for, and those that the client names in turns of this enquiry or in the answer."""
    theirs = [k for k in range(topic.opened, i) if talk.turns[k].who == "client" and talk.topic_at.get(k) is topic]
    theirs += _answer(talk, i)
    theirs += [topic.quoted_at] if topic.quoted_at is not None else []  # "30kb total. 71.85"
    found = {value for k in theirs for value in proof.amounts(talk.frames[k], topic.instrument)}
    return found | ({topic.size} if topic.size is not None else set())


def _prices(talk: Talk, i: int, topic: Topic) -> set[Decimal]:
    """The levels shown, and those that the client named after them."""
    shown = {p for p in (topic.bid, topic.ask, topic.mid, topic.accepted_price) if p is not None}
    if topic.quoted_at is None:
        left = _own_order(talk, i, topic)
        before = talk.frames[left] if left is not None and PAST & set(talk.frames[i].lows) else None
        return shown | known(placed(topic, before, figure) for figure in before.prices) if before is not None else shown
    after = [k for k in range(topic.quoted_at, i) if talk.topic_at.get(k) in (topic, None)]
    said = {p for k in after for figure in talk.frames[k].prices if (p := placed(topic, talk.frames[k], figure))}
    return shown | said


def _side(frame: Frame, topic: Topic, price: Decimal) -> Side | None:
    """As asked for, else by the side of the quote that was taken; None where what is read back says otherwise."""
    side = topic.side
    if side is None and topic.quoted_at is None:
        side = "sell" if "offer" in topic.hints else "buy" if "bid" in topic.hints else None
    if side is None and topic.bid != topic.ask:
        side = "buy" if price == topic.ask else "sell" if price == topic.bid else _in_passive(frame)
    told = {sides.of_base(leg.side, frame, leg.at, topic.instrument) for leg in legs(frame) if leg.side is not None}
    if side is None:
        return told.pop() if len(told) == 1 else None
    return side if not told or side in told else None


def _in_passive(frame: Frame) -> Side | None:
    """ "Eight thousand bought": what an order came to is told from the client's side."""
    said: set[Side] = {side for low, side in PASSIVE.items() if low in frame.lows}
    return said.pop() if len(said) == 1 else None


PASSIVE: dict[str, Side] = {"bought": "buy", "sold": "sell"}


def fills(talk: Talk, i: int, frame: Frame, topic: Topic) -> list[tuple[Frame, Struck]]:
    """What turn `i` tells an order that is worked to have done, each fill with the words that tell it."""
    if topic.kind not in WORKED or topic.status == "cancelled" or saying.past(frame):
        return []
    asked = _asked_of(talk, i, topic)
    if not (asked or topic.size is not None and _worked(talk, i, topic)):
        return []
    found = []
    for sentence in saying.sentences(frame):
        if sentence.question or CASE & set(sentence.lows) or not (asked or _tells(frame, sentence)):
            continue
        if topic.status == "dealt" and not sentence.prices:
            continue  # "gas done but for the fifteen": told before
        for part in _pieces(sentence):
            fill = _fill(talk, i, part, topic) if not part.has(*LIMITED) else None
            if fill is not None and (fill.quantity == topic.size or not _goes_on(sentence)):
                found.append((part, fill))
    return found


def _tells(frame: Frame, sentence: Frame) -> bool:
    """Something is said to be filled; "100 at 71.22" says so by itself."""
    if any(part.has(*FILLED) for part in saying.sentences(frame) if not part.question):
        return True
    words = [low for low in sentence.lows if low not in ("another", "more", ".", "and", "then", "next", "last")]
    sized = sentence.sizes[0].figure if sentence.sizes else None
    level = next((f for f in sentence.prices if sized is not None and f.first == sized.last + 1), None)
    return level is not None and sized is not None and len(words) <= level.last - sized.first


def _asked_of(talk: Talk, i: int, topic: Topic) -> bool:
    """The client has just asked what became of an order of theirs: "what did you do on my Nasdaq?" """
    last = next((k for k in range(i - 1, max(-1, i - 3), -1) if talk.turns[k].who == "client"), None)
    if last is None or talk.topic_at.get(last) not in (topic, None) or not talk.frames[last].question:
        return False
    return {"my", "our"} & set(talk.frames[last].lows) != set() or talk.frames[last].has("avg", "average")


def _goes_on(told: Frame) -> bool:
    """ "22,400 gone, average 18.39": how far an order has come, not yet what it came to."""
    return (
        told.has("so far", "now", "upd", "update", "currently", "to date")
        or told.has(*AVERAGED)
        and not told.has(*TOTAL, *PAST - {"gone"})
    )


def _worked(talk: Talk, i: int, topic: Topic) -> bool:
    """The client gave an order to deal for them, and it is not done yet."""
    theirs = [k for k in range(topic.opened, i) if talk.turns[k].who == "client" and talk.topic_at.get(k) is topic]
    asked = [talk.frames[k] for k in theirs]
    told = topic.accepted_at is not None or any(f.verbs or resting.cued(f) or resting.instructed(f) for f in asked)
    return told and any(frame.sizes for frame in asked)


def _pieces(sentence: Frame) -> list[Frame]:
    """The parts of a sentence that tell an amount with its price; the sentence where it tells but one."""
    begin, end = sentence.begin, sentence.begin + len(sentence.lows)
    cuts = [k for k in range(begin, end) if sentence.words[k].low in ("and", ";", ",", "-", "then")]
    parts, start = [], begin
    for cut in [*cuts, end]:
        part = sentence.part(start, cut)
        if part.prices and (part.sizes or len(part.prices) > 1):
            parts.append(part)
            start = cut + 1
    return parts or [sentence]


def _fill(talk: Talk, i: int, part: Frame, topic: Topic) -> Struck | None:
    side = topic.side or _in_passive(part)
    levels = known((topic.bid, topic.ask, topic.mid, *topic.anchors[-3:]))
    sizes = {size.figure.first: size for size in part.sizes}
    said = sorted([*(s.figure for s in part.sizes), *part.prices], key=lambda figure: figure.first)
    priced = [(figure, p) for figure in said if (p := _price(topic, part, figure)) is not None and _near(p, levels)]
    priced = [one for one in priced if one[0].first not in sizes] or priced
    if len({p for _, p in priced}) != 1 or side is None:
        return None
    level, price = priced[-1]
    counted = [
        topics.size_of(sizes.get(f.first) or Size(f, None, topic.unit, True), topic.instrument)
        for f in said
        if f is not level and not (f.pointed or f.fraction) and (f.first in sizes or len(f.chunks) <= 2)
        if part.words[f.first - 1].low != "of"
        and [w.low for w in part.words[max(0, f.first - 2) : f.first]] != ["of", "the"]
    ]  # "ninety-five of the hundred and forty"
    if (
        not counted
        and topic.size is not None
        and saying.done(part)
        and not part.has("so far", "some", "part", "partly", "of it")
    ):
        counted = [(topic.size, topic.ccy, topic.unit)]  # "done, avg 118.35": all that was asked for
    counted = [one for one in counted if 0 < one[0] <= (topic.size or one[0])]
    if len({one[0] for one in counted}) != 1 or not levels and not _just_asked(talk, i, topic):
        return None
    quantity, ccy, unit = counted[0]
    return Struck(side, quantity, ccy, unit, price)


def _just_asked(talk: Talk, i: int, topic: Topic) -> bool:
    """Nothing else was asked for since."""
    asked = (k for k in range(i - 1, -1, -1) if talk.turns[k].who == "client" and talk.frames[k].sizes)
    return talk.topic_at.get(next(asked, -1)) is topic


def _near(price: Decimal, levels: set[Decimal]) -> bool:
    return not levels or any(abs(price / level - 1) <= SLIPPAGE for level in levels if level)


def known(values: Iterable[Decimal | None]) -> set[Decimal]:
    """Those that are there."""
    return {value for value in values if value is not None}
