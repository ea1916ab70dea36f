"""A call through this computer: its line, its sound with devices that go and come back, and what the trader is told."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from nlp.audio.channels import Channel
from nlp.audio.ears import RATE
from plugins.turret.adapter import TurretEvent
from plugins.turret.computer import ComputerSound, Hear
from plugins.turret.devices import NoSuchDevice, named
from plugins.turret.model import COMPUTER, LINE_NAMES, Board, NoFreeLine, NotPossible, TurretError
from plugins.turret.simulated import SimulatedTurret

AT = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)


class Steady:
    """A clock turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Device:
    """An input that says what the test says. ``hear`` is there while it is open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hear: Hear | None = None

    def start(self, hear: Hear) -> None:
        self.hear = hear

    def stop(self) -> None:
        self.hear = None

    def say(self, seconds: float, level: int) -> None:
        assert self.hear is not None
        self.hear(np.full(round(seconds * RATE), level, "<i2").tobytes(), RATE)


class Desk:
    """Two devices, their clock, and a turret that finds them."""

    def __init__(self, *sides: Channel) -> None:
        self.clock = Steady()
        self.devices: dict[Channel, Device] = {who: Device(f"{who}'s device") for who in sides}
        self.asked: list[tuple[str, str]] = []
        self.events: list[TurretEvent] = []
        self.turret = SimulatedTurret(devices=self.find)
        self.turret.subscribe(self.events.append)

    async def find(self, microphone: str, far_end: str) -> ComputerSound:
        self.asked.append((microphone, far_end))
        if not self.devices:
            raise NoSuchDevice("No microphone was found.")
        return ComputerSound(self.devices, self.clock)

    def speak(self, seconds: int, **levels: int) -> None:
        """Tenth by tenth; who has no level here gives no sound."""
        for _ in range(seconds * 10):
            self.clock.now += 0.1
            for who, device in self.devices.items():
                if who in levels:
                    device.say(0.1, levels[who])

    def sound(self) -> np.ndarray:
        (line,) = [line for line in self.turret.board.lines if line.line == COMPUTER]
        audio = self.turret.audio(line.call or "")
        assert audio is not None
        return np.frombuffer(audio.read(0, audio.samples), "<i2").reshape(-1, 2)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def test_it_has_a_line_while_it_goes_on_and_both_sides_on_their_channels() -> None:
    desk = Desk("trader", "client")
    assert await desk.turret.listen("+442079460112", "Headset", "Played") == ""
    assert desk.asked == [("Headset", "Played")]
    (event,) = desk.events
    assert (event.happening, event.line.line, event.line.state) == ("answered", COMPUTER, "connected")
    assert (event.line.number, event.line.direction) == ("+442079460112", "outbound")
    desk.speak(2, trader=100, client=200)
    await until(lambda: len(desk.sound()) == 2 * RATE)
    assert (desk.sound() == (100, 200)).all()
    await desk.turret.hang_up(COMPUTER)
    assert desk.devices["trader"].hear is None  # nobody listens any more
    await until(lambda: len(desk.turret.board.lines) == len(LINE_NAMES))
    await desk.turret.close()


async def test_a_device_that_is_lost_is_said_and_the_call_goes_on_until_it_is_back() -> None:
    desk = Desk("trader", "client")
    await desk.turret.listen()
    call = desk.turret.board.lines[-1].call
    audio = desk.turret.audio(call or "")
    assert audio is not None
    desk.speak(5, trader=100, client=200)
    await until(lambda: len(desk.sound()) == 5 * RATE)
    assert audio.trouble == ""
    desk.speak(5, trader=100)
    await until(lambda: len(desk.sound()) == 10 * RATE)
    assert audio.trouble == (
        "The far end (client's device) gives no sound. "
        "The call goes on without it, and it is heard again once it is back."
    )
    desk.speak(5, trader=100, client=200)
    await until(lambda: len(desk.sound()) == 15 * RATE)
    assert audio.trouble == ""
    tenths = desk.sound()[:: RATE // 10]
    assert (tenths[:, 0] == 100).all()
    assert [int(level) for level in tenths[:, 1]] == [200] * 50 + [0] * 50 + [200] * 50
    desk.speak(3)
    await until(lambda: audio.trouble.startswith("Nothing is heard of this call"))
    await desk.turret.close()


async def test_on_hold_nothing_of_it_is_heard() -> None:
    desk = Desk("trader", "client")
    await desk.turret.listen()
    desk.speak(1, trader=100, client=200)
    await until(lambda: len(desk.sound()) == RATE)
    await desk.turret.hold(COMPUTER)
    desk.speak(1, trader=100, client=200)
    await until(lambda: len(desk.sound()) == 2 * RATE)
    await desk.turret.resume(COMPUTER)
    desk.speak(1, trader=100, client=200)
    await until(lambda: len(desk.sound()) == 3 * RATE)
    assert [int(level) for level in desk.sound()[RATE // 2 :: RATE, 1]] == [200, 0, 200]
    await desk.turret.close()


async def test_with_a_microphone_alone_both_channels_are_alike_and_the_trader_is_told() -> None:
    desk = Desk("trader")
    note = await desk.turret.listen()
    assert note.startswith("Both sides are heard through the microphone alone, and who speaks is guessed.")
    desk.speak(1, trader=100)
    await until(lambda: len(desk.sound()) == RATE)
    assert (desk.sound() == 100).all()
    await desk.turret.close()


async def test_without_a_device_there_is_a_sentence_and_no_call() -> None:
    desk = Desk()
    with pytest.raises(TurretError, match="No microphone was found"):
        await desk.turret.listen()
    assert desk.turret.board == Board()
    assert not desk.events


def test_there_is_one_such_call_at_a_time_and_it_takes_no_line_from_the_others() -> None:
    board = Board().listen("", "pc", AT)
    assert board.line(COMPUTER).number is None
    with pytest.raises(NotPossible, match="Line PC is connected: it is not possible to take another call on it now"):
        board.listen("", "other", AT)
    for call in "abcd":
        board = board.ring("+442079460101", call, AT)
    board = board.hang_up(COMPUTER, AT)
    with pytest.raises(NoFreeLine):
        board.ring("+442079460101", "e", AT)
    assert board.listen("", "next", AT).line(COMPUTER).call == "next"
    assert [line.line for line in board.clear(COMPUTER).lines] == list(LINE_NAMES)


INPUTS = {b"mic": "Headset", b"far": "Played by Headset", b"cam": "Camera"}


@pytest.mark.parametrize(("name", "found"), [("Headset", b"mic"), ("played", b"far"), ("cam", b"cam"), ("FAR", b"far")])
def test_a_device_is_found_by_its_name_or_a_part_of_it(name: str, found: bytes) -> None:
    assert named(INPUTS, name, "microphone") == found


@pytest.mark.parametrize(("name", "says"), [("Desk", "No input is called"), ("head", "More than one input is called")])
def test_a_name_that_fits_none_or_several_is_answered_with_those_there_are(name: str, says: str) -> None:
    with pytest.raises(NoSuchDevice, match=f"{says} “{name}”.*“Headset”, “Played by Headset”, “Camera”"):
        named(INPUTS, name, "far end")
