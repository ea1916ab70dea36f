"""What a mention stands for in its conversation: the bond of "the three and five eighths", the future of "Bunds"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nlp.language import codes, identity, listed_options, options
from nlp.language import vocabulary as v
from nlp.language.deliveries import dated
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.options import Option
from nlp.language.prices import place
from nlp.language.terms import Mention, period
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

MEMORY = 10
"""Turns for which a government's name covers bonds that are named without one."""
TICKS_WITHIN = 12
"""Turns in which the price of a bond is shown."""


def resolve(talk: Talk, i: int, frame: Frame, mention: Mention) -> Instrument | None:
    """The instrument meant; None where the mention names nothing by itself."""
    instrument = mention.instrument
    if mention.point or mention.benchmark:
        return None
    if instrument.kind == "bond":
        return _bond(talk, i, frame, instrument)
    if instrument.kind == "future" and instrument.maturity and not instrument.maturity[0]:
        month = instrument.maturity[1]
        return v.future(_fuller(talk, instrument.form), talk.today.year + (month < talk.today.month), month)
    if instrument.kind == "commodity" and any(
        m.instrument.kind == "option" and not m.instrument.code for m in frame.mentions
    ):
        return None  # what the option is on
    if instrument.kind == "commodity" and not instrument.issuer:
        return dated(_listed(talk, instrument), talk.today)
    if instrument.kind == "irs" and instrument.issuer:
        return _curve(talk, instrument)
    if instrument.kind == "irs" and not instrument.tenor and talk.current and talk.current.kind == "irs":
        return v.swap(instrument.form, talk.current.instrument.tenor)
    if instrument.kind == "option" and instrument.maturity:
        return listed_options.dated(instrument, talk.today)
    if instrument.kind == "option" and not instrument.form:
        return _option(talk, frame, mention)
    return instrument


def _fuller(talk: Talk, form: str) -> str:
    """ "December wheat", where milling wheat is spoken of."""
    futures = (t.instrument.form for t in reversed(talk.topics) if t.kind == "future")
    return next((other for other in futures if other.lower().endswith(f" {form.lower()}")), form)


def _curve(talk: Talk, instrument: Instrument) -> Instrument | None:
    """ "5s10s30s fly": of the curve that was spoken of; a curve of bonds is no swap."""
    if instrument.form:
        return instrument
    spoken = next((t for t in reversed(talk.topics) if t.kind in ("irs", "bond")), None)
    return (
        v.swap_structure(spoken.instrument.form, instrument.issuer)
        if spoken is not None and spoken.kind == "irs"
        else None
    )


def _listed(talk: Talk, instrument: Instrument) -> Instrument:
    """ "30 of the brent": the future of that name, once its lots are spoken of."""
    current = talk.current
    alike = [t.instrument for t in talk.topics if t.kind == "future" and t.instrument.form == instrument.form]
    named = [one for one in alike if not instrument.period or instrument.period.split("-")[0] in one.code]
    beside = current is None or current.kind == "future" or current.instrument.form != instrument.form
    return named[-1] if named and beside else instrument


def _bond(talk: Talk, i: int, frame: Frame, instrument: Instrument) -> Instrument | None:
    current = talk.current
    if instrument.form == v.NEW_ISSUE:
        return instrument
    if instrument.issuer and instrument.maturity is None and not instrument.isin:
        listed = v.contract_roots().get(instrument.issuer)
        future = next((t for t in reversed(talk.topics) if t.kind == "future" and t.instrument.form == listed), None)
        if future is not None and (current is None or current.kind == "future"):
            return future.instrument
        return instrument if current is not None and current.kind == "bond" else None
    if instrument.issuer or instrument.maturity is None or codes.nameless(talk) is not None:
        return instrument
    known = next(
        (
            t.instrument
            for t in reversed(talk.topics)
            if t.instrument.issuer and identity.same(t.instrument, instrument)
        ),
        None,
    )
    turn, name = talk.government
    if known is None and name and i - turn <= MEMORY:
        return v.government_bond(name, instrument.coupon, instrument.maturity)
    if known is None and instrument.coupon is not None and (points_of(frame) or _in_ticks(talk, i)):
        talk.government = (i, "UST")  # "two-years, the four percent of May twenty-eight": a benchmark nobody named
        return v.government_bond("UST", instrument.coupon, instrument.maturity)
    return instrument


def _in_ticks(talk: Talk, i: int) -> bool:
    """Prices with a dash and 32nds ("100-10") follow, or with half a 32nd ("twenty-one plus"): only treasuries are
    quoted so."""
    for frame in talk.frames[i : i + TICKS_WITHIN]:
        lows = [*(word.low for word in frame.words), ".", "."]
        for figure in frame.prices:
            dashed = lows[figure.first + 1] == "-" if figure.last - figure.first == 3 else False
            if dashed and len(figure.chunks) == 2 and 70 <= int(figure.chunks[0]) <= 140:
                return True
            if lows[figure.last] == "plus" and lows[figure.last + 1] in (".", ",", "?") and figure.value % 100 < 32:
                return True
    return False


def points_of(frame: Frame) -> set[int]:
    """Years of the points of the curve that a turn names: "tens", "the old thirty-year"."""
    years = {int(tenor.code[:-1]) for tenor in frame.tenors if tenor.code.endswith("Y")}
    return years | {m.point for m in frame.mentions if m.point}


def _refined(talk: Talk, frame: Frame, said: Option, base: Instrument) -> Instrument:
    """ "An option on jet, April to June" "A cap at seven seventy-five": its kind and strike are told after its name."""
    current = talk.current
    if base.coupon is not None or not said.right or said.strike is None or current is None or current.shown_at:
        return base
    return struck(talk, frame, base, said.right, said.strike) if base.form in v.commodities() else base


def struck(talk: Talk, frame: Frame, base: Instrument, right: str, figure: Figure) -> Instrument:
    """The option on a commodity with the strike that it had not yet."""
    strike = place(figure, v.commodity(base.form), "price") or figure.value
    asian = frame.has("asian", "averaging", "average") or base.issuer.startswith("Asian ")
    option = v.commodity(base.form, base.period or "", f"{'Asian ' if asian else ''}{right} {strike}")
    return replace(dated(option, talk.today), coupon=strike)


def _option(talk: Talk, frame: Frame, mention: Mention) -> Instrument | None:
    """An option of which the pair or the commodity was named before; without either, against dollars."""
    current = talk.current
    said = next((option for option in frame.options if option.at == mention.first), None)
    if said is None:
        return None
    money = said.right[:3] if said.right[3:4] == " " else ""
    under = next((m.instrument for m in frame.mentions if m.instrument.kind == "commodity"), None)
    if under is not None and (current is None or current.instrument.form != under.form):
        return option_on(talk, frame, under, said)
    if current is None:
        right = said.right
        counted = {size.ccy for size in frame.sizes if size.ccy} - {"USD"}
        if not money and len(counted) == 1 and said.right in ("call", "put"):
            money = counted.pop() or ""  # "65c put, 30m aud"
            right = f"{money} {said.right}"
        pair = v.fx_pair(money, "USD") if money else None
        return options.instrument_of(pair, right, options.strike_of(said.strike, pair)) if pair else None
    if money and current.kind == "fx" and money not in current.instrument.code:
        return None
    base = current.instrument
    if base.kind == "option" and base.form:
        pair = v.pair_of(base.form)
        if pair is None:
            return _refined(talk, frame, said, base)
        strike = options.strike_of(said.strike, pair)
        right = said.right or base.issuer
        differs = strike is not None and base.coupon is not None and strike != base.coupon
        return options.instrument_of(pair, right, strike or (None if differs else base.coupon))
    if base.kind in ("fx", "metal"):
        return options.instrument_of(base, said.right, options.strike_of(said.strike, base))
    if base.kind in ("commodity", "future") and said.right:
        return option_on(talk, frame, base, said)
    return None


def option_on(talk: Talk, frame: Frame, base: Instrument, said: Option) -> Instrument | None:
    """An option on a commodity or a future."""
    if not said.right:
        return None
    strike = (place(said.strike, base, "price") or said.strike.value) if said.strike is not None else None
    style = "Asian " if frame.has("asian", "averaging", "average") else ""
    name = f"{style}{said.right}{f' {strike}' if strike is not None else ''}"
    span = next((m for m in frame.months if m.begin), None)
    if base.kind == "future":
        return replace(v.future_option(base, name), coupon=strike)
    return replace(dated(v.commodity(base.form, period(span) or base.period or "", name), talk.today), coupon=strike)
