"""Web apps at the desk, seen from the window: a dock for each, the palette's commands, and workspaces. UI thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.desk.manifest import BadManifest, Dock, manifest_of
from app.services import Notice
from app.shell import tokens
from app.shell.commands import Command
from app.shell.panels import Panel
from app.web.places import Opening, Place
from fdc3.directory import AppRecord
from fdc3.types.errors import ErrorOnLaunch

if TYPE_CHECKING:
    from app.desk.program import Program
    from app.desk.web_apps import WebApps
    from app.web.panel import WebPanel
    from app.web.windows import WebWindows

UNCONFINED = "QTWEBENGINE_DISABLE_SANDBOX"
"""Set by whoever wants pages to run without the engine's sandbox, as tests in a container must."""
NO_CHANNEL = "line2"
HOME = Dock(area="analytics")
TITLES = {channel: f"Channel {channel.rsplit('.', 1)[-1]}" for channel in tokens.CHANNELS}


class WebDocks(QObject):
    """Places web apps before the desk is open, too: they begin when it is."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program, self._window, self._ui = program, program.window, program.ui
        self._windows: WebWindows | None = None
        self._apps: WebApps | None = None
        self._places: dict[str, Place] = {}
        self._early: list[Place] = []
        self._listed: set[str] = set()
        self._window.docks.close_asked.connect(self.close)
        self._list_apps()
        program.directory.watch(lambda: self._ui.post(self._list_apps))

    def _list_apps(self) -> None:
        """One command of the palette for each web app that the directory has now."""
        there = {record.app_id: record for record in self._program.directory if record.type == "web"}
        for app_id in self._listed - there.keys():
            self._ui.commands.remove(f"web.open.{app_id}")
        for app_id, record in there.items():
            self._ui.commands.add(
                Command(f"web.open.{app_id}", f"Open {record.title}", partial(self.open, app_id), icon="window")
            )
        self._listed = set(there)

    def begin(self, apps: WebApps) -> None:
        """The agent runs: what was placed before is opened."""
        self._apps = apps
        self._ui.commands.add(Command("web.browser", "Web apps in your own browser", self.browse, icon="window"))
        early, self._early = self._early, []
        for place in early:
            self._start(place)

    # Opening

    def open(self, app_id: str) -> None:
        """A new instance of an app, in front and with the keyboard."""
        record = self._program.directory.get(app_id)
        if record is not None:
            place = self.place(record)
            self._window.focus_panel(place.panel_id)
            self._start(place)

    def browse(self) -> None:
        """Our page in the user's own browser, from where web apps are opened in tabs."""
        if self._apps is not None:
            self._ui.run(self._apps.browser_address(), then=self._browse, owner=self)

    def _browse(self, address: str) -> None:
        if not QDesktopServices.openUrl(QUrl(address)):
            self._ui.notify(Notice("No browser could be opened.", "warning"))

    def place(self, record: AppRecord) -> Place:
        number = next(n for n in range(1, len(self._places) + 2) if f"{record.app_id}#{n}" not in self._places)
        title = record.title if number == 1 else f"{record.title} {number}"
        place = Place(f"{record.app_id}#{number}", record.app_id, title)
        self._add(place, record)
        self._window.show_panel(place.panel_id)
        return place

    def _add(self, place: Place, record: AppRecord | None) -> None:
        try:
            dock = (manifest_of(record).dock if record is not None else None) or HOME
        except BadManifest:
            dock = HOME
        self._places[place.panel_id] = place
        self._window.add(Panel(place.panel_id, place.title, dock.icon, dock.area, dock.order, ends=True))
        self._window.docks.set_panel_color(place.panel_id, NO_CHANNEL)

    def _start(self, place: Place) -> None:
        if self._apps is None:
            self._early.append(place)
            return
        record = self._program.directory.get(place.app_id)
        if record is None or record.type != "web":  # it was there when the workspace was saved
            self.stopped(place.panel_id, "The app directory does not know it any more.")
            return
        self._ui.run(
            self._apps.open(place),
            failed=lambda error: self.stopped(place.panel_id, str(error) or type(error).__name__),
            owner=self,
        )

    def restart_app(self, app_id: str) -> bool:
        """Opens each panel of an app anew, or a first one; False if it is no web app."""
        record = self._program.directory.get(app_id)
        if record is None or record.type != "web":
            return self.restart(app_id)
        panels = [place.panel_id for place in self._places.values() if place.app_id == record.app_id]
        for panel_id in panels:
            self.restart(panel_id)
        if not panels:
            self.open(app_id)
        return True

    def restart(self, panel_id: str) -> bool:
        """Opens an app anew in its panel, where it was; False if the panel is no web app's."""
        place = self._places.get(panel_id)
        if place is None:
            return False
        frame = self._window.docks.frame(panel_id)
        if frame is not None:
            frame.set_loading()
        if self._windows is not None:
            self._windows.end(panel_id)
        self._tell(lambda apps: apps.closed(panel_id))
        self._start(place)
        return True

    def close(self, panel_id: str) -> None:
        """The user, or the page itself, closes an app."""
        self._tell(lambda apps: apps.closed(panel_id))
        self.remove(panel_id)

    def end_all(self) -> None:
        """The program ends."""
        if self._windows is not None:
            self._windows.end_all()

    # Screen: what the agent's side asks for

    def load_host(self, app_id: str, url: str) -> None:
        self._browser().load_host(app_id, url)

    def expect(self, opening: Opening) -> None:
        self._browser().expect(opening)

    def unexpect(self, opening: Opening) -> None:
        self._browser().unexpect(opening)

    def deliver(self, panel_id: str, text: str) -> None:
        self._browser().deliver(panel_id, text)

    def stopped(self, panel_id: str, reason: str) -> None:
        self._window.panel_stopped(panel_id, reason)

    def remove(self, panel_id: str) -> None:
        if self._places.pop(panel_id, None) is None:
            return
        if self._windows is not None:
            self._windows.end(panel_id)
        self._window.remove_panel(panel_id)

    def show_channels(self, channels: Mapping[str, str | None]) -> None:
        for panel_id, channel in channels.items():
            if panel_id not in self._places:
                continue
            self._places[panel_id] = replace(self._places[panel_id], channel=channel or "")
            self._window.docks.set_panel_color(panel_id, tokens.CHANNELS.get(channel or "", NO_CHANNEL))
            panel = self._windows.panels.get(panel_id) if self._windows is not None else None
            if panel is not None:
                panel.bar.set_channels(TITLES, channel)

    # Guests: the panels that workspaces bring back

    def saved(self) -> Sequence[Mapping[str, str]]:
        return [
            {"panel": place.panel_id, "app": place.app_id, "title": place.title, "address": place.address}
            | ({} if place.channel is None else {"channel": place.channel})
            for place in self._places.values()
            if self._window.docks.is_open(place.panel_id)
        ]

    def restore(self, saved: Sequence[Mapping[str, str]]) -> None:
        for guest in saved:
            panel_id, app_id = guest.get("panel", ""), guest.get("app", "")
            if panel_id and app_id and panel_id not in self._places:
                title, address = guest.get("title") or app_id, guest.get("address", "")
                place = Place(panel_id, app_id, title, address, guest.get("channel"))
                self._add(place, self._program.directory.get(app_id))
                self._start(place)

    # The browser

    def _browser(self) -> WebWindows:
        """Loaded with the first web app: it takes longer to load than the desk itself."""
        if self._windows is None:
            if _is_root() and UNCONFINED not in os.environ:
                # The engine would end the whole program.
                raise ErrorOnLaunch("Web apps are not opened for the user root. Start Deskline as another user.")
            from app.web.windows import WebWindows

            windows = self._windows = WebWindows(self._ui, self._program.settings.desk_folder / "web", parent=self)
            windows.opened.connect(self._opened)
            windows.closed.connect(self.close)
            windows.crashed.connect(lambda panel_id: self._tell(lambda apps: apps.crashed(panel_id)))
            windows.restart_asked.connect(self.restart)
            windows.moved.connect(self._moved)
            windows.channel_chosen.connect(lambda panel, channel: self._tell(lambda apps: apps.join(panel, channel)))
            windows.sent.connect(lambda panel, text, origin: self._tell(lambda apps: apps.sent(panel, text, origin)))
        return self._windows

    def _opened(self, panel: WebPanel) -> None:
        place = self._places.get(panel.panel_id)
        if place is None:  # closed while the browser was opening it
            self._browser().end(panel.panel_id)
            return
        panel.bar.set_channels(TITLES, place.channel)
        self._window.set_panel(panel.panel_id, panel)

    def _moved(self, panel_id: str, url: QUrl) -> None:
        if panel_id in self._places:
            self._places[panel_id] = replace(self._places[panel_id], address=url.toString())

    def _tell(self, say: Callable[[WebApps], object]) -> None:
        apps = self._apps
        if apps is not None:
            self._program.loop.loop.call_soon_threadsafe(lambda: say(apps))


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
