"""Where an app directory is: its endpoint, its host's name, and which of its appIds are its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from fdc3.directory.directory import Problem, read_records
from fdc3.directory.records import AppRecord

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS = {"https": 443, "http": 80}
MOST_RECORDS = 10_000


class BadAddress(ValueError):
    """The text is no address of a directory that may be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class DirectoryAddress:
    """``url`` is the endpoint of all apps (``.../v2/apps``); ``host`` qualifies the directory's appIds."""

    url: str
    host: str
    loopback: bool

    @classmethod
    def parse(cls, text: str) -> DirectoryAddress:
        """Of a directory's base (``https://example.com/api/appd``) or of its endpoint. Raises ``BadAddress``."""
        try:
            parts = urlsplit(text.strip())
            name, port = parts.hostname or "", parts.port
        except ValueError as reason:
            raise BadAddress(f"{text} is not an address: {reason}.") from None
        loopback = name in LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise BadAddress(f"{text} must begin with https://; http:// is for this machine alone.")
        if not name or parts.username or parts.password or parts.query or parts.fragment:
            raise BadAddress(f"{text} must be a plain address, without a user, a query or a fragment.")
        path = parts.path.rstrip("/")
        if not path.endswith("/v2/apps"):
            path = f"{path}/v2/apps"
        shown = f"[{name}]" if ":" in name else name
        host = shown if port in (None, PORTS[parts.scheme]) else f"{shown}:{port}"
        return cls(urlunsplit((parts.scheme, host, path, "", "")), host, loopback)

    def read(self, content: Any) -> tuple[list[AppRecord], list[Problem]]:
        """The records of an answer under fully qualified ids, and what is wrong with the others.

        A record that claims another host's id is refused: it would pass for an app of another directory.
        """
        if not (isinstance(content, dict) and isinstance(content.get("applications"), list)):
            return [], [Problem(self.url, "the answer", "has no list of applications")]
        found, problems = read_records({"applications": content["applications"][:MOST_RECORDS]}, self.url)
        if len(content["applications"]) > MOST_RECORDS:
            problems.append(Problem(self.url, "the answer", f"has more than {MOST_RECORDS:,} records"))
        records: dict[str, AppRecord] = {}
        for record in found:
            name, _, host = record.app_id.partition("@")
            qualified = f"{name}@{self.host}"
            if not name or host not in ("", self.host):
                problems.append(Problem(self.url, record.app_id, f"names another directory than {self.host}"))
            elif qualified in records:
                problems.append(Problem(self.url, record.app_id, "another record has the same appId"))
            else:
                records[qualified] = replace(record, app_id=qualified)
        return list(records.values()), problems
