"""The deal state machine: request, quote, hit or lift, done, read-back; corrected, cancelled or passed.

The read-back decides; quote and acceptance supply what it leaves out and must not contradict it. A deal needs the
trader's confirmation and the client's word, a size, a side, an instrument and a price that can be placed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from nlp.language import topics
from nlp.language.amounts import Size
from nlp.language.dealing import Dealing
from nlp.language.frames import Frame
from nlp.language.model import Header, Turn
from nlp.language.parting import parts
from nlp.language.quoting import read_quote
from nlp.language.resolving import resolve
from nlp.language.terms import Mention
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument, government_of_title, section, swap


class Talk:
    """Walks through the turns once and remembers the enquiries."""

    def __init__(self, header: Header, turns: tuple[Turn, ...], frames: list[Frame]) -> None:
        self.header, self.turns, self.frames = header, turns, frames
        self.today: date = header.started.date()
        self.topics: list[Topic] = []
        self.current: Topic | None = None
        self.labels: dict[str, Topic] = {}
        self.point: tuple[int, int] | None = None  # (turn, years) of the curve point last named
        self.government: tuple[int, str] = (-99, "")  # (turn, government) last named
        self.dealing = Dealing(self)
        self.topic_at: dict[int, Topic] = {}

    def walk(self) -> None:
        """Read every turn."""
        for i, (turn, frame) in enumerate(zip(self.turns, self.frames, strict=True)):
            for label, part in parts(frame, self.labels, trader=turn.who == "trader"):
                self._part(i, turn, part, label)

    def _part(self, i: int, turn: Turn, frame: Frame, label: str) -> None:
        topic = self._topic(i, turn, frame, label)
        if topic is not None:
            self.topic_at[i] = topic
        if turn.who == "trader" and self.dealing.confirm(i, frame, topic):
            return
        if topic is None:
            return
        if (
            topic.opened == i
            and turn.who == "trader"
            and i
            and self.turns[i - 1].who == "client"
            and not self.frames[i - 1].mentions
            and (self.frames[i - 1].sizes or self.frames[i - 1].has(*ASKS))
        ):
            self._learn(
                i - 1, self.turns[i - 1], self.frames[i - 1], topic
            )  # the trader names what the client just asked
            topic.evidence.add(i - 1)
        self._learn(i, turn, frame, topic)
        if turn.who == "trader":
            if not frame.has("limit", "or better", "good till", "good until", "gtc", "day order", "stop", "lim"):
                read_quote(topic, frame, i)
            if frame.has(
                "no offer",
                "no bid",
                "cant find any",
                "ca n't find any",
                "no axe",
                "nothing around",
                "ca n't show",
                "cant show",
            ):
                topic.refused_at = i
                topic.evidence.add(i)
            self.dealing.cancelled(i, frame, topic)
        else:
            self.dealing.client(i, frame, topic)

    def _topic(self, i: int, turn: Turn, frame: Frame, label: str) -> Topic | None:
        """The enquiry this part speaks of; opens a new one where a new instrument is named."""
        chosen: Topic | None = None
        for mention in frame.mentions:
            if mention.point:
                self.point = (i, mention.point)
            name = government_of_title(mention.instrument.issuer) if mention.instrument.kind == "bond" else ""
            if name and not mention.benchmark:
                self.government = (i, name)
        for mention in frame.mentions:
            instrument = resolve(self, i, frame, mention)
            if instrument is None:
                continue
            known = self.find(instrument, i)
            if known is not None:
                if not (
                    mention.weak and known is not self.current and instrument.kind == "bond" and not instrument.maturity
                ):
                    known.instrument = topics.better(known.instrument, instrument)
                    chosen = known
            elif turn.who == "trader" and mention.weak and instrument.kind == "commodity":
                continue  # "with Brent where it is": colour
            elif (
                topics.strong(mention)
                or instrument is not mention.instrument
                or (instrument.kind == "irs" and mention.weak)
            ):
                chosen = self.opened(i, instrument)
                if self.point and self.point[0] == i and instrument.kind == "bond":
                    chosen.point = self._point_before(frame, mention)
            if chosen is not None and label:
                self.labels[label] = chosen
                chosen.label = label
        if chosen is None and frame.mentions and all(m.point for m in frame.mentions if m.weak):
            chosen = next((t for t in self.topics for m in frame.mentions if m.point and t.point == m.point), None)
        if chosen is None and label:
            chosen = self.labels.get(label)
        for _, _, isin in frame.isins:
            chosen = self._isin(i, isin, chosen, label)
        if chosen is None:
            chosen = self._by_tenor(i, turn, frame)
        if chosen is not None:
            self.current = chosen
        return self.current

    def _point_before(self, frame: Frame, mention: Mention) -> int | None:
        points = [m.point for m in frame.mentions if m.point and m.first < mention.first]
        return points[-1] if points else None

    def _isin(self, i: int, isin: str, chosen: Topic | None, label: str) -> Topic:
        known = next((t for t in self.topics if t.instrument.isin == isin), None)
        if known is not None:
            return known
        target = chosen or (
            self.current
            if self.current
            and self.current.kind == "bond"
            and not self.current.instrument.isin
            and i - max(self.current.evidence, default=i) <= 4
            else None
        )
        if target is not None and target.kind == "bond" and not target.instrument.isin:
            name = target.instrument.description or target.instrument.code
            target.instrument = replace(target.instrument, isin=isin, code=isin, description=name)
            target.evidence.add(i)
        else:
            target = self.opened(i, Instrument("bond", isin, isin=isin, low=Decimal(40), high=Decimal(180)))
        if label:
            self.labels[label] = target
        return target

    def _by_tenor(self, i: int, turn: Turn, frame: Frame) -> Topic | None:
        """ "And ten years, where would that be?" opens the ten-year next to the seven-year."""
        if self.current is None or self.current.kind != "irs" or not frame.tenors:
            return None
        code = frame.tenors[0].code
        if not code.endswith("Y") or code == self.current.instrument.tenor:
            return None
        asked = frame.question or bool(frame.prices) or turn.who == "client"
        instrument = swap(self.current.instrument.form, code)
        known = self.find(instrument, i)
        if known is not None:
            return known
        if not asked:
            return None
        opened, beside = self.opened(i, instrument), self.current
        if i - beside.opened <= 12 and turn.who == "trader":  # several tenors asked in one breath
            opened.size, opened.ccy, opened.day = beside.size, beside.ccy, beside.day
            opened.hints = set(beside.hints)
        return opened

    def find(self, instrument: Instrument, i: int) -> Topic | None:
        """The enquiry in this instrument, newest first."""
        exact = [t for t in self.topics if t.instrument.code == instrument.code]
        if exact:
            return exact[-1]
        return next((t for t in reversed(self.topics) if topics.same(t.instrument, instrument)), None)

    def opened(self, i: int, instrument: Instrument) -> Topic:
        """A new enquiry."""
        topic = Topic(instrument, i)
        topic.evidence.add(i)
        self.topics.append(topic)
        return topic

    def _in_currency(self, frame: Frame, size: Size, topic: Topic) -> Size:
        """ "Paying them in yen. Four hundred million": the amount is in the currency spoken of just before."""
        if size.ccy is not None or topic.kind != "fx":
            return size
        named = {m for mention in frame.mentions for m in range(mention.first, mention.last)}
        codes = [
            m.code
            for m in frame.monies
            if m.first < size.first and m.first not in named and m.code in topic.instrument.code
        ]
        return replace(size, ccy=codes[-1]) if codes else size

    def _learn(self, i: int, turn: Turn, frame: Frame, topic: Topic) -> None:
        """Amounts, sides, dates and kinds of price said in passing."""
        if i - max(topic.evidence, default=i) > 6 and not frame.mentions:
            return  # the talk has moved on to something without a name
        useful = bool(frame.mentions)
        for size in frame.sizes:
            if turn.who == "trader" and topic.size is not None and not size.sure:
                continue
            if topic.status == "open":
                topic.size, topic.ccy, topic.unit = topics.size_of(
                    self._in_currency(frame, size, topic), topic.instrument
                )
                useful = True
        if turn.who == "client":
            if topic.quoted_at is None and frame.has("offer", "bid") and not frame.has("leave", "my bid", "my offer"):
                topic.hints |= {word for word in ("offer", "bid") if frame.has(word)}
            if topic.kind == "equity" and topic.quoted_at is None:
                topic.anchors += [p.value for p in frame.prices if p.pointed]
            side = topics.client_side(frame, topic.instrument)
            if side and topic.status == "open":
                topic.side, useful = side, True
        for day in frame.days:
            if (
                topic.status == "open"
                and (topic.quoted_at is None or i <= topic.quoted_at + 3)
                and (
                    frame.has(
                        "value", "val", "start", "effective", "spot", "settle", "settling", "for", "date", "fixing"
                    )
                    or day.month
                )
            ):
                topic.day, useful = topic.day or day, True
        for tenor in frame.tenors:
            topic.tenor = tenor.code
        for phrase, hint in HINTS.items():
            if frame.has(phrase):
                if hint in PRICED_ON:
                    if turn.who == "trader" and frame.question:
                        continue  # "on price or on yield?"
                    topic.hints -= PRICED_ON
                topic.hints.add(hint)
                if hint == "indicative":
                    topic.indicative_at = i
        benchmark = next((m for m in frame.mentions if m.benchmark), None)
        if benchmark is not None and topic.kind == "bond":
            topic.benchmark = benchmark.instrument.code
        if useful:
            topic.evidence.add(i)


ASKS: tuple[str, ...] = tuple(section("phrases", "dealing")["asks"])
HINTS = {
    "ndf": "ndf",
    "n d f": "ndf",
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
HINTS |= dict.fromkeys(topics.INDICATIVE, "indicative")
