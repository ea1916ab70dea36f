"""Roles x tables x operations x scopes through the wire, by a client that says whatever it likes."""

from __future__ import annotations

from typing import get_args

import pytest

from app.records.ids import new_id
from app.server.rights import ROLES, Role
from app.sync.ground import Verdict, Wanted
from app.sync.merge import State
from app.sync.policies import SHARED_TABLES
from app.sync.protocol import Failure, Op, Purge, Push, SnapshotWanted
from tests.server.conftest import Office

TABLES = sorted({table for tables in ROLES.values() for table in tables} | {"credit_reserve", "of_the_future"})
FIELDS = {"credit_line": "limit", "sync_conflict": "status"}
SCOPES = ("*", "desk:rates", "desk:fx")
"""Of the record: everybody's, the desk's own, and one that the device does not hold."""

# Written out once more, by hand, so that a slip in the roles' data shows.
_CRM = "contact_phone contact_email contact_handle holding follow_up"
_TALK = "organization contact interaction transcript_segment call_report deal enquiry"
MAY: dict[Role, dict[Op, str]] = {
    "trader": {
        "insert": f"{_CRM} {_TALK} consent",
        "update": f"{_CRM} {_TALK} sync_conflict",
        "delete": _CRM,
    },
    "sales-manager": {
        "insert": f"{_CRM} {_TALK} consent account",
        "update": f"{_CRM} {_TALK} sync_conflict account",
        "delete": f"{_CRM} contact",
    },
    "credit-officer": {"insert": "credit_line", "update": "credit_line sync_conflict", "delete": "credit_line"},
    "compliance": {
        "insert": "consent account",
        "update": "organization contact consent account sync_conflict",
        "delete": "contact contact_phone contact_email contact_handle",
    },
    "administrator": {
        "insert": "user instrument price_source",
        "update": "user instrument price_source",
        "delete": "instrument price_source",
    },
    "viewer": {},
}


async def standing(office: Office, firm: str) -> dict[tuple[str, Op, str], str]:
    """A record for each change to be tried: (table, operation, scope) -> its id."""
    ids = {(table, op, scope): new_id() for table in TABLES for op in ("update", "delete") for scope in SCOPES}
    async with office.doors.ledger.locked(firm) as turn:
        own, ground = await turn.own(), await turn.ground(Wanted(frozenset()))
        states = {
            (table, record_id): State(
                {"id": record_id, FIELDS.get(table, "name"): "before"},
                {},
                None,
                "*" if table in SHARED_TABLES else scope,
            )
            for (table, _, scope), record_id in ids.items()
        }
        # A customer says by itself where it belongs.
        for (table, record_id), state in states.items():
            if table == "organization" and state.scope != "*":
                fields = {**state.fields, "desk": state.scope.removeprefix("desk:")}
                states[table, record_id] = State(fields, {}, None, state.scope)
        await turn.keep(Verdict([], states, None, own.end, ground.head), own.site)
    return ids


@pytest.mark.parametrize("granted", ["*", "desk:rates", "desk:fx"])
@pytest.mark.parametrize("role", get_args(Role))
async def test_a_role_may_what_it_may_and_nothing_else(office: Office, firm: str, role: Role, granted: str) -> None:
    ids = await standing(office, firm)
    await office.user("ann", role, scope=granted)
    desk = await office.enrolled(desk="rates")
    expected: dict[str, bool] = {}
    access = (await desk.sign_in("ann"))["access"]
    for (table, op, scope), record_id in ids.items():
        name = FIELDS.get(table, "name")
        entry = desk.site.log(
            table,
            record_id,
            op,
            {name: "before"},
            {name: "after"} if op == "update" else None,  # type: ignore[arg-type]
        )
        shown = "*" if table in SHARED_TABLES else scope
        reaches = shown == "*" or (shown == "desk:rates" and granted in ("*", "desk:rates"))
        expected[entry.id] = reaches and table in MAY[role].get(op, "").split()
    for table in TABLES:
        entry = desk.site.insert(table, {FIELDS.get(table, "name"): "new"})
        of_everybody = table == "organization" or table in SHARED_TABLES
        reaches = of_everybody or granted in ("*", "desk:rates")
        expected[entry.id] = reaches and table in MAY[role].get("insert", "").split()
    async with desk.talk(access) as talk:
        await talk.hello()
        assert (await talk.push()).received == len(desk.site.chain)
        items = [item for item in (await talk.pull(0)).items if item.site == desk.site.id]
    came = {item.entry_id: item.outcome != "rejected" for item in items}
    wrong = {
        (item.table, item.op, item.scope): item.reason
        for item in items
        if came[item.entry_id] != expected[item.entry_id]
    }
    assert not wrong
    assert len(came) == len(expected)
    assert all(item.reason for item in items if item.outcome == "rejected"), "each with a reason"
    # Of what it may not see a device learns nothing, not even that it is there.
    foreign = {
        record_id for (table, _, scope), record_id in ids.items() if scope == "desk:fx" and table not in SHARED_TABLES
    }
    assert all(item.fields is None and not item.scope for item in items if item.record_id in foreign)


async def test_the_reason_for_a_foreign_record_is_that_of_one_that_is_not_there(office: Office, firm: str) -> None:
    ids = await standing(office, firm)
    await office.user("ann", "trader")
    desk = await office.enrolled(desk="rates")
    access = (await desk.sign_in("ann"))["access"]
    for record_id in (ids["contact", "update", "desk:fx"], new_id()):
        desk.site.update("contact", record_id, {"name": "before"}, {"name": "after"})
    async with desk.talk(access) as talk:
        await talk.hello()
        await talk.push()
        reasons = {item.reason for item in (await talk.pull(0)).items if item.site == desk.site.id}
    assert reasons == {"There is no such contact on the server."}


async def test_a_replayed_push_of_another_desk_counts_for_nothing(office: Office, firm: str) -> None:
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    access = (await two.sign_in("ann"))["access"]
    await one.sign_in("ann")
    one.site.insert("contact", {"name": "Ines"})
    async with two.talk(access) as talk:
        await talk.hello()

        failure = await talk.ask(Push(tuple(one.site.chain)), Failure)
        assert failure.code == "broken-chain"
        assert isinstance(await talk.ask(SnapshotWanted("desk:fx"), Purge), Purge)
    assert (await office.doors.ledger.end(firm, two.site.id)).received == 0
