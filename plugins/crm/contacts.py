"""Writes contacts: a new one from an unknown call, or a new number for a known one. Runs inside a change."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.records.change import Change
from app.records.tables import Contact, ContactEmail, ContactHandle, ContactPhone, Organization
from plugins.crm.identity import Asked, e164

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST = 120


class NotSaved(Exception):
    """The form cannot be saved as it stands; the text says what to change."""


@dataclass(frozen=True, slots=True)
class NewContact:
    """The form as filled in. ``organization`` is a name: an existing one is found, another is created."""

    name: str
    organization: str = ""
    title: str = ""
    email: str = ""
    phone: str = ""


def organization_names(session: Session) -> tuple[str, ...]:
    """The names to choose from."""
    return tuple(session.scalars(select(Organization.name).order_by(Organization.name)))


def add_contact(change: Change, new: NewContact, asked: Asked, owner_id: str, today: dt.date) -> str:
    """Contact, ways to reach them and, if it is new, their organization (a prospect); returns the contact's id."""
    name = " ".join(new.name.split())
    if not name:
        raise NotSaved("Type the caller's name.")
    if len(name) > _LONGEST or len(new.organization) > _LONGEST or len(new.title) > _LONGEST:
        raise NotSaved(f"A name may have at most {_LONGEST} characters.")
    email = new.email.strip().lower()
    if email and _ADDRESS.fullmatch(email) is None:
        raise NotSaved(f"“{email[:40]}” is not an e-mail address.")
    phone = new.phone.strip()
    number = e164(phone) if phone else asked.phone
    if phone and number is None:
        raise NotSaved(
            f"“{phone[:24]}” is not a telephone number. Write it with the country code, as +44 20 7946 0143."
        )
    organization = _organization(change, " ".join(new.organization.split()), owner_id, today)
    contact = change.add(
        Contact(
            name=name,
            title=" ".join(new.title.split()) or None,
            organization_id=organization.id if organization else None,
        )
    )
    reach = Asked(phone=number, email=email or asked.email, handle=asked.handle)
    add_way_to_reach(change, contact.id, reach)
    return contact.id


def add_way_to_reach(change: Change, contact_id: str, asked: Asked) -> None:
    """Adds the number, address and handle that the contact does not have yet."""
    session = change.session
    if asked.phone and not _has(session, select(ContactPhone.id).where(
        ContactPhone.contact_id == contact_id, ContactPhone.e164 == asked.phone
    )):  # fmt: skip
        change.add(ContactPhone(contact_id=contact_id, e164=asked.phone))
    if asked.email and not _has(session, select(ContactEmail.id).where(
        ContactEmail.contact_id == contact_id, ContactEmail.address == asked.email
    )):  # fmt: skip
        change.add(ContactEmail(contact_id=contact_id, address=asked.email))
    if asked.handle and not _has(session, select(ContactHandle.id).where(
        ContactHandle.contact_id == contact_id, ContactHandle.handle == asked.handle
    )):  # fmt: skip
        change.add(ContactHandle(contact_id=contact_id, service="chat", handle=asked.handle))


def _has(session: Session, query: Select[str]) -> bool:
    return session.scalar(query.limit(1)) is not None


def _organization(change: Change, name: str, owner_id: str, today: dt.date) -> Organization | None:
    if not name:
        return None
    same = select(Organization).where(func.lower(Organization.name) == name.lower()).limit(1)
    found = change.session.scalar(same)
    if found is not None:
        return found
    return change.add(
        Organization(name=name, short_name=name, kind="prospect", status="prospect", owner_id=owner_id, since=today)
    )
