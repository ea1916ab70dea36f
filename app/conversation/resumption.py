"""What an earlier run of the program left undone: calls without a final transcript, interactions still "live"."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records.tables import Contact, Interaction, Organization, TranscriptSegment, User
from nlp.language.model import Header, Party, Trader


@dataclass(frozen=True, slots=True)
class Pending:
    """A recorded call that has no final transcript yet."""

    interaction_id: str
    recording: str
    header: Header
    organization_id: str | None


def left_live(session: Session, running: Collection[str]) -> list[str]:
    """Interactions that say "live" and are not running in this program."""
    rows = session.scalars(select(Interaction.id).where(Interaction.status == "live"))
    return [interaction_id for interaction_id in rows if interaction_id not in running]


def pending(session: Session, running: Collection[str]) -> list[Pending]:
    """Newest first: yesterday's call is wanted before last week's."""
    has_final = (
        select(TranscriptSegment.id)
        .where(TranscriptSegment.interaction_id == Interaction.id, TranscriptSegment.pass_ == "final")
        .exists()
    )
    rows = session.scalars(
        select(Interaction)
        .where(Interaction.kind == "call", Interaction.recording.is_not(None), ~has_final)
        .order_by(Interaction.started_at.desc())
    )
    return [_pending(session, row) for row in rows if row.id not in running]


def header_of(session: Session, row: Interaction) -> Header:
    """Who spoke with whom in a call of an earlier run."""
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    organization = session.get(Organization, row.organization_id) if row.organization_id else None
    trader = session.get(User, row.trader_id) if row.trader_id else None
    return Header(
        row.id,
        "call",
        row.started_at.astimezone(),  # relative dates count from the desk's own day
        Party(contact.name if contact else "", organization.name if organization else "", row.number),
        Trader(trader.name if trader else "", trader.desk if trader else ""),
    )


def _pending(session: Session, row: Interaction) -> Pending:
    assert row.recording is not None
    return Pending(row.id, row.recording, header_of(session, row), row.organization_id)
