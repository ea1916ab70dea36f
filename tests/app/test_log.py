"""What may stand in the log, at any level."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from app import __main__ as program


@pytest.fixture
def everything_logged() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in ("", "websockets")}
    logging.getLogger().setLevel(logging.DEBUG)
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_debug_log_holds_no_tokens_and_no_frames(everything_logged: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The websocket library writes handshakes (with tokens) and frames (with what customers say) at debug level."""
    monkeypatch.setattr(program, "_dispatch", lambda args, settings: 0)
    assert program.main(["--set", "log_level=DEBUG"]) == 0
    for side in ("client", "server"):
        assert not logging.getLogger(f"websockets.{side}").isEnabledFor(logging.DEBUG)
