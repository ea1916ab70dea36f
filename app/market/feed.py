"""A price feed and the client of the loopback one.

A real feed adapter implements ``PriceFeed``: it writes ticks to the book and says in ``book.status`` how it is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from app.market.book import FeedPhase, FeedStatus, PriceBook, Tick
from app.market.loopback import credentials
from app.services import Clock, utc_now

if TYPE_CHECKING:
    from app.records.tables import Instrument

log = logging.getLogger(__name__)

STALE_SECONDS = 3.0
_RECONNECT_DELAYS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class FeedInstrument(msgspec.Struct, frozen=True):
    """What a feed needs to know to quote an instrument. ``start`` is the last close; prices have ``decimals``."""

    id: str
    kind: str  # as Instrument.kind
    start: Decimal
    decimals: int
    price_type: str = "price"

    @classmethod
    def of(cls, row: Instrument) -> FeedInstrument:
        return cls(row.id, row.kind, row.reference_price, row.price_decimals, row.price_type)


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    """Client to feed: quote these too. Ticks name an instrument by its place in the order of subscription."""

    instruments: list[FeedInstrument]


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """Feed to client: Unix milliseconds and flat runs of (place, bid, ask, size), prices in last-decimal steps.

    ``past``: how it stood before the client came, oldest first, sent once and ahead of the first quotes.
    """

    at: int
    ticks: list[int]
    past: bool = False


class PriceFeed(Protocol):
    """What brings prices into the book."""

    async def start(self) -> None: ...

    async def subscribe(self, instruments: Iterable[FeedInstrument]) -> None:
        """Adds instruments; those already subscribed are left alone."""

    async def close(self) -> None: ...


class WebSocketFeed:
    """Client of a feed that speaks MessagePack batches over a websocket. Reconnects and marks stale by itself."""

    def __init__(
        self,
        url: str,
        token: str,
        book: PriceBook,
        *,
        source: str = "Simulated",
        clock: Clock = utc_now,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        self._url = url
        self._token = token
        self._book = book
        self._source = source
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._instruments: dict[str, FeedInstrument] = {}
        self._sent: list[FeedInstrument] = []
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="price feed")

    async def subscribe(self, instruments: Iterable[FeedInstrument]) -> None:
        added = [instrument for instrument in instruments if instrument.id not in self._instruments]
        for instrument in added:
            self._instruments[instrument.id] = instrument
            self._book.set_open(instrument.id, instrument.start)
        if added and self._socket is not None:
            with contextlib.suppress(WebSocketException):  # the reconnect subscribes to everything
                await self._send(self._socket, added)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._say("offline", "The price feed is closed.")
        self._book.mark_stale()

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._say("connecting", f"Connecting to {self._source} prices.")
            try:
                async with connect(
                    self._url, additional_headers=credentials(self._token), proxy=None, compression=None
                ) as socket:
                    attempt = 0
                    self._sent = []
                    await self._send(socket, list(self._instruments.values()))
                    self._socket = socket
                    await self._receive(socket)
            except InvalidHandshake as problem:
                log.warning("the price feed refused the connection: %s", problem)
            except (OSError, WebSocketException) as problem:
                log.info("the price feed is away: %s", problem)
            finally:
                self._socket = None
            self._book.mark_stale()
            self._say("stale", "The price feed is away; last prices are shown. Deskline keeps trying to reconnect.")
            await asyncio.sleep(_RECONNECT_DELAYS[min(attempt, len(_RECONNECT_DELAYS) - 1)])
            attempt += 1

    async def _send(self, socket: ClientConnection, instruments: list[FeedInstrument]) -> None:
        self._sent.extend(instruments)
        await socket.send(msgspec.msgpack.encode(Subscribe(instruments)))

    async def _receive(self, socket: ClientConnection) -> None:
        decode = msgspec.msgpack.Decoder(Batch).decode
        while True:
            try:
                async with asyncio.timeout(self._stale_seconds):
                    message = await socket.recv(decode=False)
            except TimeoutError:
                self._book.mark_stale(self._clock() - dt.timedelta(seconds=self._stale_seconds))
                self._say("stale", f"No price has arrived for {self._stale_seconds:g} s.")
                continue
            try:
                batch = decode(message)
            except (msgspec.DecodeError, UnicodeError):
                log.exception("the price feed sent something that is no batch of prices")
                continue
            if batch.past:
                self._book.recall(self._ticks(batch.ticks), dt.datetime.fromtimestamp(batch.at / 1000, dt.UTC))
                continue
            self._book.update(self._ticks(batch.ticks), self._clock())
            self._say("live", "")

    def _ticks(self, flat: list[int]) -> Iterable[Tick]:
        sent = self._sent
        for index in range(0, len(flat) - 3, 4):
            instrument = sent[flat[index]]
            scale = -instrument.decimals
            bid, ask = Decimal(flat[index + 1]).scaleb(scale), Decimal(flat[index + 2]).scaleb(scale)
            yield Tick(instrument.id, bid, ask, flat[index + 3])

    def _say(self, phase: FeedPhase, text: str) -> None:
        status = FeedStatus(phase, self._source, text)
        if self._book.status.value != status:
            self._book.status.set(status)
