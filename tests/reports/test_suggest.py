"""What facts suggest: dispositions, products, deals heard beside deals registered."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plugins.reports.items import MatterHeard, Product, Registered, Task, Terms, read
from plugins.reports.suggest import heard_deals, products, subject, suggestions, talk_share

SYMBOLS = {"vod": "VOD 3⅜ 08/33", "eurusd": "EURUSD"}
DEAL = {
    "client_side": "buy",
    "product": "bond",
    "instrument": "XS0000000001",
    "instrument_id": "vod",
    "quantity": 10000000,
    "quantity_ccy": "EUR",
    "price": 98.49,
    "price_type": "price",
    "evidence": [4, 6],
}
QUOTE = {**DEAL, "price": None, "bid": 98.41, "ask": 98.49, "outcome": "passed"}
TASK = {"owner": "trader", "what": "Send switch idea", "due": "2026-11-25", "evidence": [8]}
COMPLAINT = {"kind": "complaint", "what": "my third late confirmation", "formal": True, "evidence": [2]}
KYC = {"kind": "kyc", "what": "LEI lapses on Friday", "evidence": [4]}
BOUGHT = Registered("d1", "vod", "VOD 3⅜ 08/33", "buy", Decimal("10000000"), Decimal("98.49"), "EUR")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"deals": [DEAL]}, "Dealt"),
        ({"sentiment": "negative", "follow_ups": [TASK]}, "Complaint"),
        ({"matters": [COMPLAINT], "follow_ups": [TASK]}, "Complaint"),
        ({"matters": [KYC]}, None),
        ({"orders_left": [{**DEAL, "order_type": "limit"}]}, "Order left"),
        ({"quotes_not_dealt": [{**QUOTE, "outcome": "traded_away"}]}, "Traded away"),
        ({"quotes_not_dealt": [QUOTE], "follow_ups": [TASK]}, "Interested – follow up"),
        ({"quotes_not_dealt": [QUOTE]}, "Quoted – not dealt"),
        ({"quotes_not_dealt": [{**QUOTE, "outcome": "indicative"}]}, "Enquiry"),
        ({"mentions": [{"kind": "instrument", "turn": 1, "text": "vodafone"}]}, "Enquiry"),
        ({}, None),
    ],
)
def test_the_disposition_follows_the_facts_and_stays_blank_without_any(facts: dict, expected: str | None) -> None:
    found = suggestions(facts, symbols=SYMBOLS).get("disposition")
    assert (found.value if found else None) == expected


def test_nobody_spoke_means_no_answer() -> None:
    assert suggestions({}, symbols={}, client_spoke=False)["disposition"].value == "No answer"


def test_products_are_surer_the_more_often_they_are_named() -> None:
    facts = {
        "mentions": [
            {"kind": "instrument", "turn": 1, "text": "Vodafone 33s", "instrument_id": "vod"},
            {"kind": "instrument", "turn": 2, "text": "euro", "instrument_id": "eurusd"},
            {"kind": "instrument", "turn": 3, "text": "the Vodafones", "instrument_id": "vod"},
            {"kind": "instrument", "turn": 5, "text": "Orava 31"},
            {"kind": "price", "turn": 5, "text": "98.49"},
        ]
    }
    found = products(facts, SYMBOLS)
    assert [each.name for each in found] == ["VOD 3⅜ 08/33", "EURUSD", "Orava 31"]
    assert found[0] == Product("VOD 3⅜ 08/33", "vod", 0.8)
    assert products({**facts, "deals": [DEAL]}, SYMBOLS)[0].confidence == 0.99


def test_lists_become_lines_a_trader_reads() -> None:
    found = suggestions(
        {
            "quotes_not_dealt": [QUOTE],
            "orders_left": [{**DEAL, "client_side": "sell", "order_type": "limit", "level": 99, "expiry": "GTC"}],
        },
        symbols=SYMBOLS,
    )
    assert found["quotes"].value[0]["text"] == "VOD 3⅜ 08/33 10mm EUR 98.41 / 98.49 – passed"
    assert found["orders"].value[0]["text"] == "Sell 10mm EUR VOD 3⅜ 08/33 limit 99, GTC"


@pytest.mark.parametrize(("one_way", "text"), [({"bid": 98.41}, "98.41 bid"), ({"ask": 98.49}, "98.49 offered")])
def test_a_quote_of_one_side_says_which(one_way: dict[str, float], text: str) -> None:
    facts = {"quotes_not_dealt": [{**QUOTE, "bid": None, "ask": None, **one_way}]}
    (quote,) = suggestions(facts, symbols=SYMBOLS)["quotes"].value
    assert quote["text"] == f"VOD 3⅜ 08/33 10mm EUR {text} – passed"


def test_a_registered_deal_answers_for_the_heard_one() -> None:
    heard = read([DEAL], Terms)
    assert heard_deals(heard, [], SYMBOLS)[0].status == "missing"
    assert heard_deals(heard, [BOUGHT], SYMBOLS)[0].status == "registered"
    assert heard_deals(heard, [BOUGHT], SYMBOLS)[0].text == "Client buys 10mm EUR VOD 3⅜ 08/33 at 98.49"


def test_one_registered_deal_does_not_answer_for_two() -> None:
    heard = read([DEAL, {**DEAL, "quantity": 5000000}], Terms)
    assert [each.status for each in heard_deals(heard, [BOUGHT], SYMBOLS)] == ["registered", "missing"]


def test_the_exact_match_is_found_before_the_near_one() -> None:
    heard = read([{**DEAL, "quantity": 5000000}, DEAL], Terms)
    assert [each.status for each in heard_deals(heard, [BOUGHT], SYMBOLS)] == ["missing", "registered"]


def test_differences_between_heard_and_registered_are_named() -> None:
    heard = read([{**DEAL, "client_side": "sell", "price": 98.41}], Terms)
    found = heard_deals(heard, [BOUGHT], SYMBOLS)[0]
    assert found.status == "differs"
    assert found.differences == ("side heard sell, registered buy", "price heard 98.41, registered 98.49")


def test_a_dismissed_deal_is_not_flagged_again_by_a_later_pass() -> None:
    heard = read([DEAL], Terms)
    later = read([{**DEAL, "price": 98.5, "evidence": [5]}], Terms)
    assert heard_deals(later, [], SYMBOLS, frozenset({heard[0].key})) == ()


def test_talk_share_is_by_time_in_calls_and_by_words_in_chats() -> None:
    call = [
        {"who": "trader", "start": 0, "end": 3, "text": "a"},
        {"who": "client", "start": 3, "end": 4, "text": "b c d"},
    ]
    assert talk_share(call) == 0.75
    assert talk_share([{**turn, "end": turn["start"]} for turn in call]) == 0.25
    assert talk_share([]) is None


def test_an_entry_that_cannot_be_read_is_left_out() -> None:
    assert read([TASK, {"what": 3}, "nonsense", {**TASK, "owner": "someone"}], Task) == read([TASK], Task)


def test_the_subject_is_one_line_for_lists() -> None:
    named = (Product("VOD 3⅜ 08/33"),)
    assert subject("Dealt", [BOUGHT], named, ()) == "Dealt: buys 10mm EUR VOD 3⅜ 08/33 at 98.49"
    assert subject("Enquiry", [], named, ()) == "Enquiry · VOD 3⅜ 08/33"
    assert subject("", [], (), read([TASK], Task)) == "Send switch idea"
    matters = read([KYC, COMPLAINT], MatterHeard)
    assert subject("Complaint", [], named, (), matters) == "Complaint · my third late confirmation"
    assert subject("Enquiry", [], named, (), matters) == "Enquiry · VOD 3⅜ 08/33"
