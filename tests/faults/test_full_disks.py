"""A disk that is full, at a desk and at the server: a sentence, nothing lost, and all goes on when there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.run import database_of
from tests.faults.office import Office, check
from tests.sync.serving import Server, served

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="a small disk can be mounted by root on Linux only"
    ),
]
DESK_MB, SERVER_MB = 16, 160


class SmallDisk:
    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")

    def fill(self) -> None:
        """To the last byte."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1_000_000, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def free(self) -> None:
        self._filler.unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    with tempfile.TemporaryDirectory(prefix="deskline-small-") as folder:
        disk = SmallDisk(Path(folder), request.param)
        yield disk
        disk.unmount()


@pytest.mark.parametrize("small_disk", [DESK_MB], indirect=True)
async def test_a_desk_whose_disk_is_full_goes_on_when_there_is_room(
    small_office: Office, small_disk: SmallDisk
) -> None:
    office = small_office
    other = await office.add("other")
    desk = await office.add("small", small_disk.folder / "small")
    await desk.until(lambda: len(desk.acknowledged) > 20, "some changes")
    small_disk.fill()
    await desk.until(lambda: bool(desk.facts("cannot write")), "the refusal of a change")
    assert "full" in desk.facts("cannot write")[0]["sentence"]
    # What comes from the server finds no room either; nothing of it may be half there.
    far = len(other.acknowledged) + 30
    await other.until(lambda: len(other.acknowledged) > far, "changes at the other desk")
    small_disk.free()
    await desk.until(lambda: bool(desk.facts("room again")), "the next change")
    await office.rest()
    await office.close()
    await asyncio.to_thread(check, office.url, office.desks)


@pytest.fixture
def small_server(small_disk: SmallDisk) -> Iterator[Server]:
    with served(small_disk.folder) as running:
        yield running


@pytest.mark.parametrize("small_disk", [SERVER_MB], indirect=True)
async def test_a_server_whose_disk_is_full_goes_on_when_there_is_room(
    small_server: Server, small_disk: SmallDisk, tmp_path: Path
) -> None:
    with database_of(small_server.folder, None) as (url, _):
        office = Office(tmp_path, small_server.url, url)
        try:
            await office.open(2)
            desk = office.desks[0]
            await desk.until(lambda: len(desk.acknowledged) > 20, "some changes")
            since = len(desk.told)
            small_disk.fill()
            await desk.until(
                lambda: any(fact["state"] == "offline" for fact in desk.facts("status", since)), "the server's refusal"
            )
            far = len(desk.acknowledged) + 30
            await desk.until(lambda: len(desk.acknowledged) > far, "work that goes on at the desk")
            small_disk.free()
            await office.rest()
            await office.close()
            await asyncio.to_thread(check, url, office.desks)
        finally:
            await office.close()
