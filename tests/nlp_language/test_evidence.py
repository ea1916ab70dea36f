"""Every fact says where its fields were said and how sure they are; the desk's corrections come first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.language import Lexicon, analyse
from nlp.language.evidence import span
from nlp.language.model import Analysis, Reference, Timed, Turn
from tests.nlp_language.fresh_talks import TALKS, Talk, dialogue
from tests.nlp_language.strange_talks import STRANGE_TALKS

ALL_TALKS = (*TALKS, *STRANGE_TALKS)


def read(kind: str, lines: str, lexicon: Lexicon | None = None) -> Analysis:
    return analyse(dialogue(Talk("talk", kind, lines)), Reference(lexicon=lexicon or Lexicon()))


@pytest.mark.parametrize("talk", ALL_TALKS, ids=lambda talk: talk.name)
def test_spans_hold_the_words_of_their_turn_and_lie_within_its_time(talk: Talk) -> None:
    analysis = analyse(dialogue(talk))
    for fact in (*analysis.deals, *analysis.quotes_not_dealt, *analysis.orders_left, *analysis.follow_ups):
        assert 0 < fact.confidence <= 1
        for said in fact.spans:
            turn = analysis.turns[said.turn]
            assert said.turn in fact.evidence
            assert said.text == turn.text[said.start : said.end] != ""
            assert turn.start <= said.began < said.ended <= turn.end


@pytest.mark.parametrize("talk", ALL_TALKS, ids=lambda talk: talk.name)
def test_a_deal_shows_where_amount_price_and_name_were_said(talk: Talk) -> None:
    for deal in analyse(dialogue(talk)).deals:
        fields = {said.field for said in deal.spans}
        assert {"price", "quantity"} <= fields or deal.price_type == "points"


def test_what_both_sides_say_is_surer_than_what_one_side_says() -> None:
    asked = "c: audusd 10m offer?\nt: 0.6621\nc: ok mine\nt: "
    short, repeated = read("chat", asked + "done"), read("chat", asked + "u buy 10m audusd at 0.6621\nc: 0.6621 agreed")
    assert short.deals[0].confidence < repeated.deals[0].confidence


def test_the_desk_s_lexicon_mends_what_was_heard_in_calls_and_chats() -> None:
    lexicon = Lexicon((("the loony", "dollar-cad"), ("  ", "nothing")))
    for kind in ("call", "chat"):
        analysis = read(kind, "c: The Loony in five million please\nt: 1.3662/64\nc: mine\nt: done", lexicon)
        assert analysis.turns[0].text == "dollar-cad in five million please"
        assert [(d.instrument, d.price) for d in analysis.deals][:1] in ([], [("USDCAD", Decimal("1.3664"))])
    assert read("chat", "c: hello", Lexicon((("", "x"),))).turns[0].text == "hello"


def test_the_lexicon_mends_what_the_trader_read_in_place_of_what_was_heard() -> None:
    """The page showed "gilts" where "guilts" was heard, and the trader said that it means something else."""
    shown, heard = "gilts", "guilts"
    for said in (shown, heard):
        learned = read("call", f"c: ten million {said} please", Lexicon(((shown, "guilders"),)))
        assert learned.turns[0].text == "ten million guilders please"
    # What the lexicon wrote is not read by it once more.
    twice = Lexicon((("jilts", "gilts"), ("gilts", "guilders")))
    assert read("call", "c: any jilts or guilts?", twice).turns[0].text == "any gilts or guilders?"


def test_spans_take_the_times_of_their_words_where_the_turn_has_them() -> None:
    text = "Fine, yours at forty-two."
    turn = Turn("client", 10.0, 14.0, text, tuple(Timed(10.0 + n, 10.5 + n) for n in range(4)))
    found = span("price", (turn,), 0, text.index("forty"), text.index("."))
    assert (found.text, found.began, found.ended) == ("forty-two", 13.0, 13.5)
