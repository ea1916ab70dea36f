"""Calls through this computer with a real sound server: a PulseAudio of the test's own, with outputs that nobody hears.

Skipped where PulseAudio is not installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.client import connect

from nlp.audio.ears import RATE

pytestmark = pytest.mark.skipif(
    not all(shutil.which(program) for program in ("pulseaudio", "pactl", "pacat")),
    reason="PulseAudio is not installed: there is no sound server to try real devices with",
)
ROOT = Path(__file__).parents[2]
TONES = {"trader": 440, "client": 700}
SERVER = [
    "module-native-protocol-unix",
    "module-null-sink sink_name=room",
    "module-null-sink sink_name=desk",
    "module-remap-source master=room.monitor source_name=mic source_properties=device.description=Headset",
    "module-remap-source master=desk.monitor source_name=far source_properties=device.description=Played",
]


class Sound:
    """The sound server and the programs that use it."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        self._programs: list[subprocess.Popen[bytes]] = []

    def run(self, *command: str, **more: Any) -> subprocess.Popen[bytes]:
        quiet = {"stderr": subprocess.DEVNULL, **more}
        self._programs.append(subprocess.Popen(command, env=self.environment, cwd=ROOT, **quiet))
        return self._programs[-1]

    def control(self, *words: str) -> str:
        asked = subprocess.run(["pactl", *words], env=self.environment, capture_output=True, text=True, check=False)
        return asked.stdout

    def play(self, sink: str, hertz: int, folder: Path) -> None:
        raw = folder / f"{sink}.raw"
        raw.write_bytes((8000 * np.sin(2 * np.pi * hertz * np.arange(120 * RATE) / RATE)).astype("<i2").tobytes())
        self.run("pacat", f"--device={sink}", "--format=s16le", f"--rate={RATE}", "--channels=1", str(raw))

    def close(self) -> None:
        for program in reversed(self._programs):
            program.terminate()
            program.wait(20)


@pytest.fixture
async def sound(tmp_path: Path) -> AsyncIterator[Sound]:
    with tempfile.TemporaryDirectory(prefix="pulse") as folder:  # a socket's address must be short
        made = Sound(Path(folder))
        load = [word for module in SERVER for word in ("-L", module)]
        made.run("pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", *load)
        await until(lambda: "far" in made.control("list", "short", "sources"))
        made.control("set-default-source", "mic")
        made.play("room", TONES["trader"], tmp_path)
        made.play("desk", TONES["client"], tmp_path)
        yield made
        made.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.05)


class Call:
    """A call of a turret process, read as the desk reads it."""

    def __init__(self) -> None:
        self.pcm = b""
        self.troubles: list[str] = []
        self.ended = False

    async def read(self, url: str) -> None:
        async with connect(url, proxy=None) as socket:
            async for message in socket:
                if isinstance(message, bytes):
                    self.pcm += message[8:]
                    continue
                told = json.loads(message)
                if told["event"] == "trouble":
                    self.troubles.append(told["text"])
                else:
                    self.ended = True
                    await socket.send(json.dumps({"ack": told["samples"]}))
                    return

    def heard(self) -> list[str | None]:
        """Whose tone was on each channel in the last half second; None for silence."""
        sound = np.frombuffer(self.pcm, "<i2").reshape(-1, 2)[-RATE // 2 :].astype(float)
        return [whose(sound[:, side]) for side in (0, 1)] if len(sound) == RATE // 2 else []


def whose(sound: NDArray[np.float64]) -> str | None:
    if np.sqrt((sound**2).mean()) < 1000:
        return None
    hertz = 2 * int(np.abs(np.fft.rfft(sound)).argmax())
    return next((who for who, tone in TONES.items() if abs(tone - hertz) < 20), "noise")


async def test_both_devices_are_heard_on_their_channels_and_a_lost_one_again_when_it_is_back(sound: Sound) -> None:
    command = (sys.executable, "-m", "plugins.turret", "--headless", "--alone")
    turret = sound.run(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert turret.stdin is not None
    turret.stdin.write(b'{"do": "listen", "far_end": "played"}\n')
    call = Call()
    reading = asyncio.create_task(call.read(await asyncio.to_thread(address, turret)))
    await until(lambda: call.heard() == ["trader", "client"])
    sound.control("suspend-source", "far", "1")
    await until(lambda: call.troubles)
    assert call.troubles[-1].startswith("The far end (Played) gives no sound. The call goes on without it")
    await until(lambda: call.heard() == ["trader", None])
    sound.control("suspend-source", "far", "0")
    await until(lambda: call.heard() == ["trader", "client"])
    assert call.troubles[-1] == ""
    turret.stdin.write(b'{"do": "hangup", "line": "PC"}\n')
    await reading
    assert call.ended


def address(turret: subprocess.Popen[bytes]) -> str:
    assert turret.stdout is not None
    for line in turret.stdout:
        message = json.loads(line)
        assert "problem" not in message, message
        if "audio" in message:
            return str(message["audio"])
    raise AssertionError("the turret ended")


def test_a_loudspeaker_and_a_microphone_work_in_their_threads_and_end_with_them(sound: Sound) -> None:
    """In a process of its own: Qt looks for the sound server once."""
    program = """
import sys
from PySide6.QtCore import QCoreApplication, QTimer
app = QCoreApplication([])
from app.shell import microphone, sound_thread, speaker
sound_thread.load()
output, found = speaker.find_output(app), microphone.find_microphone("", app)
told = {"heard": 0, "played": 0.0, "ended": False, "name": found.name, "kind": type(output).__name__}
def ended(): told["ended"] = True; check()
def heard(pcm): told["heard"] += len(pcm); check()
def check():
    if told["ended"] and told["heard"] > 16000: app.quit()
output.played.connect(lambda seconds: told.update(played=seconds))
output.ended.connect(ended); found.heard.connect(heard)
output.begin(); output.feed(bytes(48000)); output.finish(); found.start()
QTimer.singleShot(50000, app.quit)
app.exec()
output.close(); found.stop()
import json; print(json.dumps(told))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], env=sound.environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["kind"] == "LoudspeakerOutput"
    assert told["name"] == "Headset"
    assert told["ended"]
    assert told["heard"] > 16_000
    assert 0.4 < told["played"] <= 0.5
