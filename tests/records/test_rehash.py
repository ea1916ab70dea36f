"""Version 3 hashes the chains anew, and says so where the old ones were not sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.records import schema
from app.records.audit import verify
from app.records.engine import writer_engine
from app.records.store import DATABASE, Records
from app.records.tables import PriceSource
from tests.records.older import database_of_version_2

KEY = bytes(range(32))
ENTRIES = 1003  # more than the migration reads at once


@pytest.fixture
def version_2(folder: Path) -> Path:
    database_of_version_2(folder, KEY, ENTRIES)
    return folder


def test_the_chain_of_version_2_verifies_anew(version_2: Path) -> None:
    with Records.open(version_2, KEY) as records:
        result = verify(records)
        assert (result.problems, result.entries) == ([], ENTRIES)
        assert len({entry.hash for entry in records.entries("price_source", "source-1")}) == ENTRIES
        with records.change("user:1") as change:
            change.update(PriceSource, "source-1", priority=2)
    with Records.open(version_2, KEY) as records:
        assert verify(records).problems == []


def test_killed_before_the_head_file_followed_nothing_is_wrong(version_2: Path) -> None:
    engine = writer_engine(version_2 / DATABASE, KEY)
    schema.prepare(version_2 / DATABASE, KEY, 2, engine)
    engine.dispose()
    with Records.open(version_2, KEY) as records:
        assert verify(records).problems == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE change_log SET actor = 'user:2' WHERE seq = 7", "entry 7 of site site-1 was altered"),
        ("DELETE FROM change_log WHERE seq = 1001", "entry 1002 of site site-1 was altered"),
        (f"DELETE FROM change_log WHERE seq = {ENTRIES}", "does not end where its head says"),
        ("UPDATE log_head SET hlc = 'ffffffffffff-0000'", "head of site site-1 was altered"),
    ],
)
def test_a_log_altered_before_does_not_come_out_as_sound(
    version_2: Path, raw: Callable[[], Any], statement: str, said: str
) -> None:
    connection = raw()
    connection.execute(statement)
    connection.close()
    with Records.open(version_2, KEY) as records:
        assert any(said in problem for problem in verify(records).problems)


def test_a_log_cut_before_together_with_its_head_is_found_by_the_file_beside(version_2: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter"
    database_of_version_2(shorter, KEY, ENTRIES - 3)
    (shorter / DATABASE).replace(version_2 / DATABASE)
    with Records.open(version_2, KEY) as records:
        assert any(f"it had {ENTRIES} entries" in problem for problem in verify(records).problems)
