"""Child processes that serve a websocket on loopback: the price feed and the chat service of the demo desk.

The child gets its token through the environment and says where it listens with one JSON line on standard output. It
ends by itself when its parent does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import http
import json
import logging
import os
import secrets
import stat
import sys
import threading
from collections.abc import Mapping, Sequence

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

log = logging.getLogger(__name__)

START_SECONDS = 15.0
STOP_SECONDS = 3.0
_RESTART_DELAYS = (0.2, 1.0, 3.0, 10.0)


class ServiceNotStarted(RuntimeError):
    """The process ended or stayed silent before it said where it listens."""


class LoopbackService:
    """A child process and its address. Restarts the child on the same port and token when it dies."""

    def __init__(self, module: str, *, token_variable: str, arguments: Sequence[str] = ()) -> None:
        self.module = module
        self.token = secrets.token_urlsafe(24)
        self.url = ""
        self._token_variable = token_variable
        self._arguments = tuple(arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> str:
        """Starts the child and returns its URL.

        Raises:
            ServiceNotStarted: it did not come up.
        """
        self.url = await self._spawn(port=0)
        self._watch = asyncio.create_task(self._keep_running(), name=f"watch {self.module}")
        return self.url

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self, port: int) -> str:
        environment = {**os.environ, self._token_variable: self.token}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            "--port",
            str(port),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
            return str(json.loads(line)["ready"])
        except (TimeoutError, ValueError, KeyError, TypeError) as problem:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise ServiceNotStarted(f"{self.module} did not start; its messages are in the log.") from problem

    async def _keep_running(self) -> None:
        attempt = 0
        port = int(self.url.rsplit(":", 1)[1])
        while self._process is not None:
            started = asyncio.get_running_loop().time()
            code = await self._process.wait()
            if asyncio.get_running_loop().time() - started > 60:
                attempt = 0
            log.warning("%s ended with code %s; starting it again", self.module, code)
            await asyncio.sleep(_RESTART_DELAYS[min(attempt, len(_RESTART_DELAYS) - 1)])
            attempt += 1
            try:
                await self._spawn(port)
            except (ServiceNotStarted, OSError) as problem:  # the latter: too many files or processes at the moment
                log.warning("%s could not be started again: %s", self.module, problem)


def announce(url: str) -> None:
    """Tells the parent where this process listens."""
    sys.stdout.write(json.dumps({"ready": url}) + "\n")
    sys.stdout.flush()


def token_from_environment(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """The token that every client must show; ends the process with a sentence when there is none."""
    token = environment.get(variable, "")
    if not token:
        raise SystemExit(f"{variable} is not set: this process is started by Deskline, which sets it.")
    return token


def refusal(connection: ServerConnection, request: Request, token: str) -> Response | None:
    """Refuses web pages (they send an Origin) and clients without the token; None lets the client in."""
    if request.headers.get("Origin") is not None:
        return connection.respond(http.HTTPStatus.FORBIDDEN, "web pages may not connect\n")
    shown = request.headers.get("Authorization", "")
    if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "the token is missing or wrong\n")
    return None


def credentials(token: str) -> dict[str, str]:
    """Request headers that a client of such a process sends."""
    return {"Authorization": f"Bearer {token}"}


async def parent_ended(poll_seconds: float = 0.5) -> None:
    """Returns when the process that started this one is gone.

    The parent's number changes on POSIX; standard input, where it is a pipe, reaches its end everywhere.
    """
    parent = os.getppid()
    at_end = asyncio.Event()
    if sys.stdin is not None and stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop = asyncio.get_running_loop()
        descriptor = sys.stdin.fileno()

        def drain() -> None:
            # os.read and not sys.stdin: a daemon thread must not hold that lock when the interpreter ends.
            while os.read(descriptor, 4096):
                pass
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(at_end.set)

        threading.Thread(target=drain, name="standard input", daemon=True).start()
    while os.getppid() == parent and not at_end.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(poll_seconds):
                await at_end.wait()
