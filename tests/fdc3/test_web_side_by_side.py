"""A page that speaks 2.2, with the client on npm, and one that speaks 3.0, side by side in one browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chromium import program
from web_doors import DOORS, Door, opened

CHANNEL = "await agent.joinUserChannel('fdc3.channel.1');"
HEARD = "await agent.addContextListener('fdc3.contact', (c, m) => heard.push([c.name, m?.source?.appId, m?.traceId]));"
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(name.startswith("chromium") and not program(), reason="no Chromium"))
    for name, (kind, _) in DOORS.items()
    if kind.version == "3.0"
]


class Pair:
    def __init__(self, door: Door, older: int, newer: int) -> None:
        self.door, self.windows = door, {"older": older, "newer": newer}

    async def run(self, who: str, code: str) -> Any:
        return await self.door.run(self.windows[who], code)

    async def id(self, who: str) -> str:
        code = "const { appId, instanceId } = (await agent.getInfo()).appMetadata; return { appId, instanceId }"
        return json.dumps(await self.run(who, code))


@pytest.fixture(params=NAMES)
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with opened(request.param) as door:
        older = await door.launch("older")
        yield Pair(door, older, await door.page())


async def test_each_is_spoken_to_in_its_version(pair: Pair) -> None:
    version = "return (await agent.getInfo()).fdc3Version"
    assert [await pair.run("older", version), await pair.run("newer", version)] == ["2.2", "3.0"]


async def test_contexts_and_their_metadata(pair: Pair) -> None:
    for who in ("older", "newer"):
        await pair.run(who, HEARD + CHANNEL)
    await pair.run("older", "await agent.broadcast(SARAH)")
    [[name, source, trace]] = await pair.run("newer", "return await until(1)")
    assert (name, source) == ("Sarah", "older")
    assert trace
    await pair.run("newer", "await agent.broadcast(TOM, { traceId: 't' })")
    assert (await pair.run("older", "return await until(1)"))[0][0] == "Tom"


@pytest.mark.parametrize(("raiser", "handler"), [("older", "newer"), ("newer", "older")])
async def test_intents_with_results(pair: Pair, raiser: str, handler: str) -> None:
    await pair.run(handler, "await agent.addIntentListener('Look', async c => ({ type: 'seen', name: c.name }))")
    code = f"const raised = await agent.raiseIntent('Look', SARAH, {await pair.id(handler)});"
    assert await pair.run(raiser, f"{code} return (await raised.getResult()).name") == "Sarah"
    if raiser == "newer":
        assert await pair.run(raiser, f"{code} return (await raised.getResultMetadata()).source.appId") == handler


@pytest.mark.parametrize(("giver", "taker"), [("older", "newer"), ("newer", "older")])
async def test_private_channels(pair: Pair, giver: str, taker: str) -> None:
    await pair.run(
        giver,
        "const channel = await agent.createPrivateChannel();"
        "for (const kind of ['addContextListener', 'unsubscribe', 'disconnect'])"
        "  await channel.addEventListener(kind, e => {"
        "    heard.push(e.type); if (e.type === 'addContextListener') channel.broadcast(TOM) });"
        "await agent.addIntentListener('Stream', async () => channel);",
    )
    took = await pair.run(
        taker,
        f"const raised = await agent.raiseIntent('Stream', SARAH, {await pair.id(giver)});"
        "const channel = await raised.getResult();"
        "const one = await channel.addContextListener('fdc3.contact', c => heard.push(c.name)); await until(1);"
        "await one.unsubscribe(); await channel.disconnect(); return heard",
    )
    assert took == ["Tom"]
    expected = ["addContextListener", "unsubscribe", "disconnect"]
    assert await pair.run(giver, "return await until(3)") == expected


async def test_both_are_told_where_the_trader_moves_them(pair: Pair) -> None:
    for who in ("older", "newer"):
        field = "newChannelId" if who == "older" else "currentChannelId"
        await pair.run(who, f"await agent.addEventListener('userChannelChanged', e => heard.push(e.details.{field}))")
    for instance in pair.door.host.instances():
        if instance.app_id in ("one", "older"):
            pair.door.host.join_user_channel(instance.id, "fdc3.channel.3")
    for who in ("older", "newer"):
        assert await pair.run(who, "return await until(1)") == ["fdc3.channel.3"]
