"""Encrypted contexts on a channel, mostly a private one: the sender gives its key to whoever proves to be trusted."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from joserfc.jwk import OctKey, RSAKey

from fdc3.client import Channel, Listener
from fdc3.security.encryption import (
    ENCRYPTED,
    KEY_REQUEST,
    KEY_RESPONSE,
    decrypt,
    encrypt,
    new_symmetric_key,
    unwrap_key,
    wrap_key,
)
from fdc3.security.errors import KeyNotFound, NotDecrypted
from fdc3.security.signing import Authenticity, Signer, Verifier
from fdc3.types.context import Context
from fdc3.types.context_metadata import ContextMetadata

logger = logging.getLogger(__name__)

WAITING: Final = 100
"""Contexts kept until their key comes; beyond these the oldest are given up."""
MOST_KEYS: Final = 100
ASK_AGAIN_SECONDS: Final = 2.0

Handler = Callable[[Context, ContextMetadata, Authenticity], Awaitable[None] | None]
"""Is given the decrypted context, its metadata, and the judgement of its signature."""


class EncryptedSender:
    """Broadcasts encrypted and signed contexts, and answers signed requests for the key."""

    def __init__(self, channel: Channel, signer: Signer, verifier: Verifier) -> None:
        self._channel = channel
        self._signer = signer
        self._verifier = verifier
        self._key = new_symmetric_key()
        self._listener: Listener | None = None

    async def start(self) -> EncryptedSender:
        self._listener = await self._channel.add_context_listener(KEY_REQUEST, self._asked)
        return self

    async def broadcast(self, context: Context) -> None:
        encrypted = encrypt(context, self._key)
        await self._channel.broadcast(encrypted, self._signer.sign(encrypted))

    def renew_key(self) -> None:
        """From now on another key is used; whoever may still read has to ask for it."""
        self._key = new_symmetric_key()

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.unsubscribe()

    async def _asked(self, request: Context, metadata: ContextMetadata) -> None:
        authenticity = await self._verifier.verify(request, metadata)
        if not authenticity.accepted:
            logger.warning("A request for the key was refused: %s", ", ".join(authenticity.errors) or "not signed")
            return
        if request.id.get("kid", self._key.kid) != self._key.kid:
            return
        try:
            reader = await self._verifier.keys.wrapping_key(authenticity.jku)
        except KeyNotFound as reason:
            logger.warning("A request for the key cannot be answered: %s", reason)
            return
        response = wrap_key(self._key, reader, authenticity.jku)
        await self._channel.broadcast(response, self._signer.sign(response))


class EncryptedReceiver:
    """Asks for keys, decrypts, and hands on contexts of ``context_type`` (None: of all types)."""

    def __init__(
        self,
        channel: Channel,
        context_type: str | None,
        handler: Handler,
        *,
        signer: Signer,
        verifier: Verifier,
        wrapping_key: RSAKey,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._context_type = context_type
        self._handler = handler
        self._signer = signer
        self._verifier = verifier
        self._wrapping_key = wrapping_key
        self._monotonic = monotonic
        self._keys: dict[str, OctKey] = {}
        self._asked: dict[str, tuple[float, str]] = {}
        """Keys asked for: when, and of whom, if it is known who signed what they encrypt."""
        self._waiting: deque[tuple[str, Context, ContextMetadata, Authenticity]] = deque(maxlen=WAITING)
        self._listeners: list[Listener] = []

    async def start(self) -> EncryptedReceiver:
        self._listeners = [
            await self._channel.add_context_listener(KEY_RESPONSE, self._answered),
            await self._channel.add_context_listener(ENCRYPTED, self._received),
        ]
        return self

    async def close(self) -> None:
        for listener in self._listeners:
            await listener.unsubscribe()

    async def _received(self, wrapper: Context, metadata: ContextMetadata) -> None:
        if self._context_type not in (None, wrapper.get("originalType")):
            return
        kid = wrapper.id.get("kid")
        if not isinstance(kid, str):
            return
        authenticity = await self._verifier.verify(wrapper, metadata)
        if kid in self._keys:
            await self._hand_on(kid, wrapper, metadata, authenticity)
            return
        self._waiting.append((kid, wrapper, metadata, authenticity))
        now = self._monotonic()
        recent = {name: asked for name, asked in self._asked.items() if now - asked[0] < ASK_AGAIN_SECONDS}
        if kid not in recent:
            self._asked = recent | {kid: (now, authenticity.jku if authenticity.accepted else "")}
            request = Context(type=KEY_REQUEST, id={"kid": kid})
            await self._channel.broadcast(request, self._signer.sign(request))

    async def _answered(self, response: Context, metadata: ContextMetadata) -> None:
        if response.id.get("pki") != self._signer.jku:
            return  # for another reader
        authenticity = await self._verifier.verify(response, metadata)
        if not authenticity.accepted:
            logger.warning("A key was refused: %s", ", ".join(authenticity.errors) or "not signed")
            return
        try:
            key = unwrap_key(response, self._wrapping_key)
        except NotDecrypted as reason:
            logger.warning("A key was refused: %s", reason)
            return
        kid = str(key.kid)
        if kid not in self._asked or kid in self._keys:
            return
        if self._asked[kid][1] not in ("", authenticity.jku):
            logger.warning("A key was refused: it is of another app than what it is for")
            return
        if len(self._keys) >= MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        self._keys[kid] = key
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING)
        for held in waiting:
            if held[0] == kid:
                await self._hand_on(*held)
            else:
                self._waiting.append(held)

    async def _hand_on(self, kid: str, wrapper: Context, metadata: ContextMetadata, authenticity: Authenticity) -> None:
        try:
            context = decrypt(wrapper, self._keys[kid])
        except NotDecrypted as reason:
            logger.warning("An encrypted context was dropped: %s", reason)
            return
        done = self._handler(context, metadata, authenticity)
        if done is not None:
            await done
