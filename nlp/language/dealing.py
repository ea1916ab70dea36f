"""Acceptance, confirmation, correction and cancellation of deals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from nlp.language import topics
from nlp.language import vocabulary as v
from nlp.language.calendar import add_business_days
from nlp.language.frames import Frame
from nlp.language.hearing import ACCEPT_PHRASES, Done, Hearing
from nlp.language.model import Deal, PriceType, Product, Side
from nlp.language.quoting import placed
from nlp.language.readback import Leg, currency, legs, merge_currencies
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

ORDER_WORDS: tuple[str, ...] = tuple(v.section("phrases", "dealing")["order_words"])


class Dealing(Hearing):
    """Turns confirmations into deals. Knows the walk it belongs to."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)

    # what the client does

    def client(self, i: int, frame: Frame, topic: Topic) -> None:
        """A client's word on the price shown: taken or passed."""
        if self.cancelled(i, frame, topic):
            return
        if topic.status in ("dealt", "cancelled"):
            return
        passed = frame.has(*topics.PASS) and not frame.has("mine", "yours", "done")
        if passed and topic.quoted_at is not None:
            topic.status, topic.passed_at = "passed", i
            topic.accepted_at = None
            topic.evidence.add(i)
            return
        if frame.has(*ACCEPT_PHRASES) and not frame.question:
            topic.accepted_at = i
            topic.evidence.add(i)
            for figure in frame.prices:
                price = placed(topic, frame, figure)
                if price is not None and (price in (topic.bid, topic.ask) or topic.bid is None and topic.ask is None):
                    topic.accepted_price = price

    # what the trader confirms

    def confirm(self, i: int, frame: Frame, topic: Topic | None) -> bool:
        """Read a trader's turn as confirmation. True when it dealt."""
        if frame.has("if", "would", "'d be", "nothing done", "cancelled") and not frame.has("done", "filled"):
            return False
        spoken = bool(set(frame.lows) & topics.DONE) or frame.has(
            "you 've got",
            "u got",
            "read back",
            "read that back",
            "reading it back",
            "read it back",
            "confirm",
            "confirming",
            "to recap",
            "recap",
            "agreed",
        )
        if frame.has(*ORDER_WORDS) and not set(frame.lows) & topics.DONE:
            return False
        if not spoken and (not self._accepted(i) or not self._taken_before(i)):
            return False  # "you bought that last week" is no deal of today
        found = legs(frame)
        dealt = False
        groups = self._groups(found)
        if len(groups) == 2 and len(found) == 2 and self._half_a_swap(found):
            return False
        for group in groups:
            dealt = self._deal(i, frame, topic, group) or dealt
        if not dealt and not found and topic is not None and set(frame.lows) & topics.DONE:
            dealt = self._from_quote(i, frame, topic)
        return dealt

    def _half_a_swap(self, found: list[Leg]) -> bool:
        """Bought and sold in the same amount of the same currency: a swap of which a part was not understood."""
        one, other = found
        sizes = [leg.sizes[0].figure.value for leg in found if leg.sizes]
        same_amount = len(sizes) == 2 and sizes[0] == sizes[1]
        return same_amount and one.side != other.side and currency(one) is not None and currency(one) == currency(other)

    def _groups(self, found: list[Leg]) -> list[list[Leg]]:
        if len(found) == 2 and found[0].side != found[1].side and all(leg.prices for leg in found):
            one, other = currency(found[0]), currency(found[1])
            sizes = [leg.sizes[0].figure.value for leg in found if leg.sizes]
            if one and one == other and len(sizes) == 2 and sizes[0] == sizes[1] and found[0].days and found[1].days:
                return [found]  # an FX swap: same amount, two dates
        return merge_currencies(found)

    def _deal(self, i: int, frame: Frame, topic: Topic | None, group: list[Leg]) -> bool:
        instrument, about = self._instrument(i, frame, topic, group)
        if (
            instrument is None
            or about is None
            or not self._accepted(i, about)
            or not self._complete(frame, group)
            or about.status == "passed"
            and about.passed_at == i - 1
        ):
            return False
        lead = next((leg for leg in group if leg.sizes), group[0])
        swap = len(group) == 2 and all(leg.prices for leg in group)
        side = self._side(frame, instrument, about, lead if not swap else group[1])
        size = lead.sizes[0] if lead.sizes else None
        quantity: Decimal | None
        if size is not None:
            quantity, ccy, unit = topics.size_of(size, instrument)
            quantity = self._total(i, frame, lead, quantity, instrument)
        elif self.talk.header.kind == "chat":
            quantity, ccy, unit = about.size, about.ccy, about.unit
        else:
            return False  # heard, an amount must be said again
        if self.talk.header.kind == "call" and not self._agrees(i, about, quantity, lead):
            return False
        if side is None or quantity is None or quantity <= 0:
            return False
        if quantity == about.size and instrument.kind == "bond":
            ccy = ccy or about.ccy
        if unit is None and instrument.unit and instrument.kind not in ("fx", "bond", "irs"):
            unit, ccy = instrument.unit, None
        priced = next((leg for leg in reversed(group) if leg.prices), None)
        kind: PriceType
        price: Decimal | None
        if swap:
            legs_ = [self._price(about, frame, leg)[0] for leg in group]
            if legs_[0] is None or legs_[1] is None or instrument.kind != "fx":
                return False
            price = (legs_[1] - legs_[0]).scaleb(2 if instrument.code.endswith("JPY") else 4)
            kind, figure_at = "points", None
        elif priced is not None:
            price, kind, figure_at = self._price(about, frame, priced)
        else:
            price, kind, figure_at = (
                about.accepted_price or (about.ask if side == "buy" else about.bid),
                about.price_type or "price",
                None,
            )
        if price is None or not self._plausible(about, price, kind, i, swap):
            return False
        days = [leg.days for leg in group if leg.days]
        day = days[-1][-1] if days else about.day
        value = day.resolve(self.talk.today) if day else None
        spot = add_business_days(self.talk.today, instrument.settle) if instrument.settle is not None else None
        product = self._product(instrument, about, value, spot, swap)
        if instrument.kind not in ("irs", "future", "commodity", "option") or (instrument.kind == "metal"):
            value = value or (spot if product not in ("fx-forward", "ndf", "fx-swap") else None)
        deal = Deal(
            client_side=side,
            product=product,
            instrument=instrument.code,
            description=instrument.description,
            instrument_id=instrument.id,
            quantity=quantity,
            quantity_ccy=None if unit else ccy,
            quantity_unit=unit,
            price=_trim(price),
            price_type=kind,
            price_ccy=_price_ccy(instrument, frame),
            value_date=value,
            near_date=days[0][0].resolve(self.talk.today) if swap and days else None,
            tenor=instrument.tenor
            or instrument.period
            or (about.tenor if product in ("fx-forward", "fx-swap", "ndf") else None),
            spot_ref=_trim(legs_[0]) if swap and legs_[0] is not None else None,
            benchmark=about.benchmark if kind == "spread_bp" else None,
            cash_price=self._cash(i, frame, kind),
            evidence=tuple(sorted(about.evidence | {i} | self._agreement(i))),
            spans=tuple(self._spans(i, frame, lead, size, figure_at)),
        )
        self._enter(i, about, deal)
        return True

    def _from_quote(self, i: int, frame: Frame, topic: Topic) -> bool:
        """ "Done." alone: the quote that the client took is the deal, if nothing about it is open."""
        if (
            topic.accepted_at is None
            or i - topic.accepted_at > 3
            or topic.status != "open"
            or topic.side is None
            or topic.size is None
        ):
            return False
        if topic.quoted_at is None or topic.quoted_at > topic.accepted_at:
            return False
        quoted = topic.ask if topic.side == "buy" else topic.bid
        said = [p for figure in frame.prices if (p := placed(topic, frame, figure)) is not None]
        price = topic.accepted_price or quoted
        if (
            price is None
            or price != quoted
            or (said and price not in said)
            or frame.question
            or topic.kind in ("option",)
            or "indicative" in topic.hints
        ):
            return False
        if topic.kind == "fx" and "swap" in topic.hints:
            return False
        instrument = topic.instrument
        value = topic.day.resolve(self.talk.today) if topic.day else None
        spot = add_business_days(self.talk.today, instrument.settle) if instrument.settle is not None else None
        product = self._product(instrument, topic, value, spot, False)
        if instrument.kind in ("fx", "bond", "equity", "metal") and product not in ("fx-forward", "ndf"):
            value = value or spot
        deal = Deal(
            client_side=topic.side,
            product=product,
            instrument=instrument.code,
            description=instrument.description,
            instrument_id=instrument.id,
            quantity=topic.size,
            quantity_ccy=topic.ccy,
            quantity_unit=topic.unit,
            price=_trim(price),
            price_type=topic.price_type or "price",
            price_ccy=_price_ccy(instrument, frame),
            value_date=value,
            tenor=instrument.tenor,
            benchmark=topic.benchmark,
            evidence=tuple(sorted(topic.evidence | {i})),
        )
        self._enter(i, topic, deal)
        return True

    def _enter(self, i: int, topic: Topic, deal: Deal) -> None:
        """Record the deal; the same business said again, or corrected, replaces what stood before."""
        for old in self.done:
            if not old.standing or old.deal.instrument != deal.instrument or old.deal.client_side != deal.client_side:
                continue
            repeated = old.deal.quantity == deal.quantity and old.deal.price == deal.price
            between = self.talk.frames[old.turn + 1 : i + 1]
            corrected = any(frame.has(*topics.CORRECTION) for frame in between) and i - old.turn <= 8
            if repeated or corrected:
                evidence = tuple(sorted(set(old.deal.evidence) | set(deal.evidence)))
                old.deal = msgspec.structs.replace(old.deal if repeated else deal, evidence=evidence)
                old.turn = i
                return
        self.done.append(Done(topic, deal, i))
        topic.status = "dealt"
        self.talk.current = self.talk.topic_at[i] = topic
        topic.anchors.append(deal.price)

    def cancelled(self, i: int, frame: Frame, topic: Topic) -> bool:
        """Undo the standing deal that is called off; the quote it was done on stays as cancelled."""
        if not frame.has(*topics.CANCEL):
            return False
        said = _sentence(frame, topics.CANCEL)
        named = [
            done
            for done in self.done
            if done.standing and any(topics.same(m.instrument, done.topic.instrument) for m in said.mentions)
        ]
        standing = named or [
            done for done in self.done if done.standing and done.topic is topic and i - done.turn <= 12
        ]
        if not standing:
            return False
        standing[-1].standing = False
        standing[-1].topic.status = "cancelled"
        standing[-1].topic.evidence.add(i)
        return True

    # the fields

    def _instrument(
        self, i: int, frame: Frame, topic: Topic | None, group: list[Leg]
    ) -> tuple[Instrument | None, Topic | None]:
        codes = [code for leg in group if (code := currency(leg))]
        if len(group) == 2 and len(set(codes)) == 2:
            pair = v.fx_pair(codes[0], codes[1])
            if pair is not None:
                return pair, self.talk.find(pair, i) or self._make(i, pair, topic)
        for leg in group:
            isin = next((code for first, _, code in frame.isins if leg.first <= first < leg.last), None)
            listed = next((t for t in self.talk.topics if isin and t.instrument.isin == isin), None)
            if listed is not None:
                return listed.instrument, listed
            for mention in leg.mentions:
                if mention.benchmark or not mention.instrument.code or mention.point:
                    continue
                known = self.talk.find(mention.instrument, i)
                if known is not None and (not mention.weak or known.instrument.kind == mention.instrument.kind):
                    known.instrument = topics.better(known.instrument, mention.instrument)
                    return known.instrument, known
                if (
                    mention.instrument.kind == "future"
                    and topic is not None
                    and topics.same(mention.instrument, topic.instrument)
                ):
                    return topic.instrument, topic
                if topic is not None and topics.same(mention.instrument, topic.instrument):
                    return topic.instrument, topic
                if not mention.weak or mention.instrument.kind in ("fx", "metal"):
                    return mention.instrument, self._make(i, mention.instrument, topic)
        for leg in group:
            years = next((int(t.code[:-1]) for t in leg.tenors if t.code.endswith("Y")), None) or next(
                (m.point for m in leg.mentions if m.point), None
            )
            at_point = next((t for t in self.talk.topics if years and t.point == years), None)
            if at_point is not None:
                return at_point.instrument, at_point
        if topic is None:
            return None, None
        if topic.kind == "fx" and codes and codes[0] not in topic.instrument.code:
            return None, None
        return topic.instrument, topic

    def _make(self, i: int, instrument: Instrument, topic: Topic | None) -> Topic:
        """An enquiry that only now gets its name; takes over what was asked while the pair was unnamed."""
        made = self.talk._open(i, instrument)
        if (
            topic is not None
            and topic.kind == instrument.kind
            and topic.status == "open"
            and topics.same(topic.instrument, instrument)
        ):
            made.evidence |= topic.evidence
        made.evidence |= set(range(max(0, i - 6), i)) if not self.done else set()
        made.hints |= {
            hint for k in range(max(0, i - 14), i + 1) for hint in ("forward", "ndf") if self.talk.frames[k].has(hint)
        }
        return made

    def _side(self, frame: Frame, instrument: Instrument, about: Topic, leg: Leg) -> Side | None:
        if leg.side is None:
            return about.side
        return topics.of_base(leg.side, frame, leg.at, instrument) if instrument.kind == "fx" else leg.side

    def product(self, topic: Topic) -> Product:
        """The product of an enquiry that did not deal."""
        instrument = topic.instrument
        value = topic.day.resolve(self.talk.today) if topic.day else None
        spot = add_business_days(self.talk.today, instrument.settle) if instrument.settle is not None else None
        if instrument.kind == "fx" and topic.tenor and value is None and "spot" not in topic.hints:
            topic.hints.add("forward")
        return self._product(instrument, topic, value, spot, False)

    def _product(
        self, instrument: Instrument, about: Topic, value: date | None, spot: date | None, swap: bool
    ) -> Product:
        if instrument.kind == "fx":
            if swap:
                return "fx-swap"
            outright = (value is not None and spot is not None and value > spot) or (
                value is None and "forward" in about.hints and "spot" not in about.hints
            )
            if "ndf" in about.hints or (outright and instrument.code in v.section("fx", "ndf")):
                return "ndf"
            return "fx-forward" if outright else "fx-spot"
        kinds: dict[str, Product] = {
            "bond": "bond",
            "irs": "irs",
            "future": "future",
            "equity": "equity",
            "option": "option",
        }
        return kinds.get(instrument.kind, "commodity")


def _sentence(frame: Frame, phrases: tuple[str, ...]) -> Frame:
    """The sentence of a turn that holds one of the phrases."""
    start, end = frame.begin, frame.begin + len(frame.lows)
    for k in range(start, end + 1):
        if k == end or frame.words[k].low in (".", "?", "!"):
            part = frame.part(start, k)
            if part.has(*phrases):
                return part
            start = k + 1
    return frame


def _price_ccy(instrument: Instrument, frame: Frame) -> str | None:
    if instrument.kind == "equity" and frame.has("pence", "p"):
        return "GBX"
    return instrument.price_ccy


def _trim(price: Decimal) -> Decimal:
    normal = price.normalize()
    return normal.quantize(Decimal(1)) if normal == normal.to_integral_value() else normal
