"""Finding instruments in one turn: pairs, swaps, contracts, commodities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nlp.language import vocabulary as v
from nlp.language.model import Reference, ReferenceInstrument
from nlp.language.numerals import SCALES, is_number
from nlp.language.periods import Months, Tenor
from nlp.language.vocabulary import Instrument
from nlp.language.words import Word

JOINERS = {"against", "versus", "vs", "v", "into", "for", "/", "-", "to"}
CONVERTED = {(".", "into"), (",", "into"), (".", "against"), (",", "against"), (".", "vs"), (",", "vs"), (".", "to")}
PAIRED = {"against", "versus", "vs", "/", "-"}


@dataclass(frozen=True)
class Mention:
    """An instrument between tokens; `bond` mentions may lack an issuer or coupon that the context supplies."""

    first: int
    last: int
    instrument: Instrument
    weak: bool = False  # a currency alone, a curve point, a maturity without a coupon: names nothing by itself
    benchmark: bool = False
    point: int | None = None  # years on the curve


@dataclass(frozen=True)
class Money:
    """A currency word."""

    first: int
    last: int
    code: str
    strong: bool


class Security:
    """Look-up of the security master by any spoken or typed name."""

    def __init__(self, reference: Reference) -> None:
        self.rows: dict[tuple[str, ...], ReferenceInstrument] = {}
        for row in reference.instruments:
            for name in {row.symbol, row.name, row.isin or "", row.ticker or "", *row.aliases}:
                key = tuple(re.findall(r"[a-z]+\d*|\d+(?:\.\d+)?|[^\w\s]", name.lower()))
                if key and not (len(key) == 1 and len(key[0]) < 2):
                    self.rows.setdefault(key, row)
        self.longest = max((len(key) for key in self.rows), default=0)

    def at(self, lows: Sequence[str], i: int) -> tuple[ReferenceInstrument, int] | None:
        """The longest name that starts at token i."""
        for length in range(min(self.longest, len(lows) - i), 0, -1):
            row = self.rows.get(tuple(lows[i : i + length]))
            if row is not None:
                return row, length
        return None


def from_reference(row: ReferenceInstrument) -> Instrument:
    """A security master row as the grammar uses it; the last price narrows the range to within a third."""
    kind = {
        "fx": "fx",
        "bond": "bond",
        "equity": "equity",
        "future": "future",
        "irs": "irs",
        "commodity": "commodity",
    }.get(row.kind, row.kind)
    code = (
        row.symbol.replace("/", "").upper()
        if kind == "fx"
        else row.isin or row.ticker or row.symbol
        if kind != "equity"
        else row.ticker or row.symbol
    )
    known = v.pair_of(code) if kind == "fx" else None
    base = known or Instrument(kind, code, currency=row.currency)
    pounds = kind == "equity" and row.currency in ("GBX", "GBp")
    changes: dict[str, object] = {
        "id": row.id,
        "isin": row.isin,
        "decimals": row.decimals if row.decimals is not None else base.decimals,
        "settle": row.settle_days if row.settle_days is not None else base.settle,
        "coupon": row.coupon,
        "maturity": (row.maturity.year, row.maturity.month) if row.maturity else None,
        "description": row.name or None,
        "unit": row.quantity_unit or ({"equity": "shares", "future": "lots"}.get(kind)),
        "price_ccy": "GBX" if pounds else base.price_ccy,
        "ticks": kind == "bond" and row.symbol.upper().startswith(("UST", "T ", "US ")),
    }
    if row.price is not None and row.price > 0:
        changes |= {"low": row.price * 2 / 3, "high": row.price * 4 / 3}
    return replace(base, **changes)  # type: ignore[arg-type]


def monies(lows: Sequence[str]) -> list[Money]:
    """Currency words; "US dollars" and "Swiss francs" count once."""
    found, words, weak, phrases = [], v.currencies(), v.weak_currencies(), v.currency_phrases()
    i = 0
    while i < len(lows):
        code, last = words.get(lows[i]), i + 1
        long = next((n for n in (3, 2) if tuple(lows[i : i + n]) in phrases), 0)
        if long:
            code, last = phrases[tuple(lows[i : i + long])], i + long
        elif lows[i] == "us" and (set(lows[max(0, i - 1) : i]) & {"-", "/"} or set(lows[i + 1 : i + 2]) & PAIRED):
            code = "USD"  # "kiwi-US", "four million US against Sing"
        if code and not _everyday(lows, i):
            found.append(Money(i, last, code, lows[i] not in weak or last > i + 1))
        i = last
    return found


def _everyday(lows: Sequence[str], at: int) -> bool:
    """ "Try me for real": no lira and no reais."""
    before, after = set(lows[max(0, at - 1) : at]), set(lows[at + 1 : at + 2])
    return lows[at] == "try" and bool(TRIED & after) or lows[at] == "real" and bool(REALLY & before)


TRIED = {"me", "us", "him", "her", "them", "it", "that", "this", "to", "and", "again", "for", "not", "a", "the"}
REALLY = {"for", "a", "the", "very", "no", "any", "that", "'s"}


def pairs(lows: Sequence[str], found: Sequence[Money]) -> list[Mention]:
    """FX and bullion pairs in market order, whichever way round they were said."""
    result: list[Mention] = []
    for i, low in enumerate(lows):
        if len(low) == 6 and low.isalpha() and low.isascii():
            pair = v.pair_of(low.upper())
            if pair is not None and v.pair_of(low.upper()) == v.fx_pair(low[:3].upper(), low[3:].upper()):
                result.append(Mention(i, i + 1, pair))
    for one, other in pairwise(found):
        gap = lows[one.last : other.first]
        near = not gap or (
            len(gap) <= 3
            and any(word in JOINERS for word in gap)
            and not any(word in (",", ".") for word in gap)
            and not (len(gap) == 3 and is_number(gap[0]) and is_number(gap[2]))  # "KRW 1461.20/1461.90 INR ..."
        )
        near = (
            near or tuple(gap) in CONVERTED or _sold_against(lows, one, other, gap) or _exchanged(lows, one, other, gap)
        )
        if not gap and not (one.strong or other.strong):
            continue
        if near and len(gap) == 1 and gap[0] in ("to", "for") and not (one.strong and other.strong):
            continue
        pair = v.fx_pair(one.code, other.code) if near else None
        if pair is not None and not any(m.first < other.last and one.first < m.last for m in result):
            result.append(Mention(one.first, other.last, pair))
    if not result:
        result += _financed(lows, found)
    for i, low in enumerate(lows):
        named = v.terms().get((low,))
        if _a_thing(lows, i):
            continue
        if named and named[0] in ("nickname", "metal") and not any(m.first <= i < m.last for m in result):
            pair = v.pair_of(named[1])
            if pair is not None:
                result.append(Mention(i, i + 1, pair, weak=low in v.currencies()))
    return sorted(result, key=lambda mention: mention.first)


THINGS: frozenset[str] = frozenset(v.section("fx", "things"))
DEALT_IN: frozenset[str] = frozenset(v.section("fx", "dealt_in"))


def _a_thing(lows: Sequence[str], at: int) -> bool:
    """ "And the cable goes on into the new year?", of one that is laid."""
    after = lows[at + 1 : at + 2]
    led = lows[max(0, at - 1) : at] in (["the"], ["a"], ["this"])
    return lows[at] in THINGS and led and bool(after) and after[0] not in DEALT_IN and not is_number(after[0])


def _sold_against(lows: Sequence[str], one: Money, other: Money, gap: Sequence[str]) -> bool:
    """ "USD 900k forward to 31 August against GBP": the second currency stands right behind "against"."""
    told = other.strong or gap[-1:] == ["the"]  # "three million euros to sell against the pound"
    gap = gap[:-1] if gap[-1:] == ["the"] else gap
    if not (len(gap) <= 10 and gap[-1:] and gap[-1] in PAIRED | {"v"} and one.strong and told):
        return False
    counted = one.first > 0 and (is_number(lows[one.first - 1]) or lows[one.first - 1] in SCALES)
    counted = counted or is_number(gap[0])  # "gbp 450k to sell vs nok"
    dealt = counted or any(low in SIDES for low in lows[: one.first])
    return dealt and not any(word in (".", "?", "!", ";") for word in gap)


def _exchanged(lows: Sequence[str], one: Money, other: Money, gap: Sequence[str]) -> bool:
    """ "Sell usd buy nok", "you sell 2.4 million dollars and buy sterling": one for the other, one amount at most."""
    verbs = [(k, low) for k, low in enumerate(gap) if low in SIDES]
    lead = [low for low in lows[max(0, one.first - 7) : one.first] if low in SIDES]
    if len(verbs) != 1 or not lead or len(gap) > 8 or any(low in (".", "?", "!", ";") for low in gap):
        return False
    at, verb = verbs[0]
    counted = any(is_number(low) for low in (*gap[at:], *lows[other.last : other.last + 1]))
    return lead[-1][:1] != verb[:1] and not counted


def _financed(lows: Sequence[str], found: Sequence[Money]) -> list[Mention]:
    """ "We have 500k usd coming in, buying eur with it": an amount of one currency, a verb beside the other."""
    if len({money.code for money in found}) != 2:
        return []
    counted, other = next(((a, b) for a, b in pairwise(found) if a.code != b.code), found[:2])
    amount = [*lows[counted.first - 1 : counted.first], *lows[counted.last : counted.last + 1]]
    said = counted.strong and other.strong and any(low in SCALES or is_number(low) for low in amount)
    dealt = [low for low in lows[max(0, counted.first - 7) : counted.first] if low in SIDES]
    if not said or dealt or lows[other.first - 1] not in SIDES:
        return []
    pair = v.fx_pair(counted.code, other.code)
    return [Mention(counted.first, other.last, pair)] if pair is not None else []


SIDES = {"buy", "buying", "sell", "selling", "buys", "sells", "sold", "bought"}


def named(
    words: Sequence[Word], months: Sequence[Months], tenors: Sequence[Tenor], security: Security
) -> list[Mention]:
    """Securities of the master, listed contracts, commodities, swaps and spelled tickers."""
    lows = [word.low for word in words]
    vocabulary = v.terms()
    result: list[Mention] = []
    i = 0
    while i < len(words):
        hit = security.at(lows, i)
        if hit is not None:
            row, length = hit
            plain_word = length == 1 and words[i].text.islower() and len(words[i].text) < 3
            if not plain_word and row.kind != "fx":
                result.append(Mention(i, i + length, from_reference(row)))
                i += length
                continue
        longest = min(4, len(lows) - i)
        length = next((n for n in range(longest, 0, -1) if tuple(lows[i : i + n]) in vocabulary), 0)
        if length:
            section, name = vocabulary[tuple(lows[i : i + length])]
            # "May thirty-sixes", "the sixes of twenty-nine"
            dated = section == "irs" and (
                any(m.first <= i < m.last for m in months) or lows[i : i + 2] == ["sixes", "of"]
            )
            mention = None if dated else _vocabulary_mention(section, name, i, i + length, lows, months, tenors)
            if mention is not None:
                result.append(mention)
                i += length
                continue
        contract = _contract_code(words, i)
        if contract is not None:
            result.append(contract)
            i = contract.last
            continue
        i += 1
    return result


def _vocabulary_mention(
    section: str,
    name: str,
    first: int,
    last: int,
    lows: Sequence[str],
    months: Sequence[Months],
    tenors: Sequence[Tenor],
) -> Mention | None:
    near = next((m for m in months if 0 <= first - m.last <= 1 or 0 <= m.first - last <= 6), None)
    if section == "future":
        contracts = {"lot", "lots", "future", "futures", "contract", "contracts"}
        coded = any(0 <= at < len(lows) and MONTH_CODE.fullmatch(lows[at]) for at in (first - 1, last))
        if (
            near is None
            and not coded
            and not any(low in contracts and lows[k - 1 : k] != ["a"] for k, low in enumerate(lows))
            and v.section("listed", "futures")[name].get("everyday")
        ):
            return None  # "I owe you a coffee", "that's a lot of coffee"
        for at in (first - 1, last):
            code = MONTH_CODE.fullmatch(lows[at]) if 0 <= at < len(lows) and near is None else None
            if code:
                year, month = int(code.group(2)), v.section("listed", "months")[code.group(1)]
                coming = v.future(name, 2000 + year if year > 9 else 2020 + year, month)
                return Mention(min(at, first), max(at + 1, last), coming)
        begin = min(first, near.first) if near and near.first < first else first
        return Mention(
            begin, last, v.future(name, near.year if near else None, near.begin if near else None), weak=near is None
        )
    if section == "commodity":
        option = ""
        kinds = {low for k, low in enumerate(lows) if low in OPTIONS and not _verb(lows, k)}
        if kinds and name != "EUA":
            option = "call" if "call" in kinds else "put" if "put" in kinds else "option"
        begin = near.first if near is not None and near.last <= first else first
        counted = {"lot", "lots", "future", "futures", "contract", "contracts"} & set(lows) and not option
        if near is not None and counted and name in v.section("listed", "futures") and near.begin == near.end:
            return Mention(begin, last, v.future(name, near.year, near.begin))
        metal = v.section("commodities", "commodities")[name]["kind"] == "metal"
        three = next((t.code for t in tenors if t.code.endswith("M")), "") if metal and near is None else ""
        return Mention(begin, last, v.commodity(name, three or period(near), option), weak=near is None and not three)
    if section == "irs":
        tenor = next((t.code for t in tenors if t.code.endswith("Y")), None)
        index = name
        if v.section("rates", "swaps")[name].get("everyday") and tenor is None and not SWAP_WORDS & set(lows):
            return None  # "the HICP print tomorrow"
        if name in ("EUR",) and "asw" in lows:
            return None
        return Mention(first, last, v.swap(index, tenor), weak=tenor is None)
    return None


SWAP_WORDS: frozenset[str] = frozenset(v.section("phrases", "terms")["swap_words"])
OPTIONS = {"call", "put", "option", "collar"}
OBJECTS = {
    "it",
    "that",
    "this",
    "them",
    "me",
    "us",
    "you",
    "u",
    "him",
    "in",
    "an",
    "something",
    "on",
    "down",
    "through",
    "the",
}


def _verb(lows: Sequence[str], k: int) -> bool:
    """ "Put that in", "call you": no option."""
    return lows[k] in ("call", "put") and bool(set(lows[k + 1 : k + 2]) & OBJECTS)


def period(months: Months | None) -> str:
    """A delivery period: "Jan-Mar 2027", "Dec-26"."""
    if months is None:
        return ""
    if months.quarter in ("Winter", "Summer", "Cal"):
        return f"{months.quarter} {months.year}"
    if months.begin == months.end:
        return v.contract(months.year, months.begin)
    span = f"{v.contract(None, months.begin)}-{v.contract(None, months.end)}"
    return f"{span} {months.year}" if months.year else span


MONTH_CODE = re.compile(r"([fghjkmnquvxz])(2?\d)")
CONTRACT_CODE = re.compile(r"([a-z]{1,4}|sr3)([fghjkmnquvxz])(2?\d)", re.IGNORECASE)


def _contract_code(words: Sequence[Word], i: int) -> Mention | None:
    """A typed contract code: "ESU6", "rxz26". A year of one digit is of this decade."""
    match = CONTRACT_CODE.fullmatch(words[i].text)
    month = MONTH_CODE.fullmatch(words[i + 1].low) if i + 1 < len(words) and len(words[i].text) > 1 else None
    root = v.contract_codes().get(words[i].low) if month is not None else None
    if month is not None and root is not None:  # "er z6"
        year = int(month.group(2))
        begin = v.section("listed", "months")[month.group(1)]
        return Mention(i, i + 2, v.future(root, 2000 + year if year > 9 else 2020 + year, begin))
    name = v.contract_codes().get(match.group(1).lower()) if match else None
    if match is None or name is None or (len(match.group(1)) < 2 and not words[i].text.isupper()):
        return None
    year = int(match.group(3))
    month = v.section("listed", "months")[match.group(2).lower()]
    return Mention(i, i + 1, v.future(name, 2000 + year if year > 9 else 2020 + year, month))
