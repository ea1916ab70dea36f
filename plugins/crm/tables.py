"""The columns of the customer's tabs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from app.brokerage.entry import format_price, format_short
from app.brokerage.spans import ago, due_words
from app.records.lines import ContactCard, FollowUpLine, HoldingLine, InteractionLine
from app.shell.widgets import Column
from plugins.crm.customer import Customer, DealtLine, EnquiryLine
from plugins.crm.identity import show_number

Now = Callable[[], dt.datetime]
_INTEREST = {
    "axe_buyer": ("Axe: buyer", "up"),
    "axe_seller": ("Axe: seller", "dn"),
    "held": ("Held", "tx2"),
    "watch": ("Watch", "tx2"),
}
_OUTCOME = {"dealt": "up", "traded_away": "dn", "passed": "tx2", "indicative": "tx3", "no_quote": "warn"}
_SIDE = {"buy": "up", "sell": "dn"}
_URGENCY = {"overdue": "dn", "today": "warn", "later": "tx2", "open": "tx3"}
CONSENTS = {
    "phone": "phone",
    "email": "e-mail",
    "email_newsletter": "newsletter",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "post": "post",
    "third_party_data_sharing": "data sharing",
}


def holdings(customer: Callable[[], Customer | None], now: Now) -> list[Column]:
    """``customer`` gives the one shown: the last deal in an instrument stands with them, not with the holding."""

    def last(line: HoldingLine) -> dt.datetime | None:
        shown = customer()
        return shown.last_dealt.get(line.instrument.id) if shown is not None else None

    return [
        Column(
            "Instrument",
            lambda line: line.instrument.symbol,
            0,
            strong=True,
            tip=lambda line: line.instrument.name,
            least=116,
        ),
        Column(
            "Size",
            lambda line: format_short(line.holding.quantity).replace("-", "−") if line.holding.quantity else "–",
            62,
            "right",
            sort=lambda line: line.holding.quantity,
        ),
        Column("Close", _close, 70, "right", sort=lambda line: line.instrument.reference_price, drop=2),
        Column("P&L bp", _profit_text, 60, "right", _profit_color, sort=_profit),
        Column(
            "Interest",
            lambda line: _INTEREST.get(line.holding.interest, (line.holding.interest, ""))[0],
            86,
            color=lambda line: _INTEREST.get(line.holding.interest, ("", "tx2"))[1],
            least=80,
        ),
        Column(
            "Last",
            lambda line: ago(then, now()) if (then := last(line)) else "–",
            50,
            "right",
            lambda line: "tx3",
            drop=1,
            sort=lambda line: last(line) or dt.datetime.min.replace(tzinfo=dt.UTC),
        ),
    ]


def _close(line: HoldingLine) -> str:
    """At most four decimals behind a two-figure price: 64ths of a Treasury have six."""
    price = line.instrument.reference_price
    decimals = min(line.instrument.price_decimals, 4 if price >= 10 else 5)
    return format_price(round(price, decimals), decimals)


def _profit(line: HoldingLine) -> Decimal:
    """In basis points of the average price, at the last close."""
    paid = line.holding.average_price
    if not paid or line.instrument.price_type not in ("price", "rate"):
        return Decimal(0)
    return (line.instrument.reference_price - paid) / abs(paid) * 10_000


def _profit_text(line: HoldingLine) -> str:
    profit = round(_profit(line))
    return f"{profit:+,}".replace("-", "−") if profit else "–"


def _profit_color(line: HoldingLine) -> str:
    profit = round(_profit(line))
    return "up" if profit > 0 else "dn" if profit < 0 else "tx3"


def interactions(now: Now) -> list[Column]:
    def icon(line: InteractionLine) -> str:
        row = line.interaction
        if row.kind == "chat":
            return "message"
        return (
            "phone-missed"
            if row.status == "missed"
            else f"phone-{'incoming' if row.direction == 'inbound' else 'outgoing'}"
        )

    def length(line: InteractionLine) -> str:
        row = line.interaction
        if row.status == "live":
            return "live"
        if row.ended_at is None or row.status == "missed":
            return row.status
        seconds = int((row.ended_at - row.started_at).total_seconds())
        return f"{seconds // 60}:{seconds % 60:02}"

    def color(line: InteractionLine) -> str:
        return {"missed": "dn", "live": "up", "interrupted": "warn"}.get(line.interaction.status, "tx3")

    return [
        Column(
            "When",
            lambda line: ago(line.interaction.started_at, now()),
            84,
            color=lambda line: "tx3",
            icon=icon,
            sort=lambda line: line.interaction.started_at,
            tip=_when,
        ),
        Column("Contact", lambda line: line.contact.name if line.contact else "–", 118, color=lambda line: "tx2"),
        Column("Subject", lambda line: line.interaction.subject or "–", 0, tip=lambda line: line.interaction.subject),
        Column("Length", length, 56, "right", color),
        Column("Outcome", lambda line: _words(line.interaction.disposition), 110, color=lambda line: "tx2"),
    ]


def _when(line: InteractionLine) -> str:
    return f"{line.interaction.started_at.astimezone():%a %d %b %Y, %H:%M}"


def deals(now: Now) -> list[Column]:
    def tone(line: DealtLine) -> str | None:
        return "tx3" if line.deal.status == "cancelled" else None

    def side(line: DealtLine) -> str:
        return tone(line) or _SIDE.get(line.deal.client_side, "tx2")

    def earned(line: DealtLine) -> str:
        if line.deal.status == "cancelled":
            return "cancelled"
        return f"${line.deal.revenue_usd:,.0f}" if line.deal.revenue_usd is not None else "–"

    return [
        Column(
            "When",
            lambda line: ago(line.deal.traded_at, now()),
            56,
            color=lambda line: "tx3",
            sort=lambda line: line.deal.traded_at,
        ),
        Column("Side", lambda line: line.deal.client_side.capitalize(), 40, color=side),
        Column(
            "Size",
            lambda line: format_short(line.deal.quantity),
            62,
            "right",
            tone,
            sort=lambda line: line.deal.quantity,
        ),
        Column("Instrument", lambda line: line.instrument.symbol, 0, color=tone, strong=True),
        Column(
            "Price",
            lambda line: format_price(line.deal.price, line.instrument.price_decimals),
            76,
            "right",
            tone,
            sort=lambda line: line.deal.price,
        ),
        Column(
            "Settles",
            lambda line: f"{line.deal.value_date:%d %b %y}" if line.deal.value_date else "–",
            80,
            "right",
            lambda line: "tx3",
            sort=lambda line: line.deal.value_date or dt.date.min,
        ),
        Column(
            "Revenue", earned, 70, "right", lambda line: "tx2", sort=lambda line: line.deal.revenue_usd or Decimal(0)
        ),
    ]


def enquiries(now: Now) -> list[Column]:
    def price(line: EnquiryLine, value: Decimal | None) -> str:
        return (
            format_price(value, line.instrument.price_decimals if line.instrument else 2) if value is not None else "–"
        )

    return [
        Column(
            "When",
            lambda line: ago(line.enquiry.at, now()),
            56,
            color=lambda line: "tx3",
            sort=lambda line: line.enquiry.at,
        ),
        Column("Instrument", lambda line: line.instrument.symbol if line.instrument else "–", 0, strong=True),
        Column(
            "Side",
            lambda line: (line.enquiry.client_side or "two-way").capitalize(),
            58,
            color=lambda line: _SIDE.get(line.enquiry.client_side or "", "tx2"),
        ),
        Column(
            "Size",
            lambda line: format_short(line.enquiry.quantity) if line.enquiry.quantity else "–",
            62,
            "right",
            sort=lambda line: line.enquiry.quantity or Decimal(0),
        ),
        Column("Bid", lambda line: price(line, line.enquiry.bid), 72, "right"),
        Column("Ask", lambda line: price(line, line.enquiry.ask), 72, "right"),
        Column(
            "Outcome",
            lambda line: _words(line.enquiry.outcome),
            84,
            color=lambda line: _OUTCOME.get(line.enquiry.outcome, "tx2"),
        ),
    ]


def contacts() -> list[Column]:
    def tone(card: ContactCard) -> str | None:
        return None if card.contact.status == "active" else "tx3"

    return [
        Column("Name", lambda card: card.contact.name, 116, color=tone, strong=True, tip=consent_words),
        Column("Role", lambda card: card.contact.title or "", 96, color=lambda card: "tx2"),
        Column("Phone", lambda card: ", ".join(show_number(phone.e164) for phone in card.phones), 124),
        Column("E-mail", lambda card: ", ".join(email.address for email in card.emails), 0, color=lambda card: "tx2"),
    ]


def consent_words(card: ContactCard) -> str:
    """phone, e-mail; no WhatsApp. Empty where nothing was ever said."""
    given = [CONSENTS.get(consent.channel, consent.channel) for consent in card.consents if consent.granted]
    refused = [
        f"no {CONSENTS.get(consent.channel, consent.channel)}" for consent in card.consents if not consent.granted
    ]
    return ", ".join(given + refused)


def follow_ups(now: Now) -> list[Column]:
    def due(line: FollowUpLine) -> tuple[str, str]:
        words, urgency = due_words(line.follow_up.due, now())
        return words, _URGENCY[urgency]

    return [
        Column("Task", lambda line: line.follow_up.what, 0, tip=lambda line: line.follow_up.what),
        Column("By", lambda line: "us" if line.follow_up.owner == "trader" else "client", 48, color=lambda line: "tx3"),
        Column("Contact", lambda line: line.contact.name if line.contact else "–", 118, color=lambda line: "tx2"),
        Column(
            "Due",
            lambda line: due(line)[0],
            112,
            "right",
            lambda line: due(line)[1],
            sort=lambda line: line.follow_up.due or dt.datetime.max.replace(tzinfo=dt.UTC),
        ),
    ]


def _words(code: str | None) -> str:
    return (code or "–").replace("_", " ").capitalize()
