"""Column values as JSON for the change log, and back. Decimals stay exact (text), times are UTC ISO text."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, cast

import msgspec
from sqlalchemy import JSON, Boolean, Column, Date, Float, Integer, String

from app.records.errors import Refused
from app.records.tables import Exact, Record, UtcDateTime

# Made once: json.dumps with options makes one for each call.
_STRICT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_STORED_INTEGER = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_FAST = msgspec.json.Encoder(order="sorted")

JsonValue = Any
"""None, bool, int, float, str, or a list or dict of these."""


@dataclass(frozen=True, slots=True)
class Field:
    attribute: str  # of the mapped class
    column: str  # of the table, and in the log
    encode: Callable[[Any], JsonValue]
    decode: Callable[[JsonValue], Any]
    is_json: bool
    is_decimal: bool
    default: Callable[[], Any] | None
    json_type: Any  # what the logged value is, for msgspec
    # Between values that are logged (and not None) and what the database holds; None: they are the same. ``to_column``
    # raises ValueError for what Deskline never writes.
    to_column: Callable[[JsonValue], Any] | None
    from_column: Callable[[Any], JsonValue] | None

    def same(self, one: JsonValue, other: JsonValue) -> bool:
        """Whether two logged values are equal: 1.5 and 1.50 are one number (the mapper does not write that change)."""
        if self.is_decimal and one is not None and other is not None:
            return Decimal(one) == Decimal(other)
        return bool(one == other)


def canonical(value: JsonValue) -> str:
    """One text for one value: sorted keys, no spaces. NaN and unknown types are refused."""
    return _STRICT.encode(value)


def compact(value: JsonValue) -> str:
    """The same for values already known to be plain JSON; ten times as fast (msgspec would let NaN and others pass)."""
    return compact_bytes(value).decode()


def compact_bytes(value: JsonValue) -> bytes:
    """``compact`` in UTF-8, as hashes take it."""
    return _FAST.encode(value)


def read_values(text: str | None) -> dict[str, Any]:
    """The columns of a logged text; none of no text. Raises msgspec.MsgspecError."""
    return {} if text is None else _OBJECT.decode(text)


@cache
def fields_of(model: type[Record]) -> tuple[Field, ...]:
    return tuple(_field(each.key, cast(Column[Any], each.columns[0])) for each in model.__mapper__.column_attrs)


@cache
def models() -> Mapping[str, type[Record]]:
    """Table name -> mapped class, for every table whose rows are logged."""
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Record.registry.mappers}


def encode_row(row: Record) -> dict[str, JsonValue]:
    """Every column of ``row``; JSON columns are copied, so later changes in place do not reach the result."""
    values = {}
    for field in fields_of(type(row)):
        try:
            values[field.column] = field.encode(getattr(row, field.attribute))
        except (TypeError, ValueError) as error:
            raise Refused(f"{row.__tablename__}.{field.column} was refused: {error}.") from error
    return values


def decode_values(model: type[Record], values: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Attribute values from logged ones; columns that this version does not know are left out."""
    return {field.attribute: field.decode(values[field.column]) for field in fields_of(model) if field.column in values}


def _field(attribute: str, column: Column[Any]) -> Field:
    kind = column.type
    encode: Callable[[Any], JsonValue] = _same
    decode: Callable[[JsonValue], Any] = _same
    json_type: Any = str
    to_column: Callable[[JsonValue], Any] | None = None
    from_column: Callable[[Any], JsonValue] | None = None
    if isinstance(kind, UtcDateTime):
        encode, decode, to_column = _time_text, dt.datetime.fromisoformat, _kept_time
    elif isinstance(kind, Date):
        encode, decode, to_column = _date_text, dt.date.fromisoformat, _kept_date
    elif isinstance(kind, Exact):
        encode, decode, to_column = _decimal_text, Decimal, _kept_decimal
    elif isinstance(kind, JSON):
        encode, decode, to_column, from_column = _json_copy, _json_copy, compact, msgspec.json.decode
        json_type = dict[str, Any] | list[Any]
    elif isinstance(kind, Boolean):
        encode, from_column, json_type = _only(bool), bool, bool
    elif isinstance(kind, Integer):
        encode, json_type = _only(int), _STORED_INTEGER
    elif isinstance(kind, Float):
        encode, json_type = _finite, float
    elif isinstance(kind, String):
        encode = _only(str)
    return Field(
        attribute=attribute,
        column=str(column.name),
        encode=_optional(encode),
        decode=_optional(decode),
        is_json=isinstance(kind, JSON),
        is_decimal=isinstance(kind, Exact),
        default=_default(column),
        json_type=json_type,
        to_column=to_column,
        from_column=from_column,
    )


def _default(column: Column[Any]) -> Callable[[], Any] | None:
    default = column.default
    if default is None:
        return None
    argument: Any = default.arg  # type: ignore[attr-defined]  # the tables have scalar and callable defaults only
    if callable(argument):
        return lambda: argument(None)  # SQLAlchemy wraps a callable default to take its context
    return lambda: argument


def _optional(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def _same(value: Any) -> Any:
    return value


def _only(kind: type) -> Callable[[Any], Any]:
    # SQLite would store a number in a text column as text, and the row would no longer equal its log entry.
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
        return value

    return check


def _finite(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"finite number expected, not {value!r}")
    return float(value)


def _time_text(value: dt.datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a time zone cannot be stored")
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _date_text(value: dt.date) -> str:
    if isinstance(value, dt.datetime):
        raise TypeError("date expected, not datetime")
    return value.isoformat()


def _decimal_text(value: Decimal | int) -> str:
    number = Decimal(value) if isinstance(value, Decimal | int) else None
    if number is None or not number.is_finite():
        raise TypeError(f"finite Decimal expected, not {value!r}")
    return format(number, "f")


def _kept_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("not a time as it is stored")
    dt.datetime.fromisoformat(value)
    return value


def _kept_date(value: str) -> str:
    if dt.date.fromisoformat(value).isoformat() != value:
        raise ValueError("not a date as it is stored")
    return value


def _kept_decimal(value: str) -> str:
    if not _DECIMAL.fullmatch(value):
        raise ValueError("not a number as it is stored")
    return value


def _json_copy(value: JsonValue) -> JsonValue:
    return json.loads(canonical(value))
