"""Read-backs: the sentences in which the trader says what was dealt.

"You sell forty million five-years at ..., you buy ..." has two legs; "sells euro, buys twenty million dollars" has one.
The trader may speak from the bank's side ("I buy 25m from you"): the client's side is the opposite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nlp.language import saying, vocabulary
from nlp.language.amounts import Size
from nlp.language.calendar import Day
from nlp.language.figures import Figure, figure_at
from nlp.language.frames import PLAIN_VERBS, Frame, Verb
from nlp.language.model import Side
from nlp.language.numerals import SCALES, is_number
from nlp.language.periods import Months, Tenor
from nlp.language.terms import Mention, Money
from nlp.language.words import Word

CONDITIONAL: frozenset[str] = frozenset(vocabulary.section("phrases", "readback")["conditional"])
ADVERBS = {"just", "now", "are", "'re", "'m", "have", "'ve", "also", "then", "therefore", "hereby", "is", "r"}
ENDED: tuple[str, ...] = tuple(vocabulary.section("phrases", "readback")["ended"])
SUBJECT_CLIENT = {"you", "u", "ya", "client", "ur"}
GETS = {"get", "gets"}
RECEIVES = {"receive", "receives", "rec"}
PASSIVE = "passive"
OWNS = {"own", "owns"}
ROLES = {"buyer", "seller"}
POSITIONS: dict[str, Side] = {"long": "buy", "short": "sell", "buyer": "buy", "seller": "sell"}
PAYS = {"pay", "pays", "give", "gives"}
AMOUNT_WORDS = {*SCALES, "hundred", "and", ",", "point", "the", "your", "a", "of", "-"}
TAKES = {"takes", "took", "gives", "gave", "lifts", "hits"}
SUBJECT_BANK = {"i", "we", "bank"}
OTHERS = {"he", "she", "they", "it", "who", "market", "everyone", "somebody", "someone", "money", "street", "people"}
READING: tuple[str, ...] = tuple(vocabulary.section("phrases", "readback")["reading"])
AGENCY: tuple[str, ...] = tuple(vocabulary.section("phrases", "readback")["agency"])
STOPS = {".", "...", "?", "!", ";"}


@dataclass(frozen=True)
class Leg:
    """One leg as read back."""

    at: int
    side: Side | None
    sizes: tuple[Size, ...]
    monies: tuple[Money, ...]
    mentions: tuple[Mention, ...]
    prices: tuple[Figure, ...]
    days: tuple[Day, ...]
    months: tuple[Months, ...]
    tenors: tuple[Tenor, ...]
    first: int
    last: int


def legs(frame: Frame) -> list[Leg]:
    """The legs of a trader's turn, in order; empty when it reads nothing back."""
    verbs = _verbs(frame)
    end = frame.begin + len(frame.lows)
    starts = _starts(frame, verbs)
    result = []
    for n, (at, side) in enumerate(verbs):
        last = starts[n + 1] if n + 1 < len(verbs) else end
        leg = _leg(frame, at, side, starts[n] if n else _clause_start(frame, at), last)
        if n == 0 and not leg.sizes:  # "Three million Aldermoor four and an eighth October twenty-nine, you sell, ..."
            sentence = _leg(frame, at, side, _sentence_start(frame, at), last)
            leg = sentence if len(sentence.sizes) == 1 else leg
        if n == 0 and not (leg.sizes or leg.prices or leg.mentions) and (not leg.monies or _told_first(frame, leg)):
            leg = _leg(frame, at, side, frame.begin, last)  # "120,000 at 18.40, done. You sell, settles Friday."
        result.append(leg)
    if result and not any(leg.prices for leg in result):
        result[0] = replace(result[0], prices=_done_at(frame, result[0].first))
    if not result and frame.has(*ENDED) and frame.prices and frame.sizes:
        result.append(_ended(frame))
    elif not result and _told_filled(frame):
        result.append(filled(frame))
    return [leg for leg in result if leg.sizes or leg.prices or leg.mentions or leg.monies]


def _starts(frame: Frame, verbs: Sequence[tuple[int, Side]]) -> list[int]:
    """Where each leg begins: at its verb, or at the comma before it where its amount stands first ("kettle 6mm you
    sell +104, marlow 3mm you buy +119")."""
    starts = [at for at, _ in verbs]
    ends = [*starts[1:], frame.begin + len(frame.lows)]
    for n in range(1, len(starts)):
        comma = next((k for k in range(starts[n] - 1, starts[n - 1], -1) if frame.words[k].low in (",", "&")), None)
        before = frame.part(comma + 1, starts[n]) if comma is not None else None
        if before is not None and len(before.sizes) == 1 and not frame.part(starts[n], ends[n]).sizes:
            starts[n] = before.begin
    return starts


def _told_first(frame: Frame, leg: Leg) -> bool:
    """ "Aug done: USD 900k at 1.3411. You're buying the dollars": one amount and one price before the side."""
    said = frame.part(frame.begin, leg.first)
    return len(said.sizes) == 1 and bool(said.prices) and saying.done(said)


def _done_at(frame: Frame, end: int) -> tuple[Figure, ...]:
    """The price said on its own before what is read back: "Done at one thirty-five ten. You sell ..."."""
    said = frame.part(frame.begin, end)
    return said.prices if saying.done(said) and not said.sizes and len(said.prices) == 1 else ()


def filled(frame: Frame) -> Leg:
    """ "You're filled, 52,000 at 34.38": the sentence with amount and price, else the whole turn."""
    begin, end = frame.begin, frame.begin + len(frame.lows)
    start = begin
    for k in [*(k for k in range(begin, end) if frame.words[k].low in STOPS), end]:
        part = frame.part(start, k)
        if part.sizes and part.prices:
            return _leg(frame, start, None, start, k)
        start = k + 1
    return _leg(frame, begin, None, begin, end)


def _ended(frame: Frame) -> Leg:
    """ "We terminate the seventy-five million seven-year at 3.685, and the net to you is ...": up to its price."""
    found = filled(frame)
    return _leg(frame, found.first, None, found.first, found.prices[0].last) if found.prices else found


FILL_WORDS: tuple[str, ...] = tuple(vocabulary.section("phrases", "readback")["fill_words"])


def _told_filled(frame: Frame) -> bool:
    return (frame.has(*FILL_WORDS) or saying.order_filled(frame)) and bool(frame.prices) and bool(frame.sizes)


def _clause_start(frame: Frame, at: int) -> int:
    words = frame.words
    start = at
    end = frame.begin + len(frame.lows)
    last = at + 1 >= end or words[at + 1].low in STOPS  # "a hundred tonnes at ..., you buy."
    while start > frame.begin and words[start - 1].low not in STOPS and (last or at - start < 8):
        start -= 1
    return start


def _with_owning(frame: Frame) -> list[Verb]:
    """The deal words, with "you own eighteen thousand", "and you get seventy-five million May twenty-nines"."""
    words, span = frame.words, range(frame.begin, frame.begin + len(frame.lows))
    got = [k for k in span if words[k].low in GETS and not frame.monies and _amount_at(words, k + 1)]
    owned = [Verb(k, "buy", "own") for k in span if words[k].low in OWNS or k in got] + _positions(frame)
    passive = {verb.at: _passive(frame, verb) for verb in frame.verbs}
    return sorted([*(passive[verb.at] or verb for verb in frame.verbs), *owned], key=lambda verb: verb.at)


def _positions(frame: Frame) -> list[Verb]:
    """ "You're long a hundred and five million ..., short twenty-five million ...": what the client bought and sold."""
    words = frame.words
    found: list[Verb] = []
    for k in range(frame.begin + 1, frame.begin + len(frame.lows)):
        side = POSITIONS.get(words[k].low)
        role = words[k].low in ROLES and words[k + 1 : k + 2] != () and words[k + 1].low == "of"
        led = words[k - 1].low in ("the", "a") if role else words[k - 1].low in ADVERBS
        if side is not None and (led or found and words[k - 1].low in (",", "and")) and _amount_at(words, k + 1 + role):
            theirs = frame.client | SUBJECT_CLIENT
            told = role and theirs & {w.low for w in words[max(frame.begin, k - 4) : k]}
            found.append(Verb(k, side, PASSIVE if told else "own"))
    return found


def _passive(frame: Frame, verb: Verb) -> Verb | None:
    """ "Four hundred thousand dollars bought, euros sold", "250,000 DNHR bought": stands where its object begins."""
    after = frame.words[verb.at + 1].low if verb.at + 1 < len(frame.words) else ""
    if verb.low not in ("bought", "sold") or after in ("to", "from"):
        return None
    money = next((m for m in frame.monies if m.last == verb.at), None)
    named = money or next((m for m in frame.mentions if m.last == verb.at), None)
    if named is None:
        return None
    gaps = (0,) if money is not None else (0, 1, 2)  # "eighty lots of Dec wheat bought"
    size = next((s for s in frame.sizes if named.first - s.figure.last in gaps), None)
    if size is None and money is None:
        return None
    return Verb(max(frame.begin, size.figure.first if size is not None else named.first - 1), verb.side, PASSIVE)


def _exchanges(frame: Frame) -> list[Verb]:
    """ "You get 1.8 million francs and pay euros", "sell sixty, you get dollars": who gets a currency buys it, who pays
    one sells it. Empty where no money is got for another."""
    verbs: list[Verb] = []
    for k, word in enumerate(frame.words[frame.begin : frame.begin + len(frame.lows)], frame.begin):
        money = next((m for m in frame.monies if k < m.first <= k + 9), None)
        between = frame.words[k + 1 : money.first] if money else ()
        direct = money is not None and all(is_number(w.low) or w.low in AMOUNT_WORDS for w in between)
        if word.low in GETS | RECEIVES and direct and frame.words[k - 1].low in SUBJECT_CLIENT | frame.client | {"and"}:
            verbs.append(Verb(k, "buy", word.low))
        elif word.low in PAYS and direct:
            verbs.append(Verb(k, "sell", word.low))
        else:
            verbs += [verb for verb in frame.verbs if verb.at == k]
    exchanged = {verb.low for verb in verbs} & (GETS | RECEIVES) and len({m.code for m in frame.monies}) == 2
    return verbs if exchanged and all(m.instrument.kind == "fx" for m in frame.mentions) else []


def _sentence_start(frame: Frame, at: int) -> int:
    return next((k + 1 for k in range(at - 1, frame.begin - 1, -1) if frame.words[k].low in STOPS), frame.begin)


def _verbs(frame: Frame) -> list[tuple[int, Side]]:
    """(token, client's side) of each verb that states a leg."""
    words = frame.words
    found: list[tuple[int, Side]] = []
    subject: str | None = None
    end = frame.begin + len(frame.lows)
    for verb in _exchanges(frame) or _with_owning(frame):
        at = verb.at
        back = at - 1
        while back >= frame.begin and words[back].low in ADVERBS:
            back -= 1
        word = words[back].low if back >= frame.begin else ""
        if verb.low == PASSIVE:
            subject = "client"
            found.append((at, verb.side))
            continue
        if verb.low not in PLAIN_VERBS | GETS | OWNS and not (
            verb.low in ("take", "lift", "hit", "give")
            and words[at - 1].low in ("you", "u")
            or verb.low in TAKES
            and word in frame.client
        ):
            continue
        if any(words[k].low in CONDITIONAL for k in range(max(frame.begin, back - 1), at)) or word in CONDITIONAL:
            continue
        question = next((words[k].low for k in range(at, end) if words[k].low in STOPS), "") == "?"
        if question:
            continue
        side = verb.side
        sentence = next((k for k in range(at, end) if words[k].low in STOPS), end)
        to_client = _to_client(words[at:sentence], side)
        if to_client and word not in SUBJECT_CLIENT:
            subject = "bank"
        elif word in SUBJECT_CLIENT | frame.client or _between_us(words[at:sentence], side):
            subject = "client"
        elif word in SUBJECT_BANK:
            subject = "bank"
        elif (
            verb.low in ("buys", "sells", "pays", "receives", "purchases")
            and back >= frame.begin
            and word not in OTHERS
            and (words[back].pos in ("PROPN", "NOUN") or frame.has(*READING))
            or verb.low.endswith("ing")
            and (back < frame.begin or word in STOPS)
        ):
            subject = "client"
        elif (
            verb.low in ("bought", "sold")
            and (back < frame.begin or word in {*STOPS, ",", ":", "-", "--", "and", "ok", "done"})
            and _amount_at(words, at + 1)
        ):
            subject = "client"  # "bought 300 at 117.62": an order's fill
        elif (
            verb.low in ("buy", "sell", "pay", "receive")
            and saying.done(frame)
            and (back < frame.begin or word in {*STOPS, ",", ":", "-", "done"})
            and frame.prices
        ):
            subject = "client"  # "done: sell GBP 450k at 13.4480": the client's instruction, carried out
        elif found and subject and not _new_subject(frame, found[-1][0], at):
            pass
        else:
            continue
        agency = verb.low in ("bought", "sold") and frame.has(*AGENCY) and not to_client
        if subject == "bank" and not agency:
            side = "sell" if side == "buy" else "buy"
        found.append((at, side))
    return found


def _amount_at(words: Sequence[Word], at: int) -> bool:
    """A number follows: "sold 300 at ...", "sold, a hundred and eighty thousand euros"."""
    lows = [word.low for word in words[at : at + 6]]
    return figure_at(lows, 1 if lows[:1] in ([","], [":"]) else 0) is not None


def _to_client(words: Sequence[Word], side: Side) -> bool:
    """ "Sold 2m to you", "bought ten from you": the bank's own side is told."""
    lows = [word.low for word in words]
    link = "to" if side == "sell" else "from"
    return any(one == link and other in ("you", "u", "ya") for one, other in pairwise(lows))


def _between_us(words: Sequence[Word], side: Side) -> bool:
    """ "Havbris sold twelve million to us", "2,000 bought for you": told from the client's side, whoever is named."""
    lows = [word.low for word in words]
    link = "to" if side == "sell" else "from"
    return lows[1:3] in (["for", "you"], ["for", "u"]) or any(
        one == link and other in ("us", "me") for one, other in pairwise(lows)
    )


def _new_subject(frame: Frame, previous: int, at: int) -> bool:
    between = [frame.words[k].low for k in range(previous + 1, at)]
    return bool(set(between) & (SUBJECT_BANK | {"he", "they", "she"} | STOPS))


def _leg(frame: Frame, at: int, side: Side | None, first: int, last: int) -> Leg:
    sentence = next((k for k in range(at, last) if frame.words[k].low in (".", "?", "!", ";")), last)
    part, whole = frame.part(first, sentence), frame.part(first, last)
    days = part.days or (whole.days if sentence == last else _dated(frame, sentence + 1, last))
    return Leg(
        at,
        side,
        part.sizes or whole.sizes,
        part.monies,
        part.mentions or whole.mentions,
        part.prices or whole.prices,
        days,
        part.months,
        part.tenors,
        first,
        last,
    )


def _dated(frame: Frame, first: int, last: int) -> tuple[Day, ...]:
    """The days of a sentence of its own that only says them: "For value the 26th of February." """
    if first >= last or frame.words[first].low not in ("for", "value", "val", "settling", "settlement"):
        return ()
    end = next((k for k in range(first, last) if frame.words[k].low in STOPS), last)
    return frame.part(first, end).days


def price_figures(frame: Frame, leg: Leg) -> list[Figure]:
    """The leg's prices, those after "at" first."""
    lows = [word.low for word in frame.words]

    def rank(figure: Figure) -> int:
        before = lows[figure.first - 1] if figure.first else ""
        if lows[figure.last : figure.last + 1] in (["clean"], ["cash"]):
            return 3  # what it comes to
        if before in ("at", "@"):
            return 0
        if before in ("plus", "+", "minus") and figure.first > 1 and lows[figure.first - 2] in ("at", "@"):
            return 0
        if before in ("=", "spot", "ref"):
            return 3
        return 1

    return sorted(leg.prices, key=rank)


def currency(leg: Leg) -> str | None:
    """The currency a leg exchanges."""
    pair = next((m for m in leg.mentions if m.instrument.kind == "fx"), None)
    size = next((s for s in leg.sizes if s.ccy), None)
    if size is not None:
        return size.ccy
    money = next((m for m in leg.monies if m.first > leg.at), None)
    return money.code if money else (pair.instrument.currency if pair else None)
