"""What the agent answers to plain HTTP: the host page, the App Directory, and nobody else's name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from running import Running
from web_site import web_record

RECORDS = (web_record("one", "https://apps.example/one"), web_record("two@apps.example", "https://apps.example/two"))


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("memory", *RECORDS) as running:
        yield running


async def get(
    running: Running, path: str, method: str = "GET", host: str | None = None, *more: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers (names in lower case) and body."""
    authority = running.host.web.address.removeprefix("http://")
    name, _, port = authority.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port), family=socket.AF_INET)
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host or authority}"] if host != "" else []), *more, "", ""]
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    headers = {key.lower(): value for key, _, value in (field.partition(": ") for field in fields)}
    return int(status.split()[1]), headers, body


async def json(running: Running, path: str) -> tuple[int, Any]:
    status, headers, body = await get(running, path)
    assert headers["content-type"] == "application/json; charset=utf-8"
    return status, msgspec.json.decode(body)


@pytest.mark.parametrize("path", ["/web/host.html", "/web/host.js", "/web/host.css", "/web/clock.js"])
async def test_the_host_page_is_served_and_may_not_be_framed_kept_or_embedded(running: Running, path: str) -> None:
    status, headers, body = await get(running, path)
    assert status == 200
    assert body
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


async def test_the_directory_is_served(running: Running) -> None:
    status, answer = await json(running, "/v2/apps")
    assert status == 200
    assert answer["message"]
    assert [x["appId"] for x in answer["applications"]] == ["one", "two@apps.example"]
    assert answer["applications"][0]["details"] == {"url": "https://apps.example/one"}


@pytest.mark.parametrize(
    ("path", "status", "app_id"),
    [
        ("one", 200, "one"),
        ("one@somewhere", 200, "one"),
        ("two", 200, "two@apps.example"),
        ("two%40apps.example", 200, "two@apps.example"),
        ("two@elsewhere.example", 404, None),
        ("three", 404, None),
        ("", 400, None),
        ("%ff", 400, None),
        ("one/two", 400, None),
        ("..%2Fone", 400, None),
    ],
)
async def test_one_record_is_served(running: Running, path: str, status: int, app_id: str | None) -> None:
    given, answer = await json(running, f"/v2/apps/{path}")
    assert given == status
    assert answer.get("appId") == app_id
    assert app_id or answer["message"]


@pytest.mark.parametrize("path", ["/", "/web", "/web/", "/web/../host.py", "/web/preload.js", "/v2", "/fdc3/x"])
async def test_nothing_else_is_served(running: Running, path: str) -> None:
    status, _, _ = await get(running, path)
    assert status in (403, 404)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "", "evil.example, 127.0.0.1"]
)
@pytest.mark.parametrize("path", ["/web/host.html", "/v2/apps", "/fdc3", "/web"])
async def test_another_host_name_is_refused(running: Running, path: str, host: str) -> None:
    status, _, body = await get(running, path, "GET", host)
    assert status == 421
    assert "apps.example" not in body


async def test_two_host_names_are_refused(running: Running) -> None:
    status, _, _ = await get(running, "/v2/apps", "GET", None, "Host: evil.example")
    assert status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_gets_are_answered(running: Running, method: str) -> None:
    status, _, _ = await get(running, "/v2/apps", method)
    assert status == 405
