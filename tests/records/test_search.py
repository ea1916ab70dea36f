from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.search import Hit, match_expression, search
from app.records.store import Records
from app.records.tables import (
    CallReport,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    Instrument,
    Interaction,
    Organization,
    TranscriptSegment,
)

Find = Callable[[str], list[Hit]]
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def find(records: Records) -> Find:
    """Searches a small desk: two customers, a bond, and one call with report and transcript."""
    with records.change("user:1") as change:
        change.add(Organization(id="tolland", name="Tolland Castings plc", short_name="Tolland", kind="corporate"))
        change.add(Organization(id="ostrava", name="Ostrava Re", short_name="Ostrava", kind="insurer", city="Prague"))
        change.add(Contact(id="gareth", name="Gareth Pemberly", organization_id="tolland"))
        change.add(Contact(id="tomas", name="Tomáš Beneš", organization_id="ostrava", title="Head of Fixed Income"))
        change.add(ContactPhone(contact_id="gareth", e164="+442079460112"))
        change.add(ContactEmail(contact_id="gareth", address="gareth.pemberly@tolland.example"))
        change.add(ContactHandle(id="handle", contact_id="tomas", service="chat", handle="tbenes.ostrava"))
        change.add(
            Instrument(
                id="bond", kind="bond", symbol="LINDH 3½ 06/29", name="Lindholm Energi 3.5% Jun 2029", currency="EUR",
                isin="XS9205631849", aliases=["lindholms"], price_type="price", price_decimals=3, reference_price=99,
            )
        )  # fmt: skip
        change.add(
            Interaction(
                id="talk", kind="call", direction="inbound", status="ended", organization_id="tolland", started_at=NOW,
                subject="Dealt: buys 15m EURUSD",
            )
        )  # fmt: skip
        change.add(
            CallReport(
                id="report", interaction_id="talk", updated_at=NOW,
                fields={"summary": "Payroll hedge, usual settlement", "products": [{"name": "EURUSD", "id": "secret"}]},
            )
        )  # fmt: skip
        change.add(
            TranscriptSegment(
                id="turn", interaction_id="talk", seq=0, pass_="final", who="client", start=0.0, end=2.0,
                text="How was Cornwall?",
            )
        )  # fmt: skip

    def run(text: str) -> list[Hit]:
        with records.read() as session:
            return search(session, text)

    return run


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("toll", "tolland"),
        ("GARETH", "gareth"),
        ("gareth tolland", "gareth"),
        ("pember", "gareth"),
        ("benes", "tomas"),
        ("Beneš", "tomas"),
        ("tomas ostr", "tomas"),
        ("tbenes", "tomas"),
        ("gareth.pemberly@tolland", "gareth"),
        ("+44 20 7946 0112", "gareth"),
        ("020 7946 01", "gareth"),
        ("+44 (0)20 7946 0112", "gareth"),
        ("0112", "gareth"),
        ("XS92056", "bond"),
        ("lindholm", "bond"),
        ("prague", "ostrava"),
        ("payroll", "talk"),
        ("dealt eurusd", "talk"),
        ("cornw", "talk"),
    ],
)
def test_what_was_typed_finds_what_was_meant(find: Find, typed: str, found: str) -> None:
    assert found in [hit.record_id for hit in find(typed)]


def test_names_come_before_mentions(find: Find) -> None:
    hits = find("toll")
    assert (hits[0].kind, hits[0].title) == ("organization", "Tolland Castings plc")
    assert hits[1].record_id == "gareth"


def test_a_talk_is_shown_once_with_where_it_was_found(find: Find) -> None:
    (hit,) = find("cornwall")
    assert (hit.kind, hit.record_id, hit.snippet) == ("transcript", "talk", "How was Cornwall?")
    assert hit.title == "Tolland · Dealt: buys 15m EURUSD · 20 Nov 2026"


@pytest.mark.parametrize(
    "typed", ["", "   ", '"', "*", "AND", "a AND (", "NEAR(x y", "title:x", "-x", "^", "'; --", "\0", "%"]
)
def test_any_text_is_safe(find: Find, typed: str) -> None:
    find(typed)


@given(st.text(max_size=30))
def test_no_typed_text_becomes_an_operator(text: str) -> None:
    expression = match_expression(text)
    assert expression.count('"') % 2 == 0
    assert "".join(expression.split('"')[::2]).replace("* OR *", "").strip("* ") == ""


def test_references_inside_a_report_are_not_text(find: Find) -> None:
    assert find("secret") == []


def test_the_index_follows_every_change(records: Records, find: Find) -> None:
    with records.change("user:1") as change:
        change.update(Organization, "tolland", name="Wexcombe Industries")
        change.delete(ContactHandle, "handle")
        change.update(CallReport, "report", fields={"summary": "Nothing done"})
        change.add(ContactPhone(contact_id="tomas", e164="+442079460999"))
    assert [hit.record_id for hit in find("wexcombe")][:2] == ["tolland", "gareth"]
    assert find("castings") == []
    assert find("tbenes") == []
    assert find("payroll") == []
    assert [hit.record_id for hit in find("7946 0999")] == ["tomas"]


def test_a_change_undone_leaves_the_index_alone(records: Records, find: Find) -> None:
    with pytest.raises(ZeroDivisionError), records.change("user:1") as change:  # noqa: PT012
        change.update(Organization, "tolland", name="Wexcombe Industries")
        change.session.flush()
        _ = 1 / 0
    assert find("wexcombe") == []
    assert find("castings") != []


def test_a_deleted_record_is_not_found(records: Records, find: Find) -> None:
    with records.change("user:1") as change:
        change.delete(Instrument, "bond")
    assert find("lindholm") == []
