"""What the panels see of a running conversation: one immutable snapshot per change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.conversation.permission import Standing
from nlp.language.model import Analysis, Timed, Turn, Who

Phase = Literal["live", "ended", "refined"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A turn of the transcript as shown. ``latency``: seconds from the end of its words to its text.
    ``words`` and ``guessed`` as in :class:`~nlp.language.model.Turn`."""

    seq: int
    who: Who
    start: float
    end: float
    text: str
    pass_: Literal["live", "final"] = "live"
    latency: float = 0.0
    words: tuple[Timed, ...] = ()
    guessed: bool = False

    @property
    def turn(self) -> Turn:
        return Turn(self.who, self.start, self.end, self.text, self.words, self.guessed)


@dataclass(frozen=True, slots=True)
class ConversationState:
    """A call or chat as far as it is understood.

    ``phase`` goes from live to ended (hung up; the careful transcript is being made) to refined (it is there).
    ``segments`` are the live ones until refined, then the final ones. ``speech`` is "live", "starting", "restarting" or
    "unavailable: <sentence>". ``recording`` and ``audio`` are empty while all is well, else a sentence for the user.
    ``keeping``: whether what is said now is recorded; ``kept``: whether anything was. ``lost``: the sound stopped for
    good before the call was told to be over.
    """

    interaction_id: str
    kind: Literal["call", "chat"]
    phase: Phase = "live"
    segments: tuple[Segment, ...] = ()
    partial: dict[str, str] = field(default_factory=dict)  # side -> words heard so far, not final
    analysis: Analysis | None = None
    summary: str = ""
    lag_seconds: float = 0.0
    speech: str = "starting"
    recorded_seconds: float = 0.0
    recording: str = ""
    audio: str = ""
    keeping: Standing = "recording"
    kept: bool = False
    lost: bool = False
    talk_share: float | None = None
    version: int = 0
