"""Takes one conversation through the desk: who writes, an interaction, and every message over its private channel."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fdc3.client import DesktopAgent, PrivateChannel
from fdc3.types import Contact, Context, ContextMetadata
from fdc3.types.errors import Fdc3Error
from plugins.chat.model import Conversation
from plugins.chat.protocol import Message

log = logging.getLogger(__name__)

_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0)
_IDENTITY_SECONDS = 0.3
_TELL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """A call event: "report" or "ended"."""

    name: str
    at: dt.datetime


_Told = Message | Event


class Follower:
    """One interaction of one conversation. Messages reach the desk once each and in order."""

    def __init__(
        self,
        agent: DesktopAgent,
        conversation: Conversation,
        known: Callable[[str, Contact], None],
        accepted: Callable[[str, str], None],
        problem: Callable[[str], None],
    ) -> None:
        self._agent = agent
        self._conversation = conversation
        self._known = known
        self._accepted = accepted
        self._problem = problem
        self._next = conversation.first
        self._queue: asyncio.Queue[_Told] = asyncio.Queue()
        self._identity: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._contact: Contact | None = None
        self._channel: PrivateChannel | None = None

    def start(self, *, show_profile: bool) -> None:
        if show_profile:
            self._identity = asyncio.create_task(self._identify(), name="who writes")
        self._task = asyncio.create_task(self._run(), name="follow chat")

    async def show_profile(self) -> None:
        """Brings the desk round to this customer (again)."""
        if self._identity is None or self._identity.done():
            self._identity = asyncio.create_task(self._identify(), name="who writes")

    def pass_on(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.seq >= self._next:
                self._next = message.seq + 1
                self._queue.put_nowait(message)

    async def tell(self, event: Event) -> None:
        """Sends a call event after all messages so far, and returns once it is sent."""
        self._queue.put_nowait(event)
        try:
            async with asyncio.timeout(_TELL_SECONDS):
                await self._queue.join()
        except TimeoutError:
            log.warning("the desk has not taken the event %s yet", event.name)

    async def close(self) -> None:
        for task in (self._task, self._identity):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._channel is not None:
            with contextlib.suppress(Fdc3Error):
                await self._channel.disconnect()

    async def _run(self) -> None:
        if self._identity is not None:
            await asyncio.wait({self._identity}, timeout=_IDENTITY_SECONDS)
        self._channel = await self._create_interaction()
        if self._channel is None:
            self._problem(f"The chat with {self._conversation.name} is not taken down: check Reports.")
        while True:
            told = await self._queue.get()
            try:
                if self._channel is not None:
                    await self._channel.broadcast(_context(told, self._conversation))
            except Exception:
                log.exception("the desk did not take a message")
            finally:
                self._queue.task_done()

    async def _identify(self) -> None:
        try:
            resolution = await self._agent.raise_intent("ViewProfile", self._caller())
            result = await resolution.get_result()
        except Exception as problem:
            log.warning("nobody showed who writes: %s", problem)
            return
        if isinstance(result, Contact):
            self._contact = result
            if self._contact.get("resolution") != "unknown":
                self._known(self._conversation.id, self._contact)

    async def _create_interaction(self) -> PrivateChannel | None:
        first = self._conversation.messages[self._conversation.first]
        contact = self._contact or self._caller()
        interaction = Context.parse(
            {
                "type": "fdc3.interaction",
                "interactionType": "Instant Message",
                "id": {"deskline-chat": f"{self._conversation.id}/{self._conversation.first}"},
                "timeRange": {"type": "fdc3.timeRange", "startTime": first.at.isoformat()},
                "participants": {"type": "fdc3.contactList", "contacts": [contact]},
                "initiator": contact,
                "description": f"Chat with {self._conversation.name}",
                "chat": {
                    "service": self._conversation.service,
                    "handle": self._conversation.party.handle,
                    "conversation": self._conversation.id,
                },
            }
        )
        for delay in (*_RETRY_SECONDS, None):
            try:
                resolution = await self._agent.raise_intent("CreateInteraction", interaction)
                result = await resolution.get_result()
            except Exception as problem:
                log.warning("nobody took the chat: %s", problem)
            else:
                if isinstance(result, PrivateChannel):
                    await result.add_context_listener("deskline.call.accepted", self._on_accepted)
                    return result
                log.warning("the panel that took the chat gave no private channel")
            if delay is not None:
                await asyncio.sleep(delay)
        return None

    async def _on_accepted(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        named: Any = context.get("id") or context.get("interaction")
        interaction_id = named.get("deskline") if isinstance(named, dict) else named
        if isinstance(interaction_id, str):
            self._accepted(self._conversation.id, interaction_id)

    def _caller(self) -> Contact:
        party = self._conversation.party
        named = {"handle": party.handle, "service": self._conversation.service}
        if party.email:
            named["email"] = party.email
        return Contact(name=party.name or party.handle, id=named)


def _context(told: _Told, conversation: Conversation) -> Context:
    if isinstance(told, Event):
        return Context({"type": "deskline.call.event", "event": told.name, "at": told.at.isoformat()})
    return Context(
        {
            "type": "deskline.chat.message",
            "who": told.who,
            "at": told.at.isoformat(),
            "text": told.text,
            "seq": told.seq - conversation.first,
        }
    )
