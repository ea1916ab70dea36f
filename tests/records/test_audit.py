from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from app.records.audit import AuditResult, verify
from app.records.log import GENESIS, change_log, commitment_of, entry_hash, sealed_columns
from app.records.store import Records
from app.records.tables import Organization

House = Callable[..., Organization]
KEY = bytes(range(32))


@pytest.fixture
def history(folder: Path, house: House) -> Path:
    """Five entries on two customers, and the file closed."""
    with Records.open(folder, KEY) as records:
        with records.change("user:1") as change:
            first = change.add(house("Tolland", tier=3))
            change.add(house("Ostley", tier=1))
        for tier in (2, 1):
            with records.change("user:1") as change:
                change.update(Organization, first.id, tier=tier)
        with records.change("user:1") as change:
            change.add(house("Northgate"))
    return folder


@pytest.fixture
def tampered(history: Path, raw: Callable[[], Any]) -> Callable[..., AuditResult]:
    """Runs SQL past the store and returns what the audit then says."""

    def tamper(*statements: str) -> AuditResult:
        connection = raw()
        for statement in statements:
            connection.execute(statement)
        connection.close()
        with Records.open(history, KEY) as records:
            return verify(records)

    return tamper


def test_an_untouched_log_is_proved(history: Path) -> None:
    with Records.open(history, KEY) as records:
        result = verify(records)
    assert (result.ok, result.entries, result.problems) == (True, 5, [])


@pytest.mark.parametrize(
    "column",
    [
        "actor = 'user:2'",
        "cause = 'sync'",
        "after = replace(after, '2', '1')",
        "hlc = '019aa0000000-0000'",
        "transaction_id = 'x'",
        "schema_version = 7",
        "hash = replace(hash, 'a', 'b')",
    ],
)
def test_an_altered_entry_is_found(tampered: Callable[..., AuditResult], column: str) -> None:
    result = tampered(f"UPDATE change_log SET {column} WHERE seq = 3")
    assert not result.ok
    assert any("Entry 3" in problem or "Entry 4" in problem for problem in result.problems)


def test_a_missing_entry_is_found(tampered: Callable[..., AuditResult]) -> None:
    result = tampered("DELETE FROM change_log WHERE seq = 3")
    assert "Missing from the log: entry 3." in result.problems


def test_several_missing_entries_are_named(tampered: Callable[..., AuditResult]) -> None:
    assert "Missing from the log: entry 2 to 4." in tampered("DELETE FROM change_log WHERE seq IN (2, 3, 4)").problems


def test_a_missing_first_entry_is_found(tampered: Callable[..., AuditResult]) -> None:
    assert "Missing from the log: entry 1." in tampered("DELETE FROM change_log WHERE seq = 1").problems


def test_exchanged_entries_are_found(tampered: Callable[..., AuditResult]) -> None:
    result = tampered(
        "UPDATE change_log SET site_seq = -1, seq = -1 WHERE seq = 3",
        "UPDATE change_log SET site_seq = 3, seq = 3 WHERE seq = 4",
        "UPDATE change_log SET site_seq = 4, seq = 4 WHERE seq = -1",
    )
    assert sum("altered or moved" in problem for problem in result.problems) >= 2


def test_a_cut_off_end_is_found(tampered: Callable[..., AuditResult]) -> None:
    result = tampered(
        "DELETE FROM organization WHERE id = (SELECT record_id FROM change_log WHERE seq = 5)",
        "DELETE FROM change_log WHERE seq = 5",
    )
    assert any("end of the log is missing" in problem for problem in result.problems)


def test_an_end_cut_off_together_with_its_head_is_found_by_the_file_beside(
    history: Path, raw: Callable[[], Any], house: House
) -> None:
    """Even after Deskline went on writing, and so overwrote that file."""
    older = history.parent / "older"
    shutil.copytree(history, older)
    with Records.open(history, KEY) as records, records.change("user:1") as change:
        change.add(house("To be forgotten"))
    shutil.copy(older / "deskline.db", history / "deskline.db")
    with Records.open(history, KEY) as records:
        with records.change("user:1") as change:
            change.add(house("Afterwards"))
        problems = verify(records).problems
    assert any("it had 6 entries, 5 are left" in problem for problem in problems)


def test_a_removed_head_file_is_found(history: Path) -> None:
    (history / "deskline.head").unlink()
    with Records.open(history, KEY) as records:
        assert any("head file" in problem for problem in verify(records).problems)


def test_an_emptied_log_is_found(tampered: Callable[..., AuditResult]) -> None:
    assert not tampered("DELETE FROM change_log", "DELETE FROM log_head", "DELETE FROM organization").ok


def test_an_altered_head_is_found(tampered: Callable[..., AuditResult]) -> None:
    assert any("head" in problem for problem in tampered("UPDATE log_head SET count = 4").problems)


def test_an_added_entry_is_found_even_when_its_hash_fits(history: Path, raw: Callable[[], Any]) -> None:
    connection = raw()
    columns = [column.name for column in change_log.columns]
    last = dict(zip(columns, connection.execute(f"SELECT {_names(columns)} FROM change_log WHERE seq = 5").fetchone(),
                    strict=True))  # fmt: skip
    forged = {**last, "seq": 6, "site_seq": 6, "id": "forged", "hlc": "ffffffffffff-0000", "op": "update",
              "before": "{}", "after": json.dumps({"name": "Northgate"})}  # fmt: skip
    forged["commitment"] = commitment_of(forged["salt"], forged["before"], forged["after"])
    forged["hash"] = entry_hash(last["hash"], last["site"], _sealed(forged))
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO change_log ({_names(columns)}) VALUES ({marks})"
    connection.execute(statement, [forged[column] for column in columns])
    connection.close()
    with Records.open(history, KEY) as records:
        assert any("from outside" in problem for problem in verify(records).problems)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE organization SET tier = 9 WHERE name = 'Ostley'", "changed outside the log: tier"),
        ("DELETE FROM organization WHERE name = 'Ostley'", "gone from its table"),
        (
            "INSERT INTO organization (id, name, short_name, kind, status, notes)"
            " VALUES ('x', 'X', 'x', 'bank', 'a', '')",
            "is not in the log: x",
        ),
    ],
    ids=["changed", "deleted", "inserted"],
)
def test_a_row_changed_outside_the_log_is_found(
    tampered: Callable[..., AuditResult], statement: str, said: str
) -> None:
    assert any(said in problem for problem in tampered(statement).problems)


def test_the_first_link_hangs_on_nothing(history: Path) -> None:
    with Records.open(history, KEY) as records, records.read() as session:
        row = session.execute(select(*sealed_columns).where(change_log.c.seq == 1)).one()
        assert entry_hash(GENESIS, records.site, row) == row.hash


def test_texts_that_are_gone_without_an_erasure_are_found(tampered: Callable[..., AuditResult]) -> None:
    problems = tampered('UPDATE change_log SET "before" = NULL, "after" = NULL, salt = NULL WHERE seq = 3').problems
    assert len(problems) == 1
    assert "no erasure is on record" in problems[0]


@pytest.mark.parametrize(
    "column", ['"after" = NULL', '"before" = NULL, "after" = NULL', "salt = NULL", "commitment = hash"]
)
def test_half_an_erasure_is_found(tampered: Callable[..., AuditResult], column: str) -> None:
    problems = tampered(f"UPDATE change_log SET {column} WHERE seq = 3").problems
    assert any("Entry 3" in problem and "altered" in problem for problem in problems)


def _names(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _sealed(row: dict[str, Any]) -> Any:
    return SimpleNamespace(**row, transaction=row["transaction_id"], table=row["table_name"])
