"""Quotes on which nothing was done, from the enquiries that did not deal."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from nlp.language import saying, topics, vocabulary
from nlp.language.evidence import supported
from nlp.language.model import Outcome, Quote
from nlp.language.settlement import enquired, title, trimmed
from nlp.language.supposing import SUPPOSED, outdone
from nlp.language.talk import Talk
from nlp.language.topics import Topic


def quotes_not_dealt(talk: Talk, unsettled: Collection[Topic] = ()) -> list[Quote]:
    """One entry per enquiry at the last level shown; only where the conversation says how it ended."""
    result = []
    for topic in talk.topics:
        if topic in unsettled:
            continue
        outcome = _outcome(talk, topic)
        if outcome is None:
            continue
        quote = _quote(talk, topic, outcome)
        if quote is not None:
            result.append(supported(talk, topic, quote))
    return result


def _outcome(talk: Talk, topic: Topic) -> Outcome | None:
    if topic.instrument.form == vocabulary.NEW_ISSUE:
        return None  # guidance is published
    if topic.status == "cancelled":
        return "cancelled"
    if topic.status == "open" and topic.unsettled_at is not None:
        return None  # it seems done, but not how: it is asked about, not reported as passed
    if topic.status in ("dealt", "ordered") or outdone(talk, topic) or not client_asked(talk, topic):
        return None
    if topic.quoted_at is None:
        return "no_quote" if topic.refused_at is not None else None
    after = range(topic.quoted_at, min(len(talk.turns), topic.quoted_at + 6))
    mine = [k for k in after if talk.topic_at.get(k) is topic]
    client = [k for k in after if talk.turns[k].who == "client"]
    if topic.status != "passed" and not client and "indicative" not in topic.hints:
        return None  # nobody has answered yet
    if SUPPOSED in topic.hints:
        return "hypothetical"
    if any(saying.away(talk.frames[k]) and _spoken_of(talk, k, topic) for k in after):
        return "traded_away"
    if any(talk.frames[k].has(*topics.CONDITIONAL) for k in mine):
        return "conditional"
    if any(talk.frames[k].has(*topics.HYPOTHETICAL) for k in range(max(0, topic.opened - 1), topic.quoted_at + 1)):
        return "hypothetical"
    only = indicative(topic) or (topic.status != "passed" and "indicative" in topic.hints)
    return "indicative" if only else "passed"


def _spoken_of(talk: Talk, k: int, topic: Topic) -> bool:
    """The turn is about this instrument, not about another one named in between."""
    about = talk.topic_at.get(k)
    return about is None or topics.same(about.instrument, topic.instrument)


def indicative(topic: Topic) -> bool:
    """An indication was asked for or given, and no firm price followed."""
    asked = "indicative" in topic.hints
    return asked and (topic.quoted_at is None or (topic.indicative_at or 0) >= topic.quoted_at - 2)


def client_asked(talk: Talk, topic: Topic) -> bool:
    """The client asked for it; a level that the trader throws in is market colour."""
    until = len(talk.turns) if topic.quoted_at is None else topic.quoted_at
    return any(talk.turns[k].who == "client" for k in topic.evidence if k <= until) or _refused(talk, topic)


def _refused(talk: Talk, topic: Topic) -> bool:
    """The client turns down what the trader offered unasked."""
    after = range(topic.quoted_at + 1, min(len(talk.turns), topic.quoted_at + 3)) if topic.quoted_at is not None else ()
    answer = next((talk.frames[k] for k in after if talk.turns[k].who == "client"), None)
    offered = topic.quoted_at is not None and talk.frames[topic.quoted_at].has(*OFFERED)
    return offered and answer is not None and answer.lows[:1] in (("no",), ("nah",), ("nope",))


OFFERED = (
    "i can sell",
    "i could sell",
    "i can buy",
    "i could buy",
    "i can offer",
    "i could offer",
    "i 'd offer",
    "i 'd sell",
    "i 'd buy",
    "i can bid",
    "i can show",
)


def _quote(talk: Talk, topic: Topic, outcome: Outcome) -> Quote | None:
    bid, ask, mid = topic.bid, topic.ask, topic.mid
    if outcome != "no_quote" and bid is None and ask is None and mid is None:
        return None
    if bid is None and ask is None and not _level_asked(talk, topic):
        return None
    if (
        bid is None
        and ask is None
        and mid is not None
        and "mid" not in topic.hints
        and (_side_said(talk, topic) or outcome != "indicative")
    ):
        if topic.side is None:
            return None  # a level without a side: colour
        bid, ask = (mid, None) if topic.side == "sell" else (None, mid)
    if bid is not None or ask is not None:
        mid = None
    instrument = topic.instrument
    product = enquired(topic, talk.today)
    value = topic.day.resolve(talk.today) if topic.day else None
    points = topic.price_type == "points"
    return Quote(
        client_side=topic.side,
        product=product,
        instrument=title(topic, talk.today),
        description=instrument.description,
        instrument_id=instrument.id,
        quantity=topic.size,
        quantity_ccy=None if topic.unit else topic.ccy or (instrument.currency if not instrument.unit else None),
        quantity_unit=topic.unit or (None if topic.ccy else instrument.unit),
        bid=_shown(bid),
        ask=_shown(ask),
        mid=_shown(mid),
        price_type=topic.price_type
        or ("points" if points else "rate" if instrument.kind in ("fx", "irs") else "price"),
        price_ccy=instrument.price_ccy,
        value_date=value,
        tenor=instrument.tenor or instrument.period or topic.tenor,
        benchmark=topic.benchmark,
        outcome=outcome,
        evidence=tuple(sorted(topic.evidence)),
    )


def _side_said(talk: Talk, topic: Topic) -> bool:
    """ "You buying again? Call it 25": the one level that was shown is for that side."""
    at = topic.quoted_at
    return (
        topic.side is not None
        and at is not None
        and any(talk.frames[k].verbs for k in (at, at + 1) if k < len(talk.frames))
    )


def _level_asked(talk: Talk, topic: Topic) -> bool:
    """The client asked where it is, not what somebody thinks of it."""
    if topic.quoted_at is None or topic.side is not None or "mid" in topic.hints:
        return True
    before = range(max(0, topic.quoted_at - 3), topic.quoted_at)
    return any(talk.turns[k].who == "client" and talk.frames[k].has(*LEVEL) for k in before)


LEVEL: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["level_asked"])


def _shown(price: Decimal | None) -> Decimal | None:
    return None if price is None else trimmed(price)
