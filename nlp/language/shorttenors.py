"""Months said by their number alone: "the ones are 24, 23, the twos 47, 45", after "one month and two months"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nlp.language import saying
from nlp.language.amounts import Size
from nlp.language.frames import Frame
from nlp.language.periods import Tenor
from nlp.language.topics import Topic, swapped

PLURALS = {"ones": 1, "twos": 2, "threes": 3, "fours": 4, "sixes": 6, "nines": 9, "twelves": 12}
MONTHS = {f"{n}000000" for n in (1, 2, 3, 4, 6, 9, 12)}
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "nine": 9, "twelve": 12}
BEHIND = {".", ",", "?", "!", "is", "at", "and", "or"}
AFTER = {"end", "of", "ends"}


def shortened(frame: Frame, about: Topic | None, spoken: Iterable[str]) -> Frame:
    """The frame with a tenor for each short name of a month's tenor that was `spoken` in full before; a point of a
    curve is none then. Beside an option or a swap that has its amount, "1m" is a month."""
    if about is None or about.kind not in ("fx", "option"):
        return frame
    known = {code for code in spoken if code.endswith("M")} | ({"1M"} if swapped(about) else set())
    added = [found for k in range(len(frame.lows)) if (found := _short(frame, k)) is not None and found.code in known]
    added = [
        t
        for t in added
        if (len(known) > 1 or swapped(about)) and not any(o.first <= t.first < o.last for o in frame.tenors)
    ]
    months = [size for size in frame.sizes if about.size and _month(size, about, frame, known)]
    added += [Tenor(size.first, size.figure.last, f"{size.figure.chunks[0][:-6]}M") for size in months]
    if not added:
        return frame
    taken = {tenor.first for tenor in added}
    kept = tuple(mention for mention in frame.mentions if not (mention.point and mention.first in taken))
    return replace(
        frame,
        mentions=kept,
        tenors=tuple(sorted((*frame.tenors, *added), key=lambda tenor: tenor.first)),
        sizes=tuple(size for size in frame.sizes if size.first not in taken),
        prices=tuple(figure for figure in frame.prices if figure.first not in taken),
    )


def decided(frame: Frame) -> str:
    """Of the tenors that a client names the one that they ask a price for or take: "two months is too short. So the
    four, can you do three fifty?"."""
    named = frame.tenors[0].code
    for part in saying.sentences(frame):
        named = part.tenors[-1].code if part.tenors else named
        if "?" in part.lows or part.prices or saying.takes(part):
            return named
    return frame.tenors[0].code


def _month(size: Size, about: Topic, frame: Frame, known: set[str]) -> bool:
    """ "1m 1.3100 is 17/21", of an option in fifteen million; "1m 15.1/15.5", of a swap to one month and two."""
    if about.kind != "option" and f"{size.figure.chunks[0][:-6]}M" not in known:
        return False
    letter = frame.words[size.figure.last - 1].low == "m"
    return letter and size.ccy is None and size.figure.chunks[0] in MONTHS and size.figure.value != about.size


def _short(frame: Frame, k: int) -> Tenor | None:
    lows, at = frame.lows, frame.begin + k
    if lows[k] in PLURALS:
        return Tenor(at, at + 1, f"{PLURALS[lows[k]]}M")
    if lows[k] in NUMBERS and lows[k - 1 : k] == ("the",) and (lows[k + 1 : k + 2] or (".",))[0] in BEHIND:
        return Tenor(at, at + 1, f"{NUMBERS[lows[k]]}M")
    if lows[k] == "month" and lows[k - 1 : k] in (("the",), ("a",)) and not AFTER & set(lows[k + 1 : k + 2]):
        return Tenor(at, at + 1, "1M")
    return None
