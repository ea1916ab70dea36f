"""The desk and its central server: connecting, signing in, and how it stands. Lives on the I/O loop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib.metadata
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

import msgspec

from app.access.secrets import DeskSecrets
from app.records.log import Entry
from app.records.migrations import CURRENT
from app.records.store import Records
from app.services import CurrentUser, Notice, Standing, State
from app.settings import Settings
from app.sync import transports
from app.sync.address import server_address
from app.sync.client import SyncClient
from app.sync.enrolment import (
    DEVICE_SECRET,
    REFRESH_TOKEN,
    Enrolment,
    Forms,
    Pass,
    ServerUser,
    enrolment_of,
    fingerprint,
    keep_enrolment,
    self_made_certificate,
    tls,
)
from app.sync.quarantine import hold_back
from app.sync.session import DeskSession, Status
from app.sync.store import RecordsStore

log = logging.getLogger(__name__)

SECRETS_KEY = "secrets of the central server"
"""The purpose of the key under which secrets are sealed where there is no keyring."""


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answers. ``certificate`` (PEM) is to be trusted by the user; empty where the system trusts it."""

    url: str
    certificate: str

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate) if self.certificate else ""


class InStep:
    """``took_over`` hears who works at the desk after a sign-in. Without an enrolment the desk is local."""

    def __init__(
        self,
        records: Records,
        settings: Settings,
        notify: Callable[[Notice], None],
        took_over: Callable[[CurrentUser], None],
        *,
        secrets: DeskSecrets | None = None,
    ) -> None:
        self.state: State[Standing] = State(Standing())
        self.settings = settings
        self.store: RecordsStore
        self.enrolment: Enrolment | None = None
        self._records = records
        self._notify, self._took_over = notify, took_over
        self._secrets = secrets or DeskSecrets(records.folder, records.derived_key(SECRETS_KEY))
        self._forms: Forms | None = None
        self._pass: Pass | None = None
        self._client: SyncClient | None = None
        self._loop = asyncio.get_running_loop()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self.store = await asyncio.to_thread(RecordsStore, self._records)
        self.enrolment = await asyncio.to_thread(enrolment_of, self._records)
        if self.enrolment is not None:
            await self._begin(self.enrolment)

    async def close(self) -> None:
        self._unsubscribe()
        if self._client is not None:
            await self._client.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._forms is not None:
            await self._forms.close()

    # -- connecting

    async def look_at(self, address: str) -> Found:
        """Whether a server answers there, and whose certificate it shows. Raises BadServerAddress, Unreachable."""
        url = server_address(address)
        return Found(url, await self_made_certificate(url))

    async def enrol(self, found: Found, code: str) -> None:
        """Makes this desk a device of that server; somebody has to sign in next. Raises Refused, Unreachable."""
        forms = Forms(found.url, found.certificate)
        try:
            enrolled = await forms.enrol(code, self._records.site, self.store.written())
        finally:
            await forms.close()
        await asyncio.to_thread(self._secrets.set, DEVICE_SECRET, enrolled.secret)
        if not enrolled.history:
            await asyncio.to_thread(hold_back, self._records)
        made = Enrolment(
            found.url, found.certificate, enrolled.firm, enrolled.firm_name, enrolled.device, enrolled.desk
        )
        await self._keep(made)
        await self._begin(made)
        self._note("connected", f"This desk was connected to {made.firm_name} at {made.url}.")

    async def sign_in(self, login: str, password: str, new: str = "") -> None:
        """Raises Refused (``change-password``: with ``new`` it goes on), Unreachable, SignInNeeded."""
        assert self._pass is not None
        await self._signed_in(await self._pass.sign_in(login, password, new))

    async def offers_browser(self) -> bool:
        """Whether one may sign in at the firm's identity provider. Raises Refused, Unreachable."""
        return self._forms is not None and await self._forms.offers_openid()

    async def sign_in_by_browser(self, open_page: Callable[[str], Awaitable[None]]) -> None:
        """Until somebody has signed in there, or it is cancelled. Raises Refused, Unreachable, SignInNeeded."""
        assert self._pass is not None
        await self._signed_in(await self._pass.sign_in_by_browser(open_page))

    async def _signed_in(self, user: ServerUser) -> None:
        assert self._client is not None
        assert self.enrolment is not None
        self._note("sign-in", f"{user.name} signed in.")
        await self._keep(msgspec.structs.replace(self.enrolment, user=user))
        self._took_over(current_user(user, self.enrolment.desk))
        await self._client.reconnect()

    async def sign_out(self) -> None:
        """Changes made from now on wait at this desk until somebody signs in."""
        if self._pass is not None and self._client is not None:
            await self._pass.sign_out()
            await self._client.reconnect()

    async def retry(self) -> None:
        if self._client is not None:
            await self._client.retry()

    async def look_again(self) -> None:
        if self._client is not None:
            self._client.wrote()

    async def reserve(self, line_id: str) -> None:
        if self._client is not None:
            await self._client.reserve(line_id)

    # -- parts

    async def _begin(self, enrolment: Enrolment) -> None:
        url = server_address(self.settings.server) if self.settings.server else enrolment.url
        trusted = await asyncio.to_thread(tls, enrolment.certificate)
        self._forms = Forms(url, enrolment.certificate)
        self._pass = Pass(self._forms, enrolment.device, self._secrets)
        session = DeskSession(
            self.store,
            now=time.time,
            steady=time.monotonic,
            random=SystemRandom(),
            app_version=importlib.metadata.version("deskline"),
            schema_version=CURRENT,
        )
        self._client = SyncClient(
            session, partial(_connect, url, trusted), self._pass.token, partial(self._changed, enrolment.firm_name)
        )
        self._unsubscribe = self._records.on_commit(self._committed)
        self._client.start()

    async def _keep(self, enrolment: Enrolment) -> None:
        self.enrolment = enrolment
        await asyncio.to_thread(keep_enrolment, self._records, enrolment)

    def _committed(self, entries: Sequence[Entry]) -> None:
        client = self._client
        if client is not None and entries[0].site == self._records.site:  # a commit is of one chain
            with contextlib.suppress(RuntimeError):  # the loop is closed: the program is ending
                self._loop.call_soon_threadsafe(client.wrote)

    def _changed(self, server: str, status: Status) -> None:
        before = self.state.value
        counts = status.counts
        since = dt.datetime.fromtimestamp(status.since, dt.UTC)
        standing = Standing(
            status.state, since, counts.to_sync, counts.conflicts, counts.quarantine, status.problem, status.done,
            status.total, status.skew, server,
        )  # fmt: skip
        self.state.set(standing)
        self._tell(before, standing)

    def _tell(self, before: Standing, now: Standing) -> None:
        """What the user should hear of, and what the panel's history keeps."""
        if now.state != before.state and (words := _happened(before, now)):
            self._note(now.state, words)
        if now.state == "wiped" and before.state != "wiped":
            self._notify(Notice(now.problem, "error"))
            self._beside(asyncio.to_thread(self._forget))
        if now.quarantine > before.quarantine and before.state != "local":
            refused = now.quarantine - before.quarantine
            words = "A change was" if refused == 1 else f"{refused} changes were"
            self._note("refused", f"{words} refused by the server.")
            self._notify(Notice(f"{words} refused by the server. The sync panel (Ctrl+Shift+Y) says why.", "warning"))
        if now.conflicts > before.conflicts and before.state != "local":
            self._note("conflict", "Two desks changed the same; one value gave way.")
            self._notify(
                Notice("Two desks changed the same. Choose in the sync panel (Ctrl+Shift+Y) which holds.", "warning")
            )

    def _forget(self) -> None:
        for name in (DEVICE_SECRET, REFRESH_TOKEN):
            self._secrets.forget(name)

    def _note(self, kind: str, text: str) -> None:
        self._beside(asyncio.to_thread(self.store.note, kind, text))

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception:  # a full disk, a locked keyring: they are told of where it matters
                log.exception("something beside sync failed")

        task = self._loop.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _connect(url: str, trusted: ssl.SSLContext, token: str) -> transports.Connection:
    return await transports.connect(url, token, trusted)


def _happened(before: Standing, now: Standing) -> str:
    match now.state:
        case "online":
            return f"In step with {now.server}." if now.server else "In step with the server."
        case "offline":
            return f"Offline. {now.problem}".strip() if before.state != "connecting" else ""
        case "first sync":
            return "The first sync began." if before.state != "local" else "The first sync goes on."
        case "signed out" | "refused" | "wiped":
            return now.problem
        case _:
            return ""


def current_user(user: ServerUser, desk: str) -> CurrentUser:
    initials = "".join(word[0] for word in user.name.split()[:3]).upper()
    return CurrentUser(user.id, user.name, initials, desk)


def who_works_here(records: Records) -> CurrentUser | None:
    """Who signed in last; None on a desk without a server."""
    enrolment = enrolment_of(records)
    if enrolment is None or enrolment.user is None:
        return None
    return current_user(enrolment.user, enrolment.desk)
