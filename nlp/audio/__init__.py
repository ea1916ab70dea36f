"""Two-channel sound: files, resampling to 16 kHz, voice activity.

Left is the trader, right the client. Nothing here knows about words: what was said belongs to ``nlp.speech``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlp.audio.recording import AudioError, Recording, load

__all__ = ["AudioError", "Recording", "load"]


def __getattr__(name: str) -> Any:
    """Loaded when used: the desk needs the channels at its start, and numpy would cost it a tenth of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nlp.audio import recording

    return getattr(recording, name)
