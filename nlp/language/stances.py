"""Yes or no to being reached, in whatever words: "be my guest", "save the stamps", "I'd rather you kept it"."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.language import vocabulary
from nlp.language.phrases import Phrases

_WORDS = vocabulary.contact("stance")
OPENING: frozenset[str] = frozenset(_WORDS["opening"])
HEAD = 14  # tokens in which a plain yes or no counts

_Cue = tuple[bool | None, bool]  # yes, no or neither; said by a phrase
_CUES: Phrases[_Cue] = Phrases(
    (str(phrase), cue)
    for part, cue in (
        ("yes", (True, False)),
        ("no", (False, False)),
        ("allowing", (True, True)),
        ("refusing", (False, True)),
        ("neither", (None, True)),
    )
    for phrase in _WORDS[part]
)


def cues(lows: Sequence[str]) -> list[tuple[int, bool, bool]]:
    """(token, yes, by a phrase) of each cue of the tokens, the longest at each place."""
    read = ((cue.first, *cue.meaning) for cue in _CUES.found(lows))
    return [(k, yes, phrase) for k, yes, phrase in read if yes is not None]


def stance(lows: Sequence[str], *, firm: bool = False) -> bool | None:
    """Yes, no, or None if nothing says so. The last phrase tells, a plain yes or no at the head counts like one;
    without either the first plain word tells, unless only what is `firm` counts."""
    found = cues(lows)
    head = next((k for k, low in enumerate(lows) if low not in OPENING), 0)
    telling = [yes for k, yes, phrase in found if phrase or k == head]
    if telling:
        return telling[-1]
    plain = [yes for k, yes, _ in found if k < HEAD]
    return plain[0] if plain and not firm else None
