"""The agent injected as ``window.fdc3``, in a real browser, beside an app of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from chromium import PageError
from running import Running, eventually
from schemas import check_message
from web_engine import Browser
from web_site import Site

from fdc3 import web
from fdc3.client import DesktopAgent
from fdc3.transports.web_gateway import WebPipe
from fdc3.types import Contact, Context, Instrument, errors
from fdc3.types.metadata import AppIdentifier

SCRIPT = web.injected()
SARAH = '{ type: "fdc3.contact", name: "Sarah", id: { email: "sarah@example.com" } }'
ONE, TWO = "fdc3.channel.1", "fdc3.channel.2"


class Page:
    """A page with the injected agent, and an app of the desk beside it."""

    def __init__(self, running: Running, browser: Browser, site: Site, agent: DesktopAgent) -> None:
        self.running, self.browser, self.site, self.agent = running, browser, site, agent
        self.host = running.host
        self.window = 0
        self.sent: list[dict[str, Any]] = []
        self.pipe: WebPipe

    async def open(self, path: str = "/one") -> None:
        identifier = AppIdentifier("one", self.host.seat("one"))
        self.pipe = self.host.web.pipe(lambda text: self.browser.deliver(1, text), identifier)
        self.window = await self.browser.inject(self.site.address + path, SCRIPT, 1, self._received)

    def _received(self, text: str, origin: str) -> None:
        message = msgspec.json.decode(text)
        check_message(message, "3.0")
        self.sent.append(message)
        self.pipe.received(text, origin)

    async def run(self, code: str) -> Any:
        return await self.browser.run(self.window, code)

    async def heard(self, count: int) -> list[Any]:
        code = f"while (heard.length < {count}) await new Promise(done => setTimeout(done, 5)); return heard"
        result: list[Any] = await self.run(code)
        return result

    @property
    def instance(self) -> str:
        return next(x.id for x in self.host.instances() if x.app_id == "one")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with Site() as site:
        records = (site.record("one", "/one"), site.record("crm", "/crm", ViewContact=["fdc3.contact"]))
        async with Running("memory", *records) as running, Browser() as browser:
            page = Page(running, browser, site, await running.connect("crm"))
            await page.open()
            yield page


async def test_it_is_there_before_the_page_and_announced(page: Page) -> None:
    info = await page.run("return await window.fdc3.getInfo()")
    assert info["fdc3Version"] == "3.0"
    assert info["appMetadata"]["appId"] == "one"
    assert info["appMetadata"]["instanceId"] == page.instance
    assert await page.run("return (await window.agent) === window.fdc3")  # the standard's client finds it


async def test_a_page_that_is_no_app_of_the_directory_loses_it(page: Page) -> None:
    await page.open("/other")
    with pytest.raises(PageError, match="AccessDenied"):
        await page.run("return await kept.getInfo()")
    assert await page.run("return window.fdc3 === undefined")


async def test_contexts_of_the_user_channel_go_both_ways_and_are_replayed(page: Page) -> None:
    heard: list[Context] = []
    await page.agent.join_user_channel(ONE)
    await page.agent.add_context_listener(None, lambda context, _: heard.append(context))
    await page.agent.broadcast(Contact(name="Sarah"))
    await page.run("await fdc3.addContextListener('fdc3.contact', (c, m) => heard.push([c.name, m?.source.appId]))")
    await page.run(f"await fdc3.joinUserChannel('{ONE}')")
    assert await page.heard(1) == [["Sarah", "crm"]]
    await page.agent.broadcast(Contact(name="Tom"))
    assert (await page.heard(2))[1] == ["Tom", "crm"]
    await page.run(f"await fdc3.broadcast({SARAH})")
    await eventually(lambda: heard)
    assert heard[0].name == "Sarah"
    assert await page.run("return (await fdc3.getCurrentChannel()).displayMetadata.color") == "red"
    await page.run("await fdc3.leaveCurrentChannel()")
    assert await page.run("return await fdc3.getCurrentChannel()") is None
    await page.run(f"await fdc3.broadcast({SARAH})")  # on no channel: to nobody


async def test_a_listener_hears_only_its_type_and_nothing_after_its_end(page: Page) -> None:
    await page.agent.join_user_channel(ONE)
    await page.run(f"await fdc3.joinUserChannel('{ONE}')")
    await page.run("window.ending = await fdc3.addContextListener('fdc3.contact', c => heard.push(c.name))")
    await page.run("await fdc3.addContextListener(c => heard.push(c.type))")
    await page.agent.broadcast(Instrument(id={"ticker": "VOD"}))
    assert await page.heard(1) == ["fdc3.instrument"]
    await page.run("await ending.unsubscribe(); await ending.unsubscribe()")
    await page.agent.broadcast(Contact(name="Tom"))
    assert await page.heard(2) == ["fdc3.instrument", "fdc3.contact"]


async def test_the_channel_chosen_by_the_desk_is_told(page: Page) -> None:
    await page.run("await fdc3.addEventListener('userChannelChanged', e => heard.push(e.details.currentChannelId))")
    page.host.join_user_channel(page.instance, TWO)
    assert await page.heard(1) == [TWO]


async def test_app_channels(page: Page) -> None:
    channel = await page.agent.get_or_create_channel("orders")
    await page.run(
        "window.channel = await fdc3.getOrCreateChannel('orders');"
        "await channel.addContextListener(null, c => heard.push(c.type))"
    )
    await channel.broadcast(Contact(name="Sarah"))
    assert await page.heard(1) == ["fdc3.contact"]
    current = "return [(await channel.getCurrentContext()).name, await channel.getCurrentContext('x'), channel.type]"
    assert await page.run(current) == ["Sarah", None, "app"]
    await page.run("const { broadcast } = channel; await broadcast({ type: 'from.page' })")
    context = await channel.get_current_context("from.page")
    assert context is not None
    assert len(await page.run("return await fdc3.getUserChannels()")) == 8


async def test_intents_with_results_of_every_kind(page: Page) -> None:
    await page.agent.add_intent_listener("ViewContact", lambda context, _: Context(type="seen", name=context.name))
    raised = f"const raised = await fdc3.raiseIntent('ViewContact', {SARAH}, 'crm');"
    assert await page.run(f"{raised} return [raised.intent, (await raised.getResult()).name]") == [
        "ViewContact",
        "Sarah",
    ]
    await page.run(
        "await fdc3.addIntentListener('Give', async c => c.name === 'channel' ? "
        "await fdc3.getOrCreateChannel('given') : c.name === 'fail' ? Promise.reject(new Error('no')) : c)"
    )
    target = AppIdentifier("one", page.instance)
    for name in ("channel", "context"):
        resolution = await page.agent.raise_intent("Give", Context(type="x", name=name), target)
        result = await resolution.get_result()
        assert getattr(result, "id", None) == "given" if name == "channel" else isinstance(result, Context)
    resolution = await page.agent.raise_intent("Give", Context(type="x", name="fail"), target)
    with pytest.raises(errors.IntentHandlerRejected):
        await resolution.get_result()
    for_context = f"return (await fdc3.raiseIntentForContext({SARAH})).source.appId"
    assert await page.run(for_context) == "crm"


async def test_private_channels(page: Page) -> None:
    await page.run("""
        const channel = window.channel = await fdc3.createPrivateChannel();
        await channel.addEventListener(null, e => heard.push([e.type, e.details?.contextType ?? null]));
        channel.onAddContextListener(type => channel.broadcast({ type: 'fdc3.contact', name: 'private' }));
        await fdc3.addIntentListener('Stream', async () => channel);""")
    resolution = await page.agent.raise_intent("Stream", Context(type="x"), AppIdentifier("one", page.instance))
    channel: Any = await resolution.get_result()
    heard: list[Context] = []
    listener = await channel.add_context_listener("fdc3.contact", lambda context, _: heard.append(context))
    await eventually(lambda: heard)
    await listener.unsubscribe()
    await channel.disconnect()
    expected = [["addContextListener", "fdc3.contact"], ["unsubscribe", "fdc3.contact"], ["disconnect", None]]
    assert await page.heard(3) == expected
    await page.run("await channel.disconnect()")
    with pytest.raises(PageError, match="NoChannelFound"):
        await page.run("await channel.broadcast({ type: 'x' })")


async def test_apps_are_found(page: Page) -> None:
    assert (await page.run("return await fdc3.getAppMetadata({ appId: 'crm' })"))["title"] == "Crm"
    assert [x["appId"] for x in await page.run("return await fdc3.findInstances({ appId: 'one' })")] == ["one"]
    found = await page.run(f"return [await fdc3.findIntent('ViewContact'), await fdc3.findIntentsByContext({SARAH})]")
    assert found[0]["intent"]["name"] == "ViewContact"
    assert [x["intent"]["name"] for x in found[1]] == ["ViewContact"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("open('nothing')", "AppNotFound"),
        ("raiseIntent('Nothing', { type: 'x' })", "NoAppsFound"),
        ("raiseIntent('ViewContact', { type: 'fdc3.contact' }, 'nobody')", "TargetAppUnavailable"),
        ("findIntent('Nothing')", "NoAppsFound"),
        ("joinUserChannel('nowhere')", "NoChannelFound"),
        ("addContextListener(1, 2)", "InvalidArguments"),
        ("addEventListener('unknown', () => {})", "InvalidArguments"),
    ],
)
async def test_errors_are_the_standards(page: Page, call: str, error: str) -> None:
    with pytest.raises(PageError, match=error):
        await page.run(f"return await fdc3.{call}")


async def test_loading_again_keeps_the_instance(page: Page) -> None:
    before = page.instance
    await page.run(f"await fdc3.joinUserChannel('{TWO}')")
    await page.browser.reload(page.window)
    info = await page.run("return await fdc3.getInfo()")
    assert info["appMetadata"]["instanceId"] == before
    assert await page.run("return (await fdc3.getCurrentChannel()).id") == TWO


async def test_a_listener_is_there_at_once_for_apps_of_fdc3_1(page: Page) -> None:
    await page.agent.join_user_channel(ONE)
    await page.run(f"await fdc3.joinUserChannel('{ONE}')")
    await page.run("window.ending = fdc3.addContextListener(c => heard.push(c.name)); await ending")
    await page.run("await fdc3.addContextListener(c => heard.push('other'))")
    await page.run("await ending.unsubscribe()")
    await page.agent.broadcast(Contact(name="Tom"))
    assert await page.heard(1) == ["other"]


async def test_a_closed_pipe_ends_the_instance(page: Page) -> None:
    await page.run("await fdc3.getInfo()")
    page.pipe.close()
    assert not [x for x in page.host.instances() if x.app_id == "one"]
