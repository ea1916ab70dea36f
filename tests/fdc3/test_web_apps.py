"""Web apps in real browsers, with the standard's own client: they join through the host page and use the desk.

In QtWebEngine, as docked apps do, and in Debian's Chromium, as in the trader's own browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from chromium import Chromium, PageError, program
from running import Running, eventually
from web_engine import Browser
from web_site import Site

from fdc3.transports.web_gateway import WebPage
from fdc3.types import Contact, Context

CONTACT = {"type": "fdc3.contact", "name": "Sarah", "id": {"email": "sarah@example.com"}}
ONE = "fdc3.channel.1"


class Desk:
    """A host whose host page is loaded in a browser, and a site with apps."""

    def __init__(self, running: Running, browser: Browser | Chromium, site: Site, page: WebPage) -> None:
        self.running, self.browser, self.site, self.page = running, browser, site, page
        self.host = running.host

    async def open(self, app_id: str) -> tuple[str, int]:
        """Starts an app by the host page; returns its instance and its window once it has joined."""
        window = self.browser.windows + 1
        identifier = await self.host.launch(app_id)
        assert identifier.instance is not None
        await self.browser.window(window)
        assert (await self.info(window))["appMetadata"]["instanceId"] == identifier.instance
        return identifier.instance, window

    async def run(self, window: int, code: str) -> Any:
        return await self.browser.run(window, f"const agent = await window.agent; {code}")

    async def info(self, window: int) -> Any:
        return await self.run(window, "return await agent.getInfo()")

    def alive(self, instance_id: str) -> bool:
        return instance_id in {instance.id for instance in self.host.instances()}

    async def heard(self, window: int, count: int) -> list[Any]:
        """What a page has put into ``heard``, once it is so much."""
        code = f"while (heard.length < {count}) await new Promise(done => setTimeout(done, 5)); return heard"
        result: list[Any] = await self.browser.run(window, code)
        return result


CHROMIUM = pytest.mark.skipif(program() is None, reason="there is no Chromium on this machine (apt: chromium)")


@pytest.fixture(params=[Browser, pytest.param(Chromium, marks=CHROMIUM)], ids=["docked", "chromium"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with Site() as site:
        records = (
            site.record("one", "/one"),
            site.record("two", "/two", ViewContact=["fdc3.contact"]),
            site.record("moved", "/moved"),
            site.record("frame", "/frame"),
        )
        async with Running("memory", *records, navigation_grace=2.0) as running, request.param() as browser:
            page = running.host.web.page()
            await browser.load(page.url)
            await page.joined()
            yield Desk(running, browser, site, page)


async def test_the_user_opens_an_app_from_the_page(desk: Desk) -> None:
    button = "document.querySelector('[aria-label=\"Open Two\"]')"
    await desk.browser.run(0, f"while (!{button}) await new Promise(done => setTimeout(done, 5)); {button}.click()")
    window = await desk.browser.window(1)
    assert (await desk.info(window))["appMetadata"]["appId"] == "two"


async def test_an_address_for_one_load_lets_its_page_be_loaded_again(desk: Desk) -> None:
    page = desk.host.web.page(once=True)
    await desk.browser.load("about:blank")
    await desk.browser.load(page.url)
    await page.joined()
    assert page.url.partition("#")[2] not in await desk.browser.run(0, "return location.href")
    await desk.browser.reload(0)
    await page.joined()
    await desk.browser.load("about:blank")
    await desk.browser.load(page.url)
    await page.joined()


async def test_two_apps_share_a_channel(desk: Desk) -> None:
    _, one = await desk.open("one")
    _, two = await desk.open("two")
    await desk.run(two, f"await agent.joinUserChannel('{ONE}')")
    await desk.run(two, "await agent.addContextListener('fdc3.contact', c => heard.push(c))")
    await desk.run(
        one, f"await agent.joinUserChannel('{ONE}'); await agent.broadcast({msgspec.json.encode(CONTACT).decode()})"
    )
    assert await desk.heard(two, 1) == [CONTACT]


async def test_an_app_of_the_desk_and_a_web_app_hear_each_other(desk: Desk) -> None:
    _, one = await desk.open("one")
    agent = await desk.running.connect("crm")
    heard: list[Context] = []
    await agent.join_user_channel(ONE)
    await agent.add_context_listener("fdc3.contact", lambda context, _: heard.append(context))
    code = f"await agent.joinUserChannel('{ONE}'); await agent.broadcast({msgspec.json.encode(CONTACT).decode()})"
    await desk.run(one, code)
    await eventually(lambda: heard)
    assert heard[0].name == "Sarah"


async def test_an_intent_starts_the_app_that_handles_it_and_brings_its_result(desk: Desk) -> None:
    _, one = await desk.open("one")
    raising = desk.run(
        one,
        "const raised = await agent.raiseIntent('ViewContact', "
        f"{msgspec.json.encode(CONTACT).decode()}); return [raised.source.appId, await raised.getResult()]",
    )
    task = asyncio.ensure_future(raising)
    await desk.browser.window(2)
    await desk.run(2, "await agent.addIntentListener('ViewContact', async c => ({ type: 'seen', name: c.name }))")
    assert await task == ["two", {"type": "seen", "name": "Sarah"}]


async def test_open_brings_the_context(desk: Desk) -> None:
    _, one = await desk.open("one")
    opening = asyncio.ensure_future(
        desk.run(one, f"return await agent.open('two', {msgspec.json.encode(CONTACT).decode()})")
    )
    await desk.browser.window(2)
    await desk.run(2, "await agent.addContextListener('fdc3.contact', c => heard.push(c))")
    assert (await opening)["appId"] == "two"
    assert await desk.heard(2, 1) == [CONTACT]


async def test_a_page_that_the_directory_does_not_know_is_refused(desk: Desk) -> None:
    _, one = await desk.open("one")
    await desk.browser.go(one, f"{desk.site.address}/unknown")
    with pytest.raises(PageError, match="AccessDenied"):
        await desk.info(one)


async def test_the_same_path_of_another_origin_is_refused(desk: Desk) -> None:
    _, one = await desk.open("one")
    await desk.browser.go(one, f"{desk.site.by_name}/one")
    with pytest.raises(PageError, match="AccessDenied"):
        await desk.info(one)


async def test_a_page_cannot_claim_the_address_of_another_origin(desk: Desk) -> None:
    _, window = await desk.open("one")
    await desk.browser.go(window, f"{desk.site.by_name}/other")
    claim = f"{desk.site.address}/one"
    code = f"""
        const meta = {{ connectionAttemptUuid: "a", timestamp: new Date() }};
        const said = (type, payload) => ({{ type, payload, meta }});
        const identity = {{ identityUrl: "{claim}", actualUrl: "{claim}" }};
        const port = await new Promise(done => {{
            window.onmessage = event => done(event.ports[0]);
            window.opener.postMessage(said("WCP1Hello", {{ ...identity, fdc3Version: "2.2" }}), "*");
        }});
        return await new Promise(done => {{
            port.onmessage = event => done(event.data.type);
            port.postMessage(said("getInfoRequest", {{}}));
            port.postMessage(said("WCP4ValidateAppIdentity", identity));
        }});"""
    assert await desk.browser.run(window, code) == "WCP5ValidateAppIdentityFailedResponse"


async def test_loading_again_keeps_the_instance_and_its_channel_but_not_its_listeners(desk: Desk) -> None:
    instance, one = await desk.open("one")
    await desk.run(one, f"await agent.joinUserChannel('{ONE}'); await agent.addIntentListener('Look', () => {{}})")
    await desk.browser.reload(one)
    assert (await desk.info(one))["appMetadata"]["instanceId"] == instance
    assert await desk.run(one, "return (await agent.getCurrentChannel()).id") == ONE
    with pytest.raises(PageError, match="NoAppsFound"):
        await desk.run(one, "return await agent.findIntent('Look')")


async def test_another_app_in_the_same_window_is_another_instance(desk: Desk) -> None:
    instance, window = await desk.open("one")
    await desk.browser.go(window, f"{desk.site.address}/two")
    metadata = (await desk.info(window))["appMetadata"]
    assert metadata["appId"] == "two"
    assert metadata["instanceId"] != instance
    assert not desk.alive(instance)


async def test_a_window_that_leaves_for_good_is_an_instance_no_more(desk: Desk) -> None:
    instance, window = await desk.open("one")
    await desk.browser.go(window, f"{desk.site.address}/other")
    assert desk.alive(instance)
    await eventually(lambda: not desk.alive(instance))


async def test_a_closed_window_is_gone_at_once(desk: Desk) -> None:
    instance, window = await desk.open("one")
    await desk.browser.run(window, "setTimeout(() => window.close(), 100)")
    await eventually(lambda: not desk.alive(instance), 1.0)


async def test_the_desk_closes_a_window(desk: Desk) -> None:
    instance, window = await desk.open("one")
    assert desk.host.web.close_window(instance)
    assert not desk.alive(instance)
    await eventually(lambda: window in desk.browser.closed)


async def test_a_window_opened_by_an_app_does_not_inherit_its_instance(desk: Desk) -> None:
    """The browser clones the session storage, and with it the secret."""
    instance, window = await desk.open("one")
    await desk.browser.run(window, "window.open('/one', '_blank'); return 1")
    other = await desk.browser.window(window + 1)
    metadata = (await desk.info(other))["appMetadata"]
    assert metadata["appId"] == "one"
    assert metadata["instanceId"] != instance
    assert desk.alive(instance)


async def test_a_popup_of_an_unknown_page_is_refused_though_it_has_its_openers_secret(desk: Desk) -> None:
    instance, window = await desk.open("one")
    await desk.browser.run(window, "window.open('/unknown', 'login', 'popup,width=300,height=300'); return 1")
    other = await desk.browser.window(window + 1)
    assert await desk.browser.run(other, "return Object.keys(sessionStorage).length > 0 && window.opener !== null")
    with pytest.raises(PageError, match="AccessDenied"):
        await desk.info(other)
    assert desk.alive(instance)


async def test_a_frame_in_an_app_is_an_instance_of_its_own(desk: Desk) -> None:
    identifier = await desk.host.launch("frame")
    await eventually(lambda: any(x.app_id == "one" and x.connected for x in desk.host.instances()))
    assert identifier.instance not in {x.id for x in desk.host.instances() if x.app_id == "one"}


async def test_an_address_that_the_server_completes_is_still_the_app(desk: Desk) -> None:
    await desk.open("moved")


async def test_a_broken_socket_costs_no_app_and_no_message(desk: Desk) -> None:
    instance, one = await desk.open("one")
    await desk.run(one, f"await agent.joinUserChannel('{ONE}')")
    await desk.run(one, "await agent.addContextListener('fdc3.contact', c => heard.push(c))")
    agent = await desk.running.connect("crm")
    await agent.join_user_channel(ONE)
    socket: Any = desk.page._socket
    socket._connection.transport.abort()
    await eventually(lambda: not desk.page.connected)
    await agent.broadcast(Contact(name="Sarah"))
    assert (await desk.heard(one, 1))[0]["name"] == "Sarah"
    assert (await desk.info(one))["appMetadata"]["instanceId"] == instance


async def test_the_errors_of_the_standard_arrive(desk: Desk) -> None:
    _, one = await desk.open("one")
    for code, error in (
        ("agent.open('nothing')", "AppNotFound"),
        ("agent.raiseIntent('Nothing', { type: 'fdc3.contact' })", "NoAppsFound"),
        ("agent.joinUserChannel('nowhere')", "NoChannelFound"),
    ):
        with pytest.raises(PageError, match=error):
            await desk.run(one, f"return await {code}")


async def test_a_message_too_large_is_answered_with_an_error(desk: Desk) -> None:
    _, one = await desk.open("one")
    _, two = await desk.open("two")
    large = "agent.getOrCreateChannel('c').then(c => c.broadcast({ type: 'x', text: 'x'.repeat(2_000_000) }))"
    with pytest.raises(PageError, match="MalformedContext"):
        await desk.run(one, f"await {large}")
    assert (await desk.info(one))["provider"] == "Deskline"
    assert (await desk.info(two))["provider"] == "Deskline"
