"""What the other apps hear of instruments and registered deals."""

from __future__ import annotations

from app.brokerage.entry import format_price, format_short
from fdc3.types import Instrument, Organization, Product, Trade
from plugins.deals.booking import Order
from plugins.deals.ticket import Security


def instrument_context(security: Security) -> Instrument:
    ids = {"deskline": security.id, "ISIN": security.isin, "ticker": security.ticker}
    return Instrument(id={key: value for key, value in ids.items() if value}, name=security.symbol)


def trade_context(order: Order) -> Trade:
    ticket, reading = order.ticket, order.reading
    assert ticket.client is not None
    assert ticket.security is not None
    assert reading.quantity is not None
    assert reading.price is not None
    security = ticket.security
    words = (
        f"{ticket.client.name} {ticket.side}s {format_short(reading.quantity.amount)} {security.symbol}"
        f" at {format_price(reading.price, security.decimals)}"
    )
    return Trade(
        id={"deskline": ticket.id},
        name=words,
        product=Product(id={"productId": security.id}, name=reading.product, instrument=instrument_context(security)),
        interaction=ticket.interaction_id,
        organization=Organization(id={"deskline": ticket.client.organization_id}, name=ticket.client.name),
        clientSide=ticket.side,
        quantity=float(reading.quantity.amount),
        quantityCurrency=reading.quantity_ccy,
        quantityUnit=security.quantity_unit,
        price=float(reading.price),
        priceType=security.price_type,
        valueDate=reading.value_date.isoformat() if reading.value_date else None,
    )
