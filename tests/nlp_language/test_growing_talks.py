"""A talk is read again after each turn: what is confirmed stays, what was never agreed never shows."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.dialogue_file import parse
from nlp.language import analyse
from nlp.language.model import Dialogue, Turn
from tests.eval.run import labelled
from tests.nlp_language.fresh_talks import TALKS, Talk, dialogue
from tests.nlp_language.strange_talks import STRANGE_TALKS

Key = tuple[str | None, str, float, float]
CASES = {case["id"]: case for case in labelled()}
CORRECTED = {"swap-with-correction-of-direction", "size-corrected-after-readback", "spoken-wrong-then-right-rate"}


def deals(talked: Dialogue) -> set[Key]:
    return {(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in analyse(talked).deals}


@lru_cache(maxsize=128)
def history(name: str) -> tuple[set[Key], ...]:
    """The deals after each turn; of the long talks after every third."""
    talked = conversation(name)
    count = len(talked.turns)
    ends = range(1, count + 1) if count < 60 else [*range(1, count, 3), count]
    return tuple(deals(Dialogue(talked.header, talked.turns[:n])) for n in ends)


def conversation(name: str) -> Dialogue:
    if name in CASES:
        return parse({key: value for key, value in CASES[name].items() if key != "truth"})
    return dialogue(next(talk for talk in (*TALKS, *STRANGE_TALKS) if talk.name == name))


NAMES = [*CASES, *(talk.name for talk in (*TALKS, *STRANGE_TALKS))]


@pytest.mark.parametrize("name", NAMES)
def test_a_deal_once_reported_stays_unless_the_talk_takes_it_back(name: str) -> None:
    shown = history(name)
    taken_back = {
        (q.client_side, q.instrument) for q in analyse(conversation(name)).quotes_not_dealt if q.outcome == "cancelled"
    }
    for before, after in pairwise(shown):
        lost = {key for key in before - after if key[:2] not in taken_back}
        assert not lost or name in CORRECTED


@pytest.mark.parametrize("name", NAMES)
def test_no_prefix_shows_a_deal_that_was_never_made(name: str) -> None:
    made = history(name)[-1]
    taken_back = {
        (q.client_side, q.instrument) for q in analyse(conversation(name)).quotes_not_dealt if q.outcome == "cancelled"
    }
    for shown in history(name):
        wrong = {key for key in shown - made if key[:2] not in taken_back}
        assert not wrong or name in CORRECTED


@pytest.mark.parametrize("name", [name for name in NAMES if len(conversation(name).turns) < 60])
def test_a_deal_is_reported_with_its_confirmation_not_at_the_end(name: str) -> None:
    shown = history(name)
    for deal in analyse(conversation(name)).deals:
        key = (deal.client_side, deal.instrument, float(deal.quantity or 0), float(deal.price))
        first = next(n for n, keys in enumerate(shown) if key in keys)
        assert first - max(k for k in deal.evidence if k <= first) <= 1


WORDS = {teen: teen.replace("teen", "ty") for teen in ("fourteen", "fifteen", "sixteen", "seventeen", "eighteen")}
WORDS |= {ty: teen for teen, ty in WORDS.items()} | {"eighty": "eighteen", "eighteen": "eighty"}
SPOKEN = [talk for talk in (*TALKS, *STRANGE_TALKS) if talk.kind == "call" and talk.deals]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SPOKEN), st.integers(0, 30))
def test_an_amount_misheard_once_makes_no_false_amount(talk: Talk, at: int) -> None:
    talked = dialogue(talk)
    turns = list(talked.turns)
    at %= len(turns)
    heard = re.sub(
        r"\b(" + "|".join(WORDS) + r")(?= million)", lambda match: WORDS[match.group().lower()], turns[at].text
    )
    turns[at] = Turn(turns[at].who, turns[at].start, turns[at].end, heard)
    found = deals(Dialogue(talked.header, tuple(turns)))
    assert {key[2] for key in found} <= {float(deal[2]) for deal in talk.deals}
