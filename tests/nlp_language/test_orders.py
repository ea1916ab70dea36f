"""Orders that rest at the end, as they were last changed: side, amount, level and kind, and no other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.language import analyse
from tests.eval.score import same_instrument
from tests.nlp_language.labelled_talks import Labelled, talks

LEFT = [talk for talk in talks("tuned") if talk.name.startswith("order-")]


@pytest.mark.parametrize("talk", LEFT, ids=lambda talk: talk.name)
def test_an_order_rests_as_it_was_last_changed(talk: Labelled) -> None:
    left = analyse(talk.dialogue).orders_left
    expected = talk.truth["orders_left"]
    found = {(o.client_side, o.quantity, o.level, o.order_type) for o in left}
    assert len(left) == len(expected)
    assert found == {(o["client_side"], Decimal(o["quantity"]), _exact(o["level"]), o["order_type"]) for o in expected}
    for order in expected:
        assert any(same_instrument(order, {"instrument": o.instrument, "description": o.description}) for o in left)


def _exact(level: float | None) -> Decimal | None:
    return None if level is None else Decimal(str(level))
