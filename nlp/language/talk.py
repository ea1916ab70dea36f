"""The deal state machine: request, quote, hit or lift, done, read-back; corrected, cancelled or passed.

The read-back decides; quote and acceptance supply what it leaves out and must not contradict it. A deal needs the
trader's confirmation and the client's word, a size, a side, an instrument and a price that can be placed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from nlp.language import benchmarks, codes, identity, resting, saying, sides, swaps, topics
from nlp.language.again import afresh
from nlp.language.alone import alone, of_currency
from nlp.language.counting import told_apart
from nlp.language.dealing import Dealing
from nlp.language.deliveries import as_one, colour
from nlp.language.expiries import by_expiry
from nlp.language.frames import Frame
from nlp.language.learning import RECAP, headed, learn, unanswered
from nlp.language.model import Header, Turn
from nlp.language.pairing import completed
from nlp.language.parting import parts
from nlp.language.placing import by_price
from nlp.language.quoting import read_quote
from nlp.language.recalling import client_names, localized, recalled, tickers
from nlp.language.resolving import resolve
from nlp.language.shorttenors import shortened
from nlp.language.spelling import dictated
from nlp.language.strikes import by_strike
from nlp.language.supposing import SUPPOSED, returned
from nlp.language.tenors import by_tenor
from nlp.language.terms import Mention
from nlp.language.topics import Topic
from nlp.language.undoing import undone
from nlp.language.vocabulary import (
    Instrument,
    local_currencies,
    section,
    swap_index,
)


class Talk:
    """Walks through the turns once and remembers the enquiries."""

    def __init__(self, header: Header, turns: tuple[Turn, ...], frames: list[Frame]) -> None:
        self.header, self.turns, self.frames = header, turns, dictated(turns, frames)
        self.today: date = header.started.date()
        self.local: dict[str, str] = {}  # currency words of several countries, by the places spoken of
        self.client = client_names(header.client)
        self.topics: list[Topic] = []
        self.current: Topic | None = None
        self.indicative = False  # said before anything was asked: "indications only today"
        self.heading: tuple[int, Frame] | None = None  # what the client said of all lines of a list that followed
        self.labels: dict[str, Topic] = {}
        self.point: tuple[int, int] | None = None  # (turn, years) of the curve point last named
        self.government: tuple[int, str] = (-99, "")  # (turn, government) last named
        self.dealing = Dealing(self)
        self.topic_at: dict[int, Topic] = {}

    def walk(self) -> None:
        """Read every turn."""
        named = tickers(self.frames)
        spoken: set[str] = set()  # the tenors so far
        for i, (turn, frame) in enumerate(zip(self.turns, self.frames, strict=True)):
            for low in frame.lows:
                self.local |= local_currencies().get(low, {})
            frame = localized(recalled(frame, self.topics, named), self.local)
            frame = as_one(replace(alone(self, i, frame), client=self.client))
            frame = shortened(frame, self.current, spoken)
            frame = swaps.with_points(self, frame, trader=turn.who == "trader")
            self.frames[i] = frame
            pieces = parts(frame, self.labels, trader=turn.who == "trader")
            if turn.who == "client" and len(pieces) > 1 and not any(p.pointed or p.value > 50 for p in frame.prices):
                self.heading = (i, frame)
            for label, part in pieces:
                self._part(i, turn, part, label)
            spoken |= {tenor.code for tenor in self.frames[i].tenors}

    def _part(self, i: int, turn: Turn, frame: Frame, label: str) -> None:
        topic = self._topic(i, turn, frame, label)
        if topic is not None:
            self.topic_at[i] = topic
            frame = told_apart(frame, topic)
            if len(frame.lows) == len(self.frames[i].lows):
                self.frames[i] = frame
        gone = undone(self, i, frame)
        if gone is not None:
            self.dealing.undo(i, gone)
            return
        if turn.who == "trader" and self.dealing.confirm(i, frame, topic):
            return
        if topic is None:
            self.indicative = self.indicative or (turn.who == "client" and frame.has(*topics.INDICATIVE))
            self.heading = (i, frame) if turn.who == "client" else self.heading
            return
        if topic.opened == i and turn.who == "trader":
            for k in self._asked_before(i, frame):
                learn(self, k, self.turns[k], self.frames[k], topic)  # the trader names what was just asked
                topic.evidence.add(k)
            topic.side = topic.side or sides.restated_side(frame, topic.instrument)
        if topic.opened == i and turn.who == "client" and self.heading is not None:
            headed(topic, *self.heading)
        learn(self, i, turn, frame, topic)
        if turn.who == "trader":
            asked = self.frames[i - 1] if i and self.turns[i - 1].who == "client" else None
            converted = topic.quoted_at is not None and asked is not None and asked.has(*CONVERTED)
            if topic.quoted_at is not None and asked is not None and saying.asks_the_past(asked):
                converted = True  # "and what was it in April?"
            if not converted and not frame.has(*RECAP) and not resting.shows_no_price(self, i, frame, topic):
                read_quote(topic, frame, i, self._said_before(i))
            just_asked = asked is not None and self.topic_at.get(i - 1) is topic
            declined = (just_asked or bool(frame.mentions)) and topic.quoted_at is None and saying.declines(frame)
            if frame.has(*NOTHING_SHOWN) or declined or unanswered(i, frame, topic):
                topic.refused_at = i
                topic.evidence.add(i)
            if not self.dealing.cancelled(i, frame, topic):
                self.dealing.amended(i, frame, topic)
        else:
            self.dealing.client(i, frame, topic)

    def _said_before(self, i: int) -> Frame | None:
        """The client's last turn, unless several of the trader's lie between."""
        near = range(i - 1, max(-1, i - 4), -1)
        return next((self.frames[k] for k in near if self.turns[k].who == "client"), None)

    def _asked_before(self, i: int, frame: Frame) -> list[int]:
        """The client's turns, oldest first, that asked without its name for what the trader names in turn `i`: the one
        before, and those with the same amount or tenor."""
        sizes = {size.figure.value for size in frame.sizes}
        tenors = {tenor.code for tenor in frame.tenors}
        found = []
        for k in range(i - 1, max(-1, i - 1 - LOOKED_BACK), -1):
            before = self.frames[k]
            if self.turns[k].who != "client":
                continue
            if any(topics.strong(mention) for mention in before.mentions):
                break
            last = k == i - 1 and bool(before.sizes or before.has(*ASKS))
            alike = sizes & {s.figure.value for s in before.sizes} or tenors & {t.code for t in before.tenors}
            if last or alike:
                found.append(k)
        return found[::-1]

    def _topic(self, i: int, turn: Turn, frame: Frame, label: str) -> Topic | None:
        """The enquiry this part speaks of; opens a new one where a new instrument is named."""
        chosen: Topic | None = None
        self.current = returned(self, frame)
        benchmarks.noted(self, i, frame)
        for mention in frame.mentions:
            instrument = resolve(self, i, frame, mention)
            if instrument is None:
                continue
            known = self.find(instrument, i)
            if known is not None:
                bare = (
                    mention.weak and known is not self.current and instrument.kind == "bond" and not instrument.maturity
                )
                if not bare or (known.status == "open" and (frame.prices or frame.sizes or saying.takes(frame))):
                    known.instrument = identity.better(known.instrument, instrument)
                    chosen = known
            elif (
                instrument.kind == "irs"
                and mention.weak
                and (beside := chosen or self.current) is not None
                and beside.kind == "bond"
                and (frame.words[mention.first - 1].low in VERSUS or frame.has(*ASSET_SWAP))
            ):
                continue  # an asset swap spread "vs 6s", "z +58 on estr"
            elif (
                instrument.kind == "irs" and mention.weak and self.current is not None and topics.swapped(self.current)
            ):
                continue  # "two eighteen in the sixes": months of a currency swap
            elif colour(self, i, turn, frame, mention):
                continue  # "with Brent where it is"
            elif self._of_the_swap(frame, mention):
                continue
            elif (
                topics.strong(mention)
                or instrument is not mention.instrument
                or identity.described(instrument)
                or (instrument.kind == "irs" and mention.weak)
            ):
                before = self.current
                chosen = self.opened(i, instrument)
                if turn.who == "client" and frame.lows[:1] == ("and",) and before is not None:
                    chosen.hints |= before.hints & {"offer", "bid"}  # "and palladium?"
                if instrument.kind == "bond":
                    chosen.point = benchmarks.point_of(self, frame, mention, instrument)
            if chosen is not None and label:
                self.labels[label] = chosen
                chosen.label = label
        self._together(i, turn, frame, chosen)
        if chosen is None and frame.mentions and all(m.point for m in frame.mentions if m.weak):
            chosen = next((t for t in self.topics for m in frame.mentions if m.point and t.point == m.point), None)
        if chosen is None and label:
            chosen = self.labels.get(label)
        pair = completed(self, i, frame) if chosen is None else None
        if pair is not None:
            chosen = self.find(pair, i) or self.opened(i, pair)
        if chosen is None and turn.who == "client":
            chosen = of_currency(self, frame)
        for _, last, isin in frame.isins:
            chosen = codes.by_code(self, i, isin, chosen)
            chosen.called = chosen.called or codes.called(frame, last)
            self.labels |= {label: chosen} if label else {}
        if chosen is None or chosen.kind in ("fx", "option"):
            chosen = by_tenor(self, i, turn, frame, chosen) or chosen
        asked = chosen or self.current
        if asked is not None:
            chosen = by_strike(self, i, turn, frame, asked) or chosen
            chosen = by_expiry(self, i, turn, frame, chosen or asked) or chosen
        if chosen is None and self.current is not None:
            chosen = by_price(self.topics, frame, self.current)
        self.current = chosen or self.current
        if self.current is not None:
            self.current = afresh(self, i, turn, frame, self.current, named=chosen is not None)
        return self.current

    def _together(self, i: int, turn: Turn, frame: Frame, chosen: Topic | None) -> None:
        """Several enquiries opened in one breath: each has the amount before its name, all have the asked side."""
        fresh = [t for t in self.topics if t.opened == i and t is not chosen and t.size is None]
        if turn.who != "client" or not fresh:
            return
        for topic in fresh:
            topic.hints |= {word for word in ("offer", "bid") if frame.has(word, word + "s")}
            if topic.kind == "fx":
                topic.hints |= {hint for word, hint in topics.HINTS.items() if hint in SHARED and frame.has(word)}
                topic.tenor = topic.tenor or (frame.tenors[0].code if len(frame.tenors) == 1 else None)
            name = next((m for m in frame.mentions if identity.same(m.instrument, topic.instrument)), None)
            before = [s for s in frame.sizes if name is not None and s.figure.last <= name.first]
            named = name.first if name is not None else 0
            if before and not any(before[-1].figure.last <= m.first < named for m in frame.mentions):
                topic.size, topic.ccy, topic.unit = topics.size_of(before[-1], topic.instrument)
            if frame.has("each", "both", "apiece") and topic.kind == "bond":  # "I'd sell three million of each"
                topic.side = topic.side or sides.client_side(frame, topic.instrument)
                if len(frame.sizes) == 1:
                    topic.size, topic.ccy, topic.unit = topics.size_of(frame.sizes[0], topic.instrument)

    def _of_the_swap(self, frame: Frame, mention: Mention) -> bool:
        """ "Thirty thousand Aussie a basis point": the currency of the swap spoken of, not its pair."""
        current = self.current
        if current is None or current.kind != "irs" or not any(s.figure.last == mention.first for s in frame.sizes):
            return False
        codes = [m.code for m in frame.monies if m.first == mention.first and m.last == mention.last]
        return any(swap_index(code) == current.instrument.form for code in codes)

    def find(self, instrument: Instrument, i: int) -> Topic | None:
        """The enquiry in this instrument, newest first."""
        exact = [t for t in self.topics if t.instrument.code == instrument.code]
        if exact:
            if self.current in exact and SUPPOSED in self.current.hints:
                return self.current
            real = [t for t in exact if SUPPOSED not in t.hints] or exact
            return next((t for t in reversed(real) if t.status != "passed"), real[-1])
        alike = next((t for t in reversed(self.topics) if identity.same(t.instrument, instrument)), None)
        return alike or codes.named(self, instrument)

    def opened(self, i: int, instrument: Instrument) -> Topic:
        """A new enquiry."""
        topic = Topic(instrument, i)
        if self.indicative:
            topic.hints.add("indicative")
            topic.indicative_at = i
        topic.evidence.add(i)
        if any(topics.on_spread(other) for other in self.topics[-1:]) and topics.corporate(instrument):
            topic.hints.add("spread_bp")  # as the one before
        self.topics.append(topic)
        return topic


LOOKED_BACK = 6
"""Turns in which the client may have asked for what only the trader names."""
SHARED = ("ndf", "forward", "swap")
NOTHING_SHOWN: tuple[str, ...] = tuple(section("phrases", "dealing")["nothing_shown"])
VERSUS: frozenset[str] = frozenset(section("phrases", "topics")["versus"])
ASSET_SWAP: tuple[str, ...] = tuple(section("phrases", "topics")["asset_swap"])
CONVERTED: tuple[str, ...] = tuple(section("phrases", "topics")["converted"])
ASKS: tuple[str, ...] = tuple(section("phrases", "dealing")["asks"])
