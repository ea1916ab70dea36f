"""The conversations of the desk: sound recorded and transcribed, messages collected, facts kept up to date."""

from __future__ import annotations

from app.conversation.state import ConversationState, Phase, Segment

__all__ = ["ConversationState", "Phase", "Segment"]
