"""What an inspector is told about the agent's state."""

from __future__ import annotations

import asyncio

from broker_desk import record
from running import Running, eventually

from fdc3.host import Host
from fdc3.launching import Launcher
from fdc3.types import Contact, Context

SIX = "fdc3.channel.6"


class Slow:
    """Starts nothing: the app is for ever on its way."""

    async def launch(self, *_: object) -> None: ...


def stages(host: Host) -> list[tuple[str, str]]:
    return [(intent.intent, intent.stage) for intent in host.snapshot().intents]


async def test_instances_channels_and_contexts_are_told() -> None:
    async with Running("memory") as running:
        crm, pricing = await running.connect_all("crm", "pricing")
        await crm.join_user_channel(SIX)
        await pricing.join_user_channel(SIX)
        await crm.add_context_listener("fdc3.contact", lambda context, metadata: None)
        await crm.add_intent_listener("ViewProfile", lambda context, metadata: context)
        axes = await crm.get_or_create_channel("axes")
        await axes.add_context_listener(None, lambda context, metadata: None)
        await pricing.broadcast(Contact(name="Sarah Whitcombe"))
        told = running.host.snapshot()
        first, second = told.instances
        assert (first.app_id, first.connected, first.channel_id) == ("crm", True, SIX)
        assert (first.listens_to, first.intents) == (("fdc3.contact", "*@axes"), ("ViewProfile",))
        channels = {channel.id: channel for channel in told.channels}
        assert channels[SIX].members == (first.id, second.id)
        assert channels[SIX].name == "Channel 6"
        [(kind, raw)] = channels[SIX].contexts
        assert (kind, b"Sarah" in raw) == ("fdc3.contact", True)
        assert (channels["axes"].type, channels["axes"].members) == ("app", (first.id,))


async def test_an_intent_is_told_from_starting_to_handling() -> None:
    launcher: Launcher = Slow()
    async with Running("memory", record("crm", ViewProfile=["fdc3.contact"]), record("desk"), launcher=launcher) as it:
        desk = await it.connect("desk")
        raised = desk.raise_intent("ViewProfile", Contact(name="Sarah"))
        asking = asyncio.ensure_future(raised)
        await eventually(lambda: stages(it.host) == [("ViewProfile", "starting")])
        [intent] = it.host.snapshot().intents
        assert intent.seconds is not None
        assert 0 < intent.seconds <= 35
        await it.connect_as("crm", intent.handler or "")
        assert stages(it.host) == [("ViewProfile", "listening")]
        answer: asyncio.Future[Context] = asyncio.get_running_loop().create_future()
        await it.agents[-1].add_intent_listener("ViewProfile", lambda context, metadata: answer)
        resolution = await asking
        assert stages(it.host) == [("ViewProfile", "handling")]
        answer.set_result(Contact(name="Sarah Whitcombe"))
        await resolution.get_result()
        assert stages(it.host) == []
