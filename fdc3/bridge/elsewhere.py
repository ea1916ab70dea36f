"""What a host knows of bridging: somebody to ask first, and to tell what its broker says."""

from __future__ import annotations

from typing import Protocol

from fdc3.broker import Deliver, RaiseElsewhere
from fdc3.types.messages import Request


class Elsewhere(Protocol):
    """The other desktop agents that ours is bridged with."""

    def takes(self, instance_id: str, request: Request) -> bool:
        """Whether a request concerns other agents, and is answered with their help instead of by the broker alone."""

    def deliver(self, effect: Deliver) -> None:
        """What the broker says; some of it may be for guests, who are elsewhere."""

    def raised(self, effect: RaiseElsewhere) -> None:
        """The choice fell on an app of another agent."""
