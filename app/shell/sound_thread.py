"""A sound device in a thread of its own: it goes on while the window paints, and never makes the window wait. Qt."""

from __future__ import annotations

from PySide6.QtCore import QLoggingCategory, QObject, Qt, QThread, QTimer, Signal


class DeviceTrouble(RuntimeError):
    """A device cannot be used (any more); the message is a sentence for the user."""


class Device(QObject):
    """Lives in the thread. ``failed`` names the run that it is about: whatever ``begin`` was called with."""

    failed = Signal(object, str)

    def __init__(self, every: int) -> None:
        """``every``: milliseconds between two pumpings."""
        super().__init__()
        self._every = every
        self._timer: QTimer | None = None
        self._run: object = None

    def begin(self, run: object) -> None:
        self.stop()
        self._run = run
        try:
            self.open()
        except DeviceTrouble as trouble:
            self.failed.emit(run, str(trouble))
            return
        self._timer = QTimer(self, interval=self._every)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
            self.shut()

    def _tick(self) -> None:
        try:
            self.pump()
        except DeviceTrouble as trouble:
            self.stop()
            self.failed.emit(self._run, str(trouble))

    def open(self) -> None:
        """Raises DeviceTrouble, and has then opened nothing."""
        raise NotImplementedError

    def pump(self) -> None:
        """Moves what waits. Raises DeviceTrouble."""
        raise NotImplementedError

    def shut(self) -> None:
        raise NotImplementedError


class SoundThread(QObject):
    """The thread of one device, which it begins when first needed. ``close`` is for good."""

    _begin = Signal(object)
    _stop = Signal()
    _quit = Signal()

    def __init__(self, device: Device, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._device = device
        self._worker = QThread(self)
        self._worker.setObjectName(name)
        device.moveToThread(self._worker)
        self._begin.connect(device.begin)
        self._stop.connect(device.stop)
        self._quit.connect(device.stop, Qt.ConnectionType.BlockingQueuedConnection)

    def begin(self, run: object = None) -> None:
        self._worker.start()
        self._begin.emit(run)

    def stop(self) -> None:
        self._stop.emit()

    def close(self) -> None:
        if self._worker.isRunning():
            self._quit.emit()
            self._worker.quit()
            self._worker.wait(2000)


def load() -> None:
    """Loads Qt's sound, which takes a third of a second. From any thread but the window's."""
    QLoggingCategory.setFilterRules("qt.multimedia*=false")  # it lists every codec library it does not find
    import PySide6.QtMultimedia  # noqa: F401
