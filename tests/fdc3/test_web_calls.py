"""Every call of the API and every error, by every door for web apps: one table of checks (``web_calls``).

Docked apps and the trader's own browser are tested with the standard's client from npm.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from chromium import program
from running import eventually
from web_calls import CALLS, ERRORS, MEMBERS, NPM, OLDER, Call
from web_calls_newer import NEWER, NEWER_MEMBERS
from web_doors import DOORS, Door, opened

ON_THE_LOOP = pytest.mark.asyncio(loop_scope="module")
CHROMIUM = pytest.mark.skipif(program() is None, reason="there is no Chromium on this machine (apt: chromium)")


def _param(name: str, *more: Call) -> object:
    marks = [ON_THE_LOOP, CHROMIUM] if name.startswith("chromium") else [ON_THE_LOOP]
    return pytest.param(name, *more, marks=marks, id="-".join([name, *(call.claim for call in more)]))


def _known(name: str, call: Call) -> bool:
    """Whether the client at a door has the call, and does what the standard asks for."""
    kind, _ = DOORS[name]
    if call in OLDER:
        return kind.client in (NPM, "ours")
    return kind.client not in call.without and (call not in NEWER or kind.version == "3.0")


EVERY_DOOR = [_param(name) for name in DOORS]
NEWER_DOORS = [_param(name) for name, (kind, _) in DOORS.items() if kind.version == "3.0"]
EVERY_CALL = [_param(name, call) for name in DOORS for call in (*CALLS, *OLDER, *NEWER) if _known(name, call)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    async with opened(request.param) as door:
        yield door


@pytest_asyncio.fixture(loop_scope="module")
async def page(door: Door) -> AsyncIterator[int]:
    window = await door.page()
    yield window
    await door.leave(window)


@pytest.mark.parametrize(("door", "call"), EVERY_CALL, indirect=["door"])
async def test_a_page(door: Door, page: int, call: Call) -> None:
    assert await door.run(page, call.script) == call.returns


@pytest.mark.parametrize("door", EVERY_DOOR, indirect=True)
async def test_every_function_is_there(door: Door, page: int) -> None:
    newer = NEWER_MEMBERS if door.version == "3.0" else {}
    members = {thing: f"{names} {newer.get(thing, '')}".strip() for thing, names in MEMBERS.items()}
    script = f"""
        const members = {members};
        const channel = await agent.getOrCreateChannel("members");
        const things = {{
          agent, channel, private: await agent.createPrivateChannel(),
          listener: await channel.addContextListener(null, () => {{}}),
          resolution: await agent.raiseIntent("ViewContact", SARAH, {{ appId: "crm" }}),
        }};
        return Object.entries(members).flatMap(([thing, names]) =>
          names.split(" ").filter(name => typeof things[thing][name] !== "function"));"""
    assert await door.run(page, script) == []


@pytest.mark.parametrize("door", EVERY_DOOR, indirect=True)
async def test_the_version_is_that_of_the_client(door: Door, page: int) -> None:
    assert await door.run(page, "return (await agent.getInfo()).fdc3Version") == door.version


@pytest.mark.parametrize("door", NEWER_DOORS, indirect=True)
async def test_close_ends_the_app(door: Door, page: int) -> None:
    await door.run(page, "agent.close().catch(() => {})")
    await eventually(lambda: not [x for x in door.host.instances() if x.app_id == "one"])


def test_every_function_and_every_error_is_checked() -> None:
    for calls, members in ((CALLS, MEMBERS), (NEWER, NEWER_MEMBERS)):
        scripts = " ".join(call.script for call in calls)
        names = " ".join(members.values()).split()
        assert [name for name in names if not re.search(rf"\b{name}\(", scripts) and name != "close"] == []
    assert set(ERRORS.split()) - {call.returns for call in CALLS if isinstance(call.returns, str)} == set()
