"""Scores call reports against labelled dialogues: which facts are right, what the summary mentions or invents.

A deal is right when side, instrument, quantity and price are all right. Entries are matched one to one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Fact = Mapping[str, Any]
MONTHS = {
    m: m[:3] for m in "january february march april may june july august september october november december".split()
}
STOP = set(
    "the a an to of for and on by in at with from is be will it this that her his their them him he "
    "she they send sent".split()
)
SAME = {
    "treasury": "ust",
    "treasuries": "ust",
    "gilt": "ukt",
    "gilts": "ukt",
    "linker": "ukti",
    "bonos": "spgb",
    "bono": "spgb",
    "obligaciones": "spgb",
    "estoxx": "euro",
    "eurostoxx": "euro",
    "contract": "",
    "pct": "",
    "plc": "",
    "ag": "",
    "reg": "",
    "s": "",
}


@dataclass
class Count:
    """Facts of one kind: right ones, those in the truth, those found."""

    right: int = 0
    truth: int = 0
    found: int = 0

    @property
    def precision(self) -> float | None:
        """Share of what was found that is right."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the truth that was found."""
        return self.right / self.truth if self.truth else None


@dataclass
class Score:
    """The score of one report, or the sum of several."""

    counts: dict[str, Count] = field(default_factory=lambda: {kind: Count() for kind in RIGHT})
    mentioned: int = 0
    to_mention: int = 0
    loose: list[str] = field(default_factory=list)
    unmentioned: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Sum up."""
        for kind, count in other.counts.items():
            mine = self.counts[kind]
            mine.right, mine.truth, mine.found = (
                mine.right + count.right,
                mine.truth + count.truth,
                mine.found + count.found,
            )
        self.mentioned += other.mentioned
        self.to_mention += other.to_mention
        self.loose += other.loose
        self.unmentioned += other.unmentioned


def score(labelled: Mapping[str, Any], report: Mapping[str, Any]) -> Score:
    """Compare one report with the labelled dialogue it was made from."""
    truth, result = labelled["truth"], Score()
    for kind, right in RIGHT.items():
        expected, found = truth.get(kind) or [], report.get(kind) or []
        result.counts[kind] = Count(_matched(expected, found, right), len(expected), len(found))
    groups = truth.get("must_mention") or []
    result.unmentioned = [str(group[0]) for group in groups if not _mentions(group, report.get("summary", ""))]
    result.to_mention, result.mentioned = len(groups), len(groups) - len(result.unmentioned)
    result.loose = loose_numbers(labelled, report.get("summary", ""))
    return result


def tokens(text: str | None) -> set[str]:
    """Comparable words of an instrument's name: months as three letters, years as two digits."""
    out = set()
    for word in re.findall(r"[a-z]+|\d+(?:\.\d+)?", (text or "").lower()):
        word = SAME.get(MONTHS.get(word, word), MONTHS.get(word, word))
        word = word[2:] if re.fullmatch(r"20\d\d", word) else word
        word = word.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", word) else word
        if word:
            out.add(word)
    return out


def same_instrument(one: Fact, other: Fact) -> bool:
    """Equal codes, or names that agree and whose numbers do not differ."""

    def code(fact: Fact) -> str:
        return re.sub(r"[^A-Z0-9]", "", str(fact.get("instrument") or "").upper())

    if code(one) and code(one) == code(other):
        return True
    fixed = re.compile(r"[A-Z]{6}|[A-Z]{2}[A-Z0-9]{9}\d")
    for left in (tokens(one.get("instrument")), tokens(one.get("description"))):
        for right in (tokens(other.get("instrument")), tokens(other.get("description"))):
            if not left or not right or (len(left) == 1 and fixed.fullmatch(next(iter(left)).upper())):
                continue
            numbers = [{t for t in side if t[0].isdigit()} for side in (left, right)]
            if all(numbers) and not numbers[0] & numbers[1]:
                continue
            shared, shorter = len(left & right), min(len(left), len(right))
            if shared / shorter >= 0.6 and shared >= min(2, shorter):
                return True
    return False


def near(one: Any, other: Any, rel: float = 1e-6) -> bool:
    """Equal numbers, or both missing."""
    if one is None or other is None:
        return one is None and other is None
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        return False
    return abs(a - b) <= rel * max(1.0, abs(a), abs(b))


def _stems(text: str) -> set[str]:
    return {w[:6] for w in re.findall(r"[a-z0-9]+", (text or "").lower()) if w not in STOP}


def _deal(t: Fact, p: Fact) -> bool:
    agree = t.get("client_side") == p.get("client_side") and near(t.get("quantity"), p.get("quantity"), 0.005)
    return agree and same_instrument(t, p) and near(t.get("price"), p.get("price"))


def _quote(t: Fact, p: Fact) -> bool:
    return same_instrument(t, p) and all(near(t.get(k), p.get(k)) for k in ("bid", "ask") if t.get(k) is not None)


def _order(t: Fact, p: Fact) -> bool:
    return (
        same_instrument(t, p) and t.get("client_side") == p.get("client_side") and near(t.get("level"), p.get("level"))
    )


def _follow_up(t: Fact, p: Fact) -> bool:
    if t.get("owner") != p.get("owner") or (t.get("due") and t.get("due") != p.get("due")):
        return False
    a, b = _stems(t.get("what", "")), _stems(p.get("what", ""))
    shares_turn = bool(set(t.get("evidence") or []) & set(p.get("evidence") or []))
    return shares_turn or bool(a and b and len(a & b) / min(len(a), len(b)) >= 0.4)


def _consent(t: Fact, p: Fact) -> bool:
    return t.get("channel") == p.get("channel") and bool(t.get("granted")) == bool(p.get("granted"))


RIGHT: dict[str, Callable[[Fact, Fact], bool]] = {
    "deals": _deal,
    "quotes_not_dealt": _quote,
    "orders_left": _order,
    "follow_ups": _follow_up,
    "consents": _consent,
}


def _matched(truth: Sequence[Fact], found: Sequence[Fact], right: Callable[[Fact, Fact], bool]) -> int:
    """Size of a maximum one-to-one matching; the lists are short, so augmenting paths do."""
    owner: dict[int, int] = {}

    def place(i: int, seen: set[int]) -> bool:
        for j, fact in enumerate(found):
            if j not in seen and right(truth[i], fact):
                seen.add(j)
                if j not in owner or place(owner[j], seen):
                    owner[j] = i
                    return True
        return False

    return sum(place(i, set()) for i in range(len(truth)))


def _mentions(group: Sequence[Any], summary: str) -> bool:
    text = re.sub(r"\s+", " ", (summary or "").lower())
    for alternative in group:
        wanted = str(alternative).lower()
        left = r"(?<![\d.,])" if wanted[0].isdigit() else ""
        tail = r"(?![\d])(?![.,]\d)" if wanted[-1].isdigit() else ""
        if re.search(left + re.escape(wanted) + tail, text):
            return True
    return False


def loose_numbers(labelled: Mapping[str, Any], summary: str) -> list[str]:
    """Numbers of a summary that neither the conversation, its header nor the truth holds."""
    known = " ".join(
        [
            json.dumps(labelled["truth"], default=str),
            " ".join(turn["text"] for turn in labelled["turns"]),
            str(labelled["started"]),
            json.dumps(labelled["client"]),
            json.dumps(labelled["trader"]),
        ]
    )
    seen: set[float] = set()
    for text, scale in re.findall(r"(\d[\d,]*(?:\.\d+)?)(k\b)?", known):
        value = float(text.replace(",", "")) * (1000 if scale else 1)  # "150k" is 150,000
        seen |= {value, value / 1e3, value / 1e6, value / 1e9}
    minutes = round(labelled["turns"][-1]["at"] / 60) if labelled["turns"] else 0
    loose = []
    for text in re.findall(r"\d[\d,]*(?:\.\d+)?", summary or ""):
        value = float(text.replace(",", "").rstrip("."))
        if value > 31 and not any(near(value, s) for s in seen) and abs(value - minutes) > 2:
            loose.append(text)
    return loose
