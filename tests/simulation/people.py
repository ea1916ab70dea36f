"""What people do at the desks, drawn from what each desk shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

from app.records.errors import StoreError
from app.sync import credit
from app.sync.policies import LINE, RESERVE
from app.sync.replica import Key
from tests.simulation.checks import replica_delta
from tests.simulation.disk import Draft, MemoryDesk, Values, read
from tests.simulation.world import NEWER_FIELD, NEWER_TABLE, SCOPES, DeskDied, SimDesk

EDITED = {
    "organization": ("name", "notes"),
    "contact": ("name", "title", "nickname"),
    "interaction": ("subject",),
    "call_report": ("fields",),
    "gadget": ("text",),
}


# What the shipped tables want of a record besides what people here write.
_WHEN = "2026-03-02T07:00:00.000000+00:00"
_COLUMNS: Mapping[str, Values] = {
    "organization": {"short_name": "c", "kind": "bank", "status": "active", "notes": ""},
    "contact": {"status": "active", "notes": ""},
    "interaction": {
        "kind": "call", "direction": "inbound", "status": "ended", "started_at": _WHEN, "report_status": "none",
    },
    "call_report": {"status": "draft", "suggestions": {}, "edited": [], "updated_at": _WHEN},
    "credit_line": {"kind": "settlement", "status": "active", "expires": "2030-12-31"},
    "instrument": {
        "kind": "fx", "symbol": "EURUSD", "name": "Euro", "currency": "USD", "price_type": "rate", "price_decimals": 4,
        "settle_days": 2, "reference_price": "1.1", "aliases": [],
    },
    "deal": {
        "instrument_id": "eurusd", "product": "fx-spot", "client_side": "buy", "quantity": "1", "price": "1.1",
        "price_type": "rate", "traded_at": _WHEN, "source": "voice",
    },
}  # fmt: skip


class Person:
    """Sits at a desk and now and then does something."""

    def __init__(self, desk: SimDesk, random: Random) -> None:
        self.desk = desk
        self.random = random
        self._bin: dict[Key, Values] = {}
        self._count = 0

    def acts(self) -> None:
        doings = (
            (self.edits, 30), (self.makes, 20), (self.deals, 15), (self.reserves, 10), (self.cancels, 5),
            (self.deletes, 5), (self.restores, 4), (self.moves, 4), (self.resolves, 4), (self.sends_again, 4),
            (self.changes_a_limit, 2),
        )  # fmt: skip
        if self.desk.session is None or self.desk.session.state == "wiped":
            return
        doing: Callable[[], None] = self.random.choices([do for do, _ in doings], [weight for _, weight in doings])[0]
        try:
            doing()
        except DeskDied:
            self.desk.dies()
        except StoreError:  # the disk is full, or the records do not allow it
            return
        self.desk.does(lambda session: session.wrote())

    def opens_shop(self) -> None:
        """What is there before the day begins."""
        self._write(Draft(("instrument", "eurusd"), "insert", _COLUMNS["instrument"]))
        for number, place in enumerate(({}, {"desk": "emea"}, {"book": "flow", "desk": "apac"})):
            organization = self._new("organization", {"desk": None, "book": None, "name": f"c{number}", **place})
            contact = self._new("contact", {"organization_id": organization.key[1], "name": f"p{number}"})
            line = self._new(
                LINE, {"organization_id": organization.key[1], "currency": "USD", "limit": "1000", "used": "0"}
            )
            self._write(organization, contact, line)

    # -- doings

    def edits(self) -> None:
        key = self._pick(*EDITED)
        if key is not None:
            names = [name for name in EDITED[key[0]] if not (self.desk.older and (key[0], name) == NEWER_FIELD)]
            changes = {
                name: self._value(key[0]) for name in self.random.sample(names, self.random.randint(1, len(names)))
            }
            more = self._pick("interaction")
            drafts = [Draft(key, "update", changes)]
            if more is not None and more != key and self.random.random() < 0.2:
                drafts.append(Draft(more, "update", {"subject": self._text()}))
            self._write(*drafts)

    def makes(self) -> None:
        table = self.random.choice(("organization", "contact", "interaction", "call_report", "gadget"))
        if table == "organization":
            self._write(self._new(table, {"name": self._text(), **self._place()}))
        elif table == "call_report":
            interaction = self._pick("interaction")
            if interaction is not None:
                self._write(self._new(table, {"interaction_id": interaction[1], "fields": self._value(table)}))
        elif not (self.desk.older and table == NEWER_TABLE):
            above = self._pick("organization", "contact")
            values: dict[str, Any] = {"organization_id": None, "contact_id": None, EDITED[table][0]: self._text()}
            if above is not None and (table != "interaction" or self.random.random() < 0.8):
                values[f"{above[0]}_id"] = above[1]
            self._write(self._new(table, values))

    def deletes(self) -> None:
        key = self._pick(*EDITED)
        if key is not None:
            self._bin[key] = self.desk.disk.rows[key]
            self._write(Draft(key, "delete"))

    def restores(self) -> None:
        gone = [key for key in self._bin if key not in self.desk.disk.rows]
        if gone:
            key = self.random.choice(gone)
            known = {n: v for n, v in self._bin[key].items() if not (self.desk.older and (key[0], n) == NEWER_FIELD)}
            self._write(Draft(key, "insert", known), what="brought back")

    def moves(self) -> None:
        if self.random.random() < 0.3:
            contact, above = self._pick("contact"), self._pick("organization")
            if contact is not None and above is not None:
                self._write(Draft(contact, "update", {"organization_id": above[1]}))
            return
        key = self._pick("organization")
        if key is not None:
            self._write(Draft(key, "update", self._place()))

    def deals(self) -> None:
        key = self._pick(LINE)
        if key is None or self.desk.session is None:
            return
        row = self.desk.disk.rows[key]
        free = Decimal(row["limit"]) - Decimal(row["used"]) if self.desk.session.online else self._own(key[1])
        amount = (max(free, Decimal(0)) * self.random.randint(1, 100) / 100).quantize(Decimal("0.01"))
        if amount <= 0:
            return
        check = {"line_id": key[1], "this_deal": str(amount), "result": "pass"}
        used = format(Decimal(row["used"]) + amount, "f")
        deal = self._new("deal", {"organization_id": row["organization_id"], "status": "registered", "credit": check})
        self._write(
            Draft(key, "update", {"used": used}), deal, what="deal" if self.desk.session.online else "deal offline"
        )

    def cancels(self) -> None:
        key = self._pick("deal")
        if key is None:
            return
        row = self.desk.disk.rows[key]
        line = (LINE, row["credit"]["line_id"])
        standing = self.desk.disk.rows.get(line)
        if row["status"] == "registered" and standing is not None:
            used = Decimal(standing["used"]) - Decimal(row["credit"]["this_deal"])
            if used >= 0:
                self._write(
                    Draft(line, "update", {"used": format(used, "f")}), Draft(key, "update", {"status": "cancelled"})
                )

    def reserves(self) -> None:
        key = self._pick(LINE)
        if key is not None:
            amount = self.random.choice((None, "100", "400"))
            self.desk.does(lambda session: session.reserve(key[1], amount))

    def changes_a_limit(self) -> None:
        key = self._pick(LINE)
        if key is not None:
            limit = self.random.choice((500, 1000, 1500, 2000))
            self._write(Draft(key, "update", {"limit": str(limit)}))

    def resolves(self) -> None:
        key = self._pick("sync_conflict")
        if key is None:
            return
        row = self.desk.disk.rows[key]
        if not row["lost"]:  # erased
            return
        about = (row["table_name"], row["record_id"])
        drafts = [Draft(key, "update", {"status": "resolved"})]
        if row["field"] and about in self.desk.disk.rows and self.random.random() < 0.5:
            drafts.insert(0, Draft(about, "update", {row["field"]: row["lost"]["value"]}))
        self._write(*drafts, what="conflict resolved")

    def sends_again(self) -> None:
        disk = self.desk.disk
        waiting = [transaction for transaction, each in disk.quarantine.items() if each.status == "open"]
        if not waiting:
            return
        transaction = self.random.choice(waiting)
        if self.random.random() < 0.5:
            disk.discard(transaction)
            return
        if self.desk.world.whole_rows and not isinstance(disk, MemoryDesk):
            disk.send_again(transaction)
            return
        drafts = []
        for entry in disk.chain.entries:
            key, after = (entry.table, entry.record_id), read(entry.after) or {}
            if entry.transaction == transaction and entry.table in EDITED:
                if entry.op == "update" and key in disk.rows:
                    drafts.append(Draft(key, "update", {**after, EDITED[entry.table][0]: self._value(entry.table)}))
                elif entry.op == "insert" and key not in disk.rows and key not in [each.key for each in drafts]:
                    drafts.append(Draft(key, "insert", after))
        if drafts:
            self._write(*drafts, what="sent again")
            disk.resent(transaction)

    # -- parts

    def _own(self, line_id: str) -> Decimal:
        """What the desk may deal on while it cannot ask."""
        disk = self.desk.disk
        row = disk.rows.get((RESERVE, line_id))
        held = credit.outstanding(row["sites"], disk.site) if row else Decimal(0)
        standing = disk.unsettled([(LINE, line_id)]).get((LINE, line_id), ())
        return held - sum((max(replica_delta(each), Decimal(0)) for each in standing), Decimal(0))

    def _pick(self, *tables: str) -> Key | None:
        hidden = {NEWER_TABLE} if self.desk.older else set()
        keys = sorted(key for key in self.desk.disk.rows if key[0] in tables and key[0] not in hidden)
        return self.random.choice(keys) if keys else None

    def _place(self) -> dict[str, Any]:
        scope = self.random.choice((None, *SCOPES))
        kind, name = scope.split(":") if scope else ("desk", None)
        return {"desk": None, "book": None, kind: name}

    def _new(self, table: str, values: Values) -> Draft:
        columns = _COLUMNS.get(table, {}) if self.desk.world.whole_rows else {}
        return Draft((table, self.desk.world.new_id()), "insert", {**columns, **values})

    def _text(self) -> str:
        self._count += 1
        return f"{self.desk.name} {self._count}"

    def _value(self, table: str) -> Any:
        return {"note": self._text()} if table == "call_report" else self._text()

    def _write(self, *drafts: Draft, what: str = "") -> None:
        self.desk.world.tally[what] += 1
        actor = self.random.choice(("trader", "trader", "intern"))
        self.desk.disk.write(actor, drafts)
