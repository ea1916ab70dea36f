"""Complaints about the bank's service: what went wrong, that the client minds, and whether it is to be registered.

One word of blame is none. A fault counts with a second sign beside it (displeasure, that it happened before, the
trader's taking it on), and the client's own word that this is a complaint counts by itself. What the market, the client
or anybody else did wrong is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from nlp.language import vocabulary
from nlp.language.evidence import BOTH, FOLLOWS, ONE, span
from nlp.language.frames import Frame
from nlp.language.model import FieldSpan, Matter, Turn
from nlp.language.phrases import Phrases
from nlp.language.saying import sentences
from nlp.language.stances import stance

Kind = Literal[
    "fault",
    "unattended",
    "displeasure",
    "again",
    "owned",
    "complaining",
    "asked",
    "formal",
    "withdrawn",
    "about",
    "to_bank",
]
_WORDS = vocabulary.section("matters", "complaint")


def _pattern(part: str) -> re.Pattern[str]:
    return re.compile("|".join(_WORDS[part]))


def _phrases(*parts: str) -> Phrases[str]:
    return Phrases((str(phrase), part) for part in parts for phrase in _WORDS[part])


SERVICE, FAULT, SLOW = _phrases("service", "shared", "prices"), _phrases("fault"), _phrases("slow")
DISPLEASURE, OWNED = _phrases("displeasure"), _phrases("owned")
YOU: frozenset[str] = frozenset(_WORDS["you"])
ELSEWHERE: tuple[str, ...] = tuple(_WORDS["elsewhere"])
FORMAL: tuple[str, ...] = tuple(_WORDS["formal"])
DECLINED: tuple[str, ...] = tuple(_WORDS["declined"])
ASKING: frozenset[str] = frozenset(_WORDS["asking"])
NO_FAULT: frozenset[str] = frozenset(_WORDS["no_fault"])
UNATTENDED, AGAIN, SUPPOSING = _pattern("unattended"), _pattern("again"), _pattern("supposing")
COMPLAINING, ASKED, WHOM = _pattern("complaining"), _pattern("asked"), _pattern("whom")
NOT_COMPLAINING, WITHDRAWN = _pattern("not_complaining"), _pattern("withdrawn")
COMPLAINT = {"complaint", "complaints", "complain"}
POINTING = {"it", "they", "that", "this", "which", "you"}
CLAUSE_ENDS = {",", ";", "--", "...", ".."}
LEADING = {"and", "but", "so", "because", "then", "also", "or", *CLAUSE_ENDS}
WIDE = 6  # turns between two signs of one complaint
FAR = 24  # turns after which what went wrong is still what a complaint is about
NEAR = 2  # turns after a thing was named in which "it" means it
LONGEST = 18  # words of what is complained of
ANSWERED = 3  # turns in which an offer to register it is answered
SENTENCES = 3  # of a turn, that answer
DONE, BY_BANK = {"service", "shared"}, {"service", "prices"}
BESIDE = {"about", "to_bank", "withdrawn"}  # what makes no complaint
WRONG: tuple[Kind, ...] = ("fault", "unattended")


@dataclass(frozen=True)
class Sign:
    """What one sentence says of it, by its kind; "about" and "to_bank" only tell of what and to whom."""

    kind: Kind
    turn: int
    sentence: tuple[int, int]  # tokens
    first: int  # the words that say so, as tokens of the turn
    last: int


@dataclass
class Stretch:
    """The signs of one complaint."""

    signs: list[Sign] = field(default_factory=list)

    def of(self, *kinds: Kind) -> list[Sign]:
        return [sign for sign in self.signs if sign.kind in kinds]

    @property
    def until(self) -> int:
        """The turn of its last sign."""
        return max(sign.turn for sign in self.signs if sign.kind not in BESIDE)

    @property
    def stands(self) -> bool:
        kinds = {sign.kind for sign in self.signs} - BESIDE
        if "complaining" in kinds:
            return True
        if kinds & {*WRONG}:
            return len(kinds) > 1 and (kinds != {"fault", "again"} or bool(self.of("to_bank")))
        return "displeasure" in kinds and bool(kinds & {"owned", "formal"}) and bool(self.of("about"))

    @property
    def formal(self) -> bool:
        """To be registered, unless the client let that go again."""
        last = [max((sign.turn for sign in self.of(kind)), default=-1) for kind in ("formal", "withdrawn")]
        return last[0] > last[1]

    @property
    def told(self) -> Sign:
        """The sentence that tells best what is complained of."""
        about = {(sign.turn, sign.sentence) for sign in self.of("about")}
        wrong = self.of("fault") or self.of("unattended")
        named = [s for s in wrong if (s.turn, s.sentence) in about and s.turn - wrong[0].turn <= NEAR]
        return (named or wrong or self.of("about") or self.of("displeasure") or self.signs)[0]


def complaints(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Matter]:
    """One for each stretch of the talk in which the client complains."""
    stretches: list[Stretch] = []
    for i, turn in enumerate(turns):
        for sign in _signs(i, frames) if turn.who == "client" else _taken_on(i, turns, frames):
            stretch = _of(stretches, sign, turn.who)
            if stretch is not None:
                stretch.signs.append(sign)
    return [_matter(turns, frames, stretch) for stretch in stretches if stretch.stands]


def _of(stretches: list[Stretch], sign: Sign, who: str) -> Stretch | None:
    """The stretch that a sign belongs to: the client begins one, the word "complaint" means what went wrong before."""
    last = stretches[-1] if stretches else None
    if last is not None:
        far = sign.kind in ("complaining", "asked", "formal") and last.of(*WRONG, "displeasure")
        if sign.turn - last.until <= (FAR if far else WIDE):
            return last
    if who == "trader" or sign.kind in BESIDE | {"formal"}:
        return None
    stretches.append(Stretch())
    return stretches[-1]


def _signs(i: int, frames: list[Frame]) -> list[Sign]:
    """What the client says in one turn."""
    found: list[Sign] = []
    for part in sentences(frames[i]):
        text = " ".join(part.lows)
        if part.has(*ELSEWHERE):
            continue
        found += _by_pattern("again", i, part, text, AGAIN)
        if SUPPOSING.search(text):
            continue
        found += [*_complaining(i, part, text), *_registered(i, part)]
        found += _by_pattern("unattended", i, part, text, UNATTENDED)
        things = _things(part)
        if things != {"prices"}:
            found += _marked("displeasure", i, part, DISPLEASURE)
        if (things or part.monies or _points_back(i, part, frames)) and not (part.question and part.lows[0] in ASKING):
            found += _faults(i, part, things)
        if things & DONE:
            found.append(_whole("about", i, part))
        if YOU & {*part.lows} or things & BY_BANK:
            found.append(_whole("to_bank", i, part))
    return found


def _faults(i: int, part: Frame, things: set[str]) -> list[Sign]:
    """What went wrong; with prices only that they are slow."""
    if things == {"prices"}:
        return _marked("fault", i, part, SLOW)
    return [sign for sign in _marked("fault", i, part, FAULT) if not _denied(part, sign.first)]


def _denied(part: Frame, first: int) -> bool:
    """ "Nothing wrong with it", "not late"."""
    at = first - part.begin
    said_so = part.words[first].low in NO_FAULT
    return not said_so and bool(NO_FAULT & {*part.lows[max(0, at - 2) : at]})


def _points_back(i: int, part: Frame, frames: list[Frame]) -> bool:
    """ "And it's wrong": of a thing of the service, or of money, that was named just before."""
    if not POINTING & {*part.lows[:4]}:
        return False
    before = frames[max(0, i - NEAR) : i + 1]
    return any(frame.monies or _things(frame) & DONE for frame in before)


def _things(part: Frame) -> set[str]:
    return {each.meaning for each in SERVICE.found(part.lows)}


def _complaining(i: int, part: Frame, text: str) -> list[Sign]:
    if signs := _by_pattern("withdrawn", i, part, text, WITHDRAWN):
        return signs
    if NOT_COMPLAINING.search(text):
        return []
    if signs := _by_pattern("complaining", i, part, text, WHOM):
        return signs
    if part.question:
        return _by_pattern("asked", i, part, text, ASKED)
    return _by_pattern("complaining", i, part, text, COMPLAINING)


def _by_pattern(kind: Kind, i: int, part: Frame, text: str, pattern: re.Pattern[str]) -> list[Sign]:
    said = pattern.search(text)
    if said is None:
        return []
    first = part.begin + text[: said.start()].count(" ")
    last = part.begin + text[: said.end()].count(" ") + 1
    return [Sign(kind, i, _tokens(part), first, last)]


def _whole(kind: Kind, i: int, part: Frame) -> Sign:
    return Sign(kind, i, _tokens(part), *_tokens(part))


def _marked(kind: Kind, i: int, part: Frame, phrases: Phrases[str]) -> list[Sign]:
    return [
        Sign(kind, i, _tokens(part), part.begin + each.first, part.begin + each.last)
        for each in phrases.found(part.lows)
    ]


def _tokens(part: Frame) -> tuple[int, int]:
    return part.begin, part.begin + len(part.lows)


def _taken_on(i: int, turns: tuple[Turn, ...], frames: list[Frame]) -> list[Sign]:
    """The trader takes the fault on, or will register the complaint, offered and accepted or by their own word."""
    found = _marked("owned", i, frames[i], OWNED)
    for part in sentences(frames[i]):
        if said := _registered(i, part):
            answer, agreed = _answer(i, turns, frames)
            if agreed is not False and (agreed or not part.question):
                found += [*said, *([answer] if answer is not None and part.question else [])]
    return found


def _answer(i: int, turns: tuple[Turn, ...], frames: list[Frame]) -> tuple[Sign | None, bool | None]:
    """What the client says to having it registered, at once or after asking back."""
    for k in range(i + 1, min(len(turns), i + ANSWERED + 1)):
        for part in sentences(frames[k])[:SENTENCES] if turns[k].who == "client" else ():
            agreed = False if part.has(*DECLINED) else stance(part.lows)
            if agreed is not None:
                return _whole("formal", k, part), agreed
    return None, None


def _registered(i: int, part: Frame) -> list[Sign]:
    """A complaint that is to be on record: "logged as a formal complaint"."""
    named = [k for k, low in enumerate(part.lows, part.begin) if low in COMPLAINT]
    if not named or not part.has(*FORMAL) or _denied_altogether(" ".join(part.lows)):
        return []
    return [Sign("formal", i, _tokens(part), named[0], named[0] + 1)]


def _denied_altogether(text: str) -> bool:
    return NOT_COMPLAINING.search(text) is not None or WITHDRAWN.search(text) is not None


def _matter(turns: tuple[Turn, ...], frames: list[Frame], stretch: Stretch) -> Matter:
    told = stretch.told
    first, last = _clauses(frames[told.turn], stretch, told)
    words = frames[told.turn].words
    spans = [span("what", turns, told.turn, words[first].start, words[last - 1].end)]
    spans += [_span(turns, frames, sign) for sign in stretch.signs if sign.kind not in BESIDE]
    places = {each.turn for each in spans}
    both = any(turns[k].who == "trader" for k in places) and stretch.of(*WRONG)
    return Matter(
        kind="complaint",
        what=spans[0].text,
        raised_by="client",
        formal=stretch.formal,
        evidence=tuple(sorted(places)),
        spans=tuple(spans),
        confidence=BOTH if both else ONE if stretch.of("complaining", "displeasure") else FOLLOWS,
    )


def _span(turns: tuple[Turn, ...], frames: list[Frame], sign: Sign) -> FieldSpan:
    words = frames[sign.turn].words
    return span(sign.kind, turns, sign.turn, words[sign.first].start, words[sign.last - 1].end)


def _clauses(frame: Frame, stretch: Stretch, told: Sign) -> tuple[int, int]:
    """The sentence, without the words that only lead to it; of a long one the clauses that say what is wrong."""
    lows = [word.low for word in frame.words]
    first, last = told.sentence
    if last - first > LONGEST:
        same = [sign for sign in stretch.signs if sign.turn == told.turn and sign.sentence == told.sentence]
        here = [sign for sign in same if sign.kind not in BESIDE] or same
        things = [first + each.first for each in SERVICE.found(lows[first:last])]
        begin = min([sign.first for sign in here] + things[:1])
        end = max(sign.last for sign in here)
        first = max((k + 1 for k in range(first, begin) if lows[k] in CLAUSE_ENDS), default=first)
        last = next((k for k in range(end, last) if lows[k] in CLAUSE_ENDS), last)
    while first < last - 1 and (lows[first] in LEADING or lows[first + 1] == ","):  # "Well, it turned up yesterday"
        first += 1
    while last > first + 1 and not lows[last - 1].isalnum():
        last -= 1
    return first, last
