"""Whether two mentions mean one instrument, and which of them describes it better."""

from __future__ import annotations

from dataclasses import replace

from nlp.language import vocabulary as v
from nlp.language.vocabulary import Instrument


def same(one: Instrument, other: Instrument) -> bool:
    """True when two mentions can be one instrument: equal codes, or bonds and contracts that do not contradict."""
    if one.code == other.code:
        return True
    if one.kind != other.kind:
        return False
    if one.kind == "equity":
        names = [{x.code.lower(), (x.description or x.code).lower()} for x in (one, other)]
        if any(a.split()[0] == b.split()[0] for a in names[0] for b in names[1]):
            return True
        return _spells(one.code, other.code) or _spells(other.code, one.code)
    if one.kind == "bond":
        if v.NEW_ISSUE in (one.form, other.form):
            return one.form == other.form and one.issuer.split()[0] == other.issuer.split()[0]
        if one.isin and other.isin:
            return one.isin == other.isin
        if one.maturity and other.maturity:
            months_differ = one.maturity[1] and other.maturity[1] and one.maturity[1] != other.maturity[1]
            if one.maturity[0] != other.maturity[0] or months_differ:
                return False
            if one.coupon is not None and other.coupon is not None and one.coupon != other.coupon:
                return False
            heads = (one.issuer.lower().split()[:1], other.issuer.lower().split()[:1])
            if not all(heads) or heads[0] == heads[1]:
                return True
            states = v.government_of_title(one.issuer) or v.government_of_title(other.issuer)
            return one.coupon is not None and one.coupon == other.coupon and not states  # "HALVEN", Halvorsen's ticker
        known, asked = (one, other) if one.maturity or one.isin else (other, one)
        return (
            bool(asked.issuer)
            and not asked.maturity
            and not asked.isin
            and known.issuer.lower().startswith(asked.issuer.lower())
        )
    if one.kind == "option" and (v.pair_of(one.form) or v.pair_of(other.form)):
        rights = not one.issuer or not other.issuer or one.issuer == other.issuer
        return one.form == other.form and rights and (one.coupon == other.coupon or None in (one.coupon, other.coupon))
    if one.kind == "option" and one.form == other.form and one.coupon is not None is not other.coupon:
        months = {(x.maturity[1], x.maturity[0] % 100) for x in (one, other) if x.maturity}
        return one.coupon == other.coupon and one.issuer == other.issuer and len(months) < 2
    if one.kind == "commodity" and one.period and other.period:
        alike = one.period.startswith(other.period) or other.period.startswith(one.period)
        return one.form == other.form and one.issuer == other.issuer and alike
    if one.kind == "future" and one.maturity and other.maturity and one.maturity != other.maturity:
        years = one.maturity[0] and other.maturity[0] and one.maturity[0] != other.maturity[0]
        if years or one.maturity[1] != other.maturity[1]:
            return False
    if one.kind in ("future", "commodity", "option"):
        return (
            one.code.startswith(other.code)
            or other.code.startswith(one.code)
            or bool(one.form and one.form == other.form and not (one.period and other.period))
        )
    if one.kind == "irs" and (one.issuer or other.issuer):
        return one.issuer == other.issuer and one.form == other.form
    if one.kind == "irs":
        return one.form == other.form and (one.tenor == other.tenor or not one.tenor or not other.tenor)
    return False


def _spells(ticker: str, name: str) -> bool:
    """ "SKJO" is the ticker of "Skjold Shipping": the beginning of its name, or letters of it in their order."""
    if not ticker.isupper() or name.isupper() or len(ticker) < 3:
        return False
    first, whole = ticker[0].lower(), name.lower()
    rest = iter(whole)
    letters = ticker.lower() if len(ticker) < 4 or " " in name else ticker.lower()[:-1]  # PNMC, Penmarrow Cables
    return whole[0] == first and all(letter in rest for letter in letters)


def better(one: Instrument, other: Instrument) -> Instrument:
    """The fuller description of the same instrument."""
    if one.kind == "bond":
        rich = (
            one
            if (one.coupon is not None, bool(one.issuer), len(one.issuer))
            >= (other.coupon is not None, bool(other.issuer), len(other.issuer))
            else other
        )
        isin = one.isin or other.isin
        if isin and not rich.isin:
            name = rich.description or rich.code
            return replace(rich, isin=isin, code=isin, description=name)
        return rich
    if one.id or other.id:
        return one if one.id else other
    if one.kind == "equity":
        rich, bare = (one, other) if one.description or one.code.isupper() else (other, one)
        spelled = not rich.description and _spells(rich.code, bare.code)
        return replace(rich, description=bare.code) if spelled else rich
    return one if len(one.code) >= len(other.code) else other


def described(instrument: Instrument) -> bool:
    """A bond without an issuer that coupon and maturity describe: "2.974 1/31, 6m"."""
    coupon = instrument.coupon
    return instrument.kind == "bond" and bool(instrument.maturity) and coupon is not None and coupon % 1 != 0
