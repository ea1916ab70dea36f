from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.records.audit import verify
from app.records.errors import CorruptDatabase, DiskFull, NewerDatabase, StoreBusy, WrongKey, WrongThread
from app.records.log import Entry
from app.records.store import DATABASE, Records
from app.records.tables import Organization

House = Callable[..., Organization]
KEY = bytes(range(32))
OTHER_KEY = bytes(32)


def _add(records: Records, row: Organization) -> str:
    with records.change("user:1") as change:
        return change.add(row).id


def _names(records: Records) -> list[str]:
    with records.read() as session:
        return list(session.scalars(select(Organization.name).order_by(Organization.name)))


def test_what_was_stored_is_there_after_reopening(folder: Path, house: House) -> None:
    with Records.open(folder, KEY) as records:
        _add(records, house("Tolland Castings plc"))
        site = records.site
    with Records.open(folder, KEY) as records:
        assert _names(records) == ["Tolland Castings plc"]
        assert records.site == site


def test_nothing_readable_is_on_the_disk(folder: Path, house: House) -> None:
    with Records.open(folder, KEY) as records:
        _add(records, house("Tolland Castings plc"))
        files = [path.read_bytes() for path in folder.iterdir()]
    files += [path.read_bytes() for path in folder.iterdir()]
    assert not any(b"Tolland" in data or b"SQLite format" in data for data in files)


async def test_a_text_of_the_desk_is_kept_and_is_no_record(folder: Path) -> None:
    with Records.open(folder, KEY) as records:
        assert await records.kept("focus") is None
        for said in ("Tolland", "Castings"):
            await records.keep("focus", said)
        await records.keep("schema_version", "999")
        assert records.tail("sync").count() == 0
        assert verify(records).problems == []
    with Records.open(folder, KEY) as records:
        assert await records.kept("focus") == "Castings"


def test_the_folder_is_the_users_alone(folder: Path, records: Records) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / DATABASE).stat().st_mode & 0o077 == 0


def test_a_wrong_key_is_said_and_changes_nothing(folder: Path, house: House) -> None:
    with Records.open(folder, KEY) as records:
        _add(records, house())
    before = _contents(folder)
    with pytest.raises(WrongKey):
        Records.open(folder, OTHER_KEY)
    assert _contents(folder) == before
    with Records.open(folder, KEY) as records:
        assert len(_names(records)) == 1


def test_a_newer_database_is_left_untouched(folder: Path, raw: Callable[[], Any], house: House) -> None:
    with Records.open(folder, KEY) as records:
        _add(records, house())
    connection = raw()
    connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    connection.close()
    before = _contents(folder)
    with pytest.raises(NewerDatabase, match="newer Deskline"):
        Records.open(folder, KEY)
    assert _contents(folder) == before


@pytest.mark.parametrize("where", [100, 30_000], ids=["first page", "later page"])
def test_a_damaged_file_is_said(folder: Path, house: House, where: int) -> None:
    with Records.open(folder, KEY) as records:
        _add(records, house())
    data = bytearray((folder / DATABASE).read_bytes())
    for at in range(where, len(data) if where > 4096 else where + 1, 4096):
        data[at] ^= 0xFF
    (folder / DATABASE).write_bytes(data)
    with pytest.raises(CorruptDatabase, match="backup"), Records.open(folder, KEY) as records:
        _names(records)


def test_a_second_process_is_told_that_the_store_is_busy(folder: Path, records: Records) -> None:
    code = (
        "import sys; from pathlib import Path; from app.records.store import Records; "
        "from app.records.errors import StoreBusy\n"
        "try: Records.open(Path(sys.argv[1]), bytes(range(32)))\nexcept StoreBusy: sys.exit(42)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 42
    with pytest.raises(StoreBusy):
        Records.open(folder, KEY)


def test_the_store_opens_again_after_a_failed_opening(folder: Path) -> None:
    Records.open(folder, KEY).close()
    with pytest.raises(WrongKey):
        Records.open(folder, OTHER_KEY)
    Records.open(folder, KEY).close()


def test_a_full_disk_stores_nothing_and_the_store_goes_on_once_there_is_room(records: Records, house: House) -> None:
    _add(records, house("Before"))
    with records._writer.begin() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 3}"))
    with pytest.raises(DiskFull, match="disk is full"), records.change("user:1") as change:
        change.add_all(house(f"Too much {n}", notes="x" * 3000) for n in range(50))
    assert _names(records) == ["Before"]
    with records._writer.begin() as connection:
        connection.execute(text("PRAGMA max_page_count = 4294967294"))
    _add(records, house("After"))
    assert _names(records) == ["After", "Before"]
    assert verify(records).problems == []


def test_a_forbidden_thread_neither_writes_nor_reads(records: Records, house: House) -> None:
    problems: list[type[BaseException]] = []

    def ui() -> None:
        records.forbid_thread()
        for attempt in (lambda: records.change("user:1"), records.read):
            try:
                with attempt():
                    pass
            except WrongThread as error:
                problems.append(type(error))

    thread = threading.Thread(target=ui)
    thread.start()
    thread.join()
    assert problems == [WrongThread, WrongThread]
    _add(records, house())


def test_a_reading_session_cannot_write(records: Records, house: House) -> None:
    with records.read() as session, pytest.raises(Exception, match="readonly"):
        session.execute(text("DELETE FROM organization"))


def test_rows_stay_usable_after_the_session(records: Records, house: House) -> None:
    house_id = _add(records, house("Tolland Castings plc"))
    with records.read() as session:
        row = session.get_one(Organization, house_id)
    assert (row.name, row.status) == ("Tolland Castings plc", "active")


async def test_coroutines_write_on_one_thread_and_read_on_others(records: Records, house: House) -> None:
    threads: set[str] = set()

    def add(number: int) -> None:
        async_names.append(number)

    async_names: list[int] = []

    async def write(number: int) -> str:
        def work(change: Any) -> str:
            threads.add(threading.current_thread().name)
            add(number)
            return str(change.add(house(f"House {number}")).id)

        return await records.write("user:1", work)

    ids = await asyncio.gather(*(write(number) for number in range(10)))
    assert len(threads) == 1
    found = await records.query(lambda session: set(session.scalars(select(Organization.id))))
    assert found == set(ids)


def test_a_reader_sees_one_state_while_a_writer_goes_on(records: Records, house: House) -> None:
    _add(records, house("First"))
    with records.read() as session:
        assert session.scalar(select(func.count()).select_from(Organization)) == 1
        for number in range(5):
            _add(records, house(f"Later {number}"))
        assert session.scalar(select(func.count()).select_from(Organization)) == 1
    assert len(_names(records)) == 6


def test_many_threads_read_and_write_without_losing_anything(records: Records, house: House) -> None:
    failures: list[BaseException] = []

    def run(work: Callable[[int], object], count: int) -> None:
        try:
            for number in range(count):
                work(number)
        except BaseException as error:
            failures.append(error)

    writers = [
        threading.Thread(target=run, args=(lambda n, w=w: _add(records, house(f"{w} {n}")), 15)) for w in range(3)
    ]
    readers = [threading.Thread(target=run, args=(lambda n: _names(records), 40)) for _ in range(4)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in (*writers, *readers):
        thread.join()
    assert failures == []
    assert len(_names(records)) == 45
    assert verify(records).problems == []


def test_listeners_hear_commits_in_order_and_cannot_break_them(records: Records, house: House) -> None:
    heard: list[Entry] = []

    def broken(entries: object) -> None:
        raise RuntimeError("not my problem")

    records.on_commit(broken)
    stop = records.on_commit(heard.extend)
    for number in range(3):
        _add(records, house(f"House {number}"))
    stop()
    _add(records, house("Unheard"))
    assert [entry.seq for entry in heard] == [1, 2, 3]


def test_a_change_within_a_change_is_an_error_and_not_a_deadlock(records: Records) -> None:
    with records.change("user:1"), pytest.raises(RuntimeError, match="within"), records.change("user:1"):
        pass


def test_a_tail_goes_on_where_it_was(folder: Path, house: House) -> None:
    with Records.open(folder, KEY) as records:
        for number in range(5):
            _add(records, house(f"House {number}"))
        tail = records.tail("rules")
        assert [entry.seq for entry in tail.pending(3)] == [1, 2, 3]
        assert [entry.seq for entry in tail.pending(3)] == [1, 2, 3]
        tail.advance(3)
        assert len(records.tail("sync").pending()) == 5
    with Records.open(folder, KEY) as records:
        tail = records.tail("rules")
        assert [entry.seq for entry in tail.pending()] == [4, 5]
        tail.advance(2)
        assert tail.position == 3


def test_a_cursor_moves_with_the_work_it_stands_for_or_not_at_all(records: Records, house: House) -> None:
    _add(records, house())
    tail = records.tail("rules")
    with pytest.raises(ZeroDivisionError), records.change("rule:1") as change:  # noqa: PT012
        change.advance("rules", 1)
        _ = 1 / 0
    assert tail.position == 0
    with records.change("rule:1") as change:
        change.advance("rules", 1)
    assert tail.position == 1
    assert len(records.tail("other").pending()) == 1


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".lock"))
    }
