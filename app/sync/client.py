"""Keeps the desk in step: opens connections, moves frames between them and the session, and says how it stands.

Lives on the I/O loop. The session and the store it writes to are used on one thread of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from app.records.errors import StoreError
from app.sync.protocol import BadFrame, FromDesk, FromServer, Renew, encode, read_from_server
from app.sync.session import DeskSession, Status
from app.sync.transports import Connect, Connection, TokenRefused, Unreachable

T = TypeVar("T")
_OVER = frozenset({"refused", "wiped", "offline"})
"""States in which nothing more is said on a connection."""
log = logging.getLogger(__name__)

_LOOK = 5.0
_RENEW = 60.0
"""Seconds between looks at whether the connection needs a newer access token."""
_ASLEEP = 20.0
"""A look that comes this many seconds late: the machine slept, and connections from before are not to be trusted."""


class SignInNeeded(Exception):
    """Nobody is signed in, or no longer; ``str()`` says what to do."""


class SyncClient:
    """``token`` gets a valid access token, fresh if the last one was refused; it raises SignInNeeded, Unreachable.

    ``changed`` hears of every new status, on the loop.
    """

    def __init__(
        self,
        session: DeskSession,
        connect: Connect,
        token: Callable[[bool], Awaitable[str]],
        changed: Callable[[Status], None],
    ) -> None:
        self._session = session
        self._connect = connect
        self._token = token
        self._changed = changed
        self._thread = ThreadPoolExecutor(1, "sync")
        self._connection: Connection | None = None
        self._refused_token = False
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told: Status | None = None
        self._problem = ""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sync")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown()

    def wrote(self) -> None:
        """The desk has logged a change. From the loop's thread."""
        self._nudged.set()

    async def retry(self) -> None:
        """Now, not when it would be time."""
        await self._do(self._session.retry)
        self._nudged.set()

    async def reconnect(self) -> None:
        """Ends the connection, if there is one, and makes another: somebody else has signed in, or nobody has."""
        if self._connection is not None:
            self._refused_token = True
            await self._connection.close()
        await self.retry()

    async def reserve(self, line_id: str, amount: str | None = None) -> bool:
        """Asks for a part of a credit line; False while offline. What is granted arrives as a record."""
        asked = await self._do(partial(self._session.reserve, line_id, amount))
        await self._send(asked)
        return bool(asked)

    # -- the loop

    async def _run(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            while True:
                await self._until_time()
                await self._do(self._session.connecting)
                await self._tell()
                reason = await self._converse()
                await self._do(partial(self._session.lost, reason))
                await self._tell()
        finally:
            watch.cancel()
            if self._connection is not None:
                await self._connection.close()

    async def _until_time(self) -> None:
        while True:
            at = self._session.wake_at
            left = None if at is None else at - time.monotonic()
            if left is not None and left <= 0:
                return
            self._nudged.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._nudged.wait()
            await self._tell()

    async def _converse(self) -> str:
        """One connection, from its opening to its end; returns why it ended, in a sentence."""
        try:
            token = await self._token(self._refused_token)
            self._connection = await self._connect(token)
            self._refused_token = False
            coming = _Coming(self._connection)
            beside: list[asyncio.Task[Any]] = [
                asyncio.create_task(self._push_as_written()),
                asyncio.create_task(self._renew(token)),
            ]
            try:
                await self._send(await self._do(self._session.opened))
                while True:
                    message = await coming.take()
                    await self._send(await self._do(partial(self._session.ahead, message)))
                    await self._send(await self._do(partial(self._session.received, message)))
                    await self._tell()
                    if self._session.state in _OVER:
                        return self._problem
            finally:
                beside.append(coming.task)
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
        except TokenRefused:
            self._refused_token = True
            return "Signing in again."
        except SignInNeeded as error:
            await self._do(partial(self._session.signed_out, str(error)))
            return str(error)
        except BadFrame as error:
            return f"The server said something that cannot be understood. {error}"
        except (Unreachable, StoreError) as error:
            return str(error)
        except Exception:
            log.exception("the conversation with the server failed")
            return "Something went wrong in what the server sent. It is tried again."
        finally:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _push_as_written(self) -> None:
        while True:
            await self._nudged.wait()
            self._nudged.clear()
            try:
                await self._send(await self._do(self._session.wrote))
            except StoreError as error:
                log.warning("what was written could not be read for sync: %s", error)
            await self._tell()

    async def _renew(self, token: str) -> None:
        """A connection outlives the access token it was opened with."""
        while True:
            await asyncio.sleep(_RENEW)
            with contextlib.suppress(SignInNeeded, Unreachable):  # it ends by itself when its token does
                newer = await self._token(False)
                if newer != token:
                    token = newer
                    await self._send([Renew(token)])

    async def _watch(self) -> None:
        """Sees that the machine slept: wall time went on without us."""
        while True:
            before = time.time()
            await asyncio.sleep(_LOOK)
            if time.time() - before - _LOOK > _ASLEEP:
                if self._connection is not None:
                    await self._connection.close()
                await self.retry()

    async def _send(self, messages: Sequence[FromDesk]) -> None:
        for message in messages:
            if self._connection is not None:
                await self._connection.send(encode(message))

    async def _tell(self) -> None:
        status = await self._do(lambda: self._session.status)
        if status != self._told:
            self._told = status
            self._changed(status)
        self._problem = status.problem

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class _Coming:
    """What the server says, one message ahead: the next one is received and read while the last is taken in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.task = self._begin()

    async def take(self) -> FromServer:
        message = await self.task
        self.task = self._begin()
        return message

    def _begin(self) -> asyncio.Task[FromServer]:
        return asyncio.create_task(self._read())

    async def _read(self) -> FromServer:
        return read_from_server(await self._connection.receive())
