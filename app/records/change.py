"""The unit of work: rows and their log entries, all or nothing.

Entries are derived from what the session really flushes, so a row that a caller alters in place is logged like one
changed through ``update``. Several changes to one record in one unit of work make one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.attributes import flag_modified

from app.records.codec import Field, JsonValue, compact, encode_row, fields_of
from app.records.errors import OutsideTheLog, RecordMissing, Refused
from app.records.ids import new_id
from app.records.log import Cause, Op
from app.records.tables import Record

R = TypeVar("R", bound=Record)
Values = dict[str, JsonValue]


@dataclass(slots=True)
class _Touch:
    row: Record
    original: Values | None  # None: the record did not exist before this change
    gone: bool = False


# Structs, here and where entries are made of them: a frozen dataclass takes ten times as long, and a first sync makes
# hundreds of thousands.
class Draft(msgspec.Struct, frozen=True, gc=False):
    """A log entry before it has a place in the chain."""

    table: str
    record_id: str
    op: Op
    before: Mapping[str, JsonValue] | None
    after: Mapping[str, JsonValue] | None


class LoggedSession(Session):
    """The session of a change; its events feed ``Change``."""

    change: Change


class Change:
    """What ``Records.change`` hands out. Usable only inside its ``with`` block."""

    def __init__(self, session: LoggedSession, actor: str, cause: Cause) -> None:
        self.actor = actor
        self.cause = cause
        self.transaction = new_id()
        self._session = session
        self._touched: dict[tuple[str, str], _Touch] = {}
        self._originals: dict[tuple[str, str], Values] = {}  # as loaded in this transaction
        self._json: dict[tuple[str, str], tuple[Record, dict[str, str]]] = {}  # JSON columns as last written or loaded
        self._cursors: dict[str, int] = {}
        self._erased: set[tuple[str, str]] = set()
        self._traces: list[Draft] = []  # of erased records that have no row any more
        session.change = self

    @property
    def session(self) -> Session:
        """For reads within the transaction; SQL that writes is refused with OutsideTheLog."""
        return self._session

    def add(self, row: R) -> R:
        """Stores a new row; gives it an id and its defaults at once."""
        if not inspect(row).transient:
            raise OutsideTheLog("A stored row cannot be added again; use update.")
        _fill(row)
        self._session.add(row)
        return row

    def add_all(self, rows: Iterable[Record]) -> None:
        for row in rows:
            self.add(row)

    def get(self, model: type[R], record_id: str) -> R | None:
        return self._session.get(model, record_id)

    def require(self, model: type[R], record_id: str) -> R:
        """Like ``get``, but raises RecordMissing."""
        row = self.get(model, record_id)
        if row is None:
            raise RecordMissing(f"There is no {model.__tablename__.replace('_', ' ')} {record_id}.")
        return row

    def update(self, model: type[R], record_id: str, **fields: Any) -> R:
        """Sets the named fields. Setting what is already there writes and logs nothing."""
        row = self.require(model, record_id)
        known = {field.attribute for field in fields_of(model)}
        for name, value in fields.items():
            if name not in known or name == "id":
                raise TypeError(f"{model.__name__} has no changeable field {name!r}")
            setattr(row, name, value)
        return row

    def delete(self, model: type[R], record_id: str) -> None:
        self._session.delete(self.require(model, record_id))

    def erase(self, model: type[Record], record_id: str, emptied: Mapping[str, Any] | None) -> None:
        """Sets the ``emptied`` fields (None: deletes the row) without logging what was there.

        What the log says of the record already is for ``erasure`` to take out, in the same change.
        """
        self._erased.add((model.__tablename__, record_id))
        if self.get(model, record_id) is None:
            self._traces.append(Draft(model.__tablename__, record_id, "delete", None, None))
        elif emptied is None:
            self.delete(model, record_id)
        else:
            self.update(model, record_id, **emptied)

    def advance(self, tail: str, seq: int) -> None:
        """Moves a tailing reader's cursor in this transaction, so that its work and its place commit together."""
        self._cursors[tail] = max(seq, self._cursors.get(tail, 0))

    # -- for the store

    @property
    def erases(self) -> bool:
        return bool(self._erased)

    @property
    def cursors(self) -> dict[str, int]:
        return self._cursors

    def drafts(self) -> list[Draft]:
        """Flushes, and returns the entries to log in the order in which records were first touched."""
        # Before flushing: to the session rows altered only inside their JSON look untouched, and it would not flush.
        self._flag_json_altered_in_place()
        self._session.flush()
        drafts = [draft for touch in self._touched.values() if (draft := _draft(touch)) is not None]
        for at, draft in enumerate(drafts):
            if (draft.table, draft.record_id) in self._erased:
                drafts[at] = msgspec.structs.replace(draft, before=None)
        return drafts + self._traces

    def loaded(self, row: Record) -> None:
        key = _key(row)
        if key not in self._originals and key not in self._touched:
            self._originals[key] = encode_row(row)
            self._remember_json(row)

    def before_flush(self) -> None:
        session = self._session
        self._flag_json_altered_in_place()
        for row in session.deleted:
            self._touch(row).gone = True
        for row in session.dirty:
            if session.is_modified(row):
                if inspect(row).attrs.id.history.deleted:
                    raise Refused("The id of a record cannot be changed.")
                self._touch(row)
                self._remember_json(row)
        for row in session.new:
            _fill(row)
            touch = self._touched.get(_key(row))
            if touch is None:
                self._touched[_key(row)] = _Touch(row, None)
            else:  # deleted earlier in this change, and now there again
                touch.row, touch.gone = row, False
            self._remember_json(row)

    def _touch(self, row: Record) -> _Touch:
        touch = self._touched.get(_key(row))
        if touch is None:
            touch = self._touched[_key(row)] = _Touch(row, self._originals[_key(row)])
        return touch

    def _remember_json(self, row: Record) -> None:
        fields = _json_fields(type(row))
        if fields:
            # The row is held too: one altered in place and then dropped by the caller would vanish unlogged.
            stored = {field.column: compact(getattr(row, field.attribute)) for field in fields}
            self._json[_key(row)] = (row, stored)

    def _flag_json_altered_in_place(self) -> None:
        for row, stored in self._json.values():
            if inspect(row).persistent:
                for field in _json_fields(type(row)):
                    if compact(getattr(row, field.attribute)) != stored[field.column]:
                        flag_modified(row, field.attribute)


def _key(row: Record) -> tuple[str, str]:
    return row.__tablename__, row.id


@cache
def _json_fields(model: type[Record]) -> tuple[Field, ...]:
    return tuple(field for field in fields_of(model) if field.is_json)


def _fill(row: Record) -> None:
    """Sets what the caller left out, so that the row is complete before it is written and needs no reading back."""
    given = inspect(row).dict
    if given.get("id") is None:
        row.id = new_id()
    for field in fields_of(type(row)):
        if field.attribute not in given:
            setattr(row, field.attribute, None if field.default is None else field.default())


def _draft(touch: _Touch) -> Draft | None:
    row, original = touch.row, touch.original
    if original is None:
        return None if touch.gone else Draft(row.__tablename__, row.id, "insert", None, encode_row(row))
    if touch.gone:
        return Draft(row.__tablename__, original["id"], "delete", original, None)
    current = encode_row(row)
    changed = [f.column for f in fields_of(type(row)) if not f.same(original[f.column], current[f.column])]
    if not changed:
        return None
    before, after = ({column: values[column] for column in changed} for values in (original, current))
    return Draft(row.__tablename__, row.id, "update", before, after)


@event.listens_for(LoggedSession, "before_flush")
def _before_flush(session: LoggedSession, context: UOWTransaction, instances: object) -> None:
    session.change.before_flush()


@event.listens_for(LoggedSession, "loaded_as_persistent")
def _loaded(session: LoggedSession, row: Record) -> None:
    session.change.loaded(row)


@event.listens_for(LoggedSession, "detached_to_persistent")
def _attached(session: LoggedSession, row: Record) -> None:
    raise OutsideTheLog("A row read outside this change cannot be attached to it; use update with its id.")


@event.listens_for(LoggedSession, "do_orm_execute")
def _only_reads(state: ORMExecuteState) -> None:
    if not state.is_select:
        raise OutsideTheLog("Only add, update and delete write records; other SQL would not appear in the change log.")
