"""Which legs of a read-back are one deal: the halves of an exchange, of an FX swap, or one of several amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nlp.language.readback import Leg, currency


def grouped(found: list[Leg], swap: bool) -> list[list[Leg]]:
    """Legs by the deal that they state: one each, or the two halves of an exchange or of an FX swap."""
    if len(found) == 2 and found[0].side != found[1].side and all(leg.prices for leg in found):
        one = currency(found[0])
        other = currency(found[1]) or one  # "you buy three million euros at ..., and sell three million at ..."
        sizes = [leg.sizes[0].figure.value for leg in found if leg.sizes]
        alike = one == other if one and other else bool(one or other) and swap
        sizes *= 2 if swap and len(sizes) == 1 else 1  # "and sell them back at ..."
        alike = alike and all(m.instrument.kind == "fx" for leg in found for m in leg.mentions)
        if alike and len(sizes) == 2 and sizes[0] == sizes[1] and (found[0].days or found[1].days):
            return [found]  # an FX swap: same amount, two dates
    return _merge_currencies(found)


def _merge_currencies(found: Sequence[Leg]) -> list[list[Leg]]:
    """Group legs that are two halves of one exchange: opposite sides, other currency, one price."""
    groups: list[list[Leg]] = []
    for leg in found:
        last = groups[-1][-1] if groups else None
        opposite = last is not None and len(groups[-1]) == 1 and last.side != leg.side and last.side is not None
        if (
            opposite
            and last is not None
            and (bool(last.prices) != bool(leg.prices) or not last.prices)
            and currency(last)
            and currency(leg)
            and currency(last) != currency(leg)
        ):
            groups[-1].append(leg)
        else:
            groups.append([leg])
    return groups


def half_a_swap(found: list[Leg]) -> bool:
    """Bought and sold in the same amount of the same currency: a swap of which a part was not understood."""
    one, other = found
    if any(m.instrument.kind not in ("fx", "commodity") for leg in found for m in leg.mentions):
        return False  # a switch of bonds; copper may be a month that was misheard
    sizes = [leg.sizes[0].figure.value for leg in found if leg.sizes]
    same_amount = len(sizes) == 2 and sizes[0] == sizes[1]
    return same_amount and one.side != other.side and currency(one) is not None and currency(one) == currency(other)


def several(group: list[Leg]) -> list[list[Leg]]:
    """A group whose last leg says several amounts, each with its own price and date, as one group for each."""
    leg = group[-1]
    if len(leg.sizes) < 2 or len(leg.prices) < 2 or len({size.ccy for size in leg.sizes} - {None}) > 1:
        return [group]
    ends = [*(size.first for size in leg.sizes[1:]), leg.last]
    found = []
    for size, end in zip(leg.sizes, ends, strict=True):
        prices = tuple(figure for figure in leg.prices if size.first < figure.first < end)
        if len(prices) != 1:
            return [group]
        days = tuple(day for day in leg.days if size.first < day.first < end)
        months = tuple(span for span in leg.months if size.first < span.first < end)
        sizes = (replace(size, ccy=size.ccy or leg.sizes[0].ccy),)
        found.append(
            [
                *group[:-1],
                replace(leg, sizes=sizes, prices=prices, days=days, months=months, first=size.first, last=end),
            ]
        )
    return found
