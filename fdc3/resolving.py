"""Asking the user which app shall handle an intent: the host's side of ``Resolve``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fdc3.broker import Broker, Effect, ResolutionRequest
from fdc3.types.errors import ResolverUnavailable
from fdc3.types.metadata import AppIdentifier

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IntentChoice:
    """A resolver's answer where several intents were offered: which app, and for which of them."""

    app: AppIdentifier
    intent: str


class Resolver(Protocol):
    """Asks the user which app shall handle an intent. None: none, the user thought better of it.

    Cancelled when the answer is no longer wanted; the question must then disappear from the screen.
    """

    async def resolve(self, request: ResolutionRequest) -> AppIdentifier | IntentChoice | None: ...


class Questions:
    """What the user is being asked at this moment."""

    def __init__(self, resolver: Resolver | None, broker: Broker, carry_out: Callable[[list[Effect]], None]) -> None:
        self._resolver, self._broker, self._carry_out = resolver, broker, carry_out
        self._asked: dict[str, asyncio.Task[None]] = {}

    def ask(self, request: ResolutionRequest) -> None:
        task = self._asked[request.id] = asyncio.ensure_future(self._ask(request))
        task.add_done_callback(lambda _: self._asked.pop(request.id, None))

    def withdraw(self, request_id: str) -> None:
        if task := self._asked.get(request_id):
            task.cancel()

    async def close(self) -> None:
        asked = [*self._asked.values()]
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _ask(self, request: ResolutionRequest) -> None:
        if self._resolver is None:
            self._carry_out(self._broker.unresolved(request.id, ResolverUnavailable()))
            return
        try:
            choice = await self._resolver.resolve(request)
        except Exception:
            logger.exception("The resolver failed")
            self._carry_out(self._broker.unresolved(request.id, ResolverUnavailable()))
            return
        if isinstance(choice, IntentChoice):
            self._carry_out(self._broker.resolved(request.id, choice.app, choice.intent))
        else:
            self._carry_out(self._broker.resolved(request.id, choice))
