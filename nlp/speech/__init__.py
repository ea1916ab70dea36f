"""Transcription of two-channel calls: live in a worker process, or a file at once.

Sound in, turns out. What the turns mean is ``nlp.language``; who was on the line is the application's business.
"""

from __future__ import annotations

from nlp.speech.models import ModelChoice, ModelError, describe_models

__all__ = ["ModelChoice", "ModelError", "describe_models"]
