"""The things that one side hands to the other, by name: papers, reports, forms."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Who
from nlp.language.phrases import Phrases

_NAMES: dict[str, list[str]] = vocabulary.section("owed", "things")
THINGS = Phrases((name, kind) for kind, names in _NAMES.items() for name in names)
COMES = (("comes",), ("goes",), ("follows",), ("will",), ("for",))
OWNERS: dict[str, Who] = {"client": "client", "trader": "trader"}


@dataclass(frozen=True)
class Thing:
    """A thing at a token of a turn, and who would hand it over; None where that is not in its nature."""

    at: int
    owner: Who | None
    name: str


def things(frame: Frame, first: int, last: int) -> list[Thing]:
    """The things named between two tokens, the longest name at each place."""
    return [
        Thing(name.first, OWNERS.get(name.meaning), " ".join(frame.lows[name.first : name.last]))
        for name in THINGS.found(frame.lows, first, last)
        if name.meaning != "neither"
        and (frame.words[name.first].pos not in ("VERB", "AUX") or _comes(frame, name.first))
    ]


def _comes(frame: Frame, at: int) -> bool:
    """ "Confirm comes by mail", "confirm for the forward will be on the portal": a thing, though the word is a verb."""
    begins = at == 0 or not frame.lows[at - 1].isalpha()
    return begins and frame.lows[at + 1 : at + 2] in COMES
