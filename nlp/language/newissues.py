"""Bonds in the primary market, named by issuer and tenor."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.language import vocabulary as v
from nlp.language.calendar import DAYS, MONTHS
from nlp.language.issuers import NOT_ISSUERS
from nlp.language.periods import Tenor
from nlp.language.terms import Mention
from nlp.language.words import Word

_WORDS = v.section("phrases", "terms")
PRIMARY: frozenset[str] = frozenset(_WORDS["primary"])


def new_issues(words: Sequence[Word], tenors: Sequence[Tenor]) -> list[Mention]:
    """Bonds in the primary market: "the new Mistral Ports 8y", "the Garland Water deal"."""
    lows = [word.low for word in words]
    primary = bool(PRIMARY & set(lows)) or any(said in " ".join(lows) for said in ("mid - swaps", "in the book"))
    found: list[Mention] = []
    i = 0
    while i < len(words):
        issuer, last = _capitals(words, i)
        if not issuer:
            i += 1
            continue
        lead, after = lows[max(0, i - 3) : i], lows[last : last + 1]
        tenor = next((t for t in tenors if last <= t.first <= last + 3 and _links(lows[last : t.first])), None)
        before = next((t for t in tenors if t.last == i - 1 and lows[i - 1] in FROM), None)
        place = (
            i > 1 and words[i - 1].text == "New" and lows[i - 2] not in (".", "?", "!")
        )  # "seven million New Zealand"
        new = "new" in lead and not place and not {".", "?", "!"} & set(lead[lead.index("new") :])
        new = new or before is not None and "new" in lows[max(0, before.first - 2) : before.first]
        new = new and (primary or tenor is not None or before is not None or bool(PAPER & set(lows)))
        named = after in (["deal"], ["ioi"], ["tap"]) and "the" in lead
        if new or named or lows[last : last + 2] == ["new", "issue"] or primary and tenor is not None:
            close = tenor if tenor is not None and (tenor.first == last or primary) else None
            end = close.last if close is not None else last
            code = close.code if close is not None else before.code if before is not None else None
            found.append(Mention(i, end, v.new_issue(issuer, code)))
        i = last
    return found


PAPER: frozenset[str] = frozenset(_WORDS["paper"])
"""Words of a turn of which one is said beside "the new ..." where it is a bond, and not a new colleague."""


def _links(between: Sequence[str]) -> bool:
    """What may stand between an issuer and the tenor: ", a", "'s new", "green"."""
    return all(
        low in (",", "a", "the", "'s", "new", "is", "are", "with", "in", "green", "long", "senior") for low in between
    )


FROM = {"from", "by", "for", "of"}


def _capitals(words: Sequence[Word], at: int) -> tuple[str, int]:
    last = at
    while last < len(words) and last - at < 3 and _name(words[last]):
        last += 1
    return " ".join(word.text for word in words[at:last]), last


def _name(word: Word) -> bool:
    proper = word.text[:1].isupper() and word.text.isalpha() and len(word.text) > 2 and word.low not in NOT_ISSUERS
    return proper and word.low not in MONTHS and word.low not in DAYS and word.low not in v.currencies()
