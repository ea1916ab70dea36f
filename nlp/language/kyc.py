"""Due diligence on the client as it comes up in a talk: the papers, checks and changes that are asked for or told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nlp.language import vocabulary
from nlp.language.evidence import BOTH, ONE, span
from nlp.language.frames import Frame
from nlp.language.model import Matter, Turn, Who
from nlp.language.numerals import SCALES, is_number
from nlp.language.phrases import Found, Phrases
from nlp.language.saying import sentences
from nlp.language.words import Word

_WORDS = vocabulary.section("matters", "kyc")
_THING = tuple[str, bool]  # its name, and whether it has other uses too
THINGS: Phrases[_THING] = Phrases(
    (str(phrase), (str(name), several))
    for part, several in (("things", False), ("papers", True))
    for name, phrases in _WORDS[part].items()
    for phrase in phrases
)
WANTED: tuple[str, ...] = tuple(_WORDS["wanted"])
HELD: tuple[str, ...] = tuple(_WORDS["held"])
SETTLED: tuple[str, ...] = tuple(_WORDS["settled"])
ELSEWHERE: tuple[str, ...] = tuple(_WORDS["elsewhere"])
SUPPOSING = re.compile("|".join(_WORDS["supposing"]))
CLAUSE_ENDS = {",", ".", ";", "?", "!", "--", "...", "..", "(", ")", "because", "so", "and", "but", "which", "or", ":"}
OF_A_NAME = ("ADJ", "NOUN", "PROPN")
OWNERS = {"your", "ur", "our", "my", "the", "a", "an", "his", "her", "their", "that", "this", "those", "some"}
LINKS = {"of", "for"}
POINTING = (("it",), ("they",), ("that",), ("this",))
ASKING = {"need", "needs", "want", "send", "owe", "have"}  # what may be read as a noun before another
WHOLE = "kyc review"  # what a paper is asked for
LONGEST = 11  # words of what is told of a thing
NEAR = 2  # turns in which a question of one thing goes on


@dataclass
class Heard:
    """What was said of one thing."""

    what: tuple[int, int, int]  # turn and characters
    by: Who
    told: bool  # more than its name
    turns: set[int] = field(default_factory=set)
    words: list[tuple[int, int, int]] = field(default_factory=list)


def kyc(turns: tuple[Turn, ...], frames: list[Frame]) -> list[Matter]:
    """One for each thing that is wanted, out of date or changed; what was only named, or is settled, is none."""
    found: dict[str, Heard] = {}
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        parts = sentences(frame)
        for n, part in enumerate(parts):
            for here in THINGS.found(part.lows):
                name, several = here.meaning
                if _counted(part, here):
                    continue
                if _clause(part, here).has(*SETTLED):
                    found.pop(name, None)
                elif _told_of_another(found, name, i, part, here):
                    continue
                elif name in found or _wanted(i, parts, n, frames, several=several):
                    _note(found, name, i, turn.who, part, here, parts[n + 1 : n + 2])
    if (
        WHOLE in found
        and not found[WHOLE].told
        and any(found[WHOLE].turns & found[name].turns for name in found.keys() - {WHOLE})
    ):
        del found[WHOLE]
    return [_matter(turns, heard) for heard in found.values()]


def _wanted(i: int, parts: list[Frame], n: int, frames: list[Frame], *, several: bool) -> bool:
    """The sentence, the one after it or the answer says that the thing is wanted, changes or runs out."""
    part = parts[n]
    text = f"{' '.join(part.lows)} "
    if part.has(*ELSEWHERE) or SUPPOSING.search(text):
        return False
    after = parts[n + 1] if n + 1 < len(parts) else frames[i + 1] if i + 1 < len(frames) else None
    if several:
        beside = [part, *parts[max(0, n - 1) : n], *parts[n + 1 : n + 2]]
        near = any(not each.meaning[1] for k in range(max(0, i - NEAR), i + 1) for each in THINGS.found(frames[k].lows))
        return any(each.has(*HELD) and not each.has(*ELSEWHERE) for each in beside) or near and part.has(*WANTED)
    return part.has(*WANTED) or after is not None and len(part.lows) <= LONGEST and after.has(*WANTED)


def _counted(part: Frame, here: Found[_THING]) -> bool:
    """ "Twenty million lei" is money."""
    before = part.lows[here.first - 1] if here.first else ""
    return is_number(before) or before in SCALES


def _told_of_another(found: dict[str, Heard], name: str, i: int, part: Frame, here: Found[_THING]) -> bool:
    """ "KYC asked for the annual report" tells of both."""
    start = part.words[part.begin + here.first].start
    others = (heard.what for other, heard in found.items() if other != name)
    return any(turn == i and first <= start < last for turn, first, last in others)


def _note(
    found: dict[str, Heard], name: str, i: int, who: Who, part: Frame, here: Found[_THING], after: list[Frame]
) -> None:
    first, last = _told(part, here, after)
    words = part.words
    told = part.part(first, last).has(*WANTED)
    what = (i, words[first].start, words[last - 1].end)
    heard = found.setdefault(name, Heard(what, who, told))
    if told and not heard.told:
        heard.what, heard.told = what, True
    heard.turns.add(i)
    heard.words.append((i, words[part.begin + here.first].start, words[part.begin + here.last - 1].end))


def _told(part: Frame, here: Found[_THING], after: list[Frame]) -> tuple[int, int]:
    """From the beginning of the thing's name to the end of the clause, or of a short one that goes on with it; where
    that is the bare name, the clause up to it."""
    words, begin, end = part.words, part.begin, part.begin + len(part.lows)
    first = name = begin + here.first
    while first > begin and _of_the_name(words, first - 1):
        first -= 1
    first = _without_articles(words, first, name)
    name_end = begin + here.last
    while name_end < end and words[name_end].pos in ("NOUN", "PROPN") and words[name_end].low not in CLAUSE_ENDS:
        name_end += 1
    last = next((k for k in range(name_end, end) if words[k].low in CLAUSE_ENDS), end)
    if last - first > LONGEST:
        last = name_end
    following = part.part(last + 1, end) if last < end - 1 else after[0] if after else None
    if last == name_end and following is not None and following.lows[:1] in POINTING and following.has(*WANTED):
        stop = next((k for k, low in enumerate(following.lows) if low in CLAUSE_ENDS), len(following.lows))
        if stop <= LONGEST:
            return first, following.begin + stop
    if (first, last) == (name, begin + here.last):
        first = max((k + 1 for k in range(begin, name) if words[k].low in CLAUSE_ENDS), default=begin)
        first = _without_articles(words, first, name) if last - first <= LONGEST else name
    return first, last


def _of_the_name(words: tuple[Word, ...], k: int) -> bool:
    """Also "certified" and "signed", and whose it is in "copy of his passport"."""
    low, pos = words[k].low, words[k].pos
    if low in OWNERS:
        return k > 0 and words[k - 1].low in LINKS
    return low not in CLAUSE_ENDS | ASKING and (pos in OF_A_NAME or low in LINKS or pos == "VERB" and low[-2:] == "ed")


def _without_articles(words: tuple[Word, ...], first: int, name: int) -> int:
    return next((k for k in range(first, name) if words[k].low not in OWNERS | LINKS), name)


def _clause(part: Frame, here: Found[_THING]) -> Frame:
    """What is said of the thing itself: "her passport we've got, it's the resolution that's missing"."""
    lows = part.lows
    first = max((k + 1 for k in range(here.first) if lows[k] in CLAUSE_ENDS), default=0)
    last = next((k for k in range(here.last, len(lows)) if lows[k] in CLAUSE_ENDS), len(lows))
    return part.part(part.begin + first, part.begin + last)


def _matter(turns: tuple[Turn, ...], heard: Heard) -> Matter:
    spans = [span("what", turns, *heard.what), *(span("thing", turns, *words) for words in heard.words)]
    speakers = {turns[i].who for i in heard.turns}
    return Matter(
        kind="kyc",
        what=spans[0].text,
        raised_by=heard.by,
        evidence=tuple(sorted(heard.turns)),
        spans=tuple(spans),
        confidence=BOTH if len(speakers) > 1 else ONE,
    )
