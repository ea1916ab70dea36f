"""What the desk hands to a plugin: observable state, the user, and the services. No Qt."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from app.records.hlc import utc_now as utc_now

if TYPE_CHECKING:
    from app.conversation.service import Conversations
    from app.market.book import PriceBook
    from app.records.log import Entry
    from app.records.store import Records
    from app.settings import Settings
    from fdc3.broker import Instance, Snapshot
    from fdc3.host import Observation

T = TypeVar("T")
_SHARE, _LONGEST_PAUSE = 4.0, 2.0
"""A panel rests so many times as long as its refresh took, at most so many seconds."""
Clock = Callable[[], dt.datetime]
"""Returns the current aware UTC time."""


class LocalZone(dt.tzinfo):
    """The computer's time zone with its summer time, where a datetime asks for a zone.

    ``now().astimezone().tzinfo`` is only the offset of this half of the year.
    """

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, when: dt.datetime | None) -> dt.timedelta | None:
        return None  # the system tells no more than the offset

    def tzname(self, when: dt.datetime | None) -> str | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, when: dt.datetime) -> dt.datetime:
        known = when.replace(tzinfo=dt.UTC).astimezone()
        local = known.replace(tzinfo=self)
        # In autumn an hour comes twice: ``fold`` says that this is the second.
        return local if local.utcoffset() == known.utcoffset() else local.replace(fold=1)


class State(Generic[T]):
    """An observable value: whole immutable snapshots, safe to read from any thread.

    Listeners are called on the thread that sets the value; the shell's ``Ui.bind`` moves them to the UI thread.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        self._listeners: list[Callable[[T], None]] = []
        self._lock = threading.Lock()

    @property
    def value(self) -> T:
        return self._value

    def set(self, value: T) -> None:
        self._value = value
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(value)

    def subscribe(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Calls ``listener`` on every later change; returns the function that ends this."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe


class CommitWatch:
    """Runs ``refresh`` on this loop after commits that touch ``tables``: soon, once for many, one at a time.

    A refresh that takes long comes seldom: while thousands of changes arrive, the window needs the processor too.
    """

    def __init__(
        self, records: Records, tables: Collection[str], refresh: Callable[[], Awaitable[None]], *, pause: float = 0.1
    ) -> None:
        self._tables = frozenset(tables)
        self._refresh = refresh
        self._pause = self._least = pause
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe = records.on_commit(self._committed)

    def _committed(self, entries: Sequence[Entry]) -> None:
        if any(entry.table in self._tables for entry in entries):
            with contextlib.suppress(RuntimeError):  # the loop is closed: the program is ending
                self._loop.call_soon_threadsafe(self.soon)

    def soon(self) -> None:
        """As after a commit. On the loop's thread."""
        if self._timer is None:
            self._timer = self._loop.call_later(self._pause, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._task is not None and not self._task.done():
            self.soon()
            return
        self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        began = self._loop.time()
        try:
            await self._refresh()
        except Exception:
            logging.getLogger(__name__).exception("a refresh after a commit failed")
        self._pause = max(self._least, min(_SHARE * (self._loop.time() - began), _LONGEST_PAUSE))

    def close(self) -> None:
        """No refresh starts after this. Call it on the loop's thread."""
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence to the user: what happened and what can be done about it."""

    text: str
    level: Literal["info", "success", "warning", "error"] = "info"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    id: str
    name: str
    initials: str
    desk: str

    @property
    def actor(self) -> str:
        """The name under which this user's changes stand in the change log."""
        return f"user:{self.id}"


class AgentView(Protocol):
    """The desktop agent for those who look on. Belongs to the I/O loop; nothing can be changed through it."""

    def observe(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Calls back for every message that passes; returns the function that ends this."""

    def snapshot(self) -> Snapshot: ...

    def instances(self) -> tuple[Instance, ...]: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How the desk stands with its central server. ``local``: it has none.

    ``since``: when that state began. ``to_sync`` counts changes that have not come back from the server, ``conflicts``
    and ``quarantine`` what is open. ``problem``: a sentence, or empty. ``done`` and ``total`` count records of the
    first sync. ``skew``: seconds by which this clock leads, 0 if that is not worth a word. ``server``: who runs it.
    """

    state: Literal["local", "offline", "connecting", "first sync", "online", "signed out", "refused", "wiped"] = "local"
    since: dt.datetime | None = None
    to_sync: int = 0
    conflicts: int = 0
    quarantine: int = 0
    problem: str = ""
    done: int = 0
    total: int = 0
    skew: float = 0.0
    server: str = ""


class CentralServer(Protocol):
    """What a plugin sees of the server. Belongs to the I/O loop."""

    @property
    def state(self) -> State[Standing]: ...

    async def retry(self) -> None:
        """Tries to connect now."""

    async def look_again(self) -> None:
        """Counts what waits anew: something was decided that no change tells of."""

    def reserve(self, line_id: str) -> Coroutine[None, None, None]:
        """Asks that the usual share of a credit line be held for this desk.

        What is granted arrives as a record; offline nothing happens.
        """


@dataclass(slots=True)
class Services:
    """``user`` changes when somebody else signs in to the central server."""

    user: CurrentUser
    records: Records
    conversations: Conversations
    prices: PriceBook
    settings: Settings
    clock: Clock
    notify: Callable[[Notice], None]
    agent: AgentView | None = None
    """None: nobody may look on."""
    server: CentralServer | None = None
    """None: this desk is alone, also for good."""
