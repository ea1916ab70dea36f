from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from schemas import check_context, context_types

from fdc3 import types as t
from fdc3.types import Context, errors

NINE = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
SARAH = t.Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com", "phone": "+44 20 7946 0123"})
VOD = t.Instrument(id={"ticker": "VOD", "ISIN": "GB00BH4HKS39"}, name="Vodafone", market={"MIC": "XLON"})
PRODUCT = t.Product(id={"productId": "VOD-EQ"}, instrument=VOD)
TRADE = t.Trade(id={"deskline": "deal-1"}, product=PRODUCT)
ORDER = t.Order(id={"myOMS": "1"}, details={"product": PRODUCT})
PEOPLE = t.ContactList(contacts=[SARAH])
TEXT = t.Message(text="Hello", markdown="**Hello**")
ROOM = t.ChatRoom(provider_name="demo", id={"room": "1"}, url="https://example.com/1")

EVERY = [
    SARAH,
    VOD,
    PRODUCT,
    TRADE,
    ORDER,
    PEOPLE,
    TEXT,
    ROOM,
    t.Organization(name="Harbour Pensions", id={"LEI": "5493000IBP32UQZ0KL24"}),
    t.Country(id={"COUNTRY_ISOALPHA2": "GB"}),
    t.Currency(id={"CURRENCY_ISOCODE": "EUR"}, name="Euro"),
    t.InstrumentList(instruments=[VOD]),
    t.TimeRange(start=NINE, end=NINE),
    t.Interaction(participants=[SARAH], interaction_type="Call", time_range=t.TimeRange(start=NINE), initiator=SARAH),
    t.TradeList(trades=[TRADE]),
    t.OrderList(orders=[ORDER]),
    t.Position(instrument=VOD, holding=10_000_000),
    t.Portfolio(positions=[t.Position(instrument=VOD, holding=1.5)]),
    t.Valuation(value=100.5, currency="GBP", price=1.2, valuation_time=NINE),
    t.ChatMessage(room=ROOM, message=TEXT),
    t.ChatInitSettings(chat_name="VOD", members=PEOPLE, message=TEXT, options={"isPublic": False}),
    t.ChatSearchCriteria(criteria=[VOD, "block"]),
    t.Email(recipients=PEOPLE, subject="VOD", text_body="See attached"),
    t.Chart(instruments=[VOD], range=t.TimeRange(start=NINE), style="line"),
    t.TransactionResult(status="Created", context=TRADE, message="Done"),
    t.Action(title="Call back", context=SARAH, action="raiseIntent", intent="StartCall"),
    t.FileAttachment(file_name="a.txt", data_uri="data:text/plain;base64,YQ=="),
    t.Nothing(),
]


def test_every_standard_context_has_a_class_and_satisfies_its_schema() -> None:
    for context in EVERY:
        check_context(msgspec.json.decode(context.encode()))
    assert {context.type for context in EVERY} == context_types()


@pytest.mark.parametrize("context", EVERY, ids=lambda context: context.type)
def test_contexts_come_back_as_their_class_with_unknown_fields_kept(context: Context) -> None:
    context = Context.parse({**context, "deskline": {"kept": [1, 2]}})
    back = Context.decode(context.encode())
    assert back == context
    assert type(back) is type(context)
    assert back["deskline"] == {"kept": [1, 2]}


def test_properties_read_what_the_constructors_wrote() -> None:
    call = t.Interaction(
        participants=[SARAH], interaction_type="Call", time_range=t.TimeRange(start=NINE), call={"line": "L1"}
    )
    call_again = Context.decode(call.encode())
    assert isinstance(call_again, t.Interaction)
    assert call_again.participants == [SARAH]
    assert call_again.participants[0].email == "sarah@example.com"
    assert call_again.time_range is not None
    assert call_again.time_range.start == NINE
    assert call_again["call"] == {"line": "L1"}
    assert TRADE.product is not None
    assert TRADE.product.instrument is not None
    assert TRADE.product.instrument.isin == "GB00BH4HKS39"
    assert TEXT.text == "Hello"


def test_wrong_shapes_inside_a_context_read_as_absent() -> None:
    odd = Context.parse({"type": "fdc3.interaction", "participants": 7, "timeRange": {"startTime": "noon"}, "id": 3})
    assert isinstance(odd, t.Interaction)
    assert (odd.participants, odd.time_range, odd.id, odd.name) == ([], None, {}, None)
    when = Context.parse({"type": "fdc3.timeRange", "startTime": "noon"})
    assert isinstance(when, t.TimeRange)
    assert when.start is None


@pytest.mark.parametrize("value", [{}, {"type": 7}, {"type": ""}, {"name": "no type"}])
def test_a_context_without_a_type_is_malformed(value: dict[str, object]) -> None:
    with pytest.raises(errors.MalformedContext):
        Context.parse(value)
    with pytest.raises(errors.MalformedContext):
        Context(value)
    with pytest.raises(errors.MalformedContext):
        Context.decode(msgspec.json.encode(value))


def test_what_json_cannot_hold_is_malformed() -> None:
    with pytest.raises(errors.MalformedContext):
        Context(type="x", value=object()).encode()


def test_a_context_shows_only_its_type_in_logs() -> None:
    assert repr(SARAH) == "<Contact fdc3.contact>"


def test_error_classes_are_the_standards_strings() -> None:
    assert errors.from_code("UserCancelledResolution").code == "UserCancelledResolution"
    assert isinstance(errors.from_code("ApiTimeout"), errors.ResolveError)
    assert isinstance(errors.from_code("MalformedContext"), errors.ChannelError)
    assert str(errors.from_code("SomethingNew")).endswith("(SomethingNew)")
    assert len(errors.BY_CODE) == 28
