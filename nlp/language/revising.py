"""What was done gets other terms: another price, another date, another amount."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from nlp.language import agreeing, topics
from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.hearing import Done, Hearing
from nlp.language.model import Deal
from nlp.language.placing import placed
from nlp.language.settlement import settled, trimmed
from nlp.language.topics import Topic

_WORDS = v.section("phrases", "dealing")
AMENDED: tuple[str, ...] = tuple(_WORDS["amended"])
RESIZING: tuple[str, ...] = tuple(_WORDS["resizing"])
ADDING: tuple[str, ...] = tuple(_WORDS["adding"])
AVERAGED = (*agreeing.AVERAGED, "vwap")
FURTHER: tuple[str, ...] = tuple(_WORDS["further"])
LATELY = 15
"""Turns after a fill in which the next is told."""


class Revising(Hearing):
    """Puts deals right that stand already."""

    def amended(self, i: int, frame: Frame, topic: Topic) -> bool:
        """The standing deal gets another price, with another date: "amended, value 15 June, all-in 0.65479"."""
        if topic.status != "dealt" or frame.question:
            return False
        if not frame.has(*AMENDED):
            return self._resized(i, frame, topic)
        standing = [done for done in self.done if done.standing and done.topic is topic and i - done.turn <= 6]
        prices = [p for figure in frame.prices if (p := placed(topic, frame, figure)) is not None]
        if not standing:
            return False
        old = standing[-1]
        evidence = tuple(sorted({*old.deal.evidence, i}))
        quantity = self._other_amount(i, frame, old)
        if quantity is not None and (not prices or prices[-1] == old.deal.price):
            old.deal = msgspec.structs.replace(old.deal, quantity=quantity, evidence=evidence)
            return True
        if any(topics.size_of(size, topic.instrument)[0] != old.deal.quantity for size in frame.sizes):
            return False  # terms for another amount
        between = self.talk.frames[old.turn + 1 : i]
        if any((f.sizes or f.tenors) and not f.has(*topics.CORRECTION) for f in between):
            return False  # more business, not other terms for what was done
        if not prices or abs(prices[-1] / old.deal.price - 1) > Decimal("0.02"):
            return False
        product, value = settled(topic, frame.days[-1] if frame.days else topic.day, self.talk.today)
        changes = {"price": trimmed(prices[-1]), "product": product, "value_date": value, "evidence": evidence}
        old.deal = msgspec.structs.replace(old.deal, **changes)
        return True

    def _resized(self, i: int, frame: Frame, topic: Topic) -> bool:
        """What was done is said again at its price in another amount, which the client had asked for: "25 sold"."""
        standing = [done for done in self.done if done.standing and done.topic is topic and i - done.turn <= 8]
        prices = {placed(topic, frame, figure) for figure in frame.prices}
        between = self.talk.frames[standing[-1].turn + 1 : i] if standing else []
        changing = any(f.has(*RESIZING) for f in between) and not any(f.has(*ADDING) for f in between)
        if not changing or len(standing) != 1 or standing[0].deal.price not in prices:
            return False
        old = standing[0]
        amounts = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes} - {old.deal.quantity}
        theirs = [k for k in range(old.turn + 1, i) if self.talk.turns[k].who == "client"]
        meant = {value for k in theirs for value in self._meant(k, old)}
        if len(amounts) != 1 or not amounts & meant:
            return False
        evidence = tuple(sorted({*old.deal.evidence, i}))
        old.deal = msgspec.structs.replace(old.deal, quantity=amounts.pop(), evidence=evidence)
        return True

    def _totalled(self, i: int, topic: Topic, deal: Deal, frame: Frame) -> bool:
        """The parts of an order were told before: their total takes their place, a list of them says nothing new."""
        parts = [d for d in self.done if d.standing and d.topic is topic and d.deal.client_side == deal.client_side]
        filled = sum(part.deal.quantity or 0 for part in parts)
        if not parts or deal.quantity is None or parts[-1].deal.quantity is None or i - parts[-1].turn > LATELY:
            return False
        prices = [part.deal.price for part in parts]
        further = frame.has(*FURTHER) and not frame.has(*AVERAGED)
        if further and deal.price == prices[-1] and filled + deal.quantity <= (topic.size or filled):
            parts[-1].deal = msgspec.structs.replace(  # more at the same price is one deal
                deal,
                quantity=parts[-1].deal.quantity + deal.quantity,
                evidence=tuple(sorted({*parts[-1].deal.evidence, *deal.evidence})),
            )
            parts[-1].turn = i
            return True
        whole = deal.quantity == filled and len(parts) > 1 and min(prices) <= deal.price <= max(prices)
        at_one_price = frame.has(*AVERAGED) or {*prices} == {deal.price}
        more = deal.quantity > filled
        wanted = topic.size or 0
        within = wanted >= deal.quantity
        asked = within and filled + deal.quantity > wanted
        running = within and frame.has(*agreeing.TOTAL)
        stepped = (asked or frame.has(*AVERAGED)) and at_one_price and not frame.has(*FURTHER)
        growing = more and (stepped or running)
        if whole and not at_one_price:
            return True
        if not (whole or growing):
            return False
        evidence = {n for part in parts for n in part.deal.evidence} | set(deal.evidence)
        for part in parts[1:]:
            part.standing = False
        parts[0].deal = msgspec.structs.replace(deal, evidence=tuple(sorted(evidence)))
        parts[0].turn = i
        return True

    def _meant(self, k: int, old: Done) -> set[Decimal]:
        """The amounts of a turn; bare numbers too ("its 2.51 not 2.15")."""
        frame = self.talk.frames[k]
        sizes = {topics.size_of(size, old.topic.instrument)[0] for size in frame.sizes}
        if old.topic.kind in ("fx", "bond", "irs"):
            sizes |= {figure.value * 1_000_000 for figure in frame.prices}
        return sizes

    def _other_amount(self, i: int, frame: Frame, old: Done) -> Decimal | None:
        """The amount that the client put right just before and the trader says again: "amended to 540k"."""
        said = {topics.size_of(size, old.topic.instrument)[0] for size in frame.sizes}
        for k in range(max(old.turn + 1, i - 3), i):
            before = self.talk.frames[k]
            if self.talk.turns[k].who == "client" and before.has(*topics.CORRECTION):
                meant = self._meant(k, old)
                both = (said & meant) - {old.deal.quantity}
                if len(both) == 1:
                    return both.pop()
        return None
