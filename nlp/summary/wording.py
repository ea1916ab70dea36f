"""The sentences of a summary: the desk's wording around facts, and the talk's own words where facts are thin."""

from __future__ import annotations

from datetime import date
from itertools import takewhile

import msgspec

from nlp.language.model import Analysis, Consent, Deal, Dialogue, FollowUp, Mention, Order, Quote, Terms
from nlp.language.subjects import EVERYDAY
from nlp.summary.maturities import as_said
from nlp.summary.numbers import amount, day, level, price, tenor
from nlp.summary.remainders import remainders
from nlp.summary.salience import called_off, salient, shapes, unread
from nlp.summary.templates import Wording

CHANNEL_WORDS = {
    "whatsapp": "WhatsApp",
    "sms": "text messages",
    "phone": "phone",
    "email": "e-mail",
    "email_newsletter": "the e-mail newsletter",
    "post": "post",
    "third_party_data_sharing": "sharing data with third parties",
}
MAX_FOLLOW_UPS = 8
MAX_UNREAD = 2
MAX_NAMED = 3
SHORT = 3  # letters
MOST = 5  # sentences


def compose(dialogue: Dialogue, analysis: Analysis, wording: Wording) -> str:
    """Two to five sentences; every number in them was said or follows from the calendar."""
    say, analysis = wording.say, as_said(analysis)
    parts = [("", "opening", _opening(dialogue, analysis, wording))]

    def add(group: str, name: str, text: str) -> None:
        parts.append((group, name, text))

    if analysis.deals:
        deals = "; and ".join(_deal(deal, dialogue, wording) for deal in analysis.deals)
        add("business", "deals", _sentence(say("deals", deals=deals + _left_open(analysis, wording))))
    else:
        name = "nothing_confirmed" if analysis.unclear else "nothing_dealt"
        add("business", name, _sentence(say(name)))
    if analysis.quotes_not_dealt:
        quotes = "; ".join(_quote(quote, dialogue, wording) for quote in analysis.quotes_not_dealt)
        add("business", "quotes", _sentence(say("quotes", quotes=quotes)))
    if analysis.orders_left:
        orders = "; ".join(_order(order, dialogue, wording) for order in analysis.orders_left)
        add("business", "orders", _sentence(say("orders", orders=orders)))
    heard = " ".join(say("quoted", who=say(f"by_{who}"), text=text) for who, text in unread(analysis, MAX_UNREAD))
    if heard and not analysis.deals:
        add("talk", "to_check", say("to_check", said=heard))
    thin = not (analysis.deals or analysis.quotes_not_dealt or analysis.orders_left)
    off = called_off(analysis)
    worth = [*salient(analysis.turns, analysis, 4 if thin else 2, thin=thin), *([off] if off else [])]
    said = " ".join(say("quoted", who=say(f"by_{who}"), text=text) for who, text in dict.fromkeys(worth))
    if said:
        name = "talk" if thin else "also_said"
        add("talk", name, say(name, said=said))
    after = []
    if analysis.follow_ups:
        after.append(("after", "follow_ups", _follow_ups(analysis.follow_ups, dialogue, wording)))
    if analysis.consents:
        after.append(("after", "contact", _consents(analysis.consents, wording)))
    told = " ".join(text for _, _, text in (*parts, *after)).lower()
    touched = [subject for subject in (*_named(analysis), *analysis.subjects) if subject.lower() not in told]
    if touched:
        add("talk", "subjects", say("subjects", subjects=", ".join(touched)))
    return " ".join(_joined([part for part in (*parts, *after) if part[2]], wording))


def _left_open(analysis: Analysis, wording: Wording) -> str:
    """What of the one deal's amount was wanted and stayed open."""
    rests = [_size(msgspec.structs.replace(deal, quantity=left)).strip() for deal, left in remainders(analysis)]
    return "".join(wording.say("left_open", amount=rest) for rest in rests)


def _named(analysis: Analysis) -> list[str]:
    """The names of instruments that were said and that no fact is about, in the talk's words."""
    facts = (*analysis.deals, *analysis.quotes_not_dealt, *analysis.orders_left, *analysis.unclear)
    told = " ".join(f"{fact.instrument} {fact.description}" for fact in facts).lower()
    codes = [(mention, (mention.instrument or "").lower().split()) for mention in analysis.mentions]
    said = [mention for mention, code in codes if mention.kind == "instrument" and code and code[0] not in told]
    names = (" ".join(takewhile(_capital, mention.text.split())) or _typed(mention) for mention in said)
    long = (name for name in dict.fromkeys(names) if len(name) > SHORT or len(name) == SHORT and name.isupper())
    return [name for name in long if name.lower() not in EVERYDAY][:MAX_NAMED]


def _typed(mention: Mention) -> str:
    """The issuer of a bond that was typed without capitals: "castrix 6.5 7/31"."""
    issuer = " ".join(takewhile(str.isalpha, (mention.instrument or "").split()))
    spelled = mention.text.lower().startswith(issuer.lower()) and any(c.isdigit() for c in mention.text)
    return issuer if spelled else ""


def _capital(word: str) -> bool:
    return word[:1].isupper() and word.isalpha()


def _joined(parts: list[tuple[str, str, str]], wording: Wording) -> list[str]:
    """At most `MOST` sentences of (group, text's name, text): what belongs together is joined by semicolons."""
    while len(parts) > MOST:
        pairs = [n for n in range(1, len(parts)) if parts[n][0] == parts[n - 1][0]]
        if not pairs:
            break
        (group, name, one), (_, second, other) = parts[pairs[-1] - 1], parts[pairs[-1]]
        if not wording.texts[second].startswith("{"):
            other = other[:1].lower() + other[1:]
        parts = [*parts[: pairs[-1] - 1], (group, name, f"{one.removesuffix('.')}; {other}"), *parts[pairs[-1] + 1 :]]
    return [text for _, _, text in parts]


def _sentence(text: str) -> str:
    """With a capital, and one full stop however the last fact ended."""
    text = text[:1].upper() + text[1:]
    return text[:-1] if text.endswith("..") else text


def _opening(dialogue: Dialogue, analysis: Analysis, wording: Wording) -> str:
    header, say = dialogue.header, wording.say
    names = list(
        dict.fromkeys(
            _short(fact)
            for fact in (*analysis.deals, *analysis.unclear, *analysis.quotes_not_dealt, *analysis.orders_left)
        )
    )
    return say(
        "opening",
        contact=header.client.contact,
        organization=header.client.organization,
        reached=say("spoke" if header.kind == "call" else "wrote"),
        trader=header.trader.name,
        about=say("about", names=", ".join([*names[:3], *shapes(analysis)])) if names else "",
        mood=say("dissatisfied") if analysis.sentiment == "negative" else "",
    )


def _name(fact: Terms) -> str:
    if fact.product == "irs" and fact.tenor:
        return f"the {tenor(fact.tenor)} swap ({fact.instrument})"
    if fact.description and fact.description != fact.instrument:
        return f"{fact.description} ({fact.instrument})"
    return fact.instrument


def _short(fact: Terms) -> str:
    """The name without what the facts tell anyway: of a bond its issuer."""
    issuer = (
        list(takewhile(str.isalpha, (fact.description or fact.instrument).split())) if fact.product == "bond" else []
    )
    return " ".join(issuer) or _name(fact)


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
    if fact.product == "fx-swap" and fact.tenor:
        return f" {tenor(fact.tenor)} FX swap"
    return {"fx-spot": " spot", "fx-forward": " forward", "fx-swap": " FX swap", "ndf": " NDF"}.get(fact.product, "")


def _deal(deal: Deal, dialogue: Dialogue, wording: Wording) -> str:
    say, buys = wording.say, deal.client_side == "buy"

    def on(name: str, when: date | None) -> str:
        return say(name, day=day(when, dialogue.header.started.date())) if when else ""

    figure = price(deal.price, deal)
    if deal.product == "irs":
        verb = say("pays_fixed" if buys else "receives_fixed")
        effective = on("effective", deal.value_date)
        return say("deal_rate_swap", verb=verb, price=figure, what=_sized(deal), effective=effective)
    if deal.product == "fx-swap":
        return say(
            "deal_fx_swap",
            verb=say("sold_and_bought" if buys else "bought_and_sold"),
            size=_size(deal),
            instrument=deal.instrument,
            length=f"{tenor(deal.tenor)} " if deal.tenor else "",
            price=figure,
            near=on("near", deal.near_date),
            far=on("far", deal.value_date),
        )
    verb, value, product = say("bought" if buys else "sold"), on("value", deal.value_date), _product(deal)
    base = deal.instrument[:3]
    if deal.product in ("fx-forward", "fx-spot", "ndf") and deal.quantity_ccy and deal.quantity_ccy != base:
        return say(
            "deal_in_other_currency",
            verb=verb,
            base=base,
            size=_size(deal),
            instrument=deal.instrument,
            product=product,
            price=figure,
            value=value,
        )
    clean = say("clean", price=price(deal.cash_price, None)) if deal.cash_price else ""
    what = _sized(deal)
    return say("deal", verb=verb, what=what, product=product, level=level(deal.price, deal), clean=clean, value=value)


def _quote(quote: Quote, dialogue: Dialogue, wording: Wording) -> str:
    say = wording.say
    side = {"buy": say("buyer"), "sell": say("seller")}.get(quote.client_side or "", "")
    outcome = say(quote.outcome, level=_shown(quote))
    value = ""
    if quote.value_date and quote.product in ("irs", "fx-forward", "ndf"):
        name = "effective" if quote.product == "irs" else "value"
        value = say(name, day=day(quote.value_date, dialogue.header.started.date()))
    return say("quote", what=_sized(quote), product=_product(quote), side=side, value=value, outcome=outcome)


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


def _order(order: Order, dialogue: Dialogue, wording: Wording) -> str:
    say = wording.say
    expiry = ""
    if order.expiry in ("day", "GTC"):
        expiry = say("day_order" if order.expiry == "day" else "until_cancelled")
    elif order.expiry:
        expiry = say("good_till", day=day(order.expiry, dialogue.header.started.date()))
    what, base = _sized(order), order.instrument[:3]
    if order.product in ("fx-forward", "fx-spot", "ndf") and order.quantity_ccy not in (None, base):
        what = f"{base} against {_size(order)}({order.instrument})"
    return say(
        "order",
        kind=say(order.order_type),
        side=order.client_side or "",
        what=what,
        at=say("at", level=price(order.level, order)) if order.level is not None else "",
        expiry=expiry,
        together=say("oco") if order.oco else "",
    )


def _follow_ups(found: tuple[FollowUp, ...], dialogue: Dialogue, wording: Wording) -> str:
    say, started = wording.say, dialogue.header.started.date()
    parts = []
    for follow in found[:MAX_FOLLOW_UPS]:
        due = say("due", day=day(follow.due, started)) if follow.due else ""
        what, words = follow.what, ""
        if what.endswith("”)") and " (“" in what:
            what, words = what.split(" (“", 1)
            words = f" (“{words}"
        parts.append(
            say(
                "follow_up",
                who=dialogue.header.trader.name if follow.owner == "trader" else say("the_client"),
                what=what[:1].lower() + what[1:],
                due=say("due_today") if follow.due == started else due,
                words=words,
            )
        )
    return _sentence(say("follow_ups", follow_ups="; ".join(parts)))


def _consents(found: tuple[Consent, ...], wording: Wording) -> str:
    yes = ", ".join(CHANNEL_WORDS[c.channel] for c in found if c.granted)
    no = ", ".join(CHANNEL_WORDS[c.channel] for c in found if not c.granted)
    parts = [wording.say("accepts", channels=yes)] if yes else []
    parts += [wording.say("refuses", channels=no)] if no else []
    return _sentence(wording.say("contact", consents=" and ".join(parts)))
