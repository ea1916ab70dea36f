"""The demo desk's users, customers, their people and ways to reach them, accounts, holdings and credit lines."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.records.demo.draw import Draw, material
from app.records.demo.market import Market, Security
from app.records.tables import (
    Account,
    Consent,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    CreditLine,
    Holding,
    Organization,
    Record,
    User,
)

DEMO_USER_ID = "018a0000-0000-7000-8000-00000000d3b0"
_CONTACTS = 150
_ROUND = {"fx": 1_000_000, "ndf": 1_000_000, "irs": 5_000_000, "equity": 1000, "future": 10, "commodity": 500}


@dataclass
class Customer:
    row: Organization
    trades: dict[str, float]
    hit: float
    owner: User
    currencies: tuple[str, ...]
    contacts: list[Contact] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)  # contact id -> a number
    handles: dict[str, str] = field(default_factory=dict)
    favourites: dict[str, list[Security]] = field(default_factory=dict)  # group -> what it mostly trades

    @property
    def scale(self) -> float:
        """How large its business is beside a middling customer's."""
        kinds = {"corporate": 0.6, "bank": 1.8, "hedge fund": 1.3, "asset manager": 1.0, "insurer": 1.1}
        return kinds.get(self.row.kind, 1.4) * {1: 1.6, 2: 1.0, 3: 0.5}[self.row.tier or 3]


@dataclass
class House:
    users: dict[str, User]  # by initials
    customers: list[Customer]
    rows: list[Record]


def customers(draw: Draw, market: Market) -> House:
    source = material("customers.yaml")
    house = House({}, [], [])
    for line in source["users"]:
        email = f"{_ascii(line['name']).replace(' ', '.')}@northmere.example"
        user_id = DEMO_USER_ID if line["initials"] == "MK" else draw.id(draw.first_moment)
        house.users[line["initials"]] = User(id=user_id, email=email, **line)
    house.rows += house.users.values()
    for line in source["organizations"]:
        house.customers.append(_customer(draw, house, line))
    house.rows += [customer.row for customer in house.customers]
    _people(draw, house, source)
    for customer in house.customers:
        _accounts(draw, house, customer)
        for group in customer.trades:
            customer.favourites[group] = _favourites(draw, market, customer, group)
        _credit(draw, house, customer)
    _holdings(draw, market, house, source)
    return house


def _customer(draw: Draw, house: House, line: dict[str, Any]) -> Customer:
    since = dt.date(draw.chance.randint(2006, draw.today.year - 3), draw.chance.randint(1, 12), 1)
    owner = house.users[line["owner"]]
    row = Organization(
        id=draw.id(draw.first_moment),
        name=line["name"],
        short_name=line["short"],
        kind=line["kind"],
        tier=line["tier"],
        country=line["country"],
        city=line["city"],
        lei=_lei(draw),
        mifid_category="eligible counterparty" if line["kind"] in ("bank", "insurer") else "professional",
        owner_id=owner.id,
        since=since,
    )
    return Customer(row, dict(line["trades"]), line["hit"], owner, tuple(line.get("currencies", ())))


def _people(draw: Draw, house: House, source: dict[str, Any]) -> None:
    by_name = {customer.row.name: customer for customer in house.customers}
    used = {line["phone"] for line in source["contacts"] if "phone" in line}
    for line in source["contacts"]:
        customer = by_name[line["organization"]]
        contact = _contact(draw, house, customer, line["name"], line["title"], line["language"])
        number = line.get("phone") or _number(draw, source["phones"], customer, used)
        _reach(draw, house, customer, contact, number, line.get("handle"))
    names = {contact.name for customer in house.customers for contact in customer.contacts}
    # Larger customers have more people; the order is fixed so that the total is exact.
    order = sorted(house.customers, key=lambda each: (len(each.contacts), each.row.tier or 3, each.row.name)) * 6
    turn = 0
    while len(names) < _CONTACTS:
        customer = order[turn % len(order)]
        turn += 1
        if len(customer.contacts) >= {1: 5, 2: 4, 3: 3}[customer.row.tier or 3] + 1:
            continue
        language = source["languages"][customer.row.country]
        pool = source["names"][language if draw.likely(0.75) else "en"]
        name = f"{draw.pick(pool['first'])} {draw.pick(pool['last'])}"
        if name in names:
            continue
        names.add(name)
        title = draw.pick(source["titles"][customer.row.kind])
        contact = _contact(draw, house, customer, name, title, "en" if language == "nordic" else language)
        # Some dealers share their desk's line: the caller has to be chosen.
        shared = draw.likely(0.12) and customer.numbers and customer.row.name != "Tolland Castings plc"
        number = (
            draw.pick(sorted(customer.numbers.values())) if shared else _number(draw, source["phones"], customer, used)
        )
        handle = f"{_ascii(name)[0]}{_ascii(name).split()[-1]}.{_ascii(customer.row.short_name).split()[0]}"
        _reach(draw, house, customer, contact, number, handle if draw.likely(0.6) else None)
        prefix = source["mobiles"].get(customer.row.country)
        if prefix and draw.likely(0.35):
            mobile = _drawn_number(draw, prefix, used)
            house.rows.append(
                ContactPhone(id=draw.id(draw.first_moment), contact_id=contact.id, e164=mobile, label="mobile")
            )


def _contact(draw: Draw, house: House, customer: Customer, name: str, title: str, language: str) -> Contact:
    contact = Contact(
        id=draw.id(draw.first_moment),
        organization_id=customer.row.id,
        name=name,
        title=title,
        language=language,
        status="left" if len(customer.contacts) > 2 and draw.likely(0.06) else "active",
    )
    customer.contacts.append(contact)
    house.rows.append(contact)
    return contact


def _reach(draw: Draw, house: House, customer: Customer, contact: Contact, number: str, handle: str | None) -> None:
    start = draw.first_moment
    domain = f"{_ascii(customer.row.short_name).replace(' ', '-')}.example"
    address = f"{_ascii(contact.name).replace(' ', '.')}@{domain}"
    customer.numbers[contact.id] = number
    house.rows += [
        ContactPhone(id=draw.id(start), contact_id=contact.id, e164=number, label="work"),
        ContactEmail(id=draw.id(start), contact_id=contact.id, address=address),
    ]
    if handle:
        customer.handles[contact.id] = handle
        house.rows.append(ContactHandle(id=draw.id(start), contact_id=contact.id, service="chat", handle=handle))
    given = {"phone": 0.97, "email": 0.93, "email_newsletter": 0.55, "whatsapp": 0.3, "third_party_data_sharing": 0.15}
    for channel, share in given.items():
        if channel in ("phone", "email") or draw.likely(0.45):
            at = draw.moment(draw.pick(draw.workdays))
            granted = draw.likely(share)
            house.rows.append(Consent(id=draw.id(at), contact_id=contact.id, channel=channel, granted=granted, at=at))


def _number(draw: Draw, ranges: dict[str, Any], customer: Customer, used: set[str]) -> str:
    country = ranges.get(customer.row.country or "", {})
    return _drawn_number(draw, country.get(customer.row.city) or ranges["GB"]["London"], used)


def _drawn_number(draw: Draw, span: list[Any], used: set[str]) -> str:
    prefix, digits, first, last = span
    while True:
        number = f"{prefix}{draw.chance.randint(first, last):0{digits}d}"
        if number not in used:
            used.add(number)
            return number


def _accounts(draw: Draw, house: House, customer: Customer) -> None:
    home = {"GB": "GBP", "US": "USD", "SE": "SEK", "NO": "NOK", "CH": "CHF", "AU": "AUD"}.get(
        customer.row.country or "", "EUR"
    )
    stem = "".join(word[0] for word in _ascii(customer.row.name).upper().split() if word[0].isalpha())[:4]
    currencies = [home, *(each for each in ("EUR", "USD") if each != home)][: 4 - (customer.row.tier or 3)]
    for currency in currencies:
        number = f"{stem}-{currency}-{draw.chance.randrange(1000, 9999)}"
        name = f"{customer.row.short_name} {currency}"
        account = Account(
            id=draw.id(draw.first_moment),
            organization_id=customer.row.id,
            number=number,
            name=name,
            currency=currency,
        )
        customer.accounts.append(account)
    house.rows += customer.accounts


def _favourites(draw: Draw, market: Market, customer: Customer, group: str) -> list[Security]:
    if group == "fx" and customer.currencies:
        return [market.by_name[symbol] for symbol in customer.currencies]
    pool = market.by_group[group] + (market.by_group["ndf"] if group == "fx" else [])
    if group == "commodity" and customer.row.kind == "corporate":
        pool = [each for each in pool if each.row.quantity_unit != "oz"]  # what a factory uses
    keyed = sorted(pool, key=lambda each: -(draw.chance.random() ** (1 / each.weight)))
    return keyed[: 4 + 2 * (4 - (customer.row.tier or 3))]


def _credit(draw: Draw, house: House, customer: Customer) -> None:
    base = round(customer.scale * 60) or 20
    frozen = customer.row.short_name == "Ostsee Logistik"
    nearly_full = customer.row.short_name in ("Larchmont Foods", "Kestrel Capital", "Liffey Leasing")
    for kind, limit in (("settlement", base), ("pre-settlement", max(5, base // 3))):
        share = 0.96 if nearly_full and kind == "settlement" else draw.chance.uniform(0.05, 0.6)
        total = Decimal(limit * 1_000_000)
        house.rows.append(
            CreditLine(
                id=draw.id(draw.first_moment),
                organization_id=customer.row.id,
                kind=kind,
                currency="EUR" if customer.row.country not in ("GB", "US", "AU") else "USD",
                limit=total,
                used=(total * Decimal(round(share, 3))).quantize(Decimal(1000)).quantize(Decimal(1)),
                expires=draw.today + dt.timedelta(days=draw.chance.randint(20, 400)),
                status="frozen" if frozen else "active",
            )
        )


def _holdings(draw: Draw, market: Market, house: House, source: dict[str, Any]) -> None:
    fixed: dict[str, list[dict[str, Any]]] = {}
    for line in source["positions"]:
        fixed.setdefault(line["organization"], []).append(line)
    for customer in house.customers:
        taken = set()
        for line in fixed.get(customer.row.name, ()):
            security = market.by_name[line["instrument"]]
            taken.add(security.row.id)
            house.rows.append(_holding(draw, customer, security, Decimal(line["quantity"]), line["interest"]))
        for group, securities in customer.favourites.items():
            for security in securities:
                if security.row.id in taken or not draw.likely(0.75):
                    continue
                unit = _ROUND.get(group, 500_000)
                lots = max(1, round(draw.chance.lognormvariate(1.8, 0.7) * customer.scale))
                interest = draw.weighted({"held": 6.0, "watch": 2.0, "axe_buyer": 1.0, "axe_seller": 1.0})
                quantity = Decimal(0) if interest == "watch" else Decimal(unit * lots)
                house.rows.append(_holding(draw, customer, security, quantity, interest))


def _holding(draw: Draw, customer: Customer, security: Security, quantity: Decimal, interest: str) -> Holding:
    places = Decimal(1).scaleb(-security.row.price_decimals)
    cost = Decimal(draw.pick(security.prices[-400:])).quantize(places)
    return Holding(
        id=draw.id(draw.first_moment),
        organization_id=customer.row.id,
        account_id=draw.pick(customer.accounts).id,
        instrument_id=security.row.id,
        quantity=quantity,
        average_price=cost,
        interest=interest,
        as_of=draw.workdays[-1],
    )


def _lei(draw: Draw) -> str:
    """20 characters with valid check digits (ISO 17442), under a prefix that no issuer has."""
    body = "9999" + "".join(draw.pick("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(14))
    number = int("".join(str(int(letter, 36)) for letter in body + "00"))
    return f"{body}{98 - number % 97:02d}"


def _ascii(text: str) -> str:
    special = text.replace("ø", "o").replace("Ø", "O").replace("ß", "ss").replace("&", "and")
    plain = unicodedata.normalize("NFKD", special).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum() or letter in " -")
