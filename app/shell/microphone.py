"""The trader's voice: the system's microphone, or a sound file in its place for trials. Qt."""

from __future__ import annotations

import wave
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.shell.sound_thread import Device, DeviceTrouble, SoundThread

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QAudioSource

RATE = 16_000
"""Samples a second: 16 bit, one channel."""
PIECE_MS = 100
SEEK, STALLED = 10, 30
"""Pieces after which a lost device is looked for again, and after which one without any sound is lost."""


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

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        device = InputDevice()
        self._thread = SoundThread(device, "microphone", self)
        device.heard.connect(self._heard)
        device.failed.connect(self._failed)

    def start(self) -> None:
        self._thread.begin()

    def stop(self) -> None:
        self._thread.close()

    def _heard(self, pcm: bytes, rate: int) -> None:
        self.heard.emit(pcm)

    def _failed(self, run: object, sentence: str) -> None:
        self.failed.emit(sentence)


class InputDevice(Device):
    """In a thread of its own: a microphone, or what a loudspeaker plays. ``identity`` as the system names it, or empty
    for its default microphone.

    With ``again`` a device that is lost, or not there yet, is no failure: it is heard as soon as it is back.
    """

    heard = Signal(bytes, int)
    """16-bit samples of one channel, and how many there are in a second."""

    def __init__(self, identity: bytes = b"", rates: Sequence[int] = (RATE,), again: bool = False) -> None:
        """``rates``: samples a second that are welcome, the best first."""
        super().__init__(PIECE_MS)
        self._identity, self._rates, self._again = identity, rates, again
        self._source: QAudioSource | None = None
        self._without = 0  # pumpings without sound

    def open(self) -> None:
        self._without = 0
        try:
            self._source = self._started()
        except DeviceTrouble:
            if not self._again:
                raise

    def _started(self) -> QAudioSource:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices, QtAudio

        inputs = {bytes(device.id().data()): device for device in QMediaDevices.audioInputs()}
        device = inputs.get(self._identity) if self._identity else QMediaDevices.defaultAudioInput()
        kind = QAudioFormat()
        kind.setChannelCount(1)
        kind.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        for rate in self._rates:
            kind.setSampleRate(rate)
            if device is not None and device.isFormatSupported(kind):
                break
        else:
            raise DeviceTrouble("The microphone cannot be used. Check the system's sound settings.")
        source = QAudioSource(device, kind, self)
        source.setBufferSize(rate // 5 * 2)
        self._from = source.start()
        if source.error() != QtAudio.Error.NoError:
            source.deleteLater()
            raise DeviceTrouble("The microphone does not start. Is another program using it?")
        self._rate = rate
        return source

    def shut(self) -> None:
        if self._source is not None:
            self._source.stop()
            self._source.deleteLater()
            self._source = None

    def pump(self) -> None:
        from PySide6.QtMultimedia import QtAudio

        self._without += 1
        if self._source is None:
            if self._without >= SEEK:
                self.open()
            return
        if size := self._source.bytesAvailable() // 2 * 2:
            self._without = 0
            self.heard.emit(bytes(self._from.read(size).data()), self._rate)
        stopped = self._source.error() == QtAudio.Error.FatalError
        if stopped and not self._again:
            raise DeviceTrouble("The microphone has stopped. What was said until then is written down.")
        if stopped or (self._again and self._without >= STALLED):
            self.shut()
            self._without = 0


def find_microphone(file: str, parent: QObject | None = None) -> Microphone | None:
    """The system's microphone, or ``file`` in its place; None if there is none. In the UI thread, after
    ``sound_thread.load``. Raises OSError or wave.Error for a file that cannot be used."""
    if file:
        return FileMicrophone(Path(file).expanduser(), parent)
    from PySide6.QtMultimedia import QMediaDevices

    device = QMediaDevices.defaultAudioInput()
    return None if device.isNull() else SystemMicrophone(device.description(), parent)
