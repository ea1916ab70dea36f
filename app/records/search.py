"""Search as the trader types: every word may be unfinished, accents and case do not matter, digits find numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.records.indexing import digits_of
from app.records.tables import Contact, Instrument, Interaction, Organization, TranscriptSegment

Kind = Literal["organization", "contact", "instrument", "interaction", "transcript"]

_NUMBER = re.compile(r"[+(]?[\d\s().+/-]{4,}")
_WORD = re.compile(r"\w+")
_SHORTEST_TALK = 2  # one letter matches nearly every talk
_RECENT = 200  # of the talks that match, so many of the newest are ranked

# Lower is better. Names: a hit in the name itself counts ten times one in the rest.
_NAMES = text(
    """
    SELECT d.kind, d.record_id, bm25(search_names, 10.0, 1.0) AS score
    FROM search_names JOIN search_document AS d ON d.id = search_names.rowid
    WHERE search_names MATCH :query ORDER BY score LIMIT :limit
    """
)
_TALK = text(
    """
    SELECT d.kind, d.record_id, found.score, found.snippet FROM (
        SELECT rowid, bm25(search_talk, 4.0, 1.0) AS score, snippet(search_talk, 1, '', '', '…', 14) AS snippet
        FROM search_talk WHERE search_talk MATCH :query ORDER BY rowid DESC LIMIT :recent
    ) AS found JOIN search_document AS d ON d.id = found.rowid ORDER BY found.score LIMIT :limit
    """
)


# Newest first: whoever looks for words remembers about when they were said.
_SPOKEN = text(
    """
    SELECT d.record_id, found.snippet FROM (
        SELECT rowid, snippet(search_talk, 1, '', '', '…', 18) AS snippet
        FROM search_talk WHERE search_talk MATCH :query ORDER BY rowid DESC LIMIT :recent
    ) AS found JOIN search_document AS d ON d.id = found.rowid WHERE d.kind = 'segment' ORDER BY found.rowid DESC
    """
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words found in a talk. ``start`` begins the turn; ``at`` the first word found, as far as its time is known."""

    interaction_id: str
    kind: str  # call, chat
    title: str
    started_at: dt.datetime
    who: str
    start: float
    at: float
    snippet: str


@dataclass(frozen=True, slots=True)
class Hit:
    """``record_id``: of the interaction for a transcript hit. ``snippet`` says where it was found or what it is."""

    kind: Kind
    record_id: str
    title: str
    snippet: str


def search(session: Session, text: str, limit: int = 20) -> list[Hit]:
    """Customers and instruments first, then talks, each best first. Any text is safe; an empty one finds nothing."""
    query = match_expression(text)
    if not query:
        return []
    hits = _names(session, query, limit)
    if len(hits) < limit and len(text.strip()) >= _SHORTEST_TALK:
        hits += _talk(session, query, limit - len(hits))
    return hits


def search_spoken(session: Session, text: str, limit: int = 100) -> list[Spoken]:
    """The turns of all talks in which every word of ``text`` was said or written, the newest talk first.

    A talk that has its final transcript is searched in that alone.
    """
    query = match_expression(text)
    if not query or len(text.strip()) < _SHORTEST_TALK:
        return []
    # Most turns are there twice, as heard live and in the final pass.
    snippets = {row.record_id: row.snippet for row in session.execute(_SPOKEN, {"query": query, "recent": 4 * limit})}
    turns = (
        select(TranscriptSegment, Interaction, Organization.short_name, Contact.name)
        .join(Interaction, Interaction.id == TranscriptSegment.interaction_id)
        .outerjoin(Organization, Organization.id == Interaction.organization_id)
        .outerjoin(Contact, Contact.id == Interaction.contact_id)
        .where(TranscriptSegment.id.in_(list(snippets)))
        .order_by(Interaction.started_at.desc(), TranscriptSegment.start)
    )
    rows = session.execute(turns).all()
    refined = set(
        session.scalars(
            select(TranscriptSegment.interaction_id)
            .where(
                TranscriptSegment.interaction_id.in_({row[1].id for row in rows}), TranscriptSegment.pass_ == "final"
            )
            .distinct()
        )
    )
    words = [word.casefold() for word in _WORD.findall(text)]
    return [
        Spoken(
            talk.id,
            talk.kind,
            _said(house or contact or talk.number or talk.handle) or "Unknown",
            talk.started_at,
            turn.who,
            turn.start,
            _moment(turn, words),
            snippets[turn.id],
        )
        for turn, talk, house, contact in rows
        if turn.pass_ == "final" or talk.id not in refined
    ][:limit]


def _moment(turn: TranscriptSegment, words: Sequence[str]) -> float:
    spoken = turn.text.split()
    if len(turn.words) == len(spoken):
        for piece, times in zip(spoken, turn.words, strict=True):
            if any(part.startswith(tuple(words)) for part in _WORD.findall(piece.casefold())):
                return float(times[0])
    return turn.start


def match_expression(text: str) -> str:
    """The FTS5 query for what was typed; every word is quoted, so nothing in it is an operator."""
    if _NUMBER.fullmatch(text.strip()) and len(digits := digits_of(text.replace("(0)", ""))) >= 4:
        # The index has every tail of the international number; the zero of a national number is not in it.
        return f'"{digits}"* OR "{digits.lstrip("0") or digits}"*'
    return " ".join(f'"{word}"*' for word in _WORD.findall(text)[:12])


def _names(session: Session, query: str, limit: int) -> list[Hit]:
    rows = session.execute(_NAMES, {"query": query, "limit": limit}).all()
    ids = [row.record_id for row in rows]
    shown: dict[str, tuple[str, str]] = {}
    for organization in session.scalars(select(Organization).where(Organization.id.in_(ids))):
        shown[organization.id] = organization.name, _said(organization.kind, organization.city)
    statement = (
        select(Contact, Organization.name)
        .outerjoin(Organization, Organization.id == Contact.organization_id)
        .where(Contact.id.in_(ids))
    )
    for contact, house in session.execute(statement):
        shown[contact.id] = contact.name, _said(contact.title, house)
    for instrument in session.scalars(select(Instrument).where(Instrument.id.in_(ids))):
        shown[instrument.id] = instrument.symbol, _said(instrument.name, instrument.isin)
    return [Hit(row.kind, row.record_id, *shown[row.record_id]) for row in rows if row.record_id in shown]


def _talk(session: Session, query: str, limit: int) -> list[Hit]:
    # Several turns of one talk may match: more rows are fetched than talks shown.
    rows = session.execute(_TALK, {"query": query, "recent": _RECENT, "limit": limit * 4}).all()
    spoken = [row.record_id for row in rows if row.kind == "segment"]
    turns = select(TranscriptSegment.id, TranscriptSegment.interaction_id).where(TranscriptSegment.id.in_(spoken))
    talk_of = {turn.id: turn.interaction_id for turn in session.execute(turns)}
    found: dict[str, tuple[Kind, str]] = {}
    for row in rows:
        talk = talk_of.get(row.record_id) if row.kind == "segment" else row.record_id
        if talk is not None and talk not in found and len(found) < limit:
            found[talk] = ("transcript" if row.kind == "segment" else "interaction"), row.snippet
    titles = _talk_titles(session, list(found))
    return [Hit(kind, talk, titles[talk], snippet) for talk, (kind, snippet) in found.items() if talk in titles]


def _talk_titles(session: Session, ids: Sequence[str]) -> dict[str, str]:
    statement = (
        select(Interaction, Organization.short_name)
        .outerjoin(Organization, Organization.id == Interaction.organization_id)
        .where(Interaction.id.in_(ids))
    )
    titles = {}
    for talk, house in session.execute(statement):
        day = talk.started_at.strftime("%d %b %Y").lstrip("0")
        titles[talk.id] = _said(house or talk.number or talk.handle, talk.subject or talk.kind, day)
    return titles


def _said(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
