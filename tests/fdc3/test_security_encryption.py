"""Encrypted contexts, and the keys of private channels: who can read them, and everybody who must not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from running import Running, eventually
from signed_world import App, World

from fdc3.client import PrivateChannel
from fdc3.security import (
    Authenticity,
    EncryptedReceiver,
    EncryptedSender,
    NotDecrypted,
    decrypt,
    encrypt,
    new_symmetric_key,
    new_wrapping_key,
    unwrap_key,
    wrap_key,
)
from fdc3.types import Context, ContextMetadata, Instrument

VOD = Instrument(id={"ticker": "VOD"})


def test_an_encrypted_context_shows_its_type_alone() -> None:
    key = new_symmetric_key()
    wrapper = encrypt(VOD, key)
    assert set(wrapper) == {"type", "originalType", "id", "encryptedPayload"}
    assert (wrapper["originalType"], wrapper.id) == ("fdc3.instrument", {"kid": key.kid})
    assert "VOD" not in json.dumps(wrapper)
    assert decrypt(wrapper, key) == VOD
    assert isinstance(decrypt(wrapper, key), Instrument)


def test_only_the_right_key_opens_what_nobody_changed() -> None:
    key = new_symmetric_key()
    wrapper = encrypt(VOD, key)
    text = wrapper["encryptedPayload"]
    head, _, _, body, tag = text.split(".")
    flipped = ("A" if body[0] != "A" else "B") + body[1:]
    iv = text.split(".")[2]
    for changes in (
        {"encryptedPayload": f"{head}..{iv}.{flipped}.{tag}"},
        {"encryptedPayload": "nonsense"},
        {"encryptedPayload": None},
        {"originalType": "fdc3.contact"},
    ):
        with pytest.raises(NotDecrypted):
            decrypt(dict(wrapper) | changes, key)
    with pytest.raises(NotDecrypted):
        decrypt(wrapper, new_symmetric_key())


def test_a_wrapped_key_is_for_its_reader_alone() -> None:
    key, reader = new_symmetric_key(), new_wrapping_key("w")
    response = wrap_key(key, reader, "https://b.example/jwks")
    assert response.id == {"kid": "w", "pki": "https://b.example/jwks"}
    assert unwrap_key(response, reader).raw_value == key.raw_value
    for changed_response, private in ((response, new_wrapping_key("w")), ({"wrappedKey": "x"}, reader), ({}, reader)):
        with pytest.raises(NotDecrypted):
            unwrap_key(changed_response, private)


# On channels


class Heard(list[Any]):
    def __call__(self, context: Context, metadata: ContextMetadata, authenticity: Authenticity) -> None:
        self.append(context)
        self.authenticity = authenticity


@pytest.fixture
async def channels() -> AsyncIterator[tuple[PrivateChannel, PrivateChannel]]:
    """Both ends of a private channel, on a real agent."""
    async with Running("memory") as running:
        pricing, crm = await running.connect_all("pricing", "crm")
        mine: list[PrivateChannel] = []

        async def prices(context: Context, metadata: ContextMetadata) -> PrivateChannel:
            mine.append(await pricing.create_private_channel())
            return mine[0]

        await pricing.add_intent_listener("ViewQuote", prices)
        theirs = await (await crm.raise_intent("ViewQuote", VOD, pricing.app)).get_result()
        assert isinstance(theirs, PrivateChannel)
        yield mine[0], theirs


Ends = tuple[PrivateChannel, PrivateChannel]


async def receiver_on(channel: PrivateChannel, app: App, heard: Heard, kind: str | None = None) -> EncryptedReceiver:
    receiver = EncryptedReceiver(
        channel, kind, heard, signer=app.signer, verifier=app.verifier, wrapping_key=app.wrapping
    )
    return await receiver.start()


async def test_a_trusted_reader_gets_the_key_and_everything_sent_before(world: World, channels: Ends) -> None:
    prices, reader = world.app("prices"), world.app("reader")
    heard, contacts = Heard(), Heard()
    sender = await EncryptedSender(channels[0], prices.signer, prices.verifier).start()
    receiver = await receiver_on(channels[1], reader, heard)
    other = await receiver_on(channels[1], reader, contacts, "fdc3.contact")
    seen: list[Context] = []
    await channels[1].add_context_listener(None, lambda context, _: seen.append(context))
    for number in range(3):
        await sender.broadcast(Context(type="fdc3.valuation", value=number))
    await eventually(lambda: len(heard) == 3)
    assert [context["value"] for context in heard] == [0, 1, 2]
    assert heard.authenticity.accepted
    assert heard.authenticity.jku == prices.jku
    assert {context.type for context in seen} == {
        "fdc3.security.encryptedContext",
        "fdc3.security.symmetricKeyResponse",
    }
    sender.renew_key()
    await sender.broadcast(Context(type="fdc3.valuation", value=3))
    await eventually(lambda: len(heard) == 4)
    assert contacts == []
    for part in (sender, receiver, other):
        await part.close()


async def test_a_stranger_gets_no_key(world: World, channels: Ends, caplog: pytest.LogCaptureFixture) -> None:
    prices, stranger = world.app("prices"), world.app("stranger", trusted=False)
    heard = Heard()
    sender = await EncryptedSender(channels[0], prices.signer, prices.verifier).start()
    receiver = await receiver_on(channels[1], stranger, heard)
    await sender.broadcast(VOD)
    await eventually(lambda: "refused" in caplog.text)
    assert heard == []
    await sender.close()
    await receiver.close()


async def test_a_key_from_somebody_else_is_not_taken(
    world: World, channels: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    """Another trusted app on the channel answers for the sender, with a key of its own under the same id."""
    prices, reader, meddler = world.app("prices"), world.app("reader"), world.app("meddler")
    heard = Heard()
    key = new_symmetric_key()
    receiver = await receiver_on(channels[1], reader, heard)
    encrypted = encrypt(VOD, key)
    asked: list[Context] = []
    await channels[0].add_context_listener(
        "fdc3.security.symmetricKeyRequest", lambda context, _: asked.append(context)
    )
    await channels[0].broadcast(encrypted, prices.signer.sign(encrypted))
    await eventually(lambda: asked)
    for app in (meddler, prices):
        response = wrap_key(key, reader.wrapping, reader.jku)
        await channels[0].broadcast(response, app.signer.sign(response))
        if app is meddler:
            await eventually(lambda: "another app" in caplog.text)
            assert heard == []
    await eventually(lambda: heard)
    await receiver.close()
