"""The desk around its apps: what a broken app, a broken record or a second start costs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from app.access.keys import PASSPHRASE_VARIABLE, write_key_file
from app.desk.core import Core
from app.desk.manifest import runs_inside
from app.desk.resolving import AskingResolver
from app.services import Notice
from app.settings import Settings
from app.shell.resolver import Option
from fdc3.client import DesktopAgent, connect
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.types import Contact, errors

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})


def record(app_id: str, kind: str = "other", **manifest: Any) -> AppRecord:
    intents = {"listensFor": {"ViewProfile": {"contexts": ["fdc3.contact"]}}}
    value = {
        "appId": app_id,
        "title": app_id,
        "type": kind,
        "details": {"path": "python"},
        "interop": {"intents": intents},
        "hostManifests": {"deskline": manifest},
    }
    return msgspec.convert(value, AppRecord)


class App:
    """Starts by listening, like any app; ``broken`` fails right after."""

    broken = False

    async def start(self, agent: DesktopAgent, desk: object) -> App:
        await agent.add_intent_listener("ViewProfile", lambda context, metadata: context)
        if self.broken:
            raise ValueError("no database today")
        return self

    async def close(self) -> None:
        pass


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    made = App()
    monkeypatch.setattr("app.desk.core.entry", lambda reference: made.start)
    return made


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
async def core(tmp_path: Path, notices: list[Notice]) -> AsyncIterator[Core]:
    records = [
        record("crm", app="crm:start"),
        record("broken-record", "native", start="sometimes"),
        record("feed", "native", start="with-desk"),
    ]
    core = Core(Settings(data_folder=str(tmp_path)), AppDirectory(records), notify=notices.append)
    core.host = Host(core.directory, launcher=core)
    core.services = cast(Any, None)
    await core.host.start()
    core._programs.begin(core.host)
    yield core
    await core.close()
    await core.host.close()


async def test_an_app_that_cannot_start_leaves_no_listener_behind(core: Core, app: App) -> None:
    desk = await core.host.connect_memory("desk")
    app.broken = True
    with pytest.raises(errors.ErrorOnLaunch):
        await asyncio.wait_for(desk.open("crm", SARAH), 5)
    assert [i.app_id for i in core.host.instances()] == ["desk"]
    app.broken = False
    assert await (await desk.raise_intent("ViewProfile", SARAH, app="crm")).get_result() == SARAH


async def test_an_app_of_the_desk_runs_once(core: Core, app: App) -> None:
    desk = await core.host.connect_memory("desk")
    first = await desk.open("crm")
    with pytest.raises(errors.ErrorOnLaunch):
        await desk.open("crm")
    assert await desk.find_instances("crm") == [first]


async def test_no_second_start_of_an_app_of_the_desk_is_offered(
    core: Core, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []

    async def choose(ui: object, title: str, options: list[Option]) -> None:
        offered.extend(f"{option.title} {option.subtitle}" for option in options)

    monkeypatch.setattr("app.desk.resolving.choose", choose)
    resolver = AskingResolver(cast(Any, None), lambda app_id: runs_inside(core.directory, app_id))
    core.host._questions._resolver = resolver
    desk = await core.host.connect_memory("desk")
    await desk.open("crm")
    await core.host.connect_memory("feed")
    with pytest.raises(errors.UserCancelledResolution):
        await desk.raise_intent("ViewProfile", SARAH)
    assert offered == ["crm running", "broken-record starts it", "feed starts it", "feed running"]


async def test_a_record_that_cannot_be_used_keeps_nothing_else_from_starting(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    async def launched(record: AppRecord, *_: str) -> None:
        started.append(record.app_id)

    async def nothing() -> None:
        pass

    monkeypatch.setattr(core._programs, "launch", launched)
    monkeypatch.setattr(core, "_start_prices", nothing)

    class Quiet:
        start = resume_pending = staticmethod(nothing)

    core.conversations = cast(Any, Quiet)
    await core.open_outside()
    assert started == ["feed"]


async def test_programs_of_the_desk_do_not_inherit_its_passphrase(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.access.keys._TIME_COST", 1)
    monkeypatch.setattr("app.access.keys._MEMORY_KIB", 64)
    write_key_file(core.settings.desk_folder / "deskline.key", bytes(32), "correct horse")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    core._open_records(lambda fraction, text: None).close()
    assert PASSPHRASE_VARIABLE not in os.environ


async def test_an_agent_that_does_not_close_keeps_nothing_else_open(
    core: Core, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the apps come the recordings and the records."""
    closed: list[str] = []

    async def records_closed() -> None:
        closed.append("records")

    async def torn(self: DesktopAgent) -> None:
        raise ConnectionError("the connection is gone")

    core._closing.append(records_closed)
    await core.start_app(core.directory.get("crm"))  # type: ignore[arg-type]
    with monkeypatch.context() as patched:
        patched.setattr(DesktopAgent, "close", torn)
        await core.close()
    assert closed == ["records"]


async def test_of_the_programs_of_the_desk_before_only_those_that_it_did_not_start_itself_are_awaited(
    core: Core, tmp_path: Path
) -> None:
    await core.host.close()
    before = Host(core.directory, keep=tmp_path / "programs.json")
    await before.start()
    feed, sheet = await connect(*before.pair("feed")), await connect(*before.pair("sheet"))
    await before.close()
    core.host = Host(core.directory, launcher=core, keep=tmp_path / "programs.json")
    await core.host.start()
    core._programs.begin(core.host)
    assert [each.identifier for each in core.host.instances()] == [sheet.app]
    async with asyncio.timeout(10):
        await feed.closed.wait()
    await sheet.get_info()
    await sheet.disconnect()
