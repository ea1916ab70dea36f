"""The doors by which pages of web apps come to the agent, with the same desk behind each and the same apps beside."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from broker_desk import record
from chromium import Chromium
from running import Running
from schemas import check_message
from web_calls import ALPHA, NPM
from web_engine import Browser
from web_site import Site

from fdc3 import web
from fdc3.broker import ResolutionRequest
from fdc3.client import DesktopAgent
from fdc3.host import IntentChoice, Timeouts
from fdc3.types import Context
from fdc3.types.context_metadata import (
    AppProvidableContextMetadata,
    ContextMetadata,
    ContextWithMetadata,
    to_message,
)
from fdc3.types.metadata import AppIdentifier

CHECKOUT = os.environ.get("DESKLINE_FDC3")
"""A built checkout of the standard's repository: with it, its own client of 3.0 is tested, too."""
SCRIPT = web.injected()
WRONG = (b"typeless", b'"contextTypes":null')
"""What is in requests that the agent is to refuse, and in those of the standard's first client of 3.0."""
PRELUDE = """
const agent = await window.agent;
const until = async count => {
  const end = performance.now() + 5000;
  while (heard.length < count && performance.now() < end) await new Promise(done => setTimeout(done, 5));
  return heard;
};
const failure = async work => { try { await work(); return null } catch (error) { return error.message } };
const told = async () => {
  const channel = await agent.getOrCreateChannel("told");
  await channel.addContextListener("told", context => heard.push(context.name));
};
const say = async (said, channel, metadata) => {
  await (await agent.raiseIntent("Say", { type: "say", said, channel, metadata }, { appId: "crm" })).getResult();
};
const SARAH = { type: "fdc3.contact", name: "Sarah", id: { email: "sarah@example.com" } };
const TOM = { type: "fdc3.contact", name: "Tom" };
"""


class Door:
    """A desk, and a browser with windows in it. ``client``: whose the pages' agent is; ``version``: what it speaks."""

    client = NPM
    version = "2.2"
    path = "/one"

    def __init__(self, running: Running, browser: Browser | Chromium, site: Site) -> None:
        self.running, self.browser, self.site = running, browser, site
        self.host = running.host

    async def page(self) -> int:
        """A new page of the app ``one``; the number of its window."""
        return await self.launch("one")

    async def launch(self, app_id: str) -> int:
        """A page that is opened by the host page."""
        window = self.browser.windows + 1
        await self.host.launch(app_id)
        return await self.browser.window(window)

    async def run(self, window: int, code: str) -> Any:
        return await self.browser.run(window, PRELUDE + code)

    async def leave(self, window: int) -> None:
        for instance in self.host.instances():
            if instance.app_id != "crm":
                self.host.web.close_window(instance.id)


class NewerDoor(Door):
    """The standard's own client of 3.0. It greets as one of 2.2, and is known by the first that only 3.0 has."""

    client = ALPHA
    version = "3.0"
    path = "/newer"

    async def page(self) -> int:
        window = await super().page()
        await self.run(window, "await (await agent.getOrCreateChannel('newer')).broadcast({ type: 'x' }, {})")
        return window


class PreloadDoor(Door):
    """``window.fdc3`` is put into the page, where the standard's client finds it."""

    client = "ours"
    version = "3.0"

    _numbers = itertools.count(1)

    async def page(self) -> int:
        number = next(self._numbers)
        identifier = AppIdentifier("one", self.host.seat("one"))
        self._pipe = self.host.web.pipe(lambda text: self.browser.deliver(number, text), identifier)
        assert isinstance(self.browser, Browser)
        window = await self.browser.inject(self.site.address + self.path, SCRIPT, number, self._received)
        self.browser.windows = max(self.browser.windows, window)
        return window

    def _received(self, text: str, origin: str) -> None:
        if "typeless" not in text:  # which the agent is to refuse
            check_message(text, self.version)
        self._pipe.received(text, origin)

    async def leave(self, window: int) -> None:
        self._pipe.close()
        await super().leave(window)


DOORS: dict[str, tuple[type[Door], type[Browser] | type[Chromium]]] = {
    "docked": (Door, Browser),
    "preload": (PreloadDoor, Browser),
    "chromium": (Door, Chromium),
}
if CHECKOUT:
    DOORS |= {"docked-newer": (NewerDoor, Browser), "chromium-newer": (NewerDoor, Chromium)}


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Door]:
    kind, browser_kind = DOORS[name]
    async with Site(CHECKOUT) as site:
        records = (
            site.record("one", kind.path),
            site.record("older", "/older"),
            site.record("listening", "/listening", Ambiguous=["fdc3.contact"]),
            site.record("another", "/another", Ambiguous=["fdc3.contact"]),
            site.record("silent", "/silent", Ignored=["fdc3.contact"]),
            record("program"),
            record("crm", ViewContact={"contexts": ["fdc3.contact"], "resultType": "fdc3.contact"}),
            record("ghost"),
        )
        timeouts = Timeouts(listener=3.0, resolver=0.3)
        running = Running("memory", *records, wrong=WRONG, resolver=Trader(), timeouts=timeouts)
        async with running, browser_kind() as browser:
            page = running.host.web.page()
            await browser.load(page.url)
            await page.joined()
            await _people(running)
            yield kind(running, browser, site)


class Trader:
    """Chooses by the name of the context."""

    async def resolve(self, request: ResolutionRequest) -> IntentChoice | None:
        match request.context.name:
            case "cancel":
                return None
            case "fail":
                raise RuntimeError("no window to ask in")
            case "wait":
                await asyncio.get_running_loop().create_future()
        chosen = next(app for app in request.options[0].apps if app.app_id == "listening")
        return IntentChoice(chosen.identifier, request.options[0].intent.name)


async def _people(running: Running) -> None:
    """The apps of the desk that the pages talk to."""
    crm, ghost = await running.connect("crm"), await running.connect("ghost")
    host = running.host

    async def give_private(context: Context, _: ContextMetadata) -> Any:
        channel = await crm.create_private_channel()

        async def tell(what: str) -> None:
            await (await crm.get_or_create_channel("told")).broadcast(Context(type="told", name=what))

        async def added(kind: str | None) -> None:
            await tell(f"added {kind}")
            await channel.broadcast(Context(type="private", name="welcome"))

        await channel.on_add_context_listener(added)
        await channel.on_unsubscribe(lambda kind: tell(f"unsubscribed {kind}"))
        await channel.on_disconnect(lambda: tell("disconnected"))
        await channel.add_context_listener(None, lambda context, _: tell(f"said {context.name}"))
        return channel

    async def say(context: Context, _: ContextMetadata) -> None:
        given = context.get("metadata")
        metadata = AppProvidableContextMetadata(trace_id=given["traceId"]) if given else None
        await (await _channel(crm, context["channel"])).broadcast(Context.parse(context["said"]), metadata)

    async def vanish(context: Context, _: ContextMetadata) -> None:
        assert ghost.app.instance is not None
        host.instance_gone(ghost.app.instance)

    async def move(context: Context, metadata: ContextMetadata) -> None:
        assert metadata.source is not None
        host.join_user_channel(metadata.source.instance or "", context["channel"])

    async def leave_private(context: Context, _: ContextMetadata) -> Any:
        channel = await crm.create_private_channel()
        await channel.on_add_context_listener(lambda kind: channel.disconnect())
        return channel

    async def take(context: Context, _: ContextMetadata) -> None:
        """Takes the private channel that a page gives, and uses it as a guest does."""
        page = AppIdentifier(context["appId"], context["instanceId"])
        channel: Any = await (await crm.raise_intent("Stream", Context(type="x"), page)).get_result()
        listener = await channel.add_context_listener("fdc3.contact", lambda context, _: None)
        await listener.unsubscribe()
        await channel.disconnect()

    def tell_metadata(context: Context, metadata: ContextMetadata) -> Context:
        said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(to_message(metadata)))
        return Context({"type": "metadata", **said})

    def sign(context: Context, _: ContextMetadata) -> ContextWithMetadata:
        return ContextWithMetadata(context, AppProvidableContextMetadata(trace_id="theirs", custom={"desk": "rates"}))

    def fail(context: Context, _: ContextMetadata) -> None:
        raise ValueError("no such customer")

    await crm.add_intent_listener("ViewContact", lambda context, _: context)
    await crm.add_intent_listener("GiveNothing", lambda context, _: None)
    await crm.add_intent_listener("GiveChannel", lambda context, _: crm.get_or_create_channel("given"))
    await crm.add_intent_listener("GivePrivate", give_private)
    await crm.add_intent_listener("LeavePrivate", leave_private)
    await crm.add_intent_listener("Take", take)
    await crm.add_intent_listener("Metadata", tell_metadata)
    await crm.add_intent_listener("Signed", sign)
    await crm.add_intent_listener("Fail", fail)
    await crm.add_intent_listener("Say", say)
    await crm.add_intent_listener("Move", move)
    await ghost.add_intent_listener("Vanish", vanish)


async def _channel(agent: DesktopAgent, channel_id: str) -> Any:
    users = {channel.id: channel for channel in await agent.get_user_channels()}
    return users[channel_id] if channel_id in users else await agent.get_or_create_channel(channel_id)
