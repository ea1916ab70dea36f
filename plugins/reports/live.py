"""A talk in progress: follows its private channel and its transcription, and tells the desk what is new."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fdc3.types.errors import Fdc3Error
from plugins.reports import publish
from plugins.reports.store import Talk

if TYPE_CHECKING:
    from app.conversation.state import ConversationState
    from app.services import State
    from fdc3.client import PrivateChannel
    from fdc3.types.metadata import AppIdentifier

log = logging.getLogger(__name__)


class LiveTalk:
    """On the I/O loop. The newest state of the conversation wins; no state is published twice.

    Of each state ``heard`` learns before the desk does, so that the draft is never behind what the panels show, and
    ``told`` after it. The talk stays here after its end, until the careful pass of the transcript is in.
    """

    def __init__(
        self,
        talk: Talk,
        channel: PrivateChannel,
        conversation: State[ConversationState],
        broadcast: Callable[[publish.Message], Awaitable[None]],
        heard: Callable[[LiveTalk, ConversationState], Awaitable[None]],
        told: Callable[[LiveTalk, ConversationState], None],
    ) -> None:
        self.talk = talk
        self.channel = channel
        self.over = False
        self.source: AppIdentifier | None = None  # the app that announced it
        self._conversation = conversation
        self._broadcast = broadcast
        self._heard = heard
        self._told = told
        self._shown: ConversationState | None = None
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._news.set()
        self._unsubscribe = conversation.subscribe(self._changed)
        self._pump = self._loop.create_task(self._follow(), name=f"talk {talk.interaction_id}")

    @property
    def now(self) -> ConversationState:
        return self._conversation.value

    async def announce(self) -> None:
        """Says again who is talking, for example after the customer was identified."""
        await self._broadcast(publish.state(self.talk, self.now))

    async def close(self) -> None:
        self._unsubscribe()
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(Fdc3Error):
            await self.channel.disconnect()

    def _changed(self, _state: ConversationState) -> None:
        """On whichever thread changed the conversation."""
        self._loop.call_soon_threadsafe(self._news.set)

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            before, now = self._shown, self.now
            self._shown = now
            try:
                await self._heard(self, now)
                for message in publish.messages(self.talk, before, now):
                    await self._broadcast(message)
            except Exception:  # one bad message must not silence the rest of the call
                log.exception("a change of the conversation was not passed on")
            self._told(self, now)
