"""Dealing at a desk with a central server: requested, refused, and what of a line may be used offline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from app.records.codec import compact, encode_row
from app.records.tables import CreditLine
from app.services import Standing, State
from app.sync.store import RecordsStore
from plugins.deals.app import DealsApp, start
from tests.deals.small_desk import NOW, Agent, Desk, until
from tests.sync.desks import item, own_items, take

LINE = "line-ngam"


class Server:
    """The central server as a plugin sees it; whatever is asked for is remembered."""

    def __init__(self) -> None:
        self.state: State[Standing] = State(Standing("online", NOW))
        self.asked: list[str] = []

    async def retry(self) -> None: ...

    async def look_again(self) -> None: ...

    async def reserve(self, line_id: str) -> None:
        self.asked.append(line_id)


@pytest.fixture
def server(desk: Desk) -> Server:
    desk.services.server = made = Server()
    return made


@pytest.fixture
def store(desk: Desk) -> RecordsStore:
    """All that the desk made so far has come back; 5 of the line's 30 million are held for it, 2 for another desk."""
    made = RecordsStore(desk.records)
    take(made, own_items(made, 1))
    sites = {made.site: {"granted": "6000000", "consumed": "1000000"}, "elsewhere": {"granted": "2000000"}}
    take(made, [item(1000, ("credit_reserve", LINE), {"line_id": LINE, "sites": sites}, site="server")])
    return made


@pytest.fixture
async def deals(agent: Agent, desk: Desk, server: Server, store: RecordsStore) -> AsyncIterator[DealsApp]:
    app = await start(await agent.join("deskline-deals"), desk.services)
    yield app
    await app.close()


async def fill(app: DealsApp, quantity: str) -> None:
    await app.turn_to("ngam", "sarah")
    await app.choose_instrument("VOD 3⅜ 08/33")
    await app.choose_side("buy")
    await app.type("price", "100")
    await app.type("quantity", quantity)


async def register(app: DealsApp) -> None:
    ticket = app.state.value.ticket
    await app.register(ticket, {"quantity": ticket.text("quantity"), "price": ticket.text("price")})


def go(server: Server, state: str) -> None:
    server.state.set(Standing(state, NOW))  # type: ignore[arg-type]


async def test_online_the_usual_share_is_asked_for_once(deals: DealsApp, server: Server) -> None:
    await fill(deals, "10m")
    await until(lambda: server.asked == [LINE])
    credit = deals.state.value.reading.credit
    assert credit is not None
    assert credit.available == Decimal(50_000_000 - 20_000_000 - 2_000_000 - 10_000_000)
    await register(deals)
    await until(lambda: server.asked == [LINE, LINE])


async def test_offline_a_desk_deals_on_what_is_reserved_for_it(deals: DealsApp, server: Server, desk: Desk) -> None:
    await fill(deals, "3m")
    go(server, "offline")
    await register(deals)
    assert deals.state.value.rows[0].standing == "requested"
    await fill(deals, "3m")
    await until(lambda: not deals.state.value.reading.ready)
    problem = "Offline: EUR 2mm of this line are reserved for this desk; this deal needs EUR 3mm."
    assert deals.state.value.reading.problem == problem
    await register(deals)
    assert deals.state.value.refused == problem
    line = desk.one(CreditLine, LINE)
    assert line is not None
    assert line.used == Decimal(23_000_000)
    go(server, "online")
    await until(lambda: deals.state.value.reading.ready)


async def test_a_deal_is_requested_until_the_server_has_it(
    deals: DealsApp, server: Server, store: RecordsStore
) -> None:
    await fill(deals, "1m")
    await register(deals)
    assert deals.state.value.rows[0].standing == "requested"
    take(store, own_items(store, 2000))
    go(server, "first sync")
    await until(lambda: not deals.state.value.rows[0].standing)


async def test_a_refused_deal_stays_in_sight_with_its_reason(
    deals: DealsApp, server: Server, store: RecordsStore, desk: Desk
) -> None:
    await fill(deals, "1m")
    await register(deals)
    made = deals.state.value.rows[0]
    line = desk.one(CreditLine, LINE)
    assert line is not None
    before = {**encode_row(line), "used": "20000000"}
    # A rejection of the line's use tells what the desk must show again.
    refused = own_items(store, 2000, outcome="rejected", reason="The credit line is frozen.", fields=None)
    as_before = {"fields": compact(before), "whole": True}
    take(
        store, [msgspec.structs.replace(each, **as_before) if each.table == "credit_line" else each for each in refused]
    )
    go(server, "first sync")
    await until(lambda: deals.state.value.rows and deals.state.value.rows[0].standing == "refused")
    row = deals.state.value.rows[0]
    assert row == replace(made, standing="refused", reason="The credit line is frozen.")
    line = desk.one(CreditLine, LINE)
    assert line is not None
    assert line.used == Decimal(20_000_000)
