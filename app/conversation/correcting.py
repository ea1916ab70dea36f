"""Putting a transcript right: the line, the edit that later passes keep, and, if wished, the desk's lexicon."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation.edits import Edit, realigned, spans
from app.records.change import Change
from app.records.errors import RecordMissing, Refused
from app.records.ids import new_id
from app.records.tables import LexiconEntry, TranscriptEdit, TranscriptSegment
from nlp.language.model import Lexicon, Timed


@dataclass(frozen=True, slots=True)
class Correction:
    """Characters ``first`` to ``last`` of a line mean something else. ``text`` is the line as the trader saw it.

    ``always``: in all calls to come, too.
    """

    interaction_id: str
    pass_: str
    seq: int
    text: str
    first: int
    last: int
    means: str
    always: bool = False

    @property
    def heard(self) -> str:
        return self.text[self.first : self.last]

    @property
    def corrected(self) -> str:
        return self.text[: self.first] + self.means + self.text[self.last :]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was done, enough to take it back. ``entry`` of the lexicon: its id and what it meant before, if anything."""

    interaction_id: str
    edit: Edit
    segment_id: str
    pass_: str
    seq: int
    before: str
    before_words: tuple[tuple[float, ...], ...]
    after: str
    after_words: tuple[tuple[float, ...], ...]
    entry: tuple[str, str | None] | None = None


def correct(change: Change, wish: Correction) -> Corrected:
    """Raises RecordMissing if the line is not stored (any more), Refused for an empty correction."""
    heard, means = wish.heard.strip(), " ".join(wish.means.split())
    if not heard or not means:
        raise Refused("Type what was said in place of the chosen words.")
    row = _line(change.session, wish)
    words = tuple(Timed(*each) for each in row.words)
    # The line may have been shown with names repaired: the times go with what was heard.
    shown = realigned(row.text, words, wish.text)
    said = spans(wish.text, shown, row.start, row.end)
    at = next((began for first, last, began in said if last > wish.first), row.start)
    edit = change.add(TranscriptEdit(interaction_id=row.interaction_id, who=row.who, at=at, heard=heard, means=means))
    after = realigned(wish.text, shown, wish.corrected)
    done = Corrected(
        row.interaction_id,
        Edit(edit.id, row.who, at, heard, means),
        row.id,
        row.pass_,
        row.seq,
        row.text,
        tuple(tuple(each) for each in row.words),
        wish.corrected,
        tuple((word.start, word.end, word.sure) for word in after),
        _learn(change, heard, means) if wish.always else None,
    )
    change.update(TranscriptSegment, row.id, text=done.after, words=[list(each) for each in done.after_words])
    return done


def take_back(change: Change, done: Corrected) -> None:
    """As if it had not been corrected; what was changed since stays."""
    if change.get(TranscriptEdit, done.edit.id) is not None:
        change.delete(TranscriptEdit, done.edit.id)
    row = change.get(TranscriptSegment, done.segment_id)
    if row is not None and row.text == done.after:
        change.update(TranscriptSegment, row.id, text=done.before, words=[list(each) for each in done.before_words])
    if done.entry is not None:
        entry_id, meant = done.entry
        entry = change.get(LexiconEntry, entry_id)
        if entry is not None and entry.means == done.edit.means:
            if meant is None:
                change.delete(LexiconEntry, entry_id)
            else:
                change.update(LexiconEntry, entry_id, means=meant)


def unlearn(change: Change, entry_id: str) -> tuple[str, str]:
    """Takes an entry out of the lexicon; what was heard and meant, so that it can be put back."""
    entry = change.require(LexiconEntry, entry_id)
    said = entry.heard, entry.means
    change.delete(LexiconEntry, entry_id)
    return said


def learn(change: Change, heard: str, means: str) -> None:
    _learn(change, heard, means)


def lexicon(session: Session) -> Lexicon:
    """Of two entries for the same words, as two desks may have made them, the later one counts."""
    rows = session.execute(select(LexiconEntry.heard, LexiconEntry.means).order_by(LexiconEntry.id))
    return Lexicon(tuple((heard, means) for heard, means in rows))


def edits_of(session: Session, interaction_id: str) -> list[Edit]:
    rows = session.scalars(
        select(TranscriptEdit).where(TranscriptEdit.interaction_id == interaction_id).order_by(TranscriptEdit.id)
    )
    return [Edit(row.id, row.who, row.at, row.heard, row.means) for row in rows]


def _learn(change: Change, heard: str, means: str) -> tuple[str, str | None]:
    known = change.session.scalars(
        select(LexiconEntry).where(LexiconEntry.heard == heard.lower()).order_by(LexiconEntry.id.desc())
    ).first()
    if known is None:
        return change.add(LexiconEntry(id=new_id(), heard=heard.lower(), means=means)).id, None
    before = known.means
    change.update(LexiconEntry, known.id, means=means)
    return known.id, before


def _line(session: Session, wish: Correction) -> TranscriptSegment:
    row = session.scalars(
        select(TranscriptSegment).where(
            TranscriptSegment.interaction_id == wish.interaction_id,
            TranscriptSegment.pass_ == wish.pass_,
            TranscriptSegment.seq == wish.seq,
        )
    ).first()
    if row is None:
        raise RecordMissing("This line is not stored yet, or was written anew meanwhile. Try again in a moment.")
    return row
