"""The blotter's rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from sqlalchemy.orm import Session

from app.brokerage.entry import format_price, format_quantity, format_short
from app.records.codec import decode_values
from app.records.lines import DealLine
from app.records.queries import deals_page
from app.records.tables import Deal, Instrument, Organization, User
from app.sync import own

Scope = Literal["today", "customer"]
LIMIT = 300


@dataclass(frozen=True, slots=True)
class BlotterRow:
    id: str
    traded_at: dt.datetime
    organization_id: str
    customer: str
    instrument_id: str
    symbol: str
    decimals: int
    client_side: str
    quantity: Decimal
    quantity_tag: str  # currency or unit
    price: Decimal
    value_date: dt.date | None
    status: str
    source: str
    trader: str
    credit_result: str
    interaction_id: str | None
    revenue_usd: Decimal | None
    standing: Literal["", "requested", "refused"] = ""
    reason: str = ""  # why it was refused

    @property
    def cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def sentence(self) -> str:
        price = format_price(self.price, self.decimals)
        return f"{self.customer} {self.client_side}s {format_short(self.quantity)} {self.symbol} at {price}"

    @property
    def heard_key(self) -> tuple[str, str, str, str]:
        """The same as ``Heard.key``: how a deal heard is known to be registered."""
        return (self.interaction_id or "", self.instrument_id, self.client_side, format_quantity(self.quantity))


def read_blotter(
    session: Session, scope: Scope, organization_id: str | None, since: dt.datetime, site: str
) -> tuple[BlotterRow, ...]:
    """Today's deals of the desk, or all recent ones of the customer; the newest first.

    With them those that the server refused and nobody has dealt with: they are no records any more.
    """
    if scope == "customer":
        lines = deals_page(session, organization_id, limit=LIMIT) if organization_id else []
    else:
        lines = deals_page(session, since=since, limit=LIMIT)
    asked = own.requested(session, site, "deal")
    rows = [_row(line, "requested" if line.deal.id in asked else "") for line in lines]
    for refused in own.refused(session, site, "deal"):
        row = _refused(session, refused)
        if row is not None and (row.traded_at >= since if scope == "today" else row.organization_id == organization_id):
            rows.append(row)
    return tuple(sorted(rows, key=lambda row: row.traded_at, reverse=True))


def _refused(session: Session, refused: own.Refused) -> BlotterRow | None:
    """The deal as it was made here; None where what it names is not on this desk."""
    deal = Deal(**decode_values(Deal, refused.values))
    organization = session.get(Organization, deal.organization_id)
    instrument = session.get(Instrument, deal.instrument_id)
    if organization is None or instrument is None:
        return None
    trader = session.get(User, deal.trader_id) if deal.trader_id else None
    line = DealLine(deal, instrument, organization, None, trader)
    return replace(_row(line, "refused"), reason=refused.reason)


def _row(line: DealLine, standing: Literal["", "requested", "refused"]) -> BlotterRow:
    deal, instrument = line.deal, line.instrument
    return BlotterRow(
        deal.id,
        deal.traded_at,
        deal.organization_id,
        line.organization.short_name,
        instrument.id,
        instrument.symbol,
        instrument.price_decimals,
        deal.client_side,
        deal.quantity,
        deal.quantity_unit or deal.quantity_ccy or "",
        deal.price,
        deal.value_date,
        deal.status,
        deal.source,
        line.trader.initials if line.trader else "",
        str(deal.credit.get("result", "")),
        deal.interaction_id,
        deal.revenue_usd,
        standing,
    )
