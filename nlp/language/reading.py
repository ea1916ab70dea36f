"""The order of understanding a dialogue."""

from __future__ import annotations

from nlp.language.model import Analysis, Dialogue, Reference


def read(dialogue: Dialogue, reference: Reference) -> Analysis:
    """Everything understood from the turns so far."""
    return Analysis(turns=dialogue.turns)
