"""What comes from the server, taken in at a desk: planned, stored, logged and indexed, a page of 1,000 at a time."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.records.store import Records
from app.records.tables import Contact
from app.sync.protocol import Item
from app.sync.store import RecordsStore
from tests.sync.desks import HOUSE, item, take

Row = dict[str, Any]
PAGES, PAGE = 20, 1000
_AT = "2026-11-20T09:30:00.000000+00:00"
_CONTACT = {"organization_id": None, "title": "Treasurer", "language": "en", "status": "active", "notes": ""}
_DEAL = {
    "organization_id": "o", "contact_id": None, "account_id": None, "instrument_id": "i", "interaction_id": None,
    "trader_id": None, "product": "fx-spot", "client_side": "buy", "quantity": "10000000", "quantity_ccy": "EUR",
    "quantity_unit": None, "price": "1.0845", "price_type": "rate", "value_date": "2026-11-24", "traded_at": _AT,
    "status": "registered", "source": "voice", "revenue_usd": "100.5", "credit": {"line_id": "l"},
}  # fmt: skip
_ENQUIRY = {
    "organization_id": "o", "contact_id": None, "instrument_id": "i", "interaction_id": None, "client_side": "buy",
    "quantity": "10000000", "bid": "1.0844", "ask": "1.0846", "outcome": "dealt", "at": _AT,
}  # fmt: skip
_TURN = {"interaction_id": "t", "pass": "final", "who": "client", "start": 1.0, "end": 2.5}


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, Records.open(Path(name), bytes(range(32))) as records:
        store = RecordsStore(records)
        new = _timed("received: new records of all kinds", store, list(_pages(0, whole=True)))
        changed = _timed("received: a changed field of each", store, list(_pages(PAGES * PAGE, whole=False)))
        with records.change("user:bench") as change:
            change.add_all(Contact(name=f"Own {number}") for number in range(10 * PAGE))
        began, entries, after = time.perf_counter(), 0, 0
        while page := store.outgoing(after, PAGE).entries:
            entries, after = entries + len(page), page[-1].site_seq
        rate = entries / (time.perf_counter() - began)
    return [new, changed, {"name": "own changes read for the push", "median": rate, "unit": "entries/s"}]


def _timed(name: str, store: RecordsStore, pages: Sequence[Sequence[Item]]) -> Row:
    rates = []
    for page in pages:
        began = time.perf_counter()
        with store.turn():
            take(store, page)
        rates.append(len(page) / (time.perf_counter() - began))
    slow = sorted(rates)[len(rates) // 20]
    return {"name": name, "median": statistics.median(rates), "p95": slow, "unit": "items/s", "goal": "20,000"}


def _pages(first: int, *, whole: bool) -> Iterator[list[Item]]:
    for page in range(PAGES):
        yield [_item(first + page * PAGE + number + 1, page * PAGE + number, whole) for number in range(PAGE)]


def _item(seq: int, number: int, whole: bool) -> Item:
    text = f"what is your price in {number} million euro dollar for spot please"
    table, values, changed = (
        ("organization", {**HOUSE, "name": f"House {number}", "notes": text}, {"tier": 1}),
        ("contact", {**_CONTACT, "name": f"Contact {number}"}, {"notes": text}),
        ("deal", _DEAL, {"status": "cancelled"}),
        ("enquiry", _ENQUIRY, {"outcome": "passed"}),
        ("transcript_segment", {**_TURN, "seq": number, "text": text}, {"end": 3.5}),
    )[number % 5]
    key = (table, f"019aa000-0000-7000-8000-{number:012d}")
    return item(seq, key, values if whole else changed, whole=whole, op="insert" if whole else "update")
