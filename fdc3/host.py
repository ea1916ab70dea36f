"""The desktop agent as a running thing: broker, transports, launching and asking the user, on one event loop."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fdc3.alarm import Alarm
from fdc3.bridge.elsewhere import Elsewhere
from fdc3.broker import (
    Broker,
    CancelResolve,
    Close,
    Deliver,
    Effect,
    Instance,
    Launch,
    Lost,
    RaiseElsewhere,
    ResolutionRequest,
    Resolve,
    Snapshot,
    Timeouts,
)
from fdc3.client.agent import DesktopAgent
from fdc3.directory import AppDirectory, AppRecord
from fdc3.keeping import Keeper, session_of
from fdc3.launching import Ending, Launcher, ProcessLauncher
from fdc3.observing import Observation, Observers
from fdc3.resolving import IntentChoice, Questions, Resolver
from fdc3.session import Session, digest
from fdc3.transports.link import Outlet
from fdc3.transports.memory import MemoryBus, MemoryLink
from fdc3.transports.web_gateway import WebGateway
from fdc3.transports.web_ports import NAVIGATION_GRACE, AskUnknown
from fdc3.types.errors import AppNotFound, ErrorOnLaunch, Fdc3Error
from fdc3.types.messages import RaiseIntentResultResponse, Response
from fdc3.types.metadata import AppIdentifier, ChannelDescription, ImplementationMetadata
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect, Unreadable

if TYPE_CHECKING:
    from fdc3.transports.websocket_server import WebSocketServer

__all__ = [
    "Host",
    "Instance",
    "IntentChoice",
    "Launcher",
    "Observation",
    "ProcessLauncher",
    "ResolutionRequest",
    "Resolver",
    "Timeouts",
]

logger = logging.getLogger(__name__)

RECONNECT_GRACE = 10.0
"""Seconds for which an app whose socket broke stays registered and its messages are kept."""


class Host:
    """Runs a desktop agent. All methods belong to the event loop that called ``start``.

    ``resolver`` asks the user, ``launcher`` starts apps; without one, ambiguous intents are answered with
    ``ResolverUnavailable``, and only web apps are started, by a host page. ``origins`` lists web origins allowed on
    the socket; ``ask_unknown`` is asked whether a web app unknown to the directory may join. ``keep`` names a file by
    which programs that run on find everything as it was when the agent was started anew, on the same port.
    """

    def __init__(
        self,
        directory: AppDirectory,
        *,
        resolver: Resolver | None = None,
        launcher: Launcher | None = None,
        provider: str = "Deskline",
        provider_version: str = "0",
        timeouts: Timeouts | None = None,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        origins: Sequence[str] = (),
        reconnect_grace: float = RECONNECT_GRACE,
        navigation_grace: float = NAVIGATION_GRACE,
        ask_unknown: AskUnknown | None = None,
        keep: Path | None = None,
    ) -> None:
        self._clock = clock
        self._broker = Broker(
            directory, provider=provider, provider_version=provider_version, timeouts=timeouts, clock=clock
        )
        self._launcher = launcher
        if isinstance(launcher, ProcessLauncher):
            launcher.on_exit = self.instance_gone
        self._bus = MemoryBus()
        self._elsewhere: Elsewhere | None = None
        self._origins = origins
        self._server: WebSocketServer | None = None
        self._grace = reconnect_grace
        self._sessions: dict[str, Session] = {}
        self._keeper = Keeper(keep, self._broker, self._sessions, clock)
        self._newer: set[str] = set()  # apps that say 2.2 and speak 3.0
        self._observers = Observers(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._questions = Questions(resolver, self._broker, self._carry_out)
        self._alarm = Alarm(self._tick)
        self.web = WebGateway(self, ask_unknown=ask_unknown, grace=navigation_grace)
        """Web apps: pages that open them, and pipes to those that are given their agent."""
        self.url = ""
        """The websocket address; empty until ``start``."""

    async def start(self) -> None:
        """Opens the websocket on 127.0.0.1: where the agent before had it, so that its programs find this one."""
        # Late: the websocket library takes long to import, and the window need not wait for it.
        from fdc3.transports.websocket_server import WebSocketServer

        port = self._restore()
        self._server = WebSocketServer(self, port=port, origins=self._origins)
        try:
            self.url = await self._server.start()
        except OSError:
            if not port:
                raise
            logger.warning("Another program has the agent's port, so the programs of the agent before are given up")
            # It may have heard their secrets when they looked for us.
            for instance_id in list(self._sessions):
                self.instance_gone(instance_id)
            self._server = WebSocketServer(self, origins=self._origins)
            self.url = await self._server.start()
        self._keeper.begin(self._server.port)

    def _restore(self) -> int:
        """The programs that the agent before had are awaited as if only their sockets had broken. Returns its port."""
        kept = self._keeper.read()
        if kept is None:
            return 0
        for instance_id, known in kept.sessions.items():
            session = self._sessions[instance_id] = session_of(known)
            if known.instance is not None:
                try:
                    effects = self._broker.restore(instance_id, known.app_id, known.instance)
                except Fdc3Error as error:
                    logger.warning("%s has to start afresh: %s", known.app_id, error)
                else:
                    self._await_return(instance_id, session)
                    self._carry_out(effects)
        return kept.port

    async def close(self) -> None:
        """Says goodbye to all apps and ends those that were started as programs."""
        self._keeper.close()
        self.web.close()
        if self._server is not None:
            await self._server.close()
        for session in self._sessions.values():
            session.end("the desktop agent is closing")
        self._alarm.set(None)
        if isinstance(self._launcher, ProcessLauncher):
            await self._launcher.close()
        await self._questions.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What the desk asks

    @property
    def directory(self) -> AppDirectory:
        return self._broker.directory

    @property
    def user_channels(self) -> tuple[ChannelDescription, ...]:
        return self._broker.user_channels

    def instances(self) -> tuple[Instance, ...]:
        """The apps that run or are being started. Do not change them."""
        return self._broker.instances

    def snapshot(self) -> Snapshot:
        """Instances, channels and intents on their way, as they are at this moment."""
        return self._broker.snapshot()

    def observe(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Calls back for every message that passes; returns the function that ends this."""
        return self._observers.add(callback)

    def bridge(self, elsewhere: Elsewhere) -> tuple[Broker, Callable[[list[Effect]], None]]:
        """Bridges this agent: ``elsewhere`` sees what apps ask before the broker does. It is given the broker, and the
        way to have the broker's effects carried out."""
        self._elsewhere = elsewhere
        return self._broker, self._carry_out

    def join_user_channel(self, instance_id: str, channel_id: str | None) -> None:
        """Puts an app on a user channel (None: on none), as a channel selector does. Raises ``NoChannelFound``."""
        self._carry_out(self._broker.move(instance_id, channel_id))
        self._keeper.save_soon()

    async def connect_memory(
        self,
        app_id: str,
        *,
        instance_id: str | None = None,
        channel_id: str | None = None,
        dialect: Dialect = FDC3_3_0,
    ) -> DesktopAgent:
        """Joins an app of this process: a new instance, or the one being launched; on a user channel if given."""
        instance_id = self.seat(app_id, instance_id, dialect)
        if channel_id is not None:
            self.join_user_channel(instance_id, channel_id)
        return await DesktopAgent(MemoryLink(self, self._bus, instance_id, dialect))._start()

    async def launch(self, app_id: str, *, channel_id: str | None = None) -> AppIdentifier:
        """Starts an app of the directory, on a user channel if given. Raises ``OpenError`` or the launcher's error."""
        record = self.directory.get(app_id)
        if record is None:
            raise AppNotFound(app_id)
        instance = self._broker.add_instance(record.app_id)
        if channel_id is not None:
            self.join_user_channel(instance.id, channel_id)
        self._schedule()
        try:
            await self._start_app(record, instance.id)
        except BaseException:
            self.instance_gone(instance.id)
            raise
        return instance.identifier

    def pair(self, app_id: str) -> tuple[str, str]:
        """A URL and a secret for a program that the user starts."""
        return self.url, self._mint(secrets.token_hex(16), app_id)

    def instance_gone(self, instance_id: str) -> None:
        """An app has ended (its process exited) or never began: it is forgotten at once, with its secret."""
        self._drop(instance_id)
        self._sessions.pop(instance_id, None)
        self._keeper.save()

    # What transports report

    def seat(self, app_id: str, instance_id: str | None = None, dialect: Dialect = FDC3_2_2) -> str:
        if instance_id is None or self._broker.instance(instance_id) is None:
            instance_id = self._broker.add_instance(app_id, instance_id).id
        session = self._sessions.get(instance_id)
        if session is None or session.secret is not None:  # it turned out to need no secret: that one ends here
            session = self._sessions[instance_id] = Session(app_id)
        session.dialect = FDC3_3_0 if app_id in self._newer else dialect
        return instance_id

    def restarted(self, instance_id: str) -> None:
        self._carry_out(self._broker.restart(instance_id))

    def attach(self, instance_id: str, outlet: Outlet) -> AppIdentifier:
        self.ready(instance_id, outlet)
        return AppIdentifier(self._sessions[instance_id].app_id, instance_id)

    def admit(self, secret: str) -> str | None:
        # Every secret is compared, each in constant time: how long this takes says nothing about any of them.
        given, found = digest(secret), None
        for instance_id, session in self._sessions.items():
            if session.secret is not None and hmac.compare_digest(session.secret, given):
                found = instance_id
        return found

    def welcome(self, instance_id: str, outlet: Outlet, dialect: Dialect | None = None) -> ImplementationMetadata:
        session = self._sessions[instance_id]
        session.dialect = dialect or session.dialect
        session.stop_waiting()
        if session.outlet is not None:
            session.outlet.shut("superseded by a newer connection", superseded=True)
            session.outlet = None
        known = self._broker.instance(instance_id)
        if known is None:
            self._broker.add_instance(session.app_id, instance_id)
        implementation = self._broker.implementation(instance_id)
        if implementation.app_metadata:
            implementation.app_metadata.instance_metadata = {"resumed": known is not None and known.connected}
        return session.dialect.implementation(implementation)

    def ready(self, instance_id: str, outlet: Outlet) -> None:
        self._sessions[instance_id].reached_by(outlet)
        self._carry_out(self._broker.connect(instance_id))
        self._keeper.save_soon()

    def receive(self, instance_id: str, outlet: Outlet, data: bytes) -> None:
        session = self._sessions.get(instance_id)
        if session is None or session.outlet is not outlet:
            return
        try:
            request = session.dialect.decode_request(data)
        except Unreadable as unreadable:
            logger.warning("%s sent a message that cannot be read: %s", session.app_id, unreadable)
            self._carry_out(self._broker.refuse(instance_id, unreadable))
            return
        if not session.dialect.covers(request):  # the first libraries of 3.0 say that they speak 2.2
            session.dialect = FDC3_3_0
            self._newer.add(session.app_id)
        if session.secret is not None:
            request_uuid = request.meta.request_uuid
            if request_uuid in session.answers:
                if (answer := session.answers[request_uuid]) is not None:
                    outlet.deliver(answer)
                return
            session.remember(request_uuid, None)
        self._observers.saw("in", (instance_id,), request)
        if self._elsewhere is None or not self._elsewhere.takes(instance_id, request):
            effects = self._broker.receive(instance_id, request)
            self._keeper.changed(type(request), program=session.secret is not None)
            self._carry_out(effects)

    def detach(self, instance_id: str, outlet: Outlet) -> None:
        session = self._sessions.get(instance_id)
        if session is not None and session.outlet is outlet:
            self._drop(instance_id)

    def interrupted(self, instance_id: str, outlet: Outlet) -> None:
        session = self._sessions.get(instance_id)
        if session is not None and session.outlet is outlet:
            session.outlet = None
            self._await_return(instance_id, session)

    def _await_return(self, instance_id: str, session: Session) -> None:
        session.grace = asyncio.get_running_loop().call_later(self._grace, self._drop, instance_id)

    def _drop(self, instance_id: str) -> None:
        """Ends an instance. Its secret stays good, so that it may come back as a fresh start under the same id."""
        session = self._sessions.get(instance_id)
        if session is not None:
            session.end("the instance has ended")
            if session.secret is None:
                del self._sessions[instance_id]
        self._carry_out(self._broker.disconnect(instance_id))
        self._keeper.save_soon()

    # Carrying out what the broker decides

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Deliver():
                    self._deliver(effect)
                case Launch():
                    self._run(self._launch(effect))
                case Resolve():
                    self._questions.ask(effect.request)
                case CancelResolve():
                    self._questions.withdraw(effect.request_id)
                case RaiseElsewhere():
                    if self._elsewhere is not None:
                        self._elsewhere.raised(effect)
                case Lost():
                    self._drop(effect.instance_id)
                case Close():
                    self._close(effect)
        self._schedule()

    def _deliver(self, effect: Deliver) -> None:
        message = effect.message
        encoded: dict[Dialect, bytes] = {}
        if self._elsewhere is not None:
            self._elsewhere.deliver(effect)
        for instance_id in effect.to:
            session = self._sessions.get(instance_id)
            if session is None:
                continue
            data = encoded.get(session.dialect)
            if data is None:
                if not session.dialect.knows(type(message)):
                    continue
                data = encoded[session.dialect] = session.dialect.encode(message)
            if (
                session.secret is not None
                and isinstance(message, Response)
                and not isinstance(message, RaiseIntentResultResponse)
            ):
                session.remember(message.meta.request_uuid, data)
            if not session.deliver(data):
                logger.warning("%s has been away for too many messages and is given up", session.app_id)
                asyncio.get_running_loop().call_soon(self._drop, instance_id)
        self._observers.saw("out", effect.to, message)

    def _close(self, effect: Close) -> None:
        """An app asked to be closed."""
        launcher: object = self._launcher
        try:
            if isinstance(launcher, Ending):
                launcher.end(effect.instance_id)
            self.web.close_window(effect.instance_id)
        except Exception:
            logger.exception("An app that asked for it could not be closed")
            self._carry_out(self._broker.close_failed(effect.instance_id, effect.request_uuid))
        else:
            self.instance_gone(effect.instance_id)

    async def _launch(self, effect: Launch) -> None:
        record = self.directory.get(effect.app_id)
        try:
            if record is None:
                raise AppNotFound(effect.app_id)
            await self._start_app(record, effect.instance_id)
        except Exception as error:
            logger.error("%s could not be started: %s", effect.app_id, error, exc_info=not isinstance(error, Fdc3Error))
            self.instance_gone(effect.instance_id)

    async def _start_app(self, record: AppRecord, instance_id: str) -> None:
        if self._launcher is None:
            if record.type == "web":
                return await self.web.open(record, instance_id)
            raise ErrorOnLaunch("no launcher")
        await self._launcher.launch(record, instance_id, self.url, self._mint(instance_id, record.app_id))

    def _mint(self, instance_id: str, app_id: str) -> str:
        secret = secrets.token_urlsafe(32)
        self._sessions[instance_id] = Session(app_id, digest(secret), self._clock())
        self._keeper.save()
        return secret

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _schedule(self) -> None:
        self._alarm.set(self._broker.deadline)

    def _tick(self) -> None:
        self._carry_out(self._broker.tick())
