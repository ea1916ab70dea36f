"""What the shared queries return: frozen, detached, and safe to pass between threads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from app.records.tables import (
    Account,
    Consent,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    Deal,
    FollowUp,
    Holding,
    Instrument,
    Interaction,
    Organization,
    User,
)


@dataclass(frozen=True, slots=True)
class ContactMatch:
    contact: Contact
    organization: Organization | None
    matched: str  # the number, address or handle that led here


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may be behind a number, address or handle. One exact match is certain; several must be chosen from."""

    exact: tuple[ContactMatch, ...] = ()
    near: tuple[ContactMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactCard:
    contact: Contact
    phones: tuple[ContactPhone, ...] = ()
    emails: tuple[ContactEmail, ...] = ()
    handles: tuple[ContactHandle, ...] = ()
    consents: tuple[Consent, ...] = ()  # the latest per channel


@dataclass(frozen=True, slots=True)
class HoldingLine:
    holding: Holding
    instrument: Instrument
    account: Account | None


@dataclass(frozen=True, slots=True)
class DealLine:
    deal: Deal
    instrument: Instrument
    organization: Organization
    contact: Contact | None
    trader: User | None


@dataclass(frozen=True, slots=True)
class InteractionLine:
    interaction: Interaction
    organization: Organization | None
    contact: Contact | None
    trader: User | None


@dataclass(frozen=True, slots=True)
class FollowUpLine:
    follow_up: FollowUp
    organization: Organization | None
    contact: Contact | None

    def overdue(self, now: dt.datetime) -> bool:
        return self.follow_up.due is not None and self.follow_up.due < now


@dataclass(frozen=True, slots=True)
class HitRatio:
    """Enquiries with a price and those that dealt. Indications and enquiries without a quote do not count."""

    asked: int
    dealt: int

    @property
    def ratio(self) -> float | None:
        return self.dealt / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Revenue:
    """Sales credit in US dollars over some deals."""

    usd: Decimal = Decimal(0)
    deals: int = 0


@dataclass(frozen=True, slots=True)
class RevenueSummary:
    """``by_month`` has every month asked for, oldest first, also empty ones; ``by_product`` the largest first."""

    by_month: tuple[tuple[dt.date, Revenue], ...]
    by_product: tuple[tuple[str, Revenue], ...]
    total: Revenue


class Named(NamedTuple):
    """An instrument by its id and symbol, where more of it is not asked for."""

    id: str
    symbol: str
