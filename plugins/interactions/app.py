"""The list's app: past talks from the records, live ones from the desk's channels, and opening what is chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.records.lines import InteractionLine
from app.records.queries import interactions_page
from app.records.tables import Contact, Interaction, Organization, User
from app.services import CommitWatch, LocalZone, Services, State
from fdc3.types import Contact as ContactContext
from fdc3.types import Context
from plugins.interactions import rows as talk_rows
from plugins.interactions.rows import Filter, TalkRow

if TYPE_CHECKING:
    from fdc3.client import Channel, DesktopAgent
    from fdc3.types import ContextMetadata

PAGE = 100
MISSED_KEPT = 20
FRESH = dt.timedelta(days=2)
"""A talk without any report is asked for this long; older ones have been let go."""


@dataclass(frozen=True)
class TalksState:
    """``rows`` are those of the filter, ready to show. ``more``: the records hold older ones."""

    rows: tuple[TalkRow, ...] = ()
    chosen: Filter = "all"
    to_report: int = 0
    more: bool = False
    loaded: bool = False


class InteractionsApp:
    """On the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services, conversation: Channel) -> None:
        self.state = State(TalksState())
        self.zone: dt.tzinfo = LocalZone()
        self._fdc3 = fdc3
        self._desk = desk
        self._conversation = conversation
        self._live: dict[str, TalkRow] = {}
        self._missed: list[TalkRow] = []
        self._past: tuple[TalkRow, ...] = ()
        self._to_report = 0
        self._chosen: Filter = "all"
        self._limit = PAGE
        self._more = False
        self._loaded = False
        self._reading = ""
        self._watch = CommitWatch(
            desk.records, {"interaction", "call_report", "organization", "contact"}, self.refresh, pause=0.05
        )

    # -- what the desk says

    async def conversation_state(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        key = context.id.get("deskline")
        if not key:
            return
        if context.get("phase") == "live":
            row = talk_rows.with_state(self._live.get(key), context, self._desk.clock())
            if self._live.get(key) != row:
                self._live[key] = row
                self._publish()
        elif self._live.pop(key, None) is not None:
            # The end is stored about now; until it is, the row must not vanish.
            await self.refresh()

    async def segment(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        row = self._live.get(context.id.get("deskline") or "")
        if row is not None:
            self._live[row.key] = talk_rows.with_words(row, context, reading=row.key == self._reading)
            if row.kind == "chat":
                self._publish()

    async def lines(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        now = self._desk.clock()
        self._live, missed = talk_rows.with_lines(self._live, context.get("lines") or (), now)
        self._missed = [*self._missed, *missed][-MISSED_KEPT:]
        self._publish()

    async def interaction_shown(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """Somebody looks at an interaction: its messages are read."""
        self._read(context.id.get("deskline") or "")

    # -- what the trader does

    async def choose(self, chosen: Filter) -> None:
        self._chosen = chosen
        self._limit = PAGE
        await self.refresh()

    async def load_more(self) -> None:
        """The next page of the past."""
        if self._more:
            self._limit += PAGE
            await self.refresh()

    async def open(self, key: str) -> None:
        """A live talk turns the desk to its customer; a past one shows its words and its report."""
        row = next((each for each in self.state.value.rows if each.key == key), None)
        if row is None:
            return
        recorded = row.status not in ("ringing", "missed") or not key.startswith("line ")
        if recorded:
            self._read(key)
            await self._conversation.broadcast(
                Context(
                    type="deskline.interaction.show",
                    id={"deskline": key},
                    report=not row.live and row.status != "missed",
                )
            )
        if row.live or not row.known or row.status == "missed":
            await self._fdc3.raise_intent("ViewProfile", _contact(row))

    async def explain_sync(self, key: str) -> None:
        """Asks the sync panel why a call or chat is not in step with the server."""
        context = Context(type="deskline.record", id={"deskline": key}, table="interaction")
        await self._fdc3.raise_intent("deskline.ExplainSync", context)

    # -- inside

    async def refresh(self) -> None:
        """Reads the list anew from the records."""
        chosen, limit, since = self._chosen, self._limit, self._desk.clock() - FRESH
        lines, count = await self._desk.records.query(
            lambda session: (_page(session, chosen, limit + 1, since), _count(session, since))
        )
        self._more = len(lines) > limit
        self._past = tuple(_row(line) for line in lines[:limit])
        self._to_report = count
        self._loaded = True
        self._publish()

    async def close(self) -> None:
        self._watch.close()

    def _read(self, key: str) -> None:
        self._reading = key
        row = self._live.get(key)
        if row is not None and row.unread:
            self._live[key] = replace(row, unread=0)
            self._publish()

    def _publish(self) -> None:
        # A talk that runs here is shown as it runs; the records' row of it comes after its end.
        past = [row for row in self._past if row.key not in self._live and row.status != "live"]
        # A missed call stands here until the records have it.
        kept = {(row.number, row.started) for row in past if row.status == "missed"}
        missed = [row for row in self._missed if (row.number, row.started) not in kept]
        found = talk_rows.kept([*self._live.values(), *missed, *past], self._chosen)
        self.state.set(TalksState(found, self._chosen, self._to_report, self._more, self._loaded))


def _contact(row: TalkRow) -> ContactContext:
    ids = {"deskline": row.contact_id, "phone": row.number, "handle": row.handle}
    return ContactContext(id={scheme: value for scheme, value in ids.items() if value}, name=row.contact or None)


def _unreported(since: dt.datetime) -> ColumnElement[bool]:
    return Interaction.status.in_(("ended", "interrupted")) & or_(
        Interaction.report_status == "draft", (Interaction.report_status == "none") & (Interaction.started_at >= since)
    )


def _page(session: Session, chosen: Filter, limit: int, since: dt.datetime) -> Sequence[InteractionLine]:
    if chosen != "to_report":
        return interactions_page(session, limit=limit, kind={"calls": "call", "chats": "chat"}.get(chosen))
    statement = (
        select(Interaction, Organization, Contact, User)
        .outerjoin(Organization, Organization.id == Interaction.organization_id)
        .outerjoin(Contact, Contact.id == Interaction.contact_id)
        .outerjoin(User, User.id == Interaction.trader_id)
        .where(_unreported(since))
        .order_by(Interaction.started_at.desc())
        .limit(limit)
    )
    return [InteractionLine(*row) for row in session.execute(statement)]


def _count(session: Session, since: dt.datetime) -> int:
    return session.scalar(select(func.count()).select_from(Interaction).where(_unreported(since))) or 0


def _row(line: InteractionLine) -> TalkRow:
    talk, organization, contact = line.interaction, line.organization, line.contact
    known = organization is not None or contact is not None
    address = talk_rows.phone(talk.number or "") or talk.handle or ""
    name = organization.short_name or organization.name if organization else contact.name if contact else ""
    return TalkRow(
        key=talk.id,
        kind=talk.kind,
        status=talk.status,
        started=talk.started_at,
        title=name or f"Unknown {address}".strip(),
        contact=contact.name if contact else "",
        direction=talk.direction,
        line=talk.line or "",
        subject=talk.subject,
        report=talk.report_status,
        known=known,
        contact_id=talk.contact_id,
        number=talk.number,
        handle=talk.handle,
    )


async def start(fdc3: DesktopAgent, desk: Services) -> InteractionsApp:
    conversation = await fdc3.get_or_create_channel("deskline.conversation")
    turret = await fdc3.get_or_create_channel("deskline.turret")
    app = InteractionsApp(fdc3, desk, conversation)
    await conversation.add_context_listener("deskline.conversation.state", app.conversation_state)
    await conversation.add_context_listener("deskline.transcript.segment", app.segment)
    await conversation.add_context_listener("deskline.interaction.show", app.interaction_shown)
    await turret.add_context_listener("deskline.turret.lines", app.lines)
    # An app channel tells a late listener nothing by itself.
    if (lines := await turret.get_current_context("deskline.turret.lines")) is not None:
        await app.lines(lines)
    await app.refresh()
    return app
