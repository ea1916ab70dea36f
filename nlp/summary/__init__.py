"""Two to five sentences for a call report. States only what the facts and the sentences support."""

from __future__ import annotations

from nlp.language.model import Analysis, Dialogue

__all__ = ["summarise"]


def summarise(dialogue: Dialogue, analysis: Analysis) -> str:
    """The summary of a call report, deterministic and without a number that nobody said."""
    from nlp.summary.wording import compose

    return compose(dialogue, analysis)
