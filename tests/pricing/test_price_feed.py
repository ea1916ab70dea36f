"""The simulated feed as a real process, its client, and what happens when it goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.market.book import PriceBook
from app.market.feed import FeedInstrument, WebSocketFeed
from app.market.loopback import LoopbackService
from plugins.pricing.walk import Walk

INSTRUMENTS = [
    FeedInstrument("eurusd", "fx", Decimal("1.0922"), 5, "rate"),
    FeedInstrument("vod", "bond", Decimal("98.412"), 3),
    FeedInstrument("shares", "equity", Decimal("101.5"), 2),
    FeedInstrument("swap", "irs", Decimal("2.651"), 4, "rate"),
]


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def service() -> AsyncIterator[LoopbackService]:
    made = LoopbackService("plugins.pricing.simulator", token_variable="DESKLINE_FEED_TOKEN")
    await made.start()
    yield made
    await made.stop()


async def test_a_thousand_updates_a_second_reach_the_book(service: LoopbackService) -> None:
    book = PriceBook()
    feed = WebSocketFeed(service.url, service.token, book)
    await feed.subscribe(INSTRUMENTS)
    await feed.start()
    try:
        await until(lambda: book.status.value.phase == "live")
        loop = asyncio.get_running_loop()
        version, began = book.version, loop.time()
        await until(lambda: book.version - version >= 1500)
        rate = (book.version - version) / (loop.time() - began)
        assert 500 < rate < 1500  # loosely: the machine may be busy
        for instrument in INSTRUMENTS:
            quote = book.quote(instrument.id)
            assert quote is not None
            assert quote.bid < quote.ask
            assert quote.open == instrument.start
            assert abs(quote.mid / instrument.start - 1) < Decimal("0.02")
            assert -quote.bid.as_tuple().exponent == instrument.decimals  # type: ignore[operator]
    finally:
        await feed.close()
    assert book.status.value.phase == "offline"


async def test_the_hour_before_is_known_when_the_first_quote_comes(service: LoopbackService) -> None:
    book = PriceBook()
    feed = WebSocketFeed(service.url, service.token, book)
    await feed.subscribe(INSTRUMENTS)
    await feed.start()
    try:
        await until(lambda: book.status.value.phase == "live")
        for instrument in INSTRUMENTS:
            history = book.history(instrument.id)
            assert len(history.seconds) > 100
            assert 3500 < history.seconds[-1] - history.seconds[0] <= 3600
            assert list(history.seconds) == sorted(history.seconds)
    finally:
        await feed.close()


async def test_a_killed_feed_leaves_stale_prices_and_comes_back(service: LoopbackService) -> None:
    book = PriceBook()
    feed = WebSocketFeed(service.url, service.token, book)
    await feed.subscribe(INSTRUMENTS[:2])
    await feed.start()
    try:
        await until(lambda: book.status.value.phase == "live")
        assert service.pid is not None
        phases: list[str] = []
        book.status.subscribe(lambda status: phases.append(status.phase))
        os.kill(service.pid, signal.SIGKILL)
        await until(lambda: "stale" in phases)
        assert all(quote.stale for quote in (book.quote("eurusd"), book.quote("vod")) if quote)
        await until(lambda: book.status.value.phase == "live")
        await feed.subscribe(INSTRUMENTS[2:])
        await until(lambda: all((quote := book.quote(one.id)) and not quote.stale for one in INSTRUMENTS))
    finally:
        await feed.close()


async def test_a_silent_feed_is_called_stale() -> None:
    service = LoopbackService(
        "plugins.pricing.simulator", token_variable="DESKLINE_FEED_TOKEN", arguments=["--rate", "0.001"]
    )
    await service.start()
    book = PriceBook()
    feed = WebSocketFeed(service.url, service.token, book, stale_seconds=0.2)
    await feed.subscribe(INSTRUMENTS[:1])
    await feed.start()
    try:
        await until(lambda: book.quote("eurusd"))
        await until(lambda: book.status.value.phase == "stale")
        assert "No price has arrived" in book.status.value.text
        await until(lambda: (quote := book.quote("eurusd")) and quote.stale)
    finally:
        await feed.close()
        await service.stop()


async def test_the_feed_refuses_strangers_and_web_pages(service: LoopbackService) -> None:
    with pytest.raises(InvalidStatus, match="401"):
        await connect(service.url, proxy=None)
    with pytest.raises(InvalidStatus, match="403"):
        await connect(
            service.url,
            origin="https://example.com",
            additional_headers={"Authorization": f"Bearer {service.token}"},
            proxy=None,
        )


async def test_the_feed_ends_with_its_parent() -> None:
    script = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'plugins.pricing.simulator'], stdout=subprocess.PIPE,"
        " stdin=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); os._exit(0)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env={**os.environ, "DESKLINE_FEED_TOKEN": "t"}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(parent.communicate(), 30)
    child = int(output)

    def gone() -> bool:
        try:
            with open(f"/proc/{child}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    await until(gone)


def test_the_same_seed_walks_the_same_way() -> None:
    one, two = Walk(INSTRUMENTS[0], "7"), Walk(INSTRUMENTS[0], "7")
    assert [one.step(0.1) for _ in range(50)] == [two.step(0.1) for _ in range(50)]


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.kind)
def test_a_day_of_walking_stays_believable(instrument: FeedInstrument) -> None:
    walk = Walk(instrument, "7")
    start = float(instrument.start) * 10**instrument.decimals
    for _ in range(5000):
        bid, ask, size = walk.step(6.0)
        assert 0 < bid < ask
        assert size > 0
        assert abs(bid / start - 1) < 0.05
        assert (ask - bid) / start < 0.01
