"""What the reports app reads and writes in the records: each function is one piece of work in a transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records.ids import made_at, new_id
from app.records.tables import (
    CallReport,
    Consent,
    Contact,
    ContactHandle,
    ContactPhone,
    Deal,
    FollowUp,
    Instrument,
    Interaction,
    Organization,
    TranscriptEdit,
    TranscriptSegment,
)
from plugins.reports import due, wording
from plugins.reports.draft import Draft
from plugins.reports.evidence import Json
from plugins.reports.items import (
    ConsentHeard,
    MatterHeard,
    Product,
    Reference,
    Registered,
    Task,
    read,
    reference,
    write,
)
from plugins.reports.suggest import subject

if TYPE_CHECKING:
    from app.records.change import Change


WRITTEN = frozenset({"follow_ups", "consents"})
"""What a save writes back with the ids of its records."""
RECORDED = "recorded_id"
"""Beside a saved report's fields: the follow-ups it put into the records, so that a later save can take one out."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One call or chat, as far as it is not what was said. ``started`` is aware UTC."""

    interaction_id: str
    kind: str  # call, chat
    direction: str
    started: dt.datetime
    line: str | None = None
    number: str | None = None
    handle: str | None = None
    customer: Reference | None = None
    contact: Reference | None = None

    @property
    def title(self) -> str:
        """Who it is with, as far as known."""
        known = self.customer or self.contact
        return known.name if known else wording.phone(self.number or "") or self.handle or "Unknown"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it stands in the records, with its talk and what was said."""

    report_id: str
    status: str
    draft: Draft
    talk: Talk
    updated: dt.datetime
    ended: bool
    corrected: bool = False  # words of the transcript were put right since ``updated``


def identify(
    session: Session, *, contact_id: str | None, organization_id: str | None, number: str | None, handle: str | None
) -> tuple[Reference | None, Reference | None]:
    """Customer and contact by id, else by number or handle; of several contacts only what they have in common."""
    contacts: Sequence[Contact] = ()
    if contact_id and (contact := session.get(Contact, contact_id)):
        contacts = (contact,)
    elif number:
        contacts = session.scalars(
            select(Contact).join(ContactPhone).where(ContactPhone.e164 == number).distinct()
        ).all()
    elif handle:
        contacts = session.scalars(
            select(Contact).join(ContactHandle).where(ContactHandle.handle == handle.lower()).distinct()
        ).all()
    organizations = {contact.organization_id for contact in contacts if contact.organization_id}
    home = organization_id or (organizations.pop() if len(organizations) == 1 else None)
    organization = session.get(Organization, home) if home else None
    return (
        Reference(organization.name, organization.id) if organization else None,
        Reference(contacts[0].name, contacts[0].id) if len(contacts) == 1 else None,
    )


def begin(change: Change, talk: Talk, trader_id: str) -> None:
    """The interaction, live."""
    change.add(
        Interaction(
            id=talk.interaction_id,
            kind=talk.kind,
            direction=talk.direction,
            status="live",
            organization_id=talk.customer.id if talk.customer else None,
            contact_id=talk.contact.id if talk.contact else None,
            trader_id=trader_id,
            line=talk.line,
            number=talk.number,
            handle=talk.handle,
            started_at=talk.started,
        )
    )
    # Rows that refer to it may follow in the same change; without this their order would be left to chance.
    change.session.flush()


def begin_late(change: Change, talk: Talk, trader_id: str) -> None:
    """The interaction, if nothing else has stored it meanwhile."""
    if change.get(Interaction, talk.interaction_id) is None:
        begin(change, talk, trader_id)


def missed(change: Change, talk: Talk, trader_id: str, ended: dt.datetime) -> None:
    """A call that nobody answered: the interaction, over at once and without a report."""
    begin(change, talk, trader_id)
    change.update(Interaction, talk.interaction_id, status="missed", ended_at=ended)


def identified(change: Change, talk: Talk) -> None:
    """The customer became known during the talk. One that is not stored yet will be stored with its customer."""
    if change.get(Interaction, talk.interaction_id) is None:
        return
    change.update(
        Interaction,
        talk.interaction_id,
        organization_id=talk.customer.id if talk.customer else None,
        contact_id=talk.contact.id if talk.contact else None,
    )


def close(change: Change, talk: Talk, trader_id: str, *, status: str, ended: dt.datetime, share: float | None) -> None:
    """The talk is over: ``ended`` or ``interrupted``. Adds the interaction if it could not be stored at its start."""
    if change.get(Interaction, talk.interaction_id) is None:
        begin(change, talk, trader_id)
    fields: dict[str, Json] = {"status": status, "ended_at": ended}
    if share is not None:
        fields["talk_share"] = share
    change.update(Interaction, talk.interaction_id, **fields)


def keep_draft(change: Change, report_id: str, talk: Talk, trader_id: str, draft: Draft, now: dt.datetime) -> None:
    """Stores the draft as it is now: the report's first write, or one more."""
    columns = draft.to_columns()
    if change.get(CallReport, report_id) is not None:
        change.update(CallReport, report_id, status="draft", updated_at=now, **columns)
    else:
        if change.get(Interaction, talk.interaction_id) is None:
            begin(change, talk, trader_id)
        change.add(
            CallReport(id=report_id, interaction_id=talk.interaction_id, status="draft", updated_at=now, **columns)
        )
    change.update(Interaction, talk.interaction_id, report_status="draft")


def finish(
    change: Change,
    report_id: str,
    talk: Talk,
    trader_id: str,
    draft: Draft,
    deals: Sequence[Registered],
    now: dt.datetime,
    zone: dt.tzinfo,
) -> Draft:
    """Saves the report whole: report, interaction, follow-ups and accepted consents in this one transaction."""
    customer, contact = reference(draft.shown("customer")), reference(draft.shown("contact"))
    known = talk_of(talk, customer, contact)
    recorded = frozenset(draft.values.get(RECORDED, ()))
    tasks = _keep_tasks(change, known, trader_id, read(draft.shown("follow_ups"), Task), recorded, zone)
    matters = read(draft.shown("matters"), MatterHeard)
    consents = _keep_consents(change, known, read(draft.shown("consents"), ConsentHeard), now)
    ids = [task.id for task in tasks]
    values = {**draft.values, "follow_ups": write(tasks), "consents": write(consents), RECORDED: ids}
    rests_on = {name: each for name, each in draft.suggestions.items() if name not in WRITTEN and draft.said(name)}
    saved = replace(draft, values=values, suggestions=rests_on, edited=draft.edited | WRITTEN)
    keep_draft(change, report_id, talk, trader_id, saved, now)
    change.update(CallReport, report_id, status="saved")
    started = draft.shown("started_at")
    fields: dict[str, Json] = {
        "organization_id": known.customer.id if known.customer else None,
        "contact_id": known.contact.id if known.contact else None,
        "disposition": draft.shown("disposition") or None,
        "subject": subject(draft.shown("disposition"), deals, read(draft.shown("products"), Product), tasks, matters),
        "talk_share": draft.shown("talk_share"),
        "direction": draft.shown("direction") or talk.direction,
        "line": draft.shown("line") or None,
        "number": draft.shown("number") or None if talk.kind == "call" else talk.number,
        "started_at": dt.datetime.fromisoformat(started) if started else talk.started,
        "report_status": "saved",
    }
    row = change.require(Interaction, talk.interaction_id)
    seconds = draft.shown("duration")
    if row.status != "live" and seconds is not None and "duration" in draft.edited:
        fields["ended_at"] = fields["started_at"] + dt.timedelta(seconds=seconds)
    change.update(Interaction, talk.interaction_id, **fields)
    return saved


def set_status(change: Change, report_id: str, status: str, now: dt.datetime) -> None:
    """``draft`` or ``discarded``; the report's text stays as it is."""
    row = change.update(CallReport, report_id, status=status, updated_at=now)
    change.update(Interaction, row.interaction_id, report_status=status)


def unfinished(session: Session) -> tuple[StoredReport, ...]:
    """All drafts, oldest first."""
    rows = session.scalars(select(CallReport).where(CallReport.status == "draft").order_by(CallReport.updated_at)).all()
    return tuple(_stored(session, row) for row in rows)


def report_of(session: Session, interaction_id: str) -> StoredReport | None:
    row = session.scalars(select(CallReport).where(CallReport.interaction_id == interaction_id)).first()
    return _stored(session, row) if row else None


def talk(session: Session, interaction_id: str) -> Talk | None:
    row = session.get(Interaction, interaction_id)
    return _talk(session, row) if row else None


def unreported(session: Session, interaction_id: str) -> tuple[float, float | None] | None:
    """Seconds and talk share of a talk that is over and has no report yet; None if there is nothing to report."""
    row = session.get(Interaction, interaction_id)
    if row is None or row.report_status != "none" or row.status not in ("ended", "interrupted"):
        return None
    seconds = (row.ended_at - row.started_at).total_seconds() if row.ended_at else 0.0
    return seconds, row.talk_share


def left_live(session: Session) -> tuple[Talk, ...]:
    """Interactions that a crash of an earlier run left open."""
    rows = session.scalars(select(Interaction).where(Interaction.status == "live")).all()
    return tuple(_talk(session, row) for row in rows)


def turns(session: Session, interaction_id: str) -> list[dict[str, Json]]:
    """What was said: the final pass if there is one, else the live one."""
    rows = session.scalars(
        select(TranscriptSegment)
        .where(TranscriptSegment.interaction_id == interaction_id)
        .order_by(TranscriptSegment.start, TranscriptSegment.seq)
    ).all()
    passes = {row.pass_ for row in rows}
    best = "final" if "final" in passes else "live"
    return [{"who": row.who, "start": row.start, "end": row.end, "text": row.text} for row in rows if row.pass_ == best]


def registered(session: Session, interaction_id: str) -> tuple[Registered, ...]:
    """The deals of an interaction that stand, in the order of registration."""
    rows = session.execute(
        select(Deal, Instrument.symbol)
        .join(Instrument, Instrument.id == Deal.instrument_id)
        .where(Deal.interaction_id == interaction_id, Deal.status == "registered")
        .order_by(Deal.traded_at, Deal.id)
    ).all()
    return tuple(
        Registered(
            id=deal.id,
            instrument_id=deal.instrument_id,
            symbol=symbol,
            client_side=deal.client_side,
            quantity=deal.quantity,
            price=deal.price,
            quantity_ccy=deal.quantity_ccy,
            quantity_unit=deal.quantity_unit,
            product=deal.product,
        )
        for deal, symbol in rows
    )


def symbols(session: Session, ids: Iterable[str]) -> dict[str, str]:
    wanted = list(ids)
    rows = session.execute(select(Instrument.id, Instrument.symbol).where(Instrument.id.in_(wanted))).all()
    return {row.id: row.symbol for row in rows}


def customers(session: Session) -> tuple[Reference, ...]:
    rows = session.execute(select(Organization.name, Organization.id).order_by(Organization.name)).all()
    return tuple(Reference(name, identity) for name, identity in rows)


def contacts(session: Session, organization_id: str) -> tuple[Reference, ...]:
    rows = session.execute(
        select(Contact.name, Contact.id).where(Contact.organization_id == organization_id).order_by(Contact.name)
    ).all()
    return tuple(Reference(name, identity) for name, identity in rows)


def talk_of(before: Talk, customer: Reference | None, contact: Reference | None) -> Talk:
    return replace(before, customer=customer, contact=contact)


def _keep_tasks(
    change: Change, talk: Talk, trader_id: str, tasks: Sequence[Task], recorded: frozenset[str], zone: dt.tzinfo
) -> tuple[Task, ...]:
    """New tasks become rows, those of an earlier save are brought up to date or, where taken out, cancelled."""
    kept = []
    for task in tasks:
        if not task.what.strip():
            continue
        fields: dict[str, Json] = {"owner": task.owner, "what": task.what, "due": due.as_moment(task.due, zone)}
        if task.id is not None and task.id in recorded and change.get(FollowUp, task.id) is not None:
            change.update(FollowUp, task.id, **fields)
            kept.append(task)
            continue
        row = FollowUp(
            id=new_id(),
            organization_id=talk.customer.id if talk.customer else None,
            contact_id=talk.contact.id if talk.contact else None,
            interaction_id=talk.interaction_id,
            assignee_id=trader_id if task.owner == "trader" else None,
            **fields,
        )
        change.add(row)
        kept.append(msgspec.structs.replace(task, id=row.id))
    for gone in recorded - {task.id for task in kept}:
        row_gone = change.get(FollowUp, gone)
        # What was done stays done, whatever the report says of it later.
        if row_gone is not None and row_gone.status == "open":
            change.update(FollowUp, gone, status="cancelled")
    return tuple(kept)


def _keep_consents(
    change: Change, talk: Talk, consents: Sequence[ConsentHeard], now: dt.datetime
) -> tuple[ConsentHeard, ...]:
    """An accepted consent is recorded once; it needs a contact who gave it."""
    kept = []
    for consent in consents:
        if consent.accepted and consent.id is None and talk.contact and talk.contact.id:
            row = Consent(
                id=new_id(),
                contact_id=talk.contact.id,
                channel=consent.channel,
                granted=consent.granted,
                at=now,
                interaction_id=talk.interaction_id,
            )
            change.add(row)
            consent = msgspec.structs.replace(consent, id=row.id)
        kept.append(consent)
    return tuple(kept)


def _stored(session: Session, row: CallReport) -> StoredReport:
    interaction = session.get(Interaction, row.interaction_id)
    assert interaction is not None  # the foreign key sees to it
    draft = Draft.from_columns(row.fields, row.suggestions, row.edited)
    ended = interaction.status != "live"
    edits = session.scalars(select(TranscriptEdit.id).where(TranscriptEdit.interaction_id == interaction.id))
    corrected = any(made_at(edit) > row.updated_at for edit in edits)
    return StoredReport(row.id, row.status, draft, _talk(session, interaction), row.updated_at, ended, corrected)


def _talk(session: Session, row: Interaction) -> Talk:
    organization = session.get(Organization, row.organization_id) if row.organization_id else None
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    return Talk(
        interaction_id=row.id,
        kind=row.kind,
        direction=row.direction,
        started=row.started_at,
        line=row.line,
        number=row.number,
        handle=row.handle,
        customer=Reference(organization.name, organization.id) if organization else None,
        contact=Reference(contact.name, contact.id) if contact else None,
    )
