"""Acceptance, confirmation, correction and cancellation of deals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from nlp.language import topics
from nlp.language import vocabulary as v
from nlp.language.calendar import add_business_days
from nlp.language.frames import Frame
from nlp.language.model import Deal, FieldSpan, PriceType, Product, Side
from nlp.language.prices import ticks
from nlp.language.quoting import placed, price_type
from nlp.language.readback import Leg, currency, legs, merge_currencies, price_figures
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

ORDER_WORDS: tuple[str, ...] = tuple(v.section("phrases", "dealing")["order_words"])
ACCEPT_AFTER: frozenset[str] = frozenset(v.section("phrases", "dealing")["accept_after"])
ACCEPT_PHRASES: tuple[str, ...] = tuple(v.section("phrases", "dealing")["accept_phrases"])


@dataclass
class Done:
    """A deal as understood so far, with where it came from."""

    topic: Topic
    deal: Deal
    turn: int
    standing: bool = True
    spans: list[FieldSpan] = field(default_factory=list)


class Dealing:
    """Turns confirmations into deals. Knows the walk it belongs to."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.done: list[Done] = []

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
        for group in self._groups(found):
            dealt = self._deal(i, frame, topic, group) or dealt
        if not dealt and not found and topic is not None and set(frame.lows) & topics.DONE:
            dealt = self._from_quote(i, frame, topic)
        return dealt

    def _groups(self, found: list[Leg]) -> list[list[Leg]]:
        if len(found) == 2 and found[0].side != found[1].side and all(leg.prices for leg in found):
            one, other = currency(found[0]), currency(found[1])
            sizes = [leg.sizes[0].figure.value for leg in found if leg.sizes]
            if one and one == other and len(sizes) == 2 and sizes[0] == sizes[1] and found[0].days and found[1].days:
                return [found]  # an FX swap: same amount, two dates
        return merge_currencies(found)

    def _complete(self, frame: Frame, group: list[Leg]) -> bool:
        """A read-back says its price, or that it is done; one that names several amounts without a verb is a recap."""
        priced = any(leg.prices for leg in group)
        if group[0].side is None:
            amounts = {size.figure.value for size in group[0].sizes}
            return priced and len(amounts) == 1 and not frame.has("recap", "so far")
        return priced or bool(set(frame.lows) & topics.DONE)

    def _taken_before(self, i: int) -> bool:
        turns, frames = self.talk.turns, self.talk.frames
        recent = [k for k in range(max(0, i - 5), i) if turns[k].who == "client"]
        past = any(
            frames[k].has("yesterday", "last week", "last month", "earlier today", "previous trade")
            for k in (*recent, i)
        )
        return not past and any(frames[k].has(*ACCEPT_PHRASES) and not frames[k].question for k in recent)

    def _accepted(self, i: int, topic: Topic | None = None) -> bool:
        """The client accepted within the last few turns (since the last deal in this enquiry), or agrees in the next."""
        turns, frames = self.talk.turns, self.talk.frames
        last = max(
            (done.turn for done in self.done if topic is not None and done.topic is topic and done.turn < i), default=-1
        )
        if last >= 0 and not any(
            frames[k].has(*topics.CORRECTION) or frames[k].has(*ACCEPT_PHRASES)
            for k in range(last + 1, i)
            if turns[k].who == "client"
        ):
            return False
        if (
            last >= 0
            and i - last <= 3
            and not any(
                frames[k].sizes or frames[k].has(*topics.CORRECTION)
                for k in range(last + 1, i)
                if turns[k].who == "client"
            )
        ):
            return False
        for k in range(max(0, i - 5), i):
            if turns[k].who == "client" and frames[k].has(*ACCEPT_PHRASES) and not frames[k].question:
                return True
        after = [k for k in range(i + 1, min(len(turns), i + 4)) if turns[k].who == "client"]
        return any(ACCEPT_AFTER & set(frames[k].lows[:12]) for k in after[:1])

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
        if size is not None:
            quantity, ccy, unit = topics.size_of(size, instrument)
            quantity = self._total(i, frame, lead, quantity, instrument)
        else:
            quantity, ccy, unit = about.size, about.ccy, about.unit
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

    def _price(self, about: Topic, frame: Frame, leg: Leg) -> tuple[Decimal | None, PriceType, Any]:
        lows = [word.low for word in frame.words]
        for figure in price_figures(frame, leg):
            kind = price_type(about, frame, figure)
            if about.instrument.ticks and kind == "price":
                price = ticks(figure, lows[figure.last : figure.last + 1], None)[0]
            else:
                price = placed(about, frame, figure)
            if price is not None:
                return price, kind, figure
        return None, "price", None

    def _plausible(self, about: Topic, price: Decimal, kind: PriceType, i: int, swap: bool) -> bool:
        """In speech a price must agree with what was shown or said again; a lone one may be misheard."""
        if (
            about.instrument.low is not None
            and about.instrument.high is not None
            and kind in ("rate", "price")
            and not swap
            and not about.instrument.low <= price <= about.instrument.high
        ):
            return False
        if self.talk.header.kind == "chat":
            return True
        digits = "".join(c for c in format(price.normalize(), "f") if c.isdigit()).lstrip("0")
        for k in [*range(max(0, i - 14), i), *range(i + 1, min(len(self.talk.frames), i + 4))]:
            for figure in self.talk.frames[k].prices:
                said = (
                    figure.digits.replace(".", "").lstrip("0").rstrip("0")
                    if figure.pointed
                    else figure.digits.lstrip("0")
                )
                if said and (
                    digits.endswith(said)
                    or said.rstrip("0") == digits.rstrip("0")
                    or figure.value == price
                    or placed(about, self.talk.frames[k], figure) == price
                ):
                    return True
        return swap or price in (about.bid, about.ask)

    def _total(self, i: int, frame: Frame, leg: Leg, quantity: Decimal, instrument: Instrument) -> Decimal:
        """ "Five thousand a month, January to March" is fifteen thousand."""
        assert leg.sizes
        after = [
            frame.words[k].low
            for k in range(leg.sizes[0].figure.last, min(len(frame.words), leg.sizes[0].figure.last + 4))
        ]
        if "month" not in after and "monthly" not in after:
            return quantity
        span = next((m for m in frame.months if m.end != m.begin), None)
        return quantity * ((span.end - span.begin) % 12 + 1) if span else quantity

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

    def _cash(self, i: int, frame: Frame, kind: PriceType) -> Decimal | None:
        """The clean price stated for a trade done on spread or yield."""
        if kind not in ("spread_bp", "yield"):
            return None
        for k in range(i, min(len(self.talk.frames), i + 4)):
            nearby = self.talk.frames[k]
            lows = [word.low for word in nearby.words]
            for figure in nearby.prices:
                if "clean" in lows[figure.last : figure.last + 3] and figure.pointed and 40 < figure.value < 180:
                    return figure.value
        return None

    def _agreement(self, i: int) -> set[int]:
        after = [k for k in range(i + 1, min(len(self.talk.turns), i + 3)) if self.talk.turns[k].who == "client"]
        return {k for k in after[:1] if ACCEPT_AFTER & set(self.talk.frames[k].lows[:12])}

    def _spans(self, i: int, frame: Frame, leg: Leg, size: Any, figure: Any) -> list[FieldSpan]:
        spans = []
        if size is not None:
            spans.append(
                FieldSpan("quantity", i, frame.words[size.figure.first].start, frame.words[size.figure.last - 1].end)
            )
        if figure is not None:
            spans.append(FieldSpan("price", i, frame.words[figure.first].start, frame.words[figure.last - 1].end))
        if leg.side is not None:
            spans.append(FieldSpan("client_side", i, *frame.clock(leg.at)))
        for mention in leg.mentions[:1]:
            spans.append(
                FieldSpan("instrument", i, frame.words[mention.first].start, frame.words[mention.last - 1].end)
            )
        return spans


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
