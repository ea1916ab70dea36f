"""A recording in a file, transcribed at once in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from nlp.audio.recording import Recording, load
from nlp.language.model import Turn, Who
from nlp.speech.models import ModelChoice, model_folder
from nlp.speech.recognition import Recogniser
from nlp.speech.turns import interleave
from nlp.speech.words import Word

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""


def transcribe_file(path: Path, model: ModelChoice | None = None, progress: Progress | None = None) -> list[Turn]:
    """The turns of a two-channel recording by the careful pass. Raises ``AudioError`` or ``ModelError``."""
    return transcribe(load(path), model, progress)


def transcribe(recording: Recording, model: ModelChoice | None = None, progress: Progress | None = None) -> list[Turn]:
    """The turns of a recording in memory."""
    recogniser = _recogniser(model or ModelChoice())
    sides: dict[Who, list[Word]] = {"trader": [], "client": []}
    for number, (who, sound) in enumerate(recording.voices().items()):
        for stretch in recogniser.careful(sound):
            sides[who].extend(stretch.words)
            if progress is not None:
                progress(min(1.0, (number + stretch.done_until / max(recording.seconds, 0.1)) / len(sides)))
    if progress is not None:
        progress(1.0)
    turns = interleave(sides)
    return [msgspec.structs.replace(turn, guessed=True) for turn in turns] if recording.guessed else turns


@lru_cache(maxsize=2)
def _recogniser(model: ModelChoice) -> Recogniser:
    return Recogniser(model_folder(model))
