"""Message ports of web pages, and who a page is: its origin, its address in the directory, its window, its secret."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import UNSET

from fdc3.directory import AppDirectory, AppRecord
from fdc3.directory.matching import best_match, web_address
from fdc3.limits import Allowance
from fdc3.transports.link import LARGEST_REQUEST, Outlet
from fdc3.types import wcp
from fdc3.types.metadata import ImplementationMetadata
from fdc3.types.wire import FDC3_2_2, Dialect

logger = logging.getLogger(__name__)

NAVIGATION_GRACE = 5.0
"""Seconds for which an instance is kept after its page was left, for the same window to come back with its secret."""
LOOKS = (0.02, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds after a page was left at which it is looked whether its window is still there."""

QUESTIONS = 4
"""Origins that the user is asked about at a time; pages of further ones are refused."""

AskUnknown = Callable[[str], Awaitable[AppRecord | None]]
"""Asks whether the app at a URL, which the directory does not know, may join; as which record. None: it may not."""


class Door(Protocol):
    """What web pages need of the host."""

    @property
    def directory(self) -> AppDirectory: ...

    def seat(self, app_id: str, instance_id: str | None = None, dialect: Dialect = FDC3_2_2) -> str:
        """A place for an app that is let in without a secret: a new one, or that of ``instance_id``. Returns its id."""

    def welcome(self, instance_id: str, outlet: Outlet) -> ImplementationMetadata: ...

    def ready(self, instance_id: str, outlet: Outlet) -> None: ...

    def receive(self, instance_id: str, outlet: Outlet, data: bytes) -> None: ...

    def restarted(self, instance_id: str) -> None:
        """The page of an instance is being loaded anew."""

    def instance_gone(self, instance_id: str) -> None: ...


@dataclass(slots=True, eq=False)
class Resident:
    """The app instance that lives in a window."""

    instance_id: str
    instance_uuid: str
    app_id: str
    origin: str
    port: Port
    grace: tuple[asyncio.TimerHandle, ...] = ()

    def cancel_grace(self) -> None:
        for timer in self.grace:
            timer.cancel()
        self.grace = ()


@dataclass(slots=True, eq=False)
class Window:
    """A browser window, or a frame in one. One app at a time lives in it."""

    id: str
    launched: tuple[str, str] | None = None
    """Instance and app that the window was opened for, until that app has connected."""
    vouched: bool = False
    """Whether the window itself is known by its pipe, as a docked panel is; else the page shows its secret."""
    resident: Resident | None = None
    look: Callable[[], None] | None = None
    """Asks whether the window is still there."""
    allowance: Allowance = field(default_factory=Allowance)
    """Of all pages that come to live in it."""


class Port:
    """One connection of one page, and the host's ``Outlet`` to it. Before its WCP4 it hears and is told nothing."""

    def __init__(
        self,
        admissions: Admissions,
        window: Window,
        origin: str,
        dialect: Dialect,
        send: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self.window = window
        self.origin = origin
        self.dialect = dialect
        self.instance_id: str | None = None
        self.over = False
        """Nothing passes any more: the page has been left, or the port was shut."""
        self._admissions = admissions
        self._send = send
        self._ended = ended
        self._asked = False

    def received(self, data: bytes) -> None:
        if self.over:
            return
        if len(data) > LARGEST_REQUEST or self.window.allowance.spend(len(data)):
            self._admissions.expel(self)
        elif self.instance_id is not None:
            if wcp.is_goodbye(data):
                self._admissions.left(self)
            else:
                self._admissions.host.receive(self.instance_id, self, data)
        elif not self._asked and (step := wcp.validate(data)) is not None:
            self._asked = True
            self._admissions.validate(self, step)

    def tell(self, step: wcp.Step) -> None:
        self._send(wcp.encode(step))

    def end(self) -> None:
        if not self.over:
            self.over = True
            self._ended()

    # Outlet

    def deliver(self, data: bytes) -> bool:
        if not self.over:
            self._send(data)
        return True

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        self.end()
        if not superseded:
            self._admissions.shut(self)


class Admissions:
    """Decides which app and which instance a page is."""

    def __init__(self, host: Door, *, ask_unknown: AskUnknown | None = None, grace: float = NAVIGATION_GRACE) -> None:
        self.host = host
        self._ask_unknown = ask_unknown
        self.piped: dict[str, Window] = {}
        """Windows with a pipe, by the instance that they are opened for."""
        self._grace = grace
        self._asking: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, list[tuple[Port, wcp.WCP4ValidateAppIdentity]]] = {}
        """Pages of unknown apps, by the origin that the user is being asked about."""
        self._unwanted: set[str] = set()

    def close(self) -> None:
        for task in self._asking:
            task.cancel()

    def validate(self, port: Port, step: wcp.WCP4ValidateAppIdentity) -> None:
        """Answers a page's WCP4."""
        claimed, actual = web_address(step.payload.identity_url), web_address(step.payload.actual_url)
        if claimed is None or actual is None or not port.origin == claimed.origin == actual.origin:
            self._refuse(port, step, "The address given is not of the origin that the message came from")
        elif record := best_match(step.payload.identity_url, self.host.directory):
            self._admit(port, step, record)
        elif self._ask_unknown is not None:
            self._wait(self._ask_unknown, port, step)
        else:
            self._refuse(port, step, "No app of the app directory has this address")

    def _wait(self, ask: AskUnknown, port: Port, step: wcp.WCP4ValidateAppIdentity) -> None:
        """The user is asked about an origin once; a no is good until the desk ends."""
        if waiting := self._waiting.get(port.origin):
            waiting.append((port, step))
        elif port.origin in self._unwanted or len(self._waiting) >= QUESTIONS:
            self._refuse(port, step, "No app of the app directory has this address, and it is not asked for")
        else:
            self._waiting[port.origin] = [(port, step)]
            task = asyncio.ensure_future(self._ask(ask, port.origin, step.payload.identity_url))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, ask: AskUnknown, origin: str, url: str) -> None:
        try:
            record = await ask(url)
        except Exception:
            logger.exception("Asking whether an unknown app may join failed")
            record = None
        if record is None:
            self._unwanted.add(origin)
        else:
            self.host.directory.add(record)
        for port, step in self._waiting.pop(origin):
            if port.over:
                continue
            if known := best_match(step.payload.identity_url, self.host.directory):
                self._admit(port, step, known)
            else:
                self._refuse(port, step, "No app of the app directory has this address, and it was not let in")

    def _refuse(self, port: Port, step: wcp.WCP4ValidateAppIdentity, reason: str) -> None:
        if not port.over:
            logger.warning("A web page of %s was refused: %s", port.origin, reason)
            port.tell(wcp.WCP5ValidateAppIdentityFailedResponse(payload=wcp.Failed(reason), meta=_meta(step)))
            port.end()

    def _admit(self, port: Port, step: wcp.WCP4ValidateAppIdentity, record: AppRecord) -> None:
        window = port.window
        resident = window.resident
        if resident is not None and self._is(resident, port, step.payload, record):
            resident.cancel_grace()
            self.host.restarted(resident.instance_id)
            self.host.seat(record.app_id, resident.instance_id, port.dialect)
            resident.port = port
        else:
            if resident is not None:
                self.vacate(window)
            meant = None
            if window.launched is not None and window.launched[1] == record.app_id:
                meant, window.launched = window.launched[0], None
            instance_id = self.host.seat(record.app_id, meant, port.dialect)
            resident = Resident(instance_id, secrets.token_urlsafe(32), record.app_id, port.origin, port)
            window.resident = resident
        port.instance_id = resident.instance_id
        implementation = self.host.welcome(resident.instance_id, port)
        valid = wcp.Valid(record.app_id, resident.instance_id, resident.instance_uuid, implementation)
        port.tell(wcp.WCP5ValidateAppIdentityResponse(payload=valid, meta=_meta(step)))
        self.host.ready(resident.instance_id, port)

    @staticmethod
    def _is(resident: Resident, port: Port, claim: wcp.Identity, record: AppRecord) -> bool:
        """Whether a page is the instance that lived in its window before it was loaded again."""
        uuid = "" if claim.instance_uuid is UNSET else claim.instance_uuid
        known = hmac.compare_digest(uuid.encode(), resident.instance_uuid.encode())
        return (known or port.window.vouched) and (resident.app_id, resident.origin) == (record.app_id, port.origin)

    def left(self, port: Port) -> None:
        """A page has been left: for another page, by loading it again, or because its window is being closed."""
        resident = port.window.resident
        port.end()
        if resident is None or resident.port is not port:
            return
        resident.cancel_grace()
        self.host.restarted(resident.instance_id)
        loop = asyncio.get_running_loop()
        look = port.window.look
        looks = [loop.call_later(pause, look) for pause in LOOKS if pause < self._grace] if look else []
        resident.grace = (*looks, loop.call_later(self._grace, self.vacate, port.window))

    def expel(self, port: Port) -> None:
        """A page sends more than the desk can take."""
        logger.warning("A web page of %s sent too much, or too large a message, and was cut off", port.origin)
        resident = port.window.resident
        port.end()
        if resident is not None and resident.port is port:
            self.vacate(port.window)

    def vacate(self, window: Window) -> None:
        """Whatever lived in a window, or was to live there, is no more."""
        resident, window.resident = window.resident, None
        if resident is not None:
            resident.cancel_grace()
            resident.port.end()
            self.host.instance_gone(resident.instance_id)

    def abandon(self, window: Window) -> None:
        """A window is closed for good."""
        self.vacate(window)
        launched, window.launched = window.launched, None
        if launched is not None:
            self.host.instance_gone(launched[0])

    def shut(self, port: Port) -> None:
        """The host has ended the instance."""
        resident = port.window.resident
        if resident is not None and resident.port is port:
            resident.cancel_grace()
            port.window.resident = None


def _meta(step: wcp.Step) -> wcp.StepMeta:
    return wcp.StepMeta(step.meta.connection_attempt_uuid, dt.datetime.now(dt.UTC))
