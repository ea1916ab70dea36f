"""Bridged agents for tests: real hosts on a real bridge, every bridging message checked by the official schemas."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from typing import Any

import msgspec
import schemas
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from running import RECORDS, Running, eventually

from fdc3.bridge.client import BridgeClient
from fdc3.bridge.hub import Hub, Timeouts
from fdc3.bridge.outgoing import Patience
from fdc3.bridge.server import BridgeServer
from fdc3.bridge.tokens import TokenKeys

FOLDER = schemas.CACHE / "node_modules/@finos/fdc3-schema/dist/schemas/bridging"
STEPS = {
    "hello": "connectionStep2Hello",
    "handshake": "connectionStep3Handshake",
    "authenticationFailed": "connectionStep4AuthenticationFailed",
    "connectedAgentsUpdate": "connectionStep6ConnectedAgentsUpdate",
}


@functools.cache
def _registry() -> Registry[Any]:
    known = schemas._registry("2.2")
    found = [schemas._mend(json.loads(file.read_text())) for file in FOLDER.glob("*.json")]
    return known.with_resources((s["$id"], Resource.from_contents(s, default_specification=DRAFT7)) for s in found)


@functools.cache
def _validator(name: str) -> Draft7Validator:
    uri = f"https://fdc3.finos.org/schemas/next/bridging/{name}.schema.json"
    return Draft7Validator({"$ref": uri}, registry=_registry(), format_checker=schemas.FORMATS)


def check_bridging(data: bytes | str, side: str) -> dict[str, Any]:
    """Raises ``jsonschema.ValidationError`` unless a message of the "Agent" or the "Bridge" is by the standard."""
    message: dict[str, Any] = msgspec.json.decode(data)
    kind = message["type"]
    if not kind.endswith("Response") and "error" in message["payload"]:
        name = "bridgeErrorResponse"
    elif kind in STEPS:
        name = STEPS[kind]
    elif kind.startswith("PrivateChannel."):
        event = kind.removeprefix("PrivateChannel.")
        name = f"privateChannel{event[0].upper()}{event[1:]}{side}Request"
    elif kind.endswith("Request"):
        name = kind.removesuffix("Request") + side + "Request"
    else:
        error = "Error" if "error" in message["payload"] else ""
        name = f"{kind.removesuffix('Response')}{side}{error}Response"
    if "error" in message["payload"] and not (FOLDER / f"{name}.schema.json").exists():
        name = "bridgeErrorResponse"  # the answer to a message of no known type
    _validator(name).validate(message)
    return message


class Bridged:
    """A bridge, and hosts joined to it by name."""

    def __init__(self, *, keys: TokenKeys | None = None, timeouts: Timeouts | None = None) -> None:
        self.hub = Hub(authority=keys, timeouts=timeouts)
        self.server = BridgeServer(self.hub, ports=[0])
        self.url = ""
        self.desks: dict[str, Running] = {}
        self.clients: dict[str, BridgeClient] = {}
        self.invalid: list[Exception] = []

    async def __aenter__(self) -> Bridged:
        self.url = await self.server.start()
        return self

    async def desk(self, name: str, *records: Any, keys: TokenKeys | None = None, **options: Any) -> Running:
        """A running host; ``join`` follows."""
        running = Running("memory", *(records or RECORDS), **options)
        await running.__aenter__()
        self.desks[name] = running
        client = BridgeClient(
            running.host, name=name, url=self.url, keys=keys, retry=0.05, patience=Patience(answer=1.0, start=5.0)
        )
        self._watch(client)
        self.clients[name] = client
        return running

    def _watch(self, client: BridgeClient) -> None:
        received = client._received
        send = client._line.send

        def checked(check: Callable[[], object]) -> None:
            try:
                check()
            except Exception as invalid:
                self.invalid.append(invalid)

        def receiving(data: bytes) -> None:
            checked(lambda: check_bridging(data, "Bridge"))
            received(data)

        def sending(message: Any) -> None:
            checked(lambda: check_bridging(msgspec.json.encode(message), "Agent"))
            send(message)

        client._received = receiving  # type: ignore[method-assign]
        client._line.send = sending
        client._send = sending  # type: ignore[method-assign]

    async def join(self, *names: str) -> None:
        for name in names:
            await self.clients[name].start()
            await eventually(lambda name=name: self.clients[name].name)
        await eventually(
            lambda: all(len(c.others) == len(self.hub.agents) - 1 for c in self.clients.values() if c.name)
        )

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients.values():
            await client.close()
        await self.server.close()
        for running in self.desks.values():
            await running.__aexit__()
        if self.invalid:
            raise self.invalid[0]


async def settle() -> None:
    """Lets what is on its way arrive."""
    for _ in range(20):
        await asyncio.sleep(0)
