"""Two servers, a Postgres with its standby and desks under load, while all of them and the network fail at random."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.server.postgres import USER
from tests.faults.office import ROOT, Desk, Office, check

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL, haproxy and a Postgres of our own"),
]
CLUSTER = ROOT / "packaging" / "cluster.py"
KINDS = (
    "desk dies", "server dies", "proxy dies", "database dies", "standby dies", "standby takes over", "line is cut",
    "line is silent", "line is slow",
)  # fmt: skip


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def act(self, act: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(CLUSTER), act, str(self.folder), stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode == 0, out
        return out.decode()

    async def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.act("status"))
        return found

    def parts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "status.json").read_text())
        return found

    def kill(self, part: str) -> None:
        with suppress(KeyError, psutil.NoSuchProcess):  # it is down already
            psutil.Process(self.parts()["processes"][part]).kill()

    @property
    def url(self) -> str:
        ports = json.loads((self.folder / "ports.json").read_text())
        hosts = f"127.0.0.1:{ports['one']},127.0.0.1:{ports['two']}"
        return f"postgresql://{USER}@{hosts}/postgres?passfile={self.folder / 'passwords'}"


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    # Not pytest's own folder: Postgres runs as another user where we are root.
    with tempfile.TemporaryDirectory(prefix="deskline-faults-") as folder:
        made = Cluster(Path(folder))
        await made.act("start")
        yield made
        await made.act("stop")
        assert not (made.folder / "status.json").exists()


@pytest.fixture
async def office(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path, (await cluster.status())["address"], cluster.url)
    yield made
    await made.close()


async def happens(kind: str, cluster: Cluster, desk: Desk, rng: random.Random) -> None:
    parts = cluster.parts()
    primary = parts["primary"]
    standby = "two" if primary == "one" else "one"
    match kind:
        case "desk dies":
            await desk.kill()
            await desk.start()
        case "server dies":
            cluster.kill(rng.choice(("server-1", "server-2")))
        case "proxy dies":
            cluster.kill("proxy")
        case "database dies":
            cluster.kill(primary)
        case "standby dies":
            cluster.kill(standby)
        case "standby takes over":
            await cluster.act("promote")
        case "line is cut":
            desk.network.cut(rng.randint(1, 3000))
        case "line is silent":
            desk.network.silence()
        case "line is slow":
            desk.network.slow(rng.randint(50, 2000))


async def storm(seconds: float, cluster: Cluster, office: Office, rng: random.Random) -> dict[str, int]:
    """Each kind in turn, in an order of its own each time; how often each happened."""
    happened = dict.fromkeys(KINDS, 0)
    until = time.monotonic() + seconds
    coming: Iterator[str] = iter(())
    while time.monotonic() < until or not all(happened.values()):
        kind = next(coming, "")
        if not kind:
            coming = iter(rng.sample(KINDS, len(KINDS)))
            continue
        desk = rng.choice(office.desks)
        await happens(kind, cluster, desk, rng)
        happened[kind] += 1
        await asyncio.sleep(rng.uniform(0.5, 6))
        desk.network.heal()
    return happened


async def weather(seconds: float, cluster: Cluster, office: Office, rng: random.Random) -> None:
    await office.open(3)
    happened = await storm(seconds, cluster, office, rng)
    for desk in office.desks:
        desk.network.heal()
    began = time.monotonic()
    await office.rest()
    recovered = time.monotonic() - began
    await office.close()
    changes = await asyncio.to_thread(check, cluster.url, office.desks)
    acknowledged = sum(len(desk.acknowledged) for desk in office.desks)
    assert acknowledged > seconds
    print(f"{happened}: {acknowledged} acknowledged, {changes} in the order, in step after {recovered:.0f} s")


async def test_nothing_is_lost_while_everything_fails(cluster: Cluster, office: Office, rng: random.Random) -> None:
    await weather(45, cluster, office, rng)


@pytest.mark.soak
async def test_nothing_is_lost_in_ten_minutes_of_failures(cluster: Cluster, office: Office, rng: random.Random) -> None:
    await weather(600, cluster, office, rng)


async def test_the_standby_has_what_was_acknowledged_and_desks_go_on(cluster: Cluster, office: Office) -> None:
    await office.open(2)
    before = cluster.parts()["primary"]
    for desk in office.desks:
        await desk.until(lambda desk=desk: len(desk.acknowledged) > 20, "some changes")
    cluster.kill(before)
    for desk in office.desks:
        far = len(desk.acknowledged) + 50
        await desk.until(lambda desk=desk, far=far: len(desk.acknowledged) > far, "changes after the fail-over")
    await office.rest()
    assert cluster.parts()["primary"] != before
    await office.close()
    await asyncio.to_thread(check, cluster.url, office.desks)
