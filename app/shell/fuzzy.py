"""How well typed letters fit a title: a subsequence scorer of our own, some microseconds a title. No Qt."""

from __future__ import annotations

_START = 12
_WORD = 9
_RUN = 6
_PLAIN = 1


def score(typed: str, title: str) -> int:
    """Above 0 if all typed letters stand in the title in order; more for word starts, runs and short titles.

    Words may be typed in any order ("deal reg" fits "Register deal"), each then scored alone.
    """
    needle = typed.casefold().strip()
    if not needle:
        return 1
    whole = _subsequence(needle.replace(" ", ""), title)
    words = needle.split()
    if len(words) > 1:
        parts = [_subsequence(word, title) for word in words]
        if all(parts):
            whole = max(whole, sum(parts) - 2)
    return whole


def _subsequence(needle: str, title: str) -> int:
    hay = title.casefold()
    exact = hay.find(needle)
    if exact >= 0:
        at_word = exact == 0 or not hay[exact - 1].isalnum()
        return len(needle) * _RUN + (_START if exact == 0 else _WORD if at_word else 0) + max(0, 20 - len(hay) // 4)
    total, place, last = 0, 0, -2
    for letter in needle:
        found = _next(hay, letter, place, last)
        if found < 0:
            return 0
        if found == last + 1:
            total += _RUN
        elif found == 0 or not hay[found - 1].isalnum():
            total += _WORD
        else:
            total += _PLAIN
        last, place = found, found + 1
    # Letters strewn over a long title are chance, not a match.
    return total if total >= len(needle) * 3 else 0


def _next(hay: str, letter: str, place: int, last: int) -> int:
    """Where the letter comes next: right after the last one, else at a word's start, else anywhere."""
    if last >= 0 and place < len(hay) and hay[place] == letter:
        return place
    at = place
    while (at := hay.find(letter, at)) >= 0:
        if at == 0 or not hay[at - 1].isalnum():
            return at
        at += 1
    return hay.find(letter, place)
