"""Swaps that a turn names without the name of an index.

Curve trades and flies, quoted in basis points: "2s10s", "5s10s30s fly". Their legs deal as swaps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.language import vocabulary as v
from nlp.language.periods import Tenor
from nlp.language.terms import Mention, Money
from nlp.language.vocabulary import Instrument

POINT = re.compile(r"s(\d{1,2})")
FIXED: frozenset[str] = frozenset(v.section("rates", "fixed"))
FIRST = re.compile(r"\d{1,2}")


def curves(lows: Sequence[str], monies: Sequence[Money], named: Sequence[Mention]) -> list[Mention]:
    """The curve trades of a turn; weak where neither the turn's index nor its currency says whose curve it is."""
    index = next((m.instrument.form for m in named if m.instrument.kind == "irs"), "")
    index = index or next((v.swap_index(money.code) for money in monies), "")
    found: list[Mention] = []
    for i, low in enumerate(lows):
        if not FIRST.fullmatch(low):
            continue
        last, points = i + 1, [low]
        while last < len(lows) and (point := POINT.fullmatch(lows[last])) is not None:
            points.append(point.group(1))
            last += 1
        if len(points) in (2, 3) and lows[last : last + 1] == ["s"]:
            found.append(Mention(i, last + 1, structure(index, points), weak=not index))
    return found


def structure(index: str, points: Sequence[str]) -> Instrument:
    """A curve trade as it is written: "EUR 6M EURIBOR IRS 5s10s30s butterfly"."""
    name = "".join(f"{point}s" for point in points) + (" butterfly" if len(points) == 3 else "")
    return v.swap_structure(index, name)


def unnamed(lows: Sequence[str], monies: Sequence[Money], tenors: Sequence[Tenor]) -> list[Mention]:
    """A rate fixed for years in one currency is a swap: "fix eighty million Norwegian, five years", "EUR swap v 6m"."""
    years = [tenor for tenor in tenors if tenor.code.endswith("Y") and tenor.code != "1Y"]
    codes = {money.code for money in monies}
    index = v.swap_index(monies[0].code) if len(codes) == 1 else ""
    forward = any(tenor.code.count("Y") > 1 for tenor in years)  # "5y5y"
    if not (years and index and (forward or FIXED & set(lows))):
        return []
    return [Mention(monies[0].first, monies[0].last, v.swap(index, years[0].code))]
