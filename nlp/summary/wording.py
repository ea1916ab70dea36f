"""The sentences of a summary: a fixed wording around facts, and the talk's own words where facts are thin."""

from __future__ import annotations

from nlp.language.model import Analysis, Consent, Deal, Dialogue, FollowUp, Order, Quote, Terms
from nlp.summary.numbers import amount, day, level, price, tenor
from nlp.summary.salience import salient

CHANNEL_WORDS = {
    "whatsapp": "WhatsApp",
    "sms": "text messages",
    "phone": "phone",
    "email": "e-mail",
    "email_newsletter": "the e-mail newsletter",
    "post": "post",
    "third_party_data_sharing": "sharing data with third parties",
}
OUTCOMES = {
    "passed": "was quoted {level} and passed",
    "indicative": "was indicative only at {level}",
    "hypothetical": "was discussed at {level}",
    "conditional": "was quoted {level}, subject to approval",
    "traded_away": "was quoted {level} and traded away",
    "cancelled": "was agreed at {level} and then cancelled",
    "no_quote": "was asked for, but no price could be shown",
}
MAX_FOLLOW_UPS = 6


def compose(dialogue: Dialogue, analysis: Analysis) -> str:
    """Two to five sentences; every number in them was said or follows from the calendar."""
    sentences = [_opening(dialogue, analysis)]
    if analysis.deals:
        sentences.append(_join("The client " + "; and ".join(_deal(deal, dialogue) for deal in analysis.deals)))
    elif analysis.turns and (analysis.quotes_not_dealt or analysis.orders_left):
        sentences.append("Nothing was dealt.")
    if analysis.quotes_not_dealt:
        sentences.append(_join("; ".join(_quote(quote) for quote in analysis.quotes_not_dealt)))
    if analysis.orders_left:
        sentences.append(_join("Left working: " + "; ".join(_order(order, dialogue) for order in analysis.orders_left)))
    thin = not (analysis.deals or analysis.quotes_not_dealt or analysis.orders_left)
    said = salient(analysis.turns, analysis, 3 if thin else 1)
    if said:
        sentences.append(
            ("In the talk: " if thin else "Also said: ") + " ".join(f"{who}: “{text}”" for who, text in said)
        )
    if analysis.follow_ups:
        sentences.append(_follow_ups(analysis.follow_ups, dialogue))
    if analysis.consents:
        sentences.append(_consents(analysis.consents))
    return " ".join(sentences)


def _join(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _opening(dialogue: Dialogue, analysis: Analysis) -> str:
    header = dialogue.header
    verb = "spoke with" if header.kind == "call" else "wrote to"
    names = list(
        dict.fromkeys(_name(fact) for fact in (*analysis.deals, *analysis.quotes_not_dealt, *analysis.orders_left))
    )
    about = f" about {', '.join(names[:3])}" if names else ""
    mood = {"negative": ", dissatisfied with the service", "positive": "", "neutral": ""}[analysis.sentiment]
    return f"{header.client.contact} of {header.client.organization} {verb} {header.trader.name}{about}{mood}."


def _name(fact: Terms) -> str:
    if fact.product == "irs" and fact.tenor:
        return f"the {tenor(fact.tenor)} swap ({fact.instrument})"
    if fact.description and fact.description != fact.instrument:
        return f"{fact.description} ({fact.instrument})"
    return fact.instrument


def _size(fact: Terms) -> str:
    if fact.quantity is None:
        return ""
    unit = fact.quantity_unit
    if unit:
        words = {"t CO2": "tonnes of", "oz": "oz", "lots": "lots of", "shares": "", "mt": "mt"}
        return f"{amount(fact.quantity)} {words.get(unit, unit)}".strip() + " "
    return f"{fact.quantity_ccy + ' ' if fact.quantity_ccy else ''}{amount(fact.quantity)} "


def _sized(fact: Terms) -> str:
    """Amount and name: "GBP 60 million of the 7-year swap (GBP SONIA OIS 7Y)", "15,000 mt Jet fuel"."""
    size, name = _size(fact), _name(fact)
    of = bool(size) and not size.endswith("of ") and (name.startswith("the ") or fact.product == "bond")
    return f"{size}of {name}" if of else f"{size}{name}"


def _product(fact: Terms) -> str:
    return {"fx-spot": " spot", "fx-forward": " forward", "fx-swap": " FX swap", "ndf": " NDF"}.get(fact.product, "")


def _deal(deal: Deal, dialogue: Dialogue) -> str:
    when = f", value {day(deal.value_date, dialogue.header.started.date())}" if deal.value_date else ""
    if deal.product == "irs":
        verb = "pays fixed" if deal.client_side == "buy" else "receives fixed"
        effective = f", effective {day(deal.value_date, dialogue.header.started.date())}" if deal.value_date else ""
        return f"{verb} at {price(deal.price, deal)}% on {_sized(deal)}{effective}"
    if deal.product == "fx-swap":
        way = "sold and bought" if deal.client_side == "buy" else "bought and sold"
        near = f", near {day(deal.near_date, dialogue.header.started.date())}" if deal.near_date else ""
        far = f", far {day(deal.value_date, dialogue.header.started.date())}" if deal.value_date else ""
        length = f"{tenor(deal.tenor)} " if deal.tenor else ""
        return (
            f"{way} {_size(deal)}{deal.instrument} in a {length}FX swap at {price(deal.price, deal)} points{near}{far}"
        )
    verb = "bought" if deal.client_side == "buy" else "sold"
    base = deal.instrument[:3]
    if deal.product in ("fx-forward", "fx-spot", "ndf") and deal.quantity_ccy and deal.quantity_ccy != base:
        return (
            f"{verb} {base} against {_size(deal)}({deal.instrument}{_product(deal)}) at {price(deal.price, deal)}{when}"
        )
    cash = f" ({price(deal.cash_price, None)} clean)" if deal.cash_price else ""
    return f"{verb} {_sized(deal)}{_product(deal)} at {level(deal.price, deal)}{cash}{when}"


def _quote(quote: Quote) -> str:
    side = {"buy": " (client a buyer)", "sell": " (client a seller)"}.get(quote.client_side or "", "")
    shown = _shown(quote)
    return f"{_sized(quote)}{_product(quote)}{side} {OUTCOMES[quote.outcome].format(level=shown)}"


def _shown(quote: Quote) -> str:
    if quote.bid is not None and quote.ask is not None:
        return (
            f"{price(quote.bid, quote)}/{price(quote.ask, quote)}"
            if quote.bid != quote.ask
            else f"{price(quote.bid, quote)} choice"
        )
    if quote.mid is not None:
        return f"{price(quote.mid, quote)} mid"
    return f"{price(quote.bid, quote)} bid" if quote.bid is not None else f"{price(quote.ask, quote)} offered"


def _order(order: Order, dialogue: Dialogue) -> str:
    kinds = {
        "limit": "limit order",
        "stop": "stop order",
        "take_profit": "take profit",
        "fixing": "fixing order",
        "vwap": "VWAP order",
        "twap": "TWAP order",
        "moc": "market-on-close order",
        "ioi": "indication of interest",
    }
    at = f" at {price(order.level, order)}" if order.level is not None else ""
    expiry = {None: "", "day": ", day order", "GTC": ", GTC"}.get(order.expiry)
    if expiry is None and order.expiry:
        expiry = f", good till {day(order.expiry, dialogue.header.started.date())}"
    oco = " (OCO)" if order.oco else ""
    what, base = _sized(order), order.instrument[:3]
    if order.product in ("fx-forward", "fx-spot", "ndf") and order.quantity_ccy not in (None, base):
        what = f"{base} against {_size(order)}({order.instrument})"
    return f"{kinds[order.order_type]} to {order.client_side} {what}{at}{expiry}{oco}"


def _follow_ups(found: tuple[FollowUp, ...], dialogue: Dialogue) -> str:
    started = dialogue.header.started.date()
    parts = []
    for follow in found[:MAX_FOLLOW_UPS]:
        who = dialogue.header.trader.name if follow.owner == "trader" else "the client"
        due = " (today)" if follow.due == started else f" (by {day(follow.due, started)})" if follow.due else ""
        what, quoted = follow.what, ""
        if what.endswith("”)") and " (“" in what:
            what, quoted = what.split(" (“", 1)
            quoted = f" (“{quoted}"
        parts.append(f"{who} to {what[:1].lower() + what[1:]}{due}{quoted}")
    return _join("Follow-ups: " + "; ".join(parts))


def _consents(found: tuple[Consent, ...]) -> str:
    yes = [CHANNEL_WORDS[c.channel] for c in found if c.granted]
    no = [CHANNEL_WORDS[c.channel] for c in found if not c.granted]
    parts = ([f"accepts {', '.join(yes)}"] if yes else []) + ([f"refuses {', '.join(no)}"] if no else [])
    return _join("On contact the client " + " and ".join(parts))
