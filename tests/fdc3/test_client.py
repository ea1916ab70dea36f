"""One suite for the Python client, over both transports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from running import Running, eventually

from fdc3.broker import ResolutionRequest, Timeouts
from fdc3.client import Channel, DesktopAgent, PrivateChannel
from fdc3.directory import AppRecord
from fdc3.host import Host, IntentChoice
from fdc3.types import AppIdentifier, Contact, Context, ContextMetadata, Instrument, errors

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"}, note={"kept": True})
SIX = "fdc3.channel.6"


class Heard(list[Any]):
    """A handler that keeps what it is called with."""

    def __call__(self, context: Context, metadata: ContextMetadata) -> None:
        self.append(context)
        self.metadata = metadata


class Chooser:
    """A resolver that picks the first option of an app, as a user who likes that app would."""

    def __init__(self) -> None:
        self.app = "pricing"
        self.asked: list[ResolutionRequest] = []

    async def resolve(self, request: ResolutionRequest) -> AppIdentifier | IntentChoice | None:
        self.asked.append(request)
        for option in request.options:
            for app in option.apps:
                if app.app_id == self.app and app.instance:
                    return IntentChoice(app.identifier, option.intent.name)
        return None


class InProcess:
    """A launcher of apps in this process; each handles ``ViewProfile`` and keeps what it hears."""

    def __init__(self) -> None:
        self.host: Host | None = None
        self.heard = Heard()
        self.fails = False

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        if self.fails:
            raise errors.ErrorOnLaunch("not today")
        assert self.host is not None
        agent = await self.host.connect_memory(record.app_id, instance_id=instance_id)
        await agent.add_intent_listener("ViewProfile", lambda context, _: context)
        await agent.add_context_listener(None, self.heard)


@pytest.fixture(params=["memory", "websocket"])
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    launcher = InProcess()
    timeouts = Timeouts(connect=0.3, listener=0.3)
    async with Running(request.param, resolver=Chooser(), launcher=launcher, timeouts=timeouts) as running:
        launcher.host = running.host
        running.launcher = launcher  # type: ignore[attr-defined]
        yield running


async def test_broadcasts_reach_the_user_channel_with_their_source_and_all_their_fields(running: Running) -> None:
    crm, turret, pricing = await running.connect_all("crm", "turret", "pricing")
    heard, none = Heard(), Heard()
    for agent in (crm, turret):
        await agent.join_user_channel(SIX)
    await turret.add_context_listener("fdc3.instrument", heard)
    for agent in (crm, pricing):
        await agent.add_context_listener("fdc3.instrument", none)
    await turret.add_context_listener("fdc3.contact", none)
    await crm.broadcast(VOD)
    await eventually(lambda: heard)
    assert heard == [VOD]
    assert isinstance(heard[0], Instrument)
    assert heard.metadata.source == crm.app
    assert none == []


async def test_joining_or_listening_late_gives_the_current_context_once(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    await crm.join_user_channel(SIX)
    await crm.broadcast(SARAH)
    await crm.broadcast(VOD)
    early, late, latest = Heard(), Heard(), Heard()
    await turret.add_context_listener("fdc3.contact", early)
    assert early == []
    await turret.join_user_channel(SIX)
    assert early == [SARAH]
    await turret.add_context_listener("fdc3.contact", late)
    await turret.add_context_listener(None, latest)
    assert (early, late, latest) == ([SARAH], [SARAH], [VOD])


async def test_a_listener_that_has_ended_gets_no_current_context(running: Running) -> None:
    """It ended while the current context was on its way to it."""
    crm, turret = await running.connect_all("crm", "turret")
    await crm.join_user_channel(SIX)
    await crm.broadcast(SARAH)
    heard = Heard()
    listener = await turret.add_context_listener(None, heard)
    await turret.add_event_listener("userChannelChanged", lambda event: listener.unsubscribe())
    await turret.join_user_channel(SIX)
    assert heard == []


async def test_the_host_can_move_an_app_to_a_channel(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    await crm.join_user_channel(SIX)
    await crm.broadcast(SARAH)
    heard, changes = Heard(), []
    await turret.add_context_listener(None, heard)
    await turret.add_event_listener("userChannelChanged", lambda event: changes.append(event.details))
    running.host.join_user_channel(turret.app.instance or "", SIX)
    await eventually(lambda: heard and changes)
    assert (heard, changes) == ([SARAH], [{"currentChannelId": SIX}])
    channel = await turret.get_current_channel()
    assert channel is not None
    assert channel.display_metadata.color == "blue"
    await turret.leave_current_channel()
    await crm.broadcast(VOD)
    assert await turret.get_current_channel() is None
    assert heard == [SARAH]
    await turret.broadcast(VOD)


async def test_app_channels_carry_contexts_without_joining(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    ours, theirs = [await agent.get_or_create_channel("deskline.deals") for agent in (crm, turret)]
    assert (ours.id, ours.type) == ("deskline.deals", "app")
    heard = Heard()
    listener = await theirs.add_context_listener("fdc3.contact", heard)
    await ours.broadcast(SARAH)
    await ours.broadcast(VOD)
    await eventually(lambda: heard)
    assert await theirs.get_current_context() == VOD
    assert await theirs.get_current_context("fdc3.contact") == SARAH
    assert await theirs.get_current_context("fdc3.order") is None
    await listener.unsubscribe()
    await listener.unsubscribe()
    await ours.broadcast(SARAH)
    await theirs.get_current_context()
    assert heard == [SARAH]


async def test_an_intent_returns_a_context_a_channel_or_nothing(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    channel = await crm.get_or_create_channel("results")
    outcomes: list[Any] = [SARAH, channel, None]

    async def view(context: Context, metadata: ContextMetadata) -> Any:
        assert (context, metadata.source) == (SARAH, turret.app)
        await asyncio.sleep(0)
        return outcomes[0]

    listener = await crm.add_intent_listener("ViewProfile", view)
    for outcome in list(outcomes):
        resolution = await turret.raise_intent("ViewProfile", SARAH)
        assert (resolution.source, resolution.intent) == (crm.app, "ViewProfile")
        result = await resolution.get_result()
        assert (result.id if isinstance(result, Channel) else result) == (
            outcome.id if isinstance(outcome, Channel) else outcome
        )
        outcomes.pop(0)
    await listener.unsubscribe()
    with pytest.raises(errors.IntentDeliveryFailed):
        await turret.raise_intent("ViewProfile", SARAH)


async def test_a_handler_that_fails_is_logged_and_the_raiser_is_told(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    crm, turret = await running.connect_all("crm", "turret")

    def view(context: Context, metadata: ContextMetadata) -> None:
        raise ValueError("no such customer")

    await crm.add_intent_listener("ViewProfile", view)
    with caplog.at_level(logging.CRITICAL):
        resolution = await turret.raise_intent("ViewProfile", SARAH)
        with pytest.raises(errors.IntentHandlerRejected):
            await resolution.get_result()


async def test_context_handlers_that_fail_disturb_nobody(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    channel = await turret.get_or_create_channel("x")
    heard = Heard()

    def fails(context: Context, metadata: ContextMetadata) -> None:
        context.clear()
        raise ValueError("oops")

    async def fails_later(context: Context, metadata: ContextMetadata) -> None:
        raise ValueError("oops later")

    for handler in (fails, fails_later, heard):
        await channel.add_context_listener(None, handler)
    await (await crm.get_or_create_channel("x")).broadcast(VOD)
    await eventually(lambda: heard and len(caplog.records) == 2)
    assert heard == [VOD]


async def test_an_intent_on_its_way_to_a_listener_that_ends_has_a_result_all_the_same() -> None:
    async with Running("memory") as running:
        crm, turret = await running.connect_all("crm", "turret")
        listener = await crm.add_intent_listener("ViewProfile", lambda context, _: context)
        raising = asyncio.create_task(turret.raise_intent("ViewProfile", SARAH))
        await asyncio.sleep(0)
        await listener.unsubscribe()
        with pytest.raises(errors.IntentHandlerRejected):
            await asyncio.wait_for((await raising).get_result(), 2)


async def test_a_private_channel_connects_two_apps_until_one_leaves(running: Running) -> None:
    crm, turret, other = await running.connect_all("crm", "turret", "analytics")
    mine: list[PrivateChannel] = []
    events: list[Any] = []

    async def view(context: Context, metadata: ContextMetadata) -> PrivateChannel:
        channel = await crm.create_private_channel()
        mine.append(channel)
        await channel.on_add_context_listener(lambda kind: events.append(("added", kind)))
        await channel.on_unsubscribe(lambda kind: events.append(("ended", kind)))
        await channel.on_disconnect(lambda: events.append("disconnected"))
        return channel

    await crm.add_intent_listener("ViewProfile", view)
    theirs = await (await turret.raise_intent("ViewProfile", SARAH)).get_result()
    assert isinstance(theirs, PrivateChannel)
    heard = Heard()
    await theirs.add_context_listener("fdc3.instrument", heard)
    await eventually(lambda: events)
    await mine[0].broadcast(VOD)
    await eventually(lambda: heard)
    with pytest.raises(errors.AccessDenied):
        await other.get_or_create_channel(theirs.id)
    await theirs.disconnect()
    await eventually(lambda: len(events) == 3)
    assert events == [("added", "fdc3.instrument"), ("ended", "fdc3.instrument"), "disconnected"]
    with pytest.raises(errors.AccessDenied):
        await theirs.broadcast(VOD)


async def test_ambiguous_intents_ask_the_user(running: Running) -> None:
    crm, analytics, pricing = await running.connect_all("crm", "analytics", "pricing")
    chooser: Any = running.host._questions._resolver
    for agent in (analytics, pricing):
        await agent.add_intent_listener("ViewAnalysis", lambda context, metadata: context)
    assert (await crm.raise_intent("ViewAnalysis", VOD)).source == pricing.app
    assert (await crm.raise_intent_for_context(VOD)).source == pricing.app
    assert chooser.asked[0].context == VOD
    assert chooser.asked[0].source == crm.app
    chooser.app = "nobody"
    with pytest.raises(errors.UserCancelledResolution):
        await crm.raise_intent("ViewAnalysis", VOD)
    assert (await crm.raise_intent("ViewAnalysis", VOD, app=analytics.app)).source == analytics.app
    assert (await crm.raise_intent("ViewAnalysis", VOD, app="analytics")).source == analytics.app


async def test_apps_are_started_for_an_intent_or_by_open(running: Running) -> None:
    [turret] = await running.connect_all("turret")
    launcher: Any = running.launcher  # type: ignore[attr-defined]
    assert await (await turret.raise_intent("ViewProfile", SARAH)).get_result() == SARAH
    opened = await turret.open("crm", VOD)
    assert launcher.heard == [VOD]
    assert opened in await turret.find_instances("crm")
    launcher.fails = True
    with pytest.raises(errors.ErrorOnLaunch):
        await turret.open("crm")
    with pytest.raises(errors.AppNotFound):
        await turret.open("nobody")


async def test_looking_things_up(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    await crm.add_intent_listener("ViewProfile", lambda context, metadata: None)
    assert [a.instance for a in (await turret.find_intent("ViewProfile", SARAH)).apps] == [None, crm.app.instance]
    assert [i.intent.name for i in await turret.find_intents_by_context(SARAH)] == ["ViewProfile"]
    assert (await turret.get_app_metadata("crm")).title == "Crm"
    info = await turret.get_info()
    assert info.app_metadata
    assert info.app_metadata.identifier == turret.app
    assert len(await turret.get_user_channels()) == 8
    with pytest.raises(errors.NoAppsFound):
        await turret.raise_intent("Unheard", SARAH)
    with pytest.raises(errors.MalformedContext):
        await turret.broadcast(Contact(name=7))  # type: ignore[arg-type]


async def test_closing_leaves_nothing_behind_and_ends_what_waits(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    waiting = asyncio.Event()

    async def never(context: Context, metadata: ContextMetadata) -> None:
        waiting.set()
        await asyncio.Event().wait()

    await crm.add_intent_listener("ViewProfile", never)
    resolution = await turret.raise_intent("ViewProfile", SARAH)
    await waiting.wait()
    await crm.disconnect()
    assert crm.closed.is_set()
    with pytest.raises(errors.NoResultReturned):
        await resolution.get_result()
    assert [i.app_id for i in running.host.instances()] == ["turret"]
    with pytest.raises(errors.AgentNotFound):
        await crm.get_info()


async def test_when_the_agent_closes_every_app_learns_of_it(running: Running) -> None:
    agents: list[DesktopAgent] = await running.connect_all("crm", "turret")
    await running.host.close()
    for agent in agents:
        await asyncio.wait_for(agent.closed.wait(), 5)
