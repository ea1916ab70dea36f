"""The ticket while the client still speaks: filled as they ask, corrected, cleared when they pass, never registered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.tables import Deal
from fdc3.types import Context, Organization
from plugins.deals.app import DealsApp, start
from plugins.deals.ticket import Heard, Security, Ticket
from tests.deals.small_desk import Agent, Desk, until

EURUSD = Security("eurusd", "EURUSD", "Euro dollar", "fx", "USD", "rate", 4, 2)
VOD = Security("vod33", "VOD 3⅜ 08/33", "Vodafone 2033", "bond", "EUR", "price", 3, 2, isin="XS2104567890")
BY_ID = {"eurusd": EURUSD, "vod33": VOD}


@pytest.fixture
async def deals(agent: Agent, desk: Desk):  # type: ignore[no-untyped-def]
    app = await start(await agent.join("deskline-deals"), desk.services)
    state = {"id": {"deskline": "i1"}, "kind": "call", "phase": "live", "organization_id": "ngam"}
    await say(agent, Context(type="deskline.conversation.state", **state))
    await agent.other.broadcast(Organization(id={"deskline": "ngam"}))
    await until(lambda: app.state.value.ticket.client)
    yield app
    await app.close()


async def say(agent: Agent, message: Context) -> None:
    await (await agent.other.get_or_create_channel("deskline.conversation")).broadcast(message)


async def ask(agent: Agent, deals: DealsApp, enquiry: dict[str, Any] | None, done: list[Any] | None = None) -> None:
    """What is understood now; waits until the ticket has heard of it."""
    asked = None if enquiry is None else {"product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd"}
    report = {"deals": done or [], "enquiry": asked and asked | (enquiry or {})}
    await say(agent, Context(type="deskline.conversation.facts", id={"deskline": "i1"}, report=report))
    await until(lambda: len(deals.state.value.heard) == len(report["deals"]) + (enquiry is not None))


def filled(deals: DealsApp) -> tuple[str | None, str | None, str, str]:
    ticket = deals.state.value.ticket
    return (
        ticket.security.symbol if ticket.security else None,
        ticket.side,
        ticket.text("quantity"),
        ticket.text("price"),
    )


async def test_the_ticket_fills_as_the_client_asks_and_follows_every_correction(agent: Agent, deals: DealsApp) -> None:
    await ask(agent, deals, {})
    await until(lambda: filled(deals) == ("EURUSD", None, "", ""))
    await ask(agent, deals, {"quantity": 10_000_000, "quantity_ccy": "EUR"})
    await until(lambda: filled(deals) == ("EURUSD", None, "10,000,000 EUR", ""))
    await ask(agent, deals, {"quantity": 15_000_000, "quantity_ccy": "EUR"})
    await until(lambda: filled(deals) == ("EURUSD", None, "15,000,000 EUR", ""))
    quoted = {"quantity": 15_000_000, "quantity_ccy": "EUR", "client_side": "buy", "price": 1.0922}
    await ask(agent, deals, quoted)
    await until(lambda: filled(deals) == ("EURUSD", "buy", "15,000,000 EUR", "1.0922"))
    assert deals.state.value.reading.ready
    await ask(agent, deals, {"quantity": 15_000_000, "quantity_ccy": "EUR", "client_side": "sell"})
    await until(lambda: filled(deals) == ("EURUSD", "sell", "15,000,000 EUR", "1.0921"))  # the market's, none is quoted


async def test_a_misheard_price_is_left_to_the_market_until_the_deal_is_agreed(agent: Agent, deals: DealsApp) -> None:
    terms = {"quantity": 15_000_000, "quantity_ccy": "EUR", "client_side": "buy", "price": 1.9522, "price_type": "rate"}
    await ask(agent, deals, terms)
    await until(lambda: filled(deals) == ("EURUSD", "buy", "15,000,000 EUR", "1.0923"))
    deal = {"product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd", **terms}
    await ask(agent, deals, None, [deal])
    await until(lambda: filled(deals)[3] == "1.9522")


async def test_a_pass_clears_the_ticket_and_keeps_what_was_typed(agent: Agent, deals: DealsApp) -> None:
    await ask(agent, deals, {"quantity": 15_000_000, "client_side": "buy", "price": 1.0922})
    await until(lambda: filled(deals)[1] == "buy")
    await deals.type("quantity", "12m")
    await ask(agent, deals, {"quantity": 20_000_000, "client_side": "buy", "price": 1.0925})
    await until(lambda: filled(deals) == ("EURUSD", "buy", "12m", "1.0925"))
    await ask(agent, deals, None)
    await until(lambda: filled(deals) == (None, None, "12m", ""))


async def test_done_makes_the_draft_a_deal_on_the_same_ticket(agent: Agent, desk: Desk, deals: DealsApp) -> None:
    terms = {"quantity": 15_000_000, "quantity_ccy": "EUR", "client_side": "buy", "price": 1.0922}
    await ask(agent, deals, terms)
    await until(lambda: deals.state.value.reading.ready)
    ticket, dealt = deals.state.value.ticket.id, len(desk.all(Deal))
    deal = {"product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd", **terms}
    await ask(agent, deals, None, [deal])
    await until(lambda: deals.state.value.ticket.heard and deals.state.value.ticket.heard.done)
    assert (deals.state.value.ticket.id, filled(deals)) == (ticket, ("EURUSD", "buy", "15,000,000 EUR", "1.0922"))
    assert len(desk.all(Deal)) == dealt  # only the trader registers
    state = deals.state.value
    await deals.register(state.ticket, {"quantity": state.ticket.text("quantity")})
    assert len(desk.all(Deal)) == dealt + 1
    await until(lambda: not deals.state.value.heard)


async def test_a_deal_registered_from_the_draft_is_not_offered_again_when_it_is_done(
    agent: Agent, desk: Desk, deals: DealsApp
) -> None:
    terms = {"quantity": 15_000_000, "quantity_ccy": "EUR", "client_side": "buy", "price": 1.0922}
    await ask(agent, deals, terms)
    await until(lambda: deals.state.value.reading.ready)
    await deals.register(deals.state.value.ticket, {})
    await until(lambda: not deals.state.value.heard)
    deal = {"product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd", **terms}
    report = {"deals": [deal], "enquiry": None}
    await say(agent, Context(type="deskline.conversation.facts", id={"deskline": "i1"}, report=report))
    await until(lambda: deals._talks._heard["i1"] and deals._talks._heard["i1"][0].done)
    assert deals.state.value.heard == ()
    assert deals.state.value.ticket.heard is None


async def test_a_dismissed_draft_stays_away_however_it_goes_on(agent: Agent, deals: DealsApp) -> None:
    await ask(agent, deals, {"quantity": 15_000_000})
    await until(lambda: deals.state.value.ticket.heard)
    await deals.dismiss_heard()
    more = {"quantity": 20_000_000, "product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd"}
    report = {"deals": [], "enquiry": more}
    await say(agent, Context(type="deskline.conversation.facts", id={"deskline": "i1"}, report=report))
    await until(lambda: deals._talks._heard["i1"][0].quantity == 20_000_000)
    assert deals.state.value.heard == ()
    assert filled(deals)[2] == ""


HEARD = st.one_of(
    st.none(),
    st.builds(
        lambda key, side, quantity, price, done: Heard(
            "i1", side, key, BY_ID[key].symbol, quantity, "EUR", None, price, "rate", done=done
        ),
        st.sampled_from(sorted(BY_ID)),
        st.sampled_from(["buy", "sell", None]),
        st.sampled_from([None, Decimal(1_000_000), Decimal(25_000_000)]),
        st.sampled_from([None, Decimal("1.0922"), Decimal("98.5")]),
        st.booleans(),
    ),
)
TYPED = st.tuples(st.sampled_from(["quantity", "price", "value_date"]), st.sampled_from(["7m", "1.1", "3m"]))


@given(st.lists(st.one_of(HEARD, TYPED), max_size=12))
def test_whatever_is_heard_the_traders_own_entries_stand(steps: list[Any]) -> None:
    ticket, own = Ticket("t"), {}
    for step in steps:
        if isinstance(step, tuple):
            ticket = ticket.put(step[0], step[1], "typed")
            own[step[0]] = step[1]
        elif step is None:
            ticket = ticket.without_heard()
        else:
            ticket = ticket.without_heard().prefilled(step, BY_ID[step.instrument_id])
        assert {name: ticket.text(name) for name in own} == own  # type: ignore[arg-type]


@given(st.lists(HEARD, max_size=8))
def test_what_was_heard_last_is_all_that_shows(steps: list[Heard | None]) -> None:
    """However the talk went, the ticket is the one that its last state alone would fill."""
    ticket, alone = Ticket("t"), Ticket("t")
    for step in steps:
        known = BY_ID[step.instrument_id or ""] if step else None
        ticket = ticket.prefilled(step, known) if step else ticket.without_heard()
        alone = Ticket("t").prefilled(step, known) if step else Ticket("t")
    assert (ticket.security, ticket.side) == (alone.security, alone.side)
    assert [ticket.text(name) for name in ("quantity", "price", "value_date")] == [
        alone.text(name) for name in ("quantity", "price", "value_date")
    ]
