"""How a quote ended that did not deal, in the words of either side."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from tests.nlp_language.test_summary import chat


@pytest.mark.parametrize(
    ("asked", "answered", "outcome"),
    [
        ("levels only today, not live. usdchf in 20m, 2 way", "thanks, thats all i needed", "indicative"),
        ("usdchf in 20m, 2 way pls, just for the budget", "thanks, noted", "indicative"),
        ("say we did 20m usdchf, where wd u be 2 way", "ok good to know", "hypothetical"),
        ("usdchf in 20m, 2 way", "like it but cant execute until compliance clears the name", "conditional"),
        ("usdchf in 20m, 2 way", "id do it there if they sign, its a yes with a string attached", "conditional"),
        ("usdchf in 20m, 2 way", "too wide, nothing for me", "passed"),
        ("usdchf in 20m, 2 way", "did it with another bank, they were better", "traded_away"),
    ],
)
def test_a_quote_ends_as_it_is_answered(asked: str, answered: str, outcome: str) -> None:
    found = analyse(chat("morning", "hi ada", asked, "0.8120/0.8124", answered, "ok np")).quotes_not_dealt
    assert [quote.outcome for quote in found] == [outcome]
