"""Which instrument and which side a read-back names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import identity, saying, sides
from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.readback import Leg, currency
from nlp.language.resolving import resolve
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk


ALONE = {".", "!", "ok", "okay", "done", ","}


def named(
    talk: Talk, i: int, frame: Frame, topic: Topic | None, group: list[Leg]
) -> tuple[Instrument | None, Topic | None]:
    """The instrument that the legs of turn `i` exchange, and the enquiry it belongs to."""
    codes = [code for leg in group if (code := currency(leg))]
    if len(group) == 2 and len(set(codes)) == 2:
        pair = v.fx_pair(codes[0], codes[1])
        if pair is not None:
            return pair, talk.find(pair, i) or _opened(talk, i, pair, topic)
    for leg in group:
        by_name = _by_name(talk, i, frame, topic, leg)
        if by_name is not None:
            return by_name.instrument, by_name
    for leg in group:
        years = next((int(t.code[:-1]) for t in leg.tenors if t.code.endswith("Y")), None) or next(
            (m.point for m in leg.mentions if m.point), None
        )
        at_point = next((t for t in talk.topics if years and t.point == years), None) or _with_years_left(talk, years)
        if at_point is not None:
            return at_point.instrument, at_point
    swapped = _by_tenor(talk, i, topic, group) if topic is not None and topic.kind == "irs" else None
    if swapped is not None:
        return swapped.instrument, swapped
    other = topic is None or topic.kind != "fx" or bool(codes and codes[0] not in topic.instrument.code)
    exchanged = {money.code for leg in group for money in leg.monies}
    if any(m.instrument.kind == "option" for leg in group for m in leg.mentions):
        return None, None  # its premium is no countervalue
    pair = v.fx_pair(*sorted(exchanged)) if other and len(exchanged) == 2 and any(leg.side for leg in group) else None
    if pair is not None:
        return pair, talk.find(pair, i) or _opened(talk, i, pair, topic)
    apart = topic is not None and _of_another_maturity(talk, topic, group)
    if topic is None or (topic.kind == "fx" and other) or apart:
        return None, None
    return topic.instrument, topic


def _with_years_left(talk: Talk, years: int | None) -> Topic | None:
    """ "Two-years", where one bond that was spoken of has two years left."""
    bonds = [t for t in talk.topics if years and t.kind == "bond" and t.instrument.ticks and t.instrument.maturity]
    left = {t.instrument.code: t for t in bonds if (t.instrument.maturity or (0, 0))[0] - talk.today.year == years}
    return next(iter(left.values())) if len(left) == 1 else None


def _of_another_maturity(talk: Talk, topic: Topic, group: list[Leg]) -> bool:
    """The legs say another maturity than that of the bond spoken of: "ten million October thirty-three", or about as
    many years: "twenty-two and a half million ten-years", while a bond of five years is spoken of."""
    maturity = topic.instrument.maturity
    if topic.kind != "bond" or maturity is None:
        return False
    months = [m for leg in group for m in leg.months]
    if months:
        said = {m.year for m in months if m.year is not None and m.begin == m.end}
        return bool(said) and maturity[0] not in said
    points = [int(t.code[:-1]) for leg in group for t in leg.tenors if t.code.endswith("Y")]
    points += [m.point for leg in group for m in leg.mentions if m.point]
    left = maturity[0] - talk.today.year
    return bool(points) and all(abs(years - left) > 1 + years // 5 for years in points)


def _by_tenor(talk: Talk, i: int, topic: Topic, group: list[Leg]) -> Topic | None:
    """ "U rec 2.239 on 312m 2y, u pay 2.860 on 69m 10y": the swap of the tenor that the leg names."""
    codes = {tenor.code for leg in group for tenor in leg.tenors if tenor.code.endswith("Y")}
    if len(codes) != 1 or not topic.instrument.form:
        return None
    code = codes.pop()
    if topic.instrument.tenor == code and not topic.instrument.issuer:
        return None
    instrument = v.swap(topic.instrument.form, code)
    return talk.find(instrument, i) or _opened(talk, i, instrument, topic)


def _by_name(talk: Talk, i: int, frame: Frame, topic: Topic | None, leg: Leg) -> Topic | None:
    isin = next((code for first, _, code in frame.isins if leg.first <= first < leg.last), None)
    listed = next((t for t in talk.topics if isin and t.instrument.isin == isin), None)
    if listed is not None:
        return listed
    for mention in leg.mentions:
        if mention.instrument.kind == "option" and not mention.instrument.code:
            option = resolve(talk, i, frame, mention)
            return topic if option is None or topic is None or identity.same(option, topic.instrument) else None
        if mention.benchmark or not mention.instrument.code or mention.point:
            continue
        instrument = mention.instrument
        if instrument.kind == "option" and instrument.maturity:
            instrument = resolve(talk, i, frame, mention) or instrument
        known = talk.find(instrument, i)
        if known is not None and (not mention.weak or known.instrument.kind == mention.instrument.kind):
            known.instrument = identity.better(known.instrument, instrument)
            return known
        if topic is not None and identity.same(mention.instrument, topic.instrument):
            return topic
        told = mention.instrument.kind == "commodity" and leg.side and leg.sizes and leg.prices
        if told or not mention.weak or mention.instrument.kind in ("fx", "metal"):
            return _opened(talk, i, instrument, topic)
    return None


def _opened(talk: Talk, i: int, instrument: Instrument, topic: Topic | None) -> Topic:
    """An enquiry that only now gets its name; takes over what was asked while the pair was unnamed."""
    made = talk.opened(i, instrument)
    if (
        topic is not None
        and topic.kind == instrument.kind
        and topic.status == "open"
        and identity.same(topic.instrument, instrument)
    ):
        made.evidence |= topic.evidence
    made.evidence |= set(range(max(0, i - 6), i)) if not talk.dealing.done else set()
    made.hints |= {
        hint for k in range(max(0, i - 14), i + 1) for hint in ("forward", "ndf") if talk.frames[k].has(hint)
    }
    return made


def _of_order(frame: Frame) -> Side | None:
    """ "Ur gold bid from monday went thru": a bid buys, an offer sells."""
    if not saying.order_filled(frame):
        return None
    said = {side for word, side in ORDER_SIDES.items() if frame.has(word)}
    return said.pop() if len(said) == 1 else None


ORDER_SIDES: dict[str, Side] = {"bid": "buy", "buy order": "buy", "offer": "sell", "sell order": "sell"}


def side_of(frame: Frame, instrument: Instrument, about: Topic, leg: Leg) -> Side | None:
    """The client's side: as read back, else as asked."""
    if leg.side is None:
        return about.side or _of_order(frame)
    alone = frame.words[leg.at].low in ("bought", "sold") and (
        leg.at == frame.begin or frame.words[leg.at - 1].low in ALONE
    )
    if alone and about.side is not None and about.accepted_at is not None:
        return about.side  # "Bought.", says the desk to a client who sells, or "Sold." after them
    if instrument.kind != "fx":
        return leg.side
    received = frame.words[leg.at].low in ("receive", "receives", "receiving")  # a rate of a swap, but money of a pair
    return sides.of_base("buy" if received else leg.side, frame, leg.at, instrument)


def order_side(frame: Frame, topic: Topic) -> Side | None:
    """The side of an order that the trader speaks of, by its name or its verb."""
    told = {verb.side for verb in frame.verbs if verb.low in ("buy", "sell", "buying", "selling")}
    if len(told) == 1:
        at = next(verb.at for verb in frame.verbs if verb.side in told)
        return sides.of_base(told.pop(), frame, at, topic.instrument)
    return "buy" if frame.has("bid") else "sell" if frame.has("offer") else None
