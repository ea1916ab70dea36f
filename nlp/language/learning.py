"""What is learned of an enquiry in passing: amounts, sides, dates and kinds of price."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nlp.language import identity, proof, resting, saying, sides, swaps, topics
from nlp.language.amounts import Size
from nlp.language.frames import Frame
from nlp.language.model import Side, Turn
from nlp.language.offsetting import offset
from nlp.language.placing import placed
from nlp.language.shares import priced_in
from nlp.language.topics import Topic
from nlp.language.vocabulary import section, swap

if TYPE_CHECKING:
    from nlp.language.talk import Talk


_WORDS = section("phrases", "topics")
COSTS: tuple[str, ...] = tuple(_WORDS["costs"])
DEPTH: tuple[str, ...] = tuple(_WORDS["depth"])
RECAP: tuple[str, ...] = tuple(_WORDS["recap"])


def learn(talk: Talk, i: int, turn: Turn, frame: Frame, topic: Topic) -> None:
    """Amounts, sides, dates and kinds of price said in passing."""
    if i - max(topic.evidence, default=i) > 6 and not frame.mentions:
        return  # the talk has moved on to something without a name
    if topic.quoted_at is not None and not frame.verbs and frame.has(*COSTS):
        return  # what a bank charges is no amount of the business
    useful = bool(frame.mentions)
    currency = priced_in(frame.lows) if topic.kind == "equity" and not topic.instrument.currency else None
    if topic.kind == "equity" and topic.opened == i and _in_cents(talk):
        topic.hints.add("cents")
    if currency is not None:
        topic.instrument = replace(topic.instrument, currency=currency)
    for size in frame.sizes:
        loose = not size.sure or (topic.unit is not None and size.unit is None)
        if turn.who == "trader" and (topic.size is not None and loose or proof.repeats_otherwise(size, topic)):
            continue
        told = topic.kind == "fx" and topic.size is not None and topic.quoted_at is not None
        if turn.who == "trader" and told and not frame.prices:
            continue  # "the website's the middle, for ten thousand pounds"
        after = frame.words[size.figure.last].low if size.figure.last < len(frame.words) else ""
        if turn.who == "trader" and (frame.has(*RECAP) or topic.size is None and after == "up"):
            continue
        if turn.who == "trader" and i and topic.unit is None and talk.frames[i - 1].has(*DEPTH) and not frame.question:
            continue  # "how much is there?", "four hundred lots": the market's
        if topics.a_level(size, topic) or topic.size and topic.quoted_at is not None and resting.of_an_order(frame):
            continue  # an order has an amount of its own
        if topic.status == "open":
            topic.size, topic.ccy, topic.unit = topics.size_of(_in_currency(frame, size, topic), topic.instrument)
            useful = True
    if (
        topic.kind == "fx"
        and (turn.who == "client" or topic.status == "open")
        and saying.far_side(frame, trader=turn.who == "trader") is not None
    ):
        topic.hints.add("swap")
        if turn.who == "trader" and topic.quoted_at is None and topic.side is None:
            topic.side = saying.far_side(frame, trader=True)
    standing = offset(talk, i, turn.who, frame, topic)
    if standing is not None and topic.status == "open":
        topic.side, useful = standing, True
    elif turn.who == "client":
        if topic.quoted_at is None and not frame.has("leave", "my bid", "my offer"):
            topic.hints |= {word[:5] for word in ("offer", "offered", "bid") if frame.has(word)}
        if topic.kind == "equity" and topic.quoted_at is None:
            topic.anchors += [p.value for p in frame.prices if p.pointed]
        elif topic.kind in ("fx", "future") and topic.quoted_at is None and frame.sizes:
            levels = [placed(topic, frame, p) for p in frame.prices if p.pointed]  # of an order
            topic.anchors += [level for level in levels if level is not None]
        side = sides.client_side(frame, topic.instrument)
        if side and (topic.status == "open" or topic.status == "passed" and saying.takes(frame)):
            topic.side, useful = side, True
    for day in frame.days:
        if (
            topic.status == "open"
            and (topic.quoted_at is None or i <= topic.quoted_at + 3)
            and (
                frame.has("value", "val", "start", "effective", "spot", "settle", "settling", "for", "date", "fixing")
                or day.month
            )
        ):
            topic.day, useful = topic.day or day, True
    if topic.kind == "irs" and topic.side is None:
        topic.side = swaps.named_side(frame)
    if topic.kind == "irs" and topic.quoted_at is None and swaps.start_of(frame) == swaps.FORWARD_START:
        topic.hints.add(swaps.FORWARD_START)
    for tenor in frame.tenors:
        if topic.kind != "irs":
            known = topic.tenor in {other.code for other in frame.tenors} or topic.tenor and topic.shown_at is not None
            topic.tenor = topic.tenor if known else tenor.code
        elif topic.instrument.tenor is None and tenor.code.endswith("Y"):
            topic.instrument = swap(topic.instrument.form, tenor.code)  # "against six-month Euribor" tells no tenor
    for phrase, hint in topics.HINTS.items():
        if frame.has(phrase) and not (phrase == "swap" and frame.has(*EXCHANGED)):
            if hint in topics.PRICED_ON:
                if (turn.who == "trader" or topic.quoted_at is not None) and frame.question:
                    continue  # "on price or on yield?"
                topic.hints -= topics.PRICED_ON
            topic.hints.add(hint)
            if hint == "indicative":
                topic.indicative_at = i
    benchmark = next((m for m in frame.mentions if m.benchmark), None)
    if benchmark is not None and topic.kind == "bond":
        topic.benchmark = benchmark.instrument.code
        if topic.quoted_at is None and not frame.question:
            topic.hints = topic.hints - topics.PRICED_ON | {"spread_bp"}
    if useful:
        topic.evidence.add(i)


EXCHANGED = ("swap it", "swap them", "swap that", "swap this", "swap those", "swap these")
"""An exchange of currencies, not two."""


def headed(topic: Topic, turn: int, heading: Frame) -> None:
    """What was said of a list before its lines holds for each: "can I get offers in these", "spread bids, to sell"."""
    if topic.opened - turn > HEADED_WITHIN or topic.kind != "bond":
        return
    wanted = {word for word in ("offer", "bid") if heading.has(word, word + "s")}
    topic.hints |= wanted
    topic.hints |= {hint for word, hint in topics.HINTS.items() if hint in topics.PRICED_ON and heading.has(word)}
    shown: Side | None = None if len(wanted) != 1 else "sell" if "bid" in wanted else "buy"
    topic.side = topic.side or sides.client_side(heading, topic.instrument) or shown


def _in_cents(talk: Talk) -> bool:
    """Shares are spoken of in dollars or euros and cents: "thirty-eight ten" is 38.10."""
    said = {low for frame in talk.frames for low in frame.lows}
    return bool({"cents", "cent"} & said) and "pence" not in said


def unanswered(i: int, frame: Frame, topic: Topic) -> bool:
    """What the client asked for is named again with a no, and no price is shown: "quernmore, nobody wants it"."""
    asked = topic.opened < i and topic.quoted_at is None and topic.kind == "bond"
    named = any(identity.same(m.instrument, topic.instrument) for m in frame.mentions)
    return asked and named and not frame.question and bool(DENYING & set(frame.lows))


HEADED_WITHIN = 8
"""Turns between what is said of a list and its last line."""
DENYING: frozenset[str] = frozenset(_WORDS["denying"])


def _in_currency(frame: Frame, size: Size, topic: Topic) -> Size:
    """ "Paying them in yen. Four hundred million": the amount is in the currency spoken of just before."""
    if size.ccy is not None or topic.kind != "fx":
        return size
    if topic.ccy and topic.size and not frame.monies and not frame.mentions:
        return replace(size, ccy=topic.ccy)
    named = {m for mention in frame.mentions for m in range(mention.first, mention.last)}
    codes = [
        m.code
        for m in frame.monies
        if m.first < size.first and m.first not in named and m.code in topic.instrument.code
    ]
    return replace(size, ccy=codes[-1]) if codes else size
