"""A currency said alone: in a talk of exchange it stands for its pair, mostly against the dollar.

"nzd?", "krw and inr today, both 1m ndf", "KRW 1461.20/1461.90  INR 93.64/93.70", "and sek?" after euro-krone.
A name by itself proves nothing ("price in euros"), so the pair must show: its price stands beside the name, the next
price of the dealer lies in its range, or the pair was spoken of before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nlp.language import saying
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.prices import place
from nlp.language.terms import Mention, Money
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk
    from nlp.language.topics import Topic

_WORDS = v.section("phrases", "alone")
ASKS: frozenset[str] = frozenset(_WORDS["asks"])
BESIDE: frozenset[str] = frozenset(_WORDS["beside"])
NOT_NAMED_BY: frozenset[str] = frozenset(_WORDS["not_named_by"])
ALSO = {"and", "also", "about", "then"}
ANSWERED_WITHIN = 4
"""Turns after a question in which the dealer shows the price."""


def alone(talk: Talk, i: int, frame: Frame) -> Frame:
    """The frame of turn `i` with a mention for each currency that stands for its pair."""
    if any(not m.weak or m.instrument.kind in ("fx", "metal", "irs", "option") for m in frame.mentions):
        return frame
    named = list(_names(frame))
    current = talk.current.instrument.code if talk.current is not None and talk.current.kind == "fx" else ""
    several = len({money.code for money in named}) > 1
    added = []
    for money in named:
        pair = _known(talk, money.code)
        if pair is not None and (several or money.code not in current):
            added.append(Mention(money.first, money.last, pair))
            continue
        pair = _against(talk, frame, money)
        if pair is None or money.code in current and not several:
            continue
        if _priced(frame, money, pair) or talk.turns[i].who == "client" and _answered(talk, i, frame, money, pair):
            added.append(Mention(money.first, money.last, pair))
    if not added and talk.current is None:
        added = _swapped(talk, i, frame)
    if not added and talk.turns[i].who == "client":
        added = _asked_in_money(talk, i, frame)
    return replace(frame, mentions=tuple(sorted((*frame.mentions, *added), key=lambda m: m.first))) if added else frame


def _swapped(talk: Talk, i: int, frame: Frame) -> list[Mention]:
    """ "You'd sell the pounds Monday and buy them back later": a swap of the one pair that is named in full later."""
    if saying.far_side(frame, trader=talk.turns[i].who == "trader") is None:
        return []
    later = {m.instrument.code: m.instrument for f in talk.frames[i:] for m in f.mentions if m.instrument.kind == "fx"}
    pair = next(iter(later.values())) if len(later) == 1 else None
    return [Mention(m.first, m.last, pair) for m in frame.monies if pair is not None and m.code in pair.code][:1]


def _asked_in_money(talk: Talk, i: int, frame: Frame) -> list[Mention]:
    """ "What would ten million zlotys cost me?" "You'd be selling euros at four thirty-one": the dealer's price tells
    against what."""
    counted = [
        m for m in frame.monies if any(m.code == s.ccy and s.figure.last in (m.first, m.first - 1) for s in frame.sizes)
    ]
    current = talk.current.instrument.code if talk.current is not None and talk.current.kind == "fx" else ""
    asks = {"?", "what", "where", "how"} & set(frame.lows)
    if not asks or len({m.code for m in counted}) != 1 or counted[0].code in current:
        return []
    money = counted[0]
    for k in range(i + 1, min(len(talk.turns), i + 1 + ANSWERED_WITHIN)):
        answer = talk.frames[k]
        if talk.turns[k].who == "client" or not answer.prices:
            continue
        if any(not m.weak for m in answer.mentions):
            return []
        named = {m.code for m in answer.monies} - {money.code}
        homes = named or [*dict.fromkeys(t.instrument.code[:3] for t in talk.topics if t.kind == "fx"), "USD", "EUR"]
        pairs = [pair for home in homes if (pair := v.fx_pair(home, money.code)) is not None]
        fits = [pair for pair in pairs if any(_fits(figure, pair) for figure in answer.prices[:2])]
        return [Mention(money.first, money.last, fits[0])] if fits else []
    return []


def _fits(figure: Figure, pair: Instrument) -> bool:
    """Three digits are enough where the pair is asked about: "four thirty-one and a half"."""
    return _in_range(figure, pair) or len(figure.digits) > 2 and place(figure, pair, "rate") is not None


def _names(frame: Frame) -> Iterator[Money]:
    """Currencies other than the dollar that are neither counted nor the money of something else."""
    counted = {k for size in frame.sizes for k in (size.figure.first - 1, size.figure.last) if size.ccy != "USD"}
    for money in frame.monies:
        before = frame.words[money.first - 1].low if money.first > frame.begin else ""
        if money.code != "USD" and money.first not in counted and before not in NOT_NAMED_BY:
            yield money


def _known(talk: Talk, code: str) -> Instrument | None:
    """The one pair with this currency that was spoken of."""
    pairs = {t.instrument.code: t.instrument for t in talk.topics if t.kind == "fx" and code in t.instrument.code}
    dollar = [pair for pair in pairs.values() if "USD" in pair.code]
    found = dollar if len(dollar) == 1 and len(pairs) > 1 else list(pairs.values())
    return found[0] if len(found) == 1 else None


def _against(talk: Talk, frame: Frame, money: Money) -> Instrument | None:
    """The pair with the dollar; "and sek?" after euro-krone with the euro."""
    also = any(frame.words[k].low in ALSO for k in range(max(frame.begin, money.first - 2), money.first))
    if also and talk.current is not None and talk.current.kind == "fx":
        base = talk.current.instrument.code[:3]
        if base != money.code and (base == "USD" or money.code not in ("EUR", "GBP")):
            return v.fx_pair(base, money.code)
    return v.fx_pair("USD", money.code)


def _priced(frame: Frame, money: Money, pair: Instrument) -> bool:
    """ "KRW 1461.20/1461.90": a price of the pair right behind its name."""
    for figure in frame.prices:
        gap = [frame.words[k].low for k in range(money.last, figure.first)]
        if figure.first >= money.last and len(gap) <= 3 and all(low in BESIDE for low in gap):
            return _in_range(figure, pair)
    return False


def _answered(talk: Talk, i: int, frame: Frame, money: Money, pair: Instrument) -> bool:
    """The client asks, and the dealer's next price lies in the pair's range with nothing else named."""
    asks = frame.question or len(frame.lows) <= 6 or bool(ASKS & set(frame.lows))
    other = talk.current is not None and talk.current.kind != "fx" and talk.current.status == "open"
    if not asks or other and i and talk.frames[i - 1].question:
        return False  # "EUR?" "yes eur": the money of what is asked for
    for k in range(i + 1, min(len(talk.turns), i + 1 + ANSWERED_WITHIN)):
        answer = talk.frames[k]
        if talk.turns[k].who == "client":
            if any(not m.weak for m in answer.mentions):
                return False
            continue
        if any(_priced(answer, other, pair) for other in answer.monies if other.code == money.code):
            return True
        if any(m.instrument.code != pair.code for m in answer.mentions):
            return False
        if answer.prices:
            return any(_in_range(figure, pair) for figure in answer.prices[:2])
    return False


def _in_range(figure: Figure, pair: Instrument) -> bool:
    """Said in full: 0.5912, 16,940; not two digits of something."""
    low, high = pair.low, pair.high
    if low is None or high is None or figure.scaled:
        return False
    if figure.pointed or figure.cardinal or figure.value >= 1000:
        return low <= figure.value <= high
    return len(figure.digits) >= 4 and place(figure, pair, "rate") is not None


def of_currency(talk: Talk, frame: Frame) -> Topic | None:
    """ "An order for the won": the enquiry of the pair with that currency, when another pair was spoken of since."""
    current = talk.current
    codes = {money.code for money in frame.monies}
    if current is None or current.kind != "fx" or not codes:
        return None
    pairs = {t.instrument.code: t for t in talk.topics if t.kind == "fx"}
    for code in codes - {"USD"} or codes:  # almost every pair has a dollar side: it tells least
        if code not in current.instrument.code:
            named = [t for t in pairs.values() if code in t.instrument.code]
            return named[0] if len(named) == 1 else None
    return None
