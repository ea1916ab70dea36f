"""A real server for tests: a process of its own over the embedded Postgres, and desks' records that come in step."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from app.records.log import Entry
from app.records.store import Records
from app.server.administration import Administration
from app.server.database import connect
from app.server.postgres_ledger import PostgresLedger
from app.server.run import database_of
from app.sync import enrolment, transports
from app.sync.client import SyncClient
from app.sync.enrolment import DEVICE_SECRET, Forms, Pass, ServerUser
from app.sync.session import DeskSession, Status
from app.sync.store import RecordsStore
from app.sync.transports import Connection

T = TypeVar("T")
KEY = bytes(range(32))
PASSWORD = "a long password of the tests"

LISTENS = re.compile(r"listens on (https?://\S+:(\d+))")


class Server:
    """``deskline server`` in a process, in ``folder``, on a port that it keeps when it is started again."""

    def __init__(self, folder: Path, *, plain: bool = False, issuer: str = "") -> None:
        self.folder = folder
        self._openid = f"Provider({issuer!r}, 'deskline')" if issuer else None
        self._plain = plain
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        options = f"Options(Path({str(self.folder)!r}), port={self._port}, plain={self._plain}, openid={self._openid})"
        code = (
            "from pathlib import Path; from app.server.openid import Provider;"
            "from app.server.run import Options, serve;"
            f"serve({options}, lambda text: print(text, flush=True))"
        )
        self._process = process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert process.stdout is not None
        for line in process.stdout:
            if found := LISTENS.search(line):
                self.url, self._port = found[1], int(found[2])
                break
        else:
            raise AssertionError("the server did not start")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=30)
            self._process = None

    def kill(self) -> None:
        """As if the machine had lost its power; its Postgres lives on, and the next start takes it over."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=30)
            self._process = None

    # -- what an administrator does beside it

    def add_user(self, login: str, name: str, *roles: str) -> str:
        """The one-time password."""
        return self._administer(lambda acts: acts.add_user(login, name, "Rates", roles or ("trader",)))[1]  # type: ignore[arg-type]

    def add_device(self, name: str, *, brings_history: bool = False) -> str:
        """The code."""
        return self._administer(lambda acts: acts.add_device(name, "Rates", brings_history=brings_history))[1]

    def revoke_all(self) -> None:
        async def work(acts: Administration) -> None:
            for device in await acts.devices():
                await acts.revoke_device(device["id"])

        self._administer(work)

    def purged(self) -> bool:
        """Whether a device that was revoked has said that it keeps nothing."""

        async def work(acts: Administration) -> bool:
            return any(device["purged"] is not None for device in await acts.devices())

        return self._administer(work)

    def _administer(self, work: Callable[[Administration], Awaitable[T]]) -> T:
        async def run(url: str) -> T:
            engine = connect(url)
            try:
                async with engine.connect() as connection:
                    firm = (await connection.exec_driver_sql("SELECT id FROM firm")).scalar_one()
                return await work(Administration(engine, PostgresLedger(engine), firm, "admin:test"))
            finally:
                await engine.dispose()

        with database_of(self.folder, None) as (url, _):
            return asyncio.run(run(url))


@contextmanager
def served(folder: Path | None = None, *, plain: bool = False, issuer: str = "") -> Iterator[Server]:
    """A running server in ``folder``; without one in a folder of its own, which goes with it."""
    with ExitStack() as stack:
        if folder is None:
            # Not pytest's own folder: Postgres runs as another user where we are root.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskline-test-")))
        server = Server(folder, plain=plain, issuer=issuer)
        server.start()
        stack.callback(server.stop)
        yield server


class InMemory:
    """Secrets of a desk that nobody keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, secret: str) -> None:
        self.kept[name] = secret

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)


class Station:
    """A desk without its window: real records, kept in step by the real client. ``statuses``: all that it told."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.records = Records.open(folder, KEY)
        self.store = RecordsStore(self.records)
        self.secrets = InMemory()
        self.statuses: list[Status] = []
        self._server = server
        self._changed = asyncio.Event()
        self.user: ServerUser
        self.forms: Forms
        self.who: Pass
        self.client: SyncClient

    async def enrol(self, login: str) -> None:
        server = self._server
        password = await asyncio.to_thread(server.add_user, login, login.capitalize())
        code = await asyncio.to_thread(server.add_device, login)
        certificate = await enrolment.self_made_certificate(server.url)
        self.tls = enrolment.tls(certificate)
        self.forms = Forms(server.url, certificate)
        enrolled = await self.forms.enrol(code, self.records.site, self.store.written())
        self.secrets.set(DEVICE_SECRET, enrolled.secret)
        self.who = Pass(self.forms, enrolled.device, self.secrets)
        self.user = await self.who.sign_in(login, password, PASSWORD)

    async def start(self) -> None:
        session = DeskSession(
            self.store, now=time.time, steady=time.monotonic, random=Random(1), app_version="1.0", schema_version=3
        )
        loop = asyncio.get_running_loop()
        self.client = SyncClient(session, self.connect, self.who.token, self._told)

        def committed(entries: Sequence[Entry]) -> None:
            if entries[0].site == self.records.site:
                loop.call_soon_threadsafe(self.client.wrote)
            loop.call_soon_threadsafe(self._changed.set)

        self._unsubscribe = self.records.on_commit(committed)
        self.client.start()

    async def connect(self, token: str) -> Connection:
        return await transports.connect(self._server.url, token, self.tls)

    async def stop(self) -> None:
        """The network is gone; ``start`` brings it back."""
        self._unsubscribe()
        await self.client.close()

    async def close(self) -> None:
        await self.stop()
        await self.forms.close()
        self.records.close()

    @property
    def status(self) -> Status:
        return self.statuses[-1]

    async def write(self, work: Callable[[Any], T]) -> T:
        return await self.records.write(f"user:{self.user.id}", work)

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
        """Waits until it holds, looking after every commit and every status."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := condition()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; the last status: {self.statuses[-1:]}") from None
        return found

    def _told(self, status: Status) -> None:
        self.statuses.append(status)
        self._changed.set()
