"""Who the user is: ``GetUser`` raised through the agent, and whom its answer is for."""

from __future__ import annotations

import json

import pytest
from broker_desk import record
from running import Running
from signed_world import NOW, App, World

from fdc3.client import DesktopAgent
from fdc3.security import Authenticity, IdentityProvider, Replays, TokenRejected, read_user, user_request
from fdc3.security.users import GET_USER
from fdc3.types import Context, ContextMetadata, Instrument, errors

VOD = Instrument(id={"ticker": "VOD"})
JANE = "jane@example.com"
RECORDS = (record("idp", GetUser=["fdc3.security.userRequest"]), record("asking"), record("other"))


async def serve_users(agent: DesktopAgent, idp: App) -> None:
    """The identity provider as an app of the desk."""
    provider = IdentityProvider(idp.signer, idp.origin, idp.keys)

    async def answer(request: Context, metadata: ContextMetadata) -> Context:
        return await provider.answer(request, await idp.verifier.verify(request, metadata), JANE)

    await agent.add_intent_listener(GET_USER, answer)


@pytest.mark.parametrize("transport", ["memory", "websocket"])
async def test_an_app_learns_through_the_agent_who_the_user_is(transport: str, world: World) -> None:
    idp, asking, other = world.app("idp"), world.app("asking"), world.app("other", "ES256")
    async with Running(transport, *RECORDS) as running:
        provider, app = await running.connect_all("idp", "asking")
        await serve_users(provider, idp)
        request = user_request(asking.origin)
        resolution = await app.raise_intent(GET_USER, request, metadata=asking.signer.sign(request))
        assert resolution.source == provider.app
        answer = await resolution.get_result()
    assert isinstance(answer, Context)
    assert answer.type == "fdc3.security.user"
    assert JANE not in json.dumps(answer)
    arguments = (asking.keys, asking.origin, asking.replays)
    with pytest.raises(TokenRejected, match="not encrypted for this key"):
        await read_user(answer, other.wrapping, *arguments, clock=lambda: world.now)
    claims = await read_user(answer, asking.wrapping, *arguments, clock=lambda: world.now)
    assert (claims.sub, claims.iss, claims.aud) == (JANE, idp.origin, asking.origin)
    assert claims.iat <= world.now < claims.exp
    assert idp.jku in world.fetched, "the token's signature was verified by the provider's published key"


async def test_a_request_that_is_unsigned_changed_or_sent_again_is_answered_with_an_error(world: World) -> None:
    idp, asking = world.app("idp"), world.app("asking")
    async with Running("websocket", *RECORDS) as running:
        provider, app, thief = await running.connect_all("idp", "asking", "other")
        await serve_users(provider, idp)
        request = user_request(asking.origin)
        signed = asking.signer.sign(request)
        assert await (await app.raise_intent(GET_USER, request, metadata=signed)).get_result()
        for said, metadata in (
            (request, None),
            (user_request("https://other.example"), asking.signer.sign(request)),
            (request, signed),
        ):
            with pytest.raises(errors.IntentHandlerRejected):
                await (await thief.raise_intent(GET_USER, said, metadata=metadata)).get_result()


async def asked_and_answered(world: World, user: str = JANE) -> tuple[App, App, Context]:
    idp, asking = world.app("idp"), world.app("asking")
    request = user_request(asking.origin)
    authenticity = await idp.verifier.verify(request, asking.signer.sign(request))
    answer = await IdentityProvider(idp.signer, idp.origin, idp.keys).answer(request, authenticity, user)
    return idp, asking, answer


async def test_the_asking_app_alone_learns_who_the_user_is_and_once(world: World) -> None:
    _, asking, answer = await asked_and_answered(world)
    assert set(answer) == {"type", "wrappedJwt"}
    read = {"clock": lambda: world.now}
    claims = await read_user(answer, asking.wrapping, asking.keys, asking.origin, asking.replays, **read)
    assert (claims.sub, claims.iss, claims.aud) == (JANE, "https://idp.example", asking.origin)
    with pytest.raises(TokenRejected, match="before"):
        await read_user(answer, asking.wrapping, asking.keys, asking.origin, asking.replays, **read)
    other = world.app("other")
    with pytest.raises(TokenRejected, match="not encrypted for this key"):
        await read_user(answer, other.wrapping, other.keys, other.origin, Replays(), **read)
    with pytest.raises(TokenRejected, match="another app"):
        await read_user(answer, asking.wrapping, asking.keys, other.origin, Replays(), **read)


async def test_a_user_is_not_believed_late_or_from_an_untrusted_issuer(world: World) -> None:
    idp, asking, answer = await asked_and_answered(world)

    async def read() -> None:
        arguments = (asking.wrapping, asking.keys, asking.origin, Replays())
        await read_user(answer, *arguments, clock=lambda: world.now)

    world.issuers.clear()
    with pytest.raises(TokenRejected, match="not trusted to say"):
        await read()
    world.issuers.add(idp.origin)
    world.now += 301
    with pytest.raises(TokenRejected, match="not valid now"):
        await read()
    world.now -= 301
    world.trusted.discard(idp.jku)
    with pytest.raises(TokenRejected, match="not trusted"):
        await read()


async def test_nobody_is_told_the_user_in_anothers_name(world: World) -> None:
    idp, asking, other = world.app("idp"), world.app("asking"), world.app("other")
    provider = IdentityProvider(idp.signer, idp.origin, idp.keys)
    request = user_request(asking.origin)
    stolen = await idp.verifier.verify(request, other.signer.sign(request))
    with pytest.raises(TokenRejected, match="another app"):
        await provider.answer(request, stolen, "jane")
    with pytest.raises(TokenRejected, match="not signed"):
        await provider.answer(request, Authenticity(False), "jane")
    with pytest.raises(TokenRejected, match="no request"):
        await provider.answer(VOD, stolen, "jane")


async def test_the_reference_implementations_form_of_a_user_is_read_too(world: World) -> None:
    from joserfc import jwt

    from fdc3.security.algorithms import signing
    from fdc3.security.encryption import encrypt_for

    idp, asking = world.app("idp"), world.app("asking")
    claims = {"iss": idp.origin, "sub": "jane", "aud": asking.origin, "exp": NOW + 60, "iat": NOW, "jti": "1"}
    header = {"alg": "EdDSA", "jku": idp.jku, "kid": "idp-sig"}
    user = {
        "type": "fdc3.security.user",
        "wrappedJwt": jwt.encode(header, claims, idp.signing, registry=signing("EdDSA")),
    }
    sealed = encrypt_for(asking.wrapping, json.dumps(user).encode())
    answer = Context(type="fdc3.security.encryptedContext", originalType=user["type"], encryptedPayload=sealed)
    arguments = (asking.wrapping, asking.keys, asking.origin, asking.replays)
    assert (await read_user(answer, *arguments, clock=lambda: world.now)).sub == "jane"
    for broken in ({**user, "wrappedJwt": "a.b.c"}, {**user, "type": "x"}, {"type": "fdc3.security.user"}):
        sealed = encrypt_for(asking.wrapping, json.dumps(broken).encode())
        with pytest.raises(TokenRejected):
            await read_user(dict(answer) | {"encryptedPayload": sealed}, *arguments, clock=lambda: world.now)
