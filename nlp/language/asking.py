"""The enquiry that is open at this moment, as far as it goes: what a ticket can be filled with before it is a deal."""

from __future__ import annotations

from typing import Any

from nlp.language.evidence import supported
from nlp.language.model import Enquiry
from nlp.language.outcomes import client_asked, indicative
from nlp.language.settlement import enquired, title, trimmed
from nlp.language.talk import Talk
from nlp.language.topics import Topic


def enquiry(talk: Talk) -> Enquiry | None:
    """What the client asks for now; None once it was dealt, passed on, left as an order or was an indication only."""
    topic = talk.current
    if topic is None or topic.status != "open" or indicative(talk, topic) or not client_asked(talk, topic):
        return None
    return supported(talk, topic, Enquiry(**described(talk, topic)))


def described(talk: Talk, topic: Topic) -> dict[str, Any]:
    """The terms of an enquiry as far as they are known, by the names of the facts' fields."""
    instrument = topic.instrument
    price = topic.taken(topic.side) if topic.side is not None else None
    return {
        "client_side": topic.side,
        "product": enquired(topic, talk.today),
        "instrument": title(topic, talk.today),
        "description": instrument.description,
        "instrument_id": instrument.id,
        "quantity": topic.size,
        "quantity_ccy": None if topic.unit else topic.ccy or (instrument.currency if not instrument.unit else None),
        "quantity_unit": topic.unit or (None if topic.ccy else instrument.unit),
        "price": None if price is None else trimmed(price),
        "price_type": topic.price_type or ("rate" if instrument.kind in ("fx", "irs") else "price"),
        "price_ccy": instrument.price_ccy,
        "value_date": topic.day.resolve(talk.today) if topic.day else None,
        "tenor": instrument.tenor or instrument.period or topic.tenor,
        "benchmark": topic.benchmark,
        "evidence": tuple(sorted(topic.evidence)),
    }
