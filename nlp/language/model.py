"""What is said and what is understood from it: plain frozen values that cross threads and processes.

The meaning of each field of Deal, Quote, Order, FollowUp, Consent and Matter follows the conventions of a sell-side
call report: `client_side` is always the client's side (of the base currency in FX, of the far leg in an FX swap; `buy`
pays fixed in a swap), quantities are plain units, prices as dealt. A field is None where the conversation does not
support it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

Who = Literal["trader", "client"]
Side = Literal["buy", "sell"]
PriceType = Literal["rate", "price", "yield", "spread_bp", "points"]
Product = Literal["fx-spot", "fx-forward", "fx-swap", "ndf", "bond", "irs", "equity", "future", "commodity", "option"]
Outcome = Literal["passed", "indicative", "hypothetical", "conditional", "traded_away", "cancelled", "no_quote"]
OrderType = Literal["limit", "stop", "take_profit", "fixing", "vwap", "twap", "moc", "ioi"]


class Timed(msgspec.Struct, frozen=True, array_like=True):
    """When a word sounded, in seconds from the start of the conversation, and how surely it was heard (0 to 1)."""

    start: float
    end: float
    sure: float = 1.0


class Turn(msgspec.Struct, frozen=True):
    """One speaker's uninterrupted words; times in seconds from the start of the conversation.

    `words` has one entry for each word of `text.split()`, or none where the times are not known. `guessed`: who spoke
    was concluded from the voice alone, as in a call with one channel.
    """

    who: Who
    start: float
    end: float
    text: str
    words: tuple[Timed, ...] = ()
    guessed: bool = False


class Party(msgspec.Struct, frozen=True):
    """The customer's side of the conversation."""

    contact: str
    organization: str
    phone: str | None = None
    handle: str | None = None


class Trader(msgspec.Struct, frozen=True):
    """The desk's side of the conversation."""

    name: str
    desk: str = ""


class Header(msgspec.Struct, frozen=True):
    """What is known without listening. `started` carries its offset: relative dates count from that local day."""

    id: str
    kind: Literal["call", "chat"]
    started: datetime
    client: Party
    trader: Trader


class Dialogue(msgspec.Struct, frozen=True):
    """A conversation so far."""

    header: Header
    turns: tuple[Turn, ...] = ()


class ReferenceInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the security master, as the language room needs it. `price` places the decimals of spoken prices."""

    id: str
    kind: str
    symbol: str
    name: str = ""
    currency: str | None = None
    isin: str | None = None
    ticker: str | None = None
    aliases: tuple[str, ...] = ()
    coupon: Decimal | None = None
    maturity: date | None = None
    settle_days: int | None = None
    price: Decimal | None = None
    decimals: int | None = None
    quantity_unit: str | None = None


class Lexicon(msgspec.Struct, frozen=True):
    """The desk's learned corrections: (heard, meant) pairs, whole words, whatever their case. Later pairs win."""

    entries: tuple[tuple[str, str], ...] = ()


class Reference(msgspec.Struct, frozen=True):
    """Securities and names that this customer's conversations are likely to mention, and the desk's lexicon."""

    instruments: tuple[ReferenceInstrument, ...] = ()
    names: tuple[str, ...] = ()
    lexicon: Lexicon = Lexicon()


ASK_BELOW = 0.6
"""A field less sure than this is left blank: the trader is asked."""


class FieldSpan(msgspec.Struct, frozen=True):
    """Where one field of a fact was said: `start` and `end` are characters of the repaired turn, `text` the words
    between them, `began` and `ended` seconds of the conversation: those of the words where the turn has them, else by
    their share of the turn's text."""

    field: str
    turn: int
    start: int
    end: int
    text: str = ""
    began: float = 0.0
    ended: float = 0.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a deal, a quote and an order have in common.

    `confidence` is that of the least sure field that makes the fact (0 to 1); `doubtful` names the fields that were
    left blank because nothing said supports them enough.
    """

    client_side: Side | None
    product: Product
    instrument: str
    description: str | None = None
    instrument_id: str | None = None
    quantity: Decimal | None = None
    quantity_ccy: str | None = None
    quantity_unit: str | None = None
    price_type: PriceType = "price"
    price_ccy: str | None = None
    value_date: date | None = None
    near_date: date | None = None
    fixing_date: date | None = None
    tenor: str | None = None
    spot_ref: Decimal | None = None
    benchmark: str | None = None
    evidence: tuple[int, ...] = ()
    spans: tuple[FieldSpan, ...] = ()
    confidence: float = 1.0
    doubtful: tuple[str, ...] = ()


class Deal(Terms, frozen=True, kw_only=True):
    """Business done and still standing."""

    price: Decimal
    cash_price: Decimal | None = None


class Unclear(Terms, frozen=True, kw_only=True):
    """Business that seems done, but whose side, amount or price the talk does not settle: these stay blank."""

    price: Decimal | None = None


class Quote(Terms, frozen=True, kw_only=True):
    """A price asked for or shown on which nothing was done."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    mid: Decimal | None = None
    outcome: Outcome = "passed"


class Order(Terms, frozen=True, kw_only=True):
    """An order resting at the end. `expiry` is "day", "GTC", an ISO date or an ISO date and time."""

    order_type: OrderType
    level: Decimal | None = None
    expiry: str | None = None
    oco: bool = False


class Enquiry(Terms, frozen=True, kw_only=True):
    """What the client is asking for at this moment. `price` is the side of the quote they would deal on, once shown."""

    price: Decimal | None = None


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """Something one side promised. `due` is None where no time was agreed or it hangs on an event."""

    owner: Who
    what: str
    due: date | None = None
    evidence: tuple[int, ...] = ()
    spans: tuple[FieldSpan, ...] = ()
    confidence: float = 1.0


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """The client's word on a channel: whatsapp, sms, phone, email, email_newsletter, post, third_party_data_sharing."""

    channel: str
    granted: bool
    evidence: tuple[int, ...] = ()
    spans: tuple[FieldSpan, ...] = ()
    confidence: float = 1.0


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """Something for compliance: a complaint about the bank's service, or due diligence on the client (KYC).

    `what` are words of the talk: what is complained of, or which document, check or change it is about. `formal`: the
    complaint is to be registered as one, by the client's wish or the trader's word.
    """

    kind: Literal["complaint", "kyc"]
    what: str
    raised_by: Who
    formal: bool = False
    evidence: tuple[int, ...] = ()
    spans: tuple[FieldSpan, ...] = ()
    confidence: float = 1.0


class Mention(msgspec.Struct, frozen=True):
    """A highlighted piece of a turn. `kind`: instrument, quantity, price, date, tenor, side or deal word."""

    turn: int
    start: int
    end: int
    kind: str
    text: str
    instrument: str | None = None
    instrument_id: str | None = None
    product: str | None = None


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """All that was understood. `turns` are the repaired turns that every index and span refers to; `subjects` the
    things and people that were spoken of beside the business, in the words of the talk."""

    turns: tuple[Turn, ...] = ()
    deals: tuple[Deal, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    quotes_not_dealt: tuple[Quote, ...] = ()
    enquiry: Enquiry | None = None
    orders_left: tuple[Order, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    consents: tuple[Consent, ...] = ()
    matters: tuple[Matter, ...] = ()
    sentiment: Literal["positive", "neutral", "negative"] = "neutral"
    products: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
