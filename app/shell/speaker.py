"""Sound out of the loudspeaker; where there is none, the same in silence, and said so. Qt."""

from __future__ import annotations

import logging
import threading
import time
from array import array
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.shell.sound_thread import Device, DeviceTrouble, SoundThread

log = logging.getLogger(__name__)

RATE = 48_000
"""Samples a second: 16 bit, one channel."""
SAMPLE_BYTES = 2
TICK = 40
"""Milliseconds between two reports of how far it is."""


class Output(QObject):
    """Where sound goes. Signals arrive on the UI thread; ``played`` counts seconds since ``begin``."""

    played = Signal(float)
    ended = Signal()
    """All that was fed has sounded, after ``finish``."""
    failed = Signal(str)

    silent = ""
    """A sentence where nobody hears anything."""

    def begin(self) -> None:
        """Forgets what was fed before."""
        raise NotImplementedError

    def feed(self, pcm: bytes) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """Nothing more will be fed."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """For good."""
        self.stop()


class SilentOutput(Output):
    """Takes the time that the sound would take. ``clock``: seconds."""

    silent = "Silent: no loudspeaker found"

    def __init__(self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._timer = QTimer(self, interval=TICK)
        self._timer.timeout.connect(self.tick)
        self._fed = self._at = self._since = 0.0
        self._finished = False

    def begin(self) -> None:
        self._fed = self._at = 0.0
        self._finished = False
        self._since = self._clock()
        self._timer.start()

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) / SAMPLE_BYTES / RATE

    def finish(self) -> None:
        self._finished = True

    def stop(self) -> None:
        self._timer.stop()

    def tick(self) -> None:
        now = self._clock()
        self._at = min(self._fed, self._at + now - self._since)  # it waits where it was not fed in time
        self._since = now
        self.played.emit(self._at)
        if self._finished and self._at >= self._fed and self._timer.isActive():
            self._timer.stop()
            self.ended.emit()


class LoudspeakerOutput(Output):
    """The system's loudspeaker."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run = Run()
        device = _Loudspeaker(TICK)
        self._thread = SoundThread(device, "loudspeaker", self)
        device.played.connect(self._played)
        device.ended.connect(self._ended)
        device.failed.connect(self._failed)

    def begin(self) -> None:
        self._run = Run()
        self._thread.begin(self._run)

    def feed(self, pcm: bytes) -> None:
        mono = array("h", pcm)
        both = array("h", bytes(2 * len(pcm)))
        both[0::2] = both[1::2] = mono
        self._run.add(both.tobytes())

    def finish(self) -> None:
        self._run.finished = True

    def stop(self) -> None:
        self._run = Run()
        self._thread.stop()

    def close(self) -> None:
        self._thread.close()

    # What an earlier run still says on its way here is for nobody.

    def _played(self, run: Run, seconds: float) -> None:
        if run is self._run:
            self.played.emit(seconds)

    def _ended(self, run: Run) -> None:
        if run is self._run:
            self.ended.emit()

    def _failed(self, run: Run, sentence: str) -> None:
        if run is self._run:
            self.failed.emit(sentence)


class Run:
    """Sound on its way from the window's thread to the loudspeaker's."""

    def __init__(self) -> None:
        self.finished = False
        self._sound = bytearray()
        self._lock = threading.Lock()

    def add(self, pcm: bytes) -> None:
        with self._lock:
            self._sound += pcm

    def take(self, most: int) -> bytes:
        with self._lock:
            taken = bytes(self._sound[:most])
            del self._sound[:most]
            return taken

    @property
    def empty(self) -> bool:
        return not self._sound


class _Loudspeaker(Device):
    """In the loudspeaker's thread."""

    played = Signal(object, float)
    ended = Signal(object)

    _run: Run
    _written = 0

    def open(self) -> None:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices, QtAudio

        kind = QAudioFormat()
        kind.setSampleRate(RATE)
        kind.setChannelCount(2)
        kind.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            raise DeviceTrouble("The loudspeaker is gone. Connect it again and press play.")
        self._written = 0
        self._sink = QAudioSink(device, kind, self)
        self._sink.setBufferSize(RATE * 4 // 5)
        self._into = self._sink.start()
        if self._sink.error() != QtAudio.Error.NoError:
            self._sink.deleteLater()
            raise DeviceTrouble("The loudspeaker does not take the sound. Check the system's sound settings.")

    def shut(self) -> None:
        self._sink.stop()
        self._sink.deleteLater()

    def pump(self) -> None:
        from PySide6.QtMultimedia import QtAudio

        run = self._run
        room = self._sink.bytesFree() // 4 * 4
        if room and (piece := run.take(room)):
            self._written += len(piece)
            self._into.write(piece)
        if self._sink.error() == QtAudio.Error.FatalError:
            raise DeviceTrouble("The loudspeaker has stopped. Connect it again and press play.")
        self.played.emit(run, min(self._sink.processedUSecs() / 1e6, self._written / 4 / RATE))
        if run.finished and run.empty and self._sink.state() == QtAudio.State.IdleState:
            self.stop()
            self.ended.emit(run)


def find_output(parent: QObject | None = None) -> Output:
    """The system's loudspeaker, or silence. Call it in the UI thread, after
    ``sound_thread.load``."""
    from PySide6.QtMultimedia import QMediaDevices

    if QMediaDevices.defaultAudioOutput().isNull():
        log.info("no loudspeaker was found")
        return SilentOutput(parent=parent)
    return LoudspeakerOutput(parent)
