"""What matters in a summary, in its order: numbers, days, names, sides, outcomes, negations, quotations. Pure.

Two texts with the same marks say the same about who dealt what at which level and what is to follow; what stands
between the marks is wording. The words that are marks are data (``resources/wording/rewording.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from nlp.language.calendar import DAYS, MONTHS, ORDINALS
from nlp.language.figures import Figure, figure_at
from nlp.language.numerals import GLYPHS, SCALES, is_number, is_numeral
from nlp.language.vocabulary import currencies, weak_currencies

_LONGEST_NUMBER = 14
"""Tokens of the longest number in words."""
_BEGINNINGS = frozenset({"a", "half", "quarter", "point", "oh"})
_BE = frozenset("am is are was were be been being get gets got".split())


@dataclass(frozen=True, slots=True)
class Mark:
    """``kind`` and ``key`` compare, ``start`` and ``end`` are where it stands.

    ``lax``: the mark may be left out without changing what is said: a name that goes on from the one before, or whom
    something is sent to.
    """

    kind: str
    key: str
    start: int
    end: int
    lax: bool = False

    @property
    def meaning(self) -> tuple[str, str]:
        return self.kind, self.key


@dataclass(frozen=True, slots=True)
class _Token:
    """``kind``: "word", "number", "sign" (anything else), or that of a ready ``key``."""

    kind: str
    text: str
    start: int
    end: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    meanings: Mapping[str, tuple[str, str]]
    openers: frozenset[str]
    beside_numbers: frozenset[str]
    pattern: re.Pattern[str]


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Any]:
    """The data of rewording, as it stands in its file."""
    found = yaml.safe_load((files("resources.wording") / "rewording.yaml").read_text(encoding="utf-8"))
    return dict(found)


@lru_cache(maxsize=1)
def _words() -> _Words:
    meanings = {
        str(word): (kind, str(key))
        for kind, rows in texts()["meanings"].items()
        for key, words in rows.items()
        for word in words
    }
    phrases = sorted((word for word in meanings if re.search(r"\w\W+\w", word)), key=len, reverse=True)
    month = "|".join(sorted(MONTHS, key=len, reverse=True))
    day, ordinal = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:st|nd|rd|th)?"
    pattern = "|".join(
        (
            r"(?P<quotation>[“\"][^“”\"]*[”\"])",
            r"(?P<iso>(?<![\w.])\d{4}-\d{2}-\d{2}(?![\w]))",
            rf"(?P<day_month>(?<![\w.,/+-]){day}{ordinal}(?:\s+of)?\s+(?i:{month})\b(?:\.?,?\s+\d{{4}}\b)?)",
            rf"(?P<month_day>\b(?i:{month})\b\.?\s+{day}{ordinal}(?![\w.,/%-]*\d)\b(?:,?\s+\d{{4}}\b)?)",
            r"(?P<time>(?<![\w.,])\d{1,2}(?::\d{2})?\s?[ap]\.?m\b|(?<![\w.,:])\d{1,2}:\d{2}(?![\w:]))",
            r"(?P<ticks>(?<![\w.,-])\d{2,3}-\d{2}\+?(?![\w-]))",
            r"(?P<pair>\b[A-Z]{3}/[A-Z]{3}\b)",
            r"(?P<address>\S+@\S+)",
            rf"(?P<phrase>(?i:\b(?:{'|'.join(map(_loosely, phrases))})\b))",
            r"(?P<number>(?<![\w])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
            r"(?=(?:k|m|mm|mn|mln|mio|bn|bp|bps|st|nd|rd|th|MM|MN|BN)?(?![\w]|[.,]\d)))",
            r"(?P<code>\w*\d\w*(?:[.,]\d+)*)",
            r"(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)",
            r"(?P<sign>\S)",
        )
    )
    return _Words(meanings, frozenset(texts()["openers"]), frozenset(texts()["beside_numbers"]), re.compile(pattern))


def _loosely(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", r"\s+")


def names_in(text: str) -> frozenset[str]:
    """The words of a summary that are names: with a capital letter, and no beginning of a sentence."""
    tokens, words = _tokens(text), _words()
    found = set()
    for at, token in enumerate(tokens):
        low = _stem(token)
        if token.kind != "word" or not token.text[0].isupper() or _meaning(token) is not None:
            continue
        if low not in words.openers or not _begins(tokens, at):
            found.add(low)
    return frozenset(found)


def plain_words(text: str) -> frozenset[str]:
    """The words of a text that stand in it with a small letter."""
    return frozenset(token.text for token in _tokens(text) if token.kind == "word" and token.text.islower())


def read(text: str, names: frozenset[str], plain: frozenset[str] = frozenset()) -> list[Mark]:
    """The marks of a text. ``names`` are the summary's; a word of ``plain`` is no name where a sentence begins."""
    tokens = _tokens(text)
    found: list[Mark] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        figure = _figure(tokens, i)
        if figure is not None:
            last = tokens[i + figure.last - 1]
            found.append(Mark("number", _plain(figure.value), token.start, last.end))
            i += figure.last
            continue
        if (mark := _mark(tokens, i, names, plain)) is not None:
            found.append(mark)
        i += 1
    return _gone_on(_currency_first(found, text))


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _words().pattern.finditer(text):
        kind, said = match.lastgroup or "sign", match.group()
        found.append(_Token(kind, said, match.start(), match.end(), _ready(kind, said)))
    return found


def _ready(kind: str, said: str) -> str:
    """What a token that is a mark by its form compares by."""
    low = said.casefold()
    match kind:
        case "quotation":
            return " ".join(said[1:-1].replace("’", "'").split())
        case "iso":
            year, month, day = map(int, said.split("-"))
            return f"{day}.{month}.{year}"
        case "day_month" | "month_day":
            numbers = [int(each) for each in re.findall(r"\d+", said)]
            month = next(MONTHS[word] for word in re.findall(r"[^\W\d_]+", low) if word in MONTHS)
            return f"{numbers[0]}.{month}." + (str(numbers[1]) if len(numbers) > 1 else "")
        case "time":
            hours, minutes = (*map(int, re.findall(r"\d+", said)), 0)[:2]
            half = re.search(r"[ap]", low)
            if half is not None:
                hours = hours % 12 + (12 if half.group() == "p" else 0)
            return f"{hours}:{minutes:02}"
        case "ticks":
            return said
        case "pair":
            return low.replace("/", "")
        case "address":
            return low
    return ""


_READY = {
    "quotation": "quotation", "iso": "day", "day_month": "day", "month_day": "day", "time": "time",
    "ticks": "ticks", "pair": "name", "address": "name",
}  # fmt: skip


def _figure(tokens: Sequence[_Token], i: int) -> Figure | None:
    """A number that begins here, in digits or in words."""
    words: list[str] = []
    for token in tokens[i : i + _LONGEST_NUMBER]:
        if token.kind not in ("number", "word", "code", "sign"):
            break
        low = token.text.casefold()
        if token.kind == "code" and low not in SCALES:
            break
        if words and token.kind == "number" and is_numeral(words[-1]):
            break  # the next number, not more digits of this one
        words.append(low)
    if not words or not (
        is_number(words[0]) or words[0] in ("a", "half", "quarter", "point", "oh") or words[0] in GLYPHS
    ):
        return None
    if words[0] in GLYPHS:
        return Figure(0, 1, (words[0],), Decimal(GLYPHS[words[0]]))
    figure = figure_at(words, 0)
    if figure is None:
        return None
    if words[:1] == ["one"] and figure.last == 1 and not _counted(tokens, i + 1):
        return None  # "the other one"
    return figure


def _counted(tokens: Sequence[_Token], at: int) -> bool:
    """Whether what follows a "one" is counted by it."""
    while at < len(tokens) and tokens[at].text == "-":
        at += 1
    if at >= len(tokens):
        return False
    meaning = _meaning(tokens[at])
    return _currency(tokens[at]) is not None or (meaning is not None and meaning[0] in ("unit", "outcome", "product"))


def _mark(tokens: Sequence[_Token], i: int, names: frozenset[str], plain: frozenset[str]) -> Mark | None:
    token = tokens[i]
    if token.kind in _READY:
        return Mark(_READY[token.kind], token.key, token.start, token.end)
    if token.kind == "code":
        return Mark("name", token.text.casefold(), token.start, token.end)
    if (code := _currency(token)) is not None:
        return Mark("currency", code, token.start, token.end)
    if token.kind == "sign":
        return _sign(tokens, i)
    return _word(tokens, i, names, plain)


def _sign(tokens: Sequence[_Token], i: int) -> Mark | None:
    token, text = tokens[i], tokens[i].text.replace("−", "-")
    if text in "+-" and i + 1 < len(tokens) and _numeric(tokens[i + 1]) and tokens[i + 1].start == token.end:
        joined = i > 0 and tokens[i - 1].end == token.start and tokens[i - 1].text[-1].isalnum()
        return None if joined else Mark("sign", "minus" if text == "-" else "plus", token.start, token.end)
    if (meaning := _words().meanings.get(text)) is not None and text not in "+-":
        return Mark(*meaning, token.start, token.end)
    if text in '"“”' or text.isnumeric() or text == "+":
        return Mark("sign", text, token.start, token.end)
    return None


def _word(tokens: Sequence[_Token], i: int, names: frozenset[str], plain: frozenset[str]) -> Mark | None:
    token = tokens[i]
    low = _stem(token)
    begins = _begins(tokens, i)

    def mark(kind: str, key: str, *, back: int = 0, lax: bool = False) -> Mark:
        return Mark(kind, key, tokens[i - back].start, token.end, lax)

    if re.search(r"n['’]t$", token.text.casefold()):
        return mark("no", "no")
    if low in MONTHS and (low not in ("may", "march", "mar") or (token.text[0].isupper() and not begins)):
        return mark("month", str(MONTHS[low]))
    if len(low) > 3 and low in DAYS or low in DAYS and token.text[0].isupper():
        return mark("weekday", str(DAYS[low]))
    if low in ORDINALS:
        return mark("ordinal", str(ORDINALS[low]))
    if (meaning := _meaning(token)) is not None:
        kind, key = meaning
        before = [each.text.casefold() for each in reversed(tokens[max(0, i - 3) : i])]
        if kind == "side" and (done_to := next((n for n, each in enumerate(before[:2], 1) if each in _BE), 0)):
            return mark(kind, f"{key}, done to them", back=done_to)
        if kind == "party" and before:
            at = 1 if before[0] in ("the", "our", "your") and len(before) > 1 else 0
            if before[at] in ("from", "by"):
                return mark(kind, f"{before[at]} {key}", back=at + 1)
            return mark(kind, key, lax=before[at] in ("to", "with", "for"))
        return mark(kind, key)
    if low in _words().beside_numbers:
        return mark("measure", low) if _beside_number(tokens, i) else None
    if not token.text[0].isupper():
        return None
    if begins and low not in names and (low in _words().openers or low in plain):
        return None
    return mark("name", low)


def _stem(token: _Token) -> str:
    """Without case, and without what follows an apostrophe: "Aussie's", "we'll"."""
    return re.split(r"['’]", token.text.casefold())[0]


def _meaning(token: _Token) -> tuple[str, str] | None:
    if token.kind not in ("word", "phrase"):
        return None
    low = re.sub(r"\s+", " ", _stem(token))
    found = _words().meanings.get(low)
    country = found is not None and found[0] == "party" and len(low) > 1 and token.text.isupper()
    return None if country else found


def _currency(token: _Token) -> str | None:
    low = token.text.casefold()
    if low not in currencies() or (low in weak_currencies() and not token.text.isupper()):
        return None
    return currencies()[low]


def _numeric(token: _Token) -> bool:
    return token.kind == "number" or token.text in GLYPHS or is_number(token.text.casefold())


def _beside_number(tokens: Sequence[_Token], i: int) -> bool:
    for at in (i - 1, i + 1):
        if 0 <= at < len(tokens):
            beside = tokens[at]
            meaning = _meaning(beside)
            if _numeric(beside) or _currency(beside) or (meaning is not None and meaning[0] in ("unit", "sign")):
                return True
    return False


def _begins(tokens: Sequence[_Token], i: int) -> bool:
    """Whether a sentence, or what follows a colon, begins here."""
    before = tokens[i - 1] if i else None
    while before is not None and before.text in ("(", "-", "–", "—", "•", "*"):
        i -= 1
        before = tokens[i - 1] if i else None
    return before is None or before.text[-1] in ".!?:;" or before.kind == "quotation"


def _currency_first(marks: Sequence[Mark], text: str) -> list[Mark]:
    """ "15 million euros" compares as "EUR 15 million"."""
    found = list(marks)
    for at in range(1, len(found)):
        number, currency = found[at - 1], found[at]
        led = at > 1 and found[at - 2].kind == "currency" and not text[found[at - 2].end : number.start].strip()
        if (number.kind, currency.kind) == ("number", "currency") and not led:
            leads = at + 1 < len(found) and found[at + 1].kind == "number"
            leads = leads and not text[currency.end : found[at + 1].start].strip()
            if not text[number.end : currency.start].strip() and not leads:
                found[at - 1], found[at] = currency, number
    return found


def _gone_on(marks: Sequence[Mark]) -> list[Mark]:
    """Marks as lax the names that only repeat whom or what was named last."""
    found: list[Mark] = []
    last: tuple[tuple[str, str], ...] = ()
    at = 0
    while at < len(marks):
        end = at + 1
        while end < len(marks) and marks[at].kind == marks[end].kind == "name":
            if marks[end].start - marks[end - 1].end > 1:
                break
            end += 1
        run = marks[at:end]
        if marks[at].kind in ("name", "party"):
            named = tuple(mark.meaning for mark in run)
            found += [replace(mark, lax=mark.lax or named == last) for mark in run]
            last = named
        else:
            found += run
        at = end
    return found


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
