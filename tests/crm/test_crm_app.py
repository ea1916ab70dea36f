from __future__ import annotations

from typing import Any

import pytest

from app.records.tables import Contact as ContactRecord
from app.records.tables import ContactPhone, Deal, Organization
from fdc3.types import Contact
from fdc3.types import Organization as OrganizationContext
from plugins.crm.app import CrmApp, start
from plugins.crm.contacts import NewContact, NotSaved
from plugins.crm.identity import asked_of
from tests.deals.small_desk import SARAH, SWITCHBOARD, Agent, Desk, until


@pytest.fixture
async def crm(agent: Agent, desk: Desk):  # type: ignore[no-untyped-def]
    app = await start(await agent.join("deskline-crm"), desk.services)
    yield app
    await app.close()


async def view(agent: Agent, **ids: str) -> Contact:
    resolution = await agent.other.raise_intent("ViewProfile", Contact(id=ids))
    result = await resolution.get_result()
    assert isinstance(result, Contact)
    return result


async def test_a_ringing_number_shows_the_customer_and_tells_the_desk(agent: Agent, desk: Desk, crm: CrmApp) -> None:
    answer = await view(agent, phone="+44 20 7946 0143")
    assert (answer.name, answer.id["deskline"], answer.phone, answer["resolution"]) == (
        "Sarah Whitfield", "sarah", SARAH, "known",
    )  # fmt: skip
    assert answer["organization"]["id"]["deskline"] == "ngam"
    state = crm.state.value
    assert state.customer is not None
    assert (state.phase, state.customer.organization.name, state.customer.deal_count) == (
        "known", "Northgate Asset Management", 24,
    )  # fmt: skip
    await until(lambda: agent.heard_of("fdc3.organization"))
    assert agent.heard_of("fdc3.contact")[0].id == {
        "deskline": "sarah", "phone": SARAH, "email": "sarah.whitfield@northgate.example",
    }  # fmt: skip
    assert agent.heard_of("fdc3.organization")[0].id["LEI"] == "5493001KJTIIGC8Y1R12"


async def test_an_unknown_caller_is_said_to_be_unknown_and_nobody_is_broadcast(agent: Agent, crm: CrmApp) -> None:
    answer = await view(agent, phone="+442079460144")
    assert (answer.id, answer["resolution"]) == ({"phone": "+442079460144"}, "unknown")
    state = crm.state.value
    assert state.phase == "unknown"
    assert "Helvia Pension Fund" in state.organizations
    assert agent.heard == []


async def test_one_of_several_is_chosen_and_then_broadcast_with_the_number_asked_for(agent: Agent, crm: CrmApp) -> None:
    assert (await view(agent, phone=SWITCHBOARD))["resolution"] == "several"
    resolution = crm.state.value.resolution
    assert resolution is not None
    await crm.choose(resolution.matches[1])
    assert crm.state.value.phase == "known"
    await until(lambda: agent.heard_of("fdc3.contact"))
    assert agent.heard_of("fdc3.contact")[0].id["deskline"] == "lena"
    assert agent.heard_of("fdc3.contact")[0].id["phone"] == SWITCHBOARD


async def test_a_contact_is_created_from_the_call_with_its_number_and_a_new_organization(
    agent: Agent, desk: Desk, crm: CrmApp
) -> None:
    await view(agent, phone="+441632960077")
    await crm.create_contact(NewContact("Ada  Ferris", organization="Ferris & Sons", email="Ada@Ferris.example"))
    state = crm.state.value
    assert state.customer is not None
    assert state.person is not None
    assert (state.phase, state.customer.organization.status, state.person.contact.name) == (
        "known",
        "prospect",
        "Ada Ferris",
    )
    assert (await view(agent, phone="+441632960077"))["resolution"] == "known"
    assert desk.notices[0].text == "Ada Ferris is now a contact."


async def test_a_new_contact_of_an_existing_organization_does_not_double_it(
    agent: Agent, desk: Desk, crm: CrmApp
) -> None:
    await view(agent, phone="+441632960077")
    await crm.create_contact(NewContact("Ada Ferris", organization="helvia pension fund"))
    assert len(desk.all(Organization)) == 3
    assert crm.state.value.customer is not None
    assert crm.state.value.customer.id == "helvia"


@pytest.mark.parametrize(
    "form", [NewContact(""), NewContact("Ada", email="ada"), NewContact("Ada", phone="call me"), NewContact("A" * 500)]
)
async def test_an_unusable_form_is_refused_whole_with_a_sentence(
    agent: Agent, desk: Desk, crm: CrmApp, form: NewContact
) -> None:
    await view(agent, phone="+441632960077")
    with pytest.raises(NotSaved, match=r"[.]$"):
        await crm.create_contact(form)
    assert len(desk.all(ContactRecord)) == 4
    assert crm.state.value.phase == "unknown"


async def test_a_near_match_takes_the_unknown_number(agent: Agent, desk: Desk, crm: CrmApp) -> None:
    await view(agent, phone="+442079460144")
    resolution = crm.state.value.resolution
    assert resolution is not None
    await crm.adopt(resolution.near[0])
    assert {row.e164 for row in desk.all(ContactPhone, ContactPhone.contact_id == "sarah")} == {SARAH, "+442079460144"}
    assert crm.state.value.person is not None


async def test_a_second_call_does_not_give_its_number_to_the_first_ones_contact(
    agent: Agent, desk: Desk, crm: CrmApp
) -> None:
    await view(agent, phone="+441632960077")
    seen = crm.state.value.resolution
    await view(agent, phone="+442079460144")
    await crm.create_contact(NewContact("Ada Ferris"), seen)
    (ada,) = desk.all(ContactRecord, ContactRecord.name == "Ada Ferris")
    assert [row.e164 for row in desk.all(ContactPhone, ContactPhone.contact_id == ada.id)] == ["+441632960077"]


async def test_a_caller_who_was_overtaken_by_another_is_answered_with_their_own_house(
    agent: Agent, desk: Desk, crm: CrmApp
) -> None:
    contact = Contact(id={"phone": SARAH})
    resolution = await crm.view(asked_of(contact))
    await crm.view_organization("helvia")
    answer = crm._answer(contact, resolution)
    assert (answer.id["deskline"], answer["organization"]["id"]["deskline"]) == ("sarah", "ngam")


async def test_contexts_of_other_apps_turn_the_panel_but_are_not_echoed(agent: Agent, crm: CrmApp) -> None:
    await agent.other.broadcast(Contact(id={"deskline": "sarah"}))
    await agent.other.broadcast(OrganizationContext(id={"deskline": "ngam"}))
    await until(lambda: crm.state.value.phase == "known")
    await until(lambda: agent.heard_of("fdc3.organization"))
    assert crm.state.value.person is not None
    assert agent.heard_of("fdc3.contact") == []


async def test_an_unknown_contact_in_a_broadcast_leaves_the_panel_alone(agent: Agent, crm: CrmApp) -> None:
    await view(agent, phone=SARAH)
    await agent.other.broadcast(Contact(id={"email": "who@nowhere.example"}))
    await agent.other.broadcast(OrganizationContext(id={"deskline": "helvia"}))
    await until(lambda: crm.state.value.customer is not None and crm.state.value.customer.id == "helvia")
    assert crm.state.value.phase == "known"


async def test_the_customer_in_focus_follows_the_records(agent: Agent, desk: Desk, crm: CrmApp) -> None:
    await view(agent, phone=SARAH)

    def cancel(change) -> None:  # type: ignore[no-untyped-def]
        change.update(Deal, "d00", status="cancelled")

    await desk.records.write("user:test", cancel)
    await until(lambda: crm.state.value.past and crm.state.value.past.deals[0].deal.status == "cancelled")
    assert crm.state.value.person is not None


async def test_a_contact_without_an_organization_is_shown_alone(agent: Agent, crm: CrmApp) -> None:
    await view(agent, phone="+441632960055")
    state = crm.state.value
    assert (state.phase, state.customer) == ("known", None)
    assert state.person is not None
    assert state.person.contact.name == "Tom Alder"


async def test_the_palette_finds_and_opens_customers_and_talks(agent: Agent, crm: CrmApp) -> None:
    hits = await crm.find("helvia")
    await crm.open_hit(next(hit for hit in hits if hit.kind == "organization"))
    assert crm.state.value.customer is not None
    assert crm.state.value.customer.id == "helvia"
    await crm.open_hit(next(hit for hit in await crm.find("quarterly review") if hit.kind == "interaction"))
    assert (crm.state.value.customer.id, crm.state.value.tab) == ("ngam", "interactions")
    await until(lambda: agent.heard_of("fdc3.interaction"))
    assert agent.heard_of("fdc3.interaction")[0].id == {"deskline": "i2"}


async def test_the_past_follows_the_customer_and_that_of_an_earlier_one_never_shows(
    agent: Agent, desk: Desk, crm: CrmApp
) -> None:
    await crm.view_contact("sarah")
    assert crm.state.value.customer is not None
    assert crm.state.value.past is None
    await crm.view_organization("helvia")
    await until(lambda: crm.state.value.past)
    state = crm.state.value
    assert state.customer is not None
    assert state.past is not None
    assert state.customer.id == "helvia"
    assert {line.deal.organization_id for line in state.past.deals} <= {"helvia"}


async def test_a_tab_of_the_past_in_front_is_not_kept_waiting(agent: Agent, crm: CrmApp, monkeypatch: Any) -> None:
    monkeypatch.setattr("plugins.crm.app.PAST_PAUSE", 3600)
    crm.past_in_front = True
    await crm.view_contact("sarah")
    await until(lambda: crm.state.value.past)
    assert crm.state.value.past is not None
    assert len(crm.state.value.past.deals) == 24
