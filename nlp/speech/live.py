"""A call as it is heard: each side's sound in, utterances out. No model for words and no threads in here."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from nlp.audio.channels import Channel
from nlp.audio.echo import Likeness
from nlp.audio.recording import SPEECH_RATE, Recording, Samples, Sound, recorded, to_sound
from nlp.audio.resampling import Resampler
from nlp.audio.voice import FRAME, FRAME_SECONDS, Endpointer, Endpointing, VoiceActivity
from nlp.language.model import Header, Reference, Turn, Who
from nlp.masking import masked

PREROLL = 0.6
TAIL = 0.25
REMEMBERED = 30.0
"""Seconds of each side that are kept to know its echo on the other."""
RECENT = 8
"""Turns before one that tell what is read out in it."""
LEFT = 0.15
"""Share of an utterance's power that must be left without its echo, or it was nothing else."""
FIRST_LOOKS = (0.3, 0.4)
"""Seconds of speech after which an utterance is looked at first: who it is that speaks, and how they begin. In one of
ten there is no word yet that whisper would know, hence the second."""
LOOK_EVERY = 1.0
"""Seconds of new speech after which a running utterance is worth another look."""
LONGEST_GAP = 600.0
"""A larger hole in the sound than this is taken for a wrong offset."""


@dataclass(slots=True)
class Utterance:
    """One stretch of speech of one side, times in seconds from the start of the call."""

    call: str
    who: Channel
    start: float
    end: float
    sound: Sound
    sound_from: float
    ended: bool
    arrived: float  # the worker's clock when the end of its speech came in
    key: int  # the same for every look at the same stretch
    paused: bool = False  # a look at a pause: its text stands if the utterance ends here
    early: bool = False  # a look at who has just begun: nothing of it is shown yet
    echo: bool = False  # nothing but the other side come back
    whole: bool = False  # looked at once more, as widely as whisper was trained to

    @property
    def rank(self) -> int:
        """Its place among others: somebody waits for the words at an end or a pause, and for the first ones; a look at
        the whole takes long."""
        return 2 if self.whole else 0 if self.ended or self.paused else 1 if self.early else 3


class LiveSide:
    """One channel of a live call."""

    def __init__(self, call: str, who: Channel, rate: int, heard: float, rules: Endpointing | None = None) -> None:
        self.call, self.who, self.rate = call, who, rate
        self.origin = round(heard * rate)  # in samples at the call's rate; earlier sound was transcribed before
        self._position = self.origin
        self._pieces: list[tuple[int, Samples]] = []
        self._resampler = Resampler(rate, SPEECH_RATE)
        self._voice = VoiceActivity()
        self._ends = Endpointer(rules)
        self._sound: Sound = np.zeros(0, dtype=np.float32)
        self._sound_at = 0  # 16 kHz sample index, from origin, of the first kept sample
        self._framed = 0  # 16 kHz samples already seen by the voice detector
        self._closed = 0  # 16 kHz sample up to which utterances were taken
        self._looked = self._looks = 0  # frame of the last look at the running utterance, and how many there were
        self._count = 0
        self._arrivals: list[tuple[float, float]] = []
        self._lately: deque[tuple[int, Sound]] = deque()  # 16 kHz sample index from origin, sound
        self._resampled = 0

    @property
    def received(self) -> float:
        """Seconds of sound received, from the start of the call."""
        return self._position / self.rate

    @property
    def settled(self) -> float:
        """Seconds from which another process would have to go on: with the pre-roll of what comes next."""
        heard = max(self._closed / SPEECH_RATE, self._ends.heard_until * FRAME_SECONDS - PREROLL)
        return self.origin / self.rate + heard

    def has(self, at: int, pcm: bytes) -> bool:
        """Whether this very sound, which is not silence, was the last to come in."""
        if not self._pieces or self._pieces[-1][0] != at:
            return False
        samples: Samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2")
        return bool(samples.any()) and np.array_equal(self._pieces[-1][1], samples)

    def take(self, at: int, pcm: bytes, now: float, listen: bool = True) -> list[Utterance]:
        """Adds sound beginning at sample ``at``; overlap is dropped, a hole becomes silence. Without ``listen`` it is
        only kept, and silence is heard."""
        samples: Samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2")
        if at < self.origin:
            before = samples[: self.origin - at]
            self._pieces.append((at, before))
            samples, at = samples[len(before) :], at + len(before)
        if at < self._position:
            samples, at = samples[self._position - at :], self._position
        if not len(samples) or at - self._position > LONGEST_GAP * self.rate:
            return []
        self._pieces.append((at, samples))
        if at > self._position:
            samples = np.concatenate([np.zeros(at - self._position, dtype=np.int16), samples])
        self._position += len(samples)
        self._arrivals.append((self.received, now))
        return self._listen(self._resampler.push(to_sound(samples) * np.float32(listen)))

    def close(self) -> list[Utterance]:
        """The end of the sound: what still runs is an utterance."""
        rest = self._resampler.flush()
        missing = -(self._framed_rest() + len(rest)) % FRAME
        found = self._listen(np.concatenate([rest, np.zeros(missing, dtype=np.float32)]))
        boundary = self._ends.flush()
        if boundary is not None and boundary.kind == "end":
            found.append(self._cut(boundary.start, boundary.end, ended=True))
        return found

    def between(self, start: float, samples: int) -> Sound:
        """The last half minute's sound from a second of the call on; silence where there is none (any more, or yet)."""
        result: Sound = np.zeros(samples, dtype=np.float32)
        first = round((start - self.origin / self.rate) * SPEECH_RATE)
        for at, piece in self._lately:
            begin, end = max(at, first), min(at + len(piece), first + samples)
            if begin < end:
                result[begin - first : end - first] = piece[begin - at : end - at]
        return result

    def whole(self, length: int) -> Samples:
        """Everything received, ``length`` samples; what never came is silent."""
        result: Samples = np.zeros(length, dtype=np.int16)
        for at, samples in self._pieces:
            end = min(length, at + len(samples))
            if at < end:
                result[at:end] = samples[: end - at]
        return result

    def _framed_rest(self) -> int:
        return self._sound_at + len(self._sound) - self._framed

    def _listen(self, sound: Sound) -> list[Utterance]:
        self._sound = np.concatenate([self._sound, sound])
        self._lately.append((self._resampled, sound))
        self._resampled += len(sound)
        while self._resampled - self._lately[0][0] > REMEMBERED * SPEECH_RATE:
            self._lately.popleft()
        waiting = self._sound[self._framed - self._sound_at :]
        whole = len(waiting) // FRAME * FRAME
        first = self._framed // FRAME
        self._framed += whole
        found: list[Utterance] = []
        for number, probability in enumerate(self._voice.probabilities(waiting[:whole])):
            boundary = self._ends.push(float(probability))
            if boundary is None:
                continue
            if boundary.kind == "begin":
                self._count += 1
                self._looked, self._looks = boundary.start, 0
            elif boundary.kind == "end":
                found.append(self._cut(boundary.start, boundary.end, ended=True))
            elif boundary.kind == "pause":
                self._looked, self._looks = first + number, self._looks + 1
                found.append(self._cut(boundary.start, boundary.end, ended=False, paused=True))
        now = self._framed // FRAME
        since = self._ends.speaking_since
        pause = FIRST_LOOKS[self._looks] if self._looks < len(FIRST_LOOKS) else LOOK_EVERY
        due = (now - self._looked) * FRAME_SECONDS >= pause
        # Where speech has just stopped a look at the pause comes next: but for the first ones, none keeps it waiting.
        pausing = self._ends.silent and self._looks >= len(FIRST_LOOKS)
        if since is not None and self._ends.surely and due and not pausing:
            self._looked, self._looks = now, self._looks + 1
            found.append(self._cut(since, now, ended=False, early=self._looks <= len(FIRST_LOOKS)))
        self._forget()
        return found

    def _cut(self, start: int, end: int, *, ended: bool, paused: bool = False, early: bool = False) -> Utterance:
        from_sample = max(self._closed, start * FRAME - int(PREROLL * SPEECH_RATE), self._sound_at)
        to_sample = end * FRAME + int(TAIL * SPEECH_RATE)
        if ended:
            self._closed = end * FRAME
        origin = self.origin / self.rate
        finish = origin + end * FRAME_SECONDS
        place = bisect_left(self._arrivals, (finish, 0.0))
        return Utterance(
            self.call,
            self.who,
            round(origin + start * FRAME_SECONDS, 3),
            round(finish, 3),
            self._sound[from_sample - self._sound_at : to_sample - self._sound_at].copy(),
            origin + from_sample / SPEECH_RATE,
            ended,
            self._arrivals[min(place, len(self._arrivals) - 1)][1] if self._arrivals else 0.0,
            self._count,
            paused,
            early,
        )

    def _forget(self) -> None:
        """Keeps the sound of the running utterance and the pre-roll of the next."""
        since = self._ends.speaking_since
        needed = (self._framed if since is None else since * FRAME) - int((PREROLL + 0.1) * SPEECH_RATE)
        drop = needed - self._sound_at
        if drop > SPEECH_RATE:
            self._sound = self._sound[drop:].copy()
            self._sound_at += drop
        if len(self._arrivals) > 1000:
            del self._arrivals[:500]


@dataclass(slots=True)
class Conversation:
    """A call or chat in the worker."""

    header: Header
    reference: Reference
    rate: int
    sides: dict[Channel, LiveSide]
    turns: list[Turn] = field(default_factory=list)
    seq: int = 0
    pending: int = 0  # utterances cut and not yet transcribed
    finishing: bool = False
    sound: bool = True  # False: its turns are all there is
    running: dict[Who, Turn] = field(default_factory=dict)  # what the last look at a side heard, still being spoken
    echoes: dict[Channel, int] = field(default_factory=dict)  # side -> delay of the other's echo on it, in samples
    one_channel: bool = False  # both sides are the same sound: whose words they are is a guess

    def take(self, who: Channel, at: int, pcm: bytes, now: float) -> list[Utterance]:
        """Adds sound of one side; the utterances that it brings, without the other side's echo. Where the client's
        sound is the trader's, it is one channel, and heard once."""
        alike = who == "client" and self.sides["trader"].has(at, pcm)
        self.one_channel = self.one_channel or alike
        found = self.sides[who].take(at, pcm, now, listen=not alike)
        for utterance in found:
            self._unechoed(utterance)
        return found

    def close(self) -> list[Utterance]:
        """The end of the sound: what still runs on either side is an utterance."""
        found = [utterance for side in self.sides.values() for utterance in side.close()]
        for utterance in found:
            self._unechoed(utterance)
        return found

    def _unechoed(self, utterance: Utterance) -> None:
        other = self.sides["client" if utterance.who == "trader" else "trader"]
        theirs = other.between(utterance.sound_from, len(utterance.sound))
        if not theirs.any():
            return
        looked = Likeness(utterance.sound, theirs)
        delay = looked.delay()
        if delay is not None:
            self.echoes[utterance.who] = delay
        sound = looked.silenced(self.echoes.get(utterance.who))
        power = float(np.dot(utterance.sound, utterance.sound))
        utterance.echo = float(np.dot(sound, sound)) < LEFT * power
        utterance.sound = sound

    def readable(self, turn: Turn) -> Turn:
        """A turn with what must not be read masked, as far as it and what was said before tell."""
        return masked((*self.ordered[-RECENT:], turn)).turns[-1]

    @property
    def ordered(self) -> tuple[Turn, ...]:
        return tuple(sorted(self.turns, key=lambda turn: turn.start))

    def recording(self) -> Recording:
        """The call's sound as received; of one channel, with the sides told apart."""
        length = max(round(side.received * self.rate) for side in self.sides.values())
        trader, client = self.sides["trader"].whole(length), self.sides["client"].whole(length)
        return recorded(self.rate, trader, client)
