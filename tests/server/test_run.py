"""``deskline server`` and ``deskline admin`` as an administrator runs them: processes, TLS, backup, restore."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from app.__main__ import main
from app.server.postgres import EmbeddedPostgres
from app.sync.protocol import Hello, Returned, Welcome
from tests.server.desks import Desk, Site, organization

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    # Not pytest's own folder: another run of pytest takes away the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder:
        yield Path(folder)


@contextmanager
def server(data: Path, *arguments: str) -> Iterator[tuple[int, list[str], subprocess.Popen[str]]]:
    """A server's port, what it printed, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "server", "--data", data, "--listen", f"127.0.0.1:{port}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed: list[str] = []
    try:
        for line in process.stdout:
            printed.append(line)
            if "listens" in line and "--plain" in arguments or "fingerprint" in line:
                break
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, printed, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


async def admin(data: Path, *arguments: str) -> str:
    """What `deskline admin` says; the code first if it failed."""
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as complained:
        code = await asyncio.to_thread(main, ["admin", "--data", str(data), *arguments])
    return said.getvalue() if code == 0 else f"{code}: {complained.getvalue()}"


def last_word(text: str) -> str:
    return text.split()[-1]


async def desk_of(url: str, client: httpx.AsyncClient, code: str) -> Desk:
    site = Site()
    enrolled = (await client.post("/enrol", json={"code": code, "site": site.id})).json()
    return Desk(url, client, site, enrolled["device"], enrolled["secret"])


async def test_the_first_start_makes_an_administrator_and_a_certificate_to_pin(data: Path) -> None:
    with server(data) as (port, printed, process):
        said = "".join(printed)
        assert re.search(r"one-time password ([A-Z0-9]{4}-){3}[A-Z0-9]{4}", said)
        shown = re.search(r"fingerprint \(SHA-256\) is ([0-9A-F:]{95})", said)
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        (data / "seen.pem").write_text(pem)
        from app.server.certificate import fingerprint

        assert shown is not None
        assert fingerprint(data / "seen.pem") == shown[1]
        async with httpx.AsyncClient(verify=ssl.create_default_context(cadata=pem)) as client:
            assert (await client.get(f"https://localhost:{port}/ready")).json() == {"ready": True}
        second = await admin(data, "restore", "nothing")
        assert "Another server runs" in second
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(msgspec.json.decode(line)["level"] in ("info", "warning") for line in logged.splitlines())
    assert not EmbeddedPostgres(data).running(), "its Postgres stopped with it"
    for secret in ("certificate.key", "postgres.password"):
        assert (data / secret).stat().st_mode & 0o077 == 0


async def test_a_restored_server_begins_a_new_epoch_and_desks_know_up_to_where(data: Path) -> None:
    backup = data / "backup.dump"
    with server(data, "--plain") as (port, _, _process):
        password = last_word(await admin(data, "add-user", "ann", "Ann Ames", "--role", "trader"))
        code = last_word(await admin(data, "add-device", "desk", "--desk", "rates"))
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            desk = await desk_of(url, client, code)
            form = {"login": "ann", "password": password, "new": "ann" * 4}
            access = (await desk.form("/auth/password", **form)).json()["access"]
            await desk.sign_in("ann")
            async with desk.talk(access) as talk:
                before = await talk.hello()
                desk.site.insert("organization", organization("Kept"))
                await talk.push()
                assert "Written" in await admin(data, "backup", str(backup))
                kept = (await talk.hello()).head
                desk.site.insert("organization", organization("Acknowledged, and then lost"))
                assert (await talk.push()).received == 2
    assert "epoch" in await admin(data, "restore", str(backup))
    with server(data, "--plain") as (port, _, _process):
        assert "every chain is whole" in await admin(data, "audit")
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            desk.url, desk.client = url, client
            async with desk.talk((await desk.sign_in("ann"))["access"]) as talk:
                welcome = await talk.ask(Hello(desk.site.id, "1.0", 3, before.epoch, 5, 2), Welcome)
                assert welcome.epoch != before.epoch
                assert (welcome.received, welcome.base) == (1, kept)
                assert (await talk.push(welcome.received)).received == 2, "what was lost is offered again and taken"
                assert welcome.away
                assert not (await talk.ask(Returned({}), Welcome)).away
        assert "restored" in await admin(data, "log")


async def test_a_killed_postgres_is_started_again(data: Path) -> None:
    with server(data, "--plain") as (port, _, _process):
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        children = psutil.Process(postmaster).children()
        os.kill(postmaster, signal.SIGKILL)
        psutil.wait_procs(children, timeout=20)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            async with asyncio.timeout(60):
                while (await client.get("/ready")).status_code != 503:
                    await asyncio.sleep(0.05)
                while (await client.get("/ready")).status_code != 200:
                    await asyncio.sleep(0.05)


def test_a_server_without_tls_is_for_this_machine_only(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "server", "--data", data, "--plain", "--listen", "0.0.0.0:0"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "on this machine only" in done.stderr


async def test_an_altered_change_shows_in_the_audit(data: Path) -> None:
    import psycopg

    embedded = EmbeddedPostgres(data)
    embedded.start()
    try:
        with psycopg.connect(embedded.url) as connection:
            connection.execute("UPDATE item SET after = replace(after, 'Kept', 'Kent') WHERE after LIKE '%Kept%'")
        assert "is not what was logged" in await admin(data, "audit")
    finally:
        embedded.stop()
