"""What the server makes of a push, and what others see of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from app.records.hlc import pack
from app.sync import authority
from app.sync.authority import BadPush
from app.sync.hearing import MAX_SKEW
from app.sync.protocol import Item
from tests.sync.sites import Server, Site


def outcomes(items: Sequence[Item]) -> list[str]:
    return [item.outcome for item in items]


def test_a_push_that_is_repeated_changes_nothing(server: Server, ann: Site) -> None:
    ann.insert("contact", name="Eve")
    assert outcomes(server.take(ann)) == ["applied"]
    assert server.take(ann, ann.chain.entries) == []
    assert len(server.seen_by(ann)) == 1


def test_a_push_that_leaves_something_out_is_not_taken(server: Server, ann: Site) -> None:
    ann.insert("contact", name="Eve")
    ann.insert("contact", name="Zoe")
    with pytest.raises(BadPush, match="Entry 1 was expected") as refused:
        server.take(ann, ann.chain.entries[1:])
    assert refused.value.code == "out-of-order"


@pytest.mark.parametrize(
    "forged",
    [{"after": '{"name":"Mal"}'}, {"actor": "user:boss"}, {"hlc": pack(1, 0)}, {"hash": "0" * 64}, {"salt": ""}],
)
def test_a_forged_entry_is_not_taken(server: Server, ann: Site, forged: dict[str, str]) -> None:
    ann.insert("contact", name="Eve")
    with pytest.raises(BadPush) as refused:
        server.take(ann, [msgspec.structs.replace(ann.chain.entries[0], **forged)])
    assert refused.value.code == "broken-chain"


def test_a_transaction_is_refused_whole_and_what_follows_is_not(server: Server, ann: Site) -> None:
    ann.refuses = "title"
    ann.insert("contact", "one", name="Eve")
    ann.insert("contact", "one", title="Dr")
    follows = ann.insert("contact", "two", name="Zoe")
    items = server.take(ann)
    assert outcomes(items) == ["rejected", "rejected", "applied"]
    assert [item.reason for item in items] == ["Part of a change that was refused: You may not.", "You may not.", None]
    assert [fields["id"] for fields in server.records("contact")] == [follows[1]]


def test_a_refused_change_is_told_to_its_own_site_only(server: Server, ann: Site, bob: Site) -> None:
    ann.refuses = "name"
    ann.insert("contact", name="Eve")
    server.take(ann)
    assert outcomes(server.seen_by(ann)) == ["rejected"]
    assert server.seen_by(bob) == []


def test_a_withdrawn_change_keeps_its_place_only(server: Server, ann: Site) -> None:
    ann.insert("contact", "one", name="Eve")
    items = server.take(ann, withdrawn=["one"])
    assert [(item.outcome, item.reason) for item in items] == [("rejected", "Withdrawn by its desk.")]
    assert server.records("contact") == []


def test_an_erased_change_keeps_its_place_and_is_no_refusal(server: Server, ann: Site) -> None:
    ann.insert("contact", "one", name="Eve")
    ann.insert("contact", "one", name="Zoe")
    ann.chain.erase(0)
    assert outcomes(server.take(ann)) == ["merged", "applied"]
    assert [fields["name"] for fields in server.records("contact")] == ["Zoe"]


def test_the_loser_of_a_conflict_is_a_record_that_all_see(server: Server, ann: Site, bob: Site) -> None:
    key = ann.insert("contact", name="Eve")
    ann.log(key, "update", {"name": "Eve"}, {"name": "Eva"})
    server.take(ann)
    bob.at += 10
    bob.log(key, "update", {"name": "Eve"}, {"name": "Evi"})
    server.take(bob)
    (conflict,) = server.records("sync_conflict")
    assert (conflict["table_name"], conflict["record_id"], conflict["field"]) == (*key, "name")
    assert (conflict["kept"], conflict["lost"]) == ({"value": "Evi"}, {"value": "Eva"})
    assert server.seen_by(ann)[-1].table == "sync_conflict"
    assert server.seen_by(ann)[-1].transaction == bob.chain.entries[-1].transaction


def test_a_clock_that_leads_by_hours_wins_no_more_than_now(server: Server, ann: Site, bob: Site) -> None:
    key = ann.insert("contact", name="Eve")
    ann.at += 3 * 3600 * 1000
    ann.log(key, "update", {"name": "Eve"}, {"name": "Eva"})
    server.take(ann)
    bob.at += MAX_SKEW - 1000
    bob.log(key, "update", {"name": "Eve"}, {"name": "Evi"})
    server.take(bob)
    assert server.fields(key)["name"] == "Evi"


@pytest.mark.parametrize(("table", "field"), [("credit_reserve", "sites"), ("sync_conflict", "lost")])
def test_what_only_the_server_writes_nobody_else_does(server: Server, ann: Site, table: str, field: str) -> None:
    ann.insert(table, **{field: {}})
    ann.log((table, "x"), "delete", {field: {}})
    assert [item.reason for item in server.take(ann)] == [f"Only the server writes {table.replace('_', ' ')}."] * 2


def test_a_conflict_is_resolved_by_an_ordinary_change(server: Server, ann: Site, bob: Site) -> None:
    test_the_loser_of_a_conflict_is_a_record_that_all_see(server, ann, bob)
    key = ("sync_conflict", server.records("sync_conflict")[0]["id"])
    ann.log(key, "update", {"status": "open"}, {"status": "resolved"})
    assert outcomes(server.take(ann)) == ["applied"]


def test_one_report_for_one_call(server: Server, ann: Site, bob: Site) -> None:
    first = ann.insert("call_report", interaction_id="i", fields={})
    server.take(ann)
    bob.insert("call_report", interaction_id="i", fields={})
    assert outcomes(server.take(bob)) == ["rejected"]
    ann.log(first, "delete", {"interaction_id": "i", "fields": {}})
    ann.insert("call_report", interaction_id="i", fields={})
    assert outcomes(server.take(ann)) == ["applied", "applied"]


def test_who_may_not_see_a_record_learns_nothing_of_it(server: Server, ann: Site) -> None:
    house = ann.insert("organization", name="Tolland", book="flow")
    deal = ann.insert("deal", organization_id=house[1], price="1.1", status="registered")
    server.take(ann)
    outsider = Site(server, frozenset({"*", "desk:emea"}))
    missing = ("deal", "nowhere")
    for key in (deal, missing):
        outsider.log(key, "update", {"price": "9"}, {"price": "2"})
        outsider.log(key, "update", {"price": "1.1"}, {"price": "2"})
        outsider.log(key, "delete", {"price": "1.1"})
    items = server.take(outsider)
    told = [replace_ids(item) for item in items]
    assert told[:3] == told[3:]
    assert {item.reason for item in items} == {"There is no such deal on the server."}
    assert all(item.fields is None and not item.scope for item in server.seen_by(outsider))
    assert [item.site for item in server.seen_by(outsider)] == [outsider.chain.site] * 6


def replace_ids(item: Item) -> Item:
    names = ("entry_id", "transaction", "record_id", "hlc")
    return msgspec.structs.replace(item, seq=0, site_seq=0, **dict.fromkeys(names, ""))


def test_nothing_is_hung_on_a_customer_out_of_sight(server: Server, ann: Site) -> None:
    house = ann.insert("organization", name="Tolland", book="flow")
    server.take(ann)
    outsider = Site(server, frozenset({"*"}))
    outsider.insert("contact", organization_id=house[1], name="Eve")
    assert [item.reason for item in server.take(outsider)] == ["There is no such contact on the server."]


def test_a_customer_that_moves_takes_along_all_that_hangs_on_it(server: Server, ann: Site) -> None:
    house = ann.insert("organization", name="Tolland", desk="emea")
    contact = ann.insert("contact", organization_id=house[1])
    phone = ann.insert("contact_phone", contact_id=contact[1])
    server.take(ann)
    late = ann.insert("contact", organization_id=house[1])  # in the same push as the move
    ann.log(house, "update", {"desk": "emea"}, {"desk": "apac"})
    server.take(ann)
    assert {server.scope(key) for key in (house, contact, phone, late)} == {"desk:apac"}
    here, there = Site(server, frozenset({"desk:emea"})), Site(server, frozenset({"desk:apac"}))
    gone = [item for item in server.seen_by(here) if item.left == "desk:emea"]
    assert {item.record_id for item in gone} == {key[1] for key in (house, contact, phone, late)}
    assert all(item.fields is None and item.scope == "" for item in gone)
    come = [item for item in server.seen_by(there) if item.scope == "desk:apac"]
    assert {item.record_id for item in come} == {key[1] for key in (house, contact, phone, late)}
    assert all(item.whole and item.left is None for item in come)


def test_what_came_before_what_it_hangs_on_follows_it(server: Server, ann: Site) -> None:
    contact = ann.insert("contact", organization_id="o", name="Eve")
    server.take(ann)
    assert server.scope(contact) == "desk:emea"
    ann.log(("organization", "o"), "insert", None, {"id": "o", "desk": "apac"})
    server.take(ann)
    assert server.scope(contact) == "desk:apac"


def test_a_deal_uses_what_its_site_holds_in_the_same_transaction(server: Server, ann: Site) -> None:
    line = ann.insert("credit_line", limit="1000", used="0", currency="USD", status="active")
    server.take(ann)
    assert server.hold(ann, line, "300") is not None
    credit = {"line_id": line[1], "this_deal": "200", "result": "pass"}
    ann.log(line, "update", {"used": "0"}, {"used": "200"}, "deal")
    ann.insert("deal", "deal", credit=credit, status="registered")
    items = server.take(ann)
    assert [item.table for item in items] == ["credit_line", "deal", "credit_reserve"]
    assert {item.transaction for item in items} == {"deal"}
    (reserve,) = server.records("credit_reserve")
    assert reserve["sites"] == {ann.chain.site: {"granted": "300", "consumed": "200"}}


def test_nothing_is_held_of_a_line_that_is_out_of_sight_or_for_a_senseless_amount(server: Server, ann: Site) -> None:
    house = ann.insert("organization", desk="apac")
    line = ann.insert("credit_line", organization_id=house[1], limit="1000", used="0", status="active")
    server.take(ann)
    assert server.hold(Site(server, frozenset({"*"})), line, "300") is None
    for amount in ("NaN", "a lot", "-1"):
        assert server.hold(ann, line, amount) is None


def test_a_change_that_cannot_be_read_is_not_taken(server: Server, ann: Site) -> None:
    ann.insert("contact", name="Eve")
    (entry,) = ann.chain.entries
    for text in ("[]", "{", "nonsense"):
        with pytest.raises(BadPush, match="cannot be read"):
            authority.wanted([msgspec.structs.replace(entry, after=text)])


def test_the_time_of_a_change_must_be_one(server: Server, ann: Site) -> None:
    ann.chain.append("yesterday", "user:1", ("user", None), "t", ("contact", "c"), "insert", None, {"name": "Eve"})
    assert [item.reason for item in server.take(ann)] == ["The time of this change cannot be read."]
