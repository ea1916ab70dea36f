"""Addresses of servers."""

from __future__ import annotations

from urllib.parse import urlsplit


class BadServerAddress(ValueError):
    """The text is not an address of a server; ``str()`` says how one looks."""


def server_address(text: str) -> str:
    """The address as it is used: https, or http on this machine. Raises BadServerAddress."""
    given = text.strip().rstrip("/")
    parts = urlsplit(given if "://" in given else f"https://{given}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    local = host in ("127.0.0.1", "localhost", "::1")
    if not host or parts.scheme not in ("https", "http") or parts.path or parts.query or parts.username:
        raise BadServerAddress("A server's address looks like https://deskline.example.com:8455.")
    if parts.scheme == "http" and not local:
        raise BadServerAddress("A server on another machine is reached by https:// only.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
