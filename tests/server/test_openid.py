"""Signing in with OpenID Connect, against a real provider in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.openid import OpenId, Provider
from tests.server.conftest import Office
from tests.server.providers import in_the_browser, provider

BACK = "http://127.0.0.1:50123/signed-in"


@pytest.fixture(scope="module", params=["in-token", "by-userinfo"])
def issuer(request: pytest.FixtureRequest) -> Iterator[str]:
    with provider(request.param) as running:
        yield running


@pytest.fixture
def with_provider(office: Office, issuer: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Office:
    provider = OpenId(Provider(issuer, "deskline"), engine, office.doors.accounts)
    monkeypatch.setattr(office.doors, "openid", provider)
    return office


async def signed_in_there(url: str, login: str) -> dict[str, str]:
    """What the browser comes back with."""
    back = await asyncio.to_thread(in_the_browser, url, login)
    assert back.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


async def test_a_user_whom_the_provider_knows_signs_in(with_provider: Office) -> None:
    office = with_provider
    ann, _ = await office.administration.add_user("ann@example.com", "Ann", "rates", ["trader"], local=False)
    desk = await office.enrolled()
    assert (await office.client.get("/auth/openid")).json() == {"available": True}
    begun = (await desk.form("/auth/openid/begin", redirect=BACK)).json()
    back = await signed_in_there(begun["url"], "ann")
    assert back["state"] == begun["state"]
    form = {"state": back["state"], "code": back["code"]}
    signed_in = await desk.form("/auth/openid/finish", **form)
    assert signed_in.status_code == 200, signed_in.text
    assert signed_in.json()["user"]["id"] == ann
    async with desk.talk(signed_in.json()["access"]) as talk:
        await talk.hello()
    again = await desk.form("/auth/openid/finish", **form)
    assert (again.status_code, again.json()["code"]) == (401, "expired")
    no_password = await desk.form("/auth/login", login="ann@example.com", password="")
    assert no_password.status_code == 401


async def test_whom_the_provider_does_not_vouch_for_or_we_do_not_know_stays_outside(with_provider: Office) -> None:
    office = with_provider
    await office.administration.add_user("mallory@example.com", "Mallory", "rates", ["trader"], local=False)
    desk, other = await office.enrolled("one"), await office.enrolled("two")
    for login, word in (("mallory", "vouch"), ("nobody", "no user")):
        begun = (await desk.form("/auth/openid/begin", redirect=BACK)).json()
        back = await signed_in_there(begun["url"], login)
        stolen = await other.form("/auth/openid/finish", state=back["state"], code=back["code"])
        assert stolen.status_code == 401, "another desk than the one that asked"
        refused = await desk.form("/auth/openid/finish", state=back["state"], code=back["code"])
        assert refused.status_code == 401
        assert word in refused.json()["reason"]


async def test_the_browser_is_only_sent_back_to_this_machine(with_provider: Office) -> None:
    desk = await with_provider.enrolled()
    for redirect in ("https://evil.example/", "http://evil.example/", "http://127.0.0.1.evil.example/", "x"):
        answer = await desk.form("/auth/openid/begin", redirect=redirect)
        assert (answer.status_code, answer.json()["code"]) == (422, "redirect")


async def test_without_a_provider_the_server_says_so(office: Office) -> None:
    assert (await office.client.get("/auth/openid")).json() == {"available": False}
    desk = await office.enrolled()
    answer = await desk.form("/auth/openid/begin", redirect=BACK)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-available")
