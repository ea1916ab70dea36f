from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.credit import CreditCheck, Line, Money, Rates, check, choose_line, exposure
from app.brokerage.revenue import sales_credit_usd

TODAY = dt.date(2026, 11, 19)
RATES = Rates({"EURUSD": Decimal("1.10"), "GBPUSD": Decimal("1.32"), "USDJPY": Decimal(150)})
RANK = {"pass": 0, "refer": 1, "fail": 2}


def line(**fields: object) -> Line:
    given_fields: dict[str, object] = {
        "kind": "settlement", "currency": "EUR", "limit": Decimal(50_000_000), "used": Decimal(30_000_000),
        "expires": dt.date(2027, 6, 30), "id": "L1",
    }  # fmt: skip
    return Line(**{**given_fields, **fields})  # type: ignore[arg-type]


def eur(millions: float) -> Money:
    return Money(Decimal(str(millions)) * 1_000_000, "EUR")


def checked(deal: Money, of: Line | None = None, value_date: dt.date | None = None) -> CreditCheck:
    return check(of if of is not None else line(), deal, rates=RATES, today=TODAY, value_date=value_date)


def test_a_deal_within_the_line_passes_and_says_what_is_left() -> None:
    answer = checked(eur(10))
    assert (answer.result, answer.limit, answer.used, answer.this_deal, answer.available) == (
        "pass", Decimal(50_000_000), Decimal(30_000_000), Decimal(10_000_000), Decimal(10_000_000),
    )  # fmt: skip
    assert answer.reason == "EUR 10mm of EUR 50mm stay available."


def test_what_other_desks_hold_is_not_free() -> None:
    answer = checked(eur(10), line(held=Decimal(5_000_000)))
    assert (answer.result, answer.available) == ("pass", Decimal(5_000_000))
    answer = checked(eur(18), line(held=Decimal(5_000_000)))
    assert answer.result == "fail"
    assert answer.reason == "The deal exceeds the limit of EUR 50mm by EUR 3mm, with EUR 5mm that other desks hold."


def test_offline_only_what_is_reserved_for_the_desk_counts() -> None:
    assert checked(eur(2.4), line(at_hand=Decimal(2_400_000))).result == "pass"
    answer = checked(eur(5), line(at_hand=Decimal(2_400_000)))
    assert answer.reason == "Offline: EUR 2.4mm of this line are reserved for this desk; this deal needs EUR 5mm."
    assert not answer.bookable
    assert "nothing of this line is reserved" in checked(eur(5), line(at_hand=Decimal(0))).reason


def test_a_small_excess_is_referred_and_a_large_one_refused() -> None:
    assert checked(eur(20)).result == "pass"
    assert checked(eur(22.5)).result == "refer"
    assert checked(eur(22.51)).result == "fail"
    assert "exceeds the limit of EUR 50mm by EUR 5mm" in checked(eur(25)).reason


def test_frozen_expired_and_missing_lines_refuse() -> None:
    assert checked(eur(1), line(status="frozen")).reason == "The settlement line is frozen. Ask Credit to release it."
    assert "expired on 18 Nov 2026" in checked(eur(1), line(expires=dt.date(2026, 11, 18))).reason
    assert checked(eur(1), line(expires=TODAY)).result == "pass"
    missing = check(None, eur(1), rates=RATES, today=TODAY)
    assert (missing.result, missing.bookable) == ("fail", False)


def test_a_line_that_ends_before_settlement_is_referred() -> None:
    answer = checked(eur(1), line(expires=dt.date(2026, 12, 1)), value_date=dt.date(2026, 12, 15))
    assert (answer.result, "before the deal settles on 15 Dec 2026" in answer.reason) == ("refer", True)


def test_amounts_are_converted_directly_inversely_and_across() -> None:
    assert checked(Money(Decimal(11), "USD")).this_deal == Decimal(10)
    assert checked(Money(Decimal(15_000), "JPY")).this_deal == Decimal("90.91")
    assert checked(Money(Decimal(100), "GBP")).this_deal == Decimal(120)
    unknown = checked(Money(Decimal(100), "TRY"))
    assert (unknown.result, "no rate from TRY to EUR" in unknown.reason) == ("refer", True)
    assert checked(Money(Decimal(100), "TRY"), line(status="frozen")).result == "fail"


def test_exposure_follows_the_product() -> None:
    ten = Decimal(10_000_000)
    assert exposure("fx-spot", ten, "EUR", Decimal("1.1"), "rate", "USD") == Money(ten, "EUR")
    assert exposure("bond", ten, "EUR", Decimal("98.412"), "price", "EUR") == Money(Decimal("9841200"), "EUR")
    assert exposure("bond", ten, "EUR", Decimal(96), "spread_bp", "EUR") == Money(ten, "EUR")
    assert exposure("equity", Decimal(5000), "", Decimal("12.5"), "price", "EUR", by_unit=True) == Money(
        Decimal("62500"), "EUR"
    )
    forward = exposure("fx-forward", ten, "EUR", Decimal("1.1"), "rate", "USD", years=Decimal("0.25"))
    assert forward == Money(Decimal(100_000), "EUR")
    assert exposure("irs", ten, "EUR", Decimal("2.4"), "rate", "EUR", years=Decimal(7)) == Money(
        Decimal(150_000), "EUR"
    )


def test_the_line_of_the_products_kind_is_chosen() -> None:
    settlement, pre = line(id="S"), line(id="P", kind="pre-settlement")
    frozen = line(id="F", status="frozen")
    assert choose_line([pre, frozen, settlement], "bond") == settlement
    assert choose_line([settlement, pre], "irs") == pre
    assert choose_line([settlement], "irs") == settlement
    assert choose_line([], "bond") is None


def test_a_negative_exposure_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="negative"):
        checked(Money(Decimal(-1), "EUR"))


amounts = st.decimals(min_value=0, max_value=10**11, places=2)
lines = st.builds(
    line,
    limit=amounts,
    used=amounts,
    currency=st.sampled_from(["EUR", "USD", "GBP", "JPY"]),
    status=st.sampled_from(["active", "frozen"]),
    expires=st.dates(dt.date(2026, 11, 1), dt.date(2027, 2, 1)),
)


@given(lines, amounts, st.sampled_from(["EUR", "USD", "GBP", "JPY", "TRY"]))
def test_pass_always_means_usable_and_within_the_limit(of: Line, amount: Decimal, currency: str) -> None:
    answer = checked(Money(amount, currency), of)
    assert answer.available == of.limit - of.used - answer.this_deal
    assert answer.reason.endswith(".")
    if answer.result == "pass":
        assert of.status == "active"
        assert of.expires >= TODAY
        assert of.used + answer.this_deal <= of.limit


@given(lines, amounts, amounts)
def test_a_larger_deal_never_gets_a_better_answer(of: Line, one: Decimal, other: Decimal) -> None:
    small, large = sorted((one, other))
    assert RANK[checked(Money(small, "EUR"), of).result] <= RANK[checked(Money(large, "EUR"), of).result]


@given(amounts, st.sampled_from(["USD", "GBP", "JPY"]))
def test_conversion_there_and_back_is_the_same_amount(amount: Decimal, currency: str) -> None:
    there = RATES.convert(amount, "EUR", currency)
    assert there is not None
    back = RATES.convert(there, currency, "EUR")
    assert back is not None
    assert abs(back - amount) < Decimal("0.0001")


def test_sales_credit_is_what_the_price_earned_over_mid() -> None:
    ten = Decimal(10_000_000)
    assert sales_credit_usd(
        "buy", Decimal("98.486"), Decimal("98.449"), ten, "EUR", RATES, per_hundred=True
    ) == Decimal("4070.00")
    assert sales_credit_usd("sell", Decimal("1.1001"), Decimal("1.1"), ten, "USD", RATES) == 0
    assert sales_credit_usd("buy", Decimal(1), None, ten, "USD", RATES) is None
