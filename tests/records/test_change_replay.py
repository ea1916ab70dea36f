"""Random work: the rows are always what the log says, whatever was done and whatever failed."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.records.audit import verify
from app.records.codec import encode_row
from app.records.log import change_log, entry_of
from app.records.store import Records
from app.records.tables import CallReport, CreditLine, Interaction, Organization

KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)

Step = tuple[str, int, Any]
_words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
_json = st.dictionaries(
    _words, st.one_of(_words, st.integers(-99, 99), st.none(), st.lists(_words, max_size=3)), max_size=3
)
_steps = st.one_of(
    st.tuples(st.just("add house"), st.integers(0, 5), _words),
    st.tuples(st.just("rename house"), st.integers(0, 5), _words),
    st.tuples(st.just("delete house"), st.integers(0, 5), st.none()),
    st.tuples(st.just("use credit"), st.integers(0, 5), _decimals),
    st.tuples(st.just("edit report"), st.integers(0, 5), _json),
    st.tuples(st.just("edit report in place"), st.integers(0, 5), _words),
    st.tuples(st.just("flush"), st.just(0), st.none()),
)
_changes = st.lists(st.tuples(st.lists(_steps, max_size=8), st.booleans()), min_size=1, max_size=6)


class Mishap(Exception):
    pass


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_changes)
def test_rows_equal_the_replay_of_the_log(changes: list[tuple[list[Step], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Records.open(Path(folder), KEY) as records:
        with records.change("user:1") as change:
            talk = change.add(Interaction(kind="call", direction="inbound", status="ended", started_at=NOW))
            report = change.add(CallReport(interaction_id=talk.id, updated_at=NOW))
            line = change.add(_credit_line(change.add(_house(0, "bank")).id))
        for steps, fails in changes:
            try:
                with records.change("user:1") as change:
                    for step in steps:
                        _do(change, step, report.id, line.id)
                    if fails:
                        raise Mishap
            except Mishap:
                pass
        assert _rows(records) == _replay(records)
        assert verify(records).problems == []


def _do(change: Any, step: Step, report_id: str, line_id: str) -> None:
    what, number, value = step
    house = change.get(Organization, _id(number))
    if what == "add house" and house is None:
        change.add(_house(number, value))
    elif what == "rename house" and house is not None:
        change.update(Organization, house.id, name=value)
    elif what == "delete house" and house is not None and number:
        change.delete(Organization, house.id)
        change.session.flush()
    elif what == "use credit":
        change.update(CreditLine, line_id, used=value)
    elif what == "edit report":
        change.update(CallReport, report_id, fields=value)
    elif what == "edit report in place":
        change.require(CallReport, report_id).fields["note"] = value
    elif what == "flush":
        change.session.flush()


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def _house(number: int, name: str) -> Organization:
    return Organization(id=_id(number), name=name, short_name="x", kind="bank")


def _credit_line(house_id: str) -> CreditLine:
    return CreditLine(
        organization_id=house_id,
        kind="settlement",
        currency="EUR",
        limit=Decimal(5),
        used=Decimal(1),
        expires=dt.date(2027, 1, 1),
    )


def _rows(records: Records) -> dict[str, dict[str, Any]]:
    with records.read() as session:
        return {
            row.id: _comparable(encode_row(row))
            for model in (Organization, CreditLine, CallReport, Interaction)
            for row in session.scalars(select(model))
        }


def _replay(records: Records) -> dict[str, dict[str, Any]]:
    state: dict[str, dict[str, Any]] = {}
    with records.read() as session:
        for row in session.execute(select(change_log).order_by(change_log.c.seq)).mappings():
            entry = entry_of(row)
            if entry.op == "delete":
                assert _comparable(state.pop(entry.record_id)) == _comparable(dict(entry.before or {}))
            else:
                known = state.setdefault(entry.record_id, {})
                for column, value in (entry.before or {}).items():
                    assert _comparable({column: known[column]}) == _comparable({column: value})
                known.update(entry.after or {})
    return {record_id: _comparable(values) for record_id, values in state.items()}


def _comparable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: Decimal(value) if name in ("used", "limit") else value for name, value in values.items()}
