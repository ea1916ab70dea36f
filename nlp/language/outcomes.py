"""How an enquiry ended that did not become a deal: passed, called off after it was dealt, only for information."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import identity, resting, saying, topics, vocabulary
from nlp.language.clauses import passes, sentence_with
from nlp.language.model import Outcome
from nlp.language.placing import all_placed, placed, says_price
from nlp.language.readback import legs
from nlp.language.supposing import SUPPOSED, outdone
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.figures import Figure
    from nlp.language.frames import Frame
    from nlp.language.talk import Talk

ANSWERED_WITHIN = 6
"""Turns after a price in which the client's word is about it."""
CONFIRMED_WITHIN = 3
"""Turns after the client's word in which the trader says that it is done."""
TRADED = {"sold", "bought", "sells", "buys", "sell", "buy"}
NOT_DONE = {"if", "would", "'d", "could", "can", "cannot", "not", "n't", "nothing", "once", "when", "want", "unless"}


def outcome(talk: Talk, topic: Topic) -> Outcome | None:
    """The end of an enquiry that did not deal; None where there is none to report."""
    if topic.instrument.form == vocabulary.NEW_ISSUE:
        return None  # guidance is published
    if topic.status == "cancelled":
        return "cancelled"
    if topic.status in ("dealt", "ordered") or outdone(talk, topic) or not client_asked(talk, topic):
        return None
    struck = struck_at(talk, topic)
    if struck is not None:
        return "cancelled" if _called_off(talk, topic, struck) else None
    if topic.status == "open" and topic.shown_at is not None and (topic.unsettled_at or -1) > topic.shown_at:
        return None  # it seems done, but not how: it is asked about, not reported as passed
    if topic.quoted_at is None:
        return "no_quote" if topic.refused_at is not None else None
    after = range(topic.quoted_at, min(len(talk.turns), topic.quoted_at + ANSWERED_WITHIN))
    mine = [k for k in after if talk.topic_at.get(k) is topic]
    client = [k for k in after if talk.turns[k].who == "client"]
    if topic.status != "passed" and not client and "indicative" not in topic.hints:
        return None  # nobody has answered yet
    if SUPPOSED in topic.hints:
        return "hypothetical"
    if any(_gone(talk.frames[k]) and _spoken_of(talk, k, topic) for k in after):
        return "traded_away"
    if any(talk.frames[k].has(*topics.CONDITIONAL) for k in mine):
        return "conditional"
    if any(talk.frames[k].has(*topics.HYPOTHETICAL) for k in range(max(0, topic.opened - 1), topic.quoted_at + 1)):
        return "hypothetical"
    return "indicative" if indicative(talk, topic) else "passed"


def struck_at(talk: Talk, topic: Topic) -> int | None:
    """The turn in which the trader says that the price shown was dealt on, whatever was understood of the deal: after
    the client took it, or with the amount or the price that the enquiry is about."""
    if topic.shown_at is None:
        return None
    taken = -CONFIRMED_WITHIN
    for k in range(topic.shown_at + 1, len(talk.turns)):
        frame, about = talk.frames[k], talk.topic_at.get(k)
        if _of_another(talk, topic, k) or _of_another_date(talk, topic, frame):
            continue
        if talk.turns[k].who == "client":
            taken = k if about is topic and saying.takes(frame) and not passes(frame) else taken
        elif resting.cued(frame) and not saying.done(frame) and topic.status == "passed":
            continue  # an order that is left after the price was turned down
        elif (k - taken <= CONFIRMED_WITHIN and _confirmed(talk, topic, k)) or (
            _told(frame) and _states(talk, topic, k)
        ):
            return k
    return None


def _of_another(talk: Talk, topic: Topic, k: int) -> bool:
    """What is done in that turn is another bond, or the swap of another tenor."""
    others = [d.topic for d in talk.dealing.done if d.turn == k]
    apart = (other.kind == topic.kind and not identity.same(other.instrument, topic.instrument) for other in others)
    return topic.kind in ("bond", "irs") and bool(others) and all(apart)


def _confirmed(talk: Talk, topic: Topic, k: int) -> bool:
    """After the client took the price: said to be done, and not of another line that has its own price."""
    about = talk.topic_at.get(k)
    other = about is not None and about is not topic and about.shown_at is not None
    return _dealt_by_name(talk, topic, k) or _told(talk.frames[k]) and not other


def _of_another_date(talk: Talk, topic: Topic, frame: Frame) -> bool:
    """The price that a turn says is that of another enquiry in the instrument, to another date, not of this one."""
    beside = [t for t in talk.topics if t is not topic and t.kind == topic.kind and t.shown_at is not None]
    beside = [t for t in beside if t.instrument.code == topic.instrument.code]
    return bool(beside) and not says_price(topic, frame) and any(says_price(t, frame) for t in beside)


def _states(talk: Talk, topic: Topic, k: int) -> bool:
    """What is done is this business: its amount, its price, and no order."""
    frame, about = talk.frames[k], talk.topic_at.get(k)
    if about is topic:
        return _repeats(topic, frame) and not _of_an_order(talk, topic, k)
    return _says_it(topic, about, frame)


def _says_it(topic: Topic, about: Topic | None, frame: Frame) -> bool:
    """The amount and the price shown are said of what goes by another name: another spelling, other months."""
    if about is None or about.kind != topic.kind or topic.status == "passed":
        return False
    sizes = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes}
    prices = {placed(topic, frame, figure) for figure in frame.prices}
    return bool(prices & ({topic.bid, topic.ask} - {None})) and bool(sizes) and about.opened > topic.opened


def _of_an_order(talk: Talk, topic: Topic, k: int) -> bool:
    """After the price was turned down, or where an order is left, what is repeated is that order; not what it did."""
    frame = talk.frames[k]
    if any(verb.low in ("sold", "bought") for verb in frame.verbs):
        return False
    passed = topic.passed_at is not None and topic.passed_at < k
    return passed or resting.shows_no_price(talk, k, frame, topic)


def _dealt_by_name(talk: Talk, topic: Topic, k: int) -> bool:
    """The deal of that turn is this business under another name: "Penmarrow" for the ticker."""
    deals = [d.deal for d in talk.dealing.done if d.turn == k and d.topic.kind == topic.kind]
    return topic.status != "passed" and any(deal.quantity == topic.size for deal in deals)


def _told(frame: Frame) -> bool:
    """Business is said to be done: "that's dealt", "one eighty sold", "you buy seven million at ..."."""
    if frame.question or saying.past(frame) or saying.away(frame):
        return False
    if saying.done(frame):
        return True
    return any(TRADED & set(part.lows) and not NOT_DONE & set(part.lows) for part in saying.sentences(frame))


def _repeats(topic: Topic, frame: Frame) -> bool:
    """The amount asked for is said with a word of dealing."""
    sizes = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes}
    sizes |= {figure.value for figure in frame.prices if len(figure.chunks) == 1}
    sold = any(verb.low in ("sold", "bought") for verb in frame.verbs) or saying.done(frame)
    return sold and bool(sizes) or topic.size in sizes and any(leg.prices for leg in legs(frame))


def _called_off(talk: Talk, topic: Topic, struck: int) -> bool:
    """What was dealt is undone later, and nothing else that was dealt is meant."""
    for k in range(struck + 1, len(talk.turns)):
        frame = talk.frames[k]
        if talk.turns[k].who != "trader" or frame.question or not frame.has(*topics.CANCEL):
            continue
        meant = _named_near(frame, topic)
        if meant is not None:
            return meant
        others = [t for t in talk.topics if t is not topic and topic.opened < t.opened < k]
        return not any(t.status in ("dealt", "cancelled") or struck_at(talk, t) is not None for t in others)
    return False


def _named_near(frame: Frame, topic: Topic) -> bool | None:
    """Whether what is named nearest to the word of undoing is this instrument; None where nothing is named."""
    lows = frame.lows
    undone = {
        frame.begin + k
        for phrase in topics.CANCEL
        for k in range(len(lows))
        if lows[k : k + phrase.count(" ") + 1] == tuple(phrase.split())
    }
    named = [(m.first, identity.same(m.instrument, topic.instrument)) for m in frame.mentions if topics.strong(m)]
    named += [(m.first, topic.kind == "fx" and m.code in topic.instrument.code) for m in frame.monies]
    said = sentence_with(frame, topics.CANCEL)
    inside = [pair for pair in named if said.begin <= pair[0] < said.begin + len(said.lows)]
    return min(inside, key=lambda pair: min(abs(pair[0] - k) for k in undone))[1] if inside and undone else None


def _gone(frame: Frame) -> bool:
    """Done with another dealer; not "I'd do it there if they sign"."""
    return saying.away(frame) and not saying.supposes(frame)


def _spoken_of(talk: Talk, k: int, topic: Topic) -> bool:
    """The turn is about this instrument, not about another one named in between."""
    about = talk.topic_at.get(k)
    return about is None or identity.same(about.instrument, topic.instrument)


def indicative(talk: Talk, topic: Topic) -> bool:
    """An indication was asked for or given, and no firm price followed; so is what was asked without amount or side
    and left at that."""
    if "indicative" in topic.hints and topic.quoted_at is None:
        return True
    shown, last = topic.shown_at, topic.quoted_at
    if shown is None or last is None:
        return False
    mine = [k for k in range(max(0, topic.opened - 1), len(talk.turns)) if talk.topic_at.get(k, topic) is topic]
    asked = [k for k in mine if k < last and talk.turns[k].who == "client"]
    begin = max((k for k in asked if talk.frames[k].has(*FIRM) or k > shown and talk.frames[k].sizes), default=-1)
    passed = topic.status == "passed" and topic.passed_at is not None
    until = max(topic.passed_at or 0, last) if passed else last + ANSWERED_WITHIN
    for k in mine:
        mine_to_say = k <= last or not passed or talk.turns[k].who == "client"
        other = k > shown and _of_another_thing(topic, talk.frames[k], client=talk.turns[k].who == "client")
        if begin < k <= until and mine_to_say and not other and talk.frames[k].has(*topics.INDICATIVE):
            return True
    if begin < 0 and "indicative" in topic.hints and topic.indicative_at in (None, topic.opened):
        return True  # "indications only today", said before
    rough = any(f.first and _rough(talk.frames[last], f) for f in talk.frames[last].prices)
    return not passed and (rough or topic.size is None and topic.side is None)


def _of_another_thing(topic: Topic, frame: Frame, *, client: bool) -> bool:
    """After a price was shown: another level is asked for or guessed, "a floor where, roughly?", "four oh five-ish"."""
    if client:
        return frame.question and not frame.prices
    said = all_placed(topic, frame)
    return bool(said) and not said & {topic.bid, topic.ask, topic.mid}


def _rough(frame: Frame, figure: Figure) -> bool:
    """ "Something like four thirty-one and a half", "17/21 pips ish"."""
    lows = [word.low for word in frame.words]
    near = (
        f" {' '.join(lows[max(0, figure.first - 4) : figure.first])} , {' '.join(lows[figure.last : figure.last + 4])} "
    )
    return any(f" {phrase} " in near for phrase in ROUGH)


def client_asked(talk: Talk, topic: Topic) -> bool:
    """The client asked for it; a level that the trader throws in is market colour, unless it is beside what the client
    had asked for and they answer to it: "same strike 1m is 8/11" "no need"."""
    until = len(talk.turns) if topic.quoted_at is None else topic.quoted_at
    if any(talk.turns[k].who == "client" for k in topic.evidence if k <= until):
        return True
    return _taken_up(talk, topic) or _renamed(talk, topic) or _refused(talk, topic) or _beside(talk, topic)


def _taken_up(talk: Talk, topic: Topic) -> bool:
    """The client says the price again that was shown unasked, or on whom it depends whether they take it."""
    if topic.quoted_at is None:
        return False
    after = range(topic.quoted_at + 1, min(len(talk.turns), topic.quoted_at + 1 + CONFIRMED_WITHIN))
    mine = [talk.frames[k] for k in after if talk.turns[k].who == "client" and talk.topic_at.get(k) is topic]
    return any(frame.has(*topics.CONDITIONAL) or says_price(topic, frame) for frame in mine)


def _renamed(talk: Talk, topic: Topic) -> bool:
    """What the client has just asked for and nobody priced: the trader gives it its full name."""
    near = [t for t in talk.topics if 0 <= topic.opened - t.opened <= 2 and t is not topic]
    near = [t for t in near if t.shown_at is None or topic.shown_at is not None and t.shown_at > topic.shown_at]
    return any(t.instrument.form == topic.instrument.form != "" and talk.turns[t.opened].who == "client" for t in near)


def _beside(talk: Talk, topic: Topic) -> bool:
    at = topic.quoted_at
    answered = at is not None and at + 1 < len(talk.turns) and talk.turns[at + 1].who == "client"
    before = [t for t in talk.topics if t.opened < topic.opened and t.kind == topic.kind == "option"]
    return answered and any(t.instrument.form == topic.instrument.form for t in before)


def _refused(talk: Talk, topic: Topic) -> bool:
    """The client turns down what the trader offered unasked."""
    after = range(topic.quoted_at + 1, min(len(talk.turns), topic.quoted_at + 3)) if topic.quoted_at is not None else ()
    answer = next((talk.frames[k] for k in after if talk.turns[k].who == "client"), None)
    offered = topic.quoted_at is not None and talk.frames[topic.quoted_at].has(*OFFERED)
    return offered and answer is not None and answer.lows[:1] in (("no",), ("nah",), ("nope",))


FIRM: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["firm"])
ROUGH: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["rough"])
OFFERED: tuple[str, ...] = tuple(vocabulary.section("phrases", "dealing")["offering"])
