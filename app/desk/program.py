"""The desk with its window: the UI thread's side of the composition.

The window is painted before anything behind it is imported: the database, the agent and the language libraries take
longer to load than the window takes to appear.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.access.keys import KeyUnavailable, WrongPassphrase
from app.desk.guests import DeskGuests
from app.desk.manifest import BadManifest, directory, entry, manifest_of, runs_inside
from app.desk.on_demand import OnDemand, dock_on_demand
from app.desk.pages import DeskPages
from app.desk.server_pages import ServerPages
from app.desk.web_docks import WebDocks
from app.records.errors import StoreError
from app.services import CurrentUser, Notice
from app.settings import Settings
from app.shell import theme
from app.shell.crash import CrashReport
from app.shell.crash_card import show_crash
from app.shell.guard import refuse_unsafe_qt
from app.shell.io_loop import IoLoop
from app.shell.passphrase import PassphraseWindow, ProgressWindow
from app.shell.resolver import Option, ask
from app.shell.single_instance import SingleInstance
from app.shell.ui import Ui
from app.shell.window import MainWindow
from app.shell.workspaces import file_store

if TYPE_CHECKING:
    from app.desk.core import Core, RunningApp
    from app.desk.focus import Focus
    from app.desk.status import DeskStatus, StatusFollower

UNPAINTED_MS = 500
"""A window that is not painted by then (minimised, or none is shown yet) is opened behind all the same."""
SETTLED_MS = 4000
"""After this the charts and forms that are brought in behind the window are there too."""
SWITCH_SECONDS = 0.001
"""So long the window's thread waits for each busy one behind it before it is its turn."""
log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Opens the desk and returns when its window is closed. A second start raises the first window instead."""
    refuse_unsafe_qt()
    application = make_application(settings)
    instance = SingleInstance(settings.state_folder)
    if not instance.claim():
        if not instance.hand_over(sys.argv[1:]):
            log.error("Deskline runs already, but does not answer. End that process and start again.")
            return 1
        return 0
    crash = CrashReport(settings.state_folder)
    previous = crash.begin()
    program = Program(settings)
    instance.asked.connect(lambda _arguments: program.window.raise_window())
    program.loop.loop.call_soon_threadsafe(crash.watch_loop, program.loop.loop)
    if previous is not None:
        program.ready.connect(lambda: show_crash(program.ui, previous))
    signal.signal(signal.SIGTERM, lambda *_: program.quit())
    signal.signal(signal.SIGINT, lambda *_: program.quit())
    # Python sees a signal only while it runs bytecode.
    heartbeat = QTimer(interval=500)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start()
    program.outside_ready.connect(lambda: QTimer.singleShot(SETTLED_MS, settle))
    program.start()
    status = application.exec()
    crash.end()
    instance.release()
    return status


def settle() -> None:
    """What the start made stays to the end: left to the garbage collector, each of its whole rounds would look through
    it again and stop every thread for a tenth of a second. What comes later it looks at more seldom, since thousands of
    changes that arrive are thousands of objects that go by themselves.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def make_application(settings: Settings) -> QApplication:
    """The Qt application, themed and with the user's font scale."""
    if settings.font_scale != 1.0:
        os.environ.setdefault("QT_SCALE_FACTOR", str(settings.font_scale))
    existing = QApplication.instance()
    if existing is None:
        # The browser engine of web apps, loaded with the first of them, must find this set.
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Deskline")
    application.setQuitOnLastWindowClosed(False)
    theme.apply(application)
    return application


class Program(QObject):
    """Window and core together. ``ready`` when all panels that start with the desk are in place."""

    ready = Signal()
    outside_ready = Signal()
    """Turret, chat service, prices and speech have been started."""
    failed = Signal(str)
    """The desk cannot be opened; carries the sentence that the user sees."""
    closed = Signal()

    def __init__(self, settings: Settings, *, key: bytes | None = None, quit_application: bool = True) -> None:
        super().__init__()
        self.settings = settings
        self.panels: dict[str, QWidget] = {}
        self._quit_application = quit_application
        self._passphrase: PassphraseWindow | None = None
        self._answer: Future[str | None] | None = None
        self._progress: ProgressWindow | None = None
        self._ending = False
        self._opening = False
        self._key = key
        self.directory = directory(settings.app_folders)
        self.loop = IoLoop()
        self.loop.start()
        self.ui = Ui(self.loop, parent=self)
        load, save = file_store(settings.state_folder / "workspaces.json")
        self.window = MainWindow(self.ui, CurrentUser("", "", "", ""), load=load, save=save)
        self.window.set_channel(settings.channel)
        self._core: Core | None = None
        self._channel = settings.channel
        self._refusal = ""
        self._follower: StatusFollower | None = None
        self._focus: Focus | None = None
        self._turret_here = False
        self._status_timer = QTimer(self, interval=1000)
        self._status_timer.timeout.connect(self._tick)
        self.window.closing.connect(self.quit)
        self.window.may_close = self._may_close
        self.window.channel_chosen.connect(self._move)
        self.window.restart_asked.connect(self._restart)
        self.pages = DeskPages(self)
        self.on_demand = OnDemand(self)
        self.server = ServerPages(self)
        self.web = WebDocks(self)
        self.window.workspaces.guests = DeskGuests(self.on_demand, self.web)

    @property
    def core(self) -> Core:
        """The desk behind the window; there is none before the window has been painted."""
        assert self._core is not None
        return self._core

    @property
    def running_core(self) -> Core | None:
        """The desk behind the window once its agent runs."""
        return self._core if self._follower is not None else None

    def start(self) -> None:
        """Shows the window with its panels loading, and then opens everything behind it."""
        sys.setswitchinterval(SWITCH_SECONDS)
        for record in self.directory:
            try:
                dock = manifest_of(record).dock
            except BadManifest:
                continue
            if dock is not None and record.type != "web" and dock_on_demand(record) is None:
                self.window.add_panel(
                    record.app_id, dock.title or record.title, dock.icon, None, dock.area, order=dock.order
                )
        self.window.start_layout()
        if self.settings.demo_data and not (self.settings.desk_folder / "deskline.db").exists():
            self._open()
            return
        self.window.installEventFilter(self)
        self.window.show()
        QTimer.singleShot(UNPAINTED_MS, self, self._open)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._open)
        return False

    # -- opening

    def _open(self) -> None:
        if not (self._opening or self._ending):
            self._opening = True
            self._open_records()

    def _open_records(self) -> None:
        self.ui.run(self._records_opened(), then=self._records_open, failed=self._cannot_open)

    async def _records_opened(self) -> CurrentUser:
        if self._core is None:
            self._core = await asyncio.to_thread(self._make_core)
        return await self._core.open_records(self._say_progress)

    def _make_core(self) -> Core:
        from app.desk.core import Core
        from app.desk.resolving import AskingResolver
        from app.desk.strangers import AskingStrangers
        from app.desk.web_apps import WebApps

        return Core(
            self.settings,
            self.directory,
            notify=self.ui.notify,
            resolver=AskingResolver(self.ui, lambda app_id: runs_inside(self.directory, app_id)),
            ask_unknown=AskingStrangers(self.ui),
            started=lambda running: self.ui.post(lambda: self._make_panel(running)),
            stopped=lambda app_id, reason: self.ui.post(lambda: self.window.panel_stopped(app_id, reason)),
            ask_passphrase=self._ask_passphrase,
            key=self._key,
            web=WebApps(self.ui, self.web, self.settings.channel),
            user_changed=lambda user: self.ui.post(lambda: self.window.set_user(user)),
        )

    def _records_open(self, user: CurrentUser) -> None:
        self._close_questions()
        self.window.set_user(user)
        if not self.window.isVisible():
            self.window.show()
        self.core.records.forbid_thread()
        self.ui.run(self._open_rest(user), then=lambda _: self._opened(), failed=self._cannot_open)

    async def _open_rest(self, user: CurrentUser) -> None:
        from app.desk.focus import Focus
        from app.desk.status import StatusFollower

        await self.core.open(user)
        agent = await self.core.host.connect_memory("deskline-desk", channel_id=self.settings.channel)
        self._focus = Focus(agent, self.core.records)
        await self._focus.start()
        self._follower = StatusFollower(agent)
        await self._follower.start()

    def _opened(self) -> None:
        assert self._follower is not None
        self.ui.bind(self._follower.state, self._show_status, self)
        self.server.begin(self.core.server)
        self._status_timer.start()
        self._tick()
        self.on_demand.begin()
        if self.core.web is not None:
            self.web.begin(self.core.web)
        self.ready.emit()
        if self._channel != self.settings.channel:
            self._move(self._channel)
        self.ui.run(self._open_outside(), then=lambda _: self.outside_ready.emit())

    async def _open_outside(self) -> None:
        assert self._focus is not None
        await self._focus.show_again()  # the panels listen, and nobody can call yet
        await self.core.open_outside()

    def _make_panel(self, running: RunningApp) -> None:
        record, manifest = running.record, running.manifest
        if manifest.view is None or self._ending:
            return
        try:
            widget: QWidget = entry(manifest.view)(running.app, self.ui)
        except Exception as error:  # a broken view must not take the window with it
            log.exception("The view of %s could not be made", record.app_id)
            self.window.panel_stopped(record.app_id, str(error) or type(error).__name__)
            return
        self.panels[record.app_id] = widget
        self.on_demand.opened(record.app_id)
        if manifest.dock is not None:
            self.window.set_panel(record.app_id, widget)

    def _cannot_open(self, error: Exception) -> None:
        if isinstance(error, WrongPassphrase) and self._passphrase is not None:
            self._passphrase.refuse(str(error))
            self._open_records()
            return
        self._close_questions()
        self._refusal = sentence = str(error) or type(error).__name__
        if not isinstance(error, StoreError | KeyUnavailable):
            log.error("The desk cannot be opened", exc_info=error)
        else:
            log.error("The desk cannot be opened: %s", sentence)
        if not self.window.isVisible():
            self.window.show()
        for app_id in (panel.app_id for panel in self.window.docks.panels()):
            self.window.panel_stopped(app_id, sentence)
        self.ui.notify(Notice(sentence, "error"))
        self.failed.emit(sentence)

    def _ask_passphrase(self, _question: str) -> str | None:
        """Called on a worker thread that waits for the answer."""
        answer: Future[str | None] = Future()
        self.ui.post(lambda: self._show_passphrase(answer))
        return answer.result()

    def _show_passphrase(self, answer: Future[str | None]) -> None:
        if self._ending:
            answer.set_result(None)
            return
        if self._passphrase is None:
            choosing = not (self.settings.desk_folder / "deskline.key").exists()
            self._passphrase = PassphraseWindow(choosing=choosing)
            self._passphrase.cancelled.connect(self.quit)
            self._passphrase.show()

        window = self._passphrase
        self._answer = answer

        def give(text: str | None) -> None:
            if not answer.done():
                answer.set_result(text)

        window.given.connect(give)
        window.cancelled.connect(lambda: give(None))

    def _say_progress(self, fraction: float, text: str) -> None:
        self.ui.post(lambda: self._show_progress(fraction, text))

    def _show_progress(self, fraction: float, text: str) -> None:
        if self._passphrase is not None:
            self._passphrase.accept()
            self._passphrase = None
        if self._progress is None:
            self._progress = ProgressWindow("Preparing the demo desk")
            self._progress.show()
        self._progress.set_progress(text, round(fraction * 1000), 1000)

    def _close_questions(self) -> None:
        if self._passphrase is not None:
            self._passphrase.accept()
            self._passphrase = None
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    # -- while open

    def _move(self, channel: str) -> None:
        self._channel = channel
        self.window.set_channel(channel)
        if self._follower is not None:
            self.ui.run(self._move_all(channel))

    async def _move_all(self, channel: str) -> None:
        assert self._focus is not None
        await asyncio.gather(self.core.move_to_channel(channel), self._focus.move_to(channel))

    def _restart(self, app_id: str) -> None:
        if self._follower is not None:
            if not self.web.restart_app(app_id):
                self.ui.run(self.core.restart_app(app_id))
        else:
            self.window.panel_stopped(app_id, self._refusal)

    def _show_status(self, status: DeskStatus) -> None:
        # A program that ends tells nobody: whether there is a turret, the agent's instances say.
        if self._turret_here:
            self.window.set_turret(status.turret, status.turret_level)
        else:
            self.window.set_turret("No turret", "off")
        self.window.set_recording(status.recording, status.keeping)

    def _tick(self) -> None:
        connected = [one.app_id for one in self.core.host.instances() if one.connected]
        self.window.set_status("agent", f"FDC3 2.2 and 3.0 agent · {len(connected)} apps")
        if self._follower is not None and ("deskline-turret" in connected) != self._turret_here:
            self._turret_here = not self._turret_here
            self._show_status(self._follower.state.value)
        speech = self.core.worker.status
        word = {"live": "ready, local"}.get(speech, speech.split(":")[0])
        self.window.set_status("transcription", f"Transcription: {self.settings.speech_model} · {word}", speech)

    # -- closing

    def _may_close(self) -> bool:
        """In mid-call the trader is asked first: a window closed by mistake must not cost the rest of a recording."""
        if self._ending or self._follower is None or self._follower.state.value.recording is None:
            return True
        options = (
            Option("Stay with the call", "Esc", "phone"),
            Option("Close Deskline", "What is recorded is kept; the rest of the call is not recorded", "x"),
        )
        ask(self.ui, "A call is being recorded", options, lambda index: self.quit() if index == 1 else None)
        return False

    def quit(self) -> None:
        """Closes everything in order; the application ends when it is done."""
        if self._ending:
            return
        self._ending = True
        self.window.hide()
        self._close_questions()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)  # a thread waits for it, and would outlive the desk
        self._status_timer.stop()
        self.web.end_all()
        self.ui.run(self._close_all(), then=lambda _: self._end(), failed=lambda _: self._end())

    async def _close_all(self) -> None:
        try:
            if self._focus is not None:
                await self._focus.close()
            if self._follower is not None:
                await self._follower.close()
        finally:  # whatever happens, drafts and recordings are written
            if self._core is not None:
                await self._core.close()

    def _end(self) -> None:
        self.loop.stop()
        for widget in self.panels.values():
            widget.deleteLater()
        self.window.deleteLater()
        self.closed.emit()
        if self._quit_application:
            QApplication.quit()


__all__ = ["Program", "make_application", "run"]
