"""App directories at URLs: real answers over real sockets, kept for times offline, refreshed without losing anybody."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from broker_desk import record
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from running import eventually

from fdc3.directory import AppDirectory, AppRecord, Problem
from fdc3.directory.addresses import BadAddress, DirectoryAddress
from fdc3.directory.fetching import LARGEST_ANSWER
from fdc3.directory.following import DirectoryFollower
from fdc3.host import Host
from fdc3.types.metadata import AppIdentifier

INTENTS = {"listensFor": {"ViewNews": {"contexts": ["fdc3.instrument"], "resultType": "fdc3.nothing"}}}


def entry(app_id: str, **more: Any) -> dict[str, Any]:
    return {"appId": app_id, "title": app_id.title(), "type": "web", "details": {"url": "https://x.example"}, **more}


class Site:
    """A directory on loopback: what it answers is set by the test; what it was asked is kept."""

    def __init__(self) -> None:
        self.apps: list[Any] = [entry("news", interop={"intents": INTENTS})]
        self.status, self.extra, self.body = 200, dict[str, str](), b""
        self.asked: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
                body = site.body or msgspec.json.encode({"applications": site.apps, "message": "OK"})
                tag = f'"{hash(body)}"'
                unchanged = site.status == 200 and self.headers.get("If-None-Match") == tag
                self.send_response(304 if unchanged else site.status)
                for name, value in {"ETag": tag, **site.extra}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(0 if unchanged else len(body)))
                self.end_headers()
                if not unchanged:
                    with contextlib.suppress(OSError):  # whoever asked has heard enough
                        self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/appd"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class Told:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.said: list[str] = []

    def refused(self, problem: Problem) -> None:
        self.problems.append(problem)

    def unreachable(self, address: DirectoryAddress, reason: str, kept: dt.datetime | None) -> None:
        self.said.append(f"{reason} ({'kept' if kept else 'nothing kept'})")

    def reached(self, address: DirectoryAddress) -> None:
        self.said.append("again")


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


class Following:
    def __init__(self, site: Site, folder: Path) -> None:
        self.directory = AppDirectory([record("crm")])
        self.told = Told()
        self.address = DirectoryAddress.parse(site.url)
        self.follower = DirectoryFollower(
            self.directory, [self.address], folder, self.told, token=lambda address: "s3cret", refresh_seconds=0.05
        )

    async def ask(self) -> bool:
        return await self.follower.refresh(self.address)

    @property
    def apps(self) -> list[str]:
        return [each.app_id.partition("@")[0] for each in self.directory]


@pytest.fixture
async def following(site: Site, tmp_path: Path) -> AsyncIterator[Following]:
    made = Following(site, tmp_path)
    await made.follower.take_up()
    yield made
    await made.follower.close()


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("https://Appd.Example.com", "https://appd.example.com/v2/apps", "appd.example.com"),
        ("https://a.example:443/api/appd/", "https://a.example/api/appd/v2/apps", "a.example"),
        ("https://a.example:8443/v2/apps", "https://a.example:8443/v2/apps", "a.example:8443"),
        ("http://localhost:3001", "http://localhost:3001/v2/apps", "localhost:3001"),
        ("http://[::1]:9/", "http://[::1]:9/v2/apps", "[::1]:9"),
    ],
)
def test_an_address_names_its_endpoint_and_host(text: str, url: str, host: str) -> None:
    address = DirectoryAddress.parse(text)
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize(
    "text",
    ["http://appd.example.com", "ftp://a.example", "https://", "https://me:pw@a.example", "https://a.example?x=1",
     "https://a.example:99999", "http://127.0.0.1.evil.example", "apps.json"],
)  # fmt: skip
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        DirectoryAddress.parse(text)


async def test_records_have_qualified_ids_and_are_found_by_intent(site: Site, following: Following) -> None:
    assert await following.ask()
    qualified = f"news@127.0.0.1:{site.port}"
    assert [each.app_id for each in following.directory] == ["crm", qualified]
    found = following.directory.get("news")
    assert found is not None
    assert found.app_id == qualified
    handlers = following.directory.handlers("ViewNews", "fdc3.instrument", "fdc3.nothing")
    assert [each.record.app_id for each in handlers] == [qualified]
    assert site.asked[0]["path"] == "/appd/v2/apps"
    assert site.asked[0]["authorization"] == "Bearer s3cret"


async def test_bad_records_are_told_one_by_one_and_once(site: Site, following: Following) -> None:
    site.apps += [{"appId": "half"}, 7, entry("other@elsewhere.example"), entry("news")]
    assert await following.ask()
    assert following.apps == ["crm", "news"]
    told = [(problem.record, problem.reason[:27]) for problem in following.told.problems]
    assert told[0][0] == "half"
    assert told[1][0] == "record 3"
    assert ("other@elsewhere.example", "names another directory tha") in told
    assert ("news", "another record has the same") in told
    site.apps.append(entry("more"))
    assert await following.ask()
    assert following.apps == ["crm", "news", "more"]
    assert len(following.told.problems) == len(told) == 4


async def test_what_is_unchanged_is_not_sent_again(site: Site, following: Following) -> None:
    assert await following.ask()
    assert await following.ask()
    assert "if-none-match" in site.asked[1]
    assert following.apps == ["crm", "news"]


async def test_offline_the_kept_records_are_used(site: Site, following: Following, tmp_path: Path) -> None:
    assert await following.ask()
    [kept] = tmp_path.glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    assert b"s3cret" not in kept.read_bytes()
    site.status, site.body = 500, b"{}"
    later = Following(site, tmp_path)
    await later.follower.take_up()
    assert later.apps == ["crm", "news"]
    assert not await later.ask()
    assert not await later.ask()
    site.status, site.body = 200, b""
    assert await later.ask()
    assert later.told.said == ["it answered with status 500 (kept)", "again"]
    kept.write_text("broken")
    fresh = Following(site, tmp_path)
    await fresh.follower.take_up()
    assert fresh.apps == ["crm"]


@pytest.mark.parametrize(
    ("status", "extra", "body", "reason"),
    [
        (302, {"Location": "https://evil.example"}, b"", "it has moved to https://evil.example"),
        (401, {}, b"", "it does not let us in"),
        (200, {"Content-Encoding": "gzip"}, b"x", "it sends compressed answers only"),
        (200, {}, b"<html>", "its answer is not JSON"),
        (200, {}, b"[" * 100_000, "its answer is not JSON"),
        (200, {}, b" " * (LARGEST_ANSWER + 1), "its answer is larger than 16 MB"),
    ],
    ids=["moved", "no token", "compressed", "a page", "deep", "large"],
)
async def test_other_answers_change_nothing(
    site: Site, following: Following, status: int, extra: dict[str, str], body: bytes, reason: str
) -> None:
    assert await following.ask()
    site.status, site.extra, site.body = status, extra, body
    assert not await following.ask()
    assert following.told.said[0].startswith(reason)
    assert following.apps == ["crm", "news"]


async def test_an_answer_that_is_no_directory_is_told(site: Site, following: Following) -> None:
    site.body = b'{"apps": []}'
    assert await following.ask()
    assert [str(problem.reason) for problem in following.told.problems] == ["has no list of applications"]


async def test_running_instances_outlive_their_record(site: Site, following: Following) -> None:
    assert await following.ask()
    host = Host(following.directory)
    await host.start()
    following.follower.start()
    news = await host.connect_memory(f"news@127.0.0.1:{site.port}")
    site.apps = [entry("weather")]
    await eventually(lambda: following.apps == ["crm", "weather"])
    assert [(each.app_id, each.connected) for each in host.instances()] == [(f"news@127.0.0.1:{site.port}", True)]
    assert len(await news.find_instances(AppIdentifier(f"news@127.0.0.1:{site.port}"))) == 1
    await news.close()
    await host.close()


async def test_a_directory_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    gone = Site()
    gone.close()
    following = Following(gone, tmp_path)
    await following.follower.take_up()
    assert not await following.ask()
    assert not await following.ask()
    assert len(following.told.said) == 1
    assert "nothing kept" in following.told.said[0]


def certificate(folder: Path) -> Path:
    """A key and a certificate that it signed itself, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "site.pem"
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("known", [False, True], ids=["a stranger's certificate", "an authority of the system"])
async def test_a_certificate_must_be_one_that_the_system_trusts(
    known: bool, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    site.url = f"https://localhost:{site.port}"
    following = Following(site, tmp_path)
    await following.follower.take_up()
    assert await following.ask() == known
    assert ("authorization" in str(site.asked)) == known
    assert known or "certificate" in following.told.said[0].lower()


def test_our_own_records_come_first_and_stay() -> None:
    directory = AppDirectory([record("crm")])
    directory.replace("a", [record("crm"), record("x")])
    directory.replace("b", [record("x"), record("y")])
    assert [each.app_id for each in directory] == ["crm", "x", "y"]
    directory.replace("a", [])
    directory.add(msgspec.convert(entry("late"), AppRecord))
    assert [each.app_id for each in directory] == ["crm", "late", "x", "y"]
