"""The name of who issued a bond, in the words before its coupon."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.language import vocabulary as v
from nlp.language.calendar import MONTHS
from nlp.language.words import Word

SMALL_WORDS = {"ADP", "AUX", "CCONJ", "SCONJ", "DET", "INTJ", "ADV", "NUM", "PART", "PRON"}
_SIDES = v.section("phrases", "frames")
NOT_ISSUERS: frozenset[str] = frozenset(
    [*v.section("phrases", "terms")["not_issuers"], *_SIDES["buy"], *_SIDES["sell"]]
)

RANKS: frozenset[str] = frozenset(v.section("rates", "ranks"))


def proper_name(word: Word) -> bool:
    """The last word of an issuer's name; not "Sevens, the May thirty-threes", "Selling June thirty-ones"."""
    plain = word.low in v.section("rates", "curve_points") or word.low in NOT_ISSUERS or word.low in MONTHS
    return word.pos == "PROPN" and not plain


def issuer_before(words: Sequence[Word], at: int, *, guess: bool = True) -> tuple[str, int]:
    """The issuer's words before a coupon: capitalised ones, or up to two unknown lower-case ones in a chat."""
    at = _before_rank(words, at)
    begin = at
    while (
        begin
        and words[begin - 1].text[:1].isupper()
        and words[begin - 1].text.isalpha()
        and words[begin - 1].low not in NOT_ISSUERS
        and at - begin < 4
    ):
        begin -= 1
    if begin == at and guess:
        while (
            begin
            and at - begin < 2
            and words[begin - 1].text.isalpha()
            and words[begin - 1].low not in NOT_ISSUERS
            and words[begin - 1].pos not in SMALL_WORDS
            and len(words[begin - 1].text) > 2
        ):
            begin -= 1
    return " ".join(word.text[:1].upper() + word.text[1:] for word in words[begin:at]), begin


def _before_rank(words: Sequence[Word], at: int) -> int:
    """Where a name ends before its rank: "Pellworm Bank T2 5.25 6/34", "nordhaven bank sp 3.25 5/30"."""
    for length in (2, 1):
        rank = "".join(word.low for word in words[max(0, at - length) : at])
        if at - length > 0 and rank in RANKS and words[at - length - 1].text.isalpha():
            return at - length
    return at


def named_before(words: Sequence[Word], at: int) -> str:
    """The issuer said a few words before: "Brennick Telecom, the... wait, the four and an eighth"."""
    end = at
    while end and at - end < 8 and words[end - 1].low not in (".", "?", "!", ";"):
        word = words[end - 1]
        if word.text[:1].isupper() and word.pos == "PROPN" and word.low not in NOT_ISSUERS | MONTHS.keys():
            return issuer_before(words, end, guess=False)[0]
        if word.pos not in SMALL_WORDS and word.low not in NOT_ISSUERS and word.text.isalpha():
            return ""
        end -= 1
    return ""
