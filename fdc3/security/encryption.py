"""Encrypted contexts: AES-GCM under a symmetric key, and that key wrapped for one reader (both are compact JWE)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey, RSAKey

from fdc3.security.algorithms import encrypting
from fdc3.security.canonical import canonical
from fdc3.security.errors import NotDecrypted
from fdc3.security.keys import WRAPPING
from fdc3.types.context import Context
from fdc3.types.errors import MalformedContext

ENCRYPTED: Final = "fdc3.security.encryptedContext"
KEY_REQUEST: Final = "fdc3.security.symmetricKeyRequest"
KEY_RESPONSE: Final = "fdc3.security.symmetricKeyResponse"
CONTENT: Final = "A256GCM"
KEY_BYTES: Final = 32
_DIRECT = encrypting("dir", CONTENT)
_WRAPPED = encrypting(WRAPPING, CONTENT)


def new_symmetric_key() -> OctKey:
    """A key for one channel or session, with an id of its own."""
    return OctKey.generate_key(KEY_BYTES * 8, {"kid": str(uuid.uuid4())})


def encrypt(context: Mapping[str, Any], key: OctKey) -> Context:
    """The context in its ``fdc3.security.encryptedContext``: its type and the key's id can be read, the rest cannot."""
    payload = jwe.encrypt_compact({"alg": "dir", "enc": CONTENT}, json.dumps(dict(context)), key, registry=_DIRECT)
    return Context(type=ENCRYPTED, originalType=str(context["type"]), id={"kid": key.kid}, encryptedPayload=payload)


def decrypt(wrapper: Mapping[str, Any], key: OctKey) -> Context:
    """The context in an encrypted one. Raises ``NotDecrypted``."""
    context = _context(_opened(wrapper.get("encryptedPayload"), key, _DIRECT))
    if context.type != wrapper.get("originalType"):
        raise NotDecrypted("the context is of another type than it is labelled")
    return context


def wrap_key(key: OctKey, reader: RSAKey, reader_jku: str) -> Context:
    """The ``fdc3.security.symmetricKeyResponse`` that only the owner of ``reader`` can open. It has to be signed."""
    wrapped = encrypt_for(reader, canonical(key.as_dict(private=True)))
    return Context(type=KEY_RESPONSE, id={"kid": reader.kid, "pki": reader_jku}, wrappedKey=wrapped)


def unwrap_key(response: Mapping[str, Any], private: RSAKey) -> OctKey:
    """The key in a ``fdc3.security.symmetricKeyResponse``. Raises ``NotDecrypted``."""
    try:
        key = OctKey.import_key(json.loads(decrypt_with(private, response.get("wrappedKey"))))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, JoseError):
        raise NotDecrypted("what was wrapped is no key") from None
    if len(key.raw_value) != KEY_BYTES or not key.kid:
        raise NotDecrypted(f"a key for {CONTENT} has {KEY_BYTES} bytes and an id")
    return key


def encrypt_for(reader: RSAKey, data: bytes) -> str:
    """``data`` as a compact JWE for the owner of a published key."""
    header = {"alg": WRAPPING, "enc": CONTENT, "kid": reader.kid}
    return jwe.encrypt_compact(header, data, reader, registry=_WRAPPED)


def decrypt_with(private: RSAKey, text: object) -> bytes:
    """What was encrypted for us. Raises ``NotDecrypted``."""
    return _opened(text, private, _WRAPPED)


def _opened(text: object, key: OctKey | RSAKey, registry: JWERegistry) -> bytes:
    if not isinstance(text, str):
        raise NotDecrypted("there is nothing encrypted in it")
    try:
        plain = jwe.decrypt_compact(text, key, registry=registry).plaintext
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotDecrypted("it is not encrypted for this key, or was changed") from None
    return plain or b""


def _context(data: bytes) -> Context:
    try:
        return Context.decode(data)
    except MalformedContext:
        raise NotDecrypted("what was encrypted is no context") from None
