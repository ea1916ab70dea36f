"""What FDC3 3.0 brings to the Python client, over both transports, and beside an app that speaks 2.2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from running import Running, eventually
from schemas import check_message
from websockets.asyncio.client import connect as open_socket
from websockets.typing import Subprotocol

from fdc3.client import ChannelEvent, PrivateChannel
from fdc3.directory import AppRecord
from fdc3.launching import ProcessLauncher
from fdc3.types import (
    AntiReplayClaims,
    AppProvidableContextMetadata,
    Contact,
    Context,
    ContextMetadata,
    ContextWithMetadata,
    DetachedSignature,
    Instrument,
    errors,
)
from fdc3.types.wire import FDC3_2_2

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
SIX = "fdc3.channel.6"
SAID = AppProvidableContextMetadata(
    trace_id="trail",
    signature=DetachedSignature("eyJhbGciOiJFZERTQSJ9", "c2lnbmVk"),
    anti_replay=AntiReplayClaims(iat=1772443800, exp=1772443860, jti="once"),
    custom={"book": 7},
)


class Heard(list[tuple[Context, ContextMetadata]]):
    def __call__(self, context: Context, metadata: ContextMetadata) -> None:
        self.append((context, metadata))


class Panels:
    """A launcher that ends what is asked for, unless it is stuck."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.stuck = False

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        raise errors.ErrorOnLaunch

    def end(self, instance_id: str) -> None:
        if self.stuck:
            raise RuntimeError("it will not go")
        self.ended.append(instance_id)


@pytest.fixture
def panels() -> Panels:
    return Panels()


@pytest.fixture(params=["memory", "websocket"])
async def running(request: pytest.FixtureRequest, panels: Panels) -> AsyncIterator[Running]:
    async with Running(request.param, launcher=panels) as running:
        yield running


def what_was_said(metadata: ContextMetadata) -> AppProvidableContextMetadata:
    return AppProvidableContextMetadata(
        trace_id=metadata.trace_id,
        signature=metadata.signature,
        anti_replay=metadata.anti_replay,
        custom=metadata.custom,
    )


async def test_what_is_said_of_a_context_reaches_listeners_late_or_early(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    await crm.join_user_channel(SIX)
    await turret.join_user_channel(SIX)
    early, late = Heard(), Heard()
    await turret.add_context_listener(None, early)
    await crm.broadcast(VOD, SAID)
    await eventually(lambda: early)
    await turret.add_context_listener(None, late)
    channel = await turret.get_current_channel()
    assert channel is not None
    current = await channel.get_current_context_with_metadata("fdc3.instrument")
    assert current is not None
    for context, metadata in (early[0], late[0], (current.context, current.metadata)):
        assert isinstance(metadata, ContextMetadata)
        assert (context, metadata.source, what_was_said(metadata)) == (VOD, crm.app, SAID)
        assert metadata.timestamp is not None
    assert await channel.get_current_context_with_metadata("fdc3.order") is None


async def test_an_intent_and_its_result_carry_what_is_said_of_them(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    heard = Heard()

    def view(context: Context, metadata: ContextMetadata) -> ContextWithMetadata:
        heard(context, metadata)
        return ContextWithMetadata(VOD, SAID)

    await crm.add_intent_listener("ViewProfile", view)
    resolution = await turret.raise_intent("ViewProfile", SARAH, crm.app, metadata=SAID)
    assert await resolution.get_result() == VOD
    told = await resolution.get_result_metadata()
    assert (told.source, what_was_said(told)) == (crm.app, SAID)
    assert (heard[0][1].source, what_was_said(heard[0][1])) == (turret.app, SAID)


async def test_a_handler_that_fails_fails_its_metadata_too(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")

    def view(context: Context, metadata: ContextMetadata) -> None:
        raise ValueError

    await crm.add_intent_listener("ViewProfile", view)
    resolution = await turret.raise_intent("ViewProfile", SARAH)
    with pytest.raises(errors.IntentHandlerRejected):
        await resolution.get_result_metadata()


async def test_listeners_for_other_contexts_stand_side_by_side_and_conflicts_are_refused(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    contacts = await crm.add_intent_listener_with_context("Look", "fdc3.contact", lambda context, _: context)
    await crm.add_intent_listener_with_context("Look", ["fdc3.instrument"], lambda context, _: None)
    with pytest.raises(errors.IntentListenerConflict):
        await crm.add_intent_listener("Look", lambda context, _: None)
    assert await (await turret.raise_intent("Look", SARAH)).get_result() == SARAH
    assert await (await turret.raise_intent("Look", VOD)).get_result() is None
    await contacts.unsubscribe()
    with pytest.raises(errors.NoAppsFound):
        await turret.raise_intent("Look", SARAH)
    await crm.add_intent_listener_with_context("Look", "fdc3.contact", lambda context, _: VOD)
    assert await (await turret.raise_intent("Look", SARAH)).get_result() == VOD


async def test_a_running_instance_or_none(running: Running) -> None:
    turret = await running.connect("turret")
    with pytest.raises(errors.TargetInstanceUnavailable):
        await turret.raise_intent("ViewProfile", SARAH, "crm", new_instance=False)
    crm = await running.connect("crm")
    await crm.add_intent_listener("ViewProfile", lambda context, _: None)
    assert (await turret.raise_intent_for_context(SARAH, new_instance=False)).source == crm.app
    with pytest.raises(errors.IntentDeliveryFailed):  # a new one is wanted, and none can be started
        await turret.raise_intent("ViewProfile", SARAH, new_instance=True)


async def test_clearing_a_channel_is_told_to_all_who_ask(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    ours, theirs = [await agent.get_or_create_channel("deskline.deals") for agent in (crm, turret)]
    other = await turret.get_or_create_channel("other")
    for context in (SARAH, VOD):
        await ours.broadcast(context)
    on_channel: list[ChannelEvent] = []
    on_agent: list[Any] = []
    elsewhere: list[Any] = []
    listener = await theirs.add_event_listener("contextCleared", on_channel.append)
    await other.add_event_listener(None, elsewhere.append)
    await turret.add_event_listener("contextCleared", on_agent.append)
    await turret.add_event_listener("userChannelChanged", elsewhere.append)
    await ours.clear_context("fdc3.instrument")
    await eventually(lambda: on_channel and on_agent)
    details = {"channelId": "deskline.deals", "contextType": "fdc3.instrument"}
    assert [(e.type, e.details) for e in on_channel + on_agent] == [("contextCleared", details)] * 2
    assert await theirs.get_current_context() == SARAH
    await listener.unsubscribe()
    await ours.clear_context()
    await eventually(lambda: len(on_agent) == 2)
    assert await theirs.get_current_context() is None
    assert (len(on_channel), elsewhere) == (1, [])


async def test_a_private_channel_tells_of_clearing_too(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    await crm.add_intent_listener("ViewProfile", lambda context, _: crm.create_private_channel())
    channel = await (await turret.raise_intent("ViewProfile", SARAH)).get_result()
    assert isinstance(channel, PrivateChannel)
    some, all_of_them = list[Any](), list[Any]()
    listener = await channel.add_event_listener("contextCleared", some.append)
    await channel.add_event_listener(None, all_of_them.append)
    await channel.clear_context()
    await eventually(lambda: some and all_of_them)
    assert some == all_of_them
    await listener.unsubscribe()


async def test_an_app_that_closes_is_ended_and_forgotten(running: Running, panels: Panels) -> None:
    crm, *_ = await running.connect_all("crm", "turret")
    instance = crm.app.instance
    async with asyncio.timeout(5):
        await crm.close()
    assert crm.closed.is_set()
    assert panels.ended == [instance]
    assert [i.app_id for i in running.host.instances()] == ["turret"]
    with pytest.raises(errors.AgentNotFound):
        await crm.get_info()
    await crm.close()


async def test_an_app_that_cannot_be_ended_learns_it_and_lives_on(
    running: Running, panels: Panels, caplog: pytest.LogCaptureFixture
) -> None:
    panels.stuck = True
    crm = await running.connect("crm")
    with pytest.raises(errors.ErrorOnClose):
        await crm.close()
    assert (await crm.get_info()).fdc3_version == "3.0"
    assert "could not be closed" in caplog.text


async def test_a_client_of_2_2_and_one_of_3_0_share_a_channel_intents_and_results(running: Running) -> None:
    new = await running.connect("crm")
    old = await running.host.connect_memory("turret", dialect=FDC3_2_2)
    running.agents.append(old)
    assert [(await agent.get_info()).fdc3_version for agent in (new, old)] == ["3.0", "2.2"]
    heard = {"new": Heard(), "old": Heard()}
    for name, agent in (("new", new), ("old", old)):
        await agent.join_user_channel(SIX)
        await agent.add_context_listener(None, heard[name])
        await agent.add_intent_listener("Look", lambda context, metadata: ContextWithMetadata(context, SAID))
    await new.broadcast(SARAH, SAID)
    await old.broadcast(VOD, SAID)
    await eventually(lambda: heard["new"] and heard["old"])
    assert [(context, metadata.source) for context, metadata in heard["old"]] == [(SARAH, new.app)]
    assert heard["old"][0][1].signature is None
    assert [(context, metadata.source) for context, metadata in heard["new"]] == [(VOD, old.app)]
    assert heard["new"][0][1].trace_id
    for raiser, handler in ((old, new), (new, old)):
        resolution = await raiser.raise_intent("Look", SARAH, handler.app, metadata=SAID)
        assert await resolution.get_result() == SARAH
        assert (await resolution.get_result_metadata()).source == handler.app
    with pytest.raises(errors.Fdc3Error, match=r"speaks FDC3 2\.2, which has no clearContextRequest"):
        await (await old.get_or_create_channel("x")).clear_context()
    await old.close()
    assert [i.app_id for i in running.host.instances()] == ["crm"]


@pytest.mark.parametrize(
    ("offered", "picked", "version"),
    [
        (None, None, "2.2"),
        (["fdc3-3.0"], "fdc3-3.0", "3.0"),
        (["other", "fdc3-3.0"], "fdc3-3.0", "3.0"),
        (["other"], None, "2.2"),
    ],
)
async def test_a_program_speaks_3_0_if_it_offers_to(
    offered: list[str] | None, picked: str | None, version: str
) -> None:
    async with Running("websocket") as running:
        url, secret = running.host.pair("turret")
        names = [Subprotocol(name) for name in offered] if offered else None
        async with open_socket(url, proxy=None, subprotocols=names) as socket:
            meta = {"connectionAttemptUuid": "a", "timestamp": "2026-03-02T09:30:00Z"}
            payload = {"protocolVersion": "1.0", "sharedSecret": secret}
            hello = {"type": "WSCPApplicationConnect", "payload": payload, "meta": meta}
            await socket.send(msgspec.json.encode(hello).decode())
            answer = await socket.recv()
            check_message(answer, version)
            assert socket.subprotocol == picked
            assert msgspec.json.decode(answer)["payload"]["implementationMetadata"]["fdc3Version"] == version


CHILD = """
import asyncio, sys
sys.path.insert(0, {root!r})
from fdc3.client import connect_from_environment

async def main():
    await (await connect_from_environment()).close()
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_program_that_asks_to_be_closed_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(root=str(Path(__file__).resolve().parents[2])))
    details = {"path": "python", "arguments": str(script)}
    value = {"appId": "child", "title": "Child", "type": "native", "details": details}
    launcher = ProcessLauncher()
    async with Running("memory", msgspec.convert(value, AppRecord), launcher=launcher) as running:
        seen: list[str] = []
        running.host.observe(lambda observation: seen.append(observation.message.type_name()))
        await running.host.launch("child")
        await eventually(lambda: "closeRequest" in seen, 20)
        await eventually(lambda: not launcher.processes and running.host.instances() == (), 20)


class Page:
    """The socket of a host page in a browser."""

    def __init__(self) -> None:
        self.frames: list[list[Any]] = []

    def deliver(self, data: bytes) -> bool:
        self.frames.append(msgspec.json.decode(data))
        return True

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        pass


async def test_a_web_app_that_asks_to_be_closed_loses_its_window() -> None:
    details = {"url": "https://holdings.example/app"}
    value = {"appId": "holdings", "title": "Holdings", "type": "web", "details": details}
    async with Running("memory", msgspec.convert(value, AppRecord)) as running:
        page = running.host.web.page()
        socket = Page()
        secret = page.url.partition("#")[2]
        carried = running.host.web.join(msgspec.json.encode(["join", secret, "load"]), socket)
        assert carried is not None

        def say(kind: str, payload: dict[str, Any], *frame: Any) -> None:
            step = {"connectionAttemptUuid": "a", "requestUuid": "r", "timestamp": "2026-03-02T09:30:00Z"}
            carried.received(msgspec.json.encode([*frame, {"type": kind, "payload": payload, "meta": step}]))

        identity = {"identityUrl": details["url"], "actualUrl": details["url"]}
        hello = {**identity, "fdc3Version": "3.0"}
        say("WCP1Hello", hello, "hello", 1, "window", "https://holdings.example")
        say("WCP4ValidateAppIdentity", identity, "message", 1)
        answer = socket.frames[-1][2]
        assert answer["payload"]["implementationMetadata"]["fdc3Version"] == "3.0"
        say("closeRequest", {}, "message", 1)
        assert ["close", "window"] in socket.frames
        assert running.host.instances() == ()
