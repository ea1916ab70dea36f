"""The sentences worth quoting when facts do not tell the story."""

from __future__ import annotations

import re
from decimal import Decimal

from nlp.language import vocabulary
from nlp.language.model import Analysis, Turn

_WORDS = vocabulary.section("phrases", "salience")
WEIGHTS: dict[str, int] = _WORDS["weights"]
REST: frozenset[str] = frozenset(_WORDS["rest"])  # of an amount
CALLED_OFF: frozenset[str] = frozenset(_WORDS["called_off"])
SHAPES: dict[str, str] = _WORDS["shapes"]
AMOUNT = re.compile(r"(?<![\w.,])(\d[\d, ]*\d|\d+)(k)?(?![\d.,/%]*\d)(?=\W|$)")
FIRST = 6  # turns in which a client says why they call


def salient(turns: tuple[Turn, ...], analysis: Analysis, count: int, *, thin: bool) -> list[tuple[str, str]]:
    """Up to `count` (who, sentence), in the order said; sentences told by a fact are left out. Of a `thin` talk,
    one without business, what the client begins with counts for more."""
    numbers = {mention.turn for mention in analysis.mentions if mention.kind in ("quantity", "price")}
    told = {i for fact in (*analysis.deals, *analysis.orders_left) for i in fact.evidence}
    scored: list[tuple[float, int, int, str, str]] = []
    for i, turn in enumerate(turns):
        for n, sentence in enumerate(re.split(r"(?<=[.?!])\s+", turn.text)):
            words = re.findall(r"[a-z][a-z'-]*", sentence.lower())
            if not 5 <= len(words) <= 32 or sentence.endswith("?"):
                continue
            score = sum(WEIGHTS.get(word, 0) for word in set(words)) + (0.5 if turn.who == "client" else 0)
            score -= 3 if i in told else 0
            score += 3 if i in numbers and i not in told and REST & set(words) else 0
            score += 2 if thin and turn.who == "client" and i < FIRST else 0
            if score >= 3:
                scored.append((-score, i, n, turn.who, sentence.strip()))
    best = sorted(scored)[:count]
    return [(who, text.rstrip()) for _, _, _, who, text in sorted(best, key=lambda row: (row[1], row[2]))]


MOST_WORDS = 45
LEAST = 1000
SHORT_TURN = 25  # words


def unread(analysis: Analysis, count: int) -> list[tuple[str, str]]:
    """Up to `count` (who, turn) that name an amount with a price, a day or an instrument and that no fact rests on:
    business that was heard and not understood. What the trader reads back comes before what was asked."""
    told = {i for fact in (*analysis.deals, *analysis.quotes_not_dealt, *analysis.orders_left) for i in fact.evidence}
    told |= {i for follow in analysis.follow_ups for i in follow.evidence}
    kinds: dict[int, set[str]] = {}
    for mention in analysis.mentions:
        kinds.setdefault(mention.turn, set()).add(mention.kind)
    found = [
        (-len(said), analysis.turns[i].who != "trader", i)
        for i, said in kinds.items()
        if i not in told
        and "quantity" in said
        and said & {"price", "date", "instrument"}
        and len(analysis.turns[i].text.split()) <= MOST_WORDS
    ]
    best = sorted(i for _, _, i in sorted(found)[:count])
    return [(analysis.turns[i].who, analysis.turns[i].text.strip()) for i in best]


def shapes(analysis: Analysis) -> list[str]:
    """What kind of trade it was where two lines make one: "a steepener"."""
    text = " ".join(re.sub(r"[^a-z]+", " ", turn.text.lower()) for turn in analysis.turns)
    facts = (*analysis.deals, *analysis.quotes_not_dealt, *analysis.orders_left)
    fitting = {fact.product for fact in facts} & {"bond", "irs", "option", "future"}
    return [name for cue, name in SHAPES.items() if fitting and f" {cue} " in f" {text} "][:1]


def called_off(analysis: Analysis) -> tuple[str, str] | None:
    """(who, sentence) of the amount of a deal's order that was not done: "cancelled 35,600", "pulled, other 45,500"."""
    amounts = {fact.quantity for fact in (*analysis.deals, *analysis.orders_left, *analysis.quotes_not_dealt)}
    for turn in reversed(analysis.turns if analysis.deals else ()):
        for sentence in re.split(r"(?<=[.?!])\s+", turn.text):
            words = set(re.findall(r"[a-z][a-z'-]*", sentence.lower()))
            said = {Decimal(re.sub(r"\D", "", digits)) * (1000 if k else 1) for digits, k in AMOUNT.findall(sentence)}
            untold = any(value >= LEAST for value in said - amounts)
            if untold and words & (CALLED_OFF | REST) and set(re.findall("[a-z]+", turn.text.lower())) & CALLED_OFF:
                return turn.who, (turn.text if len(turn.text.split()) <= SHORT_TURN else sentence).strip()
    return None
