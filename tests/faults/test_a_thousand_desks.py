"""A thousand desks on one server process: each hears of each change once, and the server shows what they cost."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from statistics import quantiles

import httpx
import psutil
import pytest

from app.records.tables import Organization
from app.sync import enrolment
from tests.sync.serving import Server, Station

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
DESKS, CHANGES = 1000, 20
FILES = 1024
"""That a process may have open by itself on most systems; the server asks for more."""


@pytest.fixture
def few_files() -> None:
    resource = pytest.importorskip("resource")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2 * DESKS:
        pytest.skip(f"this system lets a process open {most} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))


async def test_a_thousand_desks_hear_of_every_change_once(few_files: None, server: Server, tmp_path: Path) -> None:
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.crowd", server.folder, server.url, str(DESKS),
        stdin=PIPE, stdout=PIPE, limit=2**26,
    )  # fmt: skip
    said, hears = crowd.stdout, crowd.stdin
    assert said is not None
    assert hears is not None
    process = psutil.Process(server.pid)
    writer = Station(tmp_path / "writer", server)
    try:
        assert (await said.readline()).strip() == b"enrolled"
        await writer.enrol("ann")
        await writer.start()
        await writer.until(lambda: writer.statuses and writer.status.state == "online", "the writer in step")
        before, began = process.memory_info().rss, time.monotonic()
        hears.write(b"\n")
        assert (await said.readline()).strip() == b"connected"
        connecting, memory = time.monotonic() - began, (process.memory_info().rss - before) / DESKS / 1024
        tls = enrolment.tls(await enrolment.self_made_certificate(server.url))
        async with httpx.AsyncClient(base_url=server.url, verify=tls, trust_env=False) as client:
            assert f"deskline_connections {DESKS + 1}.0" in (await client.get("/metrics")).text
        used, wrote = sum(process.cpu_times()[:2]), {}
        for number in range(CHANGES):
            made = Organization(name=f"Bank {number}", short_name=f"Bank {number}", kind="bank", status="active")
            at = time.monotonic()
            wrote[await writer.write(lambda change, made=made: change.add(made).id)] = at
            await writer.until(lambda: not writer.status.counts.to_sync, "the change at the server")
        hears.write(f"{CHANGES}\n".encode())
        heard: dict[str, list[float]] = json.loads(await said.readline())
        used = sum(process.cpu_times()[:2]) - used
    finally:
        await writer.close()
        if crowd.returncode is None:
            crowd.kill()
        await crowd.wait()
    assert {record: len(times) for record, times in heard.items()} == dict.fromkeys(wrote, DESKS)
    waits = [at - wrote[record] for record, times in heard.items() for at in times]
    cuts = quantiles(waits, n=20)
    print(f"\n{DESKS} desks connected in {connecting:.0f} s, {memory:.0f} KiB of the server each")
    print(f"{CHANGES} changes, told to each after {cuts[9]:.2f} s (median) and {cuts[18]:.2f} s (p95)")
    print(f"{used / len(waits) * 1e6:.0f} µs of the server's processor for each telling")
