"""The network between a desk and its server: cut in the middle of a frame, silent, slow."""

from __future__ import annotations

import asyncio
import random
import sys

import psycopg
import pytest

from tests.faults.office import Desk, Office, check
from tests.simulation.world import Broken

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform == "win32", reason="the server keeps no Postgres of its own on Windows"),
]
CUTS = 12


async def online_again(desk: Desk, since: int) -> None:
    await desk.until(lambda: any(fact["state"] == "online" for fact in desk.facts("status", since)), "a new connection")


async def test_a_frame_that_is_cut_in_the_middle_is_sent_again_and_counts_once(
    small_office: Office, rng: random.Random
) -> None:
    office = small_office
    await office.open(2)
    desk = office.desks[0]
    await desk.until(lambda: len(desk.acknowledged) > 10, "some changes")
    for _ in range(CUTS):
        since = len(desk.told)
        # Within a frame of a push, of its receipt, of a page or of the greeting: whichever comes then.
        desk.network.cut(rng.randint(1, 5000))
        await desk.until(
            lambda since=since: any(fact["state"] == "offline" for fact in desk.facts("status", since)), "the cut"
        )
        await online_again(desk, since)
    await office.rest()
    await office.close()
    await asyncio.to_thread(check, office.url, office.desks)


async def test_a_connection_that_stands_but_carries_nothing_is_noticed(small_office: Office) -> None:
    office = small_office
    await office.open(2)
    desk = office.desks[0]
    await desk.until(lambda: len(desk.acknowledged) > 10, "some changes")
    since = len(desk.told)
    desk.network.silence()
    await desk.until(
        lambda: any(fact["state"] == "offline" for fact in desk.facts("status", since)), "the silence to be noticed"
    )
    since = len(desk.told)
    desk.network.heal()
    await online_again(desk, since)
    await office.rest()
    await office.close()
    await asyncio.to_thread(check, office.url, office.desks)


async def test_the_check_sees_a_change_that_is_lost_and_a_record_that_differs(small_office: Office) -> None:
    office = small_office
    await office.open(1)
    desk = office.desks[0]
    await desk.until(lambda: len(desk.acknowledged) > 10, "some changes")
    await office.rest()
    await office.close()
    await asyncio.to_thread(check, office.url, office.desks)
    desk.acknowledged.add("of this the server never heard")
    with pytest.raises(AssertionError, match="lost"):
        await asyncio.to_thread(check, office.url, office.desks)
    desk.acknowledged.discard("of this the server never heard")
    with psycopg.connect(office.url) as connection:
        connection.execute("UPDATE record SET fields = replace(fields, 'active', 'dormant')")
    with pytest.raises(Broken, match="not as the server"):
        await asyncio.to_thread(check, office.url, office.desks)
