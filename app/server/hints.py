"""Hints over NATS that a firm's order has grown, between the processes of a server.

Postgres tells its listeners as well, but its notifications make the commits of a whole database wait for one another.
A hint carries nothing but a firm and a place, is kept nowhere, and may be lost: then what is new is found by looking.
What is true is in Postgres.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

log = logging.getLogger(__name__)

_SUBJECT = "deskline.places"
_AGAIN = 2
"""Seconds between attempts to reach NATS."""


class Hints:
    """``heard`` takes ``<firm> <place>``; ``missed`` is called when there may have been some that were not heard."""

    def __init__(self, url: str, heard: Callable[[str], None], missed: Callable[[], Awaitable[None]]) -> None:
        self._url, self._heard, self._missed = url, heard, missed
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def start(self) -> None:
        """Does not wait for NATS: without it the database tells."""
        self._task = asyncio.create_task(self._connect(), name="hints")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._client is not None:
            await self._client.close()

    async def tell(self, firm: str, place: int) -> None:
        if self._client is not None:
            with contextlib.suppress(nats.errors.Error):  # gone meanwhile: who waits will look
                await self._client.publish(_SUBJECT, f"{firm} {place}".encode())

    async def _connect(self) -> None:
        while True:
            try:
                client = await nats.connect(
                    self._url, name="deskline", max_reconnect_attempts=-1, reconnect_time_wait=_AGAIN,
                    error_cb=self._failed, reconnected_cb=self._missed,
                )  # fmt: skip
                await client.subscribe(_SUBJECT, cb=self._take)
            except (nats.errors.Error, OSError) as error:
                await self._failed(error)
                await asyncio.sleep(_AGAIN)
                continue
            self._client = client
            return await self._missed()

    async def _take(self, message: Msg) -> None:
        self._heard(message.data.decode(errors="replace"))

    async def _failed(self, error: Exception) -> None:
        log.warning("NATS cannot be reached: %s", type(error).__name__)
