"""The chat panel's behaviour: conversations of the service, and the desk brought round to whoever writes."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from app.services import Notice, Services, State
from fdc3.client import Channel, DesktopAgent
from fdc3.types import Contact, Context, ContextMetadata
from plugins.chat.client import LoopbackChat, from_environment
from plugins.chat.follower import Event, Follower
from plugins.chat.instruments import instrument_contexts
from plugins.chat.model import Action, ChatState, Conversation, Mention, Offer, asked_for, mentioned
from plugins.chat.protocol import Arrived, ChatService, ChatUnavailable, Connection, Refused, ServiceEvent, Snapshot

log = logging.getLogger(__name__)

ACTIONS = (("ViewAnalysis", "Analysis"), ("ViewQuote", "Quote"), ("ViewInstrument", "Instrument"))
CONVERSATION_CHANNEL = "deskline.conversation"
TURRET_CHANNEL = "deskline.turret"


class ChatApp:
    """Conversations, what the customers mention, and the way to a report."""

    def __init__(self, fdc3: DesktopAgent, desk: Services, service: ChatService) -> None:
        self.state: State[ChatState] = State(ChatState())
        self._fdc3 = fdc3
        self._desk = desk
        self._service = service
        self._followers: dict[str, Follower] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watched = False
        self._on_the_phone = False
        self._facts: dict[str, list[object]] = {}
        self._contexts: dict[str, Context] = {}

    async def start(self) -> None:
        conversations = await self._fdc3.get_or_create_channel(CONVERSATION_CHANNEL)
        await conversations.add_context_listener("deskline.conversation.facts", self._facts_came)
        turret: Channel = await self._fdc3.get_or_create_channel(TURRET_CHANNEL)
        await turret.add_context_listener("deskline.turret.lines", self._lines_changed)
        # An app channel tells a late listener nothing by itself.
        if (lines := await turret.get_current_context("deskline.turret.lines")) is not None:
            await self._lines_changed(lines)
        self._spawn(self._listen(), "chat service")

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(follower.close() for follower in self._followers.values()), return_exceptions=True)

    # --- what the trader does ---

    @property
    def can_play(self) -> bool:
        """Whether the service is the simulated one, which plays dialogues, and is there."""
        return isinstance(self._service, LoopbackChat) and self._service.connected

    async def play(self, dialogue: Path, speed: float = 1.0) -> None:
        """Demo: lets a customer begin to write."""
        if isinstance(self._service, LoopbackChat):
            await self._service.play(dialogue, speed)

    async def watch(self, watched: bool) -> None:
        """Says whether the panel is on screen: messages of the shown conversation are then read as they come."""
        self._watched = watched
        if watched and (shown := self.state.value.shown) is not None and shown.unread:
            self.state.set(self.state.value.selected(shown.id))

    async def select(self, conversation_id: str) -> None:
        """Shows a conversation and brings the desk round to its customer."""
        if self.state.value.current != conversation_id or self._unread(conversation_id):
            self.state.set(self.state.value.selected(conversation_id))
        if (follower := self._followers.get(conversation_id)) is not None:
            await follower.show_profile()

    async def send(self, text: str) -> bool:
        """Sends the trader's message in the shown conversation; False when it could not be sent."""
        shown = self.state.value.shown
        if shown is None or not text.strip():
            return False
        try:
            await self._service.send(shown.id, text.strip(), uuid.uuid4().hex)
        except ChatUnavailable as problem:
            self._desk.notify(Notice(str(problem), "warning"))
            return False
        return True

    async def report(self) -> None:
        """Opens the report of the shown conversation."""
        shown = self.state.value.shown
        follower = None if shown is None else self._followers.get(shown.id)
        if shown is None or follower is None:
            self._desk.notify(Notice("There is nothing to report yet: the customer has not written."))
            return
        await follower.tell(Event("report", self._now(shown)))

    async def end(self, conversation_id: str) -> None:
        """Ends a conversation: its interaction ends; if the customer writes again a new one begins."""
        conversation = self.state.value.conversation(conversation_id)
        follower = self._followers.pop(conversation_id, None)
        self.state.set(self.state.value.closed(conversation_id))
        if follower is not None and conversation is not None:
            await follower.tell(Event("ended", self._now(conversation)))
            await follower.close()

    def _now(self, conversation: Conversation) -> dt.datetime:
        """The present, but never before the last message: a played dialogue may run ahead of the clock."""
        now = self._desk.clock()
        return now if conversation.last is None else max(now, conversation.last.at)

    async def show(self, offer: Offer, intent: str) -> None:
        """Raises an intent with an instrument that the customer mentioned."""
        context = self._contexts.get(offer.instrument_id)
        if context is not None:
            await self._fdc3.raise_intent(intent, context)

    # --- what the service says ---

    async def _listen(self) -> None:
        async for event in self._service.events():
            try:
                self._take(event)
            except Exception:
                log.exception("an event of the chat service could not be taken")

    def _take(self, event: ServiceEvent) -> None:
        state = self.state.value
        if isinstance(event, Connection):
            self.state.set(replace(state, phase=event.phase, text=event.text))
        elif isinstance(event, Refused):
            self._desk.notify(Notice(event.text, "warning"))
        elif isinstance(event, Arrived):
            self._changed(state.with_message(event.thread, event.service, event.party, event.message, self._watched))
        elif isinstance(event, Snapshot):
            for thread in event.threads:
                state = state.with_thread(thread, self._watched)
            self._changed(state)

    def _changed(self, state: ChatState) -> None:
        """Publishes a state with new messages and passes them on to the desk."""
        self.state.set(state)
        for conversation in state.conversations:
            follower = self._followers.get(conversation.id)
            fresh = conversation.messages[conversation.first :]
            if follower is None and any(message.who == "client" for message in fresh):
                follower = Follower(self._fdc3, conversation, self._known, self._accepted, self._problem)
                self._followers[conversation.id] = follower
                follower.start(show_profile=not self._on_the_phone)
                if not self._on_the_phone:
                    self.state.set(replace(self.state.value, arrivals=self.state.value.arrivals + 1))
            if follower is not None:
                follower.pass_on(fresh)

    def _known(self, conversation_id: str, contact: Contact) -> None:
        if contact.get("name"):
            self.state.set(self.state.value.changed(conversation_id, name=str(contact["name"])))

    def _accepted(self, conversation_id: str, interaction_id: str) -> None:
        self.state.set(self.state.value.changed(conversation_id, interaction_id=interaction_id))
        if interaction_id in self._facts:
            self._spawn(self._offer(conversation_id, self._facts.pop(interaction_id)), "offers")

    def _problem(self, text: str) -> None:
        self._desk.notify(Notice(text, "warning"))

    def _unread(self, conversation_id: str) -> int:
        found = self.state.value.conversation(conversation_id)
        return 0 if found is None else found.unread

    # --- what the desk says ---

    async def _lines_changed(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        lines = context.get("lines")
        self._on_the_phone = isinstance(lines, list) and any(
            isinstance(line, dict) and line.get("state") == "connected" for line in lines
        )

    async def _facts_came(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        named, facts = context.get("id"), context.get("mentions")
        interaction_id = named.get("deskline") if isinstance(named, dict) else named
        if not isinstance(interaction_id, str) or not isinstance(facts, list):
            return
        for conversation in self.state.value.conversations:
            if conversation.interaction_id == interaction_id:
                await self._offer(conversation.id, facts)
                return
        if any(one.interaction_id is None for one in self.state.value.open):
            self._facts[interaction_id] = facts  # the acceptance is still on its way

    async def _offer(self, conversation_id: str, facts: list[object]) -> None:
        conversation = self.state.value.conversation(conversation_id)
        if conversation is None:
            return
        mentions = mentioned(facts, conversation)
        offers = await self._offers(asked_for(mentions, conversation.messages))
        self.state.set(self.state.value.changed(conversation_id, mentions=mentions, offers=offers))

    async def _offers(self, wanted: list[Mention]) -> tuple[Offer, ...]:
        """What can be shown of each instrument: only intents that some app serves."""
        missing = [mention.instrument_id for mention in wanted if mention.instrument_id not in self._contexts]
        if missing:
            found = await self._desk.records.query(lambda session: instrument_contexts(session, missing))
            self._contexts.update(found)
        offers = []
        for mention in wanted:
            context = self._contexts.get(mention.instrument_id)
            if context is None:
                continue
            actions = tuple([Action(*named) for named in ACTIONS if await self._served(named[0], context)])
            if actions:
                offers.append(Offer(mention.instrument_id, str(context.get("name", "")), mention.turn, actions))
        return tuple(offers)

    async def _served(self, intent: str, context: Context) -> bool:
        try:
            return bool((await self._fdc3.find_intent(intent, context)).apps)
        except Exception as problem:  # the standard's answer to "nobody" is an error
            log.debug("nobody serves %s: %s", intent, problem)
            return False

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def start(fdc3: DesktopAgent, desk: Services) -> ChatApp:
    app = ChatApp(fdc3, desk, from_environment())
    await app.start()
    return app
