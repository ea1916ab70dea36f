"""What must not change the facts: small talk, hesitations, the order of separate deals, speaking instead of typing."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nlp.language import analyse
from nlp.language.model import Analysis
from nlp.summary import summarise
from tests.nlp_language.fresh_talks import Talk, dialogue
from tests.nlp_language.generated_talks import (
    HESITATIONS,
    SMALL_TALK,
    Business,
    businesses,
    hesitating,
    spoken,
    talk,
    typed,
)

Deal = tuple[str | None, str, float, float]


def understood(made: Talk) -> Analysis:
    return analyse(dialogue(made))


def deals(made: Talk) -> set[Deal]:
    return {(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in understood(made).deals}


@settings(max_examples=40)
@given(businesses)
def test_text_and_its_spoken_form_give_the_same_deal(business: Business) -> None:
    assert deals(talk("chat", typed(business))) == deals(talk("call", spoken(business))) == {business.deal}


@settings(max_examples=25)
@given(businesses, st.sampled_from(SMALL_TALK), st.sampled_from(SMALL_TALK))
def test_small_talk_before_and_after_changes_nothing(business: Business, before: str, after: str) -> None:
    assert deals(talk("call", before, spoken(business), after)) == {business.deal}


@settings(max_examples=25)
@given(businesses, st.integers(0, 4), st.sampled_from(HESITATIONS))
def test_a_hesitation_changes_nothing(business: Business, at: int, word: str) -> None:
    assert deals(talk("call", hesitating(spoken(business), at, word))) == {business.deal}


@settings(max_examples=25)
@given(businesses, businesses, st.booleans())
def test_separate_deals_keep_their_numbers_in_either_order(one: Business, other: Business, chat: bool) -> None:
    assume(one.pair != other.pair)
    kind, written = ("chat", typed) if chat else ("call", spoken)
    expected = {one.deal, other.deal}
    assert deals(talk(kind, written(one), written(other))) == expected
    assert deals(talk(kind, written(other), written(one))) == expected


@settings(max_examples=25)
@given(businesses, st.booleans())
def test_evidence_holds_the_values_and_the_summary_says_the_same_number(business: Business, chat: bool) -> None:
    made = talk("chat", typed(business)) if chat else talk("call", spoken(business))
    analysis = understood(made)
    (deal,) = analysis.deals
    turns = range(len(analysis.turns))
    assert {"quantity", "price", "instrument", "client_side"} <= {span.field for span in deal.spans}
    assert set(deal.evidence) <= set(turns)
    assert str(business.price) in summarise(dialogue(made), analysis)
