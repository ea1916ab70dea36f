"""Desks as a server meets them: a site that writes its chain in memory, and its way through the doors."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from app.records.codec import compact
from app.records.hlc import pack
from app.records.ids import new_id
from app.records.log import GENESIS, commitment_of, entry_hash, new_salt
from app.server.postgres_ledger import wall_clock
from app.sync.protocol import (
    MAX_FRAME,
    Entry,
    FromDesk,
    FromServer,
    Hello,
    Op,
    Page,
    Pull,
    Push,
    Receipt,
    Welcome,
    encode,
    read_from_server,
)

M = TypeVar("M", bound=FromServer)


class Site:
    def __init__(self, actor: str = "user:ann") -> None:
        self.id = str(uuid.uuid4())
        self.actor = actor
        self.chain: list[Entry] = []
        self._counter = 0

    def insert(self, table: str, values: Mapping[str, Any], record_id: str | None = None, **more: str) -> Entry:
        record_id = record_id or new_id()
        return self.log(table, record_id, "insert", None, {"id": record_id, **values}, **more)

    def update(
        self, table: str, record_id: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: str
    ) -> Entry:
        return self.log(table, record_id, "update", before, after, **more)

    def log(
        self,
        table: str,
        record_id: str,
        op: Op,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        transaction: str | None = None,
        actor: str | None = None,
    ) -> Entry:
        self._counter += 1
        salt = new_salt()
        texts = [None if each is None else compact(dict(each)) for each in (before, after)]
        entry = Entry(
            new_id(), len(self.chain) + 1, pack(wall_clock(), self._counter & 0xFFFF), actor or self.actor, "user",
            None, transaction or new_id(), table, record_id, op, *texts, 3, salt, commitment_of(salt, *texts), "",
        )  # fmt: skip
        previous = self.chain[-1].hash if self.chain else GENESIS
        entry = msgspec.structs.replace(entry, hash=entry_hash(previous, self.id, entry))
        self.chain.append(entry)
        return entry


def organization(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "short_name": name, "kind": "bank", "status": "active", **more}


class Talk:
    """An open websocket."""

    def __init__(self, socket: ClientConnection, site: Site) -> None:
        self.socket = socket
        self.site = site

    async def send(self, message: FromDesk) -> None:
        await self.socket.send(encode(message))

    async def receive(self, kind: type[M]) -> M:
        message = read_from_server(await self.socket.recv(decode=False))
        assert isinstance(message, kind), message
        return message

    async def ask(self, message: FromDesk, kind: type[M]) -> M:
        await self.send(message)
        return await self.receive(kind)

    async def hello(self) -> Welcome:
        return await self.ask(Hello(self.site.id, "1.0", 3, "", 0, len(self.site.chain)), Welcome)

    async def push(self, start: int = 0) -> Receipt:
        return await self.ask(Push(tuple(self.site.chain[start:])), Receipt)

    async def pull(self, cursor: int) -> Page:
        return await self.ask(Pull(cursor), Page)


class Desk:
    """An enrolled desk. Passwords are the login four times."""

    def __init__(self, url: str, client: httpx.AsyncClient, site: Site, device: str, secret: str) -> None:
        self.url, self.client, self.site, self.device, self.secret = url, client, site, device, secret

    async def form(self, address: str, **values: str) -> httpx.Response:
        return await self.client.post(address, json={"device": self.device, "secret": self.secret, **values})

    async def sign_in(self, login: str) -> dict[str, Any]:
        answer = await self.form("/auth/login", login=login, password=login * 4)
        assert answer.status_code == 200, answer.text
        signed_in: dict[str, Any] = answer.json()
        self.site.actor = f"user:{signed_in['user']['id']}"
        return signed_in

    @asynccontextmanager
    async def talk(self, access: str) -> AsyncIterator[Talk]:
        async with connect(
            self.url.replace("http", "ws", 1) + "/sync",
            additional_headers={"Authorization": f"Bearer {access}"},
            max_size=MAX_FRAME,
            compression=None,
            proxy=None,
        ) as socket:
            yield Talk(socket, self.site)
