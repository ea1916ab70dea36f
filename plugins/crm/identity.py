"""Who is it? Finds a contact by number, e-mail address, chat handle or id. Pure but for the session it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import phonenumbers
from rapidfuzz import fuzz, process, utils
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.records import queries
from app.records.lines import ContactMatch
from app.records.tables import Contact, ContactEmail, Organization

HOME_REGION = "GB"
"""The country whose national numbers are understood without a country code."""

NEAR_LIMIT = 5
_PUBLIC_DOMAINS = frozenset({"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"})
_NAME_SCORE = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What another app knows of the person. Numbers are E.164, addresses and handles lower case."""

    phone: str | None = None
    email: str | None = None
    handle: str | None = None
    name: str | None = None
    contact_id: str | None = None
    organization_id: str | None = None

    @property
    def label(self) -> str:
        """How the panel calls someone it does not know."""
        if self.phone:
            return show_number(self.phone)
        return self.email or self.handle or self.name or "unknown"

    @property
    def empty(self) -> bool:
        return not (self.phone or self.email or self.handle or self.name or self.contact_id or self.organization_id)


@dataclass(frozen=True, slots=True)
class Match:
    """A contact that it may be, and why."""

    contact_id: str
    name: str
    title: str
    organization_id: str | None
    organization: str
    why: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """``known`` has one match, ``several`` two or more; ``unknown`` none, but perhaps near ones."""

    asked: Asked
    kind: Literal["known", "several", "unknown"]
    matches: tuple[Match, ...] = ()
    near: tuple[Match, ...] = ()


def e164(number: str, region: str = HOME_REGION) -> str | None:
    """The number in E.164, or None for text that cannot be a telephone number."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def show_number(number: str) -> str:
    """The number as people write it: +44 20 7946 0143."""
    try:
        parsed = phonenumbers.parse(number, HOME_REGION)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def asked_of(context: Mapping[str, Any]) -> Asked:
    """Reads an ``fdc3.contact`` or ``fdc3.organization``; what cannot be read counts as not given."""
    ids = context.get("id")
    given = (
        {key: value.strip() for key, value in ids.items() if isinstance(value, str)} if isinstance(ids, Mapping) else {}
    )
    name = context.get("name")
    name = name.strip() if isinstance(name, str) and name.strip() else None
    if context.get("type") == "fdc3.organization":
        return Asked(organization_id=given.get("deskline") or None, name=name)
    phone = given.get("phone", "")
    handle = next((given[key] for key in ("handle", "chat", "FDS_ID", "symphony") if given.get(key)), "")
    return Asked(
        phone=(e164(phone) or phone) if phone else None,
        email=given.get("email", "").lower() or None,
        handle=handle.lower() or None,
        name=name,
        contact_id=given.get("deskline") or None,
    )


def resolve(session: Session, asked: Asked) -> Resolution:
    """The surest key wins: id, then number, then e-mail, then handle. A name only tells several matches apart."""
    if asked.contact_id:
        # Asked for by id, somebody who has left is shown as well: their talks and deals are still looked up.
        matches = _contacts(session, Contact.id == asked.contact_id, "", active=False)
        if matches:
            return Resolution(asked, "known", matches)
    near: list[Match] = []
    for found, why in (
        (queries.identify(session, phone=asked.phone), "this number"),
        (queries.identify(session, email=asked.email), "this address"),
        (queries.identify(session, handle=asked.handle), "this handle"),
    ):
        matches = tuple(_match(each, why) for each in found.exact if each.contact.status == "active")
        if len(matches) > 1 and asked.name:
            named = tuple(match for match in matches if match.name.casefold() == asked.name.casefold())
            matches = named if len(named) == 1 else matches
        if matches:
            return Resolution(asked, "known" if len(matches) == 1 else "several", matches)
        nearest = sorted(found.near, key=lambda each: -_shared(each.matched, asked.phone or ""))
        near += [_match(each, f"near number {show_number(each.matched)}") for each in nearest]
    if asked.name and not (asked.phone or asked.email or asked.handle):
        matches = _contacts(session, Contact.name == asked.name, "this name")
        if matches:
            return Resolution(asked, "known" if len(matches) == 1 else "several", matches)
    return Resolution(asked, "unknown", near=_nearest(session, asked, near))


def _nearest(session: Session, asked: Asked, near: list[Match]) -> tuple[Match, ...]:
    """Near numbers first, then the same mail domain, then similar names; at most five."""
    found: dict[str, Match] = {}
    for match in near:
        found.setdefault(match.contact_id, match)
    domain = asked.email.partition("@")[2] if asked.email else ""
    if domain and domain not in _PUBLIC_DOMAINS:
        same = ContactEmail.address.endswith("@" + domain, autoescape=True)
        ids = session.scalars(select(ContactEmail.contact_id).where(same).limit(NEAR_LIMIT)).all()
        for match in _contacts(session, Contact.id.in_(ids), f"same domain {domain}"):
            found.setdefault(match.contact_id, match)
    guess = asked.name or (asked.handle.replace(".", " ").replace("_", " ") if asked.handle else None)
    if guess and len(found) < NEAR_LIMIT:
        for match in _similar(session, guess):
            found.setdefault(match.contact_id, match)
    return tuple(found.values())[:NEAR_LIMIT]


def _match(found: ContactMatch, why: str) -> Match:
    contact, organization = found.contact, found.organization
    return Match(
        contact.id,
        contact.name,
        contact.title or "",
        contact.organization_id,
        organization.name if organization else "",
        why,
    )


def _contacts(session: Session, where: ColumnElement[bool], why: str, *, active: bool = True) -> tuple[Match, ...]:
    statement = (
        select(Contact, Organization)
        .outerjoin(Organization, Contact.organization_id == Organization.id)
        .where(where)
        .order_by(Contact.name)
    )
    rows = session.execute(statement.where(Contact.status == "active") if active else statement)
    return tuple(_match(ContactMatch(contact, organization, ""), why) for contact, organization in rows)


def _shared(one: str, other: str) -> int:
    """How many leading digits two numbers share."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _similar(session: Session, name: str) -> tuple[Match, ...]:
    names = dict(session.execute(select(Contact.id, Contact.name).where(Contact.status == "active")).all())
    best = process.extract(
        name,
        names,
        scorer=fuzz.token_sort_ratio,
        processor=utils.default_process,
        score_cutoff=_NAME_SCORE,
        limit=NEAR_LIMIT,
    )
    order = [contact_id for _, _, contact_id in best]
    found = {match.contact_id: match for match in _contacts(session, Contact.id.in_(order), "similar name")}
    return tuple(found[contact_id] for contact_id in order if contact_id in found)
