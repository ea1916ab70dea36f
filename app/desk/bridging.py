"""The desk's agent on a bridge to other desktop agents of this machine, and what the trader is told of it."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.services import Notice
from app.settings import Settings
from fdc3.host import Host

log = logging.getLogger(__name__)


async def join_bridge(
    host: Host, settings: Settings, notify: Callable[[Notice], None]
) -> Callable[[], Awaitable[None]] | None:
    """Begins to look for a bridge if the settings ask for it; returns what ends that."""
    if settings.bridge == "off":
        return None
    from fdc3.bridge.client import BridgeClient
    from fdc3.bridge.tokens import TokenKeys

    try:
        keys = TokenKeys.read(Path(settings.bridge_keys).expanduser()) if settings.bridge_keys else None
    except ValueError as error:
        notify(Notice("Other desktops are not connected: the bridge's key file cannot be used.", "warning", str(error)))
        return None
    client = BridgeClient(
        host,
        version=importlib.metadata.version("deskline"),
        url="" if settings.bridge == "on" else settings.bridge,
        keys=keys,
        changed=_Told(notify),
    )
    await client.start()
    return client.close


class _Told:
    """Says who has come and gone."""

    def __init__(self, notify: Callable[[Notice], None]) -> None:
        self._notify = notify
        self._others: set[str] = set()

    def __call__(self, others: tuple[str, ...] | None) -> None:
        if others is None:
            if self._others:
                self._notify(Notice("The bridge to other desktops has ended.", "warning"))
            self._others = set()
            return
        for name in sorted(set(others) - self._others):
            self._notify(Notice(f"Connected with {name}.", "info"))
        for name in sorted(self._others - set(others)):
            self._notify(Notice(f"{name} is no longer connected.", "info"))
        self._others = set(others)
