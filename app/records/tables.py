"""The tables of the desk, named by the field. Ids are UUIDv7 text; times are aware UTC; amounts are Decimal.

A row read outside a change is detached and must be treated as immutable.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Dialect, Float, ForeignKey, Index, Integer, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware datetime stored as fixed-width UTC ISO text, so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else dt.datetime.fromisoformat(value)


class Exact(TypeDecorator[Decimal]):
    """Decimal stored as text: SQLite has no exact numeric type."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> str | None:
        return None if value is None else format(Decimal(value), "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Record(DeclarativeBase):
    """A row that is written only through the change log."""

    type_annotation_map = {  # noqa: RUF012
        dt.datetime: UtcDateTime,
        dt.date: Date,
        Decimal: Exact,
        str: Text,
        bool: Boolean,
        int: Integer,
        float: Float,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
        list[int]: JSON,
    }
    id: Mapped[str] = mapped_column(String(36), primary_key=True)


class User(Record):
    __tablename__ = "user"
    name: Mapped[str]
    initials: Mapped[str]
    desk: Mapped[str]
    email: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(default=list)


class Organization(Record):
    __tablename__ = "organization"
    name: Mapped[str]
    short_name: Mapped[str]
    kind: Mapped[str]  # asset manager, insurer, pension fund, hedge fund, corporate, bank
    tier: Mapped[int | None]  # 1 is the most important
    status: Mapped[str] = mapped_column(default="active")  # active, prospect, suspended
    country: Mapped[str | None]  # ISO 3166 alpha-2
    city: Mapped[str | None]
    lei: Mapped[str | None]
    mifid_category: Mapped[str | None]  # professional, eligible counterparty, retail
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    desk: Mapped[str | None]  # the desk, or the book, that it and all that hangs on it is for; None: for everybody
    book: Mapped[str | None]
    since: Mapped[dt.date | None]
    notes: Mapped[str] = mapped_column(default="")


class Contact(Record):
    __tablename__ = "contact"
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str]
    title: Mapped[str | None]
    language: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="active")
    notes: Mapped[str] = mapped_column(default="")


class ContactPhone(Record):
    __tablename__ = "contact_phone"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    e164: Mapped[str] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(default="work")


class ContactEmail(Record):
    __tablename__ = "contact_email"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    address: Mapped[str] = mapped_column(index=True)  # lower case


class ContactHandle(Record):
    __tablename__ = "contact_handle"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    service: Mapped[str]
    handle: Mapped[str] = mapped_column(index=True)  # lower case


class Consent(Record):
    __tablename__ = "consent"
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    channel: Mapped[str]  # phone, email, email_newsletter, sms, whatsapp, post, third_party_data_sharing
    granted: Mapped[bool]
    at: Mapped[dt.datetime]
    interaction_id: Mapped[str | None] = mapped_column(ForeignKey("interaction.id"))


class Account(Record):
    __tablename__ = "account"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    number: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")


class Instrument(Record):
    __tablename__ = "instrument"
    kind: Mapped[str]  # fx, bond, equity, future, irs, commodity
    symbol: Mapped[str] = mapped_column(index=True)  # what the desk calls it: EURUSD, VOD 3⅜ 08/33
    name: Mapped[str]
    currency: Mapped[str]
    isin: Mapped[str | None] = mapped_column(index=True)
    ticker: Mapped[str | None]
    issuer: Mapped[str | None]
    coupon: Mapped[Decimal | None]
    maturity: Mapped[dt.date | None]
    aliases: Mapped[list[str]] = mapped_column(default=list)
    price_type: Mapped[str]  # rate, price, yield, spread_bp
    price_decimals: Mapped[int]
    quantity_unit: Mapped[str | None]  # shares, lots, oz, bbl, ...; None where the quantity is an amount of currency
    settle_days: Mapped[int] = mapped_column(default=2)
    reference_price: Mapped[Decimal]  # last close, where a simulated feed starts


class Holding(Record):
    __tablename__ = "holding"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    instrument_id: Mapped[str] = mapped_column(ForeignKey("instrument.id"))
    quantity: Mapped[Decimal]
    average_price: Mapped[Decimal]
    interest: Mapped[str] = mapped_column(default="held")  # held, watch, axe_buyer, axe_seller
    as_of: Mapped[dt.date]


class CreditLine(Record):
    __tablename__ = "credit_line"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    kind: Mapped[str]  # settlement, pre-settlement
    currency: Mapped[str]
    limit: Mapped[Decimal]
    used: Mapped[Decimal]
    expires: Mapped[dt.date]
    status: Mapped[str] = mapped_column(default="active")  # active, frozen


class CreditReserve(Record):
    """Parts of a credit line that the server holds for sites, to deal against offline. Its id is the line's."""

    __tablename__ = "credit_reserve"
    line_id: Mapped[str]
    sites: Mapped[dict[str, Any]] = mapped_column(default=dict)  # site -> {granted, consumed}, decimal text


class PriceSource(Record):
    __tablename__ = "price_source"
    name: Mapped[str]
    kind: Mapped[str]  # simulated, composite, venue
    priority: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Interaction(Record):
    """A call or a chat with a customer."""

    __tablename__ = "interaction"
    __table_args__ = (Index("interaction_org_started", "organization_id", "started_at"),)
    kind: Mapped[str]  # call, chat
    direction: Mapped[str]  # inbound, outbound
    status: Mapped[str]  # live, ended, missed, interrupted
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"))
    trader_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    line: Mapped[str | None]  # turret line, for calls
    number: Mapped[str | None]  # E.164, for calls
    handle: Mapped[str | None]  # for chats
    started_at: Mapped[dt.datetime] = mapped_column(index=True)
    ended_at: Mapped[dt.datetime | None]
    talk_share: Mapped[float | None]  # trader's share of the spoken time, 0..1
    disposition: Mapped[str | None]
    report_status: Mapped[str] = mapped_column(default="none")  # none, draft, saved, discarded
    subject: Mapped[str] = mapped_column(default="")  # one line for lists
    recording: Mapped[str | None]  # file name within the recordings folder


class TranscriptSegment(Record):
    """A turn of a call (start and end in seconds from its start) or a chat message (end equals start)."""

    __tablename__ = "transcript_segment"
    __table_args__ = (Index("segment_interaction", "interaction_id", "pass", "seq"),)
    interaction_id: Mapped[str] = mapped_column(ForeignKey("interaction.id"))
    seq: Mapped[int]
    pass_: Mapped[str] = mapped_column("pass")  # live, final; both are kept
    who: Mapped[str]  # trader, client
    start: Mapped[float]
    end: Mapped[float]
    text: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(default=list)  # [start, end] of each word of the text; empty if unknown


class TranscriptEdit(Record):
    """A word or phrase that the trader put right in a transcript: no later pass takes it back."""

    __tablename__ = "transcript_edit"
    interaction_id: Mapped[str] = mapped_column(ForeignKey("interaction.id"), index=True)
    who: Mapped[str]  # whose words
    at: Mapped[float]  # about when they were said, in seconds from the start
    heard: Mapped[str]
    means: Mapped[str]


class RecordingSpan(Record):
    """A stretch of a call that is not, or not in full, in its recording; seconds from its start."""

    __tablename__ = "recording_span"
    interaction_id: Mapped[str] = mapped_column(ForeignKey("interaction.id"), index=True)
    kind: Mapped[str]  # paused, refused, forgotten: no sound was kept; masked: it is kept and muted
    start: Mapped[float]
    end: Mapped[float | None]  # None: still going on, or until the end of the call
    reason: Mapped[str] = mapped_column(default="")


class LexiconEntry(Record):
    """What the desk's recogniser mishears, and what is meant by it: for the transcripts of all calls to come."""

    __tablename__ = "lexicon_entry"
    heard: Mapped[str]  # lower case
    means: Mapped[str]


class CallReport(Record):
    """The report of one interaction. ``edited`` names the fields that the trader touched: a later pass leaves those."""

    __tablename__ = "call_report"
    interaction_id: Mapped[str] = mapped_column(ForeignKey("interaction.id"), index=True)
    status: Mapped[str] = mapped_column(default="draft")  # draft, saved, discarded
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field name -> value, JSON
    suggestions: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field name -> proposed value with evidence
    edited: Mapped[list[str]] = mapped_column(default=list)
    updated_at: Mapped[dt.datetime]


class FollowUp(Record):
    __tablename__ = "follow_up"
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"))
    interaction_id: Mapped[str | None] = mapped_column(ForeignKey("interaction.id"))
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    owner: Mapped[str]  # trader, client: the side that has to act
    what: Mapped[str]
    due: Mapped[dt.datetime | None]
    status: Mapped[str] = mapped_column(default="open", index=True)  # open, done, cancelled


class Deal(Record):
    __tablename__ = "deal"
    __table_args__ = (Index("deal_org_traded", "organization_id", "traded_at"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    instrument_id: Mapped[str] = mapped_column(ForeignKey("instrument.id"))
    interaction_id: Mapped[str | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    trader_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    product: Mapped[str]  # fx-spot, fx-forward, fx-swap, ndf, bond, irs, equity, future, commodity, option
    client_side: Mapped[str]  # buy, sell: always the client's
    quantity: Mapped[Decimal]  # units, not millions
    quantity_ccy: Mapped[str | None]
    quantity_unit: Mapped[str | None]
    price: Mapped[Decimal]
    price_type: Mapped[str]
    value_date: Mapped[dt.date | None]
    traded_at: Mapped[dt.datetime] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(default="registered")  # registered, cancelled
    source: Mapped[str]  # voice, chat, electronic
    revenue_usd: Mapped[Decimal | None]  # sales credit
    credit: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the credit check it was registered on


class Enquiry(Record):
    """A price that a customer asked for; with deals it gives the hit ratio."""

    __tablename__ = "enquiry"
    __table_args__ = (Index("enquiry_org_at", "organization_id", "at"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"))
    instrument_id: Mapped[str | None] = mapped_column(ForeignKey("instrument.id"))
    interaction_id: Mapped[str | None] = mapped_column(ForeignKey("interaction.id"))
    client_side: Mapped[str | None]
    quantity: Mapped[Decimal | None]
    bid: Mapped[Decimal | None]
    ask: Mapped[Decimal | None]
    outcome: Mapped[str]  # dealt, passed, indicative, traded_away, no_quote
    at: Mapped[dt.datetime]


class SyncConflict(Record):
    """Two sites wrote one field: which value was kept, and which gave way. Written by the server."""

    __tablename__ = "sync_conflict"
    __table_args__ = (Index("sync_conflict_record", "table_name", "record_id"),)
    table_name: Mapped[str]
    record_id: Mapped[str]
    field: Mapped[str]  # empty: a whole record was deleted while it was changed
    kept: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"value": ...}
    lost: Mapped[dict[str, Any]] = mapped_column(default=dict)
    kept_by: Mapped[str]  # clock/site/actor
    lost_by: Mapped[str]
    at: Mapped[dt.datetime]
    status: Mapped[str] = mapped_column(default="open", index=True)  # open, resolved
    resolution: Mapped[str | None]
