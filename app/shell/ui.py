"""What a panel gets from the window: work on the I/O thread, state on the UI thread, commands, notices, popups."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from app.services import Clock, Notice, State, utc_now
from app.shell import icons
from app.shell.commands import CommandRegistry
from app.shell.io_loop import IoLoop, LoopStopped

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A line of the palette found by a search provider; ``run`` is called on the UI thread when it is chosen."""

    title: str
    subtitle: str
    icon: str
    run: Callable[[], Any]


SearchProvider = Callable[[str], Awaitable[Sequence[SearchHit]]]


class PopupHost(Protocol):
    """The part of the window that shows popups and panels."""

    def prepare_popup(self, widget: QWidget) -> None: ...

    def show_popup(self, widget: QWidget, anchor: str) -> None: ...

    def close_popup(self, widget: QWidget) -> None: ...

    def focus_panel(self, app_id: str) -> bool: ...

    def show_panel(self, app_id: str) -> bool: ...


class Ui(QObject):
    """The door between panels and the window. Made on the UI thread; ``post``, ``notify`` and ``run`` from any."""

    noticed = Signal(object)
    """Carries each ``Notice``, on the UI thread."""
    _posted = Signal(object)

    def __init__(self, loop: IoLoop, *, clock: Clock = utc_now, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Not the thread that Qt names: PySide takes it, the main thread's own, for a child of this object and deletes
        # both together; the next plug-in that Qt needs is then a crash.
        self._thread = threading.get_ident()
        self.loop = loop
        self.clock = clock
        self.commands = CommandRegistry(self)
        self.search_providers: dict[str, SearchProvider] = {}
        self.notices: list[Notice] = []
        self._host: PopupHost | None = None
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    # Threads

    def post(self, call: Callable[[], None]) -> None:
        """Calls a function on the UI thread, later, in order. From any thread."""
        self._posted.emit(call)

    def _call(self, call: Callable[[], None]) -> None:
        call()

    async def on_screen(self, call: Callable[[], T]) -> T:
        """Calls a function on the UI thread and returns its result. For coroutines of the I/O loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(settled: Callable[[], None]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: None if done.done() else settled())

        def run() -> None:
            try:
                result = call()
            except BaseException as error:
                raised = error
                settle(lambda: done.set_exception(raised))
            else:
                settle(lambda: done.set_result(result))

        self.post(run)
        return await done

    def run(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        then: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        owner: QObject | None = None,
    ) -> Future[T] | None:
        """Runs a coroutine on the I/O thread and calls back on the UI thread.

        An error without ``failed`` becomes a notice. With ``owner``, nothing is called once the owner is deleted.
        None is returned, and the coroutine closed, when the program is already shutting down.
        """
        try:
            future = self.loop.submit(coro)
        except LoopStopped:
            coro.close()
            log.info("Not started, the program is closing: %s", getattr(coro, "__qualname__", coro))
            return None
        alive = _Alive(owner)

        def finished(done: Future[T]) -> None:
            self.post(lambda: deliver(done))

        def deliver(done: Future[T]) -> None:
            if not alive:
                return
            try:
                result = done.result()
            except CancelledError:
                return
            except Exception as error:
                if failed is not None:
                    failed(error)
                else:
                    self._report(error)
                return
            if then is not None:
                then(result)

        future.add_done_callback(finished)
        return future

    def bind(self, state: State[T], slot: Callable[[T], None], owner: QObject) -> None:
        """Calls ``slot`` with the state's value now and after changes, newest only, until ``owner`` is deleted."""
        _Binding(self, state, slot, owner)

    def _report(self, error: Exception) -> None:
        log.error("An action failed", exc_info=error)
        self.notify(Notice(str(error) or "That did not work.", "error", detail=type(error).__name__))

    # What panels ask for

    def notify(self, notice: Notice) -> None:
        """Tells the user. From any thread."""
        if threading.get_ident() == self._thread:
            self._noticed(notice)
        else:
            self.post(lambda: self._noticed(notice))

    def _noticed(self, notice: Notice) -> None:
        self.notices.append(notice)
        del self.notices[:-200]
        self.noticed.emit(notice)

    def icon(self, name: str, color: str = "tx2", size: int = 16) -> QIcon:
        return icons.icon(name, color, size)

    def add_search_provider(self, name: str, find: SearchProvider) -> None:
        """Adds a source of palette lines. ``find`` runs on the I/O thread with the text typed so far."""
        self.search_providers[name] = find

    def set_host(self, host: PopupHost) -> None:
        self._host = host

    def prepare_popup(self, widget: QWidget) -> None:
        """Makes a popup ready while nothing else is going on, so that it comes at once when it is shown."""
        if self._host is not None:
            self._host.prepare_popup(widget)

    def show_popup(self, widget: QWidget, anchor: str = "transcript") -> None:
        """Shows a non-modal popup over the bottom of a column; without a window, as a window of its own."""
        if self._host is not None:
            self._host.show_popup(widget, anchor)
        else:
            widget.show()

    def close_popup(self, widget: QWidget) -> None:
        """Takes a popup away and gives the focus back. The widget is hidden, not deleted."""
        if self._host is not None:
            self._host.close_popup(widget)
        else:
            widget.hide()

    def focus_panel(self, app_id: str) -> bool:
        """Brings a panel to the front and gives it the keyboard; False if there is none."""
        return self._host.focus_panel(app_id) if self._host is not None else False

    def show_panel(self, app_id: str) -> bool:
        """Brings a panel to the front and leaves the keyboard where it is; not over a panel the user is writing in."""
        return self._host.show_panel(app_id) if self._host is not None else False


class _Alive:
    """False once the owner is deleted. Without an owner, true for ever."""

    def __init__(self, owner: QObject | None) -> None:
        self._gone = False
        if owner is not None:
            owner.destroyed.connect(self._die)

    def _die(self) -> None:
        self._gone = True

    def __bool__(self) -> bool:
        return not self._gone


class _Binding:
    """One state to one slot: at most one call is on its way to the UI thread."""

    def __init__(self, ui: Ui, state: State[T], slot: Callable[[T], None], owner: QObject) -> None:
        self._ui = ui
        self._state: State[Any] = state
        self._slot: Callable[[Any], None] = slot
        self._waiting = False
        self._stopped = False
        self._unsubscribe = state.subscribe(self._changed)
        owner.destroyed.connect(self._stop)
        slot(state.value)

    def _changed(self, _value: object) -> None:
        # Two threads may both see False here: a second, harmless call with the same newest value.
        if not self._waiting and not self._stopped:
            self._waiting = True
            self._ui.post(self._deliver)

    def _deliver(self) -> None:
        self._waiting = False
        if not self._stopped:
            self._slot(self._state.value)

    def _stop(self) -> None:
        self._stopped = True
        self._unsubscribe()
