"""Amounts, deals, durations and times in the words of a trading desk. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from plugins.reports.items import Registered, Terms

MILLION, THOUSAND = Decimal(1_000_000), Decimal(1_000)
DISPOSITIONS = (
    "Dealt",
    "Order left",
    "Interested – follow up",
    "Quoted – not dealt",
    "Traded away",
    "Enquiry",
    "Complaint",
    "Relationship",
    "Administration",
    "No answer",
    "Wrong number",
)
SENTIMENTS = ("positive", "neutral", "negative")
DIRECTIONS = ("inbound", "outbound")
CHANNEL_NAMES = {
    "phone": "Phone",
    "email": "E-mail",
    "email_newsletter": "E-mail newsletter",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "post": "Post",
    "third_party_data_sharing": "Sharing data with third parties",
}


def plain(value: Decimal) -> str:
    """Thousands separated, no trailing zeros, never an exponent."""
    text = format(value, ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(quantity: Decimal | None, ccy: str | None, unit: str | None) -> str:
    """10000000 EUR is "10mm EUR"; counted units are written out."""
    if quantity is None:
        return ""
    if unit:
        return f"{plain(quantity)} {unit}"
    if abs(quantity) >= MILLION:
        text = f"{plain(quantity / MILLION)}mm"
    elif abs(quantity) >= 10 * THOUSAND and quantity % THOUSAND == 0:
        text = f"{plain(quantity / THOUSAND)}k"
    else:
        text = plain(quantity)
    return f"{text} {ccy}" if ccy else text


def terms(heard: Terms, symbol: str = "") -> str:
    """One line: "Client buys 10mm EUR VOD 3⅜ 08/33 at 98.412"."""
    side = {"buy": "Client buys", "sell": "Client sells"}.get(heard.client_side or "", "Client asks for")
    size = amount(heard.quantity, heard.quantity_ccy, heard.quantity_unit)
    name = symbol or heard.description or heard.instrument
    price = f"at {plain(heard.price)}" if heard.price is not None else ""
    unit = {"yield": "%", "spread_bp": " bp", "points": " points"}.get(heard.price_type or "", "") if price else ""
    return " ".join(part for part in (side, size, name, price + unit) if part)


def registered(deal: Registered) -> str:
    side = "Client buys" if deal.client_side == "buy" else "Client sells"
    size = amount(deal.quantity, deal.quantity_ccy, deal.quantity_unit)
    return f"{side} {size} {deal.symbol} at {plain(deal.price)}"


def duration(seconds: float | None) -> str:
    """252 seconds are "04:12"; hours only where there are any."""
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def parse_duration(text: str) -> float | None:
    """Reads "4:12", "1:04:12" and plain seconds; None where it is none of these."""
    parts = text.strip().split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        return None
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return float(seconds)


def share(value: float | None) -> str:
    """The trader's share of the talk: 0.56 is "You 56 %"."""
    return "" if value is None else f"You {value * 100:.0f} %"


def parse_share(text: str) -> float | None:
    digits = "".join(each for each in text if each.isdigit() or each == ".")
    try:
        value = float(digits) / 100
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def clock_time(iso: str | None, zone: dt.tzinfo | None = None) -> str:
    """Local date and time to the minute of an ISO time."""
    if not iso:
        return ""
    return dt.datetime.fromisoformat(iso).astimezone(zone).strftime("%d %b %Y %H:%M")


def parse_clock_time(text: str, zone: dt.tzinfo | None = None) -> str | None:
    """The ISO form of what ``clock_time`` writes; None where the text is no such time."""
    try:
        local = dt.datetime.strptime(text.strip(), "%d %b %Y %H:%M")
    except ValueError:
        return None
    aware = local.replace(tzinfo=zone) if zone else local.astimezone()
    return aware.astimezone(dt.UTC).isoformat()


@lru_cache(maxsize=512)
def phone(number: str) -> str:
    """A number as people read it, +44 20 7946 0143; what is no number stays as it is."""
    import phonenumbers  # late: the window opens without it

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
