"""Roles x kinds of records x operations x scopes, through the wire. What is expected stands in ``who_may``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.records.ids import new_id
from app.server.rights import ROLES
from app.sync.protocol import Item, Op, Purge, SnapshotWanted
from tests.rights.conftest import House
from tests.rights.hostile import Desk, Office
from tests.rights.who_may import ADDED_ONCE, FOR_EVERYBODY, LETTERS, TABLE, fields_of, may_add, may_change, may_delete

HELD = ("*", "desk:rates", "book:gilts")
FOREIGN = ("desk:fx", "book:oil")
WHO = [*(frozenset({role}) for role in (*ROLES, "desk")), frozenset({"trader", "compliance"}), frozenset[str]()]


@dataclass(frozen=True)
class Try:
    kind: str
    op: Op
    scope: str
    field: str
    record_id: str
    over: bool = False

    def is_allowed(self, who: set[str]) -> bool:
        if self.over:  # an addition over what is there changes it
            return self.kind not in ADDED_ONCE and may_add(who, self.kind) and may_change(who, self.kind, self.field)
        if self.op == "insert":
            return may_add(who, self.kind)
        return may_delete(who, self.kind) if self.op == "delete" else may_change(who, self.kind, self.field)


class Firm:
    """A customer in each scope, and records of every kind that hang on it: one for each thing that will be tried."""

    def __init__(self) -> None:
        self.customers = {scope: new_id() for scope in (*HELD, *FOREIGN)}
        self.marks: list[str] = []
        self.records: list[tuple[str, str, dict[str, Any], str]] = []
        self.tries: list[Try] = []
        for scope, customer in self.customers.items():
            self.records.append(("organization", customer, self._fields("organization", scope), scope))
            for kind in TABLE:
                self._tries(kind, scope)

    def _tries(self, kind: str, scope: str) -> None:
        scope = "*" if kind in FOR_EVERYBODY else scope
        wanted: list[tuple[Op, str, bool]] = [("update", name, False) for name in fields_of(kind)]
        wanted += [("insert", name, True) for name in fields_of(kind) if name not in ("desk", "book")]
        wanted += [("delete", "", False), ("insert", "", False)]
        if scope == "desk:rates" and kind != "organization":
            wanted.append(("insert", "alone", False))
        for op, name, over in wanted:
            record_id = new_id()
            self.tries.append(Try(kind, op, scope, name, record_id, over))
            if op != "insert" or over:
                self.records.append((kind, record_id, self._fields(kind, scope), scope))

    def _fields(self, kind: str, scope: str) -> dict[str, Any]:
        mark = f"hidden-{new_id()}"
        if scope in FOREIGN:
            self.marks.append(mark)
        fields = {**self.place(kind, scope), **dict.fromkeys(fields_of(kind), "before"), "name": mark}
        if kind == "organization":
            fields |= {"desk": None, "book": None, **self.place(kind, scope)}
        return fields

    def place(self, kind: str, scope: str) -> dict[str, Any]:
        """What says where a record belongs."""
        if kind == "organization":
            where, _, name = scope.partition(":")
            return {where: name} if name else {}
        return {} if kind in FOR_EVERYBODY else {"organization_id": self.customers[scope]}


async def tried(firm: Firm, desk: Desk, access: str, actor: str) -> tuple[list[Item], bytes]:
    for each in firm.tries:
        before, after = ({each.field: "before"}, {each.field: "after"}) if each.field else ({}, {})
        if each.op == "insert":
            # What hangs on nothing is the desk's own.
            place = {} if each.field == "alone" else firm.place(each.kind, each.scope)
            after = {"id": each.record_id, **place, **after}
            desk.site.log(each.kind, each.record_id, "insert", None, after, actor=actor)
        elif each.op == "delete":
            desk.site.log(each.kind, each.record_id, "delete", {"notes": "before"}, None, actor=actor)
        else:
            if each.field in ("desk", "book"):
                before, after = {}, {each.field: "gilts" if each.field == "book" else "rates"}
            desk.site.log(each.kind, each.record_id, "update", before, after, actor=actor)
    items: list[Item] = []
    async with desk.talk(access) as talk:
        for start in range(0, len(desk.site.chain), 500):
            items += await talk.fates_of(desk.site.chain[start : start + 500])
        snapshots = [await talk.records(scope) for scope in HELD]
        for scope in FOREIGN:
            assert await talk.ask(SnapshotWanted(scope), Purge) == Purge((scope,))
        assert all(record.scope == page.scope for page in snapshots for record in page.records)
        return items, bytes(talk.heard)


@pytest.mark.parametrize("granted", ["*", "desk:rates", "desk:fx"])
@pytest.mark.parametrize("who", WHO, ids=lambda who: "+".join(sorted(who)) or "nobody")
async def test_everybody_may_what_they_may_and_nothing_else(
    house: House, office: Office, who: frozenset[str], granted: str
) -> None:
    firm = Firm()
    await office.stands(*firm.records)
    desk = await office.desk(desk="rates", books=["gilts"])
    user = await office.user("ann", *(who - {"desk"}), scope=granted)  # type: ignore[arg-type]
    access = (await desk.sign_in(user)).access
    items, heard = await tried(firm, desk, access, "program:calls" if who == {"desk"} else f"user:{user}")

    reach = {"*", granted} if granted != "*" and who != {"desk"} else {*HELD}
    wrong = []
    for each, item in zip(firm.tries, items, strict=True):
        moves = each.kind == "organization" and each.op == "update" and each.field in ("desk", "book")
        to = {"book": "book:gilts", "desk": "desk:rates"}[each.field] if moves else each.scope
        if each.kind == "organization" and each.scope.startswith("book") and each.field == "desk":
            to = each.scope  # its book counts first
        places = {"*" if each.kind in FOR_EVERYBODY else place for place in (each.scope, to)}
        expected = places <= set(HELD) and places <= reach and each.is_allowed(set(who))
        if expected != (item.outcome != "rejected"):
            wrong.append((each, item.outcome, item.reason))
        if item.outcome == "rejected":
            assert item.reason, each
        if each.scope in FOREIGN and each.kind not in FOR_EVERYBODY:
            assert (item.fields, item.scope, item.left) == (None, "", None), each
    assert not wrong, wrong[:5]
    assert not [mark for mark in firm.marks if mark.encode() in heard], "nothing of another scope comes back"
    refused = sum(item.outcome == "rejected" for item in items)
    noted = [line for line in house.logged() if line["message"] == "rejected" and line["device"] == desk.id]
    assert sum(int(str(line["entries"])) for line in noted) == refused


def test_the_table_speaks_of_every_role_and_every_kind() -> None:
    assert {*ROLES} == {*LETTERS.values(), "viewer"} - {"desk"}
    assert {table for tables in ROLES.values() for table in tables} <= {*TABLE}
