"""A call's sound: read from the turret's socket, kept on the disk, passed on to whoever listens.

The socket may break and is opened again where the recording ends. The turret lets go of sound only when it is told
that it is on the disk.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from app.records.recordings import Recordings, RecordingWriter
from nlp.audio.g711 import ENCODINGS, Encoding, to_pcm

T = TypeVar("T")
log = logging.getLogger(__name__)

Listener = Callable[[int, bytes], Awaitable[None]]
"""(sample offset, interleaved two-channel PCM)"""

SAMPLE_BYTES = 4
OFFSET = struct.Struct("<Q")
WRITE_EVERY = 0.25
RETRY_DISK = 2.0
RETRY_SOCKET = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2)
MOST_UNSAVED = 128 << 20
"""An hour of telephone sound: beyond this, with no room on the disk, the oldest unsaved sound is let go."""
MOST_AT_ONCE = 1 << 16
"""One frame of the recording: a power cut in the middle of a longer append could leave what looks like damage."""
DRAIN = 5.0
"""Seconds without sound after which a hung-up call's stream is taken for complete."""


RATES = range(4_000, 192_001)


def on_this_machine(url: str) -> bool:
    """Whether a websocket address is on loopback."""
    address = urlsplit(url)
    return address.scheme == "ws" and address.hostname in {"127.0.0.1", "::1", "localhost"}


def refusal(url: str, rate: int, encoding: str) -> str:
    """Why the sound of a call is not taken, as a sentence; empty if it is."""
    if not on_this_machine(url):
        # Any app may announce a call; its address must not make this desk reach out into the network.
        return "This call is not recorded: its sound is on another machine, and only this one is trusted."
    if encoding not in ENCODINGS or rate not in RATES:
        return (
            f"This call is not recorded: its sound ({encoding}, {rate} samples a second) is not understood. "
            f"{', '.join(ENCODINGS)} are, from {RATES[0]} to {RATES[-1]} samples a second."
        )
    return ""


class Intake:
    """One call. ``changed`` is called when ``audio``, ``recording`` or ``recorded`` is another one.

    While ``keeps`` is false, what arrives is made silent before anybody hears it; until it was true once there is no
    file. ``kept``: whether there is.

    ``audio`` and ``recording`` are empty while all is well, else a sentence for the user.
    """

    def __init__(
        self,
        interaction_id: str,
        url: str,
        rate: int,
        recordings: Recordings,
        listener: Listener,
        changed: Callable[[], None],
        encoding: Encoding = "s16",
    ) -> None:
        self.interaction_id, self.rate = interaction_id, rate
        self.audio = self.recording = ""
        self.lost = False
        self.keeps = True
        self.kept = False
        self._url, self._recordings, self._listener, self._changed = url, recordings, listener, changed
        self._encoding: Encoding = encoding
        self._writer: RecordingWriter | None = None
        self._disk = ThreadPoolExecutor(1, "recording")  # appends stay in order, and off the loop
        self._disk_turn = asyncio.Lock()
        self._on_file = False
        self._saved = 0
        self._unsaved = bytearray()  # from sample ``_saved`` on
        self._socket: ClientConnection | None = None
        self._over = asyncio.Event()
        self._arrived = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def recorded(self) -> float:
        """Seconds on the disk."""
        return self._saved / self.rate

    @property
    def safe(self) -> bool:
        """Whether all that was received is on the disk."""
        return not self._unsaved

    @property
    def received(self) -> int:
        return self._saved + len(self._unsaved) // SAMPLE_BYTES

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._keep())]

    async def hang_up(self) -> None:
        """Waits until the stream has been read to its end and is on the disk, or until neither can be helped."""
        self._hung_up.set()
        while not self._over.is_set():
            before = self.received
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN):
                    await self._over.wait()
            if self.received == before:
                break
        self._over.set()
        self._arrived.set()
        if self._tasks and not self.recording:
            await asyncio.wait(self._tasks, timeout=DRAIN)

    async def close(self) -> None:
        """Stops reading and writes what came. What a full disk does not take has never been acknowledged."""
        self._over.set()
        self._arrived.set()
        if self._tasks:
            self._tasks[0].cancel()
            await asyncio.wait(self._tasks, timeout=0.0 if self.recording else DRAIN)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer is not None:
            await self._on_disk(self._writer.close)
            self._writer = None
        self._disk.shutdown(wait=False)

    async def sound(self, from_seconds: float) -> bytes:
        """What was recorded from a second on, and what still waits for the disk."""
        first = round(from_seconds * self.rate)
        pcm = b""
        if self._saved > first and not self._on_file:
            pcm = bytes(self._saved * SAMPLE_BYTES)
        elif self._saved > first:
            pcm = (await self._on_disk(lambda: self._recordings.read(f"{self.interaction_id}.rec"))).pcm
        known = len(pcm) // SAMPLE_BYTES
        start = max(0, max(known, first) - self._saved) * SAMPLE_BYTES
        return pcm[first * SAMPLE_BYTES :] + bytes(self._unsaved[start:])

    # The socket.

    async def _read(self) -> None:
        try:
            failures = 0
            while not self._over.is_set():
                before = self.received
                joint = "&" if "?" in self._url else "?"
                try:
                    async with connect(f"{self._url}{joint}from={before}", max_size=1 << 24, proxy=None) as socket:
                        self._socket = socket
                        if await self._frames(socket):
                            return
                except InvalidHandshake:
                    failures = len(RETRY_SOCKET)  # the turret lives and knows no such call any more
                except (OSError, ConnectionClosed, TimeoutError):
                    pass
                self._socket = None
                failures = 0 if self.received > before else failures + 1
                if self._hung_up.is_set() and failures > 2:
                    return
                if failures >= len(RETRY_SOCKET):
                    self.lost = True
                    self._say(audio=self._lost())
                    return
                await asyncio.sleep(RETRY_SOCKET[failures])
        except (ValueError, AttributeError, struct.error) as error:
            log.error("the turret's sound is not understood: %s", error)
            self.lost = True
            self._say(audio=self._lost())
        finally:
            self._over.set()
            self._arrived.set()

    async def _frames(self, socket: ClientConnection) -> bool:
        async for message in socket:
            if isinstance(message, str):
                told = json.loads(message)
                if told.get("event") == "end":
                    await self._acknowledge_end(socket)
                    return True
                if told.get("event") == "trouble":
                    self._say(audio=str(told.get("text") or ""))
                continue
            (at,) = OFFSET.unpack_from(message)
            pcm = to_pcm(message[OFFSET.size :], self._encoding)
            pcm = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
            here = self.received
            if at > here:  # sound that the turret no longer has: silence keeps the times right
                if at - here > 3600 * self.rate:
                    raise ValueError("a sample offset hours ahead")
                self._say(audio=f"{(at - here) / self.rate:.1f} seconds of sound are missing from the turret.")
                pcm, at = bytes((at - here) * SAMPLE_BYTES) + pcm, here
            pcm = pcm[(here - at) * SAMPLE_BYTES :]
            if not pcm:
                continue
            if self.keeps:
                self.kept = True
            else:
                pcm = bytes(len(pcm))
            self._unsaved += pcm
            self._arrived.set()
            try:
                await self._listener(here, pcm)
            except Exception as error:  # whatever happens to those who listen, the call is recorded
                log.error("sound was not passed on: %s", type(error).__name__)
        return False

    async def _acknowledge_end(self, socket: ClientConnection) -> None:
        """The turret forgets the call when all of it is on the disk; with a full disk it keeps it."""
        self._over.set()
        self._arrived.set()
        keeping = self._tasks[1]
        await asyncio.wait([keeping], timeout=DRAIN)
        if keeping.done():
            await self._acknowledge(socket)

    async def _acknowledge(self, socket: ClientConnection | None) -> None:
        if socket is not None:
            with suppress(ConnectionClosed):
                await socket.send(json.dumps({"ack": self._saved}))

    def _lost(self) -> str:
        seconds = round(self.received / self.rate)
        kept = "The second until then is" if seconds == 1 else f"The {seconds} seconds until then are"
        return f"The turret's sound stopped. {kept} kept; what was said later is not recorded."

    # The disk.

    async def _keep(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._unsaved:
                if not await self._save():
                    await asyncio.sleep(RETRY_DISK)
            if self._over.is_set():
                if self._writer is not None:
                    await self._on_disk(self._writer.close)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_EVERY):
                    await self._over.wait()

    async def forget(self, start: float, end: float) -> None:
        """Makes a stretch (seconds) silent, on the disk too. Raises StoreError; what is not on the disk yet is gone."""
        async with self._disk_turn:
            first, last = (max(0, round(at * self.rate) - self._saved) * SAMPLE_BYTES for at in (start, end))
            last = min(last, len(self._unsaved))
            if first < last:
                self._unsaved[first:last] = bytes(last - first)
            if self._on_file:
                writer, self._writer = self._writer, None
                await self._on_disk(lambda: self._rewrite(writer, start, end))

    def _rewrite(self, writer: RecordingWriter | None, start: float, end: float) -> None:
        if writer is not None:
            writer.close()
        self._recordings.forget(f"{self.interaction_id}.rec", [(start, end)])

    async def _save(self) -> bool:
        async with self._disk_turn:
            return await self._save_next(bytes(self._unsaved[:MOST_AT_ONCE]))

    async def _save_next(self, pcm: bytes) -> bool:
        try:
            if self.kept:
                if self._writer is None:
                    self._writer = await self._on_disk(self._open)
                    self._on_file = True
                writer = self._writer
                await self._on_disk(lambda: writer.append(pcm))
        except Exception as error:  # also what nobody thought of: the sound waits, and the trader is told
            if len(self._unsaved) > MOST_UNSAVED:
                # Times must stay right, so nothing is cut out of the middle: the recording ends here.
                del self._unsaved[MOST_UNSAVED:]
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._say(recording=f"The call is not being recorded at the moment: {reason}")
            return False
        del self._unsaved[: len(pcm)]
        self._saved += len(pcm) // SAMPLE_BYTES
        self._say(recording="")
        self._changed()
        await self._acknowledge(self._socket)
        return True

    def _open(self) -> RecordingWriter:
        """The recording begins when the call did: what was not kept until now is silence."""
        writer = self._recordings.writer(self.interaction_id, self.rate, SAMPLE_BYTES // 2)
        while (missing := self._saved - writer.samples) > 0:
            writer.append(bytes(min(missing * SAMPLE_BYTES, MOST_AT_ONCE)))
        return writer

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _say(self, *, audio: str | None = None, recording: str | None = None) -> None:
        before = (self.audio, self.recording)
        self.audio = self.audio if audio is None else audio
        self.recording = self.recording if recording is None else recording
        if before != (self.audio, self.recording):
            self._changed()
