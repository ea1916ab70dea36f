"""ISINs: typed in one piece, spelled in one breath, or read out over several turns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nlp.language.figures import figure_at
from nlp.language.model import Turn
from nlp.language.words import Word

if TYPE_CHECKING:
    from nlp.language.frames import Frame

ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
LENGTH = 12
PAUSES = (",", "-", ".", "...", "--")
BEGUN = 4
"""Signs that make the end of a turn the beginning of a code: the country's two letters and two figures."""
TURNS = 6
"""Turns over which a code is read out, with those in which the other side says its pieces again."""


def isins(words: Sequence[Word]) -> list[tuple[int, int, str]]:
    """(first token, token after it, code): "XS2655308745", "X S nine one two, four four seven, oh three one one"."""
    found = []
    lows = [word.low for word in words]
    i = 0
    while i < len(words):
        if ISIN.fullmatch(words[i].text.upper()) and sum(c.isdigit() for c in words[i].text) >= 4:
            found.append((i, i + 1, words[i].text.upper()))
        elif lows[i].isalpha() and (len(lows[i]) == 1 or len(lows[i]) == 2 and _country(words[i])):
            last, code = spelled(lows, i)
            if ISIN.fullmatch(code):
                found.append((i, last, code))
                i = last
                continue
        i += 1
    return found


def _country(word: Word) -> bool:
    """The first two letters of a code in one word: "XS 9703..."; "is one eighty-four" and "in ten" are English."""
    return word.text.isupper() or word.low == "xs"


def spelled(lows: Sequence[str], first: int, begun: str = "") -> tuple[int, str]:
    """(token after it, signs) of as much of a code as is spelled from token `first`, after the signs `begun`."""
    text, at = begun, first
    while at < len(lows) and len(text) < LENGTH:
        low = lows[at]
        if low in PAUSES:
            at += 1
        elif len(text) < 2 and low.isalpha() and len(low) <= 2 - len(text):
            text, at = text + low.upper(), at + 1
        elif (
            len(text) >= 2 and (figure := figure_at(lows, at)) is not None and not figure.scaled and not figure.pointed
        ):
            text, at = text + figure.digits, figure.last
        elif len(text) >= 2 and len(low) == 1 and low.isalpha() and low not in ("a", "i"):
            text, at = text + low.upper(), at + 1
        else:
            break
    return at, text


def dictated(turns: Sequence[Turn], frames: Sequence[Frame]) -> list[Frame]:
    """The frames with each code that one side reads out over several turns where it ends; its pieces are no figures."""
    result = list(frames)
    for i, frame in enumerate(frames):
        begun = _begun(frame.lows)
        if begun is None:
            continue
        first, text = begun
        spans = {i: (first, len(frame.lows))}
        for k in range(i + 1, min(len(frames), i + 1 + TURNS)):
            if turns[k].who != turns[i].who:
                continue
            last, longer = spelled(frames[k].lows, 0, text)
            if longer == text:
                break
            text, spans[k] = longer, (0, last)
            if ISIN.fullmatch(text):
                for n in range(i, min(len(frames), k + 2)):
                    result[n] = _without(result[n], spans.get(n, (0, 0)), text)
                result[k] = replace(result[k], isins=((0, last, text), *result[k].isins))
                break
    return result


def _begun(lows: Sequence[str]) -> tuple[int, str] | None:
    """Where the code begins with which the turn ends, and its signs so far. Words of two letters are words."""
    for i, low in enumerate(lows):
        if low == "xs" or len(low) == 1 and low.isalpha() and len("".join(lows[i + 1 : i + 2])) == 1:
            last, text = spelled(lows, i)
            if last == len(lows) and BEGUN <= len(text) < LENGTH and text[2:].isdecimal():
                return i, text
    return None


def _without(frame: Frame, span: tuple[int, int], code: str) -> Frame:
    """The frame without what was read from the tokens of a code, and from its pieces said again."""

    def other(figure_first: int, digits: str) -> bool:
        return not (span[0] <= figure_first < span[1] or len(digits) > 2 and digits in code)

    return replace(
        frame,
        prices=tuple(figure for figure in frame.prices if other(figure.first, figure.digits)),
        sizes=tuple(size for size in frame.sizes if other(size.first, size.figure.digits)),
        tenors=tuple(tenor for tenor in frame.tenors if other(tenor.first, "")),
        mentions=tuple(mention for mention in frame.mentions if other(mention.first, "")),
    )
