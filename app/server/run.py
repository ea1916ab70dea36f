"""``deskline server``: one process that serves desks, over a Postgres of its own or a given one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.records.errors import StoreBusy
from app.records.hlc import utc_now
from app.records.lock import FolderLock
from app.server import tables, tokens
from app.server.administration import Administration, found_firm
from app.server.certificate import fingerprint, own_certificate
from app.server.database import connect, migrate
from app.server.openid import Provider
from app.server.postgres import EmbeddedPostgres, PostgresFailed
from app.server.postgres_ledger import PostgresLedger
from app.server.tokens import AccessTokens
from app.server.web import Doors
from app.sync.protocol import MAX_FRAME

log = logging.getLogger(__name__)

PORT = 8455
FIRST_ADMINISTRATOR = "admin"
_FILES = 16_384
_LOOK = 1.0
"""Seconds between looks at whether our own Postgres is there."""


class CannotServe(Exception):
    """``str()`` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """``database`` None: a Postgres of our own in ``folder``. ``plain``: no TLS, on this machine only."""

    folder: Path
    database: str | None = None
    host: str = "127.0.0.1"
    port: int = PORT
    certificate: Path | None = None
    key: Path | None = None
    plain: bool = False
    firm_name: str = "Deskline"
    openid: Provider | None = None
    nats: str = ""


def serve(options: Options, say: Callable[[str], None]) -> None:
    """Serves until it is told to stop (SIGINT, SIGTERM). Raises CannotServe."""
    if options.plain and options.host not in ("127.0.0.1", "::1", "localhost"):
        raise CannotServe("Without TLS the server listens on this machine only: leave out --plain, or --listen.")
    let_many_in()
    options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database_of(options.folder, options.database, serving=True) as (url, postgres):
        asyncio.run(_serve(options, url, postgres, say))


def let_many_in() -> None:
    """Each desk is an open file, and many systems let a process have 1,024 unless it asks for more."""
    if sys.platform != "win32":
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if now != resource.RLIM_INFINITY:
            wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, wanted), most))


@contextmanager
def database_of(
    folder: Path, database: str | None, *, serving: bool = False
) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The database's URL, and our own Postgres if it is that. Raises CannotServe.

    One server at a time has the folder, and stops what it started; an administrator's command beside it does not.
    """
    if database is not None:
        yield database, None
        return
    try:
        postgres = EmbeddedPostgres(folder)
        lock = FolderLock(folder / "server.lock") if serving else None
    except PostgresFailed as error:
        raise CannotServe(str(error)) from error
    except StoreBusy as error:
        raise CannotServe(f"Another server runs in {folder}. Stop it, or name another folder with --data.") from error
    except OSError as error:
        raise CannotServe(f"The server's folder {folder} cannot be used: {error.strerror or error}.") from error
    try:
        started = postgres.start()
        try:
            yield postgres.url, postgres
        finally:
            if started or serving:
                postgres.stop()
    except PostgresFailed as error:
        raise CannotServe(str(error)) from error
    finally:
        if lock is not None:
            lock.release()


class Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would end the process by them before our own Postgres has stopped."""

    def __init__(self, config: uvicorn.Config, doors: Doors) -> None:
        super().__init__(config)
        self._doors = doors

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self._doors.hub.go()
        self.should_exit = True


async def access_tokens(engine: AsyncEngine) -> AccessTokens:
    """The keys that all processes share, the newest first; made by the first."""
    keys = tables.signing_key
    async with engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE signing_key IN EXCLUSIVE MODE")
        found = list(await connection.scalars(select(keys.c.key).order_by(keys.c.created.desc())))
        if not found:
            key = tokens.new_signing_key()
            await connection.execute(insert(keys).values(id=key["kid"], key=dict(key), created=utc_now()))
            found = [key]
    return AccessTokens(found)


async def _serve(options: Options, url: str, postgres: EmbeddedPostgres | None, say: Callable[[str], None]) -> None:
    engine = connect(url)
    try:
        await migrate(engine)
        firm, new = await found_firm(engine, options.firm_name)
        if new:
            await _first_administrator(engine, firm, say)
        doors = Doors(url, engine, await access_tokens(engine), options.openid, options.nats)
        listener = _listen(options.host, options.port)
        server = Server(_configuration(options, doors, listener, say), doors)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        gc.freeze()  # what stands until the end is not looked through again and again
        async with _kept_running(postgres):
            await server.serve(sockets=[listener])
    finally:
        await engine.dispose()


async def _first_administrator(engine: AsyncEngine, firm: str, say: Callable[[str], None]) -> None:
    administration = Administration(engine, PostgresLedger(engine), firm, "system:server")
    _, password = await administration.add_user(FIRST_ADMINISTRATOR, "Administrator", "", ["administrator"])
    say(f"The first user is {FIRST_ADMINISTRATOR}, with the one-time password {password} (shown only now).")


def _configuration(
    options: Options, doors: Doors, listener: socket.socket, say: Callable[[str], None]
) -> uvicorn.Config:
    files: tuple[Path, Path] | None = None
    if not options.plain:
        if options.certificate is not None and options.key is not None:
            files = options.certificate, options.key
        else:
            files = own_certificate(options.folder, (options.host,))
    host, port = listener.getsockname()[:2]
    say(f"Deskline's server listens on {'http' if files is None else 'https'}://{host}:{port}")
    if files is not None:
        say(f"Its certificate's fingerprint (SHA-256) is {fingerprint(files[0])}")
    return uvicorn.Config(
        doors.application,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=MAX_FRAME,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        # Desks are sent on their way at once: this is for lines that nobody reads. What is cut off comes again.
        timeout_graceful_shutdown=2,
        ssl_certfile=None if files is None else str(files[0]),
        ssl_keyfile=None if files is None else str(files[1]),
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotServe(f"The server cannot listen on {host}:{port}: {error.strerror}.") from error
    return listener


@asynccontextmanager
async def _kept_running(postgres: EmbeddedPostgres | None) -> AsyncIterator[None]:
    """Starts our own Postgres again if it dies; meanwhile desks are told that the server is busy."""

    async def watch(postgres: EmbeddedPostgres) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            try:
                if await asyncio.to_thread(postgres.start):
                    log.warning("the database had stopped and was started again")
            except PostgresFailed as error:
                log.error("the database does not start: %s", error)

    task = None if postgres is None else asyncio.create_task(watch(postgres), name="postgres")
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
