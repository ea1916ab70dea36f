"""Business that seems done and is not settled by what was said: its blanks are named, nothing is guessed."""

from __future__ import annotations

import datetime as dt

import pytest

from nlp.language import analyse
from nlp.language.model import Analysis, Dialogue, Header, Party, Trader, Turn
from nlp.summary import summarise
from tests.nlp_language.fresh_talks import TALKS, dialogue

HEADER = Header(
    "x", "call", dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC), Party("Gareth Pemberly", "Tolland"), Trader("Hannah")
)
ASKED = [
    ("client", "Can I get a two-way in euro-dollar please, spot, in fifteen million euros?"),
    ("trader", "Okay, one sixteen seventy-five, seventy-eight in fifteen."),
]


def heard(*said: tuple[str, str]) -> Analysis:
    turns = tuple(Turn(who, 4.0 * at, 4.0 * at + 3, text) for at, (who, text) in enumerate([*ASKED, *said]))  # type: ignore[arg-type]
    return analyse(Dialogue(HEADER, turns))


def test_a_side_that_nobody_said_is_asked_for() -> None:
    found = heard(("client", "Okay, done."), ("trader", "Done, thanks."))
    assert found.deals == ()
    (open_deal,) = found.unclear
    assert (open_deal.instrument, open_deal.client_side, open_deal.price) == ("EURUSD", None, None)
    assert float(open_deal.quantity or 0) == 15e6
    assert open_deal.doubtful == ("client_side", "price")
    assert set(open_deal.evidence) >= {0, 2, 3}
    assert found.quotes_not_dealt == (), "nobody passed"
    turns = Dialogue(HEADER, found.turns)
    assert "No deal was done" not in summarise(turns, found)
    assert "EURUSD" in summarise(turns, found)


def test_a_price_read_back_beyond_recognition_is_asked_for() -> None:
    found = heard(("client", "Yeah, mine."), ("trader", "Done. You buy fifty euros at one thirty four hundred."))
    assert found.deals == ()
    (open_deal,) = found.unclear
    assert open_deal.client_side == "buy"
    assert "price" in open_deal.doubtful


@pytest.mark.parametrize(
    "said",
    [
        (("client", "Yeah, mine."), ("trader", "Done.")),
        (("client", "No, I'll pass."), ("trader", "Nothing done, thanks.")),
        (("client", "Okay, done?"), ("trader", "Is it done?")),
        (("client", "Thanks, I'll think about it."), ("trader", "No problem.")),
    ],
    ids=["a deal", "a pass", "a question", "no word on it"],
)
def test_what_is_settled_or_was_never_done_is_not_asked_about(said: tuple[tuple[str, str], ...]) -> None:
    assert heard(*said).unclear == ()


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
def test_a_talk_that_is_understood_leaves_no_question(talk: object) -> None:
    assert analyse(dialogue(talk)).unclear == ()  # type: ignore[arg-type]
