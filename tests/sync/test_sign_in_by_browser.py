"""A user of the firm's identity provider connects a desk and signs in with the browser, without a password of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.shell.connecting import ConnectPage
from app.sync import browser
from tests.server.providers import in_the_browser, provider
from tests.sync.pages import new_desk, says, shoot
from tests.sync.serving import Server, served

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def server() -> Iterator[Server]:
    with provider() as issuer, served(issuer=issuer) as running:
        yield running


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    with new_desk(qtbot, tmp_path, "one") as program:
        yield program


def test_a_desk_is_connected_and_signed_in_by_the_browser(qtbot: QtBot, server: Server, program: Program) -> None:
    server.add_user("ann@example.com", "Ann Marsh")
    assert program.ui.commands.run("desk.connect")
    page = program.server.page
    assert isinstance(page, ConnectPage)
    page.address.setText(server.url)
    page.code.setText(server.add_device("one"))
    page.take.click()
    qtbot.waitUntil(page.fingerprint.isVisible, timeout=30_000)
    assert not page.browser.isVisible(), "before the server is trusted nothing is asked of it"
    page.take.click()
    qtbot.waitUntil(page.browser.isVisible, timeout=30_000)
    shoot(program, "browser-offered")

    # One whom the provider knows and the firm does not; then somebody who closes the page; then Ann.
    opened: list[str] = []
    shown: list[str] = []

    def as_a_user(login: str) -> None:
        def open_page(url: str) -> None:
            opened.append(url)
            shown.append(httpx.get(in_the_browser(url, login), trust_env=False).text)

        program.server.open_in_browser = open_page

    as_a_user("stranger")
    page.browser.click()
    qtbot.waitUntil(lambda: "no user of this server" in page.complaint.text(), timeout=60_000)
    shoot(program, "browser-refused")
    assert page.browser.isEnabled()

    program.server.open_in_browser = opened.append
    page.browser.click()
    qtbot.waitUntil(lambda: len(opened) == 2, timeout=60_000)
    shoot(program, "browser-waiting")
    back = dict(httpx.URL(opened[1]).params)["redirect_uri"]
    assert httpx.get(f"{back}?state=guessed&code=stolen", trust_env=False).status_code == 400
    program.server.close()

    def is_closed() -> bool:
        try:
            httpx.get(back, trust_env=False)
        except httpx.TransportError:
            return True
        return False

    qtbot.waitUntil(is_closed, timeout=30_000)

    assert program.ui.commands.run("desk.sign-in")
    page = program.server.page
    assert isinstance(page, ConnectPage)
    qtbot.waitUntil(page.browser.isVisible, timeout=30_000)
    as_a_user("ann")
    page.browser.click()
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=90_000)
    assert program.server.page is None
    assert program.core.services.user.name == "Ann Marsh"
    assert "Signed in" in shown[-1]


async def test_only_the_sign_in_that_is_waited_for_is_heard() -> None:
    async with browser.waiting() as back, httpx.AsyncClient(trust_env=False) as client:
        back.state = "s1"
        for target, status in (("/", 404), ("/signed-in", 400), ("/signed-in?state=s2&code=c", 400)):
            assert (await client.get(httpx.URL(back.address).join(target))).status_code == status
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(back.address).port)
        writer.write(b"GET /" + b"x" * 100_000 + b"\r\n\r\n")
        assert await reader.read() == b"", "it is not answered at all"
        writer.close()
        answer = await client.get(back.address, params={"state": "s1", "code": "c1"})
        assert answer.headers["cache-control"] == "no-store"
        assert await back.code() == "c1"
        assert (await client.get(back.address, params={"state": "s1", "code": "c2"})).status_code == 400
    with pytest.raises(httpx.TransportError):
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(back.address)


async def test_a_refusal_of_the_provider_is_said_in_words() -> None:
    async with browser.waiting() as back, httpx.AsyncClient(trust_env=False) as client:
        back.state = "s1"
        page = await client.get(back.address, params={"state": "s1", "error": "access_denied"})
        assert "Not signed in" in page.text
        with pytest.raises(browser.NotSignedIn, match="did not let you in"):
            await back.code()
