"""Two thousand past calls and chats about the demo desk's business, their reports, some transcripts, and follow-ups."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.records.demo.customers import Customer, House
from app.records.demo.draw import Draw, material, workdays_after
from app.records.demo.trading import Book, Business
from app.records.tables import (
    CallReport,
    Contact,
    Deal,
    FollowUp,
    Instrument,
    Interaction,
    Record,
    TranscriptSegment,
)

_TALKS = 2000
_ABOUT_BUSINESS = 1450
_TRANSCRIBED = 120  # of the newest talks about business
_OPEN_FOLLOW_UPS = 26
_LINES = ("L1", "L2", "L3")


@dataclass
class Talked:
    rows: list[Record] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)


@dataclass
class _Talk:
    """What a talk was about and how it ended."""

    customer: Customer
    contact: Contact
    at: dt.datetime
    kind: str
    disposition: str
    subject: str
    summary: str
    instrument: Instrument | None = None
    follow_up: str | None = None


def talks(draw: Draw, house: House, book: Book) -> Talked:
    told = Talked()
    chosen = sorted(draw.chance.sample(range(len(book.business)), min(_ABOUT_BUSINESS, len(book.business))))
    transcribed = set(chosen[-_TRANSCRIBED:])
    for place in chosen:
        business = book.business[place]
        interaction = _store(draw, told, _about_business(draw, business))
        business.row.interaction_id = interaction.id
        if place in transcribed:
            _transcribe(draw, told, interaction, business)
    for _ in range(_TALKS - len(chosen)):
        if draw.likely(0.12):
            told.rows.append(_missed_call(draw, house))
        else:
            _store(draw, told, _other(draw, house))
    _leave_some_open(draw, told)
    told.rows += told.follow_ups
    return told


def size_text(quantity: Decimal, unit: str | None) -> str:
    if unit:
        return f"{quantity:,f} {unit}"
    millions = quantity / 1_000_000
    return f"{millions.normalize():f}m"


def _about_business(draw: Draw, business: Business) -> _Talk:
    source, facts = material("talk.yaml"), _facts(business)
    row = business.row
    if isinstance(row, Deal):
        kind = "chat" if row.source == "chat" else "call"
        subject = f"Dealt: {facts['acts']}s {facts['size']} {facts['symbol']} at {facts['price']}"
        summary = draw.pick(source["dealt"]).format(**facts)
        disposition = "Dealt"
    else:
        kind = draw.pick(("call", "call", "chat"))
        disposition = {"traded_away": "Traded away", "indicative": "Enquiry"}.get(row.outcome, "Quoted – not dealt")
        subject = f"{disposition} · {facts['symbol']}"
        summary = draw.pick(source["missed"][row.outcome]).format(**facts)
    wants_more = f"Come back on {facts['symbol']}" if disposition != "Dealt" and draw.likely(0.25) else None
    return _Talk(
        business.customer,
        business.contact,
        business.at - dt.timedelta(seconds=draw.chance.randint(40, 200)),
        kind,
        disposition,
        subject,
        summary,
        business.security.row,
        wants_more,
    )


def _other(draw: Draw, house: House) -> _Talk:
    source = material("talk.yaml")
    customer = draw.weighted({at: 5.0 - (each.row.tier or 3) for at, each in enumerate(house.customers)})
    whose = house.customers[customer]
    contact = draw.pick([each for each in whose.contacts if each.status == "active"])
    line = draw.pick(source["other"])
    facts = {"contact": contact.name, "market": source["markets"][draw.weighted(whose.trades)]}
    follow_up = line.get("follow_up")
    return _Talk(
        whose,
        contact,
        draw.moment(draw.pick(draw.workdays)),
        draw.pick(("call", "call", "call", "chat")),
        line["disposition"],
        f"{line['disposition']} · {line['subject'].format(**facts)}",
        line["summary"].format(**facts),
        None,
        follow_up.format(**facts) if follow_up else None,
    )


def _store(draw: Draw, told: Talked, talk: _Talk) -> Interaction:
    is_call = talk.kind == "call"
    handle = talk.customer.handles.get(talk.contact.id)
    if not is_call and handle is None:
        is_call = True  # nobody chats without a handle
    seconds = int(draw.chance.lognormvariate(4.9 if is_call else 5.6, 0.6)) + 25
    row = Interaction(
        id=draw.id(talk.at),
        kind="call" if is_call else "chat",
        direction="inbound" if draw.likely(0.68) else "outbound",
        status="ended",
        organization_id=talk.customer.row.id,
        contact_id=talk.contact.id,
        trader_id=talk.customer.owner.id,
        line=draw.pick(_LINES) if is_call else None,
        number=talk.customer.numbers[talk.contact.id] if is_call else None,
        handle=None if is_call else handle,
        started_at=talk.at,
        ended_at=talk.at + dt.timedelta(seconds=seconds),
        talk_share=round(min(0.8, max(0.15, draw.chance.gauss(0.46, 0.1))), 2) if is_call else None,
        disposition=talk.disposition,
        report_status="saved",
        subject=talk.subject,
        recording=None,
    )
    ended = talk.at + dt.timedelta(seconds=seconds + draw.chance.randint(20, 400))
    told.rows += [
        row,
        CallReport(
            id=draw.id(ended),
            interaction_id=row.id,
            status="saved",
            fields=_fields(talk, row, seconds),
            suggestions={},
            edited=["disposition", "products", "summary"],
            updated_at=ended,
        ),
    ]
    if talk.follow_up:
        due = draw.moment(workdays_after(talk.at.date(), draw.chance.randint(0, 4)))
        told.follow_ups.append(
            FollowUp(
                id=draw.id(ended),
                organization_id=talk.customer.row.id,
                contact_id=talk.contact.id,
                interaction_id=row.id,
                assignee_id=talk.customer.owner.id,
                owner="trader",
                what=talk.follow_up,
                due=due,
                status="done" if draw.likely(0.94) else "cancelled",
            )
        )
    return row


def _fields(talk: _Talk, row: Interaction, seconds: int) -> dict[str, Any]:
    products = []
    if talk.instrument is not None:
        products = [{"name": talk.instrument.symbol, "instrument_id": talk.instrument.id}]
    return {
        "customer": {"name": talk.customer.row.name, "id": talk.customer.row.id},
        "contact": {"name": talk.contact.name, "id": talk.contact.id},
        "line": row.line or "",
        "number": row.number or "",
        "direction": row.direction,
        "started_at": row.started_at.isoformat(),
        "duration": seconds,
        "talk_share": row.talk_share,
        "disposition": talk.disposition,
        "sentiment": "negative" if talk.disposition == "Complaint" else "neutral",
        "products": products,
        "summary": talk.summary,
        "notes": "",
    }


def _missed_call(draw: Draw, house: House) -> Interaction:
    customer = draw.pick(house.customers)
    contact = draw.pick(customer.contacts)
    at = draw.moment(draw.pick(draw.workdays))
    return Interaction(
        id=draw.id(at),
        kind="call",
        direction="inbound",
        status="missed",
        organization_id=customer.row.id,
        contact_id=contact.id,
        trader_id=customer.owner.id,
        line=draw.pick(_LINES),
        number=customer.numbers[contact.id],
        handle=None,
        started_at=at,
        ended_at=at + dt.timedelta(seconds=draw.chance.randint(8, 40)),
        disposition=None,
        report_status="none",
        subject="Missed call",
    )


def _transcribe(draw: Draw, told: Talked, talk: Interaction, business: Business) -> None:
    source, facts = material("talk.yaml"), _facts(business)
    end = "dealt_end" if isinstance(business.row, Deal) else "missed_end"
    at = 0.4
    for seq, (who, line) in enumerate(source["dialogue"] + source[end]):
        text = line.format(**facts)
        lasts = 0.0 if talk.kind == "chat" else round(0.6 + len(text) * 0.055, 1)
        told.rows.append(
            TranscriptSegment(
                id=draw.id(talk.started_at + dt.timedelta(seconds=at)),
                interaction_id=talk.id,
                seq=seq,
                pass_="final",
                who=who,
                start=round(at, 1),
                end=round(at + lasts, 1),
                text=text,
            )
        )
        at += lasts + draw.chance.uniform(0.3, 2.5 if talk.kind == "call" else 30.0)


def _leave_some_open(draw: Draw, told: Talked) -> None:
    """The newest follow-ups are still to do: some overdue, most due today or in the next days."""
    told.follow_ups.sort(key=lambda each: (each.due or draw.first_moment, each.id))
    for place, task in enumerate(reversed(told.follow_ups[-_OPEN_FOLLOW_UPS:])):
        task.status = "open"
        days = -draw.chance.randint(1, 6) if place % 5 == 4 else draw.chance.choice((0, 0, 1, 1, 2, 3, 5))
        day = draw.today + dt.timedelta(days=days)
        task.due = draw.moment(day if days < 0 else workdays_after(day, 0))
        if place % 9 == 8:
            task.due, task.owner = None, "client"


def _facts(business: Business) -> dict[str, str]:
    row = business.row
    symbol, unit = business.security.row.symbol, business.security.row.quantity_unit
    price = row.price if isinstance(row, Deal) else (row.ask or row.bid)
    return {
        "contact": business.contact.name,
        "first": business.contact.name.split()[0],
        "me": business.customer.owner.name.split()[0],
        "symbol": symbol,
        "size": size_text(row.quantity or Decimal(0), unit),
        "price": f"{price:f}" if price is not None else "nothing today",
        "acts": row.client_side or "deal",
        "verb": "bought" if row.client_side == "buy" else "sold",
    }
