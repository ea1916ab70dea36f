"""What is being asked and shown about one instrument, and the words that move it on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.amounts import Size
from nlp.language.calendar import Day
from nlp.language.frames import Frame
from nlp.language.model import PriceType, Side
from nlp.language.numerals import is_number
from nlp.language.saying import DONE as DONE
from nlp.language.saying import far_side
from nlp.language.terms import Mention
from nlp.language.vocabulary import Instrument

PASS: tuple[str, ...] = tuple(v.section("phrases", "topics")["pass"])
HYPOTHETICAL: tuple[str, ...] = tuple(v.section("phrases", "topics")["hypothetical"])
CONDITIONAL: tuple[str, ...] = tuple(v.section("phrases", "topics")["conditional"])
INDICATIVE: tuple[str, ...] = tuple(v.section("phrases", "topics")["indicative"])
CANCEL: tuple[str, ...] = tuple(v.section("phrases", "topics")["cancel"])
CORRECTION: tuple[str, ...] = tuple(v.section("phrases", "topics")["correction"])


@dataclass
class Topic:
    """One enquiry: what is known of it so far."""

    instrument: Instrument
    opened: int
    label: str = ""
    called: str = ""  # the first word of the name typed behind its code
    point: int | None = None
    size: Decimal | None = None
    ccy: str | None = None
    unit: str | None = None
    side: Side | None = None
    tenor: str | None = None
    day: Day | None = None
    near: Day | None = None
    month: int | None = None  # of an outright asked for among others
    hints: set[str] = field(default_factory=set)
    benchmark: str | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    mid: Decimal | None = None
    shown_at: int | None = None  # the first price
    quoted_at: int | None = None  # the latest
    price_type: PriceType | None = None
    anchors: list[Decimal] = field(default_factory=list)
    evidence: set[int] = field(default_factory=set)
    status: str = "open"
    accepted_at: int | None = None
    accepted_price: Decimal | None = None
    passed_at: int | None = None
    refused_at: int | None = None
    indicative_at: int | None = None
    unsettled_at: int | None = None  # the trader read something back that could not be read as a whole

    @property
    def kind(self) -> str:
        """The instrument's kind."""
        return self.instrument.kind

    @property
    def tenor_named(self) -> str | None:
        """The tenor that tells this enquiry from others in the same instrument."""
        return self.instrument.tenor or self.tenor

    def shown(self, turn: int) -> None:
        """A price was shown; what was passed is open again."""
        self.shown_at = turn if self.shown_at is None else self.shown_at
        self.quoted_at = turn
        self.evidence.add(turn)
        if self.status == "passed":
            self.status = "open"

    def taken(self, side: Side | None) -> Decimal | None:
        """The price that the client took: the one they said again, else the side of the quote they deal on."""
        return self.accepted_price or (self.ask if side == "buy" else self.bid) or self.mid


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


def size_of(size: Size, instrument: Instrument) -> tuple[Decimal, str | None, str | None]:
    """(quantity, currency, unit): bare numbers are millions where the market counts in millions."""
    value = size.figure.value
    if (instrument.kind in ("fx", "bond", "irs") or v.pair_of(instrument.form)) and not size.sure and value < 5000:
        value *= 1_000_000
    unit = size.unit or instrument.unit
    if instrument.kind in ("equity", "future", "metal", "commodity", "option") and unit:
        if instrument.unit == "t CO2" and size.unit == "lots":
            value *= 1000
            unit = "t CO2"
        return value, None, instrument.unit if instrument.unit in ("t CO2", "shares") else unit
    ccy = size.ccy or instrument.currency
    if instrument.kind == "fx" and ccy not in (instrument.code[:3], instrument.code[3:]):
        ccy = instrument.code[:3]
    if instrument.kind in ("bond", "irs") and instrument.currency:
        ccy = instrument.currency
    return value, ccy, None


def client_side(frame: Frame, instrument: Instrument) -> Side | None:
    """The side of a client's words: "I buy", "seller of", "mine", "yours"; of the base currency in FX."""
    if instrument.kind == "fx" and (far := far_side(frame)) is not None:
        return far
    for at, low in enumerate(frame.lows):
        if low == "mine" and not (at and frame.lows[at - 1] in ("of", "a", "mate", "friend")):
            return "buy"
        if low in ("yours", "urs", "urz"):
            return "sell"
    if (theirs := _asked_of_you(frame, instrument)) is not None:
        return theirs
    if (interest := _against_another(frame) or _worked(frame)) is not None:
        return interest
    sides: set[Side] = set()
    for verb in frame.verbs:
        at = verb.at - frame.begin
        before, after = frame.lows[max(0, at - 4) : at], frame.lows[at + 1 : at + 2]
        if {"can", "could", "will", "would"} & set(before[:-1]) and not {"i", "we"} & set(before):
            continue  # "can Jonny take some on risk"
        dealt = verb.low in ("hit", "lift", "take", "give", "pay") and after in (("you",), ("u",))
        if dealt and not set(before[-2:]) & {"you", "u", "can", "could", "not", "n't"}:
            sides.add(of_base(verb.side, frame, verb.at, instrument))
            continue
        if set(before) & {"you", "u", "he", "they", "she", "could", *SOMEBODY, "not", "n't", "dont"} or after in (
            ("me",),
            ("your",),
            ("us",),
            ("you",),
            ("in",),
            ("sense",),
        ):
            continue
        if verb.low in ("give", "gives", "took", "takes", "taking") and "at" not in frame.lows:
            continue
        sides.add(of_base(verb.side, frame, verb.at, instrument))
    return sides.pop() if len(sides) == 1 else None


def _against_another(frame: Frame) -> Side | None:
    """ "Any natural seller in PLWH?": who looks for a seller buys."""
    for at, low in enumerate(frame.lows):
        if at and low in OTHER_SIDE and frame.lows[at - 1] in ("any", "natural", "other", "find"):
            return OTHER_SIDE[low]
    return None


def _worked(frame: Frame) -> Side | None:
    """ "Offer 500 erz6 at 97.86", "SFRZ6 bid 96.405 for 2000": an instruction with amount and level."""
    if frame.question or not frame.sizes or len(frame.prices) != 1:
        return None
    sides = {
        INSTRUCTED[low] for at, low in enumerate(frame.lows[:-1]) if low in INSTRUCTED and is_number(frame.lows[at + 1])
    }
    return sides.pop() if len(sides) == 1 else None


SOMEBODY = {"everyone", "anyone", "someone", "anybody", "somebody", "nobody"}
OTHER_SIDE: dict[str, Side] = {"seller": "buy", "sellers": "buy", "buyer": "sell", "buyers": "sell"}
INSTRUCTED: dict[str, Side] = {"bid": "buy", "offer": "sell"}


def restated_side(frame: Frame, instrument: Instrument) -> Side | None:
    """The client's side as the dealer says it again: "so sell gbp buy usd", "u pay fixed"; not what the bank does."""
    own = {"i", "we", "'ll", "can", "could", "he", "they", "'d"}
    sides = {
        of_base(verb.side, frame, verb.at, instrument)
        for verb in frame.verbs
        if verb.low in RESTATING
        and not own & set(frame.lows[max(0, verb.at - frame.begin - 2) : verb.at - frame.begin])
    }
    return sides.pop() if len(sides) == 1 else None


RESTATING = {"buy", "sell", "buying", "selling", "pay", "paying", "receive", "receiving", "rec"}
ASKED_OF_YOU = re.compile(
    r" (?:what|where|how much) (?:would|could|can|do|will|'d|might) (?:you|u)(?: be)?(?: a)? "
    r"(buyer|seller|pay|paying|bid|bidding|buy|buying|offer|offering|sell|selling) "
)
SELL_TO = ("to me", "to us")
BUY_FROM = ("from me", "from us", "off me", "off us", "off my hands", "off our hands")


def _asked_of_you(frame: Frame, instrument: Instrument) -> Side | None:
    """ "Where would you buy three million from me?": the client sells."""
    asked = ASKED_OF_YOU.search(f" {' '.join(frame.lows)} ")
    if asked is not None:
        at = frame.begin + f" {' '.join(frame.lows)} "[: asked.end()].strip().count(" ")
        return of_base(
            "buy" if asked.group(1) in ("offer", "offering", "sell", "selling", "seller") else "sell",
            frame,
            at,
            instrument,
        )
    for verb in frame.verbs:
        at = verb.at - frame.begin
        if verb.low == "buy" and frame.lows[at + 1 : at + 2] in (("me",), ("us",)) and at + 2 < len(frame.lows):
            return of_base("buy", frame, verb.at, instrument)  # "buy me twenty-five Nikkei"
        rest = frame.lows[at + 1 : at + 10]
        stop = next((k for k, low in enumerate(rest) if low in (".", "?", "!", ";")), len(rest))
        link = SELL_TO if verb.side == "sell" else BUY_FROM
        theirs = {"you", "u"} & set(frame.lows[max(0, at - 2) : at])
        if theirs and verb.low in ("buy", "sell") and " for me " in f" {' '.join(rest[:stop])} ":
            return of_base(verb.side, frame, verb.at, instrument)  # an order to an agent
        given = any(f" {words} " in f" {' '.join(rest[:stop])} " for words in link) or (
            verb.side == "sell" and rest[:1] in (("me",), ("us",))
        )
        if given and theirs and verb.low in ("buy", "sell", "take", "pay"):
            return of_base("sell" if verb.side == "buy" else "buy", frame, verb.at, instrument)
    return None


def of_base(side: Side, frame: Frame, at: int, instrument: Instrument) -> Side:
    """The side of a named currency, turned into the side of the base currency."""
    if instrument.kind != "fx":
        return side
    money = next(
        (m for m in frame.monies if at < m.first <= at + 9 and m.code in (instrument.code[:3], instrument.code[3:])),
        None,
    )
    between = {verb.at for verb in frame.verbs if money and at < verb.at < money.first}
    covered = money and any(
        m.first <= money.first < m.last and m.instrument.code == instrument.code and not m.first <= at < money.first
        for m in frame.mentions
    )
    quote_first = any(  # "buys Swedish kronor against euros": the side is that of the krona
        m.first <= money.first < m.last and money.first == m.first and m.last - m.first > 2
        for m in frame.mentions
        if money is not None and money.code == instrument.code[3:] and m.instrument.code == instrument.code
    )
    before = [word.low for word in frame.words[max(0, money.first - 2) : money.first]] if money else []
    linked = before[:1] if before[1:] == ["the"] else before[-1:]
    against = bool({"against", "versus", "vs", "v", "into"} & set(linked))
    # "thirty dollars to sell for Canadian": what comes right after the verb is what is got for it
    against = against or money is not None and linked == ["for"] and at == money.first - 2
    if money and not between and money.code == instrument.code[3:] and (quote_first or not covered) and not against:
        return "sell" if side == "buy" else "buy"
    return side


def strong(mention: Mention) -> bool:
    """A mention that can open an enquiry by itself."""
    return not mention.benchmark and (
        not mention.weak or mention.instrument.kind in ("fx", "metal", "commodity", "future")
    )


def described(instrument: Instrument) -> bool:
    """A bond without an issuer that coupon and maturity describe: "2.974 1/31, 6m"."""
    coupon = instrument.coupon
    return instrument.kind == "bond" and bool(instrument.maturity) and coupon is not None and coupon % 1 != 0


def a_level(size: Size, topic: Topic) -> bool:
    """ "I had twenty-seven hundred in my head", beside a price of 2684, is no amount."""
    shown = [price for price in (topic.bid, topic.ask, topic.mid) if price]
    bare = size.unit is None and size.ccy is None and not size.figure.scale_word.startswith("m")
    return bare and any(abs(size.figure.value / price - 1) < Decimal("0.1") for price in shown)


def swapped(topic: Topic) -> bool:
    """True for an FX swap."""
    return topic.kind == "fx" and "swap" in topic.hints


HINTS = {
    "mids": "mid",
    "mid": "mid",
    "middle": "mid",
    "push it out": "swap",
    "push out": "swap",
    "roll": "swap",
    "rolling": "swap",
    "roll over": "swap",
    "tom next": "swap",
    "tomnext": "swap",
    "ndf": "ndf",
    "n d f": "ndf",
    "ndfs": "ndf",
    "outrights": "forward",
    "fwd": "forward",
    "fwds": "forward",
    "forwards": "forward",
    "forward": "forward",
    "outright": "forward",
    "swap": "swap",
    "on spread": "spread_bp",
    "spread": "spread_bp",
    "on yield": "yield",
    "yield": "yield",
    "yld": "yield",
    "ytm": "yield",
    "cash": "price",
    "on price": "price",
    "cash px": "price",
    "spot": "spot",
    "limit": "order",
}
PRICED_ON = {"spread_bp", "yield", "price"}
HINTS |= dict.fromkeys(INDICATIVE, "indicative")
