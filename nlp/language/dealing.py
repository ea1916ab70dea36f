"""Acceptance, confirmation, correction and cancellation of deals."""

from __future__ import annotations

import msgspec

from nlp.language import agreeing, fxswaps, proof, resting, saying, strips, topics, vocabulary
from nlp.language.clauses import ORDER_WORDS, before_order, passes
from nlp.language.frames import Frame
from nlp.language.grouping import grouped, half_a_swap, several
from nlp.language.hearing import Agreed, Done, whole
from nlp.language.learning import RECAP
from nlp.language.model import Deal
from nlp.language.naming import named, order_side, side_of
from nlp.language.placing import all_placed, placed
from nlp.language.readback import AGENCY, READING, Leg, filled, legs
from nlp.language.revising import Revising
from nlp.language.settlement import price_currency, settled, title, trimmed
from nlp.language.topics import Topic
from nlp.language.twoway import two_way
from nlp.language.undoing import called_off

SHOWN = ("bid", "offer", "offered")


class Dealing(Revising):
    """Turns confirmations into deals. Knows the walk it belongs to."""

    # what the client does

    def client(self, i: int, frame: Frame, topic: Topic) -> None:
        """A client's word on the price shown: taken or passed."""
        if self.cancelled(i, frame, topic):
            return
        if topic.status in ("dealt", "cancelled"):
            return
        passed = passes(frame) and not any(_takes_plainly(part) for part in saying.sentences(frame))
        if passed and topic.quoted_at is not None:
            topic.status, topic.passed_at = "passed", i
            topic.accepted_at = None
            topic.evidence.add(i)
            return
        unshown = topic.kind == "bond" and topic.opened == i and not frame.prices  # a line of a list
        if unshown or self._forgotten(i, frame, topic):
            return
        own = resting.instructed(frame) or frame.has("would", "'d")
        left = frame.has(*resting.LASTING) or own and _unshown(frame, topic)
        if (saying.takes(frame) or _says_yes(frame, topic)) and not left:
            topic.accepted_at = i
            topic.status = "open"  # what was passed a moment ago is taken after all
            topic.evidence.add(i)
            for figure in frame.prices:
                price = placed(topic, frame, figure)
                if price is not None and (price in (topic.bid, topic.ask) or topic.bid is None and topic.ask is None):
                    topic.accepted_price = price

    def _forgotten(self, i: int, frame: Frame, topic: Topic) -> bool:
        """What was passed long ago is not taken by a word that names neither it nor a number."""
        named = frame.prices or frame.sizes or frame.mentions
        return topic.status == "passed" and topic.passed_at is not None and i - topic.passed_at > MEMORY and not named

    # what the trader confirms

    def confirm(self, i: int, frame: Frame, topic: Topic | None) -> bool:
        """Read a trader's turn as confirmation. True when it dealt."""
        if self._read_back(i, frame, topic) or topic is not None and self._told(i, frame, topic):
            return True
        parts = saying.sentences(frame)
        told = (part for part in parts if len(parts) > 1 and TOLD & set(part.lows) and whole(legs(part)))
        dealt = [self._read_back(i, part, topic) for part in told]
        return any(dealt)

    def _told(self, i: int, frame: Frame, topic: Topic) -> bool:
        """No sentence states the deal, but what both sides said of it does."""
        fills = agreeing.fills(self.talk, i, frame, topic)
        for said, fill in fills:
            self._enter(i, topic, self._of(i, topic, fill, frame), said)
        terms = agreeing.struck(self.talk, i, frame, topic) if not fills else None
        if terms is not None:
            self._enter(i, topic, self._of(i, topic, terms, frame))
        return bool(fills) or terms is not None

    def _read_back(self, i: int, frame: Frame, topic: Topic | None) -> bool:
        """A sentence states the deal: "you buy ten million at ..."."""
        if frame.has("if", "would", "'d be", "nothing done") and not frame.has("done", "filled"):
            return False
        if saying.away(frame) and not (frame.sizes and frame.prices):
            return False
        if frame.has("cancelled") and not (
            frame.has("done", "filled") or frame.prices and (frame.has(*AGENCY) or self._fill(i, topic))
        ):
            return False
        shown = topic is not None and not saying.done(frame) and two_way(topic, frame) is not None
        if shown and not any(leg.side for leg in legs(frame)):
            return False  # "60k oz, got it. 47.86 / 47.93" shows a price
        if resting.entered(frame) and not before_order(frame).prices:
            return False  # "stop to buy ..., GTC. Done, it's in the book"
        if topic is not None and topic.side is None and saying.order_filled(frame):
            topic.side = order_side(frame, topic)  # "your bid in cable was hit"
        spoken = saying.done(frame) or frame.has(
            "you 've got",
            "u got",
            *READING,
            "confirm",
            "confirming",
            "to recap",
            "recap",
            "agreed",
        )
        told = not resting.bracket(frame) and (saying.done(frame) or saying.order_filled(frame))
        if frame.has(*ORDER_WORDS) and not told:
            frame = before_order(frame)
            if not frame.prices or not frame.sizes:
                return False
        spoken = spoken or self._fill(i, topic)
        found = legs(frame) or ([filled(frame)] if self._order_reported(i) and frame.sizes and frame.prices else [])
        unshown = topic is not None and topic.quoted_at is None and not spoken
        priced_only = bool(found) and not any(leg.sizes for leg in found)  # "quernmore i pay 103.08"
        if unshown and (frame.has(*SHOWN) or self._left(i) or priced_only or self._rests(i, frame, topic)):
            return False  # nobody takes a price before it is shown; "it's in, you sell ...": an order, said again
        if not spoken and not (self._accepted(i) and (self._taken_before(i) or self._in_full(i, found, topic))):
            return False  # "you bought that last week" is no deal of today
        dealt = False
        two_dates = topic is not None and topic.kind == "fx" and ("swap" in topic.hints or frame.has("back"))
        groups = grouped(found, two_dates)
        if len(groups) == 2 and len(found) == 2 and half_a_swap(found):
            return False
        if topic is not None and topic.kind == "fx" and "swap" in topic.hints and not (groups and len(groups[0]) == 2):
            return self._swap(i, frame, fxswaps.meant(self.talk.topics, topic, frame))
        for one in (one for group in groups for one in several(group)):
            dealt = self._deal(i, frame, topic, one) or dealt
        told = any(leg.prices or leg.sizes for leg in found) and not frame.has(*RECAP)
        if not dealt and topic is not None and topic.status == "open" and told:
            topic.unsettled_at = i if self._accepted(i, topic) else topic.unsettled_at
        closed = set(frame.lows) & saying.DONE and not frame.has("done nothing")
        if not dealt and not found and topic is not None and closed:
            dealt = self._from_quote(i, frame, topic)
        return dealt

    def _rests(self, i: int, frame: Frame, topic: Topic | None) -> bool:
        """The turn repeats an order: "selling three at one thirty-five twenty. Overnight?" """
        told = frame.has("sold", "bought") or topic is None
        return not told and (resting.asks_how_long(frame) or frame.has(*resting.LASTING))

    def _left(self, i: int) -> bool:
        """The last turns were of an order that is left, not of a price that is taken."""
        before = self.talk.frames[max(0, i - 3) : i]
        told = self.talk.frames[i].has("sold", "bought") or any(saying.done(frame) for frame in before)
        return not told and any(frame.has(*LEFT) for frame in before)

    def _swap(self, i: int, frame: Frame, topic: Topic) -> bool:
        """A swap read back by its points: "you sell and buy fifteen million at eighteen point eight"."""
        if topic.quoted_at is None and not saying.done(frame):
            return False  # what is asked for, said again
        terms = fxswaps.read_back(topic, frame)
        size = topics.size_of(frame.sizes[0], topic.instrument)[0] if frame.sizes else topic.size
        if terms is None or size is None or not self._accepted(i, topic):
            return False
        if self.talk.header.kind == "call" and (not frame.sizes or topic.size not in (None, size)):
            return False
        days = [day.resolve(self.talk.today) for day in frame.days]
        far = settled(topic, frame.days[-1] if frame.days else topic.day, self.talk.today, swap=True)[1]
        deal = Deal(
            client_side=terms.side,
            product="fx-swap",
            instrument=topic.instrument.code,
            quantity=size,
            quantity_ccy=topics.size_of(frame.sizes[0], topic.instrument)[1] if frame.sizes else topic.ccy,
            price=trimmed(terms.points),
            price_type="points",
            value_date=far,
            near_date=days[0] if len(days) > 1 else None,
            tenor=topic.tenor,
            spot_ref=trimmed(terms.near) if terms.near is not None else None,
            evidence=tuple(sorted(topic.evidence | {i} | self._agreement(i))),
        )
        self._enter(i, topic, deal)
        return True

    def _deal(self, i: int, frame: Frame, topic: Topic | None, group: list[Leg]) -> bool:
        instrument, about = named(self.talk, i, frame, topic, group)
        if (
            instrument is None
            or about is None
            or not self._accepted(i, about)
            or not self._complete(frame, group, about)
            or about.status == "passed"
            and about.passed_at == i - 1
            and not self._fill(i, about)
            and (not saying.done(frame) or frame.has(*ORDER_WORDS))
        ):
            return False
        lead = next((leg for leg in group if leg.sizes), group[0])
        when = {m for leg in group for m in strips.months(self.talk, frame.part(leg.first, leg.last))}
        about = strips.dated(self.talk, about, when.pop()) or about if len(when) == 1 else about
        swap = len(group) == 2 and all(leg.prices for leg in group)
        side = side_of(frame, instrument, about, lead if not swap else group[1])
        amount = self._amount_heard(i, frame, about, lead)
        if side is None or amount is None:
            return False
        if lead.side is not None and not swap and about.side not in (None, side) and not self._agreement(i):
            return False  # the client asked for the other side: not before they agree
        quantity, ccy, unit = amount
        if swap:
            legs_ = [fxswaps.rate(instrument, leg.prices) for leg in group]
            if legs_[0] is None or legs_[1] is None or instrument.kind != "fx":
                return False
            price = (legs_[1] - legs_[0]).scaleb(2 if instrument.code.endswith("JPY") else 4)
            about = fxswaps.shown_in(self.talk.topics, about, price) or about
            terms = Agreed(self._repeated(i, about, quantity, lead), price, "points")
        else:
            terms = self._agreed(i, frame, about, group, side, quantity, lead)
        if terms.quantity is None or terms.price is None or terms.quantity <= 0:
            return False
        if terms.price <= 0 and terms.kind == "price":
            return False  # points, a spread, a yield may be less than nothing
        days = [leg.days for leg in group if leg.days]
        product, value = settled(about, days[-1][-1] if days else about.day, self.talk.today, swap=swap)
        deal = Deal(
            client_side=side,
            product=product,
            instrument=title(about, self.talk.today),
            description=instrument.description,
            instrument_id=instrument.id,
            quantity=terms.quantity,
            quantity_ccy=None if unit else ccy,
            quantity_unit=unit,
            price=trimmed(terms.price),
            price_type=terms.kind,
            price_ccy=price_currency(instrument, frame),
            value_date=value,
            near_date=days[0][0].resolve(self.talk.today) if swap and days else None,
            tenor=instrument.tenor
            or instrument.period
            or (about.tenor if product in ("fx-forward", "fx-swap", "ndf") else None),
            spot_ref=trimmed(legs_[0]) if swap and legs_[0] is not None else None,
            benchmark=about.benchmark if terms.kind == "spread_bp" else None,
            cash_price=self._cash(i, terms.kind),
            evidence=tuple(sorted(about.evidence | {i} | self._agreement(i))),
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
        if topic.kind == "fx" and "swap" in topic.hints and topic.price_type != "points":
            return False
        terms = agreeing.Struck(topic.side, topic.size, topic.ccy, topic.unit, price)
        self._enter(i, topic, self._of(i, topic, terms, frame))
        return True

    def _of(self, i: int, topic: Topic, terms: agreeing.Struck, frame: Frame) -> Deal:
        """The deal of an enquiry at these terms, which turn `i` confirms."""
        instrument = topic.instrument
        product, value = settled(topic, topic.day, self.talk.today)
        return Deal(
            client_side=terms.side,
            product=product,
            instrument=title(topic, self.talk.today),
            description=instrument.description,
            instrument_id=instrument.id,
            quantity=terms.quantity,
            quantity_ccy=terms.ccy,
            quantity_unit=terms.unit,
            price=trimmed(terms.price),
            price_type=topic.price_type or ("rate" if instrument.kind in ("fx", "irs") else "price"),
            price_ccy=price_currency(instrument, frame),
            value_date=value,
            tenor=instrument.tenor,
            benchmark=topic.benchmark,
            evidence=tuple(sorted(topic.evidence | {i} | self._agreement(i))),
        )

    def _enter(self, i: int, topic: Topic, deal: Deal, said: Frame | None = None) -> None:
        """Record the deal; the same business said again, or corrected, replaces what stood before."""
        if self._totalled(i, topic, deal, said or self.talk.frames[i]):
            return
        for old in self.done:
            if not old.standing or old.deal.instrument != deal.instrument:
                continue
            if old.turn == i and _countervalue(old.deal, deal):
                return  # "we buy 3m usd from u at 17.8420, you receive ZAR 53,526,000"
            turned = old.deal.client_side != deal.client_side
            repeated = old.deal.quantity == deal.quantity and old.deal.price == deal.price and not turned
            between = self.talk.frames[old.turn + 1 : i + 1]
            corrected = any(frame.has(*topics.CORRECTION) for frame in between) and i - old.turn <= (4 if turned else 8)
            if repeated or corrected:
                evidence = tuple(sorted(set(old.deal.evidence) | set(deal.evidence)))
                old.deal = msgspec.structs.replace(old.deal if repeated else deal, evidence=evidence)
                old.turn = i
                return
        self.done.append(Done(topic, deal, i))
        topic.status, topic.side = "dealt", topic.side or deal.client_side
        self.talk.current = self.talk.topic_at[i] = topic
        topic.anchors.append(deal.price)

    def cancelled(self, i: int, frame: Frame, topic: Topic) -> bool:
        """Undo the standing deal that is called off."""
        gone = called_off(self.talk, i, frame, topic)
        if gone is not None:
            self.undo(i, gone)
        return gone is not None

    def undo(self, i: int, done: Done) -> None:
        """The deal stands no more; its quote stays as cancelled."""
        done.standing, done.undone_at, done.topic.status = False, i, "cancelled"
        done.topic.evidence.add(i)


def _countervalue(one: Deal, other: Deal) -> bool:
    """The amount of one is that of the other in the other currency."""
    if one.price is None or one.quantity is None or other.quantity is None or one.price != other.price:
        return False
    return proof.proves(one.quantity, one.price, other.quantity)


def _takes_plainly(part: Frame) -> bool:
    """ "Mine", "done"; not "I shan't put mine out"."""
    return part.has("mine", "yours", "done") and not part.has("not", "n't", "never", "nothing")


def _unshown(frame: Frame, topic: Topic) -> bool:
    """A level of the client's own, beside those that were shown."""
    said = all_placed(topic, frame)
    return topic.quoted_at is not None and bool(said) and not said & {topic.bid, topic.ask, topic.mid}


def _says_yes(frame: Frame, topic: Topic) -> bool:
    """ "A ok at 98.10": the price shown, said again with a yes."""
    yes = {"ok", "okay", "yes", "yep", "fine", "good", "works"} & set(frame.lows[:5])
    shown = topic.ask if topic.side == "buy" else topic.bid
    denied = frame.question or {"no", "not", "n't", "but", "if", "cant", "better"} & set(frame.lows)
    said = [placed(topic, frame, figure) for figure in frame.prices]
    return bool(yes) and not denied and topic.side is not None and shown is not None and said == [shown]


MEMORY = 6
"""Turns after which an enquiry that was passed is no longer what "fine" or "okay" takes."""
TOLD = {"bought", "sold"}
LEFT: tuple[str, ...] = tuple(vocabulary.section("phrases", "dealing")["left"])
