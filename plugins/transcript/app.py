"""The transcript app: follows the desk's conversations, and shows one of them or a past one from the records."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation import correcting
from app.conversation.correcting import Corrected, Correction
from app.records.log import Cause
from app.records.search import Spoken, search_spoken
from app.records.tables import Contact, Interaction, LexiconEntry, Organization, TranscriptSegment
from app.services import Notice, Services, State
from fdc3.types import Context
from plugins.transcript import script as scripts
from plugins.transcript.script import Line, Script

if TYPE_CHECKING:
    from app.conversation.playback import Playback
    from fdc3.client import DesktopAgent
    from fdc3.types import ContextMetadata

log = logging.getLogger(__name__)

KEPT = 8
"""Conversations of this run whose marks are kept for a look back; older ones are read from the records without them."""


@dataclass(frozen=True, slots=True)
class Learned:
    """An entry of the desk's lexicon."""

    id: str
    heard: str
    means: str


class TranscriptApp:
    """On the I/O loop. ``state`` is the conversation in the panel: the newest live one unless another was chosen."""

    def __init__(self, desk: Services) -> None:
        self.state = State(Script())
        self._desk = desk
        self._scripts: dict[str, Script] = {}
        self._chosen = ""
        self._corrected: Corrected | None = None

    async def conversation_state(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        identity = context.id.get("deskline")
        if not identity:
            return
        before = self._scripts.get(identity)
        self._keep(scripts.state(before or Script(), context))
        if before is None:
            # A talk begins: the panel turns to it, as the whole desk does, unless another one is running there.
            current = self._scripts.get(self._chosen)
            if current is None or not current.running:
                self._choose(identity)

    async def segment(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        if known := self._known(context):
            self._keep(scripts.segment(known, context))

    async def facts(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        # Marks are for lines: without them, as when an old call is read anew, there is nothing to mark.
        if known := self._scripts.get(context.id.get("deskline") or ""):
            self._keep(scripts.facts(known, context))

    async def show(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """``deskline.interaction.show`` or an ``fdc3.interaction`` of the records: it was chosen elsewhere."""
        if identity := context.id.get("deskline"):
            await self.open(identity)

    async def show_turns(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """``deskline.transcript.show``: evidence was asked for."""
        identity = context.id.get("deskline")
        if identity and await self.open(identity):
            turns = [turn for turn in context.get("turns") or () if isinstance(turn, int)]
            self._keep(scripts.point(self._scripts[identity], turns))

    async def play(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """``deskline.recording.play``: a stretch of a call is to be heard."""
        identity = context.id.get("deskline")
        if identity and await self.open(identity):
            start, end = (_seconds(context.get(name)) for name in ("start", "end"))
            turns = [turn for turn in context.get("turns") or () if isinstance(turn, int)]
            self._keep(scripts.ask(self._scripts[identity], start or 0.0, end, turns))

    async def playback(self, interaction_id: str, at: float, speed: float) -> Playback:
        """A run through the recording from a second on."""
        return await self._desk.conversations.playback(interaction_id, at, speed)

    async def correct(self, at: int, first: int, last: int, means: str, *, always: bool) -> None:
        """Puts characters ``first`` to ``last`` of a line right. Raises StoreError."""
        script = self.state.value
        line = script.lines[at]
        pass_ = "final" if line.final else "live"
        wish = Correction(script.interaction_id, pass_, line.seq, line.text, first, last, means, always)
        self._corrected = await self._desk.conversations.correct(self._desk.user.actor, wish)
        done = self._corrected
        self._rewrite(done, done.after, done.after_words)
        said = f"“{done.edit.heard}” now reads “{done.edit.means}”"
        where = ", in all calls to come too" if always else ""
        self._desk.notify(Notice(f"{said}{where}. Ctrl+Z in the transcript takes it back.", "success"))

    async def undo_correction(self) -> None:
        """Takes the last correction back, as long as its line is still there."""
        done, self._corrected = self._corrected, None
        if done is None:
            return
        script = self._scripts.get(done.interaction_id)
        line = next((each for each in script.lines if _is(each, done)), None) if script else None
        if line is None or line.text != done.after:
            self._desk.notify(Notice("The line was written anew since: correct it once more instead.", "warning"))
            return
        await self._desk.conversations.take_back(self._desk.user.actor, done)
        self._rewrite(done, done.before, done.before_words)
        self._desk.notify(Notice(f"“{done.edit.heard}” stands again as it was heard.", "info"))

    @property
    def can_undo(self) -> bool:
        return self._corrected is not None

    def _rewrite(self, done: Corrected, text: str, words: Sequence[Sequence[float]]) -> None:
        if (script := self._scripts.get(done.interaction_id)) is not None:
            self._keep(scripts.rewritten(script, done.seq, done.pass_ == "final", text, words))

    async def lexicon(self) -> tuple[Learned, ...]:
        """What the desk has learned, the latest first."""

        def read(session: Session) -> tuple[Learned, ...]:
            rows = session.scalars(select(LexiconEntry).order_by(LexiconEntry.id.desc()))
            return tuple(Learned(row.id, row.heard, row.means) for row in rows)

        return await self._desk.records.query(read)

    async def unlearn(self, entry_id: str) -> None:
        """Takes an entry out of the lexicon. Raises StoreError."""
        await self._desk.records.write(
            self._desk.user.actor, lambda change: correcting.unlearn(change, entry_id), Cause.user()
        )
        await self._desk.conversations.lexicon_changed()

    async def learn(self, heard: str, means: str) -> None:
        """Puts an entry into the lexicon. Raises StoreError."""
        await self._desk.records.write(
            self._desk.user.actor, lambda change: correcting.learn(change, heard, means), Cause.user()
        )
        await self._desk.conversations.lexicon_changed()

    # -- what is kept of a call

    def running_call(self) -> Script | None:
        """The call that a wish about its recording is meant for: the one in the panel, else the newest that runs."""
        calls = [script for script in self._scripts.values() if script.running and script.kind == "call"]
        shown = next((script for script in calls if script.interaction_id == self._chosen), None)
        return shown or (calls[-1] if calls else None)

    async def pause(self) -> None:
        """Pauses the recording, or goes on with it. Raises StoreError."""
        if (call := self.running_call()) is not None:
            paused = call.keeping != "paused"
            privacy = self._desk.conversations.privacy
            await privacy.pause(self._desk.user.actor, call.interaction_id, paused=paused)

    async def consent(self, *, granted: bool) -> None:
        """The client agrees to the recording, or does not. Raises StoreError."""
        if (call := self.running_call()) is not None:
            privacy = self._desk.conversations.privacy
            await privacy.consent(self._desk.user.actor, call.interaction_id, granted=granted)

    async def forget_last(self) -> None:
        """Takes the last two minutes of a running call away. Raises StoreError."""
        if (call := self.running_call()) is None:
            return
        privacy = self._desk.conversations.privacy
        seconds = await privacy.forget_last(self._desk.user.actor, call.interaction_id)
        said = f"The last {scripts.clock(seconds)} are forgotten: sound, words and what rested on them."
        detail = ""
        if self._desk.server is not None and self._desk.server.state.value.state != "local":
            detail = "What went to the central server before stays in its log until its administrator erases it."
        self._desk.notify(Notice(said, "success", detail))

    async def export(self, interaction_id: str, path: Path) -> None:
        """An unencrypted copy of a call's sound, masked stretches muted. Raises StoreError."""
        await self._desk.conversations.export(interaction_id, path)

    async def search(self, text: str) -> tuple[Spoken, ...]:
        """Where words were said, in all talks, the newest first."""
        return tuple(await self._desk.records.query(lambda session: search_spoken(session, text)))

    async def open_found(self, found: Spoken) -> bool:
        """Opens a talk at a word that was found; false if it is no longer there."""
        if not await self.open(found.interaction_id):
            return False
        self._keep(scripts.at_word(self._scripts[found.interaction_id], found.who, found.start, found.at))
        return True

    async def open(self, interaction_id: str) -> bool:
        """Shows a conversation, from the records if it is not of this run; false if there is no such one."""
        if interaction_id not in self._scripts:
            stored = await self._desk.records.query(lambda session: stored_script(session, interaction_id))
            if stored is None:
                return False
            self._keep(stored)
        self._choose(interaction_id)
        return True

    async def close(self) -> None:
        """Nothing to end: listeners go with the connection."""

    def _known(self, context: Context) -> Script | None:
        """The script a message belongs to; one whose first state was missed begins with what comes."""
        identity = context.id.get("deskline")
        if not identity:
            return None
        if identity not in self._scripts:
            self._keep(Script(interaction_id=identity, phase="live"))
        return self._scripts[identity]

    def _keep(self, script: Script) -> None:
        self._scripts[script.interaction_id] = script
        if script.interaction_id == self._chosen:
            self.state.set(script)

    def _choose(self, interaction_id: str) -> None:
        self._chosen = interaction_id
        script = self._scripts.pop(interaction_id)
        self._scripts[interaction_id] = script
        for old in list(self._scripts)[:-KEPT]:
            if not self._scripts[old].running:
                del self._scripts[old]
        self.state.set(script)


def stored_script(session: Session, interaction_id: str) -> Script | None:
    """A conversation from the records: the careful pass if there is one, else the live one."""
    row = session.get(Interaction, interaction_id)
    if row is None:
        return None
    organization = session.get(Organization, row.organization_id) if row.organization_id else None
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    client = contact.name.split()[0] if contact else "Client"
    rows = session.scalars(
        select(TranscriptSegment)
        .where(TranscriptSegment.interaction_id == interaction_id)
        .order_by(TranscriptSegment.start, TranscriptSegment.seq)
    ).all()
    best = "final" if any(each.pass_ == "final" for each in rows) else "live"
    lines = tuple(
        Line(
            each.seq,
            each.who,
            "You" if each.who == "trader" else client,
            each.start,
            each.text,
            each.end,
            best == "final",
            times=scripts.times(each.words),
        )
        for each in rows
        if each.pass_ == best and each.text
    )
    return replace(
        Script(),
        interaction_id=row.id,
        kind=row.kind,
        customer=organization.name if organization else contact.name if contact else row.number or row.handle or "",
        client=client,
        phase="past",
        status=row.status,
        started=row.started_at,
        lines=lines,
        recorded=row.recording is not None,
    )


def _is(line: Line, done: Corrected) -> bool:
    return (line.seq, line.final) == (done.seq, done.pass_ == "final")


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


async def start(fdc3: DesktopAgent, desk: Services) -> TranscriptApp:
    app = TranscriptApp(desk)
    channel = await fdc3.get_or_create_channel("deskline.conversation")
    for kind, handler in (
        ("deskline.conversation.state", app.conversation_state),
        ("deskline.transcript.segment", app.segment),
        ("deskline.conversation.facts", app.facts),
        ("deskline.interaction.show", app.show),
        ("deskline.transcript.show", app.show_turns),
        ("deskline.recording.play", app.play),
    ):
        await channel.add_context_listener(kind, handler)
    await fdc3.add_context_listener("fdc3.interaction", app.show)
    return app
