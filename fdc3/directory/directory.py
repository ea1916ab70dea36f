"""Loading and looking up app records."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fdc3.directory.records import AppRecord, ListensFor


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be used, and why. The other records are not affected."""

    path: Path | str
    """The file, or a directory's address."""
    record: str
    """The record's appId, or its place in the file."""
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.record}: {self.reason}"


@dataclass(frozen=True, slots=True)
class IntentHandler:
    """A record's declaration that the app handles an intent."""

    record: AppRecord
    intent: str
    listens_for: ListensFor


class AppDirectory:
    """App records by appId. The order of records is the order of answers: our own first, then those of each source.

    A change makes a new table, so that whoever goes through the records, on any thread, sees one state.
    """

    def __init__(self, records: Iterable[AppRecord] = (), problems: Iterable[Problem] = ()) -> None:
        self._own: dict[str, AppRecord] = {}
        self._sources: dict[str, Sequence[AppRecord]] = {}
        self._watchers: list[Callable[[], None]] = []
        self.problems: list[Problem] = list(problems)
        for record in records:
            self._own.setdefault(record.app_id, record)
        self._merge()

    @classmethod
    def load(cls, *paths: Path) -> AppDirectory:
        """Reads records from files, and from every ``*.json`` directly in folders.

        A file holds one record, a list of records, or an App Directory answer (``{"applications": [...]}``). Whatever
        cannot be used is listed in ``problems``; the first record of an appId wins.
        """
        directory = cls()
        for path in paths:
            for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
                directory._load_file(file)
        directory._merge()
        return directory

    def _load_file(self, path: Path) -> None:
        try:
            content = msgspec.json.decode(path.read_bytes())
        except OSError as reason:
            self.problems.append(Problem(path, "the file", f"cannot be read: {reason.strerror}"))
            return
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as reason:
            self.problems.append(Problem(path, "the file", f"is not JSON: {reason}"))
            return
        records, problems = read_records(content, path, self._own)
        self.problems += problems
        self._own.update((record.app_id, record) for record in records)

    def _merge(self) -> None:
        merged = dict(self._own)
        for records in self._sources.values():
            for record in records:
                merged.setdefault(record.app_id, record)
        self._records = merged
        handlers: dict[str | None, list[IntentHandler]] = {None: []}
        for record in merged.values():
            for intent, listens_for in record.interop.intents.listens_for.items():
                handler = IntentHandler(record, intent, listens_for)
                handlers[None].append(handler)
                handlers.setdefault(intent, []).append(handler)
        self._handlers = handlers
        for changed in self._watchers:
            changed()

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls back after every change, on the thread that made it."""
        self._watchers.append(changed)

    def __iter__(self) -> Iterator[AppRecord]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: AppRecord) -> None:
        """Adds a record, or replaces the one with its appId."""
        self._own[record.app_id] = record
        self._merge()

    def replace(self, source: str, records: Sequence[AppRecord]) -> None:
        """What a source of records (its name is up to the caller) has now, in place of what it had before."""
        self._sources[source] = records
        self._merge()

    def get(self, app_id: str) -> AppRecord | None:
        """The record of an appId. Either side may be fully qualified (``app@host``); of several matches the first."""
        exact = self._records.get(app_id)
        return exact or next((record for record in self if same_app(app_id, record.app_id)), None)

    def handlers(
        self, intent: str | None = None, context_type: str | None = None, result_type: str | None = None
    ) -> list[IntentHandler]:
        """The declared handlers of an intent (None: of every intent) that take the context and return the result."""
        return [
            handler
            for handler in self._handlers.get(intent, ())
            if handler.listens_for.takes(context_type) and handler.listens_for.returns(result_type)
        ]


def same_app(one: str, other: str) -> bool:
    """Whether two appIds may name one app: equal, or equal but for a host that only one of them names."""
    return one == other or ("@" in one) != ("@" in other) and one.partition("@")[0] == other.partition("@")[0]


def read_records(content: Any, where: Path | str, taken: Container[str] = ()) -> tuple[list[AppRecord], list[Problem]]:
    """The usable records of one record, a list, or an App Directory answer; and what is wrong with each of the others.

    ``taken`` are the appIds there are already; the first record of an appId wins.
    """
    records: dict[str, AppRecord] = {}
    problems = []
    for place, value in enumerate(_entries(content)):
        name = value.get("appId") if isinstance(value, dict) else None
        label = name if isinstance(name, str) else f"record {place + 1}"
        try:
            record = msgspec.convert(value, AppRecord)
        except (msgspec.ValidationError, RecursionError) as reason:
            problems.append(Problem(where, label, str(reason)))
            continue
        if record.app_id in taken or record.app_id in records:
            problems.append(Problem(where, label, "another record has the same appId"))
        else:
            records[record.app_id] = record
    return list(records.values()), problems


def _entries(content: Any) -> list[Any]:
    if isinstance(content, dict) and isinstance(content.get("applications"), list):
        return list(content["applications"])
    return content if isinstance(content, list) else [content]
