"""A desk on the bridge that ``deskline bridge`` runs, and what the trader sees of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from app.desk.bridging import join_bridge
from app.desk.resolving import AskingResolver
from app.services import Notice
from app.settings import Settings, SettingsError, load
from app.shell.resolver import Option
from fdc3.broker import ResolutionRequest
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import AppIdentifier, AppIntent, AppMetadata, Contact, IntentMetadata


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_desks_meet_on_the_bridge_of_the_command_line(tmp_path: Path) -> None:
    key = tmp_path / "bridge.json"
    command = [sys.executable, "-m", "app", "bridge", "--port", "0", "--token-file", str(key)]
    bridge = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert bridge.stdout is not None
    assert str(key) in (await bridge.stdout.readline()).decode()
    url = (await bridge.stdout.readline()).decode().split()[-1]
    settings = Settings(bridge=url, bridge_keys=str(key))
    hosts = [Host(AppDirectory()), Host(AppDirectory())]
    notices: list[Notice] = []
    leaves = [await join_bridge(host, settings, notices.append) for host in hosts]
    await eventually(lambda: {"Connected with Deskline.", "Connected with Deskline-2."} <= {n.text for n in notices})
    bridge.terminate()
    assert await bridge.wait() == (0 if os.name == "posix" else 1)
    await eventually(lambda: any("has ended" in notice.text for notice in notices))
    for leave, host in zip(leaves, hosts, strict=True):
        assert leave is not None
        await leave()
        await host.close()


async def test_a_desk_without_a_bridge_looks_for_none() -> None:
    assert await join_bridge(Host(AppDirectory()), Settings(), lambda notice: None) is None


async def test_a_missing_key_file_is_told_and_nothing_is_joined(tmp_path: Path) -> None:
    notices: list[Notice] = []
    settings = Settings(bridge="on", bridge_keys=str(tmp_path / "none.json"))
    assert await join_bridge(Host(AppDirectory()), settings, notices.append) is None
    assert notices[0].level == "warning"


def test_a_bridge_is_on_this_machine_or_nowhere() -> None:
    assert load(Path("none"), {}, {"bridge": "ws://127.0.0.1:4475"}).bridge == "ws://127.0.0.1:4475"
    with pytest.raises(SettingsError, match="this machine"):
        load(Path("none"), {}, {"bridge": "ws://elsewhere.example:4475"})


async def test_the_chooser_says_where_an_app_runs_and_remembers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Option] = []

    async def choose(ui: object, question: str, options: list[Option]) -> int:
        shown.extend(options)
        return 1

    monkeypatch.setattr("app.desk.resolving.choose", choose)
    apps = (
        AppMetadata(app_id="crm", instance_id="1", title="CRM"),
        AppMetadata(app_id="crm", title="CRM", desktop_agent="paris"),
    )
    option = AppIntent(IntentMetadata("ViewProfile"), apps)
    request = ResolutionRequest("1", AppIdentifier("x"), Contact(), (option,))
    chosen = await AskingResolver(cast(Any, None), runs_once=lambda app_id: True).resolve(request)
    assert chosen == AppIdentifier("crm", desktop_agent="paris")
    assert [option.subtitle for option in shown] == ["running", "starts it in paris"]
