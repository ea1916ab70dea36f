"""Writes deals: registering, cancelling and undoing, each one change with its credit and its enquiry.

The functions run inside a change on the records' single writer, so the credit they read is the credit they use.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.brokerage.credit import CreditCheck, Line, Money, Rates, check, choose_line
from app.brokerage.revenue import sales_credit_usd
from app.records.change import Change
from app.records.tables import CreditLine, Deal, Enquiry
from plugins.deals.reading import Market, Reading, measure
from plugins.deals.reserves import AtDesk, lines_at
from plugins.deals.ticket import Ticket


class NotRegistered(Exception):
    """The deal was not written; the text says why and what can be done."""

    def __init__(self, sentence: str, credit: CreditCheck | None = None) -> None:
        super().__init__(sentence)
        self.credit = credit


class NeedsReason(NotRegistered):
    """The deal may be written only with a reason for going ahead on a referral."""


@dataclass(frozen=True, slots=True)
class Order:
    """A ticket as the trader saw it when they pressed Register, with the facts it was read against."""

    ticket: Ticket
    reading: Reading
    market: Market
    rates: Rates
    at: dt.datetime
    today: dt.date
    trader_id: str
    at_desk: AtDesk
    refer_reason: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    deal_id: str
    credit: CreditCheck
    first: bool
    """False where the deal stood already: the same ticket was registered twice."""


def register(change: Change, order: Order) -> Registered:
    """Deal, used credit and dealt enquiry together. The credit check is made again on the line as it stands now."""
    ticket, reading = order.ticket, order.reading
    client, security = ticket.client, ticket.security
    standing = change.get(Deal, ticket.id)
    if standing is not None:
        return Registered(standing.id, _kept_check(standing), first=False)
    if client is None or security is None or ticket.side is None or reading.errors:
        raise NotRegistered(reading.problem or "The ticket is not complete.")
    if reading.quantity is None or reading.price is None or reading.product is None:
        raise NotRegistered("The ticket is not complete.")
    line = choose_line(read_lines(change, client.organization_id, order.at_desk), reading.product)
    deal = measure(
        security,
        reading.product,
        reading.quantity,
        reading.quantity_ccy,
        reading.price,
        reading.value_date,
        order.today,
    )
    credit = check(line, deal, rates=order.rates, today=order.today, value_date=reading.value_date)
    _authorise(credit, order)
    if line is not None:
        change.update(CreditLine, line.id, used=line.used + credit.this_deal)
    change.add(
        Deal(
            id=ticket.id,
            organization_id=client.organization_id,
            contact_id=client.contact_id,
            account_id=reading.account.id if reading.account else None,
            instrument_id=security.id,
            interaction_id=ticket.interaction_id,
            trader_id=order.trader_id,
            product=reading.product,
            client_side=ticket.side,
            quantity=reading.quantity.amount,
            quantity_ccy=reading.quantity_ccy,
            quantity_unit=security.quantity_unit,
            price=reading.price,
            price_type=security.price_type,
            value_date=reading.value_date,
            traded_at=order.at,
            source=reading.source,
            revenue_usd=_revenue(order),
            credit=credit.to_json() | ({"refer_reason": order.refer_reason} if order.refer_reason else {}),
        )
    )
    change.add(_enquiry(order))
    return Registered(ticket.id, credit, first=True)


def cancel(change: Change, deal_id: str) -> Deal:
    """Cancels the deal and releases its credit; the enquiry it came from counts as passed."""
    deal = change.require(Deal, deal_id)
    if deal.status == "cancelled":
        return deal
    _use_credit(change, deal, -1)
    change.update(Deal, deal_id, status="cancelled")
    if change.get(Enquiry, deal_id) is not None:
        change.update(Enquiry, deal_id, outcome="passed")
    return deal


def restore(change: Change, deal_id: str, today: dt.date, at: AtDesk) -> Deal:
    """Takes a cancellation back, if the credit it released is still there."""
    deal = change.require(Deal, deal_id)
    if deal.status != "cancelled":
        return deal
    line = change.get(CreditLine, str(deal.credit.get("line_id", "")))
    if line is not None:
        taken = Decimal(str(deal.credit.get("this_deal", "0")))
        (known,) = lines_at(change.session, [as_line(line)], at)
        answer = check(known, Money(taken, line.currency), rates=Rates({}), today=today)
        if not answer.bookable:
            raise NotRegistered(f"The deal stays cancelled. {answer.reason}", answer)
    _use_credit(change, deal, +1)
    change.update(Deal, deal_id, status="registered")
    if change.get(Enquiry, deal_id) is not None:
        change.update(Enquiry, deal_id, outcome="dealt")
    return deal


def read_lines(change: Change, organization_id: str, at: AtDesk) -> tuple[Line, ...]:
    rows = change.session.scalars(select(CreditLine).where(CreditLine.organization_id == organization_id))
    return lines_at(change.session, [as_line(row) for row in rows], at)


def as_line(row: CreditLine) -> Line:
    return Line(row.kind, row.currency, row.limit, row.used, row.expires, row.status, row.id)


def _authorise(credit: CreditCheck, order: Order) -> None:
    if not credit.bookable:
        raise NotRegistered(credit.reason, credit)
    if order.refer_reason.strip():
        return
    referred = [credit.reason] if credit.result == "refer" else []
    referred += [line.reason for line in order.reading.checks if line.by != "Credit" and line.result == "refer"]
    if referred:
        raise NeedsReason(" ".join(referred) + " Give a reason to go ahead.", credit)


def _use_credit(change: Change, deal: Deal, sign: int) -> None:
    line = change.get(CreditLine, str(deal.credit.get("line_id", "")))
    if line is None:
        return
    taken = Decimal(str(deal.credit.get("this_deal", "0")))
    # Credit may have been reset meanwhile: a release never makes the used amount negative.
    change.update(CreditLine, line.id, used=max(line.used + sign * taken, Decimal(0)))


def _enquiry(order: Order) -> Enquiry:
    """The enquiry bears the id of the deal it became, so that cancelling finds it."""
    ticket, reading = order.ticket, order.reading
    assert ticket.client is not None
    assert ticket.security is not None
    assert reading.quantity is not None
    return Enquiry(
        id=ticket.id,
        organization_id=ticket.client.organization_id,
        contact_id=ticket.client.contact_id,
        instrument_id=ticket.security.id,
        interaction_id=ticket.interaction_id,
        client_side=ticket.side,
        quantity=reading.quantity.amount,
        bid=order.market.bid,
        ask=order.market.ask,
        outcome="dealt",
        at=order.at,
    )


def _revenue(order: Order) -> Decimal | None:
    security, reading = order.ticket.security, order.reading
    if security is None or reading.quantity is None or reading.price is None:
        return None
    if order.ticket.side is None or security.price_type not in ("rate", "price") or security.kind == "irs":
        return None
    quantity = reading.quantity.amount
    if security.pair and reading.quantity_ccy == security.pair[3:]:
        quantity /= reading.price
    return sales_credit_usd(
        order.ticket.side,
        reading.price,
        order.market.mid,
        quantity,
        security.currency,
        order.rates,
        per_hundred=security.kind == "bond",
    )


def _kept_check(deal: Deal) -> CreditCheck:
    kept: dict[str, Any] = deal.credit
    amounts = {name: Decimal(str(kept.get(name, "0"))) for name in ("limit", "used", "this_deal", "available")}
    return CreditCheck(
        kept.get("result", "pass"),
        str(kept.get("reason", "")),
        str(kept.get("currency", "")),
        line_id=str(kept.get("line_id", "")),
        line_kind=str(kept.get("line_kind", "")),
        **amounts,
    )
