"""Asking an app directory for its records, and keeping the answer on disk for times without a network."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import importlib
import ssl
from pathlib import Path

import msgspec
from msgspec import Raw

from fdc3.directory.addresses import DirectoryAddress
from fdc3.private_file import write_private

LARGEST_ANSWER = 16 * 1024 * 1024
SECONDS = 20.0
"""For the whole answer."""


class Unreachable(Exception):
    """The directory gave no usable answer; the message says why, for the user."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A directory's last good answer, with what tells whether it is still the newest."""

    url: str
    at: dt.datetime
    etag: str = ""
    modified: str = ""
    answer: Raw


def kept_at(folder: Path, address: DirectoryAddress) -> Path:
    return folder / f"{hashlib.sha256(address.url.encode()).hexdigest()[:24]}.json"


def load(path: Path, address: DirectoryAddress) -> Kept | None:
    """What was kept of this directory; None if nothing usable was. Blocking."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return kept if kept.url == address.url else None


def save(path: Path, kept: Kept) -> None:
    """Whole or not at all; readable by its user alone. Blocking."""
    write_private(path, msgspec.json.encode(kept))


async def fetch(address: DirectoryAddress, known: Kept | None, token: str | None, now: dt.datetime) -> Kept | None:
    """The directory's answer; None if ``known`` is still the newest. Raises ``Unreachable``.

    Redirections are not followed and compressed answers refused: the token goes to this address alone, and the
    answer's size is what was sent.
    """
    await asyncio.to_thread(importlib.import_module, "httpx")  # it takes long, and most desks ask no directory
    import httpx

    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    elif known is not None and known.modified:
        headers["If-Modified-Since"] = known.modified
    # The system's authorities, where a company's own are; httpx brings others. No proxy stands before loopback.
    verify = False if address.url.startswith("http://") else await asyncio.to_thread(ssl.create_default_context)
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(verify=verify, timeout=SECONDS, trust_env=not address.loopback) as client,
            client.stream("GET", address.url, headers=headers) as response,
        ):
            if response.status_code == 304 and known is not None:
                return None
            _check(response.status_code, dict(response.headers))
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise Unreachable(f"its answer is larger than {LARGEST_ANSWER // 1024 // 1024} MB")
            found = response.headers
    except TimeoutError:
        raise Unreachable(f"it did not answer within {SECONDS:.0f} seconds") from None
    except httpx.HTTPError as reason:
        raise Unreachable(str(reason) or type(reason).__name__) from None
    with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        msgspec.json.decode(bytes(body))
        etag, modified = found.get("etag", ""), found.get("last-modified", "")
        return Kept(url=address.url, at=now, etag=etag, modified=modified, answer=Raw(bytes(body)))
    raise Unreachable("its answer is not JSON")


def _check(status: int, headers: dict[str, str]) -> None:
    if 300 <= status < 400:
        raise Unreachable(
            f"it has moved to {headers.get('location', 'another address')}; set that address if it is right"
        )
    if status in (401, 403):
        raise Unreachable("it does not let us in: its token is missing, wrong or too old")
    if status != 200:
        raise Unreachable(f"it answered with status {status}")
    if headers.get("content-encoding", "identity") not in ("", "identity"):
        raise Unreachable("it sends compressed answers only")
