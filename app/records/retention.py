"""How long records are kept: what is older than its period, and its erasure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.records.erasure import erase
from app.records.rows import Key
from app.records.store import Records
from app.records.tables import (
    CallReport,
    Deal,
    Enquiry,
    FollowUp,
    Interaction,
    Record,
    TranscriptEdit,
    TranscriptSegment,
)

Periods = Mapping[str, dt.timedelta]
"""Kind of record (see ``KINDS``) -> how long it is kept. A kind that is not named is kept for good."""


def _of_old_talks(model: type[TranscriptSegment | TranscriptEdit | CallReport]) -> Callable[[dt.datetime], Select[str]]:
    def older(limit: dt.datetime) -> Select[str]:
        talk = select(Interaction.id).where(Interaction.started_at < limit)
        return select(model.id).where(model.interaction_id.in_(talk))

    return older


def _emptied_not_yet(limit: dt.datetime) -> Select[str]:
    says = or_(
        Interaction.subject != "",
        Interaction.number.is_not(None),
        Interaction.handle.is_not(None),
        Interaction.recording.is_not(None),
    )
    return select(Interaction.id).where(Interaction.started_at < limit, says)


_OLDER: Mapping[str, tuple[type[Record], Callable[[dt.datetime], Select[str]]]] = {
    "interaction": (Interaction, _emptied_not_yet),
    "transcript": (TranscriptSegment, _of_old_talks(TranscriptSegment)),
    "report": (
        CallReport,
        lambda limit: _of_old_talks(CallReport)(limit).where(
            or_(CallReport.fields != {}, CallReport.suggestions != {})
        ),
    ),
    "follow-up": (
        FollowUp,
        lambda limit: select(FollowUp.id).where(FollowUp.due < limit, FollowUp.status != "open", FollowUp.what != ""),
    ),
    "enquiry": (Enquiry, lambda limit: select(Enquiry.id).where(Enquiry.at < limit)),
    "deal": (Deal, lambda limit: select(Deal.id).where(Deal.traded_at < limit)),
}
KINDS = tuple(_OLDER)
"""What a period can be given for. That of an interaction is also that of its recording."""


@dataclass(frozen=True, slots=True)
class Due:
    """The records of a kind that are older than its period."""

    kind: str
    keys: tuple[Key, ...]


def due(session: Session, periods: Periods, now: dt.datetime) -> list[Due]:
    """What would be erased now: the dry run. Raises ValueError for a kind that there is not."""
    unknown = periods.keys() - _OLDER.keys()
    if unknown:
        raise ValueError(
            f"There is no kind of record called {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}."
        )
    found = []
    for kind, period in periods.items():
        model, older = _OLDER[kind]
        ids = session.scalars(older(now - period)).all()
        keys = [(model.__tablename__, record_id) for record_id in ids]
        if model is TranscriptSegment:  # what was put right in it quotes it
            edits = session.scalars(_of_old_talks(TranscriptEdit)(now - period))
            keys += [(TranscriptEdit.__tablename__, record_id) for record_id in edits]
        found.append(Due(kind, tuple(keys)))
    return found


def retain(records: Records, periods: Periods, now: dt.datetime, actor: str) -> list[Due]:
    """Erases what is due and returns it."""
    with records.read() as session:
        found = due(session, periods, now)
    keys = [key for each in found for key in each.keys]
    if keys:
        erase(records, keys, actor)
    return found
