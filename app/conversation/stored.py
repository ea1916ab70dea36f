"""A turn of the transcript as a row of the records, and back."""

from __future__ import annotations

from app.conversation.state import Segment
from app.records.ids import new_id
from app.records.tables import TranscriptSegment
from nlp.language.model import Timed, Who


def row_of(interaction_id: str, segment: Segment) -> TranscriptSegment:
    """A new row."""
    return TranscriptSegment(
        id=new_id(),
        interaction_id=interaction_id,
        seq=segment.seq,
        pass_=segment.pass_,
        who=segment.who,
        start=segment.start,
        end=segment.end,
        text=segment.text,
        words=[[word.start, word.end, word.sure] for word in segment.words],
    )


def segment_of(row: TranscriptSegment) -> Segment:
    who: Who = "trader" if row.who == "trader" else "client"
    words = tuple(Timed(*word) for word in row.words)
    return Segment(row.seq, who, row.start, row.end, row.text, "final" if row.pass_ == "final" else "live", 0.0, words)
