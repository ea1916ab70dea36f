"""How the desk stands with its central server, in the few words of the top bar. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.services import LocalZone, Standing

LOCAL_ONLY = (
    "Everything stays on this computer: no central server is set up. Calls, chats, deals and reports work without one."
)
_WAITS = "What you do is kept on this computer and goes to the server when it is reached."


@dataclass(frozen=True, slots=True)
class Words:
    icon: str
    text: str
    tint: str
    tip: str


def connection_words(standing: Standing) -> Words:
    """Whether the server is there."""
    problem, server = standing.problem, standing.server or "the server"
    match standing.state:
        case "local":
            return Words("lock", "Local desk", "up", LOCAL_ONLY)
        case "online":
            skew = abs(standing.skew)
            if not skew:
                return Words("wifi", "Online", "up", f"In step with {server}.")
            way = "ahead of" if standing.skew > 0 else "behind"
            shown = f"{skew / 60:,.0f} min" if skew < 7200 else f"{skew / 3600:,.0f} h"
            return Words(
                "wifi", "Online · check the clock", "warn", f"This computer's clock is {shown} {way} the server's."
            )
        case "first sync":
            part = f" {min(100 * standing.done // standing.total, 99)}%" if standing.total else ""
            tip = f"{standing.done:,} of {standing.total:,} records of {server} have arrived."
            return Words("refresh", f"First sync{part}", "acc", tip)
        case "offline" | "connecting" if not problem:
            return Words("wifi-off", "Connecting…", "tx3", _WAITS)
        case "offline" | "connecting":
            since = f"{standing.since.astimezone(LocalZone()):%H:%M}" if standing.since is not None else ""
            tip = f"{problem} {_WAITS}".strip()
            return Words("wifi-off", f"Offline since {since}" if since else "Offline", "warn", tip)
        case "signed out":
            return Words("lock", "Sign in again", "warn", f"{problem} {_WAITS}")
        case "refused":
            return Words("alert", "Refused by the server", "dn", problem)
        case "wiped":
            return Words("alert", "Taken off the server", "dn", problem)


def waiting_words(standing: Standing) -> Words:
    """What waits: changes for the server, conflicts and refused changes for the user."""
    parts = [
        _count(standing.to_sync, "to sync", "to sync"),
        _count(standing.conflicts, "conflict", "conflicts"),
        _count(standing.quarantine, "in quarantine", "in quarantine"),
    ]
    said = " · ".join(part for part in parts if part)
    if not said:
        return Words("check", "Synced", "up", "No change waits for a central server")
    tint = "dn" if standing.quarantine else "warn" if standing.conflicts else "tx3"
    icon = "alert" if standing.quarantine or standing.conflicts else "refresh"
    return Words(icon, said, tint, f"{said}. Ctrl+Shift+Y opens the sync panel.")


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}" if number else ""
