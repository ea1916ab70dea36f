"""What a confirmation is heard to say, and whether the client's word stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import proof, saying, topics
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Deal, PriceType, Side
from nlp.language.placing import placed, price_type
from nlp.language.prices import ticks
from nlp.language.readback import Leg, legs, price_figures
from nlp.language.topics import Topic
from nlp.language.twoway import of_ticks

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = v.section("phrases", "dealing")
ACCEPT_AFTER: frozenset[str] = frozenset(_WORDS["accept_after"])
SOME_DONE: tuple[str, ...] = tuple(_WORDS["some_done"])
INSTRUCTIONS: tuple[str, ...] = tuple(_WORDS["instructions"])
TOLD_FILL: tuple[str, ...] = tuple(_WORDS["told_fill"])
STILL: tuple[str, ...] = tuple(_WORDS["still"])
OBJECTING: frozenset[str] = frozenset(_WORDS["objecting"])
ASKED_FILL: tuple[str, ...] = tuple(_WORDS["asked_fill"])


AT_ONCE = 3
"""Turns in which several deals that were taken in one word are read back."""


@dataclass
class Done:
    """A deal as understood so far, with where it came from."""

    topic: Topic
    deal: Deal
    turn: int
    standing: bool = True
    undone_at: int | None = None  # the turn that called it off


@dataclass(frozen=True)
class Agreed:
    """Amount and price of a deal; None where the turns do not settle them."""

    quantity: Decimal | None
    price: Decimal | None
    kind: PriceType
    figure: Figure | None = None


def _agrees(frame: Frame) -> bool:
    """Yes among the first words, or at the head of a sentence: "Three thousand at twenty-six twelve. I'm happy"."""
    heads = [frame.lows[:12], *(part.lows[:4] for part in saying.sentences(frame) if not part.question)]
    return any(ACCEPT_AFTER & set(head) for head in heads)


class Hearing:
    """Reads single fields of confirmations in the light of the turns around them."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.done: list[Done] = []

    def _complete(self, frame: Frame, group: list[Leg], about: Topic) -> bool:
        """A read-back says its price, or that it is done; one that names several amounts without a verb is a recap."""
        priced = any(leg.prices for leg in group)
        if group[0].side is None:
            amounts = {size.figure.value for size in group[0].sizes}
            return priced and len(amounts) == 1 and not frame.has("recap", "so far")
        return priced or bool(set(frame.lows) & saying.DONE)

    def _taken_before(self, i: int) -> bool:
        turns, frames = self.talk.turns, self.talk.frames
        recent = [k for k in range(max(0, i - 5), i) if turns[k].who == "client"]
        past = any(saying.past(frames[k]) for k in (*recent, i))
        reported = any(
            turns[k].who == "trader" and frames[k].has(*saying.FILLED) and not frames[k].question
            for k in range(max(0, i - 3), i)
        )  # the fill of an earlier order
        taken = any(saying.takes(frames[k]) or self._granted(k) for k in recent)
        return not past and (taken or reported)

    def _granted(self, k: int) -> bool:
        """The trader meets the price that the client named in turn `k`: "make it one forty." "One forty. Sold." """
        frames, turns = self.talk.frames, self.talk.turns
        if k + 1 >= len(turns) or turns[k + 1].who != "trader":
            return False
        answer = frames[k + 1]
        met = {f.digits for f in answer.prices} & {f.digits for f in frames[k].prices}
        return bool(met) and not answer.question and (saying.done(answer) or answer.has("sold", "bought", "you 're on"))

    def _accepted(self, i: int, topic: Topic | None = None) -> bool:
        """The client accepted a moment ago (since the last deal in this enquiry), or agrees in the next turn."""
        turns, frames = self.talk.turns, self.talk.frames
        if self._fill(i, topic):
            return True
        last = max(
            (done.turn for done in self.done if topic is not None and done.topic is topic and done.turn < i), default=-1
        )
        if last >= 0 and not any(
            frames[k].has(*topics.CORRECTION) or frames[k].has(*saying.ACCEPT_PHRASES)
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
        taken = topic.accepted_at if topic is not None else None
        if taken is not None and last < taken and i - taken <= 5:
            return True
        settled = max((done.turn for done in self.done if i - done.turn > AT_ONCE), default=-1)
        for k in range(max(0, i - 5, settled), i):  # a yes to what was done before is none to this
            if turns[k].who == "client" and saying.takes(frames[k]):
                return True
        after = [k for k in range(i + 1, min(len(turns), i + 4)) if turns[k].who == "client"]
        if any(_agrees(frames[k]) for k in after[:1]) or self._agreement(i):
            return True
        return self._stated(i) and not any(OBJECTING & set(frames[k].lows[:6]) for k in after[:1])

    def _in_full(self, i: int, found: list[Leg], topic: Topic | None) -> bool:
        """After a quote the trader reads back side, amount and price, and the client agrees in the next turn."""
        frame = self.talk.frames[i]
        if topic is None or topic.quoted_at is None or topic.quoted_at >= i or topic.status != "open":
            return False
        told = saying.past(frame) or frame.question or any(word in frame.lows for word in ("if", "would", "could"))
        return not told and bool(self._agreement(i)) and whole(found)

    def _stated(self, i: int) -> bool:
        """The trader says that it is done, with side, amount and price: nobody says so unless the client has dealt."""
        frame = self.talk.frames[i]
        told = saying.done(frame) or frame.has("you 've sold", "you 've bought")
        said = told and not frame.question and not saying.past(frame)
        return said and whole(legs(frame))

    def _fill(self, i: int, topic: Topic | None) -> bool:
        """The trader reports what an order did: asked how it went, or going on to the next part of it."""
        turns, frames = self.talk.turns, self.talk.frames
        frame = frames[i]
        if not (frame.sizes and frame.prices) or frame.question or saying.past(frame):
            return False
        if frame.has(*SOME_DONE) and self._being_worked(i, topic):
            return True
        if saying.order_filled(frame) or self._order_reported(i):
            return True
        last = max((done.turn for done in self.done if done.topic is topic and done.turn < i), default=None)
        if last is not None and all(turns[k].who == "trader" for k in range(last + 1, i)):
            return frame.has("and", "filled", "balance", "rest", "another", "remaining", "final", "last")
        asked = any(turns[k].who == "client" and frames[k].has(*ASKED_FILL) for k in range(max(0, i - 3), i))
        return asked and frame.has(*TOLD_FILL)

    def _order_reported(self, i: int) -> bool:
        """The trader has just told that an order left earlier was filled; amount and level follow: "at one thirteen
        eighty-five, yes, all three million"."""
        turns, frames = self.talk.turns, self.talk.frames
        told = any(
            turns[k].who == "trader" and saying.order_filled(frames[k]) and not frames[k].sizes
            for k in range(max(0, i - 4), i)
        )
        return told and not frames[i].has(*STILL)

    def _being_worked(self, i: int, topic: Topic | None) -> bool:
        """The client has left an instruction in this instrument: an amount with a limit, "at market", "VWAP"."""
        turns, frames = self.talk.turns, self.talk.frames
        return topic is not None and any(
            turns[k].who == "client"
            and self.talk.topic_at.get(k) is topic
            and frames[k].sizes
            and frames[k].verbs
            and frames[k].has(*INSTRUCTIONS)
            for k in range(max(0, i - 10), i)
        )

    def _price(self, about: Topic, frame: Frame, leg: Leg) -> tuple[Decimal | None, PriceType, Figure | None]:
        lows = [word.low for word in frame.words]
        taken = about.accepted_price
        said = price_figures(frame, leg)
        if taken is not None:  # before what it comes to: "132 over the gilt, which comes out at 99.41"
            said = sorted(said, key=lambda figure: placed(about, frame, figure) != taken)
        for figure in said:
            kind = price_type(about, frame, figure)
            if about.instrument.ticks and kind == "price":
                shown = of_ticks(lows, leg.prices) or about.taken("buy") or about.bid
                handle = shown.to_integral_value(rounding="ROUND_FLOOR") if shown else None
                price = ticks(figure, lows[figure.last : figure.last + 1], handle)[0]
            else:
                price = placed(about, frame, figure)
            if price is not None and not self._far_off(about, price, kind):
                return price, kind, figure
        return None, "price", None

    def _far_off(self, about: Topic, price: Decimal, kind: PriceType) -> bool:
        """A spread of another size than the one shown is a slip of the ear."""
        shown = [p for p in (about.bid, about.ask) if p]
        heard = self.talk.header.kind == "call" and kind == "spread_bp" and about.price_type == kind
        return heard and bool(shown) and not any(p / 2 <= price <= p * 2 for p in shown)

    def _amount_heard(
        self, i: int, frame: Frame, about: Topic, lead: Leg
    ) -> tuple[Decimal, str | None, str | None] | None:
        """(quantity, currency, unit) as read back; in a chat the amount asked for stands where none is repeated."""
        instrument = about.instrument
        quantity: Decimal | None
        if lead.sizes:
            quantity, ccy, unit = topics.size_of(lead.sizes[0], instrument)
            quantity = self._total(frame, about, lead, quantity)
        elif self.talk.header.kind == "chat":
            quantity, ccy, unit = about.size, about.ccy, about.unit
        else:
            return None  # heard, an amount must be said again
        if quantity is None:
            return None
        if quantity == about.size and instrument.kind == "bond":
            ccy = ccy or about.ccy
        if unit is None and instrument.unit and instrument.kind not in ("fx", "bond", "irs"):
            unit, ccy = instrument.unit, None
        return quantity, ccy, unit

    def _agreed(
        self, i: int, frame: Frame, about: Topic, group: list[Leg], side: Side, quantity: Decimal, lead: Leg
    ) -> Agreed:
        """Amount and price that the read-back and the other turns agree on."""
        heard = self.talk.header.kind == "call"
        priced = next((leg for leg in reversed(group) if leg.prices), None)
        price, kind, figure = self._price(about, frame, priced) if priced else (None, about.price_type or "price", None)
        if heard:
            proven = self._proven(i, frame, about, priced, quantity)
            if proven is not None:
                return Agreed(*proven, kind if price is not None else "rate", figure)
        if price is None and priced is None:
            price, kind = (
                about.accepted_price or (about.ask if side == "buy" else about.bid),
                about.price_type or "price",
            )
        elif price is None and heard and priced is not None:
            price, kind = self._misheard(i, about, priced)
        if price is None or not self._plausible(about, price, kind, i):
            return Agreed(quantity, None, kind)
        return Agreed(self._repeated(i, about, quantity, lead) if heard else quantity, price, kind, figure)

    def _misheard(self, i: int, about: Topic, priced: Leg) -> tuple[Decimal | None, PriceType]:
        """For a price that makes no sense as heard: the one it lost a digit of, or the one that the client took."""
        kind: PriceType = about.price_type or ("rate" if about.kind == "fx" else "price")
        found = {p for figure in priced.prices for p in proof.restored(figure, about.instrument)}
        if about.accepted_price is not None and len(legs(self.talk.frames[i])) == 1:
            found.add(about.accepted_price)  # of several deals in one breath each must say its own
        found = {p for p in found if self._plausible(about, p, kind, i)}
        return (found.pop() if len(found) == 1 else None), kind

    def _proven(
        self, i: int, frame: Frame, about: Topic, priced: Leg | None, quantity: Decimal
    ) -> tuple[Decimal, Decimal] | None:
        """Amount and price of an exchange of currencies that a countervalue proves."""
        instrument, frames = about.instrument, self.talk.frames
        if instrument.kind != "fx" or priced is None:
            return None
        stated = proof.countervalues(frames[i : i + 4])
        if not stated:
            return None
        around = [*range(max(0, i - 16), i), *range(i + 1, min(len(frames), i + 4))]
        quantities = {quantity, *(value for k in around for value in proof.amounts(frames[k], instrument))}
        other = proof.twin(quantity)
        quantities |= {other} if other is not None else set()
        prices = [
            p
            for figure in priced.prices
            for p in (placed(about, frame, figure), *proof.restored(figure, instrument), about.accepted_price)
            if p is not None
        ]
        return proof.by_countervalue((q for q in quantities if q >= 1000), prices, stated)

    def _plausible(self, about: Topic, price: Decimal, kind: PriceType, i: int) -> bool:
        """In speech a price must agree with what was shown or said again; a lone one may be misheard."""
        low, high = about.instrument.low, about.instrument.high
        if low is not None and high is not None and kind in ("rate", "price") and not low <= price <= high:
            return False
        if self.talk.header.kind == "chat" or self._fill(i, about):
            return True  # what an order did, nobody else has said
        digits = "".join(c for c in format(price.normalize(), "f") if c.isdigit()).lstrip("0")
        places = max(about.instrument.decimals or 0, 2 * (price != price.to_integral_value()))
        parts = (price - int(price)) * 32
        written = f"{price:.{places}f}".replace(".", "") if price == round(price, places) else digits
        for k in [*range(max(0, i - 14), i), *range(i + 1, min(len(self.talk.frames), i + 4))]:
            for figure in self.talk.frames[k].prices:
                said = (
                    figure.digits.replace(".", "").lstrip("0").rstrip("0")
                    if figure.pointed
                    else figure.digits.lstrip("0")
                )
                if figure.fraction and not figure.pointed:
                    said = format(figure.value.normalize(), "f").replace(".", "")
                if (
                    len(said) > 1
                    and (digits.endswith(said) or written.endswith(said))
                    or (about.instrument.ticks and figure.value in (int(price) + parts, int(parts)))
                    or said
                    and said.rstrip("0") == digits.rstrip("0")
                    or figure.value == price
                    or placed(about, self.talk.frames[k], figure) == price
                ):
                    return True
        return price in (about.bid, about.ask, about.mid)

    def _repeated(self, i: int, about: Topic, quantity: Decimal, lead: Leg) -> Decimal | None:
        """The amount read back if it was asked for or said in another turn too ("fifteen" may be heard as fifty)."""
        if self.talk.header.kind == "chat" or not lead.sizes:
            return quantity
        frames, instrument = self.talk.frames, about.instrument
        last = max((done.turn for done in self.done if done.turn < i), default=-1)
        before = [proof.amounts(frames[k], instrument) for k in range(max(0, i - 16, last), i)]
        after = [proof.amounts(frame, instrument) for frame in frames[i + 1 : i + 4]]
        said = topics.size_of(lead.sizes[0], instrument)[0]
        if said != quantity:  # a monthly amount, of which the total is meant
            return quantity if any({said, quantity} & amounts for amounts in before + after) else None
        asked = about.size or next(
            (
                topics.size_of(frames[k].sizes[-1], instrument)[0]
                for k in range(i - 1, max(-1, i - 17, last), -1)
                if frames[k].sizes
            ),
            None,
        )
        return proof.by_repetition(quantity, asked, before, after)

    def _total(self, frame: Frame, about: Topic, leg: Leg, quantity: Decimal) -> Decimal:
        """ "Five thousand a month, January to March" is fifteen, as is "five thousand each, fifteen in all"."""
        totals = {topics.size_of(size, about.instrument)[0] for size in frame.sizes[1:]}
        if about.size is not None and about.size in totals and frame.has("each", "a month", "per month", "monthly"):
            return about.size
        assert leg.sizes
        after = [
            frame.words[k].low
            for k in range(leg.sizes[0].figure.last, min(len(frame.words), leg.sizes[0].figure.last + 4))
        ]
        if "month" not in after and "monthly" not in after:
            return quantity
        span = next((m for m in frame.months if m.end != m.begin), None)
        return quantity * ((span.end - span.begin) % 12 + 1) if span else quantity

    def _cash(self, i: int, kind: PriceType) -> Decimal | None:
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
        frames = self.talk.frames
        return {
            k
            for k in after[:1]
            if ACCEPT_AFTER & set(frames[k].lows[:12]) or proof.said_back(frames[k], proof.countervalues([frames[i]]))
        }


def whole(found: list[Leg]) -> bool:
    """Side, amount and price are said, in one leg or in the two halves of one exchange."""
    return all(any(said) for said in zip(*((leg.side, leg.sizes, leg.prices) for leg in found), strict=True)) and bool(
        found
    )
