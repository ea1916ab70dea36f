"""Keeps the full-text indexes in step with the rows, inside the transaction that changes them.

``search_names`` holds organizations, contacts and instruments; ``search_talk`` interactions and transcript segments,
whose number only grows. ``search_document`` gives each indexed record its row number in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.records.codec import JsonValue, compact, models
from app.records.tables import (
    CallReport,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    Instrument,
    Interaction,
    Organization,
    TranscriptSegment,
)

if TYPE_CHECKING:
    from app.records.change import Draft

_BATCH = 1000
_SHORTEST_NUMBER = 4
# The columns whose change matters to the index.
_INDEXED = {
    "organization": {"name", "short_name", "city", "lei", "kind", "notes"},
    "contact": {"name", "title", "notes", "organization_id"},
    "contact_phone": {"e164", "contact_id"},
    "contact_email": {"address", "contact_id"},
    "contact_handle": {"handle", "contact_id"},
    "instrument": {"symbol", "name", "isin", "ticker", "issuer", "aliases", "kind"},
    "interaction": {"subject", "handle"},
    "call_report": {"fields", "interaction_id"},
    "transcript_segment": {"text"},
}
# The kind of document that a record is, or that it is part of by which column.
_ITSELF = {
    "organization": "organization",
    "contact": "contact",
    "instrument": "instrument",
    "interaction": "interaction",
    "transcript_segment": "segment",
}
_PART_OF = {
    "contact_phone": ("contact", ContactPhone.contact_id),
    "contact_email": ("contact", ContactEmail.contact_id),
    "contact_handle": ("contact", ContactHandle.contact_id),
    "call_report": ("interaction", CallReport.interaction_id),
}
_NOT_TEXT = frozenset({"direction", "line", "number", "due", "sentiment", "evidence", "said"})

index_tables = MetaData()
search_document = Table(
    "search_document",
    index_tables,
    Column("id", Integer, primary_key=True),
    Column("kind", String),
    Column("record_id", String(36)),
)
search_names = Table(
    "search_names", index_tables, Column("rowid", Integer), Column("title", Text), Column("body", Text)
)
search_talk = Table("search_talk", index_tables, Column("rowid", Integer), Column("title", Text), Column("body", Text))


@dataclass(frozen=True, slots=True)
class _Text:
    record_id: str
    title: str
    body: str


def maintain(connection: Connection, drafts: Sequence[Draft]) -> None:
    """After the rows of ``drafts`` were written on ``connection``."""
    stale: dict[str, dict[str, None]] = {kind: {} for kind in _SOURCES}
    for draft in drafts:
        if draft.op == "update" and not _INDEXED.get(draft.table, set()) & (draft.after or {}).keys():
            continue  # nothing that is searched for
        if draft.table in _ITSELF:
            stale[_ITSELF[draft.table]][draft.record_id] = None
        elif draft.table in _PART_OF:
            kind, column = _PART_OF[draft.table]
            stale[kind].update(_owners(connection, draft, column))
        renamed = {"name", "short_name"} & (draft.after or {}).keys()
        if draft.table == "organization" and draft.op == "update" and renamed:
            stale["contact"].update(_contacts_of(connection, draft.record_id))
    for kind, ids in stale.items():
        if ids:
            _refresh(connection, kind, list(ids))


def rebuild(connection: Connection) -> None:
    """Indexes everything anew."""
    for table in (search_names, search_talk, search_document):
        connection.execute(delete(table))
    for kind, model in (
        ("organization", Organization),
        ("contact", Contact),
        ("instrument", Instrument),
        ("interaction", Interaction),
        ("segment", TranscriptSegment),
    ):
        _refresh(connection, kind, list(connection.scalars(select(model.id))))


def forget(connection: Connection) -> None:
    """Words of what is no longer indexed leave the files too: until now they are only marked as gone."""
    for table in ("search_names", "search_talk"):
        connection.exec_driver_sql(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def digits_of(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _refresh(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    table = "search_talk" if kind in ("interaction", "segment") else "search_names"
    for batch in _batches(ids):
        known = connection.exec_driver_sql(_KNOWN, (kind, compact(batch)))
        place: dict[str, int] = {each.record_id: each.id for each in known}
        texts = {each.record_id: each for each in _SOURCES[kind](connection, batch)}
        changed = [(each.title, each.body, place[record_id]) for record_id, each in texts.items() if record_id in place]
        new = [each for record_id, each in texts.items() if record_id not in place]
        gone = [(row,) for record_id, row in place.items() if record_id not in texts]
        if changed:
            connection.exec_driver_sql(f"UPDATE {table} SET title = ?, body = ? WHERE rowid = ?", changed)
        if gone:
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", gone)
            connection.exec_driver_sql("DELETE FROM search_document WHERE id = ?", gone)
        if new:
            first = (connection.execute(select(func.max(search_document.c.id))).scalar() or 0) + 1
            documents = [(first + n, kind, each.record_id) for n, each in enumerate(new)]
            connection.exec_driver_sql("INSERT INTO search_document (id, kind, record_id) VALUES (?, ?, ?)", documents)
            rows = [(first + n, each.title, each.body) for n, each in enumerate(new)]
            connection.exec_driver_sql(f"INSERT INTO {table} (rowid, title, body) VALUES (?, ?, ?)", rows)


def _listed(ids: Sequence[str]) -> Select[str]:
    """As one parameter: a list of them would be compiled anew for every batch."""
    return select(literal_column("value", String)).select_from(func.json_each(compact(ids)))


def _organizations(connection: Connection, ids: Sequence[str]) -> Iterator[_Text]:
    for row in connection.execute(select(Organization.__table__).where(Organization.id.in_(_listed(ids)))):
        yield _Text(row.id, row.name, _joined(row.short_name, row.city, row.lei, row.kind, row.notes))


def _contacts(connection: Connection, ids: Sequence[str]) -> Iterator[_Text]:
    ways: dict[str, list[str]] = {}
    for contact_id, number in connection.execute(
        select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(_listed(ids)))
    ):
        # Every tail of the number: with prefix search any run of its digits is found, written with or without country.
        digits = digits_of(number)
        ways.setdefault(contact_id, []).extend(digits[at:] for at in range(len(digits) - _SHORTEST_NUMBER + 1))
    for model, column in ((ContactEmail, ContactEmail.address), (ContactHandle, ContactHandle.handle)):
        for contact_id, way in connection.execute(
            select(model.contact_id, column).where(model.contact_id.in_(_listed(ids)))
        ):
            ways.setdefault(contact_id, []).append(way)
    statement = (
        select(Contact.id, Contact.name, Contact.title, Contact.notes, Organization.name, Organization.short_name)
        .outerjoin(Organization, Organization.id == Contact.organization_id)
        .where(Contact.id.in_(_listed(ids)))
    )
    for contact_id, name, *rest in connection.execute(statement):
        yield _Text(contact_id, name, _joined(*rest, *ways.get(contact_id, ())))


def _instruments(connection: Connection, ids: Sequence[str]) -> Iterator[_Text]:
    for row in connection.execute(select(Instrument.__table__).where(Instrument.id.in_(_listed(ids)))):
        body = _joined(row.name, row.isin, row.ticker, row.issuer, *row.aliases)
        # "EURUSD" is one word to the index: its halves find it too.
        halves = [row.symbol[:3], row.symbol[3:]] if row.kind == "fx" and re.fullmatch("[A-Z]{6}", row.symbol) else []
        yield _Text(row.id, row.symbol, _joined(body, *halves))


def _interactions(connection: Connection, ids: Sequence[str]) -> Iterator[_Text]:
    statement = (
        select(Interaction.id, Interaction.subject, Interaction.handle, CallReport.fields)
        .outerjoin(CallReport, CallReport.interaction_id == Interaction.id)
        .where(Interaction.id.in_(_listed(ids)))
        .order_by(Interaction.started_at)
    )
    for interaction_id, subject, handle, fields in connection.execute(statement):
        yield _Text(interaction_id, subject, _joined(handle, *_strings(fields)))


def _segments(connection: Connection, ids: Sequence[str]) -> Iterator[_Text]:
    statement = select(TranscriptSegment.id, TranscriptSegment.text).where(TranscriptSegment.id.in_(_listed(ids)))
    for segment_id, spoken in connection.execute(statement):
        yield _Text(segment_id, "", spoken)


_KNOWN = "SELECT record_id, id FROM search_document WHERE kind = ? AND record_id IN (SELECT value FROM json_each(?))"
_SOURCES: dict[str, Callable[[Connection, Sequence[str]], Iterator[_Text]]] = {
    "organization": _organizations,
    "contact": _contacts,
    "instrument": _instruments,
    "interaction": _interactions,
    "segment": _segments,
}


def _owners(connection: Connection, draft: Draft, column: InstrumentedAttribute[str]) -> dict[str, None]:
    """The documents that the record is part of now, and was part of before."""
    found = [(draft.before or {}).get(column.key), (draft.after or {}).get(column.key)]
    if found[1] is None and draft.op != "delete":
        found.append(connection.scalar(select(column).where(models()[draft.table].id == draft.record_id)))
    return {owner: None for owner in found if owner is not None}


def _contacts_of(connection: Connection, organization_id: str) -> dict[str, None]:
    return dict.fromkeys(connection.scalars(select(Contact.id).where(Contact.organization_id == organization_id)))


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _strings(value: JsonValue) -> Iterator[str]:
    """Every text within a report's fields, however they are nested; not the references, times and numbers."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in _NOT_TEXT and not name.endswith(("id", "_at")):
                yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    source = iter(ids)
    while batch := list(islice(source, _BATCH)):
        yield batch
