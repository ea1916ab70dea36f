"""A deal that both sides walk away from is none, in whatever words; what only sounds like it leaves the deal alone."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from tests.nlp_language.fresh_talks import Talk, dialogue

DEALT = """
    c: Dollar-Canada in nine, please. I buy.
    t: Nine million US, spot. One thirty-seven thirty-nine, forty-two.
    c: I take forty-two.
    t: Done. You buy nine million US dollars against Canadian at one point three seven four two.
    c: Thanks. And September Bunds?
    t: One twenty-eight forty-three at forty-four.
    c: Buy three hundred and twenty lots at forty-four.
    t: Filled. You bought three hundred and twenty September Bund at one twenty-eight forty-four.
    c: Super. Hm. The Canada, wait. It's for a fund that you don't even know.
    t: Let me ask whether they've moved it.
"""
BUND = ("Bund Sep-26", 320.0)
CANADA = ("USDCAD", 9e6)


def standing(lines: str) -> list[tuple[str, float]]:
    found = analyse(dialogue(Talk("talk", "call", DEALT + lines))).deals
    return [
        ("Bund Sep-26" if "Bund" in deal.instrument else deal.instrument, float(deal.quantity or 0)) for deal in found
    ]


@pytest.mark.parametrize(
    "words",
    [
        "The nine million dollar-Canada is off, both sides walk away.",
        "It's pulled, no charge. The Bunds are good.",
        "Nine million Canada's dead and buried. You keep the Bunds.",
        "The nine million's been scratched, the Bunds are untouched.",
        "They hadn't hedged it, so it's gone. Nothing to pay.",
        "You're long the Bunds, and the Canada has been wiped.",
        "Right, they'll tear it up for you, it won't cost you a thing. No damage.",
    ],
)
def test_what_is_said_to_be_gone_was_no_deal(words: str) -> None:
    assert standing(f"t: {words}\nc: Thank you so much.") == [BUND]


@pytest.mark.parametrize(
    "words",
    [
        "It's gone through the machine, I can't undo it.",
        "The nine million isn't off, they have hedged it.",
        "Your stop in dollar-Canada is cancelled, the nine million stays.",
        "That's gone to the clearer, no charge for that.",
        "If they haven't moved the nine million it could be scratched.",
    ],
)
def test_what_only_sounds_like_it_leaves_both(words: str) -> None:
    assert sorted(standing(f"t: {words}\nc: I see.")) == [BUND, CANADA]


def test_a_deal_that_is_off_stays_off_when_it_is_said_again_much_later() -> None:
    said = """\
        t: It's gone, nothing to pay.
        c: Bless them.
        t: They were in a good mood.
        c: Mine was not good a minute ago.
        t: It happens. How is the new office?
        c: Cold. They forgot the heating.
        t: Buy a jumper. So, for the tape, the nine dollar-Canada at forty-two is void, and you've got the Bunds.
        c: The Bunds and nothing else. Right.
    """
    assert standing(said) == [BUND]
