"""Directories at URLs, followed while the agent runs: first what was kept, then what is new, again and again."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from fdc3.directory.addresses import DirectoryAddress
from fdc3.directory.directory import AppDirectory, Problem
from fdc3.directory.fetching import Kept, Unreachable, fetch, kept_at, load, save
from fdc3.directory.records import AppRecord

logger = logging.getLogger(__name__)
REFRESH_SECONDS = 300.0
RETRY_SECONDS = 30.0


class Followed(Protocol):
    """Who is told about the directories."""

    def refused(self, problem: Problem) -> None:
        """A record cannot be used; told once, not with each refresh."""

    def unreachable(self, address: DirectoryAddress, reason: str, kept: dt.datetime | None) -> None:
        """The directory cannot be asked. ``kept``: how old the records are that are used instead, if there are any."""

    def reached(self, address: DirectoryAddress) -> None:
        """It can be asked again."""


class DirectoryFollower:
    """Keeps an ``AppDirectory`` up to date with directories at URLs. Running instances are not touched by any change.

    ``token`` gives an address's bearer token and may block; ``admit`` takes from a record what a stranger may not say.
    """

    def __init__(
        self,
        directory: AppDirectory,
        addresses: Sequence[DirectoryAddress],
        folder: Path,
        told: Followed,
        *,
        token: Callable[[DirectoryAddress], str | None] = lambda address: None,
        admit: Callable[[AppRecord], AppRecord] = lambda record: record,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        refresh_seconds: float = REFRESH_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._directory, self._addresses, self._folder, self._told = directory, addresses, folder, told
        self._token, self._admit, self._clock = token, admit, clock
        self._refresh, self._retry = refresh_seconds, retry_seconds
        self._kept: dict[DirectoryAddress, Kept] = {}
        self._failing: set[DirectoryAddress] = set()
        self._reported: set[Problem] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def take_up(self) -> None:
        """Uses what was kept when the directories were last asked, in the order of the addresses."""
        for address in self._addresses:
            self._directory.replace(address.url, [])
            kept = await asyncio.to_thread(load, kept_at(self._folder, address), address)
            if kept is not None:
                await self._use(address, kept)

    def start(self) -> None:
        """Begins to ask."""
        self._tasks = [asyncio.create_task(self._follow(address)) for address in self._addresses]

    async def refresh(self, address: DirectoryAddress) -> bool:
        """Asks once; whether it could be asked."""
        known = self._kept.get(address)
        try:
            token = await asyncio.to_thread(self._token, address)
            found = await fetch(address, known, token, self._clock())
        except Unreachable as reason:
            if address not in self._failing:
                self._failing.add(address)
                self._told.unreachable(address, str(reason), known.at if known is not None else None)
            return False
        if address in self._failing:
            self._failing.discard(address)
            self._told.reached(address)
        if found is not None:
            await self._use(address, found)
            try:
                await asyncio.to_thread(save, kept_at(self._folder, address), found)
            except OSError as reason:  # the records are there all the same
                logger.warning("The records of %s cannot be kept: %s", address.host, reason.strerror)
        return True

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, address: DirectoryAddress) -> None:
        while True:
            try:
                reached = await self.refresh(address)
            except Exception:
                logger.exception("Asking the app directory at %s failed", address.host)
                reached = False
            await asyncio.sleep(self._refresh if reached else self._retry)

    async def _use(self, address: DirectoryAddress, kept: Kept) -> None:
        self._kept[address] = kept
        records, problems = await asyncio.to_thread(_read, address, kept)
        self._directory.replace(address.url, [self._admit(record) for record in records])
        for problem in problems:
            if problem not in self._reported:
                self._reported.add(problem)
                self._told.refused(problem)


def _read(address: DirectoryAddress, kept: Kept) -> tuple[list[AppRecord], list[Problem]]:
    return address.read(msgspec.json.decode(kept.answer))
