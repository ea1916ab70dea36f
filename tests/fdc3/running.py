"""A running desktop agent for tests: real host, real clients, every message of both checked against its schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from broker_desk import record
from schemas import check_message

from fdc3.client import DesktopAgent, connect
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host, Observation
from fdc3.transports.link import Backoff
from fdc3.types.wire import FDC3_2_2, FDC3_3_0

RECORDS = (
    record("crm", ViewProfile=["fdc3.contact"]),
    record("analytics", ViewAnalysis=["fdc3.instrument"]),
    record("pricing", ViewAnalysis=["fdc3.instrument"]),
    record("turret"),
)
QUICK = Backoff(first=0.01, longest=0.05, give_up_after=1.0)


async def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Waits until ``condition()`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Running:
    """A host and the agents that tests connect to it, over ``transport`` ("memory" or "websocket").

    ``wrong`` marks the requests that are against the schema on purpose.
    """

    def __init__(self, transport: str, *records: AppRecord, wrong: tuple[bytes, ...] = (), **options: Any) -> None:
        self.transport = transport
        self.wrong = wrong
        self.host = Host(AppDirectory(records or RECORDS), **options)
        self.agents: list[DesktopAgent] = []
        self.invalid: list[Exception] = []
        self.host.observe(self._check)

    def _check(self, observation: Observation) -> None:
        try:
            for dialect in (FDC3_2_2, FDC3_3_0):
                if not dialect.knows(type(observation.message)):
                    continue
                data = dialect.encode(observation.message)
                if observation.direction == "out" or not any(part in data for part in self.wrong):
                    check_message(data, dialect.version)
        except Exception as invalid:
            self.invalid.append(invalid)

    async def connect(self, app_id: str) -> DesktopAgent:
        if self.transport == "memory":
            agent = await self.host.connect_memory(app_id)
        else:
            agent = await connect(*self.host.pair(app_id), backoff=QUICK)
        self.agents.append(agent)
        return agent

    async def connect_as(self, app_id: str, instance_id: str) -> None:
        self.agents.append(await self.host.connect_memory(app_id, instance_id=instance_id))

    async def connect_all(self, *app_ids: str) -> list[DesktopAgent]:
        return [await self.connect(app_id) for app_id in app_ids]

    async def __aenter__(self) -> Running:
        await self.host.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for agent in self.agents:
            await agent.disconnect()
        await self.host.close()
        assert self.invalid == []
