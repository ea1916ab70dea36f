"""Desks as processes, what they have acknowledged, and what must be true when all is quiet again."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
from asyncio import Runner
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from app.records.audit import verify
from app.server import audit
from app.server.administration import Administration
from app.server.database import connect
from app.server.postgres_ledger import PostgresLedger
from tests.faults.network import Network
from tests.simulation.checks import at_quiet
from tests.simulation.real import RealDesk, RealLedger

ROOT = Path(__file__).parents[2]
HOLDS = frozenset({"*", "desk:Rates"})


@dataclass
class Desk:
    """A desk's process, started again as often as it is killed. ``told``: what it said, the newest last."""

    folder: Path
    name: str
    network: Network
    code: str
    once: str
    acknowledged: set[str] = field(default_factory=set)
    told: list[dict[str, Any]] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        since = len(self.told)
        url = f"https://127.0.0.1:{self.network.port}"
        with (self.folder.parent / f"{self.name}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.desk", str(self.folder), self.name, url, self.code, self.once,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._process))
        await self.until(lambda: any(fact["fact"] == "ready" for fact in self.told[since:]), "its start")

    async def kill(self) -> None:
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    def say(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(word.encode() + b"\n")

    async def look(self) -> dict[str, Any]:
        """How it stands now."""
        since = len(self.told)
        self.say("look")
        await self.until(lambda: any(fact["fact"] == "look" for fact in self.told[since:]), "how it stands")
        return next(fact for fact in self.told[since:] if fact["fact"] == "look")

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name}: waited in vain for {what}; it said last {self.told[-3:]}") from None

    @property
    def site(self) -> str:
        return str(self.facts("ready")[-1]["site"])

    def facts(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        return [fact for fact in self.told[since:] if fact["fact"] == kind]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while (line := await process.stdout.readline()).endswith(b"\n"):
            fact = json.loads(line)
            if fact["fact"] == "acknowledged":
                self.acknowledged.update(fact["entries"])
            else:
                self.told.append(fact)
            self._news.set()


class Office:
    """A firm's desks around the server at ``address``, over the database at ``url``."""

    def __init__(self, folder: Path, address: str, url: str) -> None:
        self._folder, self.url = folder, url
        parts = urlsplit(address)
        self._place = parts.hostname or "", parts.port or 0
        self.desks: list[Desk] = []

    async def open(self, count: int) -> None:
        await asyncio.gather(*[self.add(f"desk{number}") for number in range(1, count + 1)])

    async def add(self, name: str, folder: Path | None = None) -> Desk:
        engine = connect(self.url, connections=1)
        try:
            acts = Administration(engine, PostgresLedger(engine), await self._firm(engine), "admin:test")
            _, once = await acts.add_user(name, name.title(), "Rates", ["trader"])
            _, code = await acts.add_device(name, "Rates")
        finally:
            await engine.dispose()
        network = Network(*self._place)
        await network.start()
        desk = Desk(folder or self._folder / name, name, network, code, once)
        self.desks.append(desk)
        await desk.start()
        return desk

    async def close(self) -> None:
        for desk in self.desks:
            await desk.kill()
            await desk.network.close()

    async def rest(self, seconds: float = 240) -> None:
        """Nobody types any more: waits until every desk has everything, without a hand from anybody."""
        for desk in self.desks:
            desk.say("rest")
        try:
            async with asyncio.timeout(seconds):
                while not await self._in_step():
                    await asyncio.sleep(0.5)
        except TimeoutError:
            looks = [await desk.look() for desk in self.desks]
            ends = [await self._end(desk) for desk in self.desks]
            raise AssertionError(f"not in step after {seconds} s: {looks}, the last places for them {ends}") from None

    async def _in_step(self) -> bool:
        looks = [await desk.look() for desk in self.desks]
        ends = [await self._end(desk) for desk in self.desks]
        return all(
            (look["state"], look["to_sync"]) == ("online", 0) and look["cursor"] >= end
            for look, end in zip(looks, ends, strict=True)
        )

    async def _end(self, desk: Desk) -> int:
        """The last place that is for this desk to see: what was refused of another's is not, and is not told."""
        query = text("SELECT COALESCE(max(seq), 0) FROM item WHERE NOT site_only OR site = :site")
        engine = connect(self.url, connections=1)
        try:
            async with engine.connect() as connection:
                return int((await connection.execute(query, {"site": desk.site})).scalar_one())
        finally:
            await engine.dispose()

    async def _firm(self, engine: Any) -> str:
        async with engine.connect() as connection:
            return str((await connection.exec_driver_sql("SELECT id FROM firm")).scalar_one())


def check(url: str, desks: Sequence[Desk]) -> int:
    """With all desks closed: the invariants of the simulation, over what really lies on the disks; how many changes.

    Each acknowledged change has its one place in the order; desks and server hold the same; every chain verifies; what
    does not stand was replaced by somebody who saw it, or shows as a conflict, or waits in quarantine.
    """
    with Runner() as runner:
        ledger = RealLedger(runner, url, lambda: 0, lambda done: None)
        disks = [RealDesk(desk.folder, lambda: dt.datetime.now(dt.UTC), lambda done: None) for desk in desks]
        try:
            firm = runner.run(_only(ledger))
            online = SimpleNamespace(status=SimpleNamespace(state="online"))
            these = [
                SimpleNamespace(name=desk.name, disk=disk, session=online, revoked=False)
                for desk, disk in zip(desks, disks, strict=True)
            ]
            world: Any = SimpleNamespace(
                ledger=ledger,
                firm=firm,
                desks=these,
                serving=these,
                erased=(),
                devices={disk.site: SimpleNamespace(holds=HOLDS) for disk in disks},
            )
            at_quiet(world)
            assert runner.run(audit.check(ledger.engine, firm)).entries > 0
            placed = [each.item.entry_id for each in ledger.firms[firm].placed]
            assert len(placed) == len(set(placed))
            for desk, disk in zip(desks, disks, strict=True):
                assert desk.acknowledged <= set(placed), f"lost: {desk.acknowledged - set(placed)}"
                assert verify(disk.records).problems == []
        finally:
            for disk in disks:
                disk.close()
            runner.run(ledger.engine.dispose())
    return len(placed)


async def _only(ledger: RealLedger) -> str:
    async with ledger.engine.connect() as connection:
        return str((await connection.exec_driver_sql("SELECT id FROM firm")).scalar_one())
