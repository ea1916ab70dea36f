"""The panels that come and go: web apps, and apps of the desk itself that are opened on demand. One rule for both.

Closing its tab ends the app. A workspace that was saved with a panel brings it back, and so does the next start of a
desk that was left with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.desk.on_demand import OnDemand
from app.desk.web_docks import WebDocks


class DeskGuests:
    """What the window's workspaces keep of both kinds (``app.shell.workspace_control.Guests``)."""

    def __init__(self, on_demand: OnDemand, web: WebDocks) -> None:
        self._on_demand, self._web = on_demand, web

    def saved(self) -> Sequence[Mapping[str, str]]:
        return [*self._on_demand.saved(), *self._web.saved()]

    def restore(self, saved: Sequence[Mapping[str, str]]) -> None:
        ours = [guest for guest in saved if self._on_demand.has(guest.get("app", ""))]
        self._on_demand.restore(ours)
        self._web.restore([guest for guest in saved if guest not in ours])
