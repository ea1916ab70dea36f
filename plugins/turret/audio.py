"""The sound of a call, kept until its reader has acknowledged it, and the websocket that serves it.

Two channels, left the trader and right the client, interleaved: signed 16-bit little endian, or G.711 with a byte a
sample. A frame is an unsigned 64-bit little-endian sample offset followed by samples. ``?from=N`` starts at sample N;
the text frame ``{"ack": N}`` from the reader lets everything before N go; ``{"event": "trouble", "text": "..."}`` says
what is missing of the sound from here on, without a text that all is well again; ``{"event": "end", "samples": N}``
closes the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import logging
import secrets
import struct
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from nlp.audio.g711 import Encoding, sample_bytes

log = logging.getLogger(__name__)

CHANNELS = ("trader", "client")
_DONE_KEPT = 8
_FRAME_SAMPLES = 8000  # at most a second of telephone sound in a frame


class AudioGone(LookupError):
    """The samples asked for were acknowledged before and are no longer kept."""


class CallAudio:
    """Samples of one call: appended by the adapter, read from any offset by the server.

    A sample is one value per channel, so an offset divided by ``rate`` is seconds since the call was answered.
    ``trouble``: a sentence while a part of the sound is missing, else empty; ``told``: that which the reader knows.
    """

    def __init__(self, call: str, rate: int, encoding: Encoding = "s16") -> None:
        self.call = call
        self.rate = rate
        self.encoding: Encoding = encoding
        self.trouble = self.told = ""
        self._sample_bytes = sample_bytes(encoding) * len(CHANNELS)
        self._kept = bytearray()
        self._first = 0
        self._ended = False
        self._grown = asyncio.Event()

    @property
    def samples(self) -> int:
        """How many samples there have been, kept or not."""
        return self._first + len(self._kept) // self._sample_bytes

    @property
    def acknowledged(self) -> int:
        return self._first

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def done(self) -> bool:
        """Ended and read to its end: nothing is lost when it is dropped."""
        return self._ended and not self._kept

    def count(self, sound: bytes) -> int:
        """How many samples these bytes are."""
        return len(sound) // self._sample_bytes

    def append(self, pcm: bytes) -> None:
        if len(pcm) % self._sample_bytes:
            raise ValueError("audio must be appended in whole two-channel samples")
        if self._ended:
            raise ValueError("the call has ended: no audio can be appended")
        self._kept += pcm
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    def acknowledge(self, samples: int) -> None:
        """Lets go of everything before ``samples``."""
        samples = min(samples, self.samples)
        if samples > self._first:
            del self._kept[: (samples - self._first) * self._sample_bytes]
            self._first = samples

    def read(self, offset: int, limit: int = _FRAME_SAMPLES) -> bytes:
        """Up to ``limit`` samples from ``offset``; empty at the present end.

        Raises:
            AudioGone: ``offset`` lies before what is kept.
        """
        if offset < self._first:
            raise AudioGone(f"samples before {self._first} were acknowledged and are no longer kept")
        start = (offset - self._first) * self._sample_bytes
        return bytes(self._kept[start : start + limit * self._sample_bytes])

    async def more(self, offset: int) -> bool:
        """Waits until there are samples after ``offset``; False when the call ended there."""
        while offset >= self.samples:
            if self._ended:
                return False
            await self._grown.wait()
        return True

    def _wake(self) -> None:
        # Whoever waits holds this event; the next wait is on a fresh one.
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class AudioServer:
    """Serves calls on 127.0.0.1, each under its own unguessable token."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[str, CallAudio]] = {}
        self._server: Server | None = None
        self._base = ""

    async def start(self) -> None:
        self._server = await serve(self._serve, "127.0.0.1", 0, process_request=self._admit, compression=None)
        self._base = f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def unread(self) -> bool:
        """Whether some call's audio is not acknowledged to its end."""
        return any(not audio.done for _, audio in self._calls.values())

    def offer(self, audio: CallAudio) -> str:
        """Makes a call readable and gives the address to read it at."""
        # Calls read to their end hold no sound; the last few stay, for a reader that asks once more where the end is.
        done = [call for call, (_, kept) in self._calls.items() if kept.done]
        for call in done[:-_DONE_KEPT]:
            del self._calls[call]
        token = secrets.token_urlsafe(24)
        self._calls[audio.call] = (token, audio)
        return f"{self._base}/audio/{audio.call}?token={token}"

    def _find(self, path: str) -> tuple[CallAudio, int] | None:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        token, audio = self._calls.get(parts.path.removeprefix("/audio/"), ("", None))
        if audio is None or not secrets.compare_digest(query.get("token", [""])[0].encode(), token.encode()):
            return None
        offset = query.get("from", ["0"])[0]
        return (audio, int(offset)) if offset.isdecimal() else None

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Origin") is not None:
            return connection.respond(http.HTTPStatus.FORBIDDEN, "web pages may not connect\n")
        if self._find(request.path) is None:
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "no such call, or a wrong token\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        found = None if socket.request is None else self._find(socket.request.path)
        if found is None:
            return
        audio, offset = found
        reader = asyncio.create_task(self._acknowledgements(socket, audio))
        try:
            while await audio.more(offset):
                if (trouble := audio.trouble) != audio.told:
                    await socket.send(json.dumps({"event": "trouble", "text": trouble}))
                    audio.told = trouble
                pcm = audio.read(offset)
                await socket.send(struct.pack("<Q", offset) + pcm)
                offset += audio.count(pcm)
            await socket.send(json.dumps({"event": "end", "samples": audio.samples}))
            await reader  # the reader acknowledges the end and closes
        except AudioGone as gone:
            await socket.close(1008, str(gone))
        except ConnectionClosed:
            pass
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await reader

    @staticmethod
    async def _acknowledgements(socket: ServerConnection, audio: CallAudio) -> None:
        async for message in socket:
            try:
                samples = json.loads(message)["ack"]
            except (ValueError, KeyError, TypeError):
                await socket.close(1003, 'only {"ack": samples} is understood')
                return
            if isinstance(samples, int):
                audio.acknowledge(samples)
