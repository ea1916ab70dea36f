"""One running conversation: what came in so far, folded into the state that the panels see. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.conversation.edits import Edit, changed, with_edits
from app.conversation.state import ConversationState, Segment
from app.services import State
from nlp.language.model import Analysis, Consent, FollowUp, Header, Matter, Terms, Turn
from nlp.speech import messages
from nlp.speech.turns import talk_share


class LiveConversation:
    """Folds the speech process's events into ``state``; the caller stores what they bring."""

    def __init__(self, interaction_id: str, header: Header, speech: str) -> None:
        self.header = header
        kind = header.kind
        self.state: State[ConversationState] = State(
            ConversationState(interaction_id, kind, speech=speech if kind == "call" else "live")
        )
        self.segments: list[Segment] = []
        self.organization_id: str | None = None
        self.edits: list[Edit] = []
        """What the trader put right: it stands whatever is heard later."""
        self.forgotten: list[tuple[float, float]] = []
        """Stretches, in seconds, of which nothing may come back."""
        self.heard_out = False  # ended, and all of its sound is in
        self.failed = ""
        """Why the speech process gave this conversation up; empty if it has not."""

    @property
    def now(self) -> ConversationState:
        return self.state.value

    def update(self, **fields: object) -> None:
        before = self.state.value
        after = replace(before, **fields)  # type: ignore[arg-type]
        if after != before:
            self.state.set(replace(after, version=before.version + 1))

    def heard(self, event: messages.Segment) -> Segment:
        """A finished utterance of a call."""
        segment = Segment(
            event.seq, event.who, event.start, event.end, event.text, "live", event.latency, event.words, event.guessed
        )
        partial = {who: text for who, text in self.now.partial.items() if who != event.who}
        self._take(segment, partial)
        return segment

    def said(self, turn: Turn) -> Segment:
        """A chat message: final as it comes."""
        segment = Segment(len(self.segments), turn.who, turn.start, turn.end, turn.text, "final")
        self._take(segment, {})
        return segment

    def _take(self, segment: Segment, partial: dict[str, str]) -> None:
        self.segments.append(segment)
        self.segments.sort(key=lambda one: (one.start, one.seq))
        shown = self._shown(self.now.analysis)
        self.update(segments=shown, partial=partial, talk_share=self._share(shown))

    def looked(self, event: messages.Partial) -> None:
        """Words of an utterance that still runs."""
        partial = {who: text for who, text in self.now.partial.items() if who != event.who}
        if event.text:
            partial[event.who] = event.text
        self.update(partial=partial)

    def understood(self, analysis: Analysis, summary: str) -> None:
        self.update(segments=self._shown(analysis), analysis=analysis, summary=summary)

    def finished(self, event: messages.Finished) -> tuple[Segment, ...]:
        """The careful pass replaces what is shown; the live segments stay in the records."""
        if self.header.kind == "call":
            turns = event.analysis.turns if len(event.analysis.turns) == len(event.turns) else event.turns
            heard = [
                Segment(number, turn.who, turn.start, turn.end, turn.text, "final", 0.0, turn.words, turn.guessed)
                for number, turn in enumerate(event.turns)
            ]
            self.segments = [
                one if one.text == turn.text else changed(one, turn.text)
                for one, turn in zip(heard, turns, strict=True)
            ]
        final = with_edits(self.segments, self.edits)
        self.update(
            phase="refined",
            segments=final,
            partial={},
            analysis=event.analysis,
            summary=event.summary,
            lag_seconds=0.0,
            talk_share=self._share(final),
        )
        return final

    def forget(self, start: float, end: float) -> None:
        """Takes away what was said in a stretch, and all facts until those of the rest are understood anew."""
        self.forgotten.append((start, end))
        self.segments = [one for one in self.segments if not self.forgot(one.start, one.end)]
        self.edits = [edit for edit in self.edits if not start <= edit.at < end]
        analysis = None if self.now.analysis is None else Analysis(turns=tuple(one.turn for one in self.segments))
        shown = self._shown(analysis)
        self.update(segments=shown, partial={}, analysis=analysis, summary="", talk_share=self._share(shown))

    def forgot(self, start: float, end: float) -> bool:
        """Whether what was said between these seconds touches a stretch that is forgotten."""
        return any(start < until and end > since for since, until in self.forgotten)

    def knows(self, analysis: Analysis) -> bool:
        """Whether an analysis rests on nothing that is forgotten."""
        facts: tuple[Terms | FollowUp | Consent | Matter, ...] = (
            *analysis.deals,
            *analysis.unclear,
            *analysis.quotes_not_dealt,
            *analysis.orders_left,
            *analysis.follow_ups,
            *analysis.consents,
            *analysis.matters,
        )
        said = [(span.began, span.ended) for fact in facts for span in fact.spans]
        said += [(turn.start, turn.end) for turn in analysis.turns]
        return not any(self.forgot(start, end) for start, end in said)

    def edited(self) -> None:
        """``edits`` is another list now."""
        refined = self.now.phase == "refined"
        self.update(segments=with_edits(self.segments, self.edits) if refined else self._shown(self.now.analysis))

    def _shown(self, analysis: Analysis | None) -> tuple[Segment, ...]:
        return with_edits(_repaired(self.segments, analysis), self.edits)

    def _share(self, segments: Iterable[Segment]) -> float | None:
        turns = [segment.turn for segment in segments]
        if self.header.kind == "chat":  # messages take no time: the share is that of the words
            turns = [Turn(turn.who, 0.0, float(len(turn.text.split())), turn.text) for turn in turns]
        return talk_share(turns)


def _repaired(segments: list[Segment], analysis: Analysis | None) -> tuple[Segment, ...]:
    """The segments with names and instruments put right as far as the analysis has read them."""
    if analysis is None:
        return tuple(segments)
    better = {(turn.who, turn.start): turn.text for turn in analysis.turns}
    return tuple(
        changed(one, text) if (text := better.get((one.who, one.start), one.text)) != one.text else one
        for one in segments
    )
