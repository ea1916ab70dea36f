"""What a confirmation is heard to say, and whether the client's word stands behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nlp.language import topics
from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Deal, FieldSpan, PriceType
from nlp.language.prices import ticks
from nlp.language.quoting import placed, price_type
from nlp.language.readback import Leg, price_figures
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

if TYPE_CHECKING:
    from nlp.language.talk import Talk

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


class Hearing:
    """Reads single fields of confirmations in the light of the turns around them."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.done: list[Done] = []

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
        """The client accepted a moment ago (since the last deal in this enquiry), or agrees in the next turn."""
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

    def _agrees(self, i: int, about: Topic, quantity: Decimal | None, lead: Leg) -> bool:
        """The amount read back was asked for, or said in another turn too ("fifteen" may be heard as fifty)."""
        if about.size is None or quantity == about.size or not lead.sizes:
            return True
        said = lead.sizes[0].figure.value
        near = [*range(max(0, i - 16), i), *range(i + 1, min(len(self.talk.frames), i + 4))]
        values = [size.figure.value for k in near for size in self.talk.frames[k].sizes]
        values += [figure.value for k in near for figure in self.talk.frames[k].prices]
        small = said / 1_000_000 if said >= 1_000_000 else said / 1000
        return said in values or quantity in values or small in values

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
