"""Quotes on which nothing was done, from the enquiries that did not deal."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from nlp.language import swaps, vocabulary
from nlp.language.evidence import supported
from nlp.language.model import Outcome, Quote, Side
from nlp.language.outcomes import outcome
from nlp.language.settlement import enquired, title, trimmed
from nlp.language.talk import Talk
from nlp.language.topics import Topic, swapped


def quotes_not_dealt(talk: Talk, unsettled: Collection[Topic] = ()) -> list[Quote]:
    """One entry per enquiry at the last level shown; only where the conversation says how it ended."""
    result = []
    for topic in talk.topics:
        if topic in unsettled:
            continue
        ended = outcome(talk, topic)
        if ended is None:
            continue
        quote = _quote(talk, topic, ended)
        if quote is not None:
            result.append(supported(talk, topic, quote))
    return result


def _quote(talk: Talk, topic: Topic, ended: Outcome) -> Quote | None:
    bid, ask, mid = topic.bid, topic.ask, topic.mid
    side = swaps.side_of(talk, topic)
    if ended != "no_quote" and bid is None and ask is None and mid is None:
        return None
    if bid is None and ask is None and not _level_asked(talk, topic):
        return None
    if (
        bid is None
        and ask is None
        and mid is not None
        and "mid" not in topic.hints
        and (_side_said(talk, topic) or ended != "indicative")
    ):
        if side is None:
            return None  # a level without a side: colour
        bid, ask = (mid, None) if side == "sell" else (None, mid)
    if bid is not None or ask is not None:
        mid = None
    instrument = topic.instrument
    product = enquired(topic, talk.today)
    value = topic.day.resolve(talk.today) if topic.day else None
    points = topic.price_type == "points"
    return Quote(
        client_side=_sibling_side(talk, topic) or side or _only_side(bid, ask),
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
        outcome=ended,
        evidence=tuple(sorted(topic.evidence)),
    )


def _sibling_side(talk: Talk, topic: Topic) -> Side | None:
    """Of swaps to two dates that were shown in one turn one was dealt: the other was asked for the same way round."""
    beside = (t for t in talk.topics if t is not topic and swapped(t) and t.shown_at == topic.shown_at)
    return next((t.side for t in beside if swapped(topic) and t.status == "dealt"), None)


def _only_side(bid: Decimal | None, ask: Decimal | None) -> Side | None:
    """Who is shown an offer alone wants to buy."""
    return None if (bid is None) == (ask is None) else "sell" if ask is None else "buy"


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
    if topic.opened in before and talk.turns[topic.opened].who == "client" and talk.frames[topic.opened].question:
        return True  # "2yr regular start?": a question that only names it
    return any(talk.turns[k].who == "client" and talk.frames[k].has(*LEVEL) for k in before)


LEVEL: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["level_asked"])


def _shown(price: Decimal | None) -> Decimal | None:
    return None if price is None else trimmed(price)
