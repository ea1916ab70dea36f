"""How much a connection may ask: the allowance, the depth, and that a flood costs nobody but its sender."""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import Running, eventually
from talking import NOW, Page, Socket, request
from web_site import web_record

from fdc3.limits import DEEPEST, PIECE, Allowance, check_depth
from fdc3.transports.link import LARGEST_REQUEST
from fdc3.types import Contact, Instrument
from fdc3.types.errors import ResolverUnavailable
from fdc3.types.metadata import AppIdentifier

SIX = "fdc3.channel.6"
RECORDS = [web_record(name, f"https://{name}.example") for name in ("crm", "analytics", "turret", "pricing")]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("memory", *RECORDS) as running:
        running.host._observers._callbacks.clear()  # what they check would take longer than all that is tested here
        yield running


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_allowance_is_a_burst_and_then_a_rate() -> None:
    clock = Clock()
    allowance = Allowance(rate=10, burst=5, clock=clock)
    assert [allowance.spend(100) for _ in range(7)] == [0, 0, 0, 0, 0, 0.1, 0.2]
    clock.now = 0.2
    assert allowance.spend(100) == pytest.approx(0.1)
    clock.now = 1000
    assert [allowance.spend(100) for _ in range(6)] == [0, 0, 0, 0, 0, 0.1]


def test_a_large_message_counts_as_several() -> None:
    allowance = Allowance(rate=10, burst=5, clock=Clock())
    assert allowance.spend(5 * PIECE) == pytest.approx(0.1)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_nobody_is_served_faster_than_its_allowance(pauses: list[float]) -> None:
    """However the messages come: who waits when told to sends at most a burst, and then what the rate gives."""
    clock = Clock()
    allowance = Allowance(rate=10, burst=5, clock=clock)
    for number, pause in enumerate(pauses, start=1):
        clock.now += pause + allowance.spend(1)
        assert number <= 5 + clock.now * 10 + 1e-6


def nested(levels: int, inside: Any = 1) -> Any:
    for _ in range(levels):
        inside = {"a": [inside]}
    return inside


json_values = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\ab', max_size=6),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text('[]{}"\\', max_size=3), inside, max_size=4),
)


def depth(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


@given(json_values, st.integers(0, 5))
def test_the_depth_is_counted_outside_of_texts_only(value: Any, deepest: int) -> None:
    data = json.dumps(value)
    if depth(value) <= deepest:
        check_depth(data, deepest)
    else:
        with pytest.raises(RecursionError):
            check_depth(data.encode(), deepest)


@pytest.mark.timeout(20)  # by the square of its length it would take hours
@pytest.mark.parametrize("data", [b"[" * LARGEST_REQUEST, b'""' * (LARGEST_REQUEST // 2) + b"[" * 99, b'{"' * 9999])
def test_nonsense_of_any_size_is_measured_in_one_go(data: bytes) -> None:
    with pytest.raises(RecursionError):
        check_depth(data, 0)


async def test_a_message_nested_too_deeply_is_answered_with_an_error_and_goes_nowhere(running: Running) -> None:
    async with Socket(running.host, "turret") as socket:
        context = {"type": "x", "deep": nested(DEEPEST)}
        await socket.send(request("broadcastRequest", {"channelId": SIX, "context": context}, "deep"))
        answer = await socket.answer("deep")
        assert answer["payload"] == {"error": "MalformedContext"}
        await socket.send(request("getCurrentContextRequest", {"channelId": SIX, "contextType": None}, "now"))
        assert (await socket.answer("now"))["payload"] == {"context": None}


async def test_a_page_that_floods_is_cut_off_and_the_others_of_its_browser_are_not(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with Page(running.host) as page:
        flooding, quiet = await page.app("crm"), await page.app("analytics")
        page.page._windows[flooding.window].allowance = Allowance(100, 200)
        for number in range(1000):
            await flooding.send(request("getUserChannelsRequest", {}, str(number)))
        await eventually(lambda: [x.app_id for x in running.host.instances()] == ["analytics"])
        await quiet.send(request("getInfoRequest", {}, "here"))
        assert (await quiet.answer("here"))["type"] == "getInfoResponse"
    assert "sent too much" in caplog.text


async def test_a_page_that_was_cut_off_does_not_begin_anew_with_a_full_allowance(running: Running) -> None:
    said: list[str] = []
    pipe = running.host.web.pipe(said.append, AppIdentifier("crm"))
    greeting = msgspec.json.encode(
        {
            "type": "WCP1Hello",
            "payload": {"identityUrl": "https://x", "actualUrl": "https://x", "fdc3Version": "2.2"},
            "meta": {"connectionAttemptUuid": "a", "timestamp": NOW},
        }
    ).decode()
    for _ in range(1000):
        pipe.received(greeting, "https://x")
    assert pipe.window.allowance.spend(0) > 0
    pipe.received("\ud800", "https://x")
    pipe.close()


async def test_what_a_pipe_brings_is_limited_in_size(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    async with Page(running.host) as page:
        app = await page.app("crm")
        port = next(iter(page.page._ports.values()))
        port.received(b"x" * (LARGEST_REQUEST + 1))
        assert running.host.instances() == ()
        await page.until("shut", app.port)


async def latency(app: Socket, rounds: int) -> float:
    """Median seconds for an answer."""
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        await app.send(request("getInfoRequest", {}, f"l{number}"))
        await app.answer(f"l{number}")
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


async def test_a_flood_delays_its_sender_and_nobody_else(running: Running) -> None:
    async with Socket(running.host, "turret") as normal, Socket(running.host, "crm") as flooding:
        alone = await latency(normal, 100)
        answered = asyncio.create_task(flooding.answer("29999", 120))

        async def flood() -> None:
            for number in range(30_000):
                await flooding.send(request("getUserChannelsRequest", {}, str(number)))

        sending = asyncio.create_task(flood())
        beside = await latency(normal, 100)
        assert not answered.done(), "the flood went on meanwhile"
        # The test itself, which writes and reads the flood, is on the same processor: most of this is its own doing.
        assert beside < alone * 20 + 0.05
        sending.cancel()
        answered.cancel()
        await asyncio.gather(sending, answered, return_exceptions=True)


async def test_no_door_writes_a_secret_or_a_context_to_the_log(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with Page(running.host) as page, Socket(running.host, "turret") as socket:
            app = await page.app("crm")
            payload = {"channelId": SIX, "context": {"type": "fdc3.contact", "name": "Sarah Whitcombe"}}
            for sender in (app, socket):
                await sender.send(request("broadcastRequest", payload, "1"))
                await sender.answer("1")
                await sender.send(request("broadcastRequest", payload | {"channelId": 5}, "2"))
                await sender.answer("2")
            desk = await running.connect("desk")
            channel = await desk.get_or_create_channel("c")
            await channel.broadcast(Contact(name="Sarah Whitcombe"))
            secrets = [page.secret, app.instance_uuid, socket.secret]
        async with Socket(running.host, "pricing", secret="a-wrong-secret") as refused:
            assert refused.introduction["type"] == "WSCPConnectFailed"
    for secret in [*secrets, "a-wrong-secret"]:
        assert secret
        assert secret not in caplog.text
    assert "Whitcombe" not in caplog.text


async def test_a_question_that_nobody_can_be_asked_leaves_nothing() -> None:
    async with Running("memory") as running:
        turret = await running.connect("turret")
        for _ in range(3):
            with pytest.raises(ResolverUnavailable):
                await turret.raise_intent("ViewAnalysis", Instrument(id={"ticker": "VOD"}))
        assert running.host._questions._asked == {}
