from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.credit import Line, Rates
from plugins.deals.directory import CustomerName, Directory
from plugins.deals.hearing import Talks, heard_deals
from plugins.deals.reading import Market, Reading, read
from plugins.deals.ticket import FIELDS, AccountChoice, Client, Entry, Heard, Security, Ticket

TODAY = dt.date(2026, 11, 24)
NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
EURUSD = Security("eurusd", "EURUSD", "Euro dollar", "fx", "USD", "rate", 4, 2)
VOD = Security("vod33", "VOD 3⅜ 08/33", "Vodafone 2033", "bond", "EUR", "price", 3, 2, isin="XS2104567890")
SAP = Security("sap", "SAP", "SAP SE", "equity", "EUR", "price", 2, 2, "shares", ticker="SAP")
LINE = Line("settlement", "EUR", Decimal(50_000_000), Decimal(20_000_000), dt.date(2027, 6, 30), id="L")
NGAM = Client("ngam", "Northgate AM", "sarah", (AccountChoice("a", "NGAM-EUR-CR1", "EUR"),), (LINE,))
MARKET = Market(Decimal("1.0921"), Decimal("1.0923"))
RATES = Rates({"EURUSD": Decimal("1.0922")})
DIRECTORY = Directory.of([EURUSD, VOD, SAP], [CustomerName("ngam", "Northgate Asset Management", "Northgate AM")])
SAID = Heard("i1", "buy", "eurusd", "EURUSD", Decimal(15_000_000), "EUR", None, Decimal("1.0922"), "rate")


def full(**typed: str) -> Ticket:
    ticket = Ticket("t1").for_client(NGAM).deal_in(EURUSD, "typed").for_side("buy", "typed")
    for name, text in ({"quantity": "10m", "price": "1.0922"} | typed).items():
        ticket = ticket.put(name, text, "typed")  # type: ignore[arg-type]
    return ticket


def reading(ticket: Ticket, market: Market = MARKET) -> Reading:
    return read(ticket, market, RATES, TODAY)


def test_a_full_ticket_reads_as_a_deal_with_its_credit_check() -> None:
    answer = reading(full())
    assert answer.ready
    assert answer.quantity is not None
    assert answer.credit is not None
    assert (answer.quantity.amount, answer.quantity_ccy, answer.price) == (10_000_000, "EUR", Decimal("1.0922"))
    # The day after next is Thanksgiving.
    assert (answer.value_date, answer.product) == (dt.date(2026, 11, 27), "fx-spot")
    assert (answer.credit.result, answer.credit.this_deal) == ("pass", 10_000_000)
    assert [line.result for line in answer.checks] == ["pass", "pass"]


def test_every_missing_field_is_named() -> None:
    assert list(reading(Ticket("t")).errors) == ["client", "instrument", "side", "quantity", "price"]


def test_a_date_beyond_spot_makes_a_forward_that_weighs_less_on_credit() -> None:
    answer = reading(full(value_date="3m"))
    assert answer.product == "fx-forward"
    assert answer.credit is not None
    assert answer.credit.this_deal == 100_000


def test_an_amount_may_be_in_either_currency_of_a_pair_and_in_no_other() -> None:
    assert reading(full(quantity="usd 10m")).quantity_ccy == "USD"
    assert reading(full(quantity="gbp 10m")).errors["quantity"] == "EURUSD is dealt in EUR or USD."
    shares = Ticket("t").for_client(NGAM).deal_in(SAP, "typed").put("quantity", "5m eur", "typed")
    assert reading(shares).errors["quantity"] == "SAP is dealt in shares."


def test_a_slipped_digit_is_referred_before_it_is_dealt() -> None:
    answer = reading(full(price="1.9022"))
    assert answer.checks[1].result == "refer"
    assert "away from the market" in answer.checks[1].reason


def test_what_was_said_fills_only_what_was_not_typed() -> None:
    ticket = Ticket("t").for_client(NGAM).put("quantity", "12m", "typed").prefilled(SAID, EURUSD)
    assert (ticket.text("quantity"), ticket.text("price"), ticket.side) == ("12m", "1.0922", "buy")
    assert ticket.entry("price").origin == "said"


def test_what_was_said_of_another_instrument_than_the_one_typed_is_only_offered() -> None:
    ticket = Ticket("t").deal_in(VOD, "typed").prefilled(SAID, EURUSD)
    assert (ticket.security, ticket.side, ticket.text("quantity")) == (VOD, None, "")
    assert ticket.heard == SAID


def test_a_correction_replaces_what_was_said_but_not_what_was_accepted() -> None:
    later = Heard("i1", "buy", "eurusd", "EURUSD", Decimal(15_000_000), "EUR", None, Decimal("1.0930"), "rate")
    ticket = Ticket("t").prefilled(SAID, EURUSD)
    assert ticket.prefilled(later, EURUSD).text("price") == "1.093"
    assert ticket.accepted().prefilled(later, EURUSD).text("price") == "1.0922"


def test_dismissing_takes_out_what_was_said_and_nothing_else() -> None:
    ticket = Ticket("t").put("price", "1.1", "typed").prefilled(SAID, EURUSD).without_heard()
    assert (ticket.text("price"), ticket.text("quantity"), ticket.security, ticket.side) == ("1.1", "", None, None)


def test_the_market_fills_the_price_until_someone_names_one() -> None:
    ticket = Ticket("t").put("price", "1.0921", "market").put("price", "1.0924", "market")
    assert ticket.text("price") == "1.0924"
    assert ticket.put("price", "1.0930", "said").put("price", "1.0925", "market").text("price") == "1.0930"
    assert (
        ticket.put("price", "1.5", "typed").put("price", "", "typed").put("price", "1.0925", "market").text("price")
        == "1.0925"
    )


def test_another_instrument_takes_its_predecessors_price_and_date_away() -> None:
    ticket = full(value_date="3m").deal_in(VOD, "typed")
    assert (ticket.text("price"), ticket.text("value_date"), ticket.text("quantity")) == ("", "", "10m")


def test_the_sentence_says_what_was_heard() -> None:
    assert SAID.sentence == "15mm EURUSD, client buys at 1.0922"
    assert Heard("i", "sell", "sap", "SAP", Decimal(5000), None, "shares").sentence == "5k shares SAP, client sells"


@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), st.text(max_size=8), st.sampled_from(["market", "context", "said"])))
)
def test_nothing_ever_overwrites_what_the_trader_typed(puts: list) -> None:  # type: ignore[type-arg]
    ticket = Ticket("t")
    for name in FIELDS:
        ticket = ticket.put(name, "mine", "typed")
    for name, text, origin in puts:
        ticket = ticket.put(name, text, origin)
    assert all(ticket.entry(name) == Entry("mine", "typed") for name in FIELDS)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=12)))
def test_any_typing_is_read_without_a_failure(typed: dict) -> None:  # type: ignore[type-arg]
    answer = reading(full(**typed))
    assert answer.complete != bool(answer.errors)


def test_names_are_found_whole_or_by_an_only_beginning() -> None:
    assert DIRECTORY.find_security("eur/usd") == EURUSD
    assert DIRECTORY.find_security("XS2104567890") == VOD
    assert DIRECTORY.find_security("vod") == VOD
    assert DIRECTORY.find_security("") is None
    assert DIRECTORY.find_customer("northgate") == DIRECTORY.customers[0]


def test_a_report_that_cannot_be_read_gives_less_and_never_fails() -> None:
    report = {"deals": [None, 5, {"quantity": "NaN", "price": True, "value_date": "soon", "client_side": 3}]}
    heard = heard_deals({"id": "i1", "report": report}, DIRECTORY)
    assert [(each.side, each.quantity, each.price, each.value_date) for each in heard] == [(None, None, None, None)]
    assert heard_deals({"report": report}, DIRECTORY) == heard_deals({"id": "i", "report": 3}, DIRECTORY) == ()


def test_a_conversation_counts_for_half_an_hour_after_its_end() -> None:
    talks = Talks()
    live = {"id": {"deskline": "i1"}, "organization_id": "ngam", "kind": "chat", "phase": "live"}
    assert talks.conversation(live, NOW)
    assert not talks.conversation(live, NOW)
    talks.conversation(live | {"phase": "ended"}, NOW)
    assert talks.with_customer("ngam", NOW + dt.timedelta(minutes=29)) == "i1"
    assert talks.with_customer("ngam", NOW + dt.timedelta(minutes=31)) is None
    assert talks.kind("i1") == "chat"
