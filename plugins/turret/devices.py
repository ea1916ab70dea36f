"""The system's sound inputs, by name, for calls through this computer. Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, Qt

from app.shell import sound_thread
from app.shell.microphone import InputDevice
from app.shell.sound_thread import SoundThread
from nlp.audio.channels import Channel
from nlp.audio.ears import RATE
from plugins.turret.computer import ComputerSound, Hear
from plugins.turret.model import TurretError

RATES = (RATE, 48_000, 44_100, 32_000, 8_000)


class NoSuchDevice(TurretError):
    pass


class SystemInput:
    """One input. Its sound comes straight from its own thread: the desk may be painting."""

    def __init__(self, identity: bytes, name: str) -> None:
        self.name = name
        self._device = InputDevice(identity, RATES, again=True)
        self._thread = SoundThread(self._device, name)

    def start(self, hear: Hear) -> None:
        self._device.heard.connect(hear, Qt.ConnectionType.DirectConnection)
        self._thread.begin()

    def stop(self) -> None:
        self._thread.close()


async def open_devices(microphone: str, far_end: str) -> ComputerSound:
    """The devices with these names, or a part of them. Without a name the microphone is the system's, and there is no
    far end: Qt hides the inputs that carry what an output plays, but for those that somebody has set up.

    Raises:
        NoSuchDevice: with what the trader can do.
    """
    if QCoreApplication.instance() is None:
        _applications.append(QCoreApplication([]))  # a turret without a window
    await asyncio.to_thread(sound_thread.load)
    from PySide6.QtMultimedia import QMediaDevices

    inputs = {bytes(device.id().data()): device.description() for device in QMediaDevices.audioInputs()}
    chosen: dict[Channel, bytes] = {}
    if microphone:
        chosen["trader"] = named(inputs, microphone, "microphone")
    elif not (default := QMediaDevices.defaultAudioInput()).isNull():
        chosen["trader"] = bytes(default.id().data())
    else:
        raise NoSuchDevice("No microphone was found. Connect one and check the system's sound settings.")
    if far_end:
        chosen["client"] = named(inputs, far_end, "far end")
    return ComputerSound({who: SystemInput(identity, inputs[identity]) for who, identity in chosen.items()})


def named(inputs: Mapping[bytes, str], name: str, part: str) -> bytes:
    """The input that is called this, or else the only one whose name or identity has it in it.

    Raises:
        NoSuchDevice: naming those that there are.
    """
    exact = [each for each, called in inputs.items() if called == name]
    like = [
        each
        for each, called in inputs.items()
        if name.lower() in f"{called}\n{each.decode('utf-8', 'replace')}".lower()
    ]
    found: Sequence[bytes] = exact or like
    if len(found) != 1:
        there = ", ".join(f"“{called}”" for called in inputs.values()) or "none at all"
        what = "More than one input is" if found else "No input is"
        raise NoSuchDevice(f"{what} called “{name}”, which the settings name for the {part}. There are: {there}.")
    return found[0]


_applications: list[QCoreApplication] = []
