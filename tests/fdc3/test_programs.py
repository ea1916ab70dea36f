"""Programs that the agent starts: their secret, their end, and what they are given."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from running import Running, eventually

from fdc3.client import connect, connect_from_environment
from fdc3.directory import AppRecord
from fdc3.launching import ProcessLauncher
from fdc3.types import Contact, errors

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
SIX = "fdc3.channel.6"
CHILD = """
import asyncio, sys
sys.path.insert(0, {root!r})
from fdc3.client import connect_from_environment

async def main():
    agent = await connect_from_environment()
    await agent.add_intent_listener("ViewProfile", lambda context, metadata: context)
    await agent.closed.wait()

asyncio.run(main())
"""


@pytest.fixture
def native(tmp_path: Path) -> AppRecord:
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(root=str(Path(__file__).resolve().parents[2])))
    intents = {"listensFor": {"ViewProfile": {"contexts": ["fdc3.contact"]}}}
    details = {"path": "python", "arguments": str(script)}
    value = {"appId": "child", "title": "Child", "type": "native", "details": details, "interop": {"intents": intents}}
    return msgspec.convert(value, AppRecord)


async def test_a_program_is_started_for_an_intent_and_ended_with_the_agent(native: AppRecord) -> None:
    launcher = ProcessLauncher()
    async with Running("memory", native, launcher=launcher) as running:
        desk = await running.connect("desk")
        assert await (await desk.raise_intent("ViewProfile", SARAH)).get_result() == SARAH
        [pid] = launcher.processes.values()
        if sys.platform == "linux":
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            [secret] = [name.partition(b"=")[2] for name in environment if name.startswith(b"FDC3_SHARED_SECRET=")]
            assert secret not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert launcher.processes == {}


async def test_a_program_that_dies_is_gone_at_once(native: AppRecord) -> None:
    launcher = ProcessLauncher()
    async with Running("memory", native, launcher=launcher) as running:
        identifier = await running.host.launch("child", channel_id=SIX)
        await eventually(lambda: any(i.connected and i.channel_id == SIX for i in running.host.instances()), 20)
        launcher._processes[identifier.instance or ""].kill()
        await eventually(lambda: running.host.instances() == ())


async def test_a_program_that_cannot_be_started_is_an_error(native: AppRecord) -> None:
    native.details["path"] = "/no/such/program"
    async with Running("memory", native, launcher=ProcessLauncher()) as running:
        with pytest.raises(errors.ErrorOnLaunch):
            await running.host.launch("child")
        with pytest.raises(errors.IntentDeliveryFailed):
            await (await running.connect("desk")).raise_intent("ViewProfile", SARAH)


async def test_a_program_started_by_hand_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FDC3_WEBSOCKET_URL", raising=False)
    with pytest.raises(errors.AgentNotFound, match="FDC3_WEBSOCKET_URL"):
        await connect_from_environment()


async def test_a_program_that_could_not_be_started_leaves_no_secret(native: AppRecord) -> None:
    native.details["path"] = "/nowhere/at/all"
    async with Running("memory", native, launcher=ProcessLauncher()) as running:
        desk = await running.connect("desk")
        with pytest.raises(errors.ErrorOnLaunch):
            await desk.open("child")
        with pytest.raises(errors.ErrorOnLaunch):
            await running.host.launch("child")
        assert [session.app_id for session in running.host._sessions.values()] == ["desk"]


async def test_what_is_withheld_is_not_in_a_programs_environment(
    native: AppRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "secret")
    seen = tmp_path / "seen"
    (tmp_path / "child.py").write_text(f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    launcher = ProcessLauncher(withheld={"OUR_TOKEN"})
    await launcher.launch(native, "instance", "ws://127.0.0.1:1", "its-own")
    await eventually(lambda: launcher.processes == {})
    assert "OUR_TOKEN" not in seen.read_text()
    assert "its-own" in seen.read_text()


async def test_the_secret_of_an_app_in_this_process_ends_when_it_has_connected(native: AppRecord) -> None:
    secrets: list[str] = []

    class Inside:
        async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
            secrets.append(secret)
            await desk.connect_as("child", instance_id)

    async with Running("memory", native, launcher=Inside()) as desk:
        await desk.host.launch("child")
        with pytest.raises(errors.AccessDenied):
            await connect(desk.host.url, secrets[0])
        await desk.agents[0].disconnect()
        assert desk.host._sessions == {}
