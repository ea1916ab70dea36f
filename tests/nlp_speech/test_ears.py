"""Devices on the clock of a call: crystals that are off, arrivals that are late, devices that go and come back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from nlp.audio.channels import CHANNELS, Channel
from nlp.audio.ears import GONE, LOST, RATE, WINDOW, Ears

MARK = 30_000
EVERY = 7.0
"""Seconds of true time between two marks, one sample each, in the speech of a device."""


@dataclass
class Device:
    """Samples by a crystal that is off by ``ppm``; ``late`` is the longest time that a piece takes to arrive."""

    ppm: float = 0.0
    rate: int = RATE
    late: float = 0.0
    piece: float = 0.2
    seed: int = 1
    sent: int = 0
    marks: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def next(self) -> tuple[float, bytes]:
        """(when it arrives, samples): talk of three seconds after every four quiet ones."""
        count = round(self.piece * self.rate)
        places = self.sent + np.arange(count)
        times = places / (self.rate * (1 + self.ppm * 1e-6))
        talking = times % EVERY >= 4.0
        samples = np.where(talking, self._random.integers(-4000, 4000, count), self._random.integers(-9, 9, count))
        for number in np.flatnonzero(np.diff(np.floor((times - 5.5) / EVERY)) > 0) + 1:
            samples[number] = MARK
            self.marks.append(float(times[number]))
        self.sent += count
        there = self.sent / (self.rate * (1 + self.ppm * 1e-6))
        return there + float(self._random.uniform(0, self.late)), samples.astype("<i2").tobytes()


def recorded(devices: dict[Channel, Device], seconds: float) -> np.ndarray:
    """A call with these devices: its two channels, taken after every arrival."""
    ears, pieces = Ears(), []
    waiting = {who: device.next() for who, device in devices.items()}
    while True:
        who = min(waiting, key=lambda each: waiting[each][0])
        now, pcm = waiting[who]
        if now > seconds:
            return np.frombuffer(b"".join(pieces), dtype="<i2").reshape(-1, 2)
        ears.hear(who, pcm, devices[who].rate, now)
        pieces.append(ears.take(now))
        waiting[who] = devices[who].next()


@pytest.mark.parametrize("drifts", [(300.0, -200.0), (-300.0, 100.0)])
def test_over_an_hour_both_channels_stay_on_the_clock_however_the_crystals_drift(drifts: tuple[float, float]) -> None:
    devices = {
        who: Device(ppm, late=0.04, piece=0.5, seed=number)
        for number, (who, ppm) in enumerate(zip(CHANNELS, drifts, strict=True))
    }
    call = recorded(devices, 3600.0)
    assert abs(len(call) / RATE - 3600.0) < 1.0
    for side, device in enumerate(devices.values()):
        found = np.flatnonzero(call[:, side] == MARK) / RATE
        true = np.array([at for at in device.marks if at < len(call) / RATE - 0.1])
        assert len(found) == len(true) > 500  # nothing that was spoken is cut out
        assert np.abs(found - true).max() < 0.03
        assert np.abs(found - true).mean() < 0.01


def test_devices_of_another_rate_are_brought_to_that_of_the_call() -> None:
    devices: dict[Channel, Device] = {
        "trader": Device(rate=48_000, piece=0.1),
        "client": Device(rate=8_000, piece=0.02),
    }
    call = recorded(devices, 30.0)
    for side, device in enumerate(devices.values()):
        around = np.abs(call[:, side].astype(int))
        for at in device.marks[:-1]:
            near = around[round((at - 0.05) * RATE) : round((at + 0.05) * RATE)]
            assert abs(int(near.argmax()) / RATE - 0.05) < 0.001


def spoken(seconds: float, level: int = 1000) -> bytes:
    return np.full(round(seconds * RATE), level, dtype="<i2").tobytes()


def test_a_device_that_is_lost_is_silent_until_it_is_back_and_the_other_goes_on_in_time() -> None:
    ears, pieces, told = Ears(), [], []
    for tenth in range(1, 301):
        now = tenth / 10
        ears.hear("trader", spoken(0.1, tenth), RATE, now)
        if not 10.0 < now <= 20.0:
            ears.hear("client", spoken(0.1, tenth), RATE, now)
        pieces.append(ears.take(now))
        told.append(ears.silent(now))
    call = np.frombuffer(b"".join(pieces), dtype="<i2").reshape(-1, 2)
    tenths = np.repeat(np.arange(1, 301), RATE // 10)
    assert np.array_equal(call[:, 0], tenths)
    assert np.array_equal(call[:, 1], np.where((tenths > 100) & (tenths <= 200), 0, tenths))
    assert told[99] == ()
    assert told[100 + round(LOST * 10)] == ("client",)
    assert told[-1] == ()


def test_a_device_that_says_it_is_gone_holds_the_other_up_not_for_a_moment() -> None:
    ears = Ears()
    for who in CHANNELS:
        ears.hear(who, spoken(0.1), RATE, 0.1)
    ears.lose("client")
    ears.hear("trader", spoken(0.1), RATE, 0.2)
    assert len(ears.take(0.2)) == 4 * RATE // 5
    assert ears.silent(0.2) == ("client",)


def test_with_no_device_left_the_call_is_silence_in_time() -> None:
    ears, heard = Ears(), b""
    for second in range(1, 61):
        heard += ears.take(float(second))
    assert not any(heard)
    assert len(heard) == 4 * round((60 - LOST) * RATE)


def test_a_piece_that_comes_late_is_no_loss_and_nothing_is_put_in() -> None:
    """A busy computer hands over a second of sound at once."""
    ears, heard = Ears(), b""
    for tenth in range(1, 400):
        for who in CHANNELS:
            if tenth % 50 >= 9:
                ears.hear(who, spoken(1.0 if tenth % 50 == 9 and tenth > 50 else 0.1), RATE, tenth / 10)
        heard += ears.take(tenth / 10)
    call = np.frombuffer(heard, dtype="<i2")
    assert not call[: round(0.8 * RATE) * 2].any()  # before the devices gave their first sound
    assert call[round(0.8 * RATE) * 2 :].all()


def test_samples_that_a_device_lost_are_silence_within_a_window() -> None:
    ears, heard = Ears(), b""
    for tenth in range(1, 600):
        now = tenth / 10
        ears.hear("trader", spoken(0.1), RATE, now)
        if not 200 <= tenth < 205:  # half a second is lost in the sound system: too short to be a lost device
            ears.hear("client", spoken(0.1, 2000 if tenth >= 500 else 1000), RATE, now)
        heard += ears.take(now)
    call = np.frombuffer(heard, dtype="<i2").reshape(-1, 2)
    assert abs(np.flatnonzero(call[:, 1] == 2000)[0] / RATE - 49.9) < 0.01
    lost = np.flatnonzero(call[:, 1] == 0) / RATE
    assert GONE < len(lost) / RATE <= 0.51
    assert 20.0 <= lost[0] <= 20.0 + WINDOW + 1


def test_with_one_device_both_channels_are_alike() -> None:
    ears = Ears(("trader",))
    ears.hear("trader", spoken(0.5, 7), RATE, 0.5)
    call = np.frombuffer(ears.take(0.5), dtype="<i2").reshape(-1, 2)
    assert (call == 7).all()
    assert ears.silent(0.5) == ()
