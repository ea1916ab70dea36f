"""Finding bonds in one turn: issuer, coupon and maturity; a government by its word."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.language import vocabulary as v
from nlp.language.coupons import called, coupons
from nlp.language.figures import figure_at
from nlp.language.issuers import issuer_before, named_before, proper_name
from nlp.language.periods import Months
from nlp.language.terms import Mention
from nlp.language.words import Word

AGAINST = {"against", "over", "versus", "vs"}


def bonds(words: Sequence[Word], months: Sequence[Months]) -> list[Mention]:
    """Bonds by issuer, coupon and maturity; a government by its word; bare maturities stay weak."""
    lows = [word.low for word in words]
    governments = v.governments()
    result: list[Mention] = []
    for first, maturity, coupon in coupons(words, months):
        assert maturity.year is not None
        at = first
        while at and lows[at - 1] in (",", "the", "of"):
            at -= 1
        when = (maturity.year, maturity.begin)
        rate = coupon.value if coupon is not None else None
        before = governments.get(lows[at - 1]) if at else None
        if at and words[at - 1].text == "T":
            before = "UST"  # "T 3.75 5/31", as terminals write it
        elif tuple(lows[max(0, at - 3) : at]) == ("index", "-", "linked"):
            before = "UKTI"
        after = governments.get(lows[maturity.last]) if maturity.last < len(lows) else None
        if coupon is None and (after or before):
            name = after or before or ""
            against = bool(set(lows[max(0, first - 3) : first]) & AGAINST)
            result.append(
                Mention(
                    at - 1 if before else first,
                    maturity.last + bool(after),
                    v.government_bond(name, None, when),
                    weak=True,
                    benchmark=against,
                )
            )
        elif before or after:
            begin = at - 1 if before else first
            government = v.government_bond(before or after or "", rate, when)
            result.append(Mention(begin, maturity.last, government, benchmark=_spread_before(lows, begin)))
        elif (
            coupon is None
            and (named := issuer_before(words, at, guess=False))[0]
            and (maturity.begin or called(lows, maturity))
        ):
            proper = called(lows, maturity) and proper_name(words[at - 1])
            result.append(Mention(named[1], maturity.last, v.bond(named[0], None, when, None), weak=not proper))
        elif coupon is None and called(lows, maturity):
            result.append(Mention(maturity.first, maturity.last, v.bond("", None, when, None), weak=True))
        elif coupon is not None:
            issuer, begin = issuer_before(words, at)
            if not issuer:
                issuer, begin = named_before(words, at), at
            if issuer.lower() in v.government_places():  # "the Dutch ten-year, the two and a half of July thirty-five"
                state = v.government_bond(v.government_places()[issuer.lower()], rate, when)
                result.append(Mention(begin, maturity.last, state))
                continue
            result.append(
                Mention(
                    begin,
                    maturity.last,
                    v.bond(issuer, rate, when, None),
                    weak=not issuer,
                    benchmark=_spread_before(lows, begin),
                )
            )
    taken = [(m.first, m.last) for m in result]
    result += [m for m in _contracts(lows, months) if not any(m.first < b and a < m.last for a, b in taken)]
    taken = [(m.first, m.last) for m in result]
    for i, low in enumerate(lows):
        if low in governments and not any(a <= i < b for a, b in taken):
            against = bool(set(lows[max(0, i - 2) : i]) & AGAINST)
            result.append(
                Mention(i, i + 1, v.government_bond(governments[low], None, None), weak=True, benchmark=against)
            )
    return result


def _spread_before(lows: Sequence[str], at: int) -> bool:
    """ "At g+145 vs UKT 4.25% 34", "spread to dbr 2.6 aug 35": what a spread is over is not what is dealt."""
    lead = lows[max(0, at - 6) : max(0, at - 1)]
    if at == 0 or lows[at - 1] not in (AGAINST | {"to"} if "spread" in lead else AGAINST):
        return False
    return bool(set(lead) & {"+", "plus", "g", "t", "bp", "bps", "basis", "spread"})


FUTURE = {"fut", "futs", "future", "futures"}


def _contracts(lows: Sequence[str], months: Sequence[Months]) -> list[Mention]:
    """A government's name beside a bare month is the future on it: "Sep Bunds", "the Bobl, December"."""
    found = []
    listed = bool(FUTURE & set(lows))
    for month in months:
        if month.begin != month.end or month.quarter or (month.year and month.year > 2028):
            continue
        near = (k for k, low in enumerate(lows) if low in v.governments() and abs(k - month.first) <= 4)
        apart = list(near) if listed else []
        for at in (month.last, month.first - 1, *apart):
            word = lows[at] if 0 <= at < len(lows) else ""
            title = v.government_bond(v.governments()[word], None, None).issuer if word in v.governments() else ""
            name = v.contract_roots().get(title)
            coupon = month.first and figure_at(lows, month.first - 1) is not None
            if name is not None and not (at < month.first and (month.year or coupon)):
                first, last = min(at, month.first), max(at + 1, month.last)
                found.append(Mention(first, last, v.future(name, month.year, month.begin)))
                break
    return found
