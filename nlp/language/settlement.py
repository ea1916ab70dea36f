"""Product and settlement date: spot, outright, fixing; a day that cannot be a settlement date is left blank."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.calendar import Day
from nlp.language.frames import Frame
from nlp.language.model import Product
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument
from resources.calendars import calendars_of, settles

KINDS: dict[str, Product] = {
    "bond": "bond",
    "irs": "irs",
    "future": "future",
    "equity": "equity",
    "option": "option",
}
LONGEST_UNNAMED = timedelta(days=183)
LONGEST_LAG = 5  # business days that a trade for ordinary settlement may take


def spot_date(instrument: Instrument, today: date) -> date | None:
    """The ordinary settlement date; None where the instrument has none."""
    return settles(today, instrument.settle, _calendars(instrument)) if instrument.settle is not None else None


def _calendars(instrument: Instrument) -> tuple[str, ...]:
    return calendars_of(instrument.kind, instrument.code, instrument.currency)


def product_of(topic: Topic, value: date | None, today: date, *, swap: bool = False) -> Product:
    """The product, from the instrument, the date and what was asked for."""
    instrument = topic.instrument
    if instrument.kind != "fx":
        return KINDS.get(instrument.kind, "commodity")
    if swap:
        return "fx-swap"
    spot = spot_date(instrument, today)
    outright = (value is not None and spot is not None and value > spot) or (
        value is None and "forward" in topic.hints and "spot" not in topic.hints
    )
    if "ndf" in topic.hints or (outright and instrument.code in v.section("fx", "ndf")):
        return "ndf"
    return "fx-forward" if outright else "fx-spot"


def enquired(topic: Topic, today: date) -> Product:
    """The product of an enquiry that did not deal."""
    value = topic.day.resolve(today) if topic.day else None
    if topic.kind == "fx" and topic.tenor and value is None and "spot" not in topic.hints:
        topic.hints.add("forward")
    return product_of(topic, value, today, swap=topic.kind == "fx" and "swap" in topic.hints)


def settled(topic: Topic, day: Day | None, today: date, *, swap: bool = False) -> tuple[Product, date | None]:
    """Product and settlement date of a deal. No day said: the ordinary one; an impossible day said: blank."""
    instrument = topic.instrument
    said = day.resolve(today) if day else None
    spot = spot_date(instrument, today)
    ordinary = instrument.kind in ("bond", "equity", "metal") or (
        instrument.kind == "fx" and "spot" in topic.hints and not topic.hints & {"forward", "ndf", "swap"}
    )
    ordinary = ordinary and not swap and topic.tenor is None
    # "The 17th of September" said in November: without a word of a forward it is more likely misheard than next year's.
    unnamed = instrument.kind == "fx" and not topic.hints and topic.tenor is None
    if said is not None and (
        said < today
        or (ordinary and said > settles(today, LONGEST_LAG, _calendars(instrument)))
        or (unnamed and said > today + LONGEST_UNNAMED)
    ):
        said = None
    product = product_of(topic, said, today, swap=swap)
    if day is None and instrument.kind in ("fx", "bond", "equity", "metal") and product in ("fx-spot", *PLAIN):
        return product, spot
    return product, said


PLAIN: tuple[Product, ...] = ("bond", "equity", "commodity")


def title(topic: Topic, today: date) -> str:
    """How the instrument is written; an option with its expiry or tenor."""
    code = topic.instrument.code
    if topic.kind != "option" or v.pair_of(topic.instrument.form) is None:
        return code
    expiry = topic.day.resolve(today) if topic.day else None
    return f"{code} exp {expiry.isoformat()}" if expiry else f"{code} {topic.tenor}" if topic.tenor else code


def price_currency(instrument: Instrument, frame: Frame) -> str | None:
    """GBX where pence were said, else the currency that the instrument is priced in."""
    if instrument.kind == "equity" and frame.has("pence", "p"):
        return "GBX"
    return instrument.price_ccy


def trimmed(price: Decimal) -> Decimal:
    """The price without trailing zeros."""
    normal = price.normalize()
    return normal.quantize(Decimal(1)) if normal == normal.to_integral_value() else normal
