"""Rows in bulk, as the change log writes their values: without mapped objects, for what comes from the server.

A record may hold fields that this version does not know, or be of a table it does not know. Those are kept aside
(``sync_extra``), merged back in when the record is read, and taken up once a later version knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.records.bulk import BulkInsert
from app.records.change import Draft
from app.records.codec import Field, JsonValue, compact, fields_of, models

Key = tuple[str, str]
"""Table and record id."""

Values = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as this version knows it.

    ``empty``: a record of which nothing is given; ``defaults``: its values where a column may not be empty and has one.
    ``record``: a struct whose fields are the columns, for checking.
    """

    columns: frozenset[str]
    empty: Mapping[str, JsonValue]
    defaults: Mapping[str, JsonValue]
    record: type[msgspec.Struct]
    to_columns: tuple[tuple[int, Callable[[JsonValue], Any]], ...]
    from_columns: tuple[tuple[str, Callable[[Any], JsonValue]], ...]
    write: BulkInsert
    read: str


@cache
def shape_of(table: str) -> Shape | None:
    model = models().get(table)
    if model is None:
        return None
    fields = fields_of(model)
    required = frozenset(column.name for column in model.__table__.columns if not column.nullable)
    defaults = {
        each.column: each.encode(each.default())
        for each in fields
        if each.column in required and each.default is not None
    }
    empty = {each.column: defaults.get(each.column) for each in fields}
    names = [f'"{each.column}"' for each in fields]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name != '"id"')
    return Shape(
        columns=frozenset(empty),
        empty=empty,
        defaults=defaults,
        record=_record_of(table, fields, required),
        to_columns=tuple((at, each.to_column) for at, each in enumerate(fields) if each.to_column is not None),
        from_columns=tuple((each.column, each.from_column) for each in fields if each.from_column is not None),
        write=BulkInsert(
            f'INSERT INTO "{table}" ({", ".join(names)})', len(names), f"ON CONFLICT (id) DO UPDATE SET {changed}"
        ),
        read=f'SELECT {", ".join(names)} FROM "{table}" WHERE id IN (SELECT value FROM json_each(?))',
    )


def filled(shape: Shape, values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """``values`` with the table's defaults where one is empty that may not be."""
    missing = {name: value for name, value in shape.defaults.items() if values.get(name, value) is None}
    return {**values, **missing} if missing else values


def read_rows(connection: Connection, keys: Collection[Key]) -> dict[Key, Values]:
    """The records among ``keys`` that show here, with the fields that this version does not know."""
    found: dict[Key, Values] = {}
    for table, ids in by_table(keys).items():
        listed = compact(ids)
        shape = shape_of(table)
        if shape is not None:
            for row in connection.exec_driver_sql(shape.read, (listed,)).all():  # at once: by one is slow
                values = dict(zip(shape.empty, row, strict=True))
                for name, load in shape.from_columns:
                    if values[name] is not None:
                        values[name] = load(values[name])
                found[table, values["id"]] = values
        for record_id, text, whole in connection.exec_driver_sql(_READ_EXTRA, (table, listed)):
            key, extra = (table, record_id), msgspec.json.decode(text)
            if key in found:
                found[key].update(extra)
            elif whole:
                found[key] = extra
    return found


def write_rows(connection: Connection, rows: Mapping[Key, Mapping[str, JsonValue] | None]) -> None:
    """Stores the records as given, whole; None removes one."""
    columns: dict[str, list[tuple[Any, ...]]] = {}
    gone: dict[str, list[tuple[str]]] = {}
    extras: list[tuple[str, str, str, bool]] = []
    plain: list[Key] = []
    for key, values in rows.items():
        table, record_id = key
        shape = shape_of(table)
        row = None if values is None or shape is None else _columns(shape, record_id, values)
        if row is not None:
            columns.setdefault(table, []).append(row)
        elif shape is not None:
            gone.setdefault(table, []).append((record_id,))
        extra = {} if values is None else _unknown(shape if row is not None else None, values)
        if extra:
            extras.append((table, record_id, compact(extra), row is None))
        else:
            plain.append(key)
    for table, ids in gone.items():
        connection.exec_driver_sql(f'DELETE FROM "{table}" WHERE id = ?', ids)
    for table, written in columns.items():
        shape = shape_of(table)
        assert shape is not None
        shape.write.run(connection, written)
    if plain and connection.exec_driver_sql("SELECT 1 FROM sync_extra LIMIT 1").first() is not None:
        connection.exec_driver_sql("DELETE FROM sync_extra WHERE table_name = ? AND record_id = ?", plain)
    if extras:
        connection.exec_driver_sql(_WRITE_EXTRA, extras)


def take_up_extra(connection: Connection) -> list[Draft]:
    """Moves into the rows what was kept aside and this version knows now; returns what the search has to look at.

    The log has said it already, when it came.
    """
    keys = [(table, record_id) for table, record_id in connection.exec_driver_sql(_EXTRA_KEYS)]
    kept = read_rows(connection, keys)
    write_rows(connection, kept)
    still = {(table, record_id) for table, record_id in connection.exec_driver_sql(_EXTRA_WHOLE)}
    return [Draft(*key, "insert", None, values) for key, values in kept.items() if key not in still]


def by_table(keys: Iterable[Key]) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for table, record_id in keys:
        tables.setdefault(table, []).append(record_id)
    return tables


def _record_of(table: str, fields: Sequence[Field], required: Collection[str]) -> type[msgspec.Struct]:
    # Named by number: a column may be called "pass".
    members = [
        (f"f{at}", each.json_type) if each.column in required else (f"f{at}", each.json_type | None, None)
        for at, each in enumerate(fields)
    ]
    renamed = {f"f{at}": each.column for at, each in enumerate(fields)}
    return msgspec.defstruct(table, members, rename=renamed, kw_only=True, gc=False)


def _columns(shape: Shape, record_id: str, values: Mapping[str, JsonValue]) -> tuple[Any, ...] | None:
    """The row as the database holds it; None if the record cannot be a row here."""
    try:
        try:
            named = values if values.get("id") == record_id else {**values, "id": record_id}
            record = msgspec.convert(named, shape.record)
        except msgspec.ValidationError:
            record = msgspec.convert({**shape.defaults, **filled(shape, values), "id": record_id}, shape.record)
        row = list(msgspec.structs.astuple(record))
        for at, to_column in shape.to_columns:
            if row[at] is not None:
                row[at] = to_column(row[at])
    except (msgspec.ValidationError, ValueError):
        return None
    return tuple(row)


def _unknown(shape: Shape | None, values: Mapping[str, JsonValue]) -> Values:
    if shape is None:
        return dict(values)
    if values.keys() <= shape.columns:
        return {}
    return {name: value for name, value in values.items() if name not in shape.columns}


_READ_EXTRA = (
    "SELECT record_id, fields, whole FROM sync_extra"
    " WHERE table_name = ? AND record_id IN (SELECT value FROM json_each(?))"
)
_WRITE_EXTRA = "INSERT OR REPLACE INTO sync_extra (table_name, record_id, fields, whole) VALUES (?, ?, ?, ?)"
_EXTRA_KEYS = "SELECT table_name, record_id FROM sync_extra"
_EXTRA_WHOLE = "SELECT table_name, record_id FROM sync_extra WHERE whole"
