"""The reports app: opens an interaction for each call and chat, follows it, and hands its report to the popup."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from app.records.change import Change
from app.records.errors import StoreError
from app.records.ids import new_id
from app.services import CommitWatch, LocalZone, Notice, Services, State
from fdc3.types import Context
from fdc3.types.errors import Fdc3Error
from nlp.language.model import Header, Party, Trader
from plugins.reports import publish, store, wording
from plugins.reports.dictating import Dictating
from plugins.reports.intake import Announcement, announcement, moment
from plugins.reports.live import LiveTalk
from plugins.reports.missed import Rings, follow
from plugins.reports.open_report import OpenReport
from plugins.reports.saving import RETRIES
from plugins.reports.store import Talk
from plugins.reports.suggest import talk_share
from plugins.reports.work import Reports

if TYPE_CHECKING:
    from app.conversation.state import ConversationState
    from fdc3.client import Channel, DesktopAgent, PrivateChannel
    from fdc3.types import ContextMetadata
    from nlp.summary.local_model import LocalModel

log = logging.getLogger(__name__)

CHOSEN = dt.timedelta(minutes=1)
"""So long before a call is taken up its caller may have been chosen: while it rang."""


class ReportsApp:
    """Everything runs on the I/O loop. The popup works on ``reports``."""

    def __init__(self, fdc3: DesktopAgent, desk: Services, channels: dict[str, Channel]) -> None:
        self.reports = Reports(desk, LocalZone(), self._send)
        self.dictating = Dictating(desk, self.reports)
        self._fdc3 = fdc3
        self._desk = desk
        self._channels = channels
        self._loop = asyncio.get_running_loop()
        self._live: dict[str, LiveTalk] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ends: set[asyncio.Task[Any]] = set()  # waiting for the last sound of a call
        self._closing = asyncio.Event()
        self._chosen: tuple[dt.datetime, Context] | None = None  # a contact that no running talk knew
        self._ringing: Rings = {}
        self._deal_watch = CommitWatch(desk.records, {"deal"}, self.reports.refresh_deals, pause=0.02)
        self._stop_listening = (
            desk.conversations.on_transcribed(self._transcribed),
            desk.conversations.anew.on_read(lambda now: self._spawn(self._read_anew(now))),
        )

    @property
    def language_model(self) -> LocalModel | None:
        """What rewords summaries; None where that is off."""
        return self._desk.settings.language_model

    async def begin(self) -> None:
        """Closes what a crash left open, and offers the drafts that were not finished."""
        await asyncio.to_thread(wording.phone, "+442079460000")  # loads the numbering plan before the first call
        for talk in await self._desk.records.query(store.left_live):
            try:
                await self.reports.interrupted(talk, self._desk.clock())
            except StoreError as error:  # tried again at the next start; today's calls are not to suffer
                self._desk.notify(Notice(f"The {talk.kind} with {talk.title} has no draft yet. {error}", "warning"))
        await self.reports.refresh_unfinished()
        waiting = self.reports.state.value.unfinished
        if waiting:
            first = waiting[0]
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            noun = "report" if len(waiting) == 1 else "reports"
            when = first.started.astimezone(self.reports.zone)
            self._desk.notify(Notice(f"{len(waiting)} unfinished {noun}: {first.title} {when:%H:%M}{more}", "warning"))

    async def close(self) -> None:
        """The desk closes: talks are closed, every draft is written. A call that goes on is not waited for."""
        for stop in self._stop_listening:
            stop()
        await self.dictating.cancel()
        for live in list(self._live.values()):
            await self._over(live, self._desk.clock(), interrupted=True)
        self._closing.set()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in tuple(self._ends):
            task.cancel()
        await asyncio.gather(*self._ends, return_exceptions=True)
        await self.reports.close()
        for live in list(self._live.values()):
            await live.close()
        self._live.clear()
        self._deal_watch.close()

    # -- what the agent brings

    async def create_interaction(self, context: Context, metadata: ContextMetadata | None = None) -> PrivateChannel:
        """Serves ``CreateInteraction``: opens the interaction and answers with the channel for its events."""
        said = announcement(context, self._desk.clock())
        talk = await self._talk(said)
        channel = await self._fdc3.create_private_channel()
        self.reports.begin(talk)
        stored = True
        try:
            await self.reports.write(lambda change: store.begin(change, talk, self._desk.user.id))
        except StoreError as error:
            self._desk.notify(Notice(f"This {talk.kind} is not in the records yet. {error}", "warning"))
            stored = False
        state = await self._open_conversation(talk, said)
        live = LiveTalk(talk, channel, state, self._say, self._heard, self._told)
        live.source = metadata.source if metadata is not None else None
        self._live[talk.interaction_id] = live
        if not stored:  # its words can be kept only beside it
            self._spawn(self._keep(lambda change: store.begin_late(change, live.talk, self._desk.user.id)))
        await self._listen(live)
        if self._chosen is not None and self._desk.clock() - self._chosen[0] < CHOSEN:
            await self.contact_known(self._chosen[1])
        self._chosen = None
        return channel

    async def contact_known(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """The desk turned to a contact: if that is who calls, the interaction and its draft learn it."""
        identity = context.id
        self._chosen = (self._desk.clock(), context)
        for live in list(self._live.values()):
            talk = live.talk
            addresses = {talk.number, talk.handle} - {None}
            if live.over or not addresses & set(identity.values()):
                continue
            self._chosen = None
            if talk.contact is not None:
                continue
            customer, contact = await self._desk.records.query(
                lambda session: store.identify(
                    session, contact_id=identity.get("deskline"), organization_id=None, number=None, handle=None
                )
            )
            if contact is not None:
                await self._identified(live, store.talk_of(talk, customer, contact))

    async def lines(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """The turret's lines: a call that stops ringing without an answer is kept as missed."""
        lines = context.get("lines")
        self._ringing, unanswered = follow(self._ringing, lines if isinstance(lines, list) else (), self._desk.clock())
        for said in unanswered:
            await self._missed(said)

    async def _missed(self, said: Announcement) -> None:
        talk, ended = await self._talk(said), self._desk.clock()
        try:
            await self.reports.write(lambda change: store.missed(change, talk, self._desk.user.id, ended))
        except StoreError as error:
            self._desk.notify(Notice(f"A missed call from {talk.title} is not in the records. {error}", "error"))
            return
        self._desk.notify(Notice(f"Missed call from {talk.title}.", "warning"))

    async def show(self, context: Context, _metadata: ContextMetadata | None = None) -> None:
        """An interaction is looked at: its report opens if that was asked for."""
        identity = context.id.get("deskline")
        if identity and context.get("report"):
            await self.reports.show(identity)

    async def _identified(self, live: LiveTalk, talk: Talk) -> None:
        live.talk = talk
        if report := self.reports.of(talk.interaction_id):
            report.measure_talk(talk)
        await live.announce()
        await self._desk.conversations.identified(
            talk.interaction_id,
            self._header(talk),
            talk.customer.id if talk.customer else None,
            talk.contact.id if talk.contact else None,
        )
        await self._keep(lambda change: store.identified(change, talk))

    async def _event(self, live: LiveTalk, context: Context) -> None:
        at = moment(context.get("at"), self._desk.clock())
        match context.get("event"):
            case "ended":
                await self._over(live, at, interrupted=False)
            case "lost":
                await self._over(live, at, interrupted=True)
            case "report":
                await self._report_now(live, at)

    async def _message(self, live: LiveTalk, context: Context) -> None:
        at = moment(context.get("at"), self._desk.clock())
        seconds = max(0.0, (at - live.talk.started).total_seconds())
        who, text = str(context.get("who", "client")), str(context.get("text", ""))
        await self._desk.conversations.add_message(live.talk.interaction_id, who, seconds, text)

    # -- the end of a talk

    async def _over(self, live: LiveTalk, at: dt.datetime, *, interrupted: bool) -> None:
        """The popup first, from what is known now; then the records and the careful pass."""
        if live.over:
            return
        live.over = True
        talk = live.talk
        if interrupted:
            sentence = f"The {talk.kind} with {talk.title} was cut off. Its report is drafted from what was heard."
            self._desk.notify(Notice(sentence, "warning"))
        report = self._measured(live, at)
        share = report.draft.shown("talk_share")
        if not report.read_only:
            fresh = not report.written
            report.set_phase("ended")
            report.saver.touch()
            if fresh:
                self.reports.present(report)
        status, user, now = "interrupted" if interrupted else "ended", self._desk.user.id, self._desk.clock()

        def close(change: Change) -> None:
            store.close(change, talk, user, status=status, ended=at, share=share)
            # In one transaction: there is no moment at which a crash leaves an ended talk without its draft.
            # One that is being saved writes itself; if that fails, its draft is written afterwards.
            if not (report.read_only or report.busy):
                store.keep_draft(change, report.report_id, talk, user, report.draft, now)

        self._spawn(self._closed(talk, close))

    async def _closed(self, talk: Talk, close: Callable[[Change], None]) -> None:
        try:
            await self.reports.write(close)
        except StoreError as error:
            self._desk.notify(Notice(f"The end of this {talk.kind} is not stored yet. {error}", "error"))
            self._spawn(self._keep(close))
        ending = self._loop.create_task(self._desk.conversations.end(talk.interaction_id))
        self._ends.add(ending)
        ending.add_done_callback(self._ends.discard)

    async def _keep(self, work: Callable[[Change], None]) -> None:
        """Writes what cannot be asked for again: repeated until it is stored or, once more, the desk closes."""
        for attempt in itertools.count():
            with contextlib.suppress(StoreError):  # said already where it failed first
                return await self.reports.write(work)
            if self._closing.is_set():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRIES[min(attempt, len(RETRIES) - 1)]):
                    await self._closing.wait()

    async def _report_now(self, live: LiveTalk, at: dt.datetime) -> None:
        """A chat's report is asked for while the chat goes on."""
        report = self.reports.of(live.talk.interaction_id)
        if report is None or report.written or report.read_only:
            await self.reports.show(live.talk.interaction_id)
            return
        self._measured(live, at)
        report.set_phase("ended")
        report.saver.touch()
        self.reports.present(report, to_front=True)

    def _measured(self, live: LiveTalk, at: dt.datetime) -> OpenReport:
        report = self.reports.of(live.talk.interaction_id) or self.reports.begin(live.talk)
        now = live.now
        said = [{"who": each.who, "start": each.start, "end": each.end, "text": each.text} for each in now.segments]
        share = now.talk_share if now.talk_share is not None else talk_share(said)
        # The recording is the better clock: a simulated call may run faster than the one on the wall.
        seconds = now.recorded_seconds or max(0.0, (at - live.talk.started).total_seconds())
        report.measure_time(seconds=seconds, share=share)
        report.hear(publish.facts(now), client_spoke=_client_spoke(now))
        return report

    # -- while it lasts

    async def _heard(self, live: LiveTalk, now: ConversationState) -> None:
        """A newer state of the conversation: the draft follows where the trader did not lead."""
        report = self.reports.of(live.talk.interaction_id)
        if report is not None:
            await self.reports.hear(report, publish.facts(now), client_spoke=_client_spoke(now))
            if live.over and now.phase == "refined":
                # Sound that was on its way when the talk ended, or its line broke, counts too.
                seconds = now.recorded_seconds or report.draft.shown("duration") or 0.0
                share = report.draft.shown("talk_share") if now.talk_share is None else now.talk_share
                report.measure_time(seconds=seconds, share=share)

    def _told(self, live: LiveTalk, now: ConversationState) -> None:
        """The desk knows it too. After the careful pass nothing more comes."""
        if now.lost and not live.over:
            self._spawn(self._perhaps_gone(live))
        if not live.over or now.phase != "refined":
            return
        if report := self.reports.of(live.talk.interaction_id):
            report.set_phase("refined")
            self.reports.forget(report)
        self._live.pop(live.talk.interaction_id, None)
        self._spawn(live.close())

    async def _perhaps_gone(self, live: LiveTalk) -> None:
        """The sound stopped for good. If whoever announced the talk has ended too, nobody is left to tell its end: a
        turret that dies before it has joined the private channel is missed by nobody there."""
        if live.source is None:
            return
        try:
            found = await self._fdc3.find_instances(live.source.app_id)
        except Fdc3Error:
            found = []
        if live.source.instance_id not in {each.instance_id for each in found}:
            await self._over(live, self._desk.clock(), interrupted=True)

    async def _talk(self, said: Announcement) -> Talk:
        try:
            customer, contact = await self._desk.records.query(
                lambda session: store.identify(
                    session,
                    contact_id=said.contact_id,
                    organization_id=said.organization_id,
                    number=said.number,
                    handle=said.handle,
                )
            )
        except StoreError as error:
            # A call that cannot be named now is still recorded and reported.
            self._desk.notify(Notice(f"The caller could not be looked up. {error}", "warning"))
            customer, contact = None, None
        return Talk(
            new_id(), said.kind, said.direction, said.started, said.line, said.number, said.handle, customer, contact
        )

    async def _open_conversation(self, talk: Talk, said: Announcement) -> State[ConversationState]:
        header, customer = self._header(talk), talk.customer.id if talk.customer else None
        conversations = self._desk.conversations
        if talk.kind == "call" and said.audio_url:
            return await conversations.open_call(
                talk.interaction_id,
                said.audio_url,
                header,
                rate=said.audio_rate,
                encoding=said.audio_encoding,
                organization_id=customer,
                contact_id=talk.contact.id if talk.contact else None,
                line=talk.line,
            )
        return await conversations.open_chat(talk.interaction_id, header, organization_id=customer)

    def _header(self, talk: Talk) -> Header:
        """What the language room needs to know; relative dates count from the local day."""
        return Header(
            talk.interaction_id,
            "chat" if talk.kind == "chat" else "call",
            talk.started.astimezone(self.reports.zone),
            Party(
                talk.contact.name if talk.contact else "",
                talk.customer.name if talk.customer else "",
                talk.number,
                talk.handle,
            ),
            Trader(self._desk.user.name, self._desk.user.desk),
        )

    async def _listen(self, live: LiveTalk) -> None:
        async def event(context: Context, _metadata: ContextMetadata | None = None) -> None:
            await self._event(live, context)

        async def message(context: Context, _metadata: ContextMetadata | None = None) -> None:
            await self._message(live, context)

        await live.channel.add_context_listener("deskline.call.event", event)
        await live.channel.add_context_listener("deskline.chat.message", message)
        await live.channel.on_add_context_listener(lambda _: self._accepted(live))
        await live.channel.on_disconnect(lambda: self._over(live, self._desk.clock(), interrupted=True))

    async def _accepted(self, live: LiveTalk) -> None:
        """The caller listens now: it learns under which id its talk is kept."""
        await live.channel.broadcast(Context(type="deskline.call.accepted", id={"deskline": live.talk.interaction_id}))

    async def _say(self, message: publish.Message) -> None:
        await self._send("deskline.conversation", message)

    async def _send(self, channel: str, message: publish.Message) -> None:
        await self._channels[channel].broadcast(Context.parse(message))

    def _transcribed(self, interaction_id: str) -> None:
        """A recording of an earlier run was transcribed late: its draft learns what was said."""
        if interaction_id not in self._live:
            self._spawn(self._heard_late(interaction_id))

    async def _heard_late(self, interaction_id: str) -> None:
        now = self._desk.conversations.state(interaction_id).value
        seconds = max((each.end for each in now.segments), default=0.0)
        await self.reports.hear_late(
            interaction_id,
            publish.facts(now),
            seconds=seconds,
            share=now.talk_share,
            client_spoke=_client_spoke(now),
        )

    async def _read_anew(self, now: ConversationState) -> None:
        """The trader put words of an ended call right: its report and the desk learn what they mean now."""
        await self.reports.hear_anew(now.interaction_id, publish.facts(now), client_spoke=_client_spoke(now))
        await self._say(publish.facts_message(now))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _client_spoke(now: ConversationState) -> bool:
    return any(each.who == "client" for each in now.segments)


async def start(fdc3: DesktopAgent, desk: Services) -> ReportsApp:
    names = ("deskline.conversation", "deskline.deals", "deskline.turret")
    channels = {name: await fdc3.get_or_create_channel(name) for name in names}
    app = ReportsApp(fdc3, desk, channels)
    await channels["deskline.conversation"].add_context_listener("deskline.interaction.show", app.show)
    await fdc3.add_context_listener("fdc3.contact", app.contact_known)
    await channels["deskline.turret"].add_context_listener("deskline.turret.lines", app.lines)
    # An app channel tells a late listener nothing by itself.
    if (lines := await channels["deskline.turret"].get_current_context("deskline.turret.lines")) is not None:
        await app.lines(lines)
    await app.begin()
    await fdc3.add_intent_listener("CreateInteraction", app.create_interaction)
    return app
