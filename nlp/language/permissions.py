"""Leave that the trader asks for: the channels of a question, and the client's yes, no or "not yet"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nlp.language import vocabulary
from nlp.language.frames import Frame

_WORDS = vocabulary.section("phrases", "attitude")
CHANNELS: dict[str, tuple[str, ...]] = {name: tuple(words) for name, words in _WORDS["channels"].items()}
ACTIONS: dict[str, tuple[str, ...]] = {name: tuple(words) for name, words in _WORDS["actions"].items()}
PRIVATE: frozenset[str] = frozenset(_WORDS["private"])
PREFERENCE: tuple[str, ...] = tuple(_WORDS["preference"])
PERMISSION: tuple[str, ...] = tuple(_WORDS["permission"])
ROUND: tuple[str, ...] = tuple(_WORDS["round"])
AGREEING: tuple[tuple[str, ...], ...] = tuple(tuple(phrase.split()) for phrase in (*_WORDS["yes"], *_WORDS["agreeing"]))
DECLINING: tuple[tuple[str, ...], ...] = tuple(
    tuple(phrase.split()) for phrase in (*_WORDS["no"], *_WORDS["declining"])
)
UNDECIDED: tuple[str, ...] = tuple(_WORDS["undecided"])
PERIODS = {"daily", "weekly", "monthly", "quarterly"}
HEAD = 14  # tokens of an answer that say yes or no
ROUND_LASTS = 8  # turns in which a further channel needs no full question ("and e-mail?")

GENERAL: tuple[str, ...] = tuple(_WORDS["general"])
ONE_THING = {"it", "this", "that", "the", "those", "them", "a", "an", "your", "ur", "over"}
INSTEAD = {*PERIODS, "version", "instead", "shorter", "less"}

Answer = Literal["yes", "no", "open"]


@dataclass(frozen=True)
class Named:
    """A channel between tokens of a turn."""

    first: int
    last: int
    channel: str
    action: bool = False  # named by what is done ("ring me")


@dataclass(frozen=True)
class Asked:
    """Leave asked for in a turn of the trader."""

    turn: int
    channels: frozenset[str]
    minding: bool  # "would you mind": a no is a yes


def channels_named(frame: Frame, *, actions: bool = False) -> list[Named]:
    """The channels of a turn, the longest name at each place; "my mobile" is where something came, not how. With
    `actions` also what is done by a channel ("ring you")."""
    lows, found, k = frame.lows, [], 0
    names = [(False, *row) for row in CHANNELS.items()] + [(True, *row) for row in ACTIONS.items() if actions]
    while k < len(lows):
        hits = [
            (len(phrase.split()), not action, channel)
            for action, channel, phrases in names
            for phrase in phrases
            if list(lows[k : k + len(phrase.split())]) == phrase.split()
        ]
        length, plain, channel = max(hits, default=(0, True, ""))
        if length:
            mine = channel == "phone" and {"my", "new", "personal", "own", "your"} & set(lows[max(0, k - 2) : k])
            if not mine:
                found.append(Named(k, k + length, channel, not plain))
        k += length or 1
    return found


def asked(i: int, frame: Frame, *, in_round: bool) -> Asked | None:
    """The leave that turn `i` asks for. E-mail, phone and post are also ways to do one thing now: of these only a
    question about the future counts, or one in a round of such questions."""
    places = channels_named(frame, actions=True)
    named = {place.channel for place in places}
    if "email_newsletter" in named or (named == {"email"} and PERIODS & set(frame.lows)):
        named = {"email_newsletter"} | named - {"email"}
    wanted = frame.has(*PERMISSION) or in_round and (frame.question or len(frame.lows) <= 24)
    if not named or not wanted:
        return None
    lasting = in_round or frame.has(*PREFERENCE, *ROUND, *GENERAL)
    once = {place.channel for place in places if ONE_THING & set(frame.lows[place.last : place.last + 1])}
    channels = {
        channel for channel in named if channel in PRIVATE or lasting and not frame.days and channel not in once
    }
    return Asked(i, frozenset(channels), frame.has("mind")) if channels else None


def _together(frame: Frame, one: int, other: int) -> bool:
    """Two tokens stand in one sentence."""
    return not {".", "?", "!"} & set(frame.lows[min(one, other) : max(one, other)])


def answer(frame: Frame, minding: bool) -> Answer | None:
    """Yes, no or undecided, by the first word that says so; None if nothing does."""
    if frame.has(*UNDECIDED):
        return "open"
    lows = frame.lows[:HEAD]
    found: list[tuple[int, int, bool]] = []
    for phrases, yes in ((AGREEING, True), (DECLINING, False)):
        for phrase in phrases:
            found += [(k, -len(phrase), yes) for k in range(len(lows)) if lows[k : k + len(phrase)] == phrase]
    if not found:
        return None
    said = [yes for _, _, yes in sorted(found)]
    if minding and not said[0] and (True in said or len(lows) <= 4):
        return "yes"  # "do you mind?" "no, that's fine"
    return "yes" if said[0] else "no"


class Questions:
    """The leave asked for so far in a talk, and the question that still waits for its answer."""

    def __init__(self) -> None:
        self.open: Asked | None = None
        self._round_at = -99
        self._refused: Asked | None = None
        self._spoken: set[str] = set()

    def put(self, i: int, frame: Frame) -> None:
        """A turn of the trader: a question for leave, another offer of what was refused, or neither."""
        if frame.has(*ROUND):
            self._round_at = i
        new = asked(i, frame, in_round=i - self._round_at <= ROUND_LASTS)
        if new is not None and not frame.question and new.channels <= self._spoken:
            new = None  # the trader says the answer again
        if new is None and self._refused is not None and i - self._refused.turn <= 2 and INSTEAD & set(frame.lows):
            new = Asked(i, self._refused.channels, False)
        if new is not None:
            self.open, self._round_at = new, i
        elif self.open is not None and i - self.open.turn > 2:
            self.open = None

    def answered(self, i: int, frame: Frame) -> tuple[dict[str, bool], frozenset[str]]:
        """Turn `i` of the client as an answer: the channels allowed or refused, and those left undecided. A question
        of the client leaves the trader's open."""
        self._spoken = {place.channel for place in channels_named(frame, actions=True)}
        if self.open is None:
            return {}, frozenset()
        self._spoken |= self.open.channels
        question, said = self.open, answer(frame, self.open.minding)
        if said is None and frame.question:
            return {}, frozenset()
        self.open = None
        self._refused = question if said == "no" else None
        if said == "open":
            return {}, question.channels
        named = {place.channel for place in channels_named(frame, actions=True)} - {"email"} & question.channels
        left = question.channels if not named & question.channels else question.channels & named
        return (dict.fromkeys(left, said == "yes") if said else {}), frozenset()
