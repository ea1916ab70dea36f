"""The words and signs of numbers, one at a time and up to a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

ONE_WORDS = "one two three four five six seven eight nine".split()
TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
UNITS = {w: str(i) for i, w in enumerate(["zero", *ONE_WORDS])} | {
    "oh": "0",
    "o": "0",
    "nought": "0",
    "naught": "0",
}
TEENS = {
    w: str(i)
    for i, w in enumerate("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(), 10)
}
TENS = {w: str(i) for i, w in zip(range(20, 100, 10), TEN_WORDS, strict=True)} | {"fourty": "40"}
PERCENT = {"percent", "%", "pct"}
SCALES = {
    "thousand": 10**3,
    "k": 10**3,
    "grand": 10**3,
    "kb": 10**3,
    "kbbl": 10**3,
    "kt": 10**3,
    "million": 10**6,
    "millions": 10**6,
    "m": 10**6,
    "mm": 10**6,
    "mio": 10**6,
    "mil": 10**6,
    "mill": 10**6,
    "mn": 10**6,
    "mln": 10**6,
    "meg": 10**6,
    "billion": 10**9,
    "billions": 10**9,
    "bn": 10**9,
    "bio": 10**9,
    "yard": 10**9,
    "yards": 10**9,
    "yd": 10**9,
}
FRACTIONS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "eighth": 8,
    "eighths": 8,
    "sixteenth": 16,
    "sixteenths": 16,
}
GLYPHS = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅛": "0.125", "⅜": "0.375", "⅝": "0.625", "⅞": "0.875"}


def is_numeral(word: str) -> bool:
    """True for typed numbers such as 12, 1,000, 46.165 or .66."""
    return bool(word) and (word[0].isdecimal() or (word[0] == "." and len(word) > 1)) and _plain(word) is not None


def is_number(word: str) -> bool:
    """True for a typed number and for a spoken one below a hundred."""
    return is_numeral(word) or word in UNITS or word in TEENS or word in TENS


def _plain(word: str) -> Decimal | None:
    text = word.replace(",", "")
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        return None
    return Decimal(text)


def spoken_group(words: Sequence[str], i: int) -> tuple[str, int]:
    """(digits, tokens) of one spoken group below a hundred: seventy-eight is ("78", 3)."""
    if i >= len(words):
        return "", 0
    word = words[i]
    if word in UNITS:
        return UNITS[word], 1
    if word in TEENS:
        return TEENS[word], 1
    if word in TENS:
        for gap in (1, 2):
            at = i + gap
            joined = gap == 1 or (i + 1 < len(words) and words[i + 1] == "-")
            if joined and at < len(words) and words[at] in UNITS and UNITS[words[at]] != "0":
                return str(int(TENS[word]) + int(UNITS[words[at]])), gap + 1
        return TENS[word], 1
    return "", 0
