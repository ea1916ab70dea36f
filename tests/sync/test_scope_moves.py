"""What hangs on a record goes with it to another scope: conflicts about it as well."""

from __future__ import annotations

from random import Random

import pytest

from app.sync.replica import Key
from tests.simulation.checks import scopes_are_right
from tests.sync.sites import Server, Site


def disputed(server: Server, ann: Site, bob: Site, key: Key, field: str) -> Key:
    """Both set a field of it without knowing of each other; the conflict that came of it."""
    ann.log(key, "update", {field: "as it was"}, {field: "of ann"})
    bob.log(key, "update", {field: "as it was"}, {field: "of bob"})
    server.take(ann)
    server.take(bob)
    (found,) = [each for each in server.ledger.firms["firm"].states if each[0] == "sync_conflict"]
    return found


def test_a_conflict_goes_along_where_one_push_brings_its_contact_to_another_customer_and_that_one_elsewhere(
    server: Server, ann: Site, bob: Site
) -> None:
    old = ann.insert("organization", desk="emea", book=None)
    new = ann.insert("organization", desk="emea", book=None)
    contact = ann.insert("contact", organization_id=old[1], title="as it was")
    server.take(ann)
    conflict = disputed(server, ann, bob, contact, "title")
    ann.log(contact, "update", {"organization_id": old[1]}, {"organization_id": new[1]})
    ann.log(new, "update", {"desk": "emea"}, {"desk": "apac"})
    server.take(ann)
    assert (server.scope(contact), server.scope(conflict)) == ("desk:apac", "desk:apac")


def test_a_conflict_goes_along_where_its_contact_is_changed_in_the_transaction_that_moves_the_customer(
    server: Server, ann: Site, bob: Site
) -> None:
    customer = ann.insert("organization", desk="emea", book=None)
    contact = ann.insert("contact", organization_id=customer[1], title="as it was", name="Ann")
    server.take(ann)
    conflict = disputed(server, ann, bob, contact, "title")
    ann.log(contact, "update", {"name": "Ann"}, {"name": "Anna"}, "one")
    ann.log(customer, "update", {"desk": "emea"}, {"desk": "apac"}, "one")
    server.take(ann)
    assert (server.scope(contact), server.scope(conflict)) == ("desk:apac", "desk:apac")


def test_a_conflict_goes_along_where_its_report_is_brought_back_under_another_call(
    server: Server, ann: Site, bob: Site
) -> None:
    here = ann.insert("interaction", organization_id=ann.insert("organization", desk="emea")[1])
    there = ann.insert("interaction", organization_id=ann.insert("organization", desk="apac")[1])
    report = ann.insert("call_report", interaction_id=here[1], status="as it was")
    server.take(ann)
    conflict = disputed(server, ann, bob, report, "status")
    ann.log(report, "delete", {"interaction_id": here[1]}, None)
    ann.log(report, "insert", None, {"id": report[1], "interaction_id": there[1], "status": "of bob"})
    server.take(ann)
    assert (server.scope(report), server.scope(conflict)) == ("desk:apac", "desk:apac")


@pytest.mark.parametrize("seed", range(40))
def test_after_any_pushes_every_record_is_in_the_scope_of_what_it_hangs_on(server: Server, seed: int) -> None:
    random = Random(seed)
    sites = [Site(server) for _ in range(3)]
    for _ in range(20):
        site = random.choice(sites)
        for _ in range(random.randint(1, 4)):
            transaction = server.new_id()
            for _ in range(random.randint(1, 3)):
                something(server, site, transaction, random)
        server.take(site)
        scopes_are_right(server.ledger.firms["firm"])


ABOVE = {"organization": (), "contact": ("organization",), "interaction": ("organization", "contact"),
         "call_report": ("interaction",)}  # fmt: skip


def something(server: Server, site: Site, transaction: str, random: Random) -> None:
    """One entry about one of a few records, as a desk writes it that saw some earlier state of what is there."""
    table = random.choice(list(ABOVE))
    key = (table, f"{table} {random.randrange(4)}")
    above = {f"{up}_id": random.choice((f"{up} {random.randrange(4)}", None)) for up in ABOVE[table]}
    place = {"desk": random.choice((None, "emea", "apac")), "book": random.choice((None, "flow"))}
    values = {"title": server.new_id(), **(above if above else place)}
    standing = server.ledger.firms["firm"].states.get(key)
    seen = dict(standing.fields) if standing is not None and random.random() < 0.5 else {"title": "long ago"}
    if standing is not None and random.random() < 0.1:
        site.log(key, "delete", seen, None, transaction)
    elif standing is None or random.random() < 0.2:
        site.log(key, "insert", None, {"id": key[1], **values}, transaction)
    else:
        some = dict(random.sample(sorted(values.items()), random.randint(1, len(values))))
        site.log(key, "update", {name: seen.get(name) for name in some}, some, transaction)
