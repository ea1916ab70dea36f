"""One server for the whole room, as it is run: a process with TLS, a Postgres of its own, and a log that is kept."""

from __future__ import annotations

import itertools
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from app.server.database import connect
from app.server.run import access_tokens, database_of
from tests.rights.hostile import Office, found_office

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class House:
    """A running server: where it listens, its folder, and what it has logged."""

    url: str
    database: str
    folder: Path
    tls: ssl.SSLContext
    log: Path
    pid: int

    def logged(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(line) for line in self.log.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    # Not pytest's own folder: another run of pytest takes away the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as name, socket.create_server(("127.0.0.1", 0)) as free:
        port, folder, log = free.getsockname()[1], Path(name) / "server", Path(name) / "log"
        free.close()
        with log.open("wb") as kept:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "server", "--data", folder, "--listen", f"127.0.0.1:{port}"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=kept,
                text=True,
            )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "fingerprint" in line:
                    break
            _reached(port, process)
            with database_of(folder, None) as (database, _):
                tls = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
                yield House(f"https://127.0.0.1:{port}", database, folder, tls, log, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def _reached(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


_firms = itertools.count(1)


@pytest.fixture
async def office(house: House) -> AsyncIterator[Office]:
    """A firm of the test's own on the server of all."""
    engine = connect(house.database, connections=4)
    number = next(_firms)
    # Each test comes from an address of its own, as no two firms share one.
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    async with found_office(engine, await access_tokens(engine), house.url, house.tls, address) as made:
        yield made
    await engine.dispose()
