"""Signing in: passwords, lock-out, tokens that renew themselves once, and devices."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.tokens import AccessTokens, BadToken, new_signing_key
from tests.server.conftest import Office


async def test_a_sign_in_says_who_and_a_wrong_password_says_nothing(office: Office) -> None:
    ann = await office.user("ann", "trader", "compliance")
    desk = await office.enrolled()
    signed_in = await desk.sign_in("ann")
    assert signed_in["user"] == {"id": ann, "name": "Ann", "login": "ann", "roles": ["compliance", "trader"]}
    wrong = await desk.form("/auth/login", login="ann", password="not it")
    nobody = await desk.form("/auth/login", login="nobody", password="not it")
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert wrong.json() == nobody.json()


async def test_a_one_time_password_opens_nothing_but_the_choice_of_another(office: Office) -> None:
    _, once = await office.administration.add_user("ann", "Ann Ames", "rates", ["trader"])
    desk = await office.enrolled()
    answer = await desk.form("/auth/login", login="ann", password=once)
    assert (answer.status_code, answer.json()["code"]) == (403, "change-password")
    weak = await desk.form("/auth/password", login="ann", password=once, new="short")
    assert (weak.status_code, weak.json()["code"]) == (422, "weak")
    changed = await desk.form("/auth/password", login="ann", password=once, new="a longer password")
    assert changed.status_code == 200
    again = await desk.form("/auth/password", login="ann", password=once, new="yet another password")
    assert again.status_code == 401


async def test_a_password_alone_is_not_enough_without_an_enrolled_device(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    desk.secret = "guessed"
    answer = await desk.form("/auth/login", login="ann", password="ann" * 4)
    assert (answer.status_code, answer.json()["code"]) == (403, "device")


async def test_a_refresh_token_works_once_and_a_copy_of_it_ends_the_sign_in(
    office: Office, engine: AsyncEngine
) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    first = (await desk.sign_in("ann"))["refresh"]
    second = (await desk.form("/auth/refresh", refresh=first)).json()["refresh"]
    third = (await desk.form("/auth/refresh", refresh=second)).json()["refresh"]
    stolen = await desk.form("/auth/refresh", refresh=first)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "expired")
    assert (await desk.form("/auth/refresh", refresh=third)).status_code == 401, "whose it was cannot be told"


async def test_a_refresh_whose_answer_was_lost_may_be_asked_once_more_and_soon(
    office: Office, engine: AsyncEngine
) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    first = (await desk.sign_in("ann"))["refresh"]
    assert (await desk.form("/auth/refresh", refresh=first)).status_code == 200
    again = await desk.form("/auth/refresh", refresh=first)
    assert again.status_code == 200
    assert (await desk.form("/auth/refresh", refresh=first)).status_code == 401, "but not twice"
    newer = (await desk.sign_in("ann"))["refresh"]
    assert (await desk.form("/auth/refresh", refresh=newer)).status_code == 200
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE token_family SET rotated = rotated - interval '2 minutes'"))
    assert (await desk.form("/auth/refresh", refresh=newer)).status_code == 401, "nor late"


async def test_signing_out_and_being_shut_out_end_a_sign_in(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    one, two = (await desk.sign_in("ann"))["refresh"], (await desk.sign_in("ann"))["refresh"]
    assert (await office.client.post("/auth/logout", json={"refresh": one})).status_code == 204
    assert (await desk.form("/auth/refresh", refresh=one)).status_code == 401
    await office.administration.set_active("ann", False)
    assert (await desk.form("/auth/refresh", refresh=two)).status_code == 401
    assert (await desk.form("/auth/login", login="ann", password="ann" * 4)).status_code == 401


async def test_a_token_of_another_desk_refreshes_nothing(office: Office) -> None:
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    refresh = (await one.sign_in("ann"))["refresh"]
    assert (await two.form("/auth/refresh", refresh=refresh)).status_code == 401


async def test_an_enrolment_code_works_once(office: Office) -> None:
    _, code = await office.administration.add_device("desk", "rates")
    form = {"code": code.lower(), "site": "site-one"}
    enrolled = (await office.client.post("/enrol", json=form)).json()
    assert enrolled["scopes"] == ["*", "desk:rates"]
    again = await office.client.post("/enrol", json={**form, "site": "site-two"})
    assert (again.status_code, again.json()["code"]) == (403, "code")


async def test_a_code_of_the_day_before_yesterday_is_no_good(office: Office, engine: AsyncEngine) -> None:
    _, code = await office.administration.add_device("desk", "rates")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE device SET code_until = now() - interval '1 second'"))
    answer = await office.client.post("/enrol", json={"code": code, "site": "site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"device": 1}', b'{"refresh": "\\u0000"}', b"\xff\xfe", b'{"refresh": "x", "y": 1}']
)
async def test_a_form_that_is_none_is_refused(office: Office, body: bytes) -> None:
    for address in ("/enrol", "/auth/login", "/auth/password", "/auth/refresh", "/auth/logout"):
        answer = await office.client.post(address, content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), address


def test_an_access_token_of_another_key_or_another_kind_is_refused() -> None:
    ours, theirs = AccessTokens([new_signing_key()]), AccessTokens([new_signing_key()])
    token, _ = theirs.issue("ann", "desk", "firm")
    for bad in (token, "", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."):
        with pytest.raises(BadToken):
            ours.read(bad)
    assert ours.read(ours.issue("ann", "desk", "firm")[0]).account == "ann"
