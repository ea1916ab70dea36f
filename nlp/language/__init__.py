"""From turns to facts: deals, quotes, orders, follow-ups, consents, complaints, KYC, each with the turns it rests on.

Pure and deterministic; spaCy is loaded on the first call. No Qt, database, FDC3 or sound may enter.
"""

from __future__ import annotations

from nlp.language.model import Analysis, Dialogue, Lexicon, Reference

__all__ = ["Lexicon", "analyse"]


def analyse(dialogue: Dialogue, reference: Reference | None = None) -> Analysis:
    """Everything understood from a dialogue, finished or not. Fast enough to be called again after each turn."""
    from nlp.language.reading import read  # spaCy stays out of the program's start

    return read(dialogue, reference or Reference())
