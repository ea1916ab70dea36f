"""Leave that the trader asks for: the channels of a question, and the client's yes, no or "not yet"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nlp.language import vocabulary
from nlp.language.calendar import Day
from nlp.language.channels import PRIVATE, STOPS, Named, channels_named
from nlp.language.frames import Frame
from nlp.language.stances import cues, stance

_WORDS = vocabulary.contact("leave")
PREFERENCE: tuple[str, ...] = tuple(_WORDS["preference"])
PERMISSION: tuple[str, ...] = tuple(_WORDS["permission"])
ROUND: tuple[str, ...] = tuple(_WORDS["round"])
OFFERS: tuple[str, ...] = tuple(_WORDS["offers"])
MOMENT: tuple[str, ...] = tuple(_WORDS["moment"])
ARRIVED: frozenset[str] = frozenset(_WORDS["arrived"])
UNDECIDED: tuple[str, ...] = tuple(_WORDS["undecided"])
GENERAL: tuple[str, ...] = tuple(_WORDS["general"])
HAD: tuple[str, ...] = tuple(_WORDS["had"])
OFFERED: tuple[str, ...] = tuple(_WORDS["offered"])
PERIODS = {"daily", "weekly", "monthly", "quarterly"}
ANOTHER = re.compile(
    r"\b(?:i|we) (?:(?:'ll|will|'d|would|must|need to|have to|should|better) )+(?:ask|check with|find out|clear it"
    r"|run it|speak to|talk to)\b|\b(?:not|n't) (?:for me to|my call|my decision|mine to|up to me)\b"
    r"|\b(?:up to|for|with) (?:my|our|the|his|her|their) (?:\w+ ){1,3}to (?:say|decide)\b"
    r"|\b(?:you 'd|you 'll|you|u) (?:have to |need to |must |should |better )+ask\b"
)
"""Somebody else is to say: no answer yet."""
ROUND_LASTS = 8  # turns in which a further channel needs no full question ("and e-mail?")
SHORT = 16  # tokens of a question that only names a channel ("and WhatsApp?")
ANSWER = 45  # tokens of an answer

ONE_THING = {"it", "this", "that", "the", "those", "them", "a", "an", "your", "ur", "over"}
INSTEAD = {*PERIODS, "version", "instead", "shorter", "less"}

Answer = Literal["yes", "no", "open"]


@dataclass(frozen=True)
class Asked:
    """Leave asked for in a turn of the trader."""

    turn: int
    channels: frozenset[str]
    minding: bool  # "would you mind": a no is a yes
    offered: bool = False  # not a question: only a firm word answers


def asked(i: int, frame: Frame, *, in_round: bool) -> Asked | None:
    """The leave that turn `i` asks for, or the offer it makes. E-mail, phone and post are also ways to do one thing
    now: of these only a question about the future counts, or one in a round of such questions."""
    places = channels_named(frame, actions=True)
    named = {place.channel for place in places}
    if "email_newsletter" in named or (named == {"email"} and PERIODS & set(frame.lows)):
        named = {"email_newsletter"} | named - {"email"}
    private = bool(named & PRIVATE)
    told = bool(ARRIVED & set(frame.lows))
    last = max((k for k, low in enumerate(frame.lows[:-1]) if low in STOPS), default=-1)
    ends = any(place.first > last for place in places if place.channel in named)
    bare = private and frame.question and ends and len(frame.lows) - last <= SHORT and not told
    wanted = frame.has(*PERMISSION) or in_round and (frame.question or len(frame.lows) <= 24) or bare
    offered = not wanted and not told and frame.has(*OFFERS) and not frame.has(*MOMENT)
    if not named or not (wanted or offered):
        return None
    lasting = in_round or frame.has(*PREFERENCE, *ROUND, *GENERAL) or private and frame.question and "or" in frame.lows
    once = {
        place.channel
        for place in places
        if ONE_THING & set(frame.lows[place.last : place.last + 1])
        or any(_together(frame, place, d) for d in frame.days)
    }
    plain = {"post"} if offered else named - PRIVATE
    channels = {
        channel
        for channel in named
        if channel in PRIVATE or channel in plain and (lasting or offered) and channel not in once
    }
    return Asked(i, frozenset(channels), frame.has("mind"), offered) if channels else None


def _together(frame: Frame, place: Named, day: Day) -> bool:
    """A channel and a day stand in one sentence."""
    return not STOPS & set(frame.lows[min(place.last, day.last) : max(place.first, day.first)])


def answer(frame: Frame, question: Asked) -> Answer | None:
    """Yes, no or undecided; None if nothing says so."""
    if frame.has(*UNDECIDED) or ANOTHER.search(" ".join(frame.lows)):
        return "open"
    places = channels_named(frame)
    others = [_begins(frame, n.first, places, question) for n in places if n.channel not in question.channels]
    lows = frame.lows[: min([ANSWER, *(at for at in others if at > 2)])]
    said = stance(lows, firm=question.offered)
    if said is None:
        return None
    every = [yes for _, yes, _ in cues(lows)]
    if question.minding and not frame.has("would mind", "do mind") and not every[0]:
        return "yes" if True in every or len(lows) <= 4 else "no"  # "do you mind?" "no, that's fine"
    return "yes" if said else "no"


def _begins(frame: Frame, at: int, places: list[Named], question: Asked) -> int:
    """Where that begins which is said of another channel: its sentence, unless that names the one that was asked for
    too ("yes. What I can do without is that e-mail")."""
    start = max((k + 1 for k in range(at) if frame.lows[k] in STOPS), default=0)
    both = any(start <= n.first < at and n.channel in question.channels for n in places)
    return at if both or start <= 2 else start


class Questions:
    """The leave asked for so far in a talk, and the question that still waits for its answer."""

    def __init__(self) -> None:
        self.open: Asked | None = None
        self._round_at = -99
        self._refused: Asked | None = None
        self._spoken: set[str] = set()
        self._had: Asked | None = None

    def put(self, i: int, frame: Frame) -> None:
        """A turn of the trader: a question for leave, another offer of what was refused, or neither."""
        if frame.has(*ROUND):
            self._round_at = i
        new = asked(i, frame, in_round=i - self._round_at <= ROUND_LASTS)
        if new is not None and not frame.question and new.channels <= self._spoken:
            new = None  # the trader says the answer again
        if frame.question and frame.has(*HAD):
            kept = PRIVATE & {place.channel for place in channels_named(frame)}
            self._had, new = Asked(i, frozenset(kept), minding=False), None
        elif self._had is not None and i - self._had.turn <= 2 and frame.question and frame.has(*OFFERED):
            new = Asked(i, self._had.channels, False)
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
        question, said = self.open, answer(frame, self.open)
        if said is None and frame.question:
            return {}, frozenset()
        self.open = None
        self._refused = question if said == "no" else None
        if said == "open":
            return {}, question.channels
        named = {place.channel for place in channels_named(frame, actions=True)} - {"email"} & question.channels
        left = question.channels if not named & question.channels else question.channels & named
        return (dict.fromkeys(sorted(left), said == "yes") if said else {}), frozenset()
