"""Programs of the desk: native apps that are started with it or when the agent wants them. Lives on the I/O loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from app.access.keys import PASSPHRASE_VARIABLE
from app.desk.manifest import BadManifest, Manifest, manifest_of
from app.services import Notice
from app.settings import Settings
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.launching import ProcessLauncher

log = logging.getLogger(__name__)


class Programs(ProcessLauncher):
    """Those that are started with the desk belong to it: when one ends it is started again."""

    def __init__(self, directory: AppDirectory, settings: Settings, notify: Callable[[Notice], None]) -> None:
        self.withheld: set[str] = {PASSPHRASE_VARIABLE}
        super().__init__(environment={"PYTHONUTF8": "1"}, withheld=self.withheld)
        self.on_exit = self._ended
        self._directory, self._settings, self._notify = directory, settings, notify
        self._host: Host
        self._belonging: dict[str, str] = {}
        self._restarts = 0
        self._leave = False
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, host: Host) -> None:
        """The agent runs. Of the programs that the desk before this one has left, those that belonged to it are given
        up: they are about to begin anew."""
        self._host = host
        for left in host.instances():
            known = self._directory.get(left.app_id)
            if known is not None and with_desk(usable(known)):
                host.instance_gone(left.id)

    async def start(self) -> None:
        """Starts all that belong to the desk."""
        for record in self._directory:
            if record.type == "native" and with_desk(usable(record)) and wanted(record, self._settings):
                await self._start(record.app_id)

    async def restart(self, app_id: str) -> None:
        """One is asked to end, and is started again when it has; one that does not run is started."""
        running = [instance for instance, belongs in self._belonging.items() if belongs == app_id]
        for instance in running:
            self.end(instance)
        if not running:
            await self._start(app_id)

    def leave_ended(self) -> None:
        """The desk is closing: whatever ends is not started again."""
        self._leave = True
        for task in tuple(self._tasks):
            task.cancel()

    async def _start(self, app_id: str) -> None:
        try:
            identifier = await self._host.launch(app_id)
        except Exception as error:
            log.exception("%s could not be started", app_id)
            self._notify(Notice(f"{self._title(app_id)} could not be started.", "error", str(error)))
            return
        self._belonging[identifier.instance_id or ""] = app_id

    def _ended(self, instance_id: str) -> None:
        """What it was doing is told by its apps."""
        self._host.instance_gone(instance_id)
        app_id = self._belonging.pop(instance_id, None)
        if app_id is None or self._leave:
            return
        self._notify(Notice(f"{self._title(app_id)} has stopped and is being started again.", "warning"))
        self._restarts += 1
        asyncio.get_running_loop().call_later(min(0.5 * self._restarts, 30.0), self._start_again, app_id)

    def _start_again(self, app_id: str) -> None:
        if not self._leave:
            task = asyncio.ensure_future(self._start(app_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _title(self, app_id: str) -> str:
        record = self._directory.get(app_id)
        return record.title if record else app_id


def wanted(record: AppRecord, settings: Settings) -> bool:
    """Whether the settings have this program."""
    return {"deskline-turret": settings.turret, "deskline-chat-service": settings.chat}.get(record.app_id, True)


def usable(record: AppRecord) -> Manifest:
    """What the record says to this host; nothing, if it says what cannot be used."""
    try:
        return manifest_of(record)
    except BadManifest as error:
        log.warning("%s", error)
        return Manifest()


def with_desk(manifest: Manifest) -> bool:
    return manifest.start == "with-desk"
