"""Only sound of this machine is listened to, whoever announces the call."""

from __future__ import annotations

import pytest

from app.conversation.intake import on_this_machine


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("ws://127.0.0.1:4711/audio/1?token=t", True),
        ("ws://[::1]:4711/audio/1", True),
        ("ws://localhost:4711/audio/1", True),
        ("ws://192.0.2.7:4711/audio/1", False),
        ("ws://127.0.0.1.example.com/audio/1", False),
        ("ws://user@192.0.2.7:80@127.0.0.1/", True),
        ("http://127.0.0.1/audio", False),
        ("", False),
    ],
)
def test_the_address_of_a_calls_sound_must_be_on_loopback(url: str, trusted: bool) -> None:
    assert on_this_machine(url) is trusted
