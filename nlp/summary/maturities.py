"""The years of bonds as they were said: what the talk calls "May36" or "March thirty-four" is written so."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from nlp.language.model import Analysis, Terms
from nlp.language.numerals import ONE_WORDS, TEN_WORDS

Fact = TypeVar("Fact", bound=Terms)
_YEAR = re.compile(r"([ -]?)\b20([2-9]\d)\b")


def as_said(analysis: Analysis) -> Analysis:
    """The facts with their bonds' years in the talk's form; a year said in full, or in no form, stays."""
    talk = " ".join(turn.text for turn in analysis.turns).lower()

    def named(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return tuple(_named(fact, talk) if fact.product == "bond" else fact for fact in facts)

    return msgspec.structs.replace(
        analysis,
        deals=named(analysis.deals),
        unclear=named(analysis.unclear),
        quotes_not_dealt=named(analysis.quotes_not_dealt),
        orders_left=named(analysis.orders_left),
    )


def _named(fact: Fact, talk: str) -> Fact:
    return msgspec.structs.replace(
        fact,
        instrument=_short(fact.instrument, talk),
        description=_short(fact.description, talk) if fact.description else None,
        benchmark=_short(fact.benchmark, talk) if fact.benchmark else None,
    )


def _short(name: str, talk: str) -> str:
    """A number of the year is looked for first in full, then in digits, then in words ("the forties")."""

    def said(found: re.Match[str]) -> str:
        joint, year = found.groups()
        spoken = "-".join(part for part in (TEN_WORDS[int(year[0]) - 2], ("", *ONE_WORDS)[int(year[1])]) if part)
        if re.search(rf"(?<!\d)20{year}(?!\d)", talk):
            return found[0]
        if re.search(rf"(?<![\d.,]){year}(?![\d.,%]\d|\d)", talk):
            return f"{joint}{year}"
        forms = re.sub("y$", "(?:y|ies)", spoken).replace("-", "[ -]")
        return f" {spoken}" if re.search(rf"\b{forms}s?\b", talk) else found[0]

    return _YEAR.sub(said, name)
