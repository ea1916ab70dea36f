"""Repairing the text: trading words that recognisers mishear, typing slips in them, and the customer's names."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from nlp.language import vocabulary
from nlp.language.calendar import DAYS, MONTHS
from nlp.language.heard import numbers_mended
from nlp.language.model import Dialogue, Lexicon, Reference, Turn
from nlp.language.timing import respelled


def repaired(dialogue: Dialogue, reference: Reference) -> tuple[Turn, ...]:
    """The turns with repaired text. A word is only replaced by one that the market or this customer uses."""
    client, trader = dialogue.header.client, dialogue.header.trader
    names = tuple(
        dict.fromkeys(
            word
            for name in (client.contact, client.organization, trader.name, *reference.names)
            for word in re.findall(r"[A-Z][\w'-]{4,}", name)
        )
    )
    texts = [turn.text for turn in dialogue.turns]
    result = []
    for i, turn in enumerate(dialogue.turns):
        heard = text = learned(turn.text, reference.lexicon)
        text = _always(text) if dialogue.header.kind == "call" else _typing(text)
        if dialogue.header.kind == "call":
            around = " ".join(texts[max(0, i - 2) : i + 3]).lower()
            text = _names(_near(text, around), names)
        result.append(respelled(turn, _learned_again(heard, text, reference.lexicon)))
    return tuple(result)


def learned(text: str, lexicon: Lexicon) -> str:
    """The text with the desk's corrections in place of what was heard; one pass, so no correction meets another."""
    if not lexicon.entries:
        return text
    pattern, meant = _learned_pattern(lexicon)
    return pattern.sub(lambda match: meant[match.group().lower()], text)


def _learned_again(heard: str, mended: str, lexicon: Lexicon) -> str:
    """What was mended, with the desk's corrections of the words that the mending put there: a trader corrects what
    they read, and that may be such a word. What the lexicon itself wrote is not read by it once more."""
    if heard == mended or not lexicon.entries:
        return mended
    before, after = heard.split(), list(re.finditer(r"\S+", mended))
    matcher = SequenceMatcher(None, before, [word.group() for word in after], autojunk=False)
    put = [
        word.span()
        for kind, _, _, first, last in matcher.get_opcodes()
        if kind != "equal"
        for word in after[first:last]
    ]
    pattern, meant = _learned_pattern(lexicon)

    def mend(match: re.Match[str]) -> str:
        fresh = any(start < match.end() and match.start() < end for start, end in put)
        return meant[match.group().lower()] if fresh else match.group()

    return pattern.sub(mend, mended)


@lru_cache(maxsize=8)
def _learned_pattern(lexicon: Lexicon) -> tuple[re.Pattern[str], dict[str, str]]:
    meant = {heard.strip().lower(): means for heard, means in lexicon.entries if heard.strip()}
    if not meant:
        return re.compile(r"(?!)"), meant
    longest = sorted(meant, key=len, reverse=True)
    return re.compile(r"(?<!\w)(" + "|".join(map(re.escape, longest)) + r")(?!\w)", re.IGNORECASE), meant


@lru_cache(maxsize=1)
def _always_pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    table = {str(heard): str(means) for heard, means in vocabulary.section("speech", "always").items()}
    longest = sorted(table, key=len, reverse=True)
    return re.compile(r"(?<!\w)(" + "|".join(re.escape(word) for word in longest) + r")(?!\w)", re.IGNORECASE), table


@lru_cache(maxsize=4096)
def _always(text: str) -> str:
    pattern, table = _always_pattern()
    text = numbers_mended(pattern.sub(lambda match: table[match.group().lower()], text))
    for heard, means in _patterns():
        text = heard.sub(means, text)
    return text


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    def whole(heard: str) -> str:
        for name, piece in reversed(vocabulary.section("speech", "pieces").items()):
            heard = heard.replace(name, str(piece))
        return heard

    return tuple(
        (re.compile(whole(str(rule["heard"])), re.IGNORECASE), str(rule["means"]))
        for rule in vocabulary.section("speech", "patterns")
    )


def _near(text: str, around: str) -> str:
    """Words that are trading terms only in trading company ("buns" among yields)."""
    for rule in vocabulary.section("speech", "near"):
        heard = [word for word in rule["heard"] if word in text.lower()]
        if not heard:
            continue
        for word in heard:
            others = around.replace(word, " ")
            if any(re.search(rf"(?<!\w){re.escape(company)}(?!\w)", others) for company in rule["with"]):
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", str(rule["means"]), text, flags=re.IGNORECASE)
    return text


_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
_JOINED = re.compile(rf"\b({_MONTHS}|cal)'?(\d{{2}})\b", re.IGNORECASE)  # "may31", "cal27"


@lru_cache(maxsize=1)
def _typed_terms() -> tuple[str, ...]:
    words = (
        {key[0] for key in vocabulary.terms() if len(key) == 1}
        | set(vocabulary.section("fx", "nicknames"))
        | set(vocabulary.governments())
    )
    return tuple(sorted(word for word in words if len(word) >= 5))


@lru_cache(maxsize=4096)
def _typing(text: str) -> str:
    """Two neighbouring letters of a market term swapped: "cbale"."""

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        low = word.lower()
        for term in _typed_terms():
            if (
                len(term) == len(low)
                and term != low
                and sorted(term) == sorted(low)
                and sum(a != b for a, b in zip(term, low, strict=True)) == 2
            ):
                return term
        return word

    return re.sub(r"[A-Za-z]{5,}", mend, _JOINED.sub(r"\1 \2", text))


@lru_cache(maxsize=1)
def _words_of_the_market() -> frozenset[str]:
    """Words that are no name misheard, however much they sound like one: "March" while a Marsh speaks."""
    terms = {word for key in vocabulary.terms() for word in key}
    return frozenset({*MONTHS, *DAYS, *terms, *_typed_terms()})


def _names(text: str, names: tuple[str, ...]) -> str:
    """A capitalised word almost equal to a name that is known to belong here."""
    from rapidfuzz.distance import DamerauLevenshtein

    known = {name.lower() for name in names}

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        if word.lower() in known or len(word) < 5 or word.lower() in _words_of_the_market():
            return word
        close = [
            name
            for name in names
            if abs(len(name) - len(word)) <= 1
            and name[0].lower() == word[0].lower()
            and DamerauLevenshtein.distance(name.lower(), word.lower()) <= (1 if len(word) < 8 else 2)
        ]
        return close[0] if len(close) == 1 else word

    return re.sub(r"(?<=[a-z,] )[A-Z][a-z'-]{4,}", mend, text)
