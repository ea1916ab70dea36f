"""Asking the user which app shall handle an intent: the host's side of ``Resolve``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fdc3.broker import ResolutionRequest
from fdc3.types.metadata import AppIdentifier


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
