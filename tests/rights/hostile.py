"""A client that speaks the protocol directly and says whatever it likes, and the firm that it does it to."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect

from app.records.ids import new_id
from app.records.log import GENESIS, commitment_of, entry_hash
from app.server.accounts import Accounts, SignedIn
from app.server.administration import Administration
from app.server.postgres_ledger import PostgresLedger, create_firm
from app.server.rights import Role
from app.server.tokens import AccessTokens
from app.sync.ground import Verdict, Wanted
from app.sync.merge import State
from app.sync.protocol import (
    MAX_FRAME,
    Entry,
    Failure,
    FromDesk,
    FromServer,
    Hello,
    Item,
    Page,
    Pull,
    Push,
    Receipt,
    Snapshot,
    SnapshotWanted,
    Welcome,
    encode,
    read_from_server,
)
from app.sync.transports import frames_in
from tests.server.desks import Site

M = TypeVar("M", bound=FromServer)


class Talk:
    """An open websocket; ``heard`` is everything that came, as it can be read."""

    def __init__(self, socket: ClientConnection, site: Site) -> None:
        self.socket = socket
        self.site = site
        self.heard = bytearray()

    async def send(self, message: FromDesk) -> None:
        await self.socket.send(encode(message))

    async def anything(self) -> FromServer:
        message = read_from_server(await self.socket.recv(decode=False))
        self.heard += msgspec.msgpack.encode(message)
        return message

    async def receive(self, kind: type[M]) -> M:
        message = await self.anything()
        assert isinstance(message, kind), message
        return message

    async def ask(self, message: FromDesk, kind: type[M]) -> M:
        await self.send(message)
        return await self.receive(kind)

    async def hello(self, **other: Any) -> Welcome:
        hello = Hello(self.site.id, "1.0", 3, "", 0, len(self.site.chain))
        return await self.ask(msgspec.structs.replace(hello, **other), Welcome)

    async def push(self, start: int = 0) -> Receipt:
        return await self.ask(Push(tuple(self.site.chain[start:])), Receipt)

    async def refused(self, *entries: Entry) -> Failure:
        return await self.ask(Push(entries or tuple(self.site.chain)), Failure)

    async def items(self, after: int = 0) -> list[Item]:
        """All that there is after a place."""
        items: list[Item] = []
        while True:
            page = await self.ask(Pull(after), Page)
            items += page.items
            after = page.upto
            if after >= page.head:
                return items

    async def fates(self, start: int = 0) -> list[Item]:
        """Pushes the chain from ``start`` and says what became of it, entry by entry."""
        return await self.fates_of(self.site.chain[start:])

    async def fates_of(self, entries: Sequence[Entry]) -> list[Item]:
        head = (await self.hello()).head
        await self.ask(Push(tuple(entries)), Receipt)
        mine = {item.site_seq: item for item in await self.items(head) if item.site == self.site.id}
        return [mine[entry.site_seq] for entry in entries]

    async def records(self, scope: str) -> Snapshot:
        return await self.ask(SnapshotWanted(scope), Snapshot)


@dataclass
class Desk:
    """An enrolled device whose secret is known."""

    office: Office
    id: str
    secret: str
    site: Site = field(default_factory=Site)

    async def form(self, address: str, **values: str) -> httpx.Response:
        return await self.office.client.post(address, json={"device": self.id, "secret": self.secret, **values})

    async def sign_in(self, user: str) -> SignedIn:
        """As by a password, which takes a while, without one."""
        self.site.actor = f"user:{user}"
        return await self.office.accounts.admit(self.office.firm, user, self.id)

    @asynccontextmanager
    async def talk(self, access: str) -> AsyncIterator[Talk]:
        async with connect(
            self.office.url.replace("http", "ws", 1) + "/sync",
            additional_headers={"Authorization": f"Bearer {access}"},
            ssl=self.office.tls,
            max_size=4 * MAX_FRAME,
            compression=None,
            proxy=None,
        ) as socket:
            yield Talk(socket, self.site)

    async def post(self, access: str, body: bytes) -> list[FromServer]:
        answer = await self.office.client.post("/sync", content=body, headers={"Authorization": f"Bearer {access}"})
        assert answer.status_code == 200, answer.text
        return [read_from_server(frame) for frame in frames_in(answer.content)]


@dataclass
class Office:
    """A firm on the server, its administrator, and the means of an outsider."""

    url: str
    tls: ssl.SSLContext
    engine: AsyncEngine
    ledger: PostgresLedger
    accounts: Accounts
    firm: str
    administration: Administration
    client: httpx.AsyncClient

    async def user(self, login: str, *roles: Role, scope: str = "*") -> str:
        user, _ = await self.administration.add_user(login, login.title(), "rates", roles, scope, local=False)
        return user

    async def desk(self, name: str = "desk", desk: str = "rates", books: Collection[str] = (), **more: Any) -> Desk:
        _, code = await self.administration.add_device(name, desk, books, **more)
        site = Site()
        answer = await self.client.post("/enrol", json={"code": code, "site": site.id})
        assert answer.status_code == 200, answer.text
        return Desk(self, answer.json()["device"], answer.json()["secret"], site)

    async def stands(self, *records: tuple[str, str, Mapping[str, Any], str]) -> None:
        """Records that are there already: (table, id, fields, scope)."""
        async with self.ledger.locked(self.firm) as turn:
            own, ground = await turn.own(), await turn.ground(Wanted(frozenset()))
            states = {
                (table, record_id): State({"id": record_id, **fields}, {}, None, scope, None, ground.head)
                for table, record_id, fields, scope in records
            }
            await turn.keep(Verdict([], states, None, own.end, ground.head), own.site)

    async def state(self, table: str, record_id: str) -> State | None:
        async with self.ledger.locked(self.firm) as turn:
            return (await turn.ground(Wanted(frozenset({(table, record_id)})))).states.get((table, record_id))


@asynccontextmanager
async def found_office(
    engine: AsyncEngine, access: AccessTokens, url: str, tls: ssl.SSLContext, address: str
) -> AsyncIterator[Office]:
    async with engine.begin() as connection:
        firm = await create_firm(connection, f"Firm {new_id()}")
    ledger = PostgresLedger(engine)
    transport = httpx.AsyncHTTPTransport(local_address=address, verify=tls, retries=0)
    async with httpx.AsyncClient(base_url=url, timeout=60, transport=transport) as client:
        accounts = Accounts(engine, access)
        yield Office(
            url, tls, engine, ledger, accounts, firm, Administration(engine, ledger, firm, "admin:test"), client
        )


def forged(site: Site, entry: Entry, **other: Any) -> Entry:
    """The last entry of the chain once more with other content, sealed so that the chain still holds."""
    assert site.chain[-1] is entry
    changed = msgspec.structs.replace(entry, **other)
    if not {"commitment", "salt"} & other.keys():
        sealed = commitment_of(changed.salt, changed.before, changed.after)
        changed = msgspec.structs.replace(changed, commitment=sealed)
    previous = site.chain[-2].hash if len(site.chain) > 1 else GENESIS
    changed = msgspec.structs.replace(changed, hash=entry_hash(previous, site.id, changed))
    site.chain[-1] = changed
    return changed
