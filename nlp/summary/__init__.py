"""Two to five sentences for a call report. States only what the facts and the sentences support."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlp.language.model import Analysis, Dialogue
    from nlp.summary.templates import Wording

__all__ = ["summarise"]


def summarise(dialogue: Dialogue, analysis: Analysis, wording: Wording | None = None) -> str:
    """The summary of a call report, deterministic and without a number that nobody said; in the desk's wording."""
    from nlp.summary.templates import built_in
    from nlp.summary.wording import compose

    return compose(dialogue, analysis, wording or built_in())
