"""Sound of devices on the clock of a call: the microphone is the trader, what the computer plays is the client.

Every device counts samples by a crystal of its own, which is off by up to some hundred parts in a million: a second in
an hour. Here the steady clock of the computer counts. It is compared with what has come in, and a few samples are put
in or left out where nobody speaks. No device, no thread and no waiting in here: sound and times are passed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.audio.channels import CHANNELS, Channel
from nlp.audio.recording import Samples, to_sound
from nlp.audio.resampling import Resampler

RATE = 16_000
"""Samples a second of a call through this computer: what recognition works on."""
LOST = 1.0
"""Seconds without sound after which a device is lost: the call goes on without it."""
WINDOW = 10.0
"""Seconds over which a device is compared with the clock. Sound can arrive late and never early, so the punctual
arrivals tell how far it is off; the others tell how busy the computer is."""
TOLERATED = 0.004
FORCED = 0.02
"""Seconds by which a device may be off; from the second on the quietest place has to do, even if somebody speaks."""
STEP = 0.002
"""Seconds that are put in or left out at once."""
GONE = 0.2
"""A device that is this late for a whole window has lost sound. Silence takes its place at once."""
QUIET = 150.0
"""Level (16-bit root mean square) below which nobody speaks."""


class Ear:
    """One device. Times are seconds since the call began, positions samples at ``rate`` since then."""

    def __init__(self, rate: int = RATE) -> None:
        self._rate = rate
        self._sound: Samples = np.zeros(0, dtype=np.int16)
        self._taken = 0  # position of the first sample of ``_sound``
        self._heard: float | None = None
        self._from_rate = 0
        self._resampler = Resampler(rate, rate)
        self._late: deque[tuple[float, float]] = deque()  # time, seconds that the sound was behind it

    @property
    def end(self) -> int:
        """The position up to which there is sound."""
        return self._taken + len(self._sound)

    def alive(self, now: float) -> bool:
        return self._heard is not None and now - self._heard < LOST

    def hear(self, samples: Samples, rate: int, now: float) -> None:
        """One channel at ``rate``; ``now`` is when its last sample came in."""
        if not self.alive(now) or rate != self._from_rate:
            samples = self._begin(samples, rate, now)
        sound = samples if rate == self._rate else _whole(self._resampler.push(to_sound(samples)))
        self._late.append((now, now - (self.end + len(sound)) / self._rate))
        while now - self._late[0][0] > WINDOW:
            self._late.popleft()
        self._heard = now
        self._sound = np.concatenate([self._sound, self._put_right(sound, now)])

    def take(self, until: int) -> Samples:
        """The sound up to a position, and silence where there is none."""
        count = max(0, until - self._taken)
        taken = self._sound[:count]
        self._sound = self._sound[count:]
        self._taken += count
        return np.concatenate([taken, np.zeros(count - len(taken), dtype=np.int16)])

    def lose(self) -> None:
        """The device says that it is gone."""
        self._heard = None

    def _begin(self, samples: Samples, rate: int, now: float) -> Samples:
        """The device begins, or comes back: its first samples were spoken as long ago as they take. Gives those for
        whose time no silence has been put yet."""
        self._from_rate, self._resampler = rate, Resampler(rate, self._rate)
        self._late.clear()
        missing = now - len(samples) / rate - self.end / self._rate
        self._sound = np.concatenate([self._sound, np.zeros(max(0, round(missing * self._rate)), dtype=np.int16)])
        return samples[max(0, round(-missing * rate)) :]

    def _put_right(self, sound: Samples, now: float) -> Samples:
        """A piece with what brings the device nearer to the clock."""
        if now - self._late[0][0] < 0.9 * WINDOW or not len(sound):
            return sound
        late = min(behind for _, behind in self._late)
        if late > GONE:
            changed = np.concatenate([np.zeros(round(late * self._rate), dtype=np.int16), sound])
        elif abs(late) > TOLERATED:
            count = round(min(STEP, abs(late)) * self._rate)
            place, level = _quietest(sound, count)
            if level > QUIET and abs(late) < FORCED:
                return sound
            if late > 0:
                changed = np.insert(sound, place, np.zeros(count, dtype=np.int16))
            else:
                changed = np.delete(sound, slice(place, place + count))
        else:
            return sound
        moved = (len(changed) - len(sound)) / self._rate
        self._late = deque((at, behind - moved) for at, behind in self._late)
        return changed


class Ears:
    """All devices of a call as its two channels. With one device, of the trader, both channels are alike: a call of
    which there is one channel, as everywhere."""

    def __init__(self, sides: Sequence[Channel] = CHANNELS, rate: int = RATE) -> None:
        self._ears = {who: Ear(rate) for who in sides}
        self._rate = rate
        self._given = 0

    def hear(self, who: Channel, pcm: bytes, rate: int, now: float) -> None:
        """16-bit samples of one side's device, the last of which came in ``now`` seconds after the call began."""
        self._ears[who].hear(np.frombuffer(pcm, dtype="<i2"), rate, now)

    def lose(self, who: Channel) -> None:
        self._ears[who].lose()

    def silent(self, now: float) -> tuple[Channel, ...]:
        """The sides whose device gives nothing."""
        return tuple(who for who, ear in self._ears.items() if not ear.alive(now))

    def take(self, now: float) -> bytes:
        """Interleaved 16-bit PCM that goes on where it ended, up to where every device that lives has been heard."""
        ends = [ear.end for ear in self._ears.values() if ear.alive(now)]
        until = max(self._given, min(ends) if ends else round((now - LOST) * self._rate))
        self._given = until
        heard = {who: ear.take(until) for who, ear in self._ears.items()}
        alone = next(iter(heard.values()))
        return np.column_stack([heard.get(who, alone) for who in CHANNELS]).astype("<i2").tobytes()


def _quietest(sound: Samples, count: int) -> tuple[int, float]:
    """(where, level) of the stretch of ``count`` samples with the least sound."""
    count = min(count, len(sound))
    power = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    stretches = power[count:] - power[:-count]
    place = int(stretches.argmin())
    return place, float(np.sqrt(max(0.0, stretches[place]) / count))


def _whole(sound: NDArray[np.float32]) -> Samples:
    rounded: Samples = np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16)
    return rounded
