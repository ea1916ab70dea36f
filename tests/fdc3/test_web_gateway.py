"""The socket of host pages: who is let in, who a page is, and what is left when windows and sockets go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from running import Running, eventually
from schemas import check_message
from web_site import web_record
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from fdc3.directory import AppRecord
from fdc3.transports.web_gateway import ABSENT, WebPage
from fdc3.transports.web_ports import QUESTIONS
from fdc3.types import Contact
from fdc3.types.errors import ErrorOnLaunch

HERE = "https://apps.example"
NOW = "2026-03-02T09:30:00Z"
RECORDS = (web_record("one", f"{HERE}/one"), web_record("two", f"{HERE}/two"))


class HostPage:
    """A host page without a browser: its frames are the test's own."""

    def __init__(self, running: Running, page: WebPage) -> None:
        self.running, self.page = running, page
        self.socket: ClientConnection
        self.frames: list[list[Any]] = []
        self._reader: asyncio.Task[None]

    async def join(self, load: str = "load", secret: str | None = None) -> HostPage:
        address = self.running.host.web.address
        self.socket = await open_socket(
            f"{address.replace('http', 'ws')}/web", origin=Origin(address), proxy=None, compression=None
        )
        await self.say("join", secret or self.page.url.partition("#")[2], load)
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def _read(self) -> None:
        try:
            while True:
                self.frames.append(msgspec.json.decode(await self.socket.recv()))
        except ConnectionClosed:
            pass

    async def say(self, *frame: Any) -> None:
        await self.socket.send(msgspec.json.encode(frame).decode())

    async def leave(self) -> None:
        await self.socket.close()
        await self._reader

    async def closed(self) -> None:
        async with asyncio.timeout(5):
            await self._reader

    async def next(self, kind: str, port: int | None = None) -> list[Any]:
        """Takes the first frame of a kind, for a port if one is given."""

        def fits(frame: list[Any]) -> bool:
            return frame[0] == kind and port in (None, *frame[1:2])

        await eventually(lambda: any(map(fits, self.frames)))
        frame = next(filter(fits, self.frames))
        self.frames.remove(frame)
        return frame

    async def hello(self, port: int, window: str, origin: str = HERE, version: str = "2.2") -> None:
        payload = {"identityUrl": f"{HERE}/one", "actualUrl": f"{HERE}/one", "fdc3Version": version}
        message = {"type": "WCP1Hello", "payload": payload, "meta": {"connectionAttemptUuid": "a", "timestamp": NOW}}
        await self.say("hello", port, window, origin, message)

    async def validate(self, port: int, app: str = "one", version: str = "2.2", **more: str) -> dict[str, Any]:
        url = more.pop("url", f"{HERE}/{app}")
        payload = {"identityUrl": url, "actualUrl": more.pop("actual", url), **more}
        meta = {"connectionAttemptUuid": "a", "timestamp": NOW}
        await self.say("message", port, {"type": "WCP4ValidateAppIdentity", "payload": payload, "meta": meta})
        answer: dict[str, Any] = (await self.next("message", port))[2]
        check_message(answer, version)
        return answer

    async def app(self, port: int, window: str, app: str = "one", **more: str) -> dict[str, Any]:
        """An app that has joined: what it was told of itself."""
        await self.hello(port, window)
        answer = await self.validate(port, app, **more)
        assert answer["type"] == "WCP5ValidateAppIdentityResponse", answer
        payload: dict[str, Any] = answer["payload"]
        return payload

    async def ask(self, port: int, kind: str, **payload: Any) -> dict[str, Any]:
        meta = {"requestUuid": f"r{port}", "timestamp": NOW}
        await self.say("message", port, {"type": f"{kind}Request", "payload": payload, "meta": meta})
        answer: dict[str, Any] = (await self.next("message", port))[2]
        return answer

    async def goodbye(self, port: int) -> None:
        await self.say("message", port, {"type": "WCP6Goodbye", "meta": {"timestamp": NOW}})

    def alive(self, instance: dict[str, Any]) -> bool:
        return instance["instanceId"] in {x.id for x in self.running.host.instances()}


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("memory", *RECORDS, navigation_grace=0.5) as running:
        yield running


@pytest.fixture
async def page(running: Running) -> AsyncIterator[HostPage]:
    page = await HostPage(running, running.host.web.page()).join()
    await page.next("joined")
    yield page
    await page.leave()


# Who is let in


@pytest.mark.parametrize("origin", [None, "https://evil.example", "http://localhost:1"])
async def test_only_our_own_page_may_open_the_socket(running: Running, origin: str | None) -> None:
    url = running.host.url.replace("/fdc3", "/web")
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(url, origin=Origin(origin) if origin else None, proxy=None)
    assert refusal.value.response.status_code == 403


async def test_our_own_page_may_not_pass_for_a_program(running: Running) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(running.host.url, origin=Origin(running.host.web.address), proxy=None)
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_a_page_without_the_secret_is_refused(running: Running, secret: str) -> None:
    page = await HostPage(running, running.host.web.page()).join(secret=secret or "-")
    await page.closed()
    assert page.frames == []
    assert not page.page.connected


async def test_an_address_serves_one_page_at_a_time(page: HostPage) -> None:
    other = await HostPage(page.running, page.page).join(load="another")
    await other.closed()
    assert page.page.connected


async def test_a_closed_page_is_let_in_no_more(page: HostPage) -> None:
    page.page.close()
    await page.closed()
    again = await HostPage(page.running, page.page).join()
    await again.closed()
    assert again.frames == []


async def test_an_address_for_one_load_is_good_for_no_other(running: Running) -> None:
    page = await HostPage(running, running.host.web.page(once=True)).join()
    *_, secret = await page.next("joined")
    await page.leave()
    await eventually(lambda: not page.page.connected)
    await page.join("another")
    await page.closed()
    assert page.frames == []
    await page.join("load", secret)
    assert (await page.next("joined"))[2] == secret
    await page.leave()


@pytest.mark.parametrize("nonsense", ["", "null", "[]", '["hello"]', '["message",1]', "{}", '["join","x","y"]'])
async def test_nonsense_ends_the_socket(page: HostPage, nonsense: str) -> None:
    await page.socket.send(nonsense)
    await page.closed()


# Who a page is


async def test_an_app_joins_and_speaks(page: HostPage) -> None:
    one = await page.app(1, "w")
    assert one["appId"] == "one"
    assert one["instanceUuid"] != one["instanceId"]
    info = await page.ask(1, "getInfo")
    assert info["payload"]["implementationMetadata"]["appMetadata"]["instanceId"] == one["instanceId"]


@pytest.mark.parametrize("version", ["2.2", "3.0"])
async def test_an_app_is_spoken_to_in_its_own_version(page: HostPage, version: str) -> None:
    await page.hello(1, "w", version=version)
    answer = await page.validate(1, version=version)
    assert answer["payload"]["implementationMetadata"]["fdc3Version"] == version


async def test_nothing_is_heard_before_the_identity_is_known(page: HostPage) -> None:
    await page.hello(1, "w")
    meta = {"requestUuid": "r", "timestamp": NOW}
    await page.say("message", 1, {"type": "getInfoRequest", "payload": {}, "meta": meta})
    assert (await page.validate(1))["type"] == "WCP5ValidateAppIdentityResponse"
    assert page.running.host.instances()


@pytest.mark.parametrize(
    ("origin", "url", "actual"),
    [
        ("https://evil.example", f"{HERE}/one", f"{HERE}/one"),
        (HERE, f"{HERE}/one", "https://evil.example/"),
        (HERE, "https://evil.example/", f"{HERE}/one"),
        (HERE, f"{HERE}/unknown", f"{HERE}/one"),
        ("https://evil.example", "https://evil.example/one", "https://evil.example/one"),
        ("null", "null", "null"),
        (HERE, "", ""),
    ],
)
async def test_origin_and_addresses_must_agree_and_be_known(page: HostPage, origin: str, url: str, actual: str) -> None:
    await page.hello(1, "w", origin)
    answer = await page.validate(1, url=url, actual=actual)
    assert answer["type"] == "WCP5ValidateAppIdentityFailedResponse"
    assert answer["payload"]["message"]
    await page.next("shut", 1)
    assert page.running.host.instances() == ()


async def test_the_same_window_with_its_secret_is_the_same_instance(page: HostPage) -> None:
    one = await page.app(1, "w")
    again = await page.app(2, "w", instanceId=one["instanceId"], instanceUuid=one["instanceUuid"])
    assert (again["instanceId"], again["instanceUuid"]) == (one["instanceId"], one["instanceUuid"])
    await page.next("shut", 1)


@pytest.mark.parametrize(("window", "app", "secret"), [("other", "one", True), ("w", "two", True), ("w", "one", False)])
async def test_else_it_is_another_instance(page: HostPage, window: str, app: str, secret: bool) -> None:
    one = await page.app(1, "w")
    uuid = one["instanceUuid"] if secret else one["instanceId"]
    other = await page.app(2, window, app, instanceId=one["instanceId"], instanceUuid=uuid)
    assert other["instanceId"] != one["instanceId"]
    assert other["instanceUuid"] != one["instanceUuid"]
    assert page.alive(one) == (window != "w")


async def test_a_window_with_many_unanswered_hellos_loses_the_oldest(page: HostPage) -> None:
    for port in range(1, 10):
        await page.hello(port, "w")
    await page.next("shut", 1)
    assert (await page.validate(9))["type"] == "WCP5ValidateAppIdentityResponse"


async def test_an_unknown_app_is_asked_for_and_then_known() -> None:
    asked: list[str] = []

    async def ask(url: str) -> AppRecord | None:
        asked.append(url)
        return web_record("new", f"{HERE}/new") if url.endswith("/new") else None

    async with Running("memory", *RECORDS, ask_unknown=ask) as running:
        page = await HostPage(running, running.host.web.page()).join()
        assert (await page.app(1, "w", "new"))["appId"] == "new"
        assert (await page.app(2, "v", "new"))["appId"] == "new"
        await page.hello(3, "u")
        assert (await page.validate(3, "never"))["type"] == "WCP5ValidateAppIdentityFailedResponse"
        await page.hello(4, "t")
        assert (await page.validate(4, "other"))["type"] == "WCP5ValidateAppIdentityFailedResponse"
        assert asked == [f"{HERE}/new", f"{HERE}/never"]  # an origin that was refused is not asked for again
        await page.leave()


async def test_questions_for_unknown_apps_are_one_for_each_origin_and_few_at_a_time() -> None:
    asked: list[str] = []
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def ask(url: str) -> AppRecord | None:
        asked.append(url)
        return web_record("new", f"{HERE}/new") if await answer and url.startswith(HERE) else None

    async with Running("memory", *RECORDS, ask_unknown=ask) as running:
        page = await HostPage(running, running.host.web.page()).join()
        others = [f"https://app{number}.example" for number in range(QUESTIONS)]
        answers = []
        for port, origin in enumerate([HERE, HERE, *others], 1):
            await page.hello(port, f"w{port}", origin)
            answers.append(asyncio.ensure_future(page.validate(port, url=f"{origin}/new")))
        # One more than can be asked is refused at once; the second page of an origin waits with the first.
        assert (await answers[-1])["type"] == "WCP5ValidateAppIdentityFailedResponse"
        assert asked == [f"{origin}/new" for origin in (HERE, *others[:-1])]
        answer.set_result(True)
        answered = [(await each)["type"] for each in answers[:3]]
        assert answered == [*["WCP5ValidateAppIdentityResponse"] * 2, "WCP5ValidateAppIdentityFailedResponse"]
        await page.leave()


# Windows


async def test_the_window_opened_for_an_app_becomes_its_instance(page: HostPage) -> None:
    launching = asyncio.ensure_future(page.running.host.launch("one"))
    _, open_id, url, window, title = await page.next("open")
    assert (url, title) == (f"{HERE}/one", "One")
    await page.say("opened", open_id, True)
    identifier = await launching
    assert (await page.app(1, window))["instanceId"] == identifier.instance
    assert (await page.app(2, "a frame in it"))["instanceId"] != identifier.instance


async def test_a_window_that_the_browser_blocks_is_a_failed_launch(page: HostPage) -> None:
    launching = asyncio.ensure_future(page.running.host.launch("one"))
    _, open_id, *_ = await page.next("open")
    await page.say("opened", open_id, False)
    with pytest.raises(ErrorOnLaunch, match="blocks new windows"):
        await launching
    assert page.running.host.instances() == ()


async def test_without_a_host_page_a_web_app_cannot_be_started(running: Running) -> None:
    with pytest.raises(ErrorOnLaunch, match="no page of Deskline is open"):
        await running.host.launch("one")


async def test_a_closed_window_takes_its_app_at_once(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.say("gone", "w")
    await eventually(lambda: not page.alive(one))
    await page.next("shut", 1)


async def test_a_window_closed_before_its_app_joined_is_a_failed_launch(page: HostPage) -> None:
    launching = asyncio.ensure_future(page.running.host.launch("one"))
    _, open_id, _, window, _ = await page.next("open")
    await page.say("opened", open_id, True)
    await launching
    await page.say("gone", window)
    await eventually(lambda: not page.running.host.instances())


async def test_a_page_that_was_left_is_kept_for_a_while_and_looked_for(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.goodbye(1)
    await page.next("look")
    assert page.alive(one)
    await eventually(lambda: not page.alive(one))


async def test_a_page_that_comes_back_in_time_is_the_same_and_hears_what_it_listens_for_anew(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.ask(1, "joinUserChannel", channelId="fdc3.channel.1")
    await page.ask(1, "addContextListener", channelId=None, contextType=None)
    await page.goodbye(1)
    await page.next("look")
    agent = await page.running.connect("desk")
    await agent.join_user_channel("fdc3.channel.1")
    again = await page.app(2, "w", instanceId=one["instanceId"], instanceUuid=one["instanceUuid"])
    assert again["instanceId"] == one["instanceId"]
    assert (await page.ask(2, "getCurrentChannel"))["payload"]["channel"]["id"] == "fdc3.channel.1"
    assert not [x for x in page.frames if x[0] == "message"]


async def test_the_host_closes_a_window(page: HostPage) -> None:
    one = await page.app(1, "w")
    assert page.running.host.web.close_window(one["instanceId"])
    assert (await page.next("close"))[1] == "w"
    assert not page.alive(one)
    assert not page.running.host.web.close_window(one["instanceId"])


# The socket


async def test_a_page_that_reconnects_keeps_its_ports_and_misses_nothing(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.ask(1, "joinUserChannel", channelId="fdc3.channel.1")
    await page.ask(1, "addContextListener", channelId=None, contextType=None)
    page.socket.transport.abort()
    await page.closed()
    await eventually(lambda: not page.page.connected)
    agent = await page.running.connect("desk")
    await agent.join_user_channel("fdc3.channel.1")
    await agent.broadcast(Contact(name="Sarah"))
    await page.join()
    assert (await page.next("joined"))[1] == [1]
    assert (await page.next("message", 1))[2]["payload"]["context"]["name"] == "Sarah"
    assert page.alive(one)


async def test_a_page_loaded_anew_begins_anew(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.leave()
    await eventually(lambda: not page.page.connected)
    await page.join(load="again")
    assert (await page.next("joined"))[1] == []
    assert not page.alive(one)


async def test_a_page_that_stays_away_takes_its_apps_with_it(page: HostPage) -> None:
    one = await page.app(1, "w")
    await page.leave()
    assert page.alive(one)
    await eventually(lambda: not page.alive(one))


async def test_a_message_of_an_app_that_is_none_is_answered_or_passed_over(page: HostPage) -> None:
    one = await page.app(1, "w")
    for nonsense in (None, 1, "text", [], {"type": "WCP6"}, {"type": "x" * 1000}):
        await page.say("message", 1, nonsense)
    await page.say("message", 99, {"type": "getInfoRequest"})
    assert (await page.ask(1, "broadcast"))["payload"]["error"] == "MalformedContext"
    assert page.alive(one)


async def test_secrets_stay_out_of_the_log(page: HostPage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        one = await page.app(1, "w")
        await page.hello(2, "v", "https://evil.example")
        await page.validate(2, instanceUuid=one["instanceUuid"])
    assert "refused" in caplog.text
    assert one["instanceUuid"] not in caplog.text
    assert page.page.url.partition("#")[2] not in caplog.text


async def test_pages_that_were_closed_or_never_came_are_not_kept(running: Running) -> None:
    web = running.host.web
    gone = HostPage(running, web.page())
    await gone.join()
    await gone.next("joined")
    gone.page.close()
    await gone.closed()
    gone.page.close()
    here, left = (HostPage(running, web.page()) for _ in range(2))
    await here.join()
    await here.next("joined")
    never = [web.page(once=True) for _ in range(ABSENT + 1)]
    assert len(web._pages) == ABSENT + 1
    assert here.page.connected
    for page in (left.page, never[0]):
        late = await HostPage(running, page).join()
        await late.closed()
        assert late.frames == []
    last = await HostPage(running, never[-1]).join()
    assert await last.next("joined")
    for page in (here, last):
        await page.leave()
