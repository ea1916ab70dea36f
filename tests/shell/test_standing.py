"""The few words of the top bar about the server."""

from __future__ import annotations

import datetime as dt

import pytest

from app.services import LocalZone, Standing
from app.shell.standing import connection_words, waiting_words

SINCE = dt.datetime(2026, 11, 24, 10, 42, tzinfo=dt.UTC)
GONE = "The server does not answer."


@pytest.mark.parametrize(
    ("standing", "text", "told"),
    [
        (Standing(), "Local desk", "no central server"),
        (Standing("connecting"), "Connecting…", "kept on this computer"),
        (Standing("online", server="Northgate"), "Online", "In step with Northgate"),
        (Standing("online", skew=-4000.0), "Online · check the clock", "67 min behind"),
        (Standing("first sync", done=250, total=1000), "First sync 25%", "250 of 1,000"),
        (Standing("first sync"), "First sync", "0 of 0"),
        (Standing("offline", SINCE, problem=GONE), f"Offline since {SINCE.astimezone(LocalZone()):%H:%M}", GONE),
        (Standing("signed out", problem="Sign in again."), "Sign in again", "kept on this computer"),
        (Standing("refused", problem="Too old."), "Refused by the server", "Too old."),
        (Standing("wiped", problem="Taken off."), "Taken off the server", "Taken off."),
    ],
)
def test_every_state_has_its_words(standing: Standing, text: str, told: str) -> None:
    words = connection_words(standing)
    assert words.text == text
    assert told in words.tip


@pytest.mark.parametrize(
    ("standing", "text", "tint"),
    [
        (Standing("online"), "Synced", "up"),
        (Standing("online", to_sync=1200), "1,200 to sync", "tx3"),
        (Standing("online", to_sync=2, conflicts=1), "2 to sync · 1 conflict", "warn"),
        (Standing("online", conflicts=2, quarantine=3), "2 conflicts · 3 in quarantine", "dn"),
    ],
)
def test_what_waits_is_counted(standing: Standing, text: str, tint: str) -> None:
    words = waiting_words(standing)
    assert (words.text, words.tint) == (text, tint)
