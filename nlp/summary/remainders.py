"""What was wanted and not done: "fifty now, and the other forty when the committee has met"."""

from __future__ import annotations

import re
from decimal import Decimal

from nlp.language import vocabulary
from nlp.language.figures import figures
from nlp.language.model import Analysis, Deal

REST: frozenset[str] = frozenset(vocabulary.section("phrases", "salience")["rest"])
TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+|[^\sa-z\d]")
BEFORE = 3  # tokens
LEAST = Decimal(100_000)


def remainders(analysis: Analysis) -> list[tuple[Deal, Decimal]]:
    """Each deal that is a part of what was spoken of, with the amount that stayed open: called the rest somewhere,
    equal to a whole that was said less what was dealt, and told by no other fact."""
    told = {fact.quantity for fact in (*analysis.deals, *analysis.orders_left, *analysis.quotes_not_dealt)}
    spoken = [tuple(TOKEN.findall(turn.text.lower())) for turn in analysis.turns]
    said = {amount for lows in spoken for amount, _ in _amounts(lows)}
    rest = {amount for lows in spoken for amount, left in _amounts(lows) if left}
    found = []
    for deal in analysis.deals:
        if deal.quantity is None or deal.quantity < LEAST or deal.quantity_ccy is None:
            continue  # of shares the rest is an order, or called off
        scale = Decimal(1_000_000 if deal.quantity >= 1_000_000 else 1000)
        left = [value for amount in rest if (value := amount * (scale if amount < 1000 else 1)) not in told]
        left = [v for v in left if v >= LEAST and {deal.quantity + v, (deal.quantity + v) / scale} & said]
        if len(left) == 1 and len(analysis.deals) == 1:
            found.append((deal, left[0]))
    return found


def _amounts(lows: tuple[str, ...]) -> list[tuple[Decimal, bool]]:
    """The numbers of a turn, and whether each is called the rest."""
    return [
        (f.value, bool(REST & set(lows[max(0, f.first - BEFORE) : f.first])) or lows[f.last : f.last + 1] == ("left",))
        for f in figures(lows)
    ]
