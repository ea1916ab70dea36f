"""Starting apps: the host's side of ``Launch``, and the launcher for programs of their own process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from fdc3.client.connect import SECRET_VARIABLE, URL_VARIABLE
from fdc3.directory import AppRecord
from fdc3.types.errors import ErrorOnLaunch

logger = logging.getLogger(__name__)


class Launcher(Protocol):
    """Starts the app of a record as the instance ``instance_id``.

    A program of its own connects to ``url`` with ``secret``; an app in this process connects with
    ``host.connect_memory(record.app_id, instance_id=instance_id)``. Raises to say that the app could not be started.
    """

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None: ...


@runtime_checkable
class Ending(Protocol):
    """A launcher that can also end what it started: an app asked to be closed. Raises if it cannot be."""

    def end(self, instance_id: str) -> None:
        """Closes the panel or program of an instance; an instance that it did not start is none of its business."""


class ProcessLauncher:
    """Starts native apps. The secret goes by environment, never by command line, where others could read it.

    Programs inherit our environment but for the names in ``withheld``, which are looked at with each start.
    ``on_exit(instance_id)`` is called when a program has ended (a ``Host`` sets it for its own launcher); ``close``
    ends those still running.
    """

    def __init__(
        self,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        withheld: Collection[str] = (),
    ) -> None:
        self._cwd = cwd
        self._withheld = withheld
        self._environment = dict(environment or {})
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self.on_exit: Callable[[str], None] | None = None

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        path = record.details.get("path")
        if record.type != "native" or not isinstance(path, str) or not path:
            raise ErrorOnLaunch(f"{record.app_id} is not a native app with a path")
        program = sys.executable if path == "python" else path
        arguments = shlex.split(str(record.details.get("arguments") or ""), posix=os.name == "posix")
        inherited = {name: value for name, value in os.environ.items() if name not in self._withheld}
        environment = {**inherited, **self._environment, URL_VARIABLE: url, SECRET_VARIABLE: secret}
        try:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, cwd=self._cwd, env=environment, stdin=asyncio.subprocess.DEVNULL
            )
        except OSError as reason:
            raise ErrorOnLaunch(f"{record.app_id}: {reason.strerror}") from None
        self._processes[instance_id] = process
        watcher = asyncio.create_task(self._watch(record.app_id, instance_id, process))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    @property
    def processes(self) -> dict[str, int]:
        """Process ids by instance id."""
        return {instance_id: process.pid for instance_id, process in self._processes.items()}

    def end(self, instance_id: str) -> None:
        """Asks a program to end; ``on_exit`` follows when it has."""
        process = self._processes.get(instance_id)
        if process is not None:
            _signal(process.terminate)

    async def _watch(self, app_id: str, instance_id: str, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self._processes.pop(instance_id, None)
        logger.info("%s ended with code %s", app_id, code)
        if self.on_exit is not None:
            self.on_exit(instance_id)

    async def close(self, patience: float = 2.0) -> None:
        """Asks the programs to end, and ends those that do not within ``patience`` seconds."""
        running = list(self._processes.values())
        for process in running:
            _signal(process.terminate)
        if self._watchers:
            await asyncio.wait(self._watchers, timeout=patience)
        for process in running:
            if process.returncode is None:
                _signal(process.kill)
        await asyncio.gather(*self._watchers, return_exceptions=True)


def _signal(send: Callable[[], None]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
        send()
