"""The simulated price feed: ``python -m plugins.pricing.simulator``.

A websocket on loopback. The client names instruments and start prices; the feed walks them with a fixed seed. Reads
its token from DESKLINE_FEED_TOKEN and ends with its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Sequence

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from app.market.feed import Batch, Subscribe
from app.market.loopback import announce, parent_ended, refusal, token_from_environment
from plugins.pricing.walk import Walk

TOKEN_VARIABLE = "DESKLINE_FEED_TOKEN"
BATCH_SECONDS = 0.02
PAST_SECONDS, PAST_STEP = 3600, 30
"""A client gets an hour of prices at this step when it subscribes."""

log = logging.getLogger(__name__)


class FeedServer:
    """Quotes each client's own subscription at ``rate`` updates a second in all."""

    def __init__(self, rate: float, seed: int) -> None:
        self._rate = rate
        self._seed = seed

    async def serve_client(self, socket: ServerConnection) -> None:
        walks: list[Walk] = []
        listening = asyncio.create_task(self._listen(socket, walks))
        try:
            await self._tick(socket, walks)
        except ConnectionClosed:
            pass
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await listening

    async def _listen(self, socket: ServerConnection, walks: list[Walk]) -> None:
        decoder = msgspec.msgpack.Decoder(Subscribe)
        async for message in socket:
            try:
                request = decoder.decode(message if isinstance(message, bytes) else message.encode())
            except (msgspec.DecodeError, UnicodeError):
                await socket.close(1003, "only subscribe messages are understood")
                return
            fresh = [Walk(instrument, str(self._seed)) for instrument in request.instruments]
            first = len(walks)
            await self._send_past(socket, first, fresh)
            walks.extend(fresh)
            # Every instrument shows a price at once, however slow its turn comes round.
            await self._send(socket, [(first + index, walk) for index, walk in enumerate(fresh)], 0.02)

    async def _send_past(self, socket: ServerConnection, first: int, fresh: Sequence[Walk]) -> None:
        """The last hour: the walks begin in it, so that now follows from it."""
        now = int(time.time() * 1000)
        for ago in range(PAST_SECONDS, 0, -PAST_STEP):
            flat = [value for place, walk in enumerate(fresh, first) for value in (place, *walk.step(PAST_STEP))]
            await socket.send(msgspec.msgpack.encode(Batch(now - ago * 1000, flat, past=True)))

    async def _tick(self, socket: ServerConnection, walks: list[Walk]) -> None:
        clock = asyncio.get_running_loop().time
        chooser = random.Random(self._seed)
        owed = 0.0
        last = clock()
        while True:
            await asyncio.sleep(BATCH_SECONDS)
            now = clock()
            if not walks:
                last = now
                continue
            # After a pause (a suspended laptop) at most a second's worth is caught up.
            owed += self._rate * min(now - last, 1.0)
            last = now
            count, owed = int(owed), owed % 1
            if count:
                chosen = chooser.choices(range(len(walks)), k=count)
                await self._send(socket, [(place, walks[place]) for place in chosen], len(walks) / self._rate)

    async def _send(self, socket: ServerConnection, walks: Sequence[tuple[int, Walk]], seconds: float) -> None:
        flat: list[int] = []
        for place, walk in walks:
            flat.append(place)
            flat.extend(walk.step(seconds))
        await socket.send(msgspec.msgpack.encode(Batch(int(time.time() * 1000), flat)))


async def run(port: int, rate: float, seed: int) -> None:
    token = token_from_environment(TOKEN_VARIABLE)
    feed = FeedServer(rate, seed)

    def guard(connection: ServerConnection, request: Request) -> Response | None:
        return refusal(connection, request, token)

    async with serve(feed.serve_client, "127.0.0.1", port, process_request=guard, compression=None) as server:
        announce(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await parent_ended()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="plugins.pricing.simulator", description="Simulated price feed.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--rate", type=float, default=1000.0, help="updates a second in all (default 1000)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the random walks")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(options.port, options.rate, options.seed))


if __name__ == "__main__":
    main()
