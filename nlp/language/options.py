"""Finding currency options in one turn: "three-month euro call, one nineteen strike", "usdjpy 2m 148 usd put".

What a turn leaves out (the strike, the tenor) is learned from the turns after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.figures import Figure, figures
from nlp.language.prices import place
from nlp.language.terms import Mention, Money
from nlp.language.vocabulary import Instrument

_WORDS = v.section("phrases", "options")
KINDS: dict[str, str] = _WORDS["kinds"]
LIMITS = ("cap", "floor")
"""What an order in shares or futures is not to pass."""
CAPS = {"cap", "floor", "caps", "floors"}
OTHER_RIGHT = {"call": "put", "put": "call"}
STYLES: frozenset[str] = frozenset(_WORDS["styles"])
COMPANY: frozenset[str] = frozenset(_WORDS["company"])
NOT_NOUNS: frozenset[str] = frozenset(_WORDS["not_nouns"])


@dataclass(frozen=True)
class Option:
    """What a turn says of an option; `at` is the token of its kind ("call")."""

    at: int
    right: str  # "EUR call", "straddle"; "" where only the strike or "option" was said
    pair: str = ""
    strike: Figure | None = None


def options(lows: Sequence[str], found: Sequence[Mention], monies: Sequence[Money]) -> list[Option]:
    """The currency options of a turn, with their strikes."""
    strikes = _strikes(lows)
    pair = next((m.instrument.code for m in found if m.instrument.kind in ("fx", "metal")), "")
    result: list[Option] = []
    for i, low in enumerate(lows):
        kind = KINDS.get(low)
        listed = any(m.instrument.kind in ("equity", "future") for m in found)
        if kind is None or listed and low in LIMITS or not _noun(lows, i, monies, bool(strikes)):
            continue
        money = next((m for m in monies if m.last == i), None)
        if result and money is not None and i - result[-1].at <= 4 and result[-1].pair == "":
            first = result[-1]  # "euro call, dollar put" is one option
            named = v.fx_pair(first.right[:3], money.code) if first.right[:3] != money.code else None
            result[-1] = replace(first, pair=named.code if named else pair)
            continue
        paired = any(m.last == i and m.instrument.kind == "fx" for m in found)
        right = f"{money.code} {kind}" if money is not None and not paired and kind in ("call", "put") else kind
        strike = next((s for s in strikes if s.last == (money.first if money else i)), None)
        strike = strike or next((s for s in strikes if abs(s.first - i) <= 8), strikes[0] if strikes else None)
        result.append(Option(i, right, "", strike))
    same = next((i for i, low in enumerate(lows) if low == "strike" and i and lows[i - 1] == "same"), None)
    if not result and same is not None:
        result.append(Option(same, ""))
    elif not result and strikes and set(lows) & COMPANY - {"strike"}:
        result.append(Option(strikes[0].first, "", "", strikes[0]))
    return [replace(option, pair=option.pair or pair) for option in result]


def kind_of(lows: Sequence[str]) -> str | None:
    """The kind of option that is spoken of, if there is one: "I'd like to look at calls"."""
    kinds = [KINDS[low] for k, low in enumerate(lows) if low in KINDS and lows[max(0, k - 1) : k] not in SPOKEN]
    return kinds[-1] if kinds else None


SPOKEN = tuple([word] for word in NOT_NOUNS - {"a", "and"})


def _noun(lows: Sequence[str], i: int, monies: Sequence[Money], struck: bool) -> bool:
    """A call to buy, not a call to make; an option to sell, not a verb."""
    before = lows[i - 1] if i else ""
    a_call = before == "a" and struck
    if before in NOT_NOUNS and not a_call or lows[i + 1 : i + 2] in (["me"], ["you"], ["us"], ["him"], ["back"]):
        return False
    beside = any(m.last == i for m in monies)
    return beside or struck or bool(COMPANY & set(lows)) or lows[i] in ("straddle", "strangle")


def _strikes(lows: Sequence[str]) -> list[Figure]:
    """Figures beside "strike", or right before a currency's call or put."""
    found = []
    for figure in figures(lows):
        after, before = lows[figure.last : figure.last + 4], lows[max(0, figure.first - 2) : figure.first]
        styled = after[:1] and (after[0] in STYLES or after[0] == "c" and after[1:2] and after[1] in KINDS)
        after = after[1:] if styled else after  # "a sixty-five Asian put", "65c put"
        named = any(word in KINDS for word in after[:2]) and (after[0] in KINDS or after[0] in v.currencies())
        behind = (
            any(word in KINDS for word in before[-1:])
            or "at" in before[-1:]
            and ("struck" in before or bool(CAPS & set(before[:1])))
        )
        strike = (
            after[:1] in (["strike"], ["strikes"], ["k"]) or {"strike", "struck"} & set(before) or before[-1:] == ["k"]
        )
        bare = (named or behind) and len(figure.digits.replace(".", "")) >= 2
        if (strike or bare) and not figure.scaled and after[:1] not in (["day"], ["days"]):
            found.append(figure)
    return found


def mentions(lows: Sequence[str], found: Sequence[Mention], monies: Sequence[Money]) -> list[tuple[Mention, Option]]:
    """Options as mentions that take the place of their pair."""
    result = []
    for option in options(lows, found, monies):
        pair = v.pair_of(option.pair)
        instrument = instrument_of(pair, option.right, strike_of(option.strike, pair)) if pair else BARE
        result.append((Mention(option.at, option.at + 1, instrument, weak=pair is None), option))
    return result


def strike_of(figure: Figure | None, pair: Instrument | None) -> Decimal | None:
    """The strike, placed as a price of the pair."""
    if figure is None or pair is None:
        return None
    cents = figure.value / 100
    if figure.chunks == (figure.digits,) and len(figure.digits) == 2 and (pair.low or 1) <= cents <= (pair.high or 0):
        return cents  # "65c put"
    return place(figure, pair, "rate")


BARE = Instrument("option", "", settle=None)


def instrument_of(pair: Instrument, right: str, strike: Decimal | None, until: str = "") -> Instrument:
    """The option as it is written: "EURUSD EUR call 1.1900 3M"."""
    if right in ("call", "put"):
        right = f"{pair.code[:3]} {right}"
    elif right[:3] == pair.code[3:] and right[4:] in OTHER_RIGHT:
        right = f"{pair.code[:3]} {OTHER_RIGHT[right[4:]]}"  # a dollar call against euros is a euro put
    places = max(2 if pair.code.endswith("JPY") else 4, -int(strike.as_tuple().exponent)) if strike is not None else 0
    struck = f"{strike:.{places}f}" if strike is not None else ""
    code = " ".join(part for part in (pair.code, right, struck, until) if part)
    return Instrument(
        "option",
        code,
        currency=pair.currency,
        settle=None,
        form=pair.code,
        issuer=right,
        coupon=strike,
        tenor=until or None,
    )
