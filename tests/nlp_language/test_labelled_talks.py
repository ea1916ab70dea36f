"""The conventions of the market, one short talk each; and how far what was worked on carries to what was not."""

from __future__ import annotations

import re

import pytest

from tests.eval.score import Score
from tests.nlp_language.labelled_talks import Labelled, scored, talks

TUNED = talks("tuned")
ASIDE = talks("aside")
NOT_YET = {  # known gaps: understood in part, never wrongly
    "g7-jet-programme-tokyo-cargo-long",
    "gilt-short-by-nickname",
    "h7-equity-vwap-vrdx-twap",
}


def total(found: list[Labelled]) -> Score:
    result = Score()
    for talk in found:
        result.add(scored(talk))
    return result


def test_there_are_talks_enough_for_the_conventions() -> None:
    assert len(TUNED) >= 60
    assert len(ASIDE) >= 20
    assert len({talk.name for talk in (*TUNED, *ASIDE)}) == len(TUNED) + len(ASIDE)


@pytest.mark.parametrize("talk", TUNED, ids=lambda talk: talk.name)
def test_a_talk_gives_exactly_its_deals(talk: Labelled) -> None:
    deals = scored(talk).counts["deals"]
    assert deals.right == deals.found
    assert deals.right == deals.truth or talk.name in NOT_YET


def test_talks_that_were_worked_on_give_their_quotes_orders_and_follow_ups() -> None:
    counts = total(TUNED).counts
    for kind in ("quotes_not_dealt", "orders_left", "follow_ups", "consents"):
        assert (counts[kind].precision or 0) >= 0.8, kind
        assert (counts[kind].recall or 0) >= 0.7, kind


def test_talks_kept_aside_give_few_wrong_deals_and_most_of_theirs() -> None:
    result = total(ASIDE)
    assert (result.counts["deals"].precision or 0) >= 0.85
    assert (result.counts["deals"].recall or 0) >= 0.6
    chats = [talk for talk in ASIDE if talk.dialogue.header.kind == "chat"]
    # In a call numbers are words, and a digit of the summary is nowhere in the text; years are written out.
    loose = [number for number in total(chats).loose if not re.fullmatch("20[2-5][0-9]", number)]
    assert len(loose) <= len(chats) / 8
