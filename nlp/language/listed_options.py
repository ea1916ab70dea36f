"""Options on indices, contracts and shares: "spx dec 5800 put", "sx5e sep 5200 call", "NVRA jul 120 calls"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.options import Option
from nlp.language.periods import Months
from nlp.language.terms import Mention
from nlp.language.vocabulary import Instrument

UNDERLYING = ("future", "equity")


def listed(option: Option, found: Sequence[Mention], months: Sequence[Months]) -> tuple[Mention, Mention] | None:
    """(the option, the mention of what it is on) where a turn names index or share, and a strike beside "call"."""
    if option.strike is None or option.right not in v.section("phrases", "options")["kinds"].values():
        return None
    base = next((m for m in found if m.instrument.kind in UNDERLYING and abs(m.first - option.at) <= 8), None)
    if base is None:
        return None
    span = next((m for m in months if m.begin == m.end), None)
    month = base.instrument.maturity or ((span.year or 0, span.begin) if span is not None else None)
    instrument = written(base.instrument, option.right, option.strike.value, month)
    first, last = min(base.first, option.at), max(base.last, option.at + 1)
    return Mention(first, last, instrument), base


def written(base: Instrument, right: str, strike: Decimal, month: tuple[int, int] | None) -> Instrument:
    """The option as it is written: "Euro Stoxx 50 Sep-26 5200 call"."""
    name = base.form or base.code
    when = v.contract(month[0], month[1]) if month else ""
    strike = Decimal(format(strike.normalize(), "f"))
    code = " ".join(part for part in (name, when, f"{strike}", right) if part)
    return Instrument(
        "option",
        code,
        currency=base.currency,
        settle=None,
        unit="lots",
        price_ccy=base.price_ccy,
        maturity=month,
        form=name,
        issuer=right,
        coupon=strike,
    )


def dated(instrument: Instrument, today: date) -> Instrument:
    """The option of the next such month, where its year was left out."""
    if instrument.maturity is None or instrument.maturity[0]:
        return instrument
    month = instrument.maturity[1]
    base = replace(instrument, kind="future", code=instrument.form)
    coming = (today.year + (month < today.month), month)
    return written(base, instrument.issuer, instrument.coupon or Decimal(0), coming)
