from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from typing import Any

import pytest

from app.market.book import Tick
from app.records.tables import CreditLine, Deal, Enquiry, Interaction
from fdc3.types import Contact, Context, Instrument, Organization
from plugins.deals.app import DealsApp, start
from plugins.deals.ticket import FieldName
from tests.deals.small_desk import NOW, Agent, Desk, until


@pytest.fixture
async def deals(agent: Agent, desk: Desk):  # type: ignore[no-untyped-def]
    app = await start(await agent.join("deskline-deals"), desk.services)
    yield app
    await app.close()


def shown(app: DealsApp) -> dict[FieldName, str]:
    ticket = app.state.value.ticket
    return {name: ticket.text(name) for name in ("quantity", "price", "value_date")}


async def register(app: DealsApp, reason: str = "") -> None:
    await app.register(app.state.value.ticket, shown(app), reason)


async def fill(app: DealsApp, quantity: str = "10m", instrument: str = "vod33") -> None:
    await app.turn_to("ngam", "sarah")
    await app.choose_instrument({"vod33": "VOD 3⅜ 08/33"}.get(instrument, instrument))
    await app.choose_side("buy")
    await app.type("quantity", quantity)


def used(desk: Desk) -> Decimal:
    line = desk.one(CreditLine, "line-ngam")
    assert line is not None
    return line.used


def facts(interaction: str, **deal: Any) -> Context:
    said = {"client_side": "buy", "product": "fx-spot", "instrument": "EURUSD", "instrument_id": "eurusd",
            "quantity": 15_000_000, "quantity_ccy": "EUR", "price": 1.0922, "price_type": "rate"}  # fmt: skip
    return Context(type="deskline.conversation.facts", id={"deskline": interaction}, report={"deals": [said | deal]})


async def talk(agent: Agent, *messages: Context, interaction: str = "i1", organization: str = "ngam") -> None:
    channel = await agent.other.get_or_create_channel("deskline.conversation")
    state = {"id": {"deskline": interaction}, "kind": "call", "phase": "live", "organization_id": organization}
    for message in (Context(type="deskline.conversation.state", **state), *messages):
        await channel.broadcast(message)


async def test_the_ticket_follows_customer_instrument_and_price_in_focus(
    agent: Agent, desk: Desk, deals: DealsApp
) -> None:
    await agent.other.broadcast(Contact(id={"deskline": "sarah"}))
    await agent.other.broadcast(Organization(id={"deskline": "ngam"}))
    await agent.other.broadcast(Instrument(id={"ISIN": "XS2104567890"}))
    await until(lambda: deals.state.value.ticket.security and deals.state.value.ticket.client)
    await until(lambda: deals.state.value.ticket.client.contact_id)  # type: ignore[union-attr]
    await deals.choose_side("sell")
    ticket = deals.state.value.ticket
    assert ticket.client is not None
    assert (ticket.client.name, ticket.client.contact_id) == ("Northgate AM", "sarah")
    assert (ticket.text("account"), ticket.text("price")) == ("NGAM-EUR-CR1", "98.412")
    desk.prices.update([Tick("vod33", Decimal("98.300"), Decimal("98.350"))], NOW)
    await until(lambda: deals.state.value.ticket.text("price") == "98.300")


async def test_registering_writes_deal_credit_and_enquiry_in_one_change(
    agent: Agent, desk: Desk, deals: DealsApp
) -> None:
    await talk(agent)
    await fill(deals)
    await until(lambda: deals._talks.with_customer("ngam", NOW))
    deal_id = deals.state.value.ticket.id
    await register(deals)
    deal, enquiry = desk.one(Deal, deal_id), desk.one(Enquiry, deal_id)
    assert deal is not None
    assert enquiry is not None
    assert (deal.client_side, deal.quantity, deal.price, deal.interaction_id, deal.account_id, deal.contact_id) == (
        "buy", Decimal(10_000_000), Decimal("98.486"), "i1", "ngam-eur", "sarah",
    )  # fmt: skip
    assert (deal.revenue_usd, deal.credit["result"]) == (Decimal("4041.14"), "pass")
    assert (enquiry.outcome, enquiry.bid, enquiry.ask) == ("dealt", Decimal("98.412"), Decimal("98.486"))
    assert used(desk) == Decimal("29848600.00")
    transactions = {
        desk.records.entries(table, record)[-1].transaction
        for table, record in (("deal", deal_id), ("enquiry", deal_id), ("credit_line", "line-ngam"))
    }
    assert len(transactions) == 1
    assert deals.state.value.ticket.id != deal_id
    assert [row.id for row in deals.state.value.rows] == [deal_id]
    await until(lambda: agent.heard_of("fdc3.trade"))
    trade = agent.heard_of("fdc3.trade")[0]
    assert (trade.id["deskline"], trade["interaction"], trade["quantity"]) == (deal_id, "i1", 10_000_000)
    assert desk.notices[-1].text == "Registered: Northgate AM buys 10mm VOD 3⅜ 08/33 at 98.486."


async def test_registering_twice_at_once_or_again_is_one_deal(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    state = deals.state.value
    before = used(desk)
    await asyncio.gather(*(deals.register(state.ticket, shown(deals)) for _ in range(3)))
    deals.state.set(state)
    await deals.register(state.ticket, shown(deals))
    assert len(desk.all(Deal)) == 25
    assert used(desk) - before == Decimal("9848600")


async def test_a_deal_over_the_limit_is_refused_with_the_reason_and_the_ticket_stays(
    desk: Desk, deals: DealsApp
) -> None:
    await fill(deals, "40m")
    await register(deals)
    state = deals.state.value
    assert state.refused.startswith("The deal exceeds the limit of EUR 50mm")
    assert (state.ticket.text("quantity"), state.busy, len(desk.all(Deal))) == ("40m", False, 24)


async def test_a_referral_needs_a_reason_and_keeps_it_with_the_deal(desk: Desk, deals: DealsApp) -> None:
    await fill(deals, "31m")
    deal_id = deals.state.value.ticket.id
    await register(deals)
    assert "within the 5% that Credit may allow. Give a reason" in deals.state.value.needs_reason
    assert desk.one(Deal, deal_id) is None
    await register(deals, "Approved by J. Tan, Credit")
    deal = desk.one(Deal, deal_id)
    assert deal is not None
    assert deal.credit["refer_reason"] == "Approved by J. Tan, Credit"


async def test_the_check_is_made_again_on_the_line_as_it_stands_when_writing(desk: Desk, deals: DealsApp) -> None:
    """Another desk used the line after the ticket was read; its commit is not seen yet when Register is pressed."""
    await fill(deals)
    seen, texts = deals.state.value.ticket, shown(deals)
    deals._watch.close()
    with contextlib.suppress(asyncio.CancelledError):
        await desk.records.write(
            "user:other", lambda change: change.update(CreditLine, "line-ngam", used=Decimal(49_000_000))
        )
    assert deals.state.value.reading.ready
    await deals.register(seen, texts)
    assert deals.state.value.refused.startswith("The deal exceeds the limit")
    assert used(desk) == Decimal(49_000_000)


async def test_a_frozen_line_refuses(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    await deals.turn_to("helvia")
    await deals.choose_instrument("VOD 3⅜ 08/33")
    await deals.choose_side("buy")
    await deals.type("quantity", "1m")
    assert deals.state.value.reading.problem == "The settlement line is frozen. Ask Credit to release it."
    await register(deals)
    assert len(desk.all(Deal)) == 24


async def test_what_is_registered_is_what_was_on_the_screen(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    seen, texts = deals.state.value.ticket, shown(deals)
    desk.prices.update([Tick("vod33", Decimal("98.500"), Decimal("98.600"))], NOW)
    await until(lambda: deals.state.value.ticket.text("price") == "98.600")
    await deals.register(seen, texts)
    deal = desk.one(Deal, seen.id)
    assert deal is not None
    assert deal.price == Decimal("98.486")


async def test_a_ticket_that_turned_away_meanwhile_is_not_registered(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    seen, texts = deals.state.value.ticket, shown(deals)
    await deals.choose_side("sell")
    await deals.register(seen, texts)
    assert deals.state.value.refused.startswith("The ticket changed")
    assert len(desk.all(Deal)) == 24


async def test_a_deal_heard_prefills_and_a_correction_follows(agent: Agent, desk: Desk, deals: DealsApp) -> None:
    await deals.turn_to("ngam")
    await talk(agent, facts("i1"))
    await until(lambda: deals.state.value.heard)
    ticket = deals.state.value.ticket
    assert (ticket.side, ticket.text("quantity"), ticket.text("price")) == ("buy", "15,000,000 EUR", "1.0922")
    await deals.type("price", "1.0925")
    await talk(agent, facts("i1", quantity=20_000_000, price=1.0930))
    await until(lambda: deals.state.value.ticket.text("quantity") == "20,000,000 EUR")
    assert deals.state.value.ticket.text("price") == "1.0925"


async def test_a_deal_heard_and_registered_is_not_offered_again(agent: Agent, desk: Desk, deals: DealsApp) -> None:
    await deals.turn_to("ngam")
    await talk(agent, facts("i1"))
    await until(lambda: deals.state.value.heard)
    await deals.accept_heard()
    await register(deals)
    assert len(desk.all(Deal)) == 25
    await talk(agent, facts("i1", price=1.0923))
    await until(lambda: agent.heard_of("fdc3.trade"))
    assert deals.state.value.heard == ()
    assert deals.state.value.ticket.security is None


async def test_a_dismissed_deal_leaves_the_ticket_and_stays_away(agent: Agent, deals: DealsApp) -> None:
    await deals.turn_to("ngam")
    await talk(agent, facts("i1"))
    await until(lambda: deals.state.value.heard)
    await deals.dismiss_heard()
    state = deals.state.value
    assert (state.heard, state.ticket.heard, state.ticket.text("quantity")) == ((), None, "")


async def test_what_another_customer_says_does_not_reach_this_ticket(agent: Agent, deals: DealsApp) -> None:
    await deals.turn_to("ngam")
    await talk(agent, facts("i2"), interaction="i2", organization="helvia")
    await deals.turn_to("helvia")
    await until(lambda: deals.state.value.heard)
    assert deals.state.value.ticket.text("quantity") == "15,000,000 EUR"
    await deals.turn_to("ngam")
    assert (deals.state.value.heard, deals.state.value.ticket.text("quantity")) == ((), "")


async def test_each_customer_keeps_the_ticket_begun_for_them(deals: DealsApp) -> None:
    await fill(deals, "7m")
    mine = deals.state.value.ticket.id
    await deals.turn_to("helvia")
    assert deals.state.value.ticket.text("quantity") == ""
    await deals.turn_to("ngam")
    assert (deals.state.value.ticket.id, deals.state.value.ticket.text("quantity")) == (mine, "7m")


async def test_a_ticket_begun_before_the_customer_was_known_becomes_theirs(deals: DealsApp) -> None:
    await deals.type("quantity", "3m")
    await deals.turn_to("ngam")
    assert deals.state.value.ticket.text("quantity") == "3m"


async def test_cancelling_releases_the_credit_and_undo_takes_it_again(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    deal_id, before = deals.state.value.ticket.id, used(desk)
    await register(deals)
    row = deals.state.value.rows[0]
    await deals.dealt.cancel(row)
    assert used(desk) == before
    assert deals.state.value.rows[0].cancelled
    enquiry = desk.one(Enquiry, deal_id)
    assert enquiry is not None
    assert enquiry.outcome == "passed"
    await deals.dealt.cancel(row)
    assert used(desk) == before
    await deals.dealt.undo()
    assert used(desk) - before == Decimal("9848600")
    assert not deals.state.value.rows[0].cancelled


async def test_a_cancellation_stands_if_its_credit_is_gone(desk: Desk, deals: DealsApp) -> None:
    await fill(deals)
    await register(deals)
    await deals.dealt.cancel(deals.state.value.rows[0])
    await desk.records.write(
        "user:other", lambda change: change.update(CreditLine, "line-ngam", used=Decimal(50_000_000))
    )
    await deals.dealt.undo()
    assert desk.notices[-1].text.startswith("The deal stays cancelled.")
    assert deals.state.value.rows[0].cancelled


async def test_other_apps_may_ask_for_a_customers_deals(agent: Agent, deals: DealsApp) -> None:
    await (await agent.other.raise_intent("ViewOrders", Organization(id={"deskline": "ngam"}))).get_result()
    state = deals.state.value
    assert (state.page, state.scope, len(state.rows)) == ("blotter", "customer", 24)


async def test_unknown_names_are_answered_with_a_sentence(deals: DealsApp) -> None:
    await deals.choose_client("Nobody & Co")
    await deals.choose_instrument("XYZ 99")
    assert deals.state.value.not_found == {
        "client": "There is no customer called “Nobody & Co”.",
        "instrument": "There is no instrument called “XYZ 99”.",
    }


async def test_the_interaction_named_by_a_deal_exists(desk: Desk) -> None:
    assert desk.one(Interaction, "i1") is not None


async def test_a_report_can_ask_for_the_ticket_of_a_deal_that_was_heard(agent: Agent, deals: DealsApp) -> None:
    await talk(agent, facts("i1"))
    await deals.turn_to("helvia")
    await deals.choose_instrument("SAP")
    asked = deals.state.value.page_asked
    channel = await agent.other.get_or_create_channel("deskline.deals")
    terms = {"client_side": "sell", "product": "bond", "instrument": "VOD", "instrument_id": "vod33",
             "quantity": "3000000", "quantity_ccy": "EUR", "price": "98.42", "evidence": [4]}  # fmt: skip
    of = {"id": {"deskline": "i1"}, "interaction": "i1", "organization_id": "ngam", "contact_id": "sarah"}
    await channel.broadcast(Context(type="deskline.deal.proposal", **of, **terms))
    await until(lambda: deals.state.value.page_asked > asked)
    ticket = deals.state.value.ticket
    assert ticket.client is not None
    assert ticket.security is not None
    assert (ticket.client.organization_id, ticket.client.contact_id) == ("ngam", "sarah")
    assert (ticket.security.id, ticket.side, ticket.interaction_id) == ("vod33", "sell", "i1")
    assert shown(deals)["quantity"].startswith("3,000,000")
    assert (ticket.text("price"), deals.state.value.page) == ("98.42", "ticket")
    assert deals.state.value.reading.ready


async def test_a_proposal_brings_back_a_deal_that_was_dismissed(agent: Agent, deals: DealsApp) -> None:
    await deals.turn_to("ngam", "sarah")
    await talk(agent, facts("i1"))
    await until(lambda: deals.state.value.heard)
    await deals.dismiss_heard()
    assert not deals.state.value.heard
    channel = await agent.other.get_or_create_channel("deskline.deals")
    said = facts("i1")["report"]["deals"][0]
    await channel.broadcast(
        Context(type="deskline.deal.proposal", id={"deskline": "i1"}, organization_id="ngam", contact_id=None, **said)
    )
    await until(lambda: deals.state.value.heard)
    assert deals.state.value.ticket.text("quantity").startswith("15,000,000")
