"""The simulated chat service: ``python -m plugins.chat.service``.

A websocket on loopback where customers write what a dialogue file says (format: header and turns), in real time or
faster; the trader's turns of the file appear as typed by the trader, who may also write. Reads its token from
DESKLINE_CHAT_TOKEN and ends with its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from app.market.loopback import announce, parent_ended, refusal, token_from_environment
from nlp.dialogue_file import BadDialogueFile, load
from nlp.language.model import Dialogue
from plugins.chat.protocol import (
    Arrived,
    Message,
    Party,
    Play,
    Refused,
    Snapshot,
    Thread,
    ToClient,
    ToService,
    Who,
)

TOKEN_VARIABLE = "DESKLINE_CHAT_TOKEN"
SERVICE = "demo-chat"
LONGEST_MESSAGE = 8000

log = logging.getLogger(__name__)


class ChatServer:
    """Keeps conversations in memory and plays dialogues into them.

    Times of played messages are those of the dialogue counted from its start, whatever the speed.
    """

    def __init__(self) -> None:
        self._threads: dict[str, Thread] = {}
        self._clients: set[ServerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_client = asyncio.Event()
        self._encode = msgspec.json.Encoder().encode

    async def serve_client(self, socket: ServerConnection) -> None:
        decoder = msgspec.json.Decoder(ToService)
        try:
            # Written at once, not awaited: a message that came meanwhile would be in neither.
            broadcast({socket}, self._encode(Snapshot(list(self._threads.values()))).decode())
            self._clients.add(socket)
            self._first_client.set()
            async for raw in socket:
                try:
                    asked = decoder.decode(raw)
                except (msgspec.DecodeError, UnicodeError) as problem:
                    await self._tell(socket, Refused(f"The chat service did not understand a request: {problem}."))
                    continue
                await self._do(socket, asked)
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(socket)

    async def play_when_joined(self, dialogue: Path, speed: float) -> None:
        """Plays a dialogue once somebody is there to read it."""
        await self._first_client.wait()
        self._start(load(dialogue), speed)

    async def _do(self, socket: ServerConnection, asked: ToService) -> None:
        if isinstance(asked, Play):
            try:
                dialogue = await asyncio.to_thread(load, Path(asked.dialogue))
            except BadDialogueFile as problem:
                await self._tell(socket, Refused(str(problem)))
                return
            self._start(dialogue, asked.speed)
            return
        thread = self._threads.get(asked.thread)
        text = asked.text.strip()
        if thread is None or not text or len(text) > LONGEST_MESSAGE:
            reason = "is too long" if len(text) > LONGEST_MESSAGE else "has no text or no conversation"
            await self._tell(socket, Refused(f"The message was not sent: it {reason}."))
            return
        # Within a played dialogue time runs as it does there.
        last = thread.messages[-1].at if thread.messages else None
        at = max(filter(None, (dt.datetime.now(dt.UTC), last)))
        self._write(thread, "trader", at, text, asked.nonce)

    def _start(self, dialogue: Dialogue, speed: float) -> None:
        task = asyncio.create_task(self._play(dialogue, max(speed, 0.01)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(self, dialogue: Dialogue, speed: float) -> None:
        client = dialogue.header.client
        handle = client.handle or client.contact.lower().replace(" ", ".")
        thread = Thread(uuid.uuid4().hex, SERVICE, Party(handle, client.contact, client.organization), [])
        self._threads[thread.id] = thread
        loop = asyncio.get_running_loop()
        began, started = loop.time(), dt.datetime.now(dt.UTC)
        for turn in dialogue.turns:
            await asyncio.sleep(max(0.0, began + turn.start / speed - loop.time()))
            self._write(thread, turn.who, started + dt.timedelta(seconds=turn.start), turn.text, None)

    def _write(self, thread: Thread, who: Who, at: dt.datetime, text: str, nonce: str | None) -> None:
        message = Message(len(thread.messages), who, at, text, nonce)
        thread.messages.append(message)
        arrived = Arrived(thread.id, thread.service, thread.party, message)
        broadcast(self._clients, self._encode(arrived).decode())

    async def _tell(self, socket: ServerConnection, told: ToClient) -> None:
        await socket.send(self._encode(told).decode())


async def run(port: int, dialogues: Sequence[Path], speed: float) -> None:
    token = token_from_environment(TOKEN_VARIABLE)
    chat = ChatServer()

    def guard(connection: ServerConnection, request: Request) -> Response | None:
        return refusal(connection, request, token)

    async with serve(chat.serve_client, "127.0.0.1", port, process_request=guard, compression=None) as server:
        playing = [asyncio.create_task(chat.play_when_joined(dialogue, speed)) for dialogue in dialogues]
        announce(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await parent_ended()
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="plugins.chat.service", description="Simulated chat service.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--play", type=Path, action="append", default=[], metavar="YAML", help="dialogue to play")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="play N times as fast")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="chat service: %(message)s")
    for path in options.play:
        try:
            load(path)
        except BadDialogueFile as problem:
            parser.error(str(problem))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(options.port, options.play, options.speed))


if __name__ == "__main__":
    main()
