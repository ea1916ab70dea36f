"""A day of work in one go: a million intents and broadcasts, and memory stays where it was (``make soak``)."""

from __future__ import annotations

import gc
import os
import tracemalloc

import psutil
import pytest
from running import RECORDS

from fdc3.client import DesktopAgent
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.transports.memory import MemoryLink
from fdc3.types import Contact, Context, Instrument

COUNT = int(os.environ.get("DESKLINE_SOAK", "1000000"))
SIX = "fdc3.channel.6"
SARAH = Contact(name="Sarah Whitcombe")


@pytest.fixture(autouse=True)
def _unchecked(_clients_speak_by_the_schema: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema for each of millions of messages would take hours."""
    checked = MemoryLink.send
    assert checked.__closure__ is not None
    [send] = [cell.cell_contents for cell in checked.__closure__]
    monkeypatch.setattr(MemoryLink, "send", send)


async def work(crm: DesktopAgent, turret: DesktopAgent, count: int) -> None:
    """Half broadcasts, half intents with results; now and then a private channel."""
    for number in range(count // 2):
        await crm.broadcast(Instrument(id={"ticker": f"T{number % 100}"}))
        resolution = await turret.raise_intent("ViewProfile", SARAH)
        assert await resolution.get_result() == SARAH
        if number % 100 == 0:
            channel = await crm.create_private_channel()
            listener = await channel.add_context_listener(None, lambda context, _: None)
            await listener.unsubscribe()
            await channel.disconnect()


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_memory_is_flat_over_a_million_messages() -> None:
    host = Host(AppDirectory(RECORDS))
    crm, turret = await host.connect_memory("crm"), await host.connect_memory("turret")
    heard = [0]

    def hear(context: Context, metadata: object) -> None:
        heard[0] += 1

    await turret.join_user_channel(SIX)
    await crm.join_user_channel(SIX)
    await turret.add_context_listener(None, hear)
    await crm.add_intent_listener("ViewProfile", lambda context, _: context)
    await work(crm, turret, COUNT // 10)  # after that, the libraries' caches are full
    samples = []
    tracemalloc.start()
    for _ in range(10):
        await work(crm, turret, COUNT // 100)
        gc.collect()
        samples.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    resident = [psutil.Process().memory_info().rss]
    for step in range(2, 11):
        await work(crm, turret, COUNT // 10)
        gc.collect()
        resident.append(psutil.Process().memory_info().rss)
        print(f"{step * COUNT // 10:,} intents and broadcasts: {resident[-1] / 2**20:,.1f} MiB", flush=True)
    assert max(resident) < 1.05 * resident[0]
    assert samples[-1] < samples[0] + 64 * 1024, "nothing is left behind by each message"
    assert heard[0] >= COUNT // 2
    await crm.disconnect()
    await turret.disconnect()
    await host.close()
