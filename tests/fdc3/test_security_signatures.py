"""Signed contexts and published keys: what is accepted, and everything that must not be."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace
from signed_world import NOW, World

from fdc3.security import (
    Authenticity,
    KeyNotFound,
    PublishedKeys,
    Replays,
    Signer,
    canonical,
    new_signing_key,
    new_symmetric_key,
    new_wrapping_key,
    published,
)
from fdc3.types import Context, Instrument
from fdc3.types.context_metadata import AppProvidableContextMetadata, DetachedSignature

VOD = Instrument(id={"ticker": "VOD"})


def changed(said: AppProvidableContextMetadata, **claims: Any) -> AppProvidableContextMetadata:
    assert said.anti_replay is not None
    return replace(said, anti_replay=replace(said.anti_replay, **claims))


# Signatures


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_a_signed_context_is_accepted_once(world: World, algorithm: str) -> None:
    sender, receiver = world.app("a", algorithm), world.app("b")
    said = sender.signer.sign(VOD)
    first = await receiver.verifier.verify(VOD, said)
    assert first == Authenticity(True, True, True, sender.jku, "a-sig", algorithm)
    assert first.accepted
    again = await receiver.verifier.verify(VOD, said)
    assert (again.valid, again.errors) == (False, ("it was sent before",))


async def test_the_order_of_fields_does_not_matter_but_every_value_does(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    context = Context(type="x", one=1.0, two="€")
    said = sender.signer.sign(context)
    assert (await receiver.verifier.verify(Context({"two": "€", "one": 1, "type": "x"}), said)).accepted
    said = sender.signer.sign(context)
    for tampered in ({"one": 2}, {"two": "e"}, {"three": None}):
        judged = await receiver.verifier.verify(Context(dict(context) | tampered), said)
        assert (judged.signed, judged.valid) == (True, False)
    assert (await receiver.verifier.verify(context, said)).accepted, "what was tampered with used up no name"


async def test_claims_and_header_cannot_be_changed(world: World) -> None:
    sender, receiver, other = world.app("a"), world.app("b"), world.app("c")
    said = sender.signer.sign(VOD)
    for tampered in (changed(said, exp=NOW + 3600), changed(said, jti="another"), changed(said, iat=NOW + 1)):
        assert not (await receiver.verifier.verify(VOD, tampered)).valid
    foreign = other.signer.sign(VOD)
    assert foreign.signature is not None
    assert said.signature is not None
    mixed = replace(said, signature=DetachedSignature(foreign.signature.protected, said.signature.signature))
    assert not (await receiver.verifier.verify(VOD, mixed)).valid


async def test_a_signature_by_another_key_under_a_known_id_is_not_valid(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    impostor = Signer(new_signing_key("a-sig"), sender.jku, clock=lambda: world.now)
    judged = await receiver.verifier.verify(VOD, impostor.sign(VOD))
    assert (judged.valid, judged.errors) == (False, ("the signature is not of this context",))


@pytest.mark.parametrize(
    ("later", "claims", "reason"),
    [
        (301, {}, "too old"),
        (-61, {}, "of the future"),
        (0, {"exp": NOW - 1}, "expired"),
        (0, {"exp": NOW + 10**9}, "too long"),
        (0, {"exp": float("inf")}, "not usable"),
        (0, {"jti": ""}, "not usable"),
    ],
)
async def test_what_is_out_of_time_is_not_valid(
    world: World, later: float, claims: dict[str, Any], reason: str
) -> None:
    sender, receiver = world.app("a"), world.app("b")
    said = changed(sender.signer.sign(VOD), **claims)
    world.now += later
    judged = await receiver.verifier.verify(VOD, said)
    assert not judged.valid
    assert reason in " ".join(judged.errors)


async def test_a_stranger_is_signed_but_not_trusted_and_makes_us_fetch_nothing(world: World) -> None:
    stranger, receiver = world.app("s", trusted=False), world.app("b")
    judged = await receiver.verifier.verify(VOD, stranger.signer.sign(VOD))
    assert (judged.signed, judged.valid, judged.trusted, judged.jku) == (True, False, False, stranger.jku)
    assert world.fetched == []


async def test_no_or_half_a_signature_is_no_signature(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    assert await receiver.verifier.verify(VOD, AppProvidableContextMetadata()) == Authenticity(False)
    said = sender.signer.sign(VOD)
    assert not (await receiver.verifier.verify(VOD, replace(said, anti_replay=None))).valid
    for header in ("", "!!", "bnVsbA", "e30", "W10"):
        nonsense = replace(said, signature=DetachedSignature(header, "x"))
        assert not (await receiver.verifier.verify(VOD, nonsense)).valid


async def test_an_algorithm_of_the_attackers_choice_is_refused(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    said = sender.signer.sign(VOD)
    for alg in ("none", "HS256", "RS256", None, {}):
        header = {"alg": alg, "jku": sender.jku, "kid": "a-sig", "iat": NOW}
        from base64 import urlsafe_b64encode

        protected = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        judged = await receiver.verifier.verify(VOD, replace(said, signature=DetachedSignature(protected, "")))
        assert (judged.valid, judged.errors) == (False, ("the signature's header is not usable",))


def test_names_are_remembered_until_their_end_and_never_without_bound() -> None:
    replays = Replays(most=2)
    assert replays.first_time("one", 10, 0)
    assert not replays.first_time("one", 10, 0)
    assert replays.first_time("two", 20, 0)
    assert not replays.first_time("three", 30, 5)
    assert replays.first_time("three", 30, 11)


def test_a_key_that_cannot_sign_is_refused() -> None:
    key = new_signing_key("k")
    public = type(key).import_key(published(key)["keys"][0])
    for wrong in (public, new_wrapping_key("w")):
        with pytest.raises(ValueError, match="signer"):
            Signer(wrong, "https://a.example/jwks")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="EdDSA or ES256"):
        new_signing_key("k", "HS256")
    with pytest.raises(ValueError, match="secret"):
        published(new_symmetric_key())
    assert "d" not in published(key, new_wrapping_key("w"))["keys"][1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, b"x", {"x": object()}, 10**400])
def test_what_json_cannot_hold_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|large"):
        canonical(value)


# Published keys


async def test_keys_are_fetched_once_and_again_when_they_rotate(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    for _ in range(3):
        assert (await receiver.verifier.verify(VOD, sender.signer.sign(VOD))).accepted
    assert world.fetched == [sender.jku]
    sender.signing = new_signing_key("a-new")
    sender.signer = Signer(sender.signing, sender.jku, clock=lambda: world.now)
    world.publish(sender)
    assert not (await receiver.verifier.verify(VOD, sender.signer.sign(VOD))).valid
    assert len(world.fetched) == 1, "an unknown key does not make us fetch all the time"
    world.now += 31
    assert (await receiver.verifier.verify(VOD, sender.signer.sign(VOD))).accepted
    assert len(world.fetched) == 2
    world.now += 601
    assert (await receiver.verifier.verify(VOD, sender.signer.sign(VOD))).accepted
    assert len(world.fetched) == 3


async def test_many_at_once_fetch_once(world: World) -> None:
    sender, receiver = world.app("a"), world.app("b")
    said = [sender.signer.sign(VOD) for _ in range(10)]
    judged = await asyncio.gather(*(receiver.verifier.verify(VOD, one) for one in said))
    assert all(one.accepted for one in judged)
    assert world.fetched == [sender.jku]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{}", b"[]", b'{"keys": 7}', b'{"keys": [{"kty": "nothing"}]}'])
async def test_what_is_no_key_set_is_told(world: World, content: bytes) -> None:
    sender, receiver = world.app("a"), world.app("b")
    world.sites[sender.jku] = content
    judged = await receiver.verifier.verify(VOD, sender.signer.sign(VOD))
    assert (judged.valid, judged.trusted) == (False, True)
    assert sender.jku in judged.errors[0]


@pytest.mark.parametrize("jku", ["http://a.example/jwks", "file:///etc/passwd", "https://user@a.example/jwks", "jwks"])
async def test_keys_come_by_https_alone(world: World, jku: str) -> None:
    world.trusted.add(jku)
    keys = PublishedKeys(world.trusts, fetch=world.fetch)
    with pytest.raises(KeyNotFound, match="not an https address"):
        await keys.signing_key(jku, "k", "EdDSA")
    assert world.fetched == []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """A real https server whose certificate the system trusts once its file is named."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    pem = tmp_path / "site.pem"
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password)
    pem.write_bytes(private + certificate.public_bytes(encoding))

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/jwks")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            if self.path == "/large":
                with contextlib.suppress(OSError):  # whoever asked hangs up when it has seen enough
                    self.wfile.write(b" " * 100_000)
            else:
                self.wfile.write(json.dumps(published(SITE_KEY)).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    yield lambda path: f"https://127.0.0.1:{server.server_port}{path}"
    server.shutdown()
    thread.join()
    server.server_close()


SITE_KEY = new_signing_key("site")


async def test_keys_are_fetched_from_a_real_server(site: Callable[[str], str]) -> None:
    keys = PublishedKeys(lambda jku, issuer: True)
    assert (await keys.signing_key(site("/jwks"), "site", "EdDSA")).kid == "site"
    for path in ("/moved", "/large"):
        with pytest.raises(KeyNotFound, match="cannot be fetched"):
            await keys.signing_key(site(path), "site", "EdDSA")


async def test_a_server_without_a_good_certificate_is_not_asked(
    site: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(KeyNotFound, match="cannot be fetched"):
        await PublishedKeys(lambda jku, issuer: True).signing_key(site("/jwks"), "site", "EdDSA")
