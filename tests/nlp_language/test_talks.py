"""Whole conversations: what is dealt, passed, ordered, promised; and that nothing said can break the reading."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp import report
from nlp.language import analyse
from nlp.language.model import Analysis, Dialogue, Reference, ReferenceInstrument, Turn
from nlp.summary import summarise
from nlp.summary.maturities import as_said
from tests.eval.score import tokens
from tests.nlp_language.fresh_talks import TALKS, Talk, dialogue
from tests.nlp_language.strange_talks import PARTLY_READ, STRANGE_TALKS

ALL_TALKS = (*TALKS, *STRANGE_TALKS)


def read(kind: str, lines: str, reference: Reference | None = None) -> Analysis:
    return analyse(dialogue(Talk("talk", kind, lines)), reference)


@pytest.mark.parametrize("talk", ALL_TALKS, ids=lambda talk: talk.name)
def test_fresh_talks_give_exactly_their_deals(talk: Talk) -> None:
    found = analyse(dialogue(talk)).deals
    got = [(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in found]
    if talk.name in PARTLY_READ:
        assert {(side, *numbers) for side, _, *numbers in got} <= {(side, *numbers) for side, _, *numbers in talk.deals}
    else:
        assert got == list(talk.deals)


@pytest.mark.parametrize("talk", ALL_TALKS, ids=lambda talk: talk.name)
def test_each_deal_rests_on_turns_and_spans_of_the_text(talk: Talk) -> None:
    analysis = analyse(dialogue(talk))
    for deal in analysis.deals:
        assert deal.evidence
        assert all(0 <= i < len(analysis.turns) for i in deal.evidence)
        assert all(analysis.turns[s.turn].text[s.start : s.end].strip() for s in deal.spans)
    for mention in analysis.mentions:
        assert 0 <= mention.start < mention.end <= len(analysis.turns[mention.turn].text)


def test_value_dates_follow_the_market() -> None:
    by_name = {talk.name: analyse(dialogue(talk)).deals for talk in TALKS}
    assert by_name["dollar-yen-sell"][0].value_date == date(2026, 6, 12)
    assert by_name["size-corrected-after-readback"][0].value_date == date(2026, 6, 11)
    assert by_name["forward-quote-currency"][0].product == "fx-forward"
    assert by_name["forward-quote-currency"][0].value_date == date(2026, 9, 30)


def test_a_busted_deal_leaves_a_cancelled_quote() -> None:
    talk = next(talk for talk in TALKS if talk.name == "busted")
    (quote,) = analyse(dialogue(talk)).quotes_not_dealt
    assert (quote.outcome, quote.bid, quote.ask) == ("cancelled", Decimal("0.8540"), Decimal("0.8542"))


def test_a_passed_price_is_a_quote_and_no_deal() -> None:
    talk = next(talk for talk in TALKS if talk.name == "passed-not-dealt")
    analysis = analyse(dialogue(talk))
    assert not analysis.deals
    assert [(q.bid, q.ask, q.outcome) for q in analysis.quotes_not_dealt] == [
        (Decimal("1.2702"), Decimal("1.2705"), "passed")
    ]


def test_a_limit_order_is_left_with_its_expiry() -> None:
    analysis = read(
        "call",
        """
        c: I'd like to leave an order in euro-dollar. Sell ten million euros at one ten fifty.
        t: So a limit order, you sell ten million euros at one ten fifty. How long for?
        c: Good till cancelled.
        t: Good till cancelled, okay.
    """,
    )
    (order,) = analysis.orders_left
    assert (order.client_side, order.level, order.quantity, order.order_type, order.expiry) == (
        "sell",
        Decimal("1.1050"),
        10_000_000,
        "limit",
        "GTC",
    )
    assert not analysis.deals


def test_promises_have_an_owner_and_a_day() -> None:
    analysis = read(
        "call",
        """
        c: Could you send me the year-end valuations?
        t: Sure, I'll send them to you by Friday.
        c: Thanks. And I'll e-mail you the signed mandate tomorrow.
    """,
    )
    assert [(f.owner, f.due) for f in analysis.follow_ups] == [
        ("trader", date(2026, 6, 12)),
        ("client", date(2026, 6, 11)),
    ]


def test_refused_and_granted_channels() -> None:
    analysis = read(
        "call",
        """
        c: And please, no text messages.
        t: Noted, no texts.
    """,
    )
    assert [(c.channel, c.granted) for c in analysis.consents] == [("sms", False)]


def test_the_security_master_gives_names_and_places_decimals() -> None:
    row = ReferenceInstrument(
        id="i1",
        kind="equity",
        symbol="PLGN",
        name="Pilgrim Foods",
        ticker="PLGN",
        currency="GBX",
        aliases=("pilgrim",),
        price=Decimal("412"),
        settle_days=2,
    )
    analysis = read(
        "call",
        """
        c: Where do you bid Pilgrim in fifty thousand?
        t: I can bid you four eleven and a half.
        c: Okay, hit it.
        t: Done. You sell fifty thousand Pilgrim Foods at four eleven and a half.
        c: Agreed.
    """,
        Reference((row,)),
    )
    (deal,) = analysis.deals
    assert (deal.instrument_id, deal.instrument, deal.price, deal.quantity, deal.quantity_unit) == (
        "i1",
        "PLGN",
        Decimal("411.5"),
        50_000,
        "shares",
    )
    assert "Pilgrim" in summarise(dialogue(Talk("x", "call", "c: hi")), analysis)


def test_misheard_words_are_repaired_only_in_trading_company() -> None:
    heard = read(
        "call",
        "c: Where's Euro$ please?\nt: The ten-year buns are at a yield of two point six.\nc: I like buns with butter.",
    )
    assert "euro dollar" in heard.turns[0].text
    assert "bunds" in heard.turns[1].text
    typed = read("chat", "c: cbale in 5 pls")
    assert "cable" in typed.turns[0].text


def test_summaries_say_no_number_that_was_not_understood() -> None:
    for talk in ALL_TALKS:
        talked = dialogue(talk)
        analysis = analyse(talked)
        summary = summarise(talked, analysis)
        assert summary.startswith("Ada Quill of Ferrol Marine")
        for deal in as_said(analysis).deals:
            assert tokens(deal.instrument) <= tokens(summary)


def test_every_prefix_of_a_talk_is_read_without_a_deal_that_is_later_denied() -> None:
    talk = next(talk for talk in TALKS if talk.name == "passed-not-dealt")
    whole = dialogue(talk)
    for n in range(len(whole.turns) + 1):
        assert not analyse(Dialogue(whole.header, whole.turns[:n])).deals


def test_reports_are_escaped_pages_and_plain_json() -> None:
    talked = dialogue(Talk("x", "chat", "c: <script>alert(1)</script> cable in 5 & more"))
    made = report.build(talked, analyse(talked))
    page = report.to_html(made)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    plain = report.to_json(made)
    assert plain["statistics"]["turns"] == 1
    assert plain["transcript"][0]["text"].startswith("<script>")


def test_a_hundred_turns_are_read_in_reasonable_time() -> None:
    lines = "\n".join(
        f"{'ct'[n % 2]}: turn {n}: euro-dollar in {n} please, one sixteen {n % 90 + 10}, I'll send it by Friday"
        for n in range(100)
    )
    began = time.monotonic()
    assert len(read("call", lines).turns) == 100
    assert time.monotonic() - began < 20  # generous: loads the language model on a busy machine


PIECES = st.sampled_from(
    "one two sixteen oh point and a half hundred thousand million "
    "euro dollar cable yours mine done you sell buy at in "
    "plus . , ? - / -- ... 1.16 75 3mm 99-16+ XS9205631849 "
    "I'll send Friday the of October thirty-one six eighths forty-five "
    "1) 2) yen gold bund Stoxx Dec SONIA pay fixed years % quarter T+2 limit gtc stop not if cancel".split()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.booleans(), st.lists(PIECES, max_size=14)), max_size=8))
def test_any_order_of_trading_words_is_read_without_an_error(turns: list[tuple[bool, list[str]]]) -> None:
    lines = tuple(
        Turn("trader" if trader else "client", n, n + 1, " ".join(pieces)) for n, (trader, pieces) in enumerate(turns)
    )
    base = dialogue(TALKS[0])
    for kind in ("call", "chat"):
        talked = Dialogue(
            base.header.__class__(
                **{f: getattr(base.header, f) for f in ("id", "started", "client", "trader")}, kind=kind
            ),
            lines,
        )
        report.to_html(report.build(talked, analyse(talked)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_is_read_without_an_error(texts: list[str]) -> None:
    base = dialogue(TALKS[0])
    talked = Dialogue(
        base.header, tuple(Turn("client" if n % 2 else "trader", n, n + 1, text) for n, text in enumerate(texts))
    )
    report.to_json(report.build(talked, analyse(talked)))
