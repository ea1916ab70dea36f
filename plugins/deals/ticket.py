"""The ticket: what stands in its fields, and where each entry came from. Pure values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from app.brokerage.credit import Line
from app.brokerage.entry import format_price, format_quantity, format_short
from resources.calendars import calendars_of

Side = Literal["buy", "sell"]
Origin = Literal["", "market", "context", "said", "typed"]
FieldName = Literal["quantity", "price", "value_date", "account", "product", "source"]

FIELDS: tuple[FieldName, ...] = ("quantity", "price", "value_date", "account", "product", "source")
SOURCES = ("voice", "chat", "electronic")
_RANK: Mapping[Origin, int] = {"": 0, "market": 1, "context": 2, "said": 3, "typed": 4}


@dataclass(frozen=True, slots=True)
class Security:
    """An instrument as far as a ticket has to know it."""

    id: str
    symbol: str
    name: str
    kind: str
    currency: str  # the price's; for a pair the quote currency
    price_type: str
    decimals: int
    settle_days: int
    quantity_unit: str | None = None
    isin: str | None = None
    ticker: str | None = None
    aliases: tuple[str, ...] = ()
    reference_price: Decimal | None = None
    maturity: dt.date | None = None

    @property
    def pair(self) -> str | None:
        """Six letters for a currency pair."""
        letters = self.symbol.replace("/", "").upper()
        return letters if self.kind == "fx" and len(letters) == 6 else None

    @property
    def calendars(self) -> tuple[str, ...]:
        """Those on whose business days it settles."""
        return calendars_of(self.kind, self.symbol, self.currency)

    @property
    def quantity_currencies(self) -> tuple[str, ...]:
        """The currencies in which an amount can be fixed, the usual one first; none where units are counted."""
        if self.quantity_unit:
            return ()
        return (self.pair[:3], self.pair[3:]) if self.pair else (self.currency,)

    @property
    def products(self) -> tuple[str, ...]:
        if self.kind == "fx":
            return ("fx-spot", "fx-forward", "fx-swap", "ndf", "option")
        return (self.kind, "option") if self.kind in ("equity", "future", "commodity") else (self.kind,)


@dataclass(frozen=True, slots=True)
class AccountChoice:
    id: str
    number: str
    currency: str


@dataclass(frozen=True, slots=True)
class Client:
    """The customer of a ticket with what a deal needs of them."""

    organization_id: str
    name: str
    contact_id: str | None = None
    accounts: tuple[AccountChoice, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    text: str = ""
    origin: Origin = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A deal that was heard in the conversation, as the extraction reports it. What was not said is None.

    ``done`` is false while it is still being talked about: then it fills a draft and is no deal yet.
    """

    interaction_id: str
    side: Side | None
    instrument_id: str | None
    instrument: str
    quantity: Decimal | None = None
    quantity_ccy: str | None = None
    quantity_unit: str | None = None
    price: Decimal | None = None
    price_type: str = "price"
    value_date: dt.date | None = None
    product: str | None = None
    done: bool = True

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two reports of it the same deal: a later correction of price or date does not make a new one.
        An enquiry stays the same one whatever is added to it."""
        if not self.done:
            return (self.interaction_id, self.instrument_id or self.instrument, "enquiry", "")
        amount = "" if self.quantity is None else format_quantity(self.quantity)
        return (self.interaction_id, self.instrument_id or self.instrument, self.side or "", amount)

    @property
    def sentence(self) -> str:
        """15mm EURUSD, client buys, at 1.0922."""
        words = [self.instrument]
        if self.quantity is not None:
            # Only in a pair does the currency say something: which of the two is fixed.
            foreign = (
                len(self.instrument) == 6 and self.quantity_ccy and not self.instrument.startswith(self.quantity_ccy)
            )
            unit = self.quantity_unit or (self.quantity_ccy if foreign else None)
            words.insert(0, f"{format_short(self.quantity)} {unit}" if unit else format_short(self.quantity))
        text = " ".join(words)
        if self.side:
            text += f", client {self.side}s"
        if self.price is not None:
            text += f" at {format_price(self.price, 0)}"
        return text


@dataclass(frozen=True, slots=True)
class Ticket:
    """One deal being written. ``id`` becomes the deal's id, so registering twice is one deal."""

    id: str
    client: Client | None = None
    security: Security | None = None
    security_origin: Origin = ""
    side: Side | None = None
    side_origin: Origin = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    heard: Heard | None = None
    interaction_id: str | None = None

    def text(self, name: FieldName) -> str:
        return self.entry(name).text

    def entry(self, name: FieldName) -> Entry:
        return self.entries.get(name, Entry())

    @property
    def touched(self) -> bool:
        """Whether the trader put anything in by hand."""
        return (
            self.security_origin == "typed"
            or self.side_origin == "typed"
            or any(entry.origin == "typed" for entry in self.entries.values())
        )

    @property
    def names(self) -> tuple[str | None, str | None]:
        """Whom and what it is about: ids of customer and instrument."""
        return (self.client.organization_id if self.client else None, self.security.id if self.security else None)

    def put(self, name: FieldName, text: str, origin: Origin) -> Ticket:
        """With the entry, unless a stronger one stands there: what was typed outlives what was said, and so on.

        An empty text typed by the trader frees the field for a fresh suggestion.
        """
        standing = self.entry(name)
        if _RANK[origin] < _RANK[standing.origin]:
            return self
        if origin == "typed" and not text.strip():
            origin = ""
        if standing == Entry(text, origin):
            return self
        return replace(self, entries={**self.entries, name: Entry(text, origin)})

    def deal_in(self, security: Security, origin: Origin) -> Ticket:
        """With the instrument; what belonged to another instrument (its price, date and product) goes."""
        if _RANK[origin] < _RANK[self.security_origin] and self.security is not None:
            return self
        if self.security is None or self.security.id == security.id:
            return replace(self, security=security, security_origin=origin)
        kept = {name: entry for name, entry in self.entries.items() if name not in ("price", "value_date", "product")}
        return replace(self, security=security, security_origin=origin, entries=kept)

    def for_side(self, side: Side, origin: Origin) -> Ticket:
        if _RANK[origin] < _RANK[self.side_origin]:
            return self
        return replace(self, side=side, side_origin=origin)

    def for_client(self, client: Client) -> Ticket:
        """With the customer; an account typed for another one goes."""
        same = self.client is not None and self.client.organization_id == client.organization_id
        kept = self.entries if same else {name: entry for name, entry in self.entries.items() if name != "account"}
        account = next(iter(client.accounts), None)
        made = replace(self, client=client, entries=kept)
        return made.put("account", account.number, "context") if account else made

    def prefilled(self, heard: Heard, security: Security | None) -> Ticket:
        """With what was said, and nothing of what was said before, in every field that the trader has not typed in."""
        made = replace(self._moved(""), heard=heard, interaction_id=heard.interaction_id)
        if security is not None:
            made = made.deal_in(security, "said")
            if made.security is None or made.security.id != security.id:
                # The trader chose another instrument: the rest of what was said is about something else.
                return replace(self, heard=heard)
        if heard.side is not None:
            made = made.for_side(heard.side, "said")
        if heard.quantity is not None:
            tag = heard.quantity_unit or heard.quantity_ccy or ""
            made = made.put("quantity", f"{format_quantity(heard.quantity)} {tag}".strip(), "said")
        if heard.price is not None:
            made = made.put("price", format_price(heard.price, 0), "said")
        if heard.value_date is not None:
            made = made.put("value_date", heard.value_date.isoformat(), "said")
        if heard.product is not None:
            made = made.put("product", heard.product, "said")
        return made

    def accepted(self) -> Ticket:
        """With everything that was said made the trader's own: later words change nothing any more."""
        return self._moved("typed")

    def without_heard(self) -> Ticket:
        """With everything that was said taken out again."""
        made = self._moved("")
        return replace(made, heard=None)

    def _moved(self, origin: Origin) -> Ticket:
        entries = {
            name: (Entry(entry.text if origin else "", origin) if entry.origin == "said" else entry)
            for name, entry in self.entries.items()
        }
        said_security, said_side = self.security_origin == "said", self.side_origin == "said"
        return replace(
            self,
            entries=entries,
            security=self.security if origin or not said_security else None,
            security_origin=origin if said_security else self.security_origin,
            side=self.side if origin or not said_side else None,
            side_origin=origin if said_side else self.side_origin,
        )
