"""What a conversation's facts suggest for the report: pure functions from the facts' JSON to suggestions.

The facts are the language room's report as JSON: ``deals``, ``quotes_not_dealt``, ``orders_left``, ``follow_ups``,
``consents``, ``matters``, ``mentions``, ``sentiment`` and ``summary``, the entries with their words
(``evidence.with_words``).
A field is left without suggestion rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from nlp.language.model import ASK_BELOW
from plugins.reports import wording
from plugins.reports.draft import Suggestion
from plugins.reports.evidence import LISTS, Json, Said, together, words
from plugins.reports.items import ConsentHeard, Line, MatterHeard, Product, Registered, Task, Terms, read, write

Facts = Mapping[str, Json]
Marks = dict[int, list[tuple[int, int]]]
Symbols = Mapping[str, str]
"""What the desk calls an instrument, by its id."""


@dataclass(frozen=True, slots=True)
class HeardDeal:
    """A deal that was heard, beside the one that was registered for it, if any.

    ``differences`` are sentences such as "price heard 98.49, registered 98.412".
    """

    terms: Terms
    text: str
    status: Literal["registered", "differs", "missing"]
    deal_id: str | None = None
    differences: tuple[str, ...] = ()


def instrument_ids(facts: Facts) -> set[str]:
    """The instruments of the records that the facts refer to."""
    lists = ("mentions", "deals", "quotes_not_dealt", "orders_left")
    found = (entry.get("instrument_id") for name in lists for entry in _entries(facts, name))
    return {identity for identity in found if identity}


def suggestions(
    facts: Facts, *, symbols: Symbols, deals: Sequence[Registered] = (), client_spoke: bool = True
) -> dict[str, Suggestion]:
    """A suggestion for each field that the facts support."""
    found: dict[str, Suggestion] = {}
    if text := str(facts.get("summary") or "").strip():
        found["summary"] = Suggestion(text, _said(entry for name in LISTS for entry in _entries(facts, name)))
    for name, entries in (
        ("products", write(each for each in products(facts, symbols) if sure(each))),
        ("quotes", write(quotes(facts, symbols))),
        ("orders", write(orders(facts, symbols))),
        ("follow_ups", write(read(facts.get("follow_ups"), Task))),
        ("consents", write(read(facts.get("consents"), ConsentHeard))),
        ("matters", write(read(facts.get("matters"), MatterHeard))),
    ):
        if entries:
            found[name] = Suggestion(entries, _said(entries))
    if disposition := suggested_disposition(facts, deals, client_spoke=client_spoke):
        found["disposition"] = disposition
    if facts.get("sentiment") in ("positive", "negative"):
        found["sentiment"] = Suggestion(facts["sentiment"])
    return found


def suggested_disposition(facts: Facts, deals: Sequence[Registered], *, client_spoke: bool) -> Suggestion | None:
    """The outcome with the strongest ground: business first, then what is still open, then the mood."""
    heard = _entries(facts, "deals")
    quoted = _entries(facts, "quotes_not_dealt")
    tasks = _entries(facts, "follow_ups")
    outcomes = {quote.get("outcome") for quote in quoted}
    if heard or deals:
        return Suggestion("Dealt", _said(heard))
    if _entries(facts, "unclear"):
        return None  # the trader is asked about the deal first
    complaints = [matter for matter in _entries(facts, "matters") if matter.get("kind") == "complaint"]
    if complaints or facts.get("sentiment") == "negative":
        return Suggestion("Complaint", _said(complaints or tasks))
    if left := _entries(facts, "orders_left"):
        return Suggestion("Order left", _said(left))
    if quoted and outcomes <= {"traded_away"}:
        return Suggestion("Traded away", _said(quoted))
    if tasks and (quoted or _instruments(facts)):
        return Suggestion("Interested – follow up", _said([*quoted, *tasks]))
    if quoted and outcomes & {"passed", "conditional", "traded_away"}:
        return Suggestion("Quoted – not dealt", _said(quoted))
    if quoted or _instruments(facts):
        return Suggestion("Enquiry", _said(quoted))
    if not client_spoke:
        return Suggestion("No answer")
    return None


def products(facts: Facts, symbols: Symbols) -> tuple[Product, ...]:
    """The instruments talked about, surest first.

    Confidence: how unlikely a mishearing is. A first mention leaves 40 % doubt (60 % where the name is not in the
    security master); each further turn that names it halves the doubt, terms agreed or quoted on it quarter it.
    """
    turns: dict[str, Marks] = {}
    names: dict[str, str] = {}
    known: dict[str, str | None] = {}
    weight: dict[str, int] = {}
    for mention in _instruments(facts):
        _note(mention, symbols, turns, names, known)
    for name in ("deals", "quotes_not_dealt", "orders_left"):
        for entry in _entries(facts, name):
            if key := _note(entry, symbols, turns, names, known):
                weight[key] = 2
    found = []
    for key, heard in turns.items():
        doubt = (0.4 if known[key] else 0.6) * 0.5 ** (max(len(heard), 1) - 1 + weight.get(key, 0))
        found.append(Product(names[key], known[key], round(min(1 - doubt, 0.99), 2), words(facts, heard)))
    return tuple(sorted(found, key=lambda product: -(product.confidence or 0)))


def sure(product: Product) -> bool:
    """Whether it goes into the report without being asked for."""
    return product.confidence is None or product.confidence >= ASK_BELOW


def unsure(facts: Facts, symbols: Symbols) -> tuple[Product, ...]:
    """What may have been talked about."""
    return tuple(each for each in products(facts, symbols) if not sure(each))


def quotes(facts: Facts, symbols: Symbols) -> tuple[Line, ...]:
    """Quotes not dealt, one line each: "VOD 3⅜ 08/33 10mm EUR 98.41 / 98.49 - passed"."""
    lines = []
    for entry in _entries(facts, "quotes_not_dealt"):
        bid, ask = _number(entry.get("bid")), _number(entry.get("ask"))
        one_way = f"{bid} bid" if bid else f"{ask} offered" if ask else _number(entry.get("mid"))
        level = f"{bid} / {ask}" if bid and ask else one_way
        outcome = str(entry.get("outcome") or "").replace("_", " ")
        text = " ".join(part for part in (_title(entry, symbols), _size(entry), level) if part)
        lines.append(Line(f"{text} – {outcome}" if outcome else text, _said([entry])))
    return tuple(lines)


def orders(facts: Facts, symbols: Symbols) -> tuple[Line, ...]:
    """Orders left, one line each: "Sell 5mm EUR EURUSD limit 1.0950, GTC"."""
    lines = []
    for entry in _entries(facts, "orders_left"):
        side = str(entry.get("client_side") or "").capitalize()
        kind = str(entry.get("order_type") or "").replace("_", " ")
        parts = (side, _size(entry), _title(entry, symbols), kind, _number(entry.get("level")))
        text = " ".join(part for part in parts if part)
        if expiry := entry.get("expiry"):
            text += f", {expiry}"
        lines.append(Line(text + (", OCO" if entry.get("oco") else ""), _said([entry])))
    return tuple(lines)


def heard_deals(
    heard: Iterable[Terms], deals: Sequence[Registered], symbols: Symbols, dismissed: frozenset[str] = frozenset()
) -> tuple[HeardDeal, ...]:
    """Sets each heard deal beside a registered one: first by instrument, side and quantity, then by instrument alone.

    A registered deal answers for one heard deal only. Dismissed ones (by key) are left out.
    """
    open_heard = [each for each in heard if each.key not in dismissed]
    free = list(deals)
    matched: dict[int, Registered] = {}
    for fits in (_same_terms, _same_instrument):
        for index, each in enumerate(open_heard):
            if index in matched:
                continue
            if partner := next((deal for deal in free if fits(each, deal)), None):
                matched[index] = partner
                free.remove(partner)
    return tuple(_beside(each, matched.get(index), symbols) for index, each in enumerate(open_heard))


def talk_share(turns: Iterable[Mapping[str, Json]]) -> float | None:
    """The trader's share, 0 to 1: of the spoken seconds in a call, of the words where messages take no time."""
    seconds = {"trader": 0.0, "client": 0.0}
    words = {"trader": 0, "client": 0}
    for turn in turns:
        who = turn["who"]
        seconds[who] += max(0.0, float(turn["end"]) - float(turn["start"]))
        words[who] += len(str(turn["text"]).split())
    weight: Mapping[str, float] = seconds if sum(seconds.values()) > 0 else words
    total = sum(weight.values())
    return round(weight["trader"] / total, 3) if total else None


def subject(
    disposition: str,
    deals: Sequence[Registered],
    named: Sequence[Product],
    tasks: Sequence[Task],
    matters: Sequence[MatterHeard] = (),
) -> str:
    """One line for lists: the deal, else the outcome and what it was about."""
    if deals:
        first = wording.registered(deals[0]).removeprefix("Client ")
        more = f" +{len(deals) - 1}" if len(deals) > 1 else ""
        return f"Dealt: {first}{more}"
    complained = next((matter.what for matter in matters if matter.kind == "complaint"), "")
    about = complained if disposition == "Complaint" else ""
    about = about or ", ".join(product.name for product in named[:2]) or (tasks[0].what if tasks else "")
    return " · ".join(part for part in (disposition, about) if part)


def _beside(heard: Terms, deal: Registered | None, symbols: Symbols) -> HeardDeal:
    text = wording.terms(heard, symbols.get(heard.instrument_id or "", ""))
    if deal is None:
        return HeardDeal(heard, text, "missing")
    differences = []
    if heard.client_side and heard.client_side != deal.client_side:
        differences.append(f"side heard {heard.client_side}, registered {deal.client_side}")
    if heard.quantity is not None and heard.quantity != deal.quantity:
        differences.append(f"size heard {wording.plain(heard.quantity)}, registered {wording.plain(deal.quantity)}")
    if heard.price is not None and heard.price != deal.price:
        differences.append(f"price heard {wording.plain(heard.price)}, registered {wording.plain(deal.price)}")
    return HeardDeal(heard, text, "differs" if differences else "registered", deal.id, tuple(differences))


def _same_terms(heard: Terms, deal: Registered) -> bool:
    return (
        _same_instrument(heard, deal)
        and heard.client_side in (None, deal.client_side)
        and heard.quantity in (None, deal.quantity)
    )


def _same_instrument(heard: Terms, deal: Registered) -> bool:
    if heard.instrument_id:
        return heard.instrument_id == deal.instrument_id
    return bool(heard.instrument) and heard.instrument.casefold() == deal.symbol.casefold()


def _entries(facts: Facts, name: str) -> list[dict[str, Json]]:
    return [entry for entry in facts.get(name) or () if isinstance(entry, dict)]


def _instruments(facts: Facts) -> list[dict[str, Json]]:
    return [mention for mention in _entries(facts, "mentions") if mention.get("kind") == "instrument"]


def _said(entries: Iterable[Mapping[str, Json]]) -> tuple[Said, ...]:
    return together(msgspec.convert(entry.get("said") or (), tuple[Said, ...]) for entry in entries)


def _title(entry: Mapping[str, Json], symbols: Symbols) -> str:
    known = symbols.get(entry.get("instrument_id") or "")
    return known or str(entry.get("description") or entry.get("instrument") or "")


def _size(entry: Mapping[str, Json]) -> str:
    heard = read([entry], Terms)
    return wording.amount(heard[0].quantity, heard[0].quantity_ccy, heard[0].quantity_unit) if heard else ""


def _number(value: Json) -> str:
    heard = read([{"price": value}], Terms)
    return wording.plain(heard[0].price) if heard and heard[0].price is not None else ""


def _note(
    entry: Mapping[str, Json],
    symbols: Symbols,
    turns: dict[str, Marks],
    names: dict[str, str],
    known: dict[str, str | None],
) -> str | None:
    code = entry.get("instrument")
    # However it was worded ("euros against dollars"), it is one product with what the same code names elsewhere.
    identity = entry.get("instrument_id") or next((each for each, symbol in symbols.items() if symbol == code), None)
    name = symbols.get(identity or "") or str(entry.get("description") or code or entry.get("text") or "")
    if not name:
        return None
    key = identity or name.casefold()
    heard = turns.setdefault(key, {})
    for turn in entry.get("evidence") or ():
        heard.setdefault(turn, [])
    if "turn" in entry:
        heard.setdefault(entry["turn"], []).append((entry.get("start", 0), entry.get("end", 0)))
    names.setdefault(key, name)
    known.setdefault(key, identity)
    return key
