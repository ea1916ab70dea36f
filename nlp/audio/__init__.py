"""Two-channel sound: files, resampling to 16 kHz, voice activity.

Left is the trader, right the client. Nothing here knows about words: what was said belongs to ``nlp.speech``.
"""

from __future__ import annotations

from nlp.audio.recording import AudioError, Recording, load

__all__ = ["AudioError", "Recording", "load"]
