"""One running desk without its window: records, agent, services, apps and programs. Lives on the I/O loop."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import importlib.metadata
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.keys import PASSPHRASE_VARIABLE, KeyUnavailable, obtain_key
from app.conversation.permission import Policies
from app.conversation.service import Conversations
from app.desk.bridging import join_bridge
from app.desk.directories import follower
from app.desk.in_step import InStep, who_works_here
from app.desk.manifest import BadManifest, Manifest, Service, entry, manifest_of
from app.desk.programs import Programs, usable, wanted, with_desk
from app.desk.wording import own_wording
from app.market.book import PriceBook
from app.market.feed import FeedInstrument, WebSocketFeed
from app.market.loopback import LoopbackService, ServiceNotStarted
from app.records.ids import new_id
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import Instrument, User
from app.services import Clock, CommitWatch, CurrentUser, Notice, Services, utc_now
from app.settings import Settings
from fdc3.client import DesktopAgent
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host, Resolver
from fdc3.transports.web_ports import AskUnknown
from fdc3.types.errors import ErrorOnLaunch
from nlp.speech.client import LanguageWorker
from nlp.speech.models import ModelChoice

if TYPE_CHECKING:
    from app.desk.web_apps import WebApps

log = logging.getLogger(__name__)
SYSTEM = "system:desk"
Progress = Callable[[float, str], None]


@dataclass(slots=True)
class RunningApp:
    """An in-process app: its connection to the agent, and what its ``start`` returned."""

    record: AppRecord
    manifest: Manifest
    agent: DesktopAgent
    app: Any


class Core:
    """Made on any thread; ``open`` and everything after it on the I/O loop.

    ``started`` is awaited for every in-process app that runs, ``stopped`` gets the id and a sentence for one that
    could not be started.
    """

    def __init__(
        self,
        settings: Settings,
        directory: AppDirectory,
        *,
        notify: Callable[[Notice], None],
        resolver: Resolver | None = None,
        ask_unknown: AskUnknown | None = None,
        started: Callable[[RunningApp], None] = lambda running: None,
        stopped: Callable[[str, str], None] = lambda app_id, reason: None,
        ask_passphrase: Callable[[str], str | None] | None = None,
        key: bytes | None = None,
        clock: Clock = utc_now,
        web: WebApps | None = None,
        user_changed: Callable[[CurrentUser], None] = lambda user: None,
    ) -> None:
        self.web = web
        self._user_changed = user_changed
        self.settings = settings
        self.prices = PriceBook()
        self.apps: dict[str, RunningApp] = {}
        self.directory = directory
        self.notify = notify
        self._resolver, self._started, self._stopped = resolver, started, stopped
        self._ask_unknown = ask_unknown if settings.unknown_apps == "ask" else None
        self._ask, self._key, self._clock = ask_passphrase, key, clock
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._starting: set[str] = set()
        self._programs = Programs(directory, settings, notify)
        self._directories = follower(directory, settings, notify)
        self._addresses: dict[str, dict[str, str]] = {}
        self._channel = settings.channel
        self.host: Host
        self.records: Records
        self.services: Services
        self.server: InStep
        self.conversations: Conversations
        self.worker: LanguageWorker

    # -- opening

    async def open_records(self, progress: Progress = lambda fraction, text: None) -> CurrentUser:
        """Key, encrypted file and, on a new desk that wants it, demo data. Raises StoreError, KeyUnavailable."""
        self.records = await asyncio.to_thread(self._open_records, progress)
        self._closing.append(self._close_records)
        if (known := await asyncio.to_thread(who_works_here, self.records)) is not None:
            return known
        user = await self.records.query(_first_user)
        if user is None:
            user = await self.records.write(SYSTEM, lambda change: change.add(_own_user()))
        return CurrentUser(user.id, user.name, user.initials, user.desk)

    def _open_records(self, progress: Progress) -> Records:
        folder = self.settings.desk_folder
        new = not (folder / "deskline.db").exists()
        key = self._key or obtain_key(folder, ask=self._passphrase if self._ask else None, new_allowed=new)
        # Every program started from here on inherits the environment, and the passphrase is none of its business.
        os.environ.pop(PASSPHRASE_VARIABLE, None)
        records = Records.open(folder, key, clock=self._clock)
        if self.settings.demo_data:
            with records.read() as session:
                empty = _first_user(session) is None
            if empty:
                from app.records.demo import build_demo

                build_demo(records, today=self._clock().date(), progress=progress)
        return records

    def _passphrase(self, question: str) -> str:
        given = self._ask(question) if self._ask else None
        if given is None:
            raise KeyUnavailable("No passphrase was given, so the records stay closed. Start Deskline again to try.")
        return given

    async def open(self, user: CurrentUser) -> None:
        """The agent, the services and every app that starts with the desk. ``open_records`` comes before."""
        for problem in self.directory.problems:
            self.notify(Notice(f"An app cannot be used: {problem.record}.", "warning", str(problem)))
        for record in self.directory:
            try:
                manifest_of(record)
            except BadManifest as error:
                self.notify(Notice(f"{record.title} cannot be used.", "warning", str(error)))
        self.host = Host(
            self.directory,
            resolver=self._resolver,
            launcher=self,
            provider="Deskline",
            provider_version=importlib.metadata.version("deskline"),
            ask_unknown=self._ask_unknown,
            keep=self.settings.desk_folder / "programs.json",
        )
        await self._directories.take_up()
        self._closing.append(self._directories.close)
        await self.host.start()
        self._programs.begin(self.host)
        if self.web is not None:
            self.web.begin(self.host)
            if self.settings.demo_data:
                from app.desk.example import ExampleApp

                example = ExampleApp()
                self.directory.add(example.start())
                self._closing.append(lambda: asyncio.to_thread(example.stop))
        self._closing.append(self.host.close)
        self._closing.append(self._programs.close)
        wording = await asyncio.to_thread(own_wording, self.settings.desk_folder, self.notify)
        self.worker = LanguageWorker(ModelChoice(self.settings.speech_model), wording=wording)
        self.conversations = Conversations(
            self.records,
            Recordings.beside(self.records),
            self.worker,
            clock=self._clock,
            notify=self.notify,
            prices=self.prices,
            policies=Policies.read(self.settings.recording, self.settings.line_recording),
        )
        self._closing.append(self.conversations.close)
        self.server = InStep(self.records, self.settings, self.notify, self._took_over)
        self._closing.append(self.server.close)
        self.services = Services(
            user=user,
            records=self.records,
            conversations=self.conversations,
            prices=self.prices,
            settings=self.settings,
            clock=self._clock,
            notify=self.notify,
            agent=self.host,
            server=self.server,
        )
        await self.server.start()
        await self._start_apps(needing=False)

    def _took_over(self, user: CurrentUser) -> None:
        self.services.user = user
        self._user_changed(user)

    async def open_outside(self) -> None:
        """Everything in processes of its own: speech, prices, turret, chat service. The window is up before these."""
        await self.conversations.start()
        services = [
            self._start_service(record, manifest.service)
            for record in self.directory
            if (manifest := usable(record)).service and wanted(record, self.settings)
        ]
        await asyncio.gather(self._start_prices(), self._programs.start(), *services)
        await self._start_apps(needing=True)
        await self.conversations.resume_pending()
        self._directories.start()
        if leave := await join_bridge(self.host, self.settings, self.notify):
            self._closing.append(leave)

    async def _start_apps(self, *, needing: bool) -> None:
        await asyncio.gather(
            *(
                self.start_app(record)
                for record in self.directory
                if (manifest := usable(record)).app and with_desk(manifest) and bool(manifest.needs) == needing
            )
        )

    # -- apps

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        """The agent asks for an app that does not run: a web app, one of ours, or a program."""
        if record.type == "web" and self.web is not None:
            await self.web.launch(record, instance_id)
        elif not usable(record).app:
            await self._programs.launch(record, instance_id, url, secret)
        elif record.app_id in self._starting or record.app_id in self.apps:  # it has one panel, and that is in use
            raise ErrorOnLaunch(f"{record.title} is open already")
        elif await self.start_app(record, instance_id) is None:
            raise ErrorOnLaunch(record.title)

    def end(self, instance_id: str) -> None:
        """An app has asked to be closed."""
        if self.web is not None and self.web.end(instance_id):
            return
        self._programs.end(instance_id)

    async def start_app(self, record: AppRecord, instance_id: str | None = None) -> RunningApp | None:
        """Connects an in-process app, joins it to the desk's channel and starts it."""
        manifest = manifest_of(record)
        agent: DesktopAgent | None = None
        self._starting.add(record.app_id)
        try:
            start = await asyncio.to_thread(entry, manifest.app or "")
            agent = await self.host.connect_memory(record.app_id, instance_id=instance_id, channel_id=self._channel)
            with self._told_of(manifest.needs):
                app = await start(agent, self.services)
        except Exception as error:  # one broken app must not take the desk with it
            log.exception("%s could not be started", record.app_id)
            self._stopped(record.app_id, str(error) or type(error).__name__)
            if agent is not None:  # nothing may be sent to what it has set up already
                await agent.disconnect()
            return None
        finally:
            self._starting.discard(record.app_id)
        running = RunningApp(record, manifest, agent, app)
        self.apps[record.app_id] = running
        self._started(running)
        return running

    async def stop_app(self, app_id: str) -> None:
        running = self.apps.pop(app_id, None)
        if running is None:
            return
        for part in (running.app, running.agent):
            try:
                await part.close()
            except Exception:  # it is going anyway, and the others must still be closed
                log.exception("%s did not close cleanly", app_id)

    async def restart_app(self, app_id: str) -> None:
        """An app inside the desk starts anew; a program is asked to end, and is started again when it has."""
        record = self.directory.get(app_id)
        if record is None:
            return
        if manifest_of(record).app:
            await self.stop_app(app_id)
            await self.start_app(record)
        else:
            await self._programs.restart(app_id)

    async def move_to_channel(self, channel: str) -> None:
        """Puts every panel on another user channel."""
        self._channel = channel
        if self.web is not None:
            self.web.follow(channel)
        await asyncio.gather(*(running.agent.join_user_channel(channel) for running in self.apps.values()))

    # -- programs and feeds

    async def _start_prices(self) -> None:
        service = LoopbackService(
            "plugins.pricing.simulator",
            token_variable="DESKLINE_FEED_TOKEN",
            arguments=("--rate", str(self.settings.price_updates)),
        )
        try:
            url = await service.start()
        except ServiceNotStarted as error:
            self.notify(Notice("There are no live prices: the price feed did not start.", "warning", str(error)))
            return
        self._closing.append(service.stop)
        feed = WebSocketFeed(url, service.token, self.prices)
        await feed.start()
        self._closing.append(feed.close)

        async def subscribe() -> None:
            rows = await self.records.query(lambda session: session.scalars(select(Instrument)).all())
            await feed.subscribe(FeedInstrument.of(row) for row in rows)

        watch = CommitWatch(self.records, {"instrument"}, subscribe)  # some come from the server later
        self._closing.append(_at_once(watch.close))
        await subscribe()

    async def _start_service(self, record: AppRecord, service: Service) -> None:
        running = LoopbackService(service.module, token_variable=service.token_variable)
        try:
            url = await running.start()
        except ServiceNotStarted as error:
            self.notify(Notice(f"{record.title} did not start.", "warning", str(error)))
            return
        self._closing.append(running.stop)
        self._programs.withheld.add(service.token_variable)
        self._addresses[record.app_id] = {service.url_variable: url, service.token_variable: running.token}

    @contextlib.contextmanager
    def _told_of(self, service: str | None) -> Iterator[None]:
        """While an app starts, the environment says where its service is; other programs never inherit the token."""
        told = self._addresses.get(service or "", {})
        os.environ.update(told)
        try:
            yield
        finally:
            for name in told:
                os.environ.pop(name, None)

    # -- closing

    async def close(self) -> None:
        """Apps first, so that drafts are written, then programs, agent and records."""
        self._programs.leave_ended()
        await asyncio.gather(*(self.stop_app(app_id) for app_id in tuple(self.apps)))
        while self._closing:
            step = self._closing.pop()
            try:
                await step()
            except Exception:  # the other parts must still be closed
                log.exception("a part of the desk did not close cleanly")

    async def _close_records(self) -> None:
        await asyncio.to_thread(self.records.close)


def _at_once(close: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        close()

    return closed


def _first_user(session: Session) -> User | None:
    return session.scalars(select(User).order_by(User.id).limit(1)).first()


def _own_user() -> User:
    login = getpass.getuser()
    return User(id=new_id(), name=login, initials=login[:2].upper(), desk="Sales", email="", roles=["trader"])
