"""How the client feels about the service."""

from __future__ import annotations

from typing import Literal

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Turn

_WORDS = vocabulary.section("phrases", "attitude")
POSITIVE: tuple[str, ...] = tuple(_WORDS["positive"])
NEGATIVE: tuple[str, ...] = tuple(_WORDS["negative"])


def sentiment(turns: tuple[Turn, ...], frames: list[Frame]) -> Literal["positive", "neutral", "negative"]:
    """Praise beyond routine courtesy is positive; dissatisfaction that is not taken back is negative."""
    praise = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*POSITIVE)), default=-1)
    blame = max((i for i, t in enumerate(turns) if t.who == "client" and frames[i].has(*NEGATIVE)), default=-1)
    if blame > praise:
        return "negative"
    return "positive" if praise >= 0 else "neutral"
