"""Desks and the central server with everything on: rights, audit, conflicts, TLS, Postgres and SQLCipher.

Beside PouchDB and its server, in the same minutes.

The server and its Postgres are processes of their own; the desks are real records with the real client. Of each figure
the processor time of all of them is told too: it depends less on what else the machine does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from app.records.log import Entry
from app.records.tables import FollowUp, Organization
from app.sync.protocol import Receipt, read_from_server
from app.sync.transports import Connection
from tests.bench import reference
from tests.sync.serving import Server, Station, served

CHANGES, MANY, ROUNDS = 10_000, 100_000, 2
A_CHANGE = 20
"""Entries in one transaction of a desk."""
DESKS, TOLD = 200, 150
BATCHES = (100, 1000)
_RECEIPT = 200
"""Bytes of a frame that may be one: they are short."""
Row = dict[str, Any]


class Noting:
    """A connection that hears how much of the desk's chain the server has."""

    def __init__(self, connection: Connection, heard: Callable[[int], None]) -> None:
        self._connection, self._heard = connection, heard
        self.send, self.close = connection.send, connection.close

    async def receive(self) -> bytes:
        frame = await self._connection.receive()
        if len(frame) < _RECEIPT:
            message = read_from_server(frame)
            if isinstance(message, Receipt):
                self._heard(message.received)
        return frame


class Desk(Station):
    """``durable``: entries that the server has said it has."""

    durable = 0

    async def connect(self, token: str) -> Connection:
        return Noting(await super().connect(token), self._heard)

    def _heard(self, received: int) -> None:
        self.durable = received

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
        """Looks often: that a desk has read on without anything of it to show is told by nobody."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)

    async def add(self, count: int, house: str) -> None:
        """Follow-ups, made here while there is no network."""

        def some(numbers: range) -> None:
            with self.records.change(f"user:{self.user.id}") as change:
                change.add_all(
                    FollowUp(what=f"Call back about {number}", owner="trader", organization_id=house)
                    for number in numbers
                )

        for start in range(0, count, A_CHANGE):
            await asyncio.to_thread(some, range(start, min(start + A_CHANGE, count)))

    @property
    def in_step(self) -> bool:
        return bool(self.statuses) and self.status.state == "online" and not self.status.counts.to_sync

    def has(self, place: int) -> bool:
        return self.store.position().cursor >= place and self.in_step


@dataclass
class Figures:
    """Rates per second and microseconds of processor time an entry (of each side), by what was measured."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    costs: dict[str, list[Sequence[float]]] = field(default_factory=dict)

    def note(self, name: str, count: int, seconds: float, *processor: float) -> None:
        self.rates.setdefault(name, []).append(count / seconds)
        self.costs.setdefault(name, []).append([used / count * 1e6 for used in processor])

    def rate(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def cost(self, name: str) -> float:
        return statistics.median(map(sum, self.costs[name]))

    def parts(self, name: str) -> str:
        return " + ".join(f"{statistics.median(part):.0f}" for part in zip(*self.costs[name], strict=True))


class Clock:
    """Time, and processor time of the desk (this process), the server and its Postgres."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began, self._used = time.perf_counter(), self._each()

    def so_far(self) -> tuple[float, ...]:
        used = (now - before for now, before in zip(self._each(), self._used, strict=True))
        return time.perf_counter() - self._began, *used

    def _each(self) -> tuple[float, ...]:
        postmaster = int((self._server.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        database = psutil.Process(postmaster).children(recursive=True)
        return time.process_time(), _used(psutil.Process(self._server.pid)), sum(map(_used, database))


class Memory:
    """How much more the desk (this process) and the server need at most than before."""

    def __init__(self, server: Server) -> None:
        self._processes = psutil.Process(), psutil.Process(server.pid)
        self._before = self._most = self._now()

    def look(self) -> None:
        desk, server = self._now()
        self._most = max(desk, self._most[0]), max(server, self._most[1])

    def rows(self) -> list[Row]:
        return [
            {"name": f"memory for the first sync, {whose}", "median": (most - before) / 2**20, "unit": "MiB more"}
            for whose, before, most in zip(("desk", "server"), self._before, self._most, strict=True)
        ]

    def _now(self) -> tuple[int, int]:
        desk, server = (process.memory_info().rss for process in self._processes)
        return desk, server


def _used(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system)


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="deskline-bench-") as name:
        folder = Path(name)
        with served(folder / "server") as server:
            return asyncio.run(_measure(folder, server))


async def _measure(folder: Path, server: Server) -> list[Row]:
    ours, theirs = Figures(), Figures()
    loads = [os.getloadavg()[0]]
    async with _desk(folder / "one", server, "ann") as one, _desk(folder / "two", server, "ben") as two:
        house = await _begin(one, two)
        for number in range(ROUNDS):
            beside = folder / f"pouchdb{number}"
            beside.mkdir()
            for batch, found in (await asyncio.to_thread(reference.replicate, beside, CHANGES, *BATCHES)).items():
                theirs.note(f"push {batch}", CHANGES, *found.push)
                theirs.note(f"pull {batch}", CHANGES, *found.pull)
            await _there_and_back(one, two, server, house, CHANGES, ours)
            loads.append(os.getloadavg()[0])
        many = Figures()
        await _there_and_back(one, two, server, house, MANY, many)
        await one.start()
        await two.start()
        crowd = await _crowd(folder, server, one, two, house)
        async with _desk(folder / "three", server, "cas") as three:
            clock, memory = Clock(server), Memory(server)
            await three.start()
            await three.until(lambda: memory.look() or three.has(two.store.position().cursor), "the first sync", 600)
            many.note("first sync", MANY + ROUNDS * CHANGES, *clock.so_far())
            loads.append(os.getloadavg()[0])
    rows = []
    for name, goal in (("push", 3), ("push and settled", 3), ("pull", 5)):
        rows += _compared(f"{name}, {CHANGES:,} changes", name, ours, theirs, goal)
        rows += _compared(f"{name}, {MANY:,} changes", name, many, Figures(), goal)
    rows += _compared(f"first sync of {MANY + ROUNDS * CHANGES:,} records", "first sync", many, Figures(), 0)
    load = {"name": "load of the machine meanwhile", "median": statistics.median(loads), "p95": max(loads), "unit": ""}
    return [*rows, *memory.rows(), *crowd, load]


@contextlib.asynccontextmanager
async def _desk(folder: Path, server: Server, login: str) -> AsyncIterator[Desk]:
    desk = Desk(folder, server)
    await desk.enrol(login)
    try:
        yield desk
    finally:
        await desk.close()


async def _begin(one: Desk, two: Desk) -> str:
    """Both have met the server, and are offline again; returns the customer that everything is about."""
    await one.start()
    await two.start()
    customer = Organization(name="Tolland Castings plc", short_name="Tolland", kind="corporate", status="active")
    house: str = await one.write(lambda change: change.add(customer).id)
    await one.until(lambda: one.in_step, "the customer at the server")
    await two.until(lambda: two.has(one.store.position().cursor), "the customer at the other desk")
    await one.stop()
    await two.stop()
    return house


async def _there_and_back(one: Desk, two: Desk, server: Server, house: str, count: int, figures: Figures) -> None:
    """One desk's changes of a day offline go to the server, and then to another."""
    await one.add(count, house)
    clock, all_of_it = Clock(server), one.store.written()
    await one.start()
    await one.until(lambda: one.durable >= all_of_it, "the push", 600)
    figures.note("push", count, *clock.so_far())
    await one.until(lambda: one.has(0), "what became of it", 600)
    figures.note("push and settled", count, *clock.so_far())
    place = one.store.position().cursor
    await one.stop()
    clock = Clock(server)
    await two.start()
    await two.until(lambda: two.has(place), "the pull", 600)
    figures.note("pull", count, *clock.so_far())
    await two.stop()


async def _crowd(folder: Path, server: Server, one: Desk, two: Desk, house: str) -> list[Row]:
    """How soon others see a change, and what a connected desk costs."""
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.crowd", server.folder, server.url, str(DESKS),
        stdin=PIPE, stdout=PIPE, limit=2**26,
    )  # fmt: skip
    said, hears = crowd.stdout, crowd.stdin
    assert said is not None
    assert hears is not None

    async def told(what: str) -> None:
        assert (await said.readline()).decode().strip() == what

    await told("enrolled")
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    hears.write(b"\n")
    await told("connected")
    memory = (process.memory_info().rss - before) / DESKS / 1024
    seen: dict[str, float] = {}
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def came(entries: Sequence[Entry]) -> None:
        for entry in entries:
            seen[entry.record_id] = time.monotonic()
        loop.call_soon_threadsafe(arrived.set)

    unsubscribe = two.records.on_commit(came)
    written: dict[str, float] = {}
    for number in range(TOLD):
        follow_up = FollowUp(what=f"Quote {number}", owner="trader", organization_id=house)
        began = time.monotonic()
        made: str = await one.write(lambda change, each=follow_up: change.add(each).id)
        written[made] = began
        async with asyncio.timeout(60):
            while made not in seen:
                arrived.clear()
                await arrived.wait()
    unsubscribe()
    hears.write(f"{TOLD}\n".encode())
    heard: dict[str, list[float]] = json.loads(await said.readline())
    await crowd.wait()
    waits = [(seen[made] - began) * 1000 for made, began in written.items()]
    others = [(at - began) * 1000 for made, began in written.items() for at in heard[made]]
    return [
        _times(f"change on one desk seen on another, {DESKS} more connected", waits, "p95 under 300"),
        _times(f"change on one desk told to each of the {DESKS}", others, ""),
        {"name": "server memory per connected desk", "median": memory, "p95": None, "unit": "KiB"},
    ]


def _compared(name: str, key: str, ours: Figures, theirs: Figures, times: int) -> list[Row]:
    """Our rate, and how many times theirs it is, by the clock and by processor time."""
    parts = [f"{times} times PouchDB's"] if theirs.rates else []
    for batch in BATCHES if theirs.rates else ():
        other = f"{key.split()[0]} {batch}"
        rate, cost = theirs.rate(other), theirs.cost(other)
        parts.append(
            f"batch {batch}: {rate:,.0f}, {cost:,.0f} us of processor time; we are x{ours.rate(key) / rate:.1f}, "
            f"by processor time x{cost / ours.cost(key):.1f}"
        )
    return [
        {"name": name, "median": ours.rate(key), "unit": "per second", "goal": "; ".join(parts)},
        {
            "name": f"{name}: processor time of desk, server, database",
            "median": ours.cost(key),
            "unit": "us each",
            "goal": ours.parts(key),
        },
    ]


def _times(name: str, values: Sequence[float], goal: str) -> Row:
    ordered = sorted(values)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    return {"name": name, "median": statistics.median(ordered), "p95": p95, "unit": "ms", "goal": goal}
