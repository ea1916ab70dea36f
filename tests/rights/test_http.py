"""What the server's pages give away: nothing by redirects, caches, errors, files or its log."""

from __future__ import annotations

import socket
import ssl
import stat
import warnings

import pytest

from app.sync.protocol import Pull, encode
from tests.rights.conftest import House
from tests.rights.hostile import Office
from tests.rights.test_forgery import signed_in


@pytest.mark.parametrize("address", ["/health/", "/auth/login/", "/sync/", "/nowhere", "/../etc/passwd", "/%00"])
async def test_no_host_that_a_stranger_names_comes_back(office: Office, address: str) -> None:
    answer = await office.client.get(address, headers={"Host": "evil.example", "Origin": "https://evil.example"})
    assert answer.status_code in (404, 405)
    assert "evil.example" not in f"{answer.headers} {answer.text}"
    assert not {"location", "set-cookie", "server", "access-control-allow-origin"} & {*answer.headers}
    assert answer.json()["reason"] in ("There is no such address.", "This address does not take that method.")


async def test_nothing_is_kept_by_caches_on_the_way(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    headers = {"Authorization": f"Bearer {access}"}
    answers = [
        await office.client.post("/sync", content=encode(Pull(0)), headers=headers),
        await office.client.post("/sync", content=b""),
        await desk.form("/auth/refresh", refresh="x.y"),
        await office.client.get("/health"),
    ]
    assert {answer.headers.get("Cache-Control") for answer in answers} == {"no-store"}


@pytest.mark.parametrize("newest", ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"])
def test_tls_before_its_version_1_2_is_refused_by_the_server(house: House, newest: str) -> None:
    # The client would take any, so it is the server that says no.
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version, client.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion[newest]
    host, _, port = house.url.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        if newest in ("TLSv1", "TLSv1_1"):
            # A client that had nothing to offer would say so itself, in other words.
            with pytest.raises(OSError, match=r"ALERT_PROTOCOL_VERSION|EOF occurred|reset by peer"):
                client.wrap_socket(line)
        else:
            with client.wrap_socket(line) as spoken:
                assert spoken.version() == newest.replace("_", ".")


def test_the_servers_secrets_are_its_own_files(house: House) -> None:
    # Who runs as root lets its Postgres pass through, and nobody look in.
    assert not stat.S_IMODE(house.folder.stat().st_mode) & 0o066
    assert stat.S_IMODE((house.folder / "certificate.key").stat().st_mode) == 0o600


async def test_the_log_knows_no_secret_and_no_customer(house: House, office: Office) -> None:
    desk, access = await signed_in(office, "viewer")
    wrong = await desk.form("/auth/login", login="nobody-here\n{}", password="guessed-password")
    assert wrong.status_code == 401
    entry = desk.site.insert("Hidden-table", {"name": "Hidden-name"})
    desk.site.insert("contact", {"name": "Hidden-name"})
    async with desk.talk(access) as talk:
        assert {item.outcome for item in await talk.fates()} == {"rejected"}
    kept = house.log.read_text()
    assert desk.id in kept, "that something was refused is there"
    said = (
        "Hidden-",
        "guessed-password",
        desk.secret,
        access,
        access.rpartition(".")[2],
        entry.record_id,
        "nobody-here",
    )
    assert not [each for each in said if each in kept]
    assert all(house.logged()), "each line is one entry, whatever was sent"
