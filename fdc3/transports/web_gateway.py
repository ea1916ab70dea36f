"""Web apps on the desk: the host pages that open them and carry their messages, and pipes for injected agents.

A host page is ours, ``/web/host.html``: hidden in the desk for docked panels, or a tab of the user's own browser. It
is let in by the secret in its address. ``WebPipe`` serves a window that the embedding program itself vouches for.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from fdc3.directory import AppRecord
from fdc3.directory.matching import web_address
from fdc3.limits import GREETING
from fdc3.transports import web_frames as frames
from fdc3.transports.web_ports import NAVIGATION_GRACE, Admissions, AskUnknown, Door, Port, Window
from fdc3.types import wcp
from fdc3.types.errors import ErrorOnLaunch
from fdc3.types.metadata import AppIdentifier
from fdc3.types.wire import dialect_for

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for a host page to connect, and for it to open a window."""
UNSENT = 4096
"""Frames kept for a host page whose socket broke."""
UNSENT_BYTES = 32 * 1024 * 1024
"""The same in bytes."""
ABSENT = 64
"""Host pages that are not connected: not loaded yet, or left. Of more, the oldest is not let in any more."""
WINDOWS = 1000
"""Windows and frames of one host page."""
UNPROVEN = 8
"""Ports of one window that have not said who they are; of more, the oldest is shut."""


class PageSocket(Protocol):
    """The host's end of a host page's socket."""

    def deliver(self, data: bytes) -> bool: ...

    def shut(self, reason: str, *, superseded: bool = False) -> None: ...


class WebPage:
    """One host page. ``url`` holds its secret: it is for the browser that shall load it, and for nobody else."""

    def __init__(
        self,
        admissions: Admissions,
        url: str,
        secret: str,
        grace: float,
        once: bool,
        closed: Callable[[WebPage], None],
    ) -> None:
        self.url = url
        self._closed = closed
        self._admissions = admissions
        self._secret = secret
        self._once = once
        self._grace = grace
        self._load = ""
        self._socket: PageSocket | None = None
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._ports: dict[int, Port] = {}
        self._windows: dict[str, Window] = {}
        self._opening: dict[int, asyncio.Future[bool | None]] = {}
        self._open_ids = itertools.count(1)
        self._turn = asyncio.Lock()
        self._joined = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def joined(self) -> None:
        """Returns when the page has connected."""
        await self._joined.wait()

    async def open(self, record: AppRecord, instance_id: str) -> None:
        """Opens a window for an app that is being launched. Windows of one page are opened one after the other.

        Returns when the window is there; the app in it has yet to connect. Raises ``ErrorOnLaunch``.
        """
        url = record.details.get("url")
        if not isinstance(url, str) or web_address(url) is None:
            raise ErrorOnLaunch(f"{record.title} has no web address")
        window = self._admissions.piped.get(instance_id)
        if window is None:
            window = self._window("w-" + secrets.token_urlsafe(12))
            window.launched = (instance_id, record.app_id)
        else:
            self._windows[window.id] = window
        open_id = next(self._open_ids)
        answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                await self.joined()
                self._opening[open_id] = answer
                self.send(frames.open_window(open_id, url, window.id, record.title))
                done = await answer
        except TimeoutError:
            done = None
        finally:
            self._opening.pop(open_id, None)
        if not done:
            self._windows.pop(window.id, None)
            reason = (
                "the browser did not answer" if done is None else "the browser blocks new windows of Deskline's page"
            )
            raise ErrorOnLaunch(f"{record.title}: {reason}")

    def close_window(self, instance_id: str) -> bool:
        """Closes the window of an instance; False if it is not one of this page."""
        for window in self._windows.values():
            if window.resident is not None and window.resident.instance_id == instance_id:
                self.send(frames.close_window(window.id))
                self._admissions.abandon(window)
                return True
        return False

    def close(self) -> None:
        """The page is not wanted any more, and its secret is void; its apps are gone."""
        if not self._secret:
            return
        self._secret = ""
        self._empty()
        if self._socket is not None:
            self._socket.shut("the page is closed", superseded=True)
        self._socket = None
        self._joined.clear()
        self._closed(self)

    # The socket

    def admits(self, secret: str) -> bool:
        return hmac.compare_digest(self._secret.encode(), secret.encode()) and bool(self._secret)

    def attach(self, load: str, socket: PageSocket) -> bool:
        """The page has connected. False: another page, or the same in another tab, is using this address."""
        if self._socket is not None:
            if load != self._load:
                return False
            self._socket.shut("superseded by a newer connection", superseded=True)
        if self._patience is not None:
            self._patience.cancel()
        if load != self._load:
            self._empty()
        if self._once:
            self._once, self._secret = False, secrets.token_urlsafe(32)
        self._load, self._socket = load, socket
        socket.deliver(frames.joined(sorted(self._ports), self._secret))
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        for data in unsent:
            socket.deliver(data)
        self._joined.set()
        return True

    def detach(self, socket: PageSocket) -> None:
        """The socket has closed. The page may come back with its ports."""
        if self._socket is socket:
            self._socket = None
            self._joined.clear()
            self._patience = asyncio.get_running_loop().call_later(self._grace, self._empty)

    def cut_off(self, socket: PageSocket) -> None:
        """The page did not read what it was sent; its messages have a gap, so its apps have to begin anew."""
        if self._socket is socket:
            self._empty()

    def send(self, data: bytes) -> None:
        if self._socket is not None and self._socket.deliver(data):
            return
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if len(self._unsent) > UNSENT or self._unsent_bytes > UNSENT_BYTES:
            self._empty()

    def _empty(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        for answer in self._opening.values():
            if not answer.done():
                answer.set_result(None)
        ports, windows = list(self._ports.values()), list(self._windows.values())
        for port in ports:
            port.end()
        self._windows.clear()
        for window in windows:
            if not window.vouched:  # else it has a pipe of its own
                self._admissions.abandon(window)
        self._ports.clear()
        self._unsent.clear()
        self._unsent_bytes = 0

    # What the page says

    def received(self, data: bytes) -> bool:
        """Takes a frame. False if it is none, which our script never sends."""
        match frames.decode(data):
            case frames.Message(number, message):
                if port := self._ports.get(number):
                    port.received(bytes(message))
            case frames.Hello(number, window, origin, message):
                self._hello(number, window, origin, bytes(message))
            case frames.Opened(open_id, done):
                if (answer := self._opening.get(open_id)) and not answer.done():
                    answer.set_result(done)
            case frames.Gone(name):
                self._gone(name)
            case _:
                return False
        return True

    def _hello(self, number: int, window_id: str, origin: str, message: bytes) -> None:
        hello = wcp.hello(message)
        full = len(self._windows) >= WINDOWS and window_id not in self._windows
        if hello is None or number in self._ports or full:
            self.send(frames.shut(number))
            return
        window = self._window(window_id)
        if window.allowance.spend(len(message), GREETING):
            self.send(frames.shut(number))
            return
        unproven = [port for port in self._ports.values() if port.window is window and port.instance_id is None]
        if len(unproven) >= UNPROVEN:
            unproven[0].end()

        def send(data: bytes) -> None:
            self.send(frames.message(number, data))

        def ended() -> None:
            if self._ports.pop(number, None) is not None:
                self.send(frames.shut(number))

        dialect = dialect_for(hello.payload.fdc3_version)
        self._ports[number] = Port(self._admissions, window, origin, dialect, send, ended)

    def _gone(self, window_id: str) -> None:
        window = self._windows.get(window_id)
        if window is not None and not window.vouched:
            del self._windows[window_id]
            for port in [port for port in self._ports.values() if port.window is window]:
                port.end()
            self._admissions.abandon(window)

    def _window(self, window_id: str) -> Window:
        window = self._windows.get(window_id)
        if window is None:
            window = self._windows[window_id] = Window(window_id, look=lambda: self.send(frames.LOOK))
        return window

    def window_of(self, instance_id: str) -> Window | None:
        """The window in which an instance lives or is to live."""
        for window in self._windows.values():
            if (window.launched and window.launched[0] == instance_id) or (
                window.resident and window.resident.instance_id == instance_id
            ):
                return window
        return None


class WebPipe:
    """The agent's end of an injected ``window.fdc3``: one window, whose program tells us where each message is from."""

    def __init__(self, admissions: Admissions, window: Window, send: Callable[[str], None]) -> None:
        self._admissions = admissions
        self.window = window
        self._send = send
        self._port: Port | None = None

    def received(self, text: str, origin: str) -> None:
        """A message of the page, and the origin that the page had when it was sent. Each page begins with WCP1."""
        data = text.encode(errors="replace")
        if (hello := wcp.hello(data)) and not self.window.allowance.spend(len(data), GREETING):
            if self._port is not None:
                self._admissions.left(self._port)
            dialect = dialect_for(hello.payload.fdc3_version)
            self._port = Port(self._admissions, self.window, origin, dialect, self._tell, lambda: None)
        elif self._port is not None and self._port.origin == origin:
            self._port.received(data)

    def _tell(self, data: bytes) -> None:
        self._send(data.decode())

    def close(self) -> None:
        """The window has been closed."""
        if self._port is not None:
            self._port.end()
        piped = self._admissions.piped
        for instance_id in [key for key, window in piped.items() if window is self.window]:
            del piped[instance_id]
        self.window.vouched = False
        self._admissions.abandon(self.window)


class WebGateway:
    """Every door for web pages. Methods belong to the host's event loop.

    ``ask_unknown`` is asked about pages that no record of the directory matches; without it they are refused.
    """

    def __init__(self, host: Door, *, ask_unknown: AskUnknown | None = None, grace: float = NAVIGATION_GRACE) -> None:
        self._admissions = Admissions(host, ask_unknown=ask_unknown, grace=grace)
        self._grace = grace
        self._pages: list[WebPage] = []
        self.address = ""
        """Of the agent's HTTP server, as ``http://127.0.0.1:<port>``; empty until it listens."""

    def page(self, *, once: bool = False) -> WebPage:
        """A new host page, for one browser. Whoever loads its ``url`` may open windows and bring apps in.

        ``once``: the address is good for one load, after which the page has another secret. For an address that others
        may see, as they do if it is given to a program on its command line.
        """
        absent = [page for page in self._pages if not page.connected]
        if len(absent) >= ABSENT:
            absent[0].close()
        secret = secrets.token_urlsafe(32)
        url = f"{self.address}/web/host.html#{secret}"
        page = WebPage(self._admissions, url, secret, self._grace, once, self._pages.remove)
        self._pages.append(page)
        return page

    def pipe(self, send: Callable[[str], None], launched: AppIdentifier | None = None) -> WebPipe:
        """A pipe to a window with an injected agent; ``launched``: the instance that the window will be opened for."""
        window = Window("pipe-" + secrets.token_urlsafe(12), vouched=True)
        if launched is not None and launched.instance is not None:
            window.launched = (launched.instance, launched.app_id)
            self._admissions.piped[launched.instance] = window
        return WebPipe(self._admissions, window, send)

    async def open(self, record: AppRecord, instance_id: str) -> None:
        """Opens a web app by the host page that connected last. Raises ``ErrorOnLaunch``."""
        page = next((page for page in reversed(self._pages) if page.connected), None)
        if page is None:
            raise ErrorOnLaunch(f"{record.title}: no page of Deskline is open in a browser")
        await page.open(record, instance_id)

    def close_window(self, instance_id: str) -> bool:
        """Closes the window of an instance; False if it lives in none that a host page opened."""
        return any(page.close_window(instance_id) for page in self._pages)

    def join(self, data: bytes, socket: PageSocket) -> WebPage | None:
        """The page that a socket's first frame introduces; None: it is not let in."""
        join = frames.decode(data)
        if not isinstance(join, frames.Join):
            return None
        # Every secret is compared: how long this takes says nothing about any of them.
        found = [page for page in self._pages if page.admits(join.secret)]
        if not found or not found[0].attach(join.page, socket):
            return None
        self._pages.remove(found[0])
        self._pages.append(found[0])
        return found[0]

    def close(self) -> None:
        self._admissions.close()
        for page in tuple(self._pages):
            page.close()
