"""What a ticket can name: instruments and customers, by what the trader types; a customer's lines and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records import queries
from app.records.tables import Contact, Instrument, Organization
from plugins.deals.booking import as_line
from plugins.deals.reserves import AtDesk, lines_at
from plugins.deals.ticket import AccountChoice, Client, Security

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CustomerName:
    id: str
    name: str
    short_name: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Found by id, by a whole name or alias, else by the only name that begins so. Case and spaces do not matter."""

    securities: tuple[Security, ...] = ()
    customers: tuple[CustomerName, ...] = ()
    _by_id: dict[str, Security] = field(default_factory=dict)

    @classmethod
    def of(cls, securities: Iterable[Security], customers: Iterable[CustomerName]) -> Directory:
        known = tuple(securities)
        return cls(known, tuple(customers), {security.id: security for security in known})

    def security(self, security_id: str | None) -> Security | None:
        return self._by_id.get(security_id or "")

    def find_security(self, text: str) -> Security | None:
        return _find(text, [(security, security_names(security)) for security in self.securities])

    def find_customer(self, text: str) -> CustomerName | None:
        return _find(text, [(customer, (customer.name, customer.short_name)) for customer in self.customers])


def security_names(security: Security) -> tuple[str, ...]:
    names = (security.symbol, security.name, security.isin, security.ticker, *security.aliases)
    return tuple(name for name in names if name)


def read_directory(session: Session) -> Directory:
    instruments = session.scalars(select(Instrument).order_by(Instrument.symbol))
    customers = session.execute(
        select(Organization.id, Organization.name, Organization.short_name).order_by(Organization.name)
    )
    return Directory.of((as_security(row) for row in instruments), (CustomerName(*row) for row in customers))


def as_security(row: Instrument) -> Security:
    return Security(
        row.id,
        row.symbol,
        row.name,
        row.kind,
        row.currency,
        row.price_type,
        row.price_decimals,
        row.settle_days,
        row.quantity_unit,
        row.isin,
        row.ticker,
        tuple(row.aliases),
        row.reference_price,
        row.maturity,
    )


def read_client(session: Session, organization_id: str, contact_id: str | None, at: AtDesk) -> Client | None:
    """The customer with open accounts and credit lines; the contact only if they belong to it."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        return None
    contact = session.get(Contact, contact_id) if contact_id else None
    accounts = queries.accounts(session, organization_id)
    return Client(
        organization.id,
        organization.short_name,
        contact.id if contact is not None and contact.organization_id == organization_id else None,
        tuple(AccountChoice(row.id, row.number, row.currency) for row in accounts if row.status == "open"),
        lines_at(session, [as_line(row) for row in queries.credit_lines(session, organization_id)], at),
    )


def read_client_of(session: Session, contact_id: str, at: AtDesk) -> Client | None:
    """The customer that a contact belongs to; None for one of no organization, and for one not known."""
    contact = session.get(Contact, contact_id)
    if contact is None or contact.organization_id is None:
        return None
    return read_client(session, contact.organization_id, contact_id, at)


def _find(text: str, named: Sequence[tuple[T, tuple[str, ...]]]) -> T | None:
    wanted = _folded(text)
    if not wanted:
        return None
    whole = [item for item, names in named if wanted in map(_folded, names)]
    if whole:
        return whole[0]
    begun = [item for item, names in named if any(_folded(name).startswith(wanted) for name in names)]
    return begun[0] if len(begun) == 1 else None


def _folded(text: str) -> str:
    return "".join(text.casefold().replace("/", "").split())
