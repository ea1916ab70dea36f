"""How fast the desktop agent is: ``python -m tests.bench.bench_fdc3``.

One app broadcasts to ten others. In memory all share one event loop; over the websocket the agent is one process and
the eleven apps are another. Every message crosses as JSON.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from fdc3.client import DesktopAgent, connect
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import Context, ContextMetadata, Instrument

LISTENERS = 10
VOD = Instrument(id={"ticker": "VOD", "ISIN": "GB00BH4HKS39"}, name="Vodafone")
Row = dict[str, Any]


GOALS = {"in memory": ">= 10,352", "over websocket": ">= 1,000"}
"""The memory goal is what FINOS's own broker reaches on this class of machine, with JSON at every hop."""


async def _measure(sender: DesktopAgent, listeners: list[DesktopAgent], count: int, label: str) -> list[Row]:
    heard, everyone = 0, asyncio.Event()
    expected = LISTENERS

    def hear(context: Context, metadata: ContextMetadata) -> None:
        nonlocal heard
        heard += 1
        if heard >= expected:
            everyone.set()

    for agent in listeners:
        channel = await agent.get_or_create_channel("bench")
        await channel.add_context_listener("fdc3.instrument", hear)
    channel = await sender.get_or_create_channel("bench")

    async def serial(number: int) -> list[float]:
        nonlocal heard, expected
        times = []
        for _ in range(number):
            heard, expected = 0, LISTENERS
            everyone.clear()
            start = time.perf_counter()
            sent = asyncio.ensure_future(channel.broadcast(VOD))
            await everyone.wait()
            times.append(time.perf_counter() - start)
            await sent
        return times

    async def burst(number: int, in_flight: int = 64) -> float:
        nonlocal heard, expected
        heard, expected = 0, LISTENERS * number
        everyone.clear()
        start = time.perf_counter()
        for _ in range(number // in_flight):
            await asyncio.gather(*(channel.broadcast(VOD) for _ in range(in_flight)))
        expected = LISTENERS * (number // in_flight) * in_flight
        if heard < expected:
            await everyone.wait()
        return expected / LISTENERS / (time.perf_counter() - start)

    await serial(count // 20)
    times = await serial(count)
    rates = [await burst(count // 5) for _ in range(5)]
    latency = _row(f"fdc3 {label}: broadcast to last of {LISTENERS} listeners", [t * 1e6 for t in times], "us")
    rate = {
        "name": f"fdc3 {label}: broadcasts to {LISTENERS} listeners",
        "median": round(statistics.median(rates)),
        "p95": round(min(rates)),
        "unit": "per second (p95: slowest run)",
        "goal": GOALS[label],
    }

    await listeners[0].add_intent_listener("ViewInstrument", lambda context, _: context)
    times = []
    for _ in range(count // 5):
        start = time.perf_counter()
        resolution = await sender.raise_intent("ViewInstrument", VOD)
        await resolution.get_result()
        times.append((time.perf_counter() - start) * 1e6)
    return [rate, latency, _row(f"fdc3 {label}: raiseIntent to result", times, "us")]


def _row(name: str, values: list[float], unit: str) -> Row:
    values = sorted(values)
    return {
        "name": name,
        "median": round(statistics.median(values), 1),
        "p95": round(values[int(len(values) * 0.95)], 1),
        "unit": unit,
    }


async def _memory(count: int) -> list[Row]:
    host = Host(AppDirectory())
    agents = [await host.connect_memory("bench") for _ in range(LISTENERS + 1)]
    rows = await _measure(agents[0], agents[1:], count, "in memory")
    await host.close()
    return rows


async def _websocket(count: int) -> list[Row]:
    host = Host(AppDirectory())
    await host.start()
    doors = [host.pair("bench") for _ in range(LISTENERS + 1)]
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
    agents = [await connect(*door) for door in doors]
    rows = await _measure(agents[0], agents[1:], count, "over websocket")
    for agent in agents:
        await agent.disconnect()
    print(json.dumps(rows))


def run(memory_count: int = 5000, websocket_count: int = 1500) -> list[Row]:
    """The measurements as rows of name, median, p95 and unit."""
    return asyncio.run(_memory(memory_count)) + asyncio.run(_websocket(websocket_count))


def main() -> None:
    if "--apps" in sys.argv:
        asyncio.run(_apps())
        return
    print(f"{'':58} {'median':>10} {'p95':>10}")
    for row in run():
        print(f"{row['name']:58} {row['median']:>10} {row['p95']:>10}  {row['unit']}")


if __name__ == "__main__":
    main()
