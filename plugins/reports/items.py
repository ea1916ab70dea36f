"""The entries of a report's lists, as they stand in its JSON fields. Unknown keys are ignored, missing ones blank."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec

from plugins.reports.evidence import Json, Said

Owner = Literal["trader", "client"]


class Reference(msgspec.Struct, frozen=True, omit_defaults=False):
    """A customer or a contact: known to the records by ``id``, or only by name."""

    name: str
    id: str | None = None


class Product(msgspec.Struct, frozen=True):
    """Something that was talked about."""

    name: str
    instrument_id: str | None = None
    confidence: float | None = None
    said: tuple[Said, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """A follow-up. ``due`` is an ISO date or time; ``id`` names its record once the report was saved."""

    what: str
    owner: Owner = "trader"
    due: str | None = None
    said: tuple[Said, ...] = ()
    id: str | None = None


class ConsentHeard(msgspec.Struct, frozen=True):
    """The client's word on a channel. Recorded with the contact only when the trader ticked it."""

    channel: str
    granted: bool
    accepted: bool = False
    said: tuple[Said, ...] = ()
    id: str | None = None


class MatterHeard(msgspec.Struct, frozen=True):
    """A complaint about the service, or due diligence on the client (KYC).

    ``formal``: the complaint is to be registered as one.
    """

    what: str
    kind: Literal["complaint", "kyc"] = "complaint"
    formal: bool = False
    said: tuple[Said, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """A quote not dealt or an order left, as one line of text."""

    text: str
    said: tuple[Said, ...] = ()


class Terms(msgspec.Struct, frozen=True):
    """A deal as heard. ``client_side`` is the client's; quantities are units. ``doubtful`` names fields that nothing
    said supports enough."""

    product: str = ""
    instrument: str = ""
    client_side: Literal["buy", "sell"] | None = None
    instrument_id: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    quantity_ccy: str | None = None
    quantity_unit: str | None = None
    price: Decimal | None = None
    price_type: str | None = None
    value_date: str | None = None
    doubtful: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()

    @property
    def key(self) -> str:
        """Names this deal across passes: the same business heard better keeps its key unless its terms changed."""
        quantity = format(self.quantity.normalize(), "f") if self.quantity is not None else ""
        return "|".join((self.instrument_id or self.instrument, self.client_side or "", quantity))


class Registered(msgspec.Struct, frozen=True):
    """A deal that stands in the records."""

    id: str
    instrument_id: str
    symbol: str
    client_side: str
    quantity: Decimal
    price: Decimal
    quantity_ccy: str | None = None
    quantity_unit: str | None = None
    product: str = ""


Item = TypeVar("Item", bound=msgspec.Struct)


def read(values: Iterable[Json] | None, kind: type[Item]) -> tuple[Item, ...]:
    """The entries of a list field; an entry that cannot be read is left out rather than spoiling the report."""
    found: list[Item] = []
    for value in values or ():
        try:
            found.append(msgspec.convert(value, kind, strict=False))
        except msgspec.ValidationError:
            continue
    return tuple(found)


def write(items: Iterable[msgspec.Struct]) -> list[Json]:
    """The entries as JSON values; amounts as text, so that no digit is lost."""
    return [msgspec.to_builtins(item) for item in items]


def reference(value: Json) -> Reference | None:
    return msgspec.convert(value, Reference) if isinstance(value, dict) and value.get("name") else None
