"""The labelled dialogues from text: facts must be right, summaries must not invent."""

from __future__ import annotations

import pytest

from tests.eval.run import from_text, labelled
from tests.eval.score import Score, score


@pytest.fixture(scope="module")
def total() -> Score:
    result = Score()
    for case in labelled():
        result.add(score(case, from_text(case)))
    return result


def test_deals_are_right_nine_times_in_ten(total: Score) -> None:
    assert (total.counts["deals"].precision or 0) >= 0.9


def test_deals_are_found_more_than_four_times_in_ten(total: Score) -> None:
    assert (total.counts["deals"].recall or 0) >= 0.4


def test_orders_quotes_and_follow_ups_are_mostly_right(total: Score) -> None:
    for kind in ("quotes_not_dealt", "orders_left", "follow_ups", "consents"):
        assert (total.counts[kind].precision or 0) >= 0.75, kind


def test_summaries_hold_no_loose_number(total: Score) -> None:
    assert total.loose == []


def test_summaries_mention_what_matters(total: Score) -> None:
    assert total.mentioned / total.to_mention >= 0.6
