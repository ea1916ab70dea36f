"""The app directories of the settings, followed while the desk is open, and what the trader is told of them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from msgspec.structs import replace

from app.access.keys import Keyring, KeyUnavailable, find_backend
from app.services import LocalZone, Notice
from app.settings import Settings
from fdc3.directory import AppDirectory, AppRecord, Problem
from fdc3.directory.addresses import DirectoryAddress
from fdc3.directory.following import DirectoryFollower

log = logging.getLogger(__name__)
FOR_STRANGERS = frozenset({"dock", "preload", "joins"})
"""What a record from a URL may ask of this desk: nothing that names code of ours, or starts by itself."""


def follower(directory: AppDirectory, settings: Settings, notify: Callable[[Notice], None]) -> DirectoryFollower:
    """Follows the directories of the settings; there may be none."""
    return DirectoryFollower(
        directory,
        [DirectoryAddress.parse(text) for text in settings.app_directories],
        settings.root / "directories",
        _Told(notify),
        token=token,
        admit=admit,
    )


def admit(record: AppRecord) -> AppRecord:
    manifest = record.host_manifests.get("deskline")
    if manifest is None:
        return record
    kept = {name: value for name, value in manifest.items() if name in FOR_STRANGERS} if type(manifest) is dict else {}
    return replace(record, host_manifests={**record.host_manifests, "deskline": kept})


def token_name(address: DirectoryAddress) -> str:
    """The name of a directory's bearer token in the keyring."""
    return f"app directory {address.host}"


def token(address: DirectoryAddress) -> str | None:
    """From the system's keyring; None without one, and where it holds none. Blocking."""
    backend = find_backend()
    try:
        return Keyring(backend).get(token_name(address)) if backend is not None else None
    except KeyUnavailable as reason:
        log.info("No token for %s: %s", address.host, reason)
        return None


class _Told:
    def __init__(self, notify: Callable[[Notice], None]) -> None:
        self._notify = notify

    def refused(self, problem: Problem) -> None:
        self._notify(Notice(f"An app cannot be used: {problem.record}.", "warning", str(problem)))

    def unreachable(self, address: DirectoryAddress, reason: str, kept: dt.datetime | None) -> None:
        used = (
            f"Its apps as of {kept.astimezone(LocalZone()):%d %b %H:%M} are used." if kept else "Its apps are missing."
        )
        self._notify(Notice(f"The app directory at {address.host} gives no answer. {used}", "warning", reason))

    def reached(self, address: DirectoryAddress) -> None:
        self._notify(Notice(f"The app directory at {address.host} answers again.", "info"))
