"""Numbers as recognisers write them, put back into the form that the grammar of figures reads.

A recogniser formats what it hears: it puts currency signs before prices ("at $16.78"), breaks digits where the speaker
pauses ("at 99. 16 plus"), joins them with dashes ("1-17-03-5") and writes shorthand for words ("3 and 7 8's", "5's").
Each rule changes only the writing of a number, never its digits.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from nlp.language.numerals import ONE_WORDS, TEN_WORDS

SCALE = r"(?:million|billion|thousand|hundred|[km]\b|mm\b|bn\b)"
EIGHTHS = {"1": "one eighth", "3": "three eighths", "5": "five eighths", "7": "seven eighths"}
POINTS = {"2": "twos", "3": "threes", "5": "fives", "7": "sevens", "10": "tens", "20": "twenties", "30": "thirties"}


def numbers_mended(text: str) -> str:
    """The text of a heard turn with its numbers written plainly."""
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text


def _isin(match: re.Match[str]) -> str:
    from stdnum import isin

    code = re.sub(r"[\s,.-]", "", match.group())
    return code if isin.is_valid(code) else match.group()


def _amount(match: re.Match[str]) -> str:
    millions, thousands, rest = match.groups()
    return f"{millions},{int(thousands):03d},{rest}"


def _spaced(match: re.Match[str]) -> str:
    return match.group().replace("-", " ")


_DIGIT = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"


_NUMBER = "(?:" + "|".join(
    [
        "zero|oh|o|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen",
        "point|hundred|thousand|million|billion",
        *TEN_WORDS,
        *ONE_WORDS,
    ]
) + ")"  # fmt: skip


_ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"


def _apart(match: re.Match[str]) -> str:
    """ "one-seventeen-o-three-five" in its words; "twenty-five" is one."""
    words = match.group().split("-")
    text = words[0]
    for before, word in itertools.pairwise(words):
        text += ("-" if before.lower() in TEN_WORDS and word.lower() in ONE_WORDS else " ") + word
    return re.sub(r"\bo\b", "oh", text, flags=re.IGNORECASE)


def _unpaused(match: re.Match[str]) -> str:
    """Without the pauses between the digits; "point eight seven one, eight seven nine" are two numbers."""
    one, *others = (len(part.split()) for part in match.group().removeprefix("point ").split(","))
    two_way = one > 1 and others == [one]
    return match.group() if two_way else match.group().replace(",", "")


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # an ISIN in groups; the check digit proves the joining
    (re.compile(r"\b[A-Z][\s,.-]{0,2}[A-Z][\s-]{0,2}(?:\d[\s,-]{0,2}){9}\d\b"), _isin),
    # "17 million, $88,905" is one amount
    (re.compile(r"[$£€]?\b(\d{1,3}) million(?:,| and|, and)? [$£€]?(\d{1,3}),(\d{3})\b(?![,.]\d)"), _amount),
    # a sign before a price
    (re.compile(rf"\b(at) [$£€](?=\d[\d.,]*(?!\s*{SCALE})(?:\s|[.,?]|$))", re.IGNORECASE), r"\1 "),
    # two points in one price: "1.17.035"
    (re.compile(r"(?<![\d.,])(\d{1,3})\.(\d{2})\.(\d{2,3})(?![\d.,]\d)"), r"\1.\2\3"),
    (re.compile(rf"(?<![\w-]){_NUMBER}(?:-{_NUMBER})+(?![\w-])", re.IGNORECASE), _apart),
    # "value 17 of September": a day, where its ending was not heard
    (
        re.compile(
            rf"\b(value|settling|starting|until|till|by|on|for|the) (\d{{1,2}})(?= of {_MONTH}\b)", re.IGNORECASE
        ),
        r"\1 \2th",
    ),
    # "twenty eighths October""
    (re.compile(rf"\b(twenty|thirty)[ -]({_ORDINAL})s?(?= (?:of )?{_MONTH}\b)", re.IGNORECASE), r"\1-\2"),
    # "three point eight, two, three": decimals said one by one
    (
        re.compile(rf"\bpoint {_DIGIT}\b(?:,? {_DIGIT}\b(?! point))+(?! hundred| thousand| million)", re.IGNORECASE),
        _unpaused,
    ),
    # digits said one by one
    (re.compile(r"(?<![\d-])\d(?:-\d{1,2}){2,}(?![\d-])"), _spaced),
    # "at 99. 16 plus": a pause within a price
    (
        re.compile(rf"\b(at \d{{1,3}})\. (?=\d{{2}}\b(?!\.\d|,\d|\s*{SCALE}|\s*(?:lots|shares|of)\b))", re.IGNORECASE),
        r"\1 ",
    ),
    (re.compile(r"(?<=\d)-(plus|and-a-half|and-three-quarters|and-a-quarter)\b"), _spaced),
    (
        re.compile(r"(?<=million )(2|3|5|7|10|20|30)-years(?= at\b)"),
        lambda match: POINTS[match.group(1)],
    ),
    (re.compile(r"\b([1357]) (?:8's|8ths|8s)(?!\w)"), lambda match: EIGHTHS[match.group(1)]),
    (re.compile(r"(?<![\d.,$£€])\b(2|3|5|7|10|20|30)'?s\b"), lambda match: POINTS[match.group(1)]),
)
