"""The sentences worth quoting when facts do not tell the story."""

from __future__ import annotations

import re

from nlp.language.model import Analysis, Turn

WEIGHTS = {
    "complaint": 4, "complain": 4, "confirmation": 2, "wrong": 3, "late": 3, "error": 3, "mistake": 2, "credit": 2, "line": 1, "limit": 1, "review": 3, "kyc": 4, "audit": 2, "auditors": 2, "passport": 3,
    "expires": 2, "agreed": 2, "committee": 2, "board": 2, "budget": 2, "policy": 2, "hedge": 2, "cancel": 4, "cancelled": 4, "balance": 3, "headline": 3, "recall": 2, "announcement": 2, "research": 2,
    "settlement": 2, "instructions": 2, "account": 1, "acquisition": 3, "refinancing": 3, "dividend": 2, "because": 1, "value": 1, "switch": 3, "risk": 1, "margin": 2, "threshold": 2, "forecast": 2,
    "election": 2, "view": 1, "client": 1, "price": 1, "mandate": 3, "invoice": 2, "supplier": 2, "position": 1, "bank": 1, "platform": 2, "double": 1,
}  # fmt: skip


def salient(turns: tuple[Turn, ...], analysis: Analysis, count: int) -> list[tuple[str, str]]:
    """Up to `count` (who, sentence), in the order said; sentences already told by a fact are left out."""
    told = {i for fact in (*analysis.deals, *analysis.orders_left) for i in fact.evidence}
    scored: list[tuple[float, int, int, str, str]] = []
    for i, turn in enumerate(turns):
        for n, sentence in enumerate(re.split(r"(?<=[.?!])\s+", turn.text)):
            words = re.findall(r"[a-z][a-z'-]*", sentence.lower())
            if not 5 <= len(words) <= 32 or sentence.endswith("?"):
                continue
            score = sum(WEIGHTS.get(word, 0) for word in set(words)) + (0.5 if turn.who == "client" else 0)
            score -= 3 if i in told else 0
            if score >= 3:
                scored.append((-score, i, n, "Client" if turn.who == "client" else "Trader", sentence.strip()))
    best = sorted(scored)[:count]
    return [(who, text.rstrip()) for _, _, _, who, text in sorted(best, key=lambda row: (row[1], row[2]))]
