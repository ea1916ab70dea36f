"""Web apps at the desk, seen from the agent: which instance lives in which panel. Lives on the I/O loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

import fdc3.web
from app.desk.manifest import Manifest, manifest_of
from app.web.places import Opening, Place
from fdc3.directory import AppRecord
from fdc3.directory.matching import best_match
from fdc3.host import Host, Observation
from fdc3.transports.web_gateway import WebPage, WebPipe
from fdc3.transports.web_ports import Window
from fdc3.types.errors import ErrorOnLaunch
from fdc3.types.messages import RESPONSES, JoinUserChannelRequest, LeaveCurrentChannelRequest
from fdc3.types.metadata import AppIdentifier

if TYPE_CHECKING:
    from app.shell.ui import Ui

log = logging.getLogger(__name__)
HOST_PAGE_SECONDS = 30.0
"""For the browser engine to be loaded and the agent's page to be there; after the first app it takes a blink."""
MOVES = (RESPONSES[JoinUserChannelRequest], RESPONSES[LeaveCurrentChannelRequest])


class Screen(Protocol):
    """The UI thread's side. Called there."""

    def place(self, record: AppRecord) -> Place:
        """A new panel, loading, for an app that somebody else has asked for."""

    def load_host(self, app_id: str, url: str) -> None: ...

    def expect(self, opening: Opening) -> None: ...

    def unexpect(self, opening: Opening) -> None: ...

    def deliver(self, panel_id: str, text: str) -> None: ...

    def stopped(self, panel_id: str, reason: str) -> None: ...

    def remove(self, panel_id: str) -> None: ...

    def show_channels(self, channels: Mapping[str, str | None]) -> None:
        """The user channel of each panel."""


@dataclass(slots=True, eq=False)
class Docked:
    """An app in its panel. The window may come to hold another instance: the page was left for another app's."""

    place: Place
    launched: str
    page: WebPage | None = None
    window: Window | None = None
    pipe: WebPipe | None = None

    @property
    def instance_id(self) -> str:
        window = self.pipe.window if self.pipe is not None else self.window
        return window.resident.instance_id if window is not None and window.resident is not None else self.launched


class WebApps:
    """Opens and ends docked web apps, and keeps what the panels show of their channels up to date."""

    def __init__(self, ui: Ui, screen: Screen, channel: str) -> None:
        self._ui, self._screen = ui, screen
        self._channel = channel
        self._host: Host
        self._pages: dict[str, WebPage] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._places: dict[str, deque[Place]] = {}
        self._docked: dict[str, Docked] = {}
        self._seen: frozenset[str] = frozenset()

    def begin(self, host: Host) -> None:
        self._host = host

    # Opening

    async def open(self, place: Place) -> None:
        """Opens an app in a panel that waits for it. Raises the agent's errors."""
        waiting = self._places.setdefault(place.app_id, deque())
        waiting.append(place)
        try:
            await self._host.launch(place.app_id)
        finally:
            if place in waiting:
                waiting.remove(place)

    async def browser_address(self) -> str:
        """Where the user's own browser finds the page that opens web apps in it. Good for one load."""
        return self._host.web.page(once=True).url

    async def launch(self, record: AppRecord, instance_id: str) -> None:
        """The agent wants an app started. Returns when its window is open; raises ``ErrorOnLaunch``."""
        waiting = self._places.get(record.app_id)
        place = waiting.popleft() if waiting else await self._ui.on_screen(lambda: self._screen.place(record))
        manifest = manifest_of(record)
        docked = self._docked[place.panel_id] = Docked(place, instance_id)
        if len(self._docked) == 1:
            self._stop_observing = self._host.observe(self._observed)
        channel = place.channel if place.channel is not None or not manifest.joins else self._channel
        if channel:
            self._host.join_user_channel(instance_id, channel)
        try:
            async with self._turns.setdefault(record.app_id, asyncio.Lock()):
                await self._open_window(docked, record, manifest)
        except Exception as error:
            self._forget(place.panel_id)
            reason = str(error) if isinstance(error, ErrorOnLaunch) else "The browser did not open it."
            self._ui.post(lambda: self._screen.stopped(place.panel_id, reason))
            raise
        self._show_channels()

    async def _open_window(self, docked: Docked, record: AppRecord, manifest: Manifest) -> None:
        """One at a time for each host page: the window that the browser opens next is this app's."""
        place, instance_id = docked.place, docked.launched
        identity = str(record.details.get("url", ""))
        agent = fdc3.web.injected() if manifest.preload else ""
        opening = Opening(place.panel_id, place.app_id, place.title, identity, agent)
        docked.page = page = await self._page(record.app_id)
        if agent:
            docked.pipe = self._host.web.pipe(
                lambda text: self._ui.post(lambda: self._screen.deliver(place.panel_id, text)),
                AppIdentifier(record.app_id, instance_id),
            )
        await self._ui.on_screen(lambda: self._screen.expect(opening))
        try:
            await page.open(self._at(record, place.address), instance_id)
        except BaseException:
            self._ui.post(lambda: self._screen.unexpect(opening))
            raise
        docked.window = page.window_of(instance_id)

    def _at(self, record: AppRecord, address: str) -> AppRecord:
        """The record with the address where the app was when it was left, if the directory knows it by that one too."""
        known = best_match(address, self._host.directory)
        if known is None or known.app_id != record.app_id:
            return record
        return msgspec.structs.replace(record, details={**record.details, "url": address})

    async def _page(self, app_id: str) -> WebPage:
        """The agent's host page in the app's own browser profile."""
        page = self._pages.get(app_id)
        if page is None:
            page = self._pages[app_id] = self._host.web.page()
            url = page.url
            await self._ui.on_screen(lambda: self._screen.load_host(app_id, url))
        try:
            async with asyncio.timeout(HOST_PAGE_SECONDS):
                await page.joined()
        except TimeoutError:
            raise ErrorOnLaunch("The browser engine did not start.") from None
        return page

    # What the screen reports

    def closed(self, panel_id: str) -> None:
        """The panel is gone, and with it the app."""
        docked = self._forget(panel_id)
        if docked is None:
            return
        instance_id = docked.instance_id
        if docked.pipe is not None:
            docked.pipe.close()
        if docked.page is not None:
            docked.page.close_window(instance_id)
        for gone in {instance_id, docked.launched}:
            self._host.instance_gone(gone)

    def crashed(self, panel_id: str) -> None:
        """The page's process has ended. Its panel stays, and loading the page again makes it a new instance."""
        docked = self._docked.get(panel_id)
        if docked is not None:
            self._host.instance_gone(docked.instance_id)

    def sent(self, panel_id: str, text: str, origin: str) -> None:
        """A message of a page through the agent that was put into it."""
        docked = self._docked.get(panel_id)
        if docked is not None and docked.pipe is not None:
            docked.pipe.received(text, origin)

    def join(self, panel_id: str, channel: str | None) -> None:
        """The user puts one app on a channel, or on none."""
        docked = self._docked.get(panel_id)
        if docked is not None and self._runs(docked):
            self._host.join_user_channel(docked.instance_id, channel)
            self._show_channels()

    # What the desk asks

    def end(self, instance_id: str) -> bool:
        """An app asks to be closed. False if it is in no panel."""
        found = next((each for each in self._docked.values() if each.instance_id == instance_id), None)
        if found is None:
            return False
        self.closed(found.place.panel_id)
        self._ui.post(lambda: self._screen.remove(found.place.panel_id))
        return True

    def follow(self, channel: str) -> None:
        """The desk goes to another channel, and with it the apps that are on the one it leaves."""
        before, self._channel = self._channel, channel
        channels = self._channels()
        for panel_id, docked in self._docked.items():
            if channels.get(panel_id) == before:
                self._host.join_user_channel(docked.instance_id, channel)
        self._show_channels()

    # Channels

    def _observed(self, observation: Observation) -> None:
        moved = isinstance(observation.message, MOVES)
        if moved or (observation.direction == "in" and not self._seen.issuperset(observation.instances)):
            self._show_channels()

    def _show_channels(self) -> None:
        channels = self._channels()
        self._seen = frozenset(instance.id for instance in self._host.instances())
        self._ui.post(lambda: self._screen.show_channels(channels))

    def _channels(self) -> dict[str, str | None]:
        of = {instance.id: instance.channel_id for instance in self._host.instances()}
        return {panel_id: of.get(docked.instance_id) for panel_id, docked in self._docked.items()}

    def _runs(self, docked: Docked) -> bool:
        return any(instance.id == docked.instance_id for instance in self._host.instances())

    def _forget(self, panel_id: str) -> Docked | None:
        docked = self._docked.pop(panel_id, None)
        if docked is not None and not self._docked:
            self._stop_observing()
        return docked
