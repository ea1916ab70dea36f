"""How fast the desktop agent is: ``python -m tests.bench fdc3``.

One app broadcasts to others. In memory all share one event loop; over the websocket the agent is one process and the
apps are another. Every message crosses as JSON. "Bare" apps read and write JSON and do nothing else, as those of the
reference do that is measured in the same minute; all others use our Python client, its types and callbacks.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from fdc3.client import DesktopAgent, connect
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.transports.memory import MemoryBus, MemoryLink
from fdc3.types import Context, ContextMetadata, Instrument
from fdc3.types.wire import FDC3_2_2, Dialect
from tests.bench import reference

VOD = Instrument(id={"ticker": "VOD", "ISIN": "GB00BH4HKS39"}, name="Vodafone")
FEW, MANY = 10, 100
IN_FLIGHT = 64
Row = dict[str, Any]
Broadcast = Callable[[], Awaitable[object]]


class Heard:
    """Counts what all listeners hear, and says when it is enough."""

    def __init__(self, listeners: int) -> None:
        self.listeners = listeners
        self._left = 0
        self._all = asyncio.Event()

    def one(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._all.set()

    def expect(self, broadcasts: int) -> None:
        self._left = broadcasts * self.listeners
        self._all.clear()

    async def everything(self) -> None:
        await self._all.wait()


async def _broadcasts(broadcast: Broadcast, heard: Heard, count: int, what: str, goals: tuple[str, str]) -> list[Row]:
    """Broadcasts per second with some in flight, and how long one takes to its last listener."""

    async def in_turn(number: int) -> list[float]:
        times = []
        for _ in range(number):
            heard.expect(1)
            start = time.perf_counter()
            sent = asyncio.ensure_future(broadcast())
            await heard.everything()
            times.append((time.perf_counter() - start) * 1e6)
            await sent
        return times

    async def burst(number: int) -> float:
        rounds = math.ceil(number / IN_FLIGHT)
        heard.expect(rounds * IN_FLIGHT)
        start = time.perf_counter()
        for _ in range(rounds):
            await asyncio.gather(*(broadcast() for _ in range(IN_FLIGHT)))
        await heard.everything()
        return rounds * IN_FLIGHT / (time.perf_counter() - start)

    await in_turn(count // 20)
    times = await in_turn(count)
    rates = [await burst(count // 5) for _ in range(5)]
    rate = {
        "name": f"{what}: broadcasts to {heard.listeners} listeners",
        "median": round(statistics.median(rates)),
        "p95": round(min(rates)),
        "unit": "per second (p95: slowest run)",
        "goal": goals[0],
    }
    return [rate, _row(f"{what}: broadcast to last of {heard.listeners} listeners", times, "us", goals[1])]


async def _client(agents: list[DesktopAgent], count: int, what: str, goals: tuple[str, str, str]) -> list[Row]:
    """The first of these apps broadcasts to the others, then raises intents for the second."""
    sender, listeners = agents[0], agents[1:]
    heard = Heard(len(listeners))

    def hear(context: Context, metadata: ContextMetadata) -> None:
        heard.one()

    for agent in listeners:
        channel = await agent.get_or_create_channel(f"bench {len(listeners)}")
        await channel.add_context_listener("fdc3.instrument", hear)
    channel = await sender.get_or_create_channel(f"bench {len(listeners)}")
    rows = await _broadcasts(lambda: channel.broadcast(VOD), heard, count, what, goals[:2])
    if len(listeners) == FEW:
        await listeners[0].add_intent_listener("ViewInstrument", lambda context, _: context)
        times = []
        for _ in range(count // 5):
            start = time.perf_counter()
            resolution = await sender.raise_intent("ViewInstrument", VOD)
            await resolution.get_result()
            times.append((time.perf_counter() - start) * 1e6)
        rows.append(_row(f"{what}: raiseIntent to result", times, "us", goals[2]))
    return rows


def _row(name: str, values: list[float], unit: str, goal: str = "") -> Row:
    values = sorted(values)
    return {
        "name": name,
        "median": round(statistics.median(values), 1),
        "p95": round(values[int(len(values) * 0.95)], 1),
        "unit": unit,
        "goal": goal,
    }


# In memory


class Bare:
    """An app that knows JSON and nothing else. ``on_event`` is given what it is told unasked."""

    def __init__(self, host: Host, bus: MemoryBus, dialect: Dialect) -> None:
        self.id = host.seat("bench", None, dialect)
        self.on_event: Callable[[Any], None] = lambda event: None
        self._link = MemoryLink(host, bus, self.id, dialect)
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._results: dict[str, asyncio.Future[Any]] = {}
        self._number = 0

    async def open(self) -> Bare:
        await self._link.open(self)
        return self

    def received(self, data: bytes) -> None:
        message = msgspec.json.decode(data)
        answers = self._results if message["type"] == "raiseIntentResultResponse" else self._pending
        if answer := answers.pop(message["meta"].get("requestUuid"), None):
            answer.set_result(message["payload"])
        else:
            self.on_event(message)

    def reconnected(self, *, resumed: bool) -> None: ...

    def lost(self) -> None: ...

    def send(self, kind: str, payload: dict[str, Any]) -> asyncio.Future[Any]:
        self._number += 1
        uuid = f"{self.id}-{self._number}"
        answer = self._pending[uuid] = asyncio.get_running_loop().create_future()
        meta = {"requestUuid": uuid, "timestamp": dt.datetime.now(dt.UTC), "source": {"appId": "bench"}}
        self._link.send(msgspec.json.encode({"type": kind, "payload": payload, "meta": meta}))
        return answer

    async def raise_intent(self, intent: str, context: Any, handler: str) -> Any:
        uuid = f"{self.id}-{self._number + 1}"
        result = self._results[uuid] = asyncio.get_running_loop().create_future()
        app = {"appId": "bench", "instanceId": handler}
        await self.send("raiseIntentRequest", {"intent": intent, "context": context, "app": app})
        return await result


async def _bare(count: int, listeners: int) -> list[Row]:
    host, bus, context = Host(AppDirectory()), MemoryBus(), msgspec.to_builtins(VOD)
    apps = [await Bare(host, bus, FDC3_2_2).open() for _ in range(listeners + 1)]
    sender, heard = apps[0], Heard(listeners)
    for app in apps:
        await app.send("getOrCreateChannelRequest", {"channelId": "bench"})
    for app in apps[1:]:
        await app.send("addContextListenerRequest", {"channelId": "bench", "contextType": "fdc3.instrument"})
        app.on_event = lambda event: heard.one()
    what = "fdc3 in memory, bare"
    payload = {"channelId": "bench", "context": context}
    rows = await _broadcasts(lambda: sender.send("broadcastRequest", payload), heard, count, what, ("", ""))
    handler, times = apps[1], []
    if listeners == FEW:
        await handler.send("addIntentListenerRequest", {"intent": "ViewInstrument"})

        def answer(event: Any) -> None:
            result = {
                "intentEventUuid": event["meta"]["eventUuid"],
                "raiseIntentRequestUuid": event["payload"]["raiseIntentRequestUuid"],
                "intentResult": {"context": event["payload"]["context"]},
            }
            handler.send("intentResultRequest", result)

        handler.on_event = answer
        for _ in range(count // 5):
            start = time.perf_counter()
            await sender.raise_intent("ViewInstrument", context, handler.id)
            times.append((time.perf_counter() - start) * 1e6)
        rows.append(_row(f"{what}: raiseIntent to result", times, "us"))
    await host.close()
    return rows


async def _memory(count: int) -> list[Row]:
    host = Host(AppDirectory())
    agents = [await host.connect_memory("bench") for _ in range(MANY + 1)]
    few = await _client(agents[: FEW + 1], count, "fdc3 in memory", (">= 10,352", "", ""))
    await host.close()
    host = Host(AppDirectory())
    agents = [await host.connect_memory("bench") for _ in range(MANY + 1)]
    many = await _client(agents, count // 10, "fdc3 in memory", ("", "", ""))
    await host.close()
    return [*few, *many]


def _beside_reference(count: int) -> list[Row]:
    """Ours between two runs of the reference, so that both have had the same machine."""
    before = reference.measure(count, FEW, MANY)
    ours = {listeners: asyncio.run(_bare(count * FEW // listeners, listeners)) for listeners in (FEW, MANY)}
    after = reference.measure(count, FEW, MANY)
    rows = []
    for listeners, measured in ours.items():
        for row, kind in zip(measured, ("rates", "serial", "intents"), strict=False):
            theirs = [value for run in (before, after) for value in run.get(listeners, {}).get(kind, [])]
            rows.append(reference.compare(row, theirs))
    return rows


# Over the websocket


async def _websocket(count: int) -> list[Row]:
    host = Host(AppDirectory())
    await host.start()
    doors = [host.pair("bench") for _ in range(MANY + 1)]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.bench_fdc3",
        "--apps",
        cwd=Path(__file__).resolve().parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate(json.dumps([doors, count]).encode())
    await host.close()
    rows: list[Row] = json.loads(output)
    return rows


async def _apps() -> None:
    doors, count = json.loads(sys.stdin.read())
    agents, times = [], []
    for door in doors:
        start = time.perf_counter()
        agents.append(await connect(*door))
        times.append((time.perf_counter() - start) * 1e3)
    what = "fdc3 over websocket"
    rows = [_row(f"{what}: to connect, {len(doors)} apps one after the other", times, "ms", "100")]
    rows += await _client(agents[: FEW + 1], count, what, (">= 2,000", "1,500", "5,000"))
    rows += await _client(agents, count // 10, f"{what}, {len(agents)} apps", ("", "", ""))
    for agent in agents:
        await agent.disconnect()
    print(json.dumps(rows))


def run(memory_count: int = 5000, websocket_count: int = 1500) -> list[Row]:
    """The measurements as rows of name, median, p95, unit and goal."""
    rows = _beside_reference(memory_count)
    return rows + asyncio.run(_memory(memory_count)) + asyncio.run(_websocket(websocket_count))


if __name__ == "__main__":
    asyncio.run(_apps())
