"""What is being asked and shown about one instrument, and the words that move it on."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.amounts import Size
from nlp.language.calendar import Day
from nlp.language.model import PriceType, Side
from nlp.language.terms import Mention
from nlp.language.vocabulary import Instrument

_WORDS = v.section("phrases", "topics")
PASS: tuple[str, ...] = tuple(_WORDS["pass"])
HYPOTHETICAL: tuple[str, ...] = tuple(_WORDS["hypothetical"])
CONDITIONAL: tuple[str, ...] = tuple(_WORDS["conditional"])
INDICATIVE: tuple[str, ...] = tuple(_WORDS["indicative"])
CANCEL: tuple[str, ...] = tuple(_WORDS["cancel"])
CORRECTION: tuple[str, ...] = tuple(_WORDS["correction"])


@dataclass
class Topic:
    """One enquiry: what is known of it so far."""

    instrument: Instrument
    opened: int
    label: str = ""
    called: str = ""  # the first word of the name typed behind its code
    point: int | None = None
    size: Decimal | None = None
    ccy: str | None = None
    unit: str | None = None
    side: Side | None = None
    tenor: str | None = None
    day: Day | None = None
    near: Day | None = None
    month: int | None = None  # of an outright asked for among others
    hints: set[str] = field(default_factory=set)
    benchmark: str | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    mid: Decimal | None = None
    shown_at: int | None = None  # the first price
    quoted_at: int | None = None  # the latest
    price_type: PriceType | None = None
    anchors: list[Decimal] = field(default_factory=list)
    evidence: set[int] = field(default_factory=set)
    status: str = "open"
    accepted_at: int | None = None
    accepted_price: Decimal | None = None
    passed_at: int | None = None
    refused_at: int | None = None
    indicative_at: int | None = None
    unsettled_at: int | None = None  # the trader read something back that could not be read as a whole

    @property
    def kind(self) -> str:
        """The instrument's kind."""
        return self.instrument.kind

    @property
    def tenor_named(self) -> str | None:
        """The tenor that tells this enquiry from others in the same instrument."""
        return self.instrument.tenor or self.tenor

    def shown(self, turn: int) -> None:
        """A price was shown; what was passed is open again."""
        self.shown_at = turn if self.shown_at is None else self.shown_at
        self.quoted_at = turn
        self.evidence.add(turn)
        if self.status == "passed":
            self.status = "open"

    def taken(self, side: Side | None) -> Decimal | None:
        """The price that the client took: the one they said again, else the side of the quote they deal on."""
        return self.accepted_price or (self.ask if side == "buy" else self.bid) or self.mid


def size_of(size: Size, instrument: Instrument) -> tuple[Decimal, str | None, str | None]:
    """(quantity, currency, unit): bare numbers are millions where the market counts in millions."""
    value = size.figure.value
    if (instrument.kind in ("fx", "bond", "irs") or v.pair_of(instrument.form)) and not size.sure and value < 5000:
        value *= 1_000_000
    unit = size.unit or instrument.unit
    if instrument.kind in ("equity", "future", "metal", "commodity", "option") and unit:
        if instrument.unit == "t CO2" and size.unit == "lots":
            value *= 1000
            unit = "t CO2"
        return value, None, instrument.unit if instrument.unit in ("t CO2", "shares") else unit
    ccy = size.ccy or instrument.currency
    if instrument.kind == "fx" and ccy not in (instrument.code[:3], instrument.code[3:]):
        ccy = instrument.code[:3]
    if instrument.kind in ("bond", "irs") and instrument.currency:
        ccy = instrument.currency
    return value, ccy, None


def strong(mention: Mention) -> bool:
    """A mention that can open an enquiry by itself."""
    return not mention.benchmark and (
        not mention.weak or mention.instrument.kind in ("fx", "metal", "commodity", "future")
    )


def a_level(size: Size, topic: Topic) -> bool:
    """ "I had twenty-seven hundred in my head", beside a price of 2684, is no amount; nor is an option's strike, nor
    half a million to pay for six thousand tonnes of it."""
    shown = [price for price in (topic.bid, topic.ask, topic.mid, topic.instrument.coupon) if price]
    bare = size.unit is None and size.ccy is None and not size.figure.scale_word.startswith("m")
    if topic.kind == "option" and topic.instrument.unit and topic.size and not size.unit:
        return True
    return bare and any(abs(size.figure.value / price - 1) < Decimal("0.1") for price in shown)


def corporate(instrument: Instrument) -> bool:
    """A bond of no government."""
    return instrument.kind == "bond" and bool(instrument.issuer) and not v.government_of_title(instrument.issuer)


def on_spread(topic: Topic) -> bool:
    """A company's bond that was shown in basis points over something."""
    return corporate(topic.instrument) and topic.price_type == "spread_bp"


def swapped(topic: Topic) -> bool:
    """True for an FX swap."""
    return topic.kind == "fx" and "swap" in topic.hints


HINTS: dict[str, str] = dict(_WORDS["hints"])
PRICED_ON = {"spread_bp", "yield", "price"}
HINTS |= dict.fromkeys(INDICATIVE, "indicative")
