from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Test modules are imported by path (importlib mode); this makes their shared pieces importable by name.
sys.path.insert(0, str(Path(__file__).parent))

from broker_desk import desk
from schemas import check_message
from signed_world import World

from fdc3.transports.memory import MemoryLink
from fdc3.transports.websocket_client import WebSocketLink

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def _clients_speak_by_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks every message a client sends, as it goes out."""

    def checked(send: Callable[[Any, bytes], bool]) -> Callable[[Any, bytes], bool]:
        def sending(link: Any, data: bytes) -> bool:
            check_message(data, link.dialect.version)
            return send(link, data)

        return sending

    for link in (MemoryLink, WebSocketLink):
        monkeypatch.setattr(link, "send", checked(link.send))


@pytest.fixture
def world() -> World:
    return World()
