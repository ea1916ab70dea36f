"""Wrong passwords make one wait, who has nothing to do with it does not, and nobody learns which users there are."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import tokens
from app.server.tables import sign_in_try
from tests.server.conftest import Office
from tests.server.desks import Desk


async def guess(desk: Desk, login: str, times: int) -> list[int]:
    return [(await desk.form("/auth/login", login=login, password="guess")).status_code for _ in range(times)]


async def stays_shut(engine: AsyncEngine, firm: str) -> int:
    """However slow this machine is; how many counts."""
    shut = sign_in_try.c.firm == firm, sign_in_try.c.shut_until.is_not(None)
    async with engine.begin() as connection:
        later = func.now() + text("interval '1 hour'")
        return (await connection.execute(update(sign_in_try).where(*shut).values(shut_until=later))).rowcount


async def test_many_wrong_passwords_at_a_desk_shut_it_for_a_while(
    office: Office, engine: AsyncEngine, firm: str
) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    assert await guess(desk, "ann", 5) == [401] * 5
    async with engine.connect() as connection:
        row = (await connection.execute(select(sign_in_try).where(sign_in_try.c.device == desk.device))).one()
    assert (row.shut_until - row.at).total_seconds() == 15
    assert await stays_shut(engine, firm) == 1
    answer = await desk.form("/auth/login", login="ann", password="ann" * 4)
    assert (answer.status_code, answer.json()["code"]) == (429, "locked")
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
    (ann,) = await office.administration.users()
    assert ann["shut_until"] is not None, "an administrator sees it"
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE sign_in_try SET shut_until = now() - interval '1 second'"))
    await desk.sign_in("ann")
    (ann,) = await office.administration.users()
    assert ann["shut_until"] is None


async def test_who_tries_at_one_desk_shuts_out_nobody_at_another(
    office: Office, engine: AsyncEngine, firm: str
) -> None:
    await office.user("ann", "trader")
    one, two, new = [await office.enrolled(name) for name in ("one", "two", "new")]
    await two.sign_in("ann")
    assert await guess(one, "ann", 5) == [401] * 5
    assert await stays_shut(engine, firm) == 1
    assert await guess(one, "ann", 1) == [429]
    await two.sign_in("ann")
    await new.sign_in("ann")
    assert await guess(one, "ann", 1) == [429]
    await office.user("bob", "trader")
    await one.sign_in("bob")


async def test_many_desks_together_are_slowed_down_and_a_desk_that_knows_the_user_is_not(
    office: Office, engine: AsyncEngine, firm: str
) -> None:
    await office.user("ann", "trader")
    known, one, two, three, last = [await office.enrolled(str(number)) for number in range(5)]
    await known.sign_in("ann")
    for desk, times in ((one, 4), (two, 4), (three, 2)):
        assert await guess(desk, "ann", times) == [401] * times
    assert await stays_shut(engine, firm) == 1
    before = await tried(engine, firm)
    answer = await last.form("/auth/login", login="ann", password="ann" * 4)
    assert (answer.status_code, answer.json()["code"]) == (429, "locked")
    assert await tried(engine, firm) == before, "who is told to wait has not tried"
    await known.sign_in("ann")
    await last.sign_in("ann")


async def tried(engine: AsyncEngine, firm: str) -> list[tuple[str, int]]:
    query = select(sign_in_try.c.device, sign_in_try.c.failures).where(sign_in_try.c.firm == firm)
    async with engine.connect() as connection:
        return sorted((row.device, row.failures) for row in await connection.execute(query))


class Counting(PasswordHasher):
    """Argon2 as ever; ``verified`` says how often, and with what it was compared."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.verified.append(hash)
        return super().verify(hash, password)


async def test_a_login_that_nobody_has_is_as_much_work_as_a_wrong_password_and_waits_alike(
    office: Office, engine: AsyncEngine, firm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.user("ann", "trader")
    await office.administration.add_user("olga", "Olga", "rates", ["trader"], local=False)  # has no password
    desk = await office.enrolled()
    hasher = Counting()
    monkeypatch.setattr(tokens, "_hasher", hasher)
    told, work = {}, {}
    for login in ("ann", "olga", "nobody"):
        hasher.verified.clear()
        answers = []
        for _ in range(7):
            answers.append(await desk.form("/auth/login", login=login, password="guess"))
            await stays_shut(engine, firm)
        told[login] = [(answer.status_code, answer.json()["code"], answer.json()["reason"][:30]) for answer in answers]
        work[login] = [str(each).rpartition("$")[0].rpartition("$")[0] for each in hasher.verified]
    assert [status for status, _, _ in told["ann"]] == [401] * 5 + [429] * 2
    assert told["ann"] == told["nobody"] == told["olga"]
    assert work["ann"] == work["nobody"] == work["olga"], "with the same parameters of argon2, so often"
    assert len(work["ann"]) == 5
