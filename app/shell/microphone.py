"""The trader's voice: the system's microphone, or a sound file in its place for trials. Qt.

A microphone works in a thread of its own, as the loudspeaker does.
"""

from __future__ import annotations

import wave
from array import array
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal

RATE = 16_000
"""Samples a second: 16 bit, one channel."""
PIECE_MS = 100


class Microphone(QObject):
    """``heard`` carries samples at ``rate``, ``failed`` a sentence; both on the UI thread."""

    heard = Signal(bytes)
    failed = Signal(str)

    name = ""
    """What the user sees."""
    rate = RATE

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """For good."""
        raise NotImplementedError


class FileMicrophone(Microphone):
    """A wav file (16 bit; of several channels the first), spoken once in real time; then silence.

    Raises OSError or wave.Error where it cannot be read.
    """

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = f"Simulated microphone: {path.name}"
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise wave.Error("only 16-bit sound can stand for a microphone")
            self.rate = file.getframerate()
            samples = array("h", file.readframes(file.getnframes()))
            self._sound = samples[:: file.getnchannels()].tobytes()
        self._at = 0
        self._timer = QTimer(self, interval=PIECE_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def tick(self) -> None:
        """Speaks the next tenth of a second."""
        size = 2 * (self.rate * PIECE_MS // 1000)
        self.heard.emit(self._sound[self._at : self._at + size].ljust(size, b"\0"))
        self._at += size


class SystemMicrophone(Microphone):
    """The system's default microphone."""

    _begin = Signal()
    _quit = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._worker = QThread(self)
        self._worker.setObjectName("microphone")
        self._device = _Device()
        self._device.moveToThread(self._worker)
        self._begin.connect(self._device.begin)
        self._quit.connect(self._device.stop, Qt.ConnectionType.BlockingQueuedConnection)
        self._device.heard.connect(self.heard)
        self._device.failed.connect(self.failed)

    def start(self) -> None:
        self._worker.start()
        self._begin.emit()

    def stop(self) -> None:
        if self._worker.isRunning():
            self._quit.emit()
            self._worker.quit()
            self._worker.wait(2000)


class _Device(QObject):
    """In the microphone's thread."""

    heard = Signal(bytes)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._timer: QTimer | None = None

    def begin(self) -> None:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices, QtAudio

        kind = QAudioFormat()
        kind.setSampleRate(RATE)
        kind.setChannelCount(1)
        kind.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        device = QMediaDevices.defaultAudioInput()
        if device.isNull() or not device.isFormatSupported(kind):
            self.failed.emit("The microphone cannot be used. Check the system's sound settings.")
            return
        self._source = QAudioSource(device, kind, self)
        self._from = self._source.start()
        if self._source.error() != QtAudio.Error.NoError:
            self._source.deleteLater()
            self.failed.emit("The microphone does not start. Is another program using it?")
            return
        self._timer = QTimer(self, interval=PIECE_MS)
        self._timer.timeout.connect(self._pump)
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
            self._source.stop()
            self._source.deleteLater()

    def _pump(self) -> None:
        from PySide6.QtMultimedia import QtAudio

        size = self._source.bytesAvailable() // 2 * 2
        if size:
            self.heard.emit(bytes(self._from.read(size).data()))
        if self._source.error() == QtAudio.Error.FatalError:
            self.stop()
            self.failed.emit("The microphone has stopped. What was said until then is written down.")


def find_microphone(file: str, parent: QObject | None = None) -> Microphone | None:
    """The system's microphone, or ``file`` in its place; None if there is none. In the UI thread, after
    ``speaker.load``. Raises OSError or wave.Error for a file that cannot be used."""
    if file:
        return FileMicrophone(Path(file).expanduser(), parent)
    from PySide6.QtMultimedia import QMediaDevices

    device = QMediaDevices.defaultAudioInput()
    return None if device.isNull() else SystemMicrophone(device.description(), parent)
