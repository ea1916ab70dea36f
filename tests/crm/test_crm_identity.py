from __future__ import annotations

import pytest

from app.records.tables import Contact
from plugins.crm.identity import Asked, Resolution, asked_of, e164, resolve, show_number
from tests.deals.small_desk import SARAH, SWITCHBOARD, Desk


def resolved(desk: Desk, **asked: str) -> Resolution:
    with desk.records.read() as session:
        return resolve(session, Asked(**asked))


@pytest.mark.parametrize("written", ["+44 20 7946 0143", "020 7946 0143", "+44 (0)20 7946 0143", "0044 20 7946 0143"])
def test_a_number_is_one_number_however_it_is_written(written: str) -> None:
    assert e164(written) == SARAH
    assert show_number(SARAH) == "+44 20 7946 0143"


@pytest.mark.parametrize("written", ["", "anonymous", "12", "+", "unknown caller"])
def test_what_is_no_number_is_none(written: str) -> None:
    assert e164(written) is None


def test_a_context_is_read_with_all_its_keys() -> None:
    context = {
        "type": "fdc3.contact",
        "name": " Sarah ",
        "id": {"phone": "020 7946 0143", "email": "S@X.example", "n": 3},
    }
    assert asked_of(context) == Asked(phone=SARAH, email="s@x.example", name="Sarah")
    assert asked_of({"type": "fdc3.contact"}).empty
    assert asked_of({"type": "fdc3.organization", "id": {"deskline": "ngam"}}).organization_id == "ngam"


@pytest.mark.parametrize(
    "asked",
    [
        {"phone": SARAH},
        {"email": "sarah.whitfield@northgate.example"},
        {"contact_id": "sarah"},
        {"name": "Sarah Whitfield"},
    ],
)
def test_a_known_caller_is_found_by_any_key(desk: Desk, asked: dict[str, str]) -> None:
    found = resolved(desk, **asked)
    assert (found.kind, [match.contact_id for match in found.matches]) == ("known", ["sarah"])


def test_a_shared_number_leaves_a_choice_unless_a_name_decides(desk: Desk) -> None:
    assert [match.name for match in resolved(desk, phone=SWITCHBOARD).matches] == ["Idris Okonjo", "Lena Brunner"]
    assert resolved(desk, phone=SWITCHBOARD).kind == "several"
    assert resolved(desk, phone=SWITCHBOARD, name="lena brunner").matches[0].contact_id == "lena"


def test_an_unknown_number_offers_its_neighbours(desk: Desk) -> None:
    found = resolved(desk, phone="+442079460144")
    assert (found.kind, [match.contact_id for match in found.near][:1]) == ("unknown", ["sarah"])


def test_an_unknown_address_or_handle_offers_the_same_house_and_similar_names(desk: Desk) -> None:
    assert [match.contact_id for match in resolved(desk, email="new@northgate.example").near] == ["sarah"]
    assert [match.contact_id for match in resolved(desk, handle="lena.bruner").near] == ["lena"]
    assert resolved(desk, email="x@gmail.com").near == ()


def test_a_contact_who_has_left_is_shown_when_asked_for_by_id_and_never_as_a_caller(desk: Desk) -> None:
    contact_id = resolved(desk, phone=SARAH).matches[0].contact_id
    with desk.records.change("test") as change:
        change.update(Contact, contact_id, status="left")
    assert resolved(desk, contact_id=contact_id).kind == "known"
    assert resolved(desk, phone=SARAH).kind != "known"
