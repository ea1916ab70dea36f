"""Which app a URL belongs to: FDC3's matching of an app's ``identityUrl`` with the directory's ``details.url``.

Source: the standard's "Browser-Resident Desktop Agents", validating app identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from fdc3.directory.records import AppRecord

_PORTS = {"http": 80, "https": 443}
# A browser reads these otherwise than we would ("\" as "/"), or drops them.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class WebAddress:
    origin: str
    """Scheme, host and, unless it is the scheme's own, port: as a browser writes an origin."""
    path: str
    """Without the slash at its end; empty for the root."""
    query: tuple[tuple[str, str], ...]
    fragment: str


def web_address(url: str) -> WebAddress | None:
    """The parts of an http or https URL by which apps are told apart; None for anything else."""
    if _AMBIGUOUS.search(url):
        return None
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return WebAddress(origin, parts.path.removesuffix("/"), query, parts.fragment)


def best_match(url: str, records: Iterable[AppRecord]) -> AppRecord | None:
    """The web app that a URL belongs to.

    Every part that a record's URL has must be in ``url``; the record sharing most parts with it wins, of equals the
    first.
    """
    address = web_address(url)
    if address is None:
        return None
    best, most = None, 0
    for record in records:
        known = record.details.get("url")
        if record.type == "web" and isinstance(known, str) and (score := _score(web_address(known), address)) > most:
            best, most = record, score
    return best


def _score(known: WebAddress | None, given: WebAddress) -> int:
    """How many parts the two share; 0 if a part of ``known`` is missing."""
    if known is None or known.origin != given.origin or not set(known.query) <= set(given.query):
        return 0
    if known.path not in ("", given.path) or known.fragment not in ("", given.fragment):
        return 0
    return 1 + bool(known.path) + bool(known.fragment) + len(set(known.query))
