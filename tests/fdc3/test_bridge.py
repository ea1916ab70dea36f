"""Two and three desktop agents on a real bridge: contexts, intents, results and private channels across."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridging import Bridged, settle
from broker_desk import record
from running import eventually
from websockets.asyncio.client import connect

from fdc3.bridge.client import BridgeClient
from fdc3.bridge.hub import Timeouts
from fdc3.bridge.tokens import TokenKeys
from fdc3.client import PrivateChannel
from fdc3.directory import AppRecord
from fdc3.host import Host, IntentChoice, ResolutionRequest
from fdc3.types import AppIdentifier, Contact, Context, ContextMetadata, Instrument, errors

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
BARC = Instrument(id={"ticker": "BARC"})
SIX = "fdc3.channel.6"
LONDON = (record("crm", ViewProfile=["fdc3.contact"]), record("turret"))
PARIS = (record("pricing", ViewQuote=["fdc3.instrument"]), record("analytics", ViewChart=["fdc3.instrument"]))


class Heard(list[Any]):
    def __call__(self, context: Context, metadata: ContextMetadata) -> None:
        self.append(context)
        self.metadata = metadata


class Launches:
    """Starts an app in this process: it handles ``ViewQuote`` by returning what it was given."""

    def __init__(self) -> None:
        self.host: Host | None = None

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        assert self.host is not None
        agent = await self.host.connect_memory(record.app_id, instance_id=instance_id)
        await agent.add_intent_listener("ViewQuote", lambda context, _: context)


class Chooses:
    """The user who picks an app by name, wherever it runs."""

    def __init__(self, app_id: str) -> None:
        self.app_id = app_id
        self.asked: list[ResolutionRequest] = []

    async def resolve(self, request: ResolutionRequest) -> AppIdentifier | IntentChoice | None:
        self.asked.append(request)
        apps = [app for option in request.options for app in option.apps if app.app_id == self.app_id]
        return apps[0].identifier


@pytest.fixture
async def bridged() -> AsyncIterator[Bridged]:
    async with Bridged(timeouts=Timeouts(answer=0.5, start=3.0)) as bridged:
        launches = Launches()
        await bridged.desk("london", *LONDON, resolver=Chooses("pricing"))
        paris = await bridged.desk("paris", *PARIS, launcher=launches)
        launches.host = paris.host
        yield bridged


@pytest.fixture
async def joined(bridged: Bridged) -> Bridged:
    await bridged.join("london", "paris")
    return bridged


async def test_a_broadcast_is_heard_under_the_other_agent_with_its_source(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    there, here = Heard(), Heard()
    for agent, heard in ((crm, here), (pricing, there)):
        await agent.join_user_channel(SIX)
        await agent.add_context_listener("fdc3.instrument", heard)
    await crm.broadcast(VOD)
    await eventually(lambda: there)
    assert there == [VOD]
    assert there.metadata.source == AppIdentifier("crm", crm.app.instance_id, "london")
    await pricing.broadcast(BARC)
    await eventually(lambda: here)
    assert here == [BARC]
    assert here.metadata.source.desktop_agent == "paris"
    assert there == [VOD]


async def test_an_app_channel_crosses_even_if_it_is_not_known_there_yet(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    await (await crm.get_or_create_channel("orders")).broadcast(VOD)
    guests = joined.clients["paris"]._line.broker.guests
    await eventually(lambda: guests.exists("orders"))
    assert await (await pricing.get_or_create_channel("orders")).get_current_context() == VOD


async def test_the_state_of_channels_is_merged_when_an_agent_joins(bridged: Bridged) -> None:
    crm = await bridged.desks["london"].connect("crm")
    pricing = await bridged.desks["paris"].connect("pricing")
    await crm.join_user_channel(SIX)
    await crm.broadcast(SARAH)
    await crm.broadcast(VOD)
    await pricing.join_user_channel(SIX)
    contacts, instruments, anything = Heard(), Heard(), Heard()
    await (await pricing.get_or_create_channel("notes")).broadcast(BARC)
    other = await bridged.desks["paris"].connect("analytics")
    await other.join_user_channel(SIX)
    await other.add_context_listener(None, anything)
    await pricing.add_context_listener("fdc3.contact", contacts)
    await pricing.add_context_listener("fdc3.instrument", instruments)
    await bridged.join("london", "paris")
    await eventually(lambda: contacts and instruments and anything)
    assert (contacts, instruments, anything) == ([SARAH], [VOD], [VOD])
    channel = await crm.get_or_create_channel("notes")
    assert await channel.get_current_context("fdc3.instrument") == BARC


async def test_an_intent_is_found_and_raised_across_with_its_result(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    heard = Heard()

    def quote(context: Context, metadata: ContextMetadata) -> Context:
        heard(context, metadata)
        return Context(type="fdc3.valuation", value=101.5, CURRENCY_ISOCODE="EUR")

    await pricing.add_intent_listener("ViewQuote", quote)
    found = await crm.find_intent("ViewQuote", VOD)
    assert {(app.app_id, app.desktop_agent) for app in found.apps} == {("pricing", "paris")}
    assert [x.intent.name for x in await crm.find_intents_by_context(VOD)] == ["ViewQuote", "ViewChart"]
    resolution = await crm.raise_intent("ViewQuote", VOD)
    assert resolution.source == AppIdentifier("pricing", pricing.app.instance_id, "paris")
    result = await resolution.get_result()
    assert isinstance(result, Context)
    assert result["value"] == 101.5
    assert heard.metadata.source == AppIdentifier("crm", crm.app.instance_id, "london")


async def test_the_user_chooses_among_apps_of_both_agents(joined: Bridged) -> None:
    london = joined.desks["london"]
    crm, turret = await london.connect_all("crm", "turret")
    pricing = await joined.desks["paris"].connect("pricing")
    for agent in (turret, pricing):
        await agent.add_intent_listener("ViewQuote", lambda context, _: context)
    chooser: Any = london.host._questions._resolver
    resolution = await crm.raise_intent("ViewQuote", VOD)
    assert resolution.source.desktop_agent == "paris"
    assert await resolution.get_result() == VOD
    names = [(app.app_id, app.desktop_agent or None) for app in chooser.asked[0].options[0].apps]
    assert ("turret", None) in names
    assert ("pricing", "paris") in names
    chooser.app_id = "turret"
    assert (await crm.raise_intent("ViewQuote", VOD)).source == turret.app


async def test_an_app_elsewhere_is_started_for_an_intent_or_opened(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    resolution = await crm.raise_intent("ViewQuote", VOD, AppIdentifier("pricing", desktop_agent="paris"))
    assert await resolution.get_result() == VOD
    opened = await crm.open(AppIdentifier("pricing", desktop_agent="paris"))
    assert opened.desktop_agent == "paris"
    assert opened != resolution.source
    metadata = await crm.get_app_metadata(opened)
    assert (metadata.title, metadata.desktop_agent) == ("Pricing", "paris")
    assert set(await crm.find_instances(AppIdentifier("pricing"))) == {opened, resolution.source}
    for_context = await crm.raise_intent_for_context(VOD, opened)
    assert for_context.source == opened


async def test_errors_of_another_agent_are_the_callers(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    with pytest.raises(errors.AppNotFound):
        await crm.open(AppIdentifier("nothing", desktop_agent="paris"))
    with pytest.raises(errors.DesktopAgentNotFound):
        await crm.open(AppIdentifier("pricing", desktop_agent="rome"))
    with pytest.raises(errors.TargetInstanceUnavailable):
        await crm.raise_intent("ViewQuote", VOD, AppIdentifier("pricing", "gone", "paris"))
    with pytest.raises(errors.NoAppsFound):
        await crm.find_intent("ViewNothing", VOD)
    with pytest.raises(errors.NoAppsFound):
        await crm.raise_intent("ViewNothing", VOD)
    assert await crm.find_instances(AppIdentifier("pricing")) == []


async def test_our_own_name_means_here(joined: Bridged) -> None:
    crm, turret = await joined.desks["london"].connect_all("crm", "turret")
    await turret.add_intent_listener("ViewProfile", lambda context, _: context)
    target = AppIdentifier("turret", turret.app.instance_id, "london")
    assert (await crm.raise_intent("ViewProfile", SARAH, target)).source == turret.app


async def test_without_a_bridge_only_what_is_elsewhere_fails(bridged: Bridged) -> None:
    crm, turret = await bridged.desks["london"].connect_all("crm", "turret")
    with pytest.raises(errors.NotConnectedToBridge):
        await crm.raise_intent("ViewQuote", VOD, AppIdentifier("pricing", desktop_agent="paris"))
    await turret.add_intent_listener("ViewProfile", lambda context, _: context)
    target = AppIdentifier("turret", turret.app.instance_id)
    assert (await crm.raise_intent("ViewProfile", SARAH, target)).source == turret.app


async def test_a_private_channel_spans_two_agents_until_one_side_leaves(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    mine: list[PrivateChannel] = []
    events: list[Any] = []
    back = Heard()

    async def stream(context: Context, metadata: ContextMetadata) -> PrivateChannel:
        channel = await pricing.create_private_channel()
        mine.append(channel)
        await channel.on_add_context_listener(lambda kind: events.append(("added", kind)))
        await channel.on_unsubscribe(lambda kind: events.append(("ended", kind)))
        await channel.on_disconnect(lambda: events.append("disconnected"))
        await channel.add_context_listener("fdc3.contact", back)
        return channel

    await pricing.add_intent_listener("ViewQuote", stream)
    theirs = await (await crm.raise_intent("ViewQuote", VOD)).get_result()
    assert isinstance(theirs, PrivateChannel)
    heard, added = Heard(), list[Any]()
    await theirs.on_add_context_listener(added.append)
    await theirs.add_context_listener("fdc3.instrument", heard)
    await eventually(lambda: events and added)
    assert added == ["fdc3.contact"]
    await mine[0].broadcast(BARC)
    await eventually(lambda: heard)
    assert heard == [BARC]
    assert heard.metadata.source == AppIdentifier("pricing", pricing.app.instance_id, "paris")
    await theirs.broadcast(SARAH)
    await eventually(lambda: back)
    assert back == [SARAH]
    assert back.metadata.source.desktop_agent == "london"
    await theirs.disconnect()
    await eventually(lambda: len(events) == 3)
    assert events == [("added", "fdc3.instrument"), ("ended", "fdc3.instrument"), "disconnected"]
    await mine[0].broadcast(VOD)
    await settle()
    assert heard == [BARC]


async def test_the_maker_of_a_private_channel_leaves_and_the_other_side_is_told(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    await pricing.add_intent_listener("ViewQuote", lambda context, _: pricing.create_private_channel())
    theirs = await (await crm.raise_intent("ViewQuote", VOD)).get_result()
    assert isinstance(theirs, PrivateChannel)
    gone: list[str] = []
    await theirs.on_disconnect(lambda: gone.append("disconnected"))
    await pricing.disconnect()
    await eventually(lambda: gone)


async def test_an_agent_that_dies_leaves_errors_behind_and_no_waiting(joined: Bridged) -> None:
    crm = await joined.desks["london"].connect("crm")
    pricing = await joined.desks["paris"].connect("pricing")
    never = asyncio.Event()

    async def stuck(context: Context, metadata: ContextMetadata) -> None:
        await never.wait()

    await pricing.add_intent_listener("ViewQuote", stuck)
    resolution = await crm.raise_intent("ViewQuote", VOD)
    result = asyncio.ensure_future(resolution.get_result())
    await settle()
    await joined.clients["paris"].close()
    async with asyncio.timeout(5):
        with pytest.raises(errors.AgentDisconnected):
            await result
    await eventually(lambda: joined.clients["london"].others == ())
    with pytest.raises(errors.DesktopAgentNotFound):
        await crm.raise_intent("ViewQuote", VOD, resolution.source)
    never.set()


async def test_the_bridge_dies_and_the_agents_come_back_to_a_new_one(joined: Bridged) -> None:
    port = joined.server.port
    await joined.server.close()
    await eventually(lambda: not any(client.name for client in joined.clients.values()))
    joined.server._ports = [port]
    await joined.server.start()
    await eventually(lambda: all(client.others for client in joined.clients.values()))
    crm = await joined.desks["london"].connect("crm")
    assert (await crm.find_intent("ViewQuote", VOD)).apps[0].desktop_agent == "paris"


async def test_names_are_unique_and_an_agent_that_leaves_takes_its_guests_along(bridged: Bridged) -> None:
    await bridged.desk("twin", *LONDON)
    bridged.clients["twin"]._wanted_name = "london"
    await bridged.join("london", "twin")
    assert {client.name for client in bridged.clients.values()} == {"london", "london-2", ""}
    turret = await bridged.desks["twin"].connect("turret")
    await turret.join_user_channel(SIX)
    await turret.broadcast(VOD)
    core = bridged.clients["london"]._line.broker._core
    await eventually(lambda: any(x.app_id == "turret" for x in core.instances.values()))
    assert bridged.desks["london"].host.instances() == ()
    await bridged.clients["twin"].close()
    await eventually(lambda: not any(x.app_id == "turret" for x in core.instances.values()))


async def test_only_agents_with_a_key_join_and_only_the_true_bridge_is_joined(tmp_path: Path) -> None:
    for name in ("shared.json", "other.json"):
        TokenKeys.create(tmp_path / name)
    assert (tmp_path / "shared.json").stat().st_mode & 0o077 == 0

    def keys(name: str = "shared.json") -> TokenKeys:
        return TokenKeys.read(tmp_path / name)

    async with Bridged(keys=keys()) as bridged:
        await bridged.desk("london", *LONDON, keys=keys())
        await bridged.desk("stranger", *LONDON, keys=keys("other.json"))
        await bridged.desk("nobody", *LONDON)
        for client in bridged.clients.values():
            await client.start()
        await eventually(lambda: bridged.clients["london"].name)
        await settle()
        assert bridged.hub.agents == ("london",)
    async with Bridged() as open_bridge:
        await open_bridge.desk("london", *LONDON, keys=keys())
        await open_bridge.clients["london"].start()
        await settle()
        assert open_bridge.hub.agents == ()


async def test_a_web_page_cannot_reach_the_bridge(bridged: Bridged) -> None:
    with pytest.raises(Exception, match="403"):
        await connect(bridged.url, origin="https://evil.example", proxy=None)  # type: ignore[arg-type]


async def test_a_bridge_is_found_on_the_ports_of_the_standard(bridged: Bridged) -> None:
    client = bridged.clients["london"]
    client._urls = [f"ws://127.0.0.1:{port}" for port in (1, bridged.server.port)]
    await client.start()
    await eventually(lambda: client.name)


async def test_another_agent_cannot_upset_ours_or_reach_its_private_channels(joined: Bridged) -> None:
    """Well-formed requests of every kind with contents of all kinds: nothing breaks and nothing private is touched."""
    crm, turret = await joined.desks["london"].connect_all("crm", "turret")
    secret = await crm.create_private_channel()
    heard, private = Heard(), Heard()
    await secret.add_context_listener(None, private)
    await turret.join_user_channel(SIX)
    await turret.add_context_listener("proof", heard)
    client = joined.clients["london"]
    dice = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    ids = ("", SIX, "orders", secret.id, "unknown")
    apps = ("", "crm", "turret", "nothing")
    sources = [{"appId": app, "instanceId": "x", "desktopAgent": agent} for app in apps for agent in ("paris", "rome")]
    for number in range(1500):
        app = {"appId": dice.choice(apps), "desktopAgent": "london"}
        if dice.random() < 0.5:
            app["instanceId"] = dice.choice(("gone", crm.app.instance_id, turret.app.instance_id))
        context = {"type": dice.choice(("fdc3.contact", "x", "fdc3.instrument")), "name": dice.choice(("a", 7, None))}
        on_channel = {"channelId": dice.choice(ids)}
        kinds: dict[str, Any] = {
            "broadcastRequest": on_channel | {"context": context},
            "findIntentRequest": {"intent": "ViewProfile", "context": context},
            "findIntentsByContextRequest": {"context": context},
            "findInstancesRequest": {"app": app},
            "getAppMetadataRequest": {"app": app},
            "openRequest": {"app": app},
            "raiseIntentRequest": {"intent": "ViewProfile", "context": context, "app": app},
            "PrivateChannel.broadcast": on_channel | {"context": context},
            "PrivateChannel.onAddContextListener": on_channel | {"contextType": dice.choice((None, "x"))},
            "PrivateChannel.onUnsubscribe": on_channel | {"contextType": dice.choice((None, "x"))},
            "PrivateChannel.onDisconnect": on_channel,
            "PrivateChannel.eventListenerAdded": on_channel | {"listenerType": "unsubscribe"},
            "PrivateChannel.eventListenerRemoved": on_channel | {"listenerType": "unsubscribe"},
        }
        kind = dice.choice(list(kinds))
        meta = {"requestUuid": f"u{number % 50}", "timestamp": "2026-03-02T09:30:00Z", "source": dice.choice(sources)}
        meta["destination"] = {"desktopAgent": "london"}
        BridgeClient._received(client, msgspec.json.encode({"type": kind, "payload": kinds[kind], "meta": meta}))
    state = {secret.id: [{"type": "x"}], "": [], SIX: [{"type": "y"}, {"type": "x"}]}
    update = {"allAgents": [], "channelsState": state}
    meta = {"requestUuid": "?", "responseUuid": "?", "timestamp": "2026-03-02T09:30:00Z"}
    BridgeClient._received(
        client, msgspec.json.encode({"type": "connectedAgentsUpdate", "payload": update, "meta": meta})
    )
    await settle()
    assert private == []
    assert await secret.get_current_context() is None
    pricing = await joined.desks["paris"].connect("pricing")
    await pricing.join_user_channel(SIX)
    await pricing.broadcast(Context(type="proof"))
    await eventually(lambda: heard)


async def test_the_agent_of_a_private_channel_repeats_what_one_party_says_to_the_others(bridged: Bridged) -> None:
    await bridged.desk("rome", *LONDON)
    await bridged.join("london", "paris", "rome")
    crm = await bridged.desks["london"].connect("crm")
    turret = await bridged.desks["rome"].connect("turret")
    pricing = await bridged.desks["paris"].connect("pricing")
    shared = await pricing.create_private_channel()
    await pricing.add_intent_listener("ViewQuote", lambda context, _: shared)
    ends: list[PrivateChannel] = []
    for agent in (crm, turret):
        result = await (await agent.raise_intent("ViewQuote", VOD)).get_result()
        assert isinstance(result, PrivateChannel)
        ends.append(result)
    mine, theirs, own = Heard(), Heard(), Heard()
    added: list[str | None] = []
    await shared.on_add_context_listener(added.append)
    for channel, heard in zip((shared, *ends), (mine, own, theirs), strict=True):
        await channel.add_context_listener(None, heard)
    await eventually(lambda: len(added) == 2)
    await ends[0].broadcast(VOD)
    await eventually(lambda: mine and theirs)
    assert (mine, theirs, own) == ([VOD], [VOD], [])
    assert (theirs.metadata.source.app_id, theirs.metadata.source.desktop_agent) == ("crm", "paris")
    gone: list[str] = []
    await ends[1].on_disconnect(lambda: gone.append("disconnected"))
    await bridged.clients["london"].close()
    await eventually(lambda: gone)
    await shared.broadcast(BARC)
    await eventually(lambda: len(theirs) == 2)
    assert own == []
