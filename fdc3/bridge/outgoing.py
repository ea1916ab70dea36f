"""What our apps ask of other agents: everything addressed to one, and the finding and raising that concerns all."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from fdc3.bridge import messages as b
from fdc3.bridge.collating import merged
from fdc3.bridge.incoming import Incoming
from fdc3.bridge.line import Line, now, request_meta
from fdc3.broker import Deliver, Effect, Instance, RaiseElsewhere
from fdc3.directory import same_app
from fdc3.types import messages as m
from fdc3.types.errors import (
    AgentDisconnected,
    CreationFailed,
    NoAppsFound,
    NoResultReturned,
    NotConnectedToBridge,
    ResponseToBridgeTimedOut,
)
from fdc3.types.metadata import AppIdentifier, AppIntent, ChannelDescription, IntentResult

Raise = m.RaiseIntentRequest | m.RaiseIntentForContextRequest
Find = m.FindIntentRequest | m.FindIntentsByContextRequest | m.FindInstancesRequest
PRIVATE_EVENTS: Final[tuple[m.PrivateEventType, ...]] = ("addContextListener", "unsubscribe", "disconnect")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that the bridge is waited for: the standard's recommendation, and more where an app has to start."""

    answer: float = 3.0
    start: float = 45.0


@dataclass(slots=True, eq=False)
class Outstanding:
    """An intent that an app elsewhere has taken; its result is to come."""

    instance: Instance
    request_uuid: str
    handler: AppIdentifier


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the bridge; ``answered`` is called once, with an error when the time is up."""

    answered: Callable[[b.ResponsePayload], None]
    timer: asyncio.TimerHandle


class Outgoing:
    """The host's ``Elsewhere``."""

    def __init__(self, line: Line, incoming: Incoming, patience: Patience | None = None) -> None:
        self._line = line
        self._incoming = incoming
        self._patience = patience or Patience()
        self._asked: dict[str, Asked] = {}
        self._results: dict[str, Outstanding] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # The host's side

    def takes(self, instance_id: str, request: m.Request) -> bool:
        instance = self._line.broker.instance(instance_id)
        if instance is None or not instance.connected:
            return False
        if isinstance(request, m.BroadcastRequest):
            return bool(self._line.others) and self._broadcast(instance, request)
        if isinstance(request, Raise | m.OpenRequest | m.GetAppMetadataRequest | m.FindInstancesRequest):
            app = request.payload.app
            agent = app.desktop_agent if app is not UNSET else UNSET
            if agent is not UNSET and app is not UNSET:
                return self._addressed(instance, request, app, agent)
        if not self._line.others:
            return False
        if isinstance(request, Find):
            self._spawn(self._find(instance, request))
            return True
        if isinstance(request, Raise) and request.payload.app is UNSET:
            self._spawn(self._ask_all_and_raise(instance, request))
            return True
        return False

    def deliver(self, effect: Deliver) -> None:
        self._incoming.deliver(effect)

    def raised(self, effect: RaiseElsewhere) -> None:
        instance = self._line.broker.instance(effect.instance_id)
        if instance is not None:
            self._raise(instance, effect.request, effect.app, effect.intent)

    async def close(self) -> None:
        self.lost()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Contexts

    def _broadcast(self, instance: Instance, request: m.BroadcastRequest) -> bool:
        """Here first; then to the others, if the channel is theirs too and the broker took it."""
        channel_id, context = request.payload.channel_id, request.payload.context
        effects = self._line.broker.receive(instance.id, request)
        answers = [_answer_in(effect, request) for effect in effects]
        refused = any(answer is not None and answer.payload.error is not UNSET for answer in answers)
        self._line.carry_out(effects)
        if not refused and self._line.broker.guests.is_public(channel_id):
            meta = self._line.request_meta(instance.identifier)
            self._line.send(b.BroadcastRequest(payload=b.ContextOnChannel(channel_id, context), meta=meta))
        return True

    # One agent

    def _addressed(
        self,
        instance: Instance,
        request: Raise | m.OpenRequest | m.GetAppMetadataRequest | m.FindInstancesRequest,
        app: AppIdentifier,
        agent: str,
    ) -> bool:
        if not self._line.name:
            if agent == self._line.broker.implementation(instance.id).provider:
                return False
            self._fail(instance, request, NotConnectedToBridge().code)
            return True
        if agent == self._line.name:
            request.payload.app = AppIdentifier(app.app_id, app.instance_id)
            return False
        meta = self._line.request_meta(instance.identifier, agent)
        match request:
            case m.OpenRequest(payload=asked):
                opened = b.OpenPayload(app, asked.context)
                self._spawn(self._pass(instance, request, b.OpenRequest(payload=opened, meta=meta)))
            case m.GetAppMetadataRequest():
                self._spawn(
                    self._pass(instance, request, b.GetAppMetadataRequest(payload=m.AppPayload(app), meta=meta))
                )
            case m.FindInstancesRequest():
                self._spawn(self._pass(instance, request, b.FindInstancesRequest(payload=m.AppPayload(app), meta=meta)))
            case m.RaiseIntentRequest(payload=raised):
                self._raise(instance, request, app, raised.intent)
            case m.RaiseIntentForContextRequest():
                self._spawn(self._ask_one_and_raise(instance, request, app))
        return True

    async def _pass(self, instance: Instance, request: m.Request, asked: b.BridgeRequest) -> None:
        """Asks one agent and hands its answer to the app."""
        answer = await self._ask(asked)
        if answer.error is not UNSET:
            self._fail(instance, request, answer.error)
        else:
            carries = b.RESPONSES[type(asked)].carries
            self._reply(instance, request, m.ResponsePayload(**{carries: getattr(answer, carries)}))

    # All agents

    async def _find(self, instance: Instance, request: Find) -> None:
        """The answer of the broker, with those of the other agents added."""
        answer = await self._ask(_question(request, self._line, instance))
        effects = self._line.broker.receive(instance.id, request)
        self._line.carry_out([_with_others(effect, request, answer) for effect in effects])

    async def _ask_all_and_raise(self, instance: Instance, request: Raise) -> None:
        answer = await self._ask(_question(request, self._line, instance))
        elsewhere = tuple(option for option in _options(answer) if option.apps)
        if not elsewhere:
            self._line.carry_out(self._line.broker.receive(instance.id, request))
        elif self._line.broker.instance(instance.id) is instance:
            self._line.carry_out(self._line.broker.guests.raise_among(instance, request, elsewhere))

    async def _ask_one_and_raise(
        self, instance: Instance, request: m.RaiseIntentForContextRequest, app: AppIdentifier
    ) -> None:
        """Which intents the app elsewhere has for the context; if several, the user is asked."""
        answer = await self._ask(_question(request, self._line, instance))
        options = [
            AppIntent(
                option.intent,
                tuple(
                    x
                    for x in option.apps
                    if x.desktop_agent == app.desktop_agent
                    and same_app(x.app_id, app.app_id)
                    and x.instance == app.instance
                ),
            )
            for option in _options(answer)
        ]
        elsewhere = tuple(option for option in options if option.apps)
        if self._line.broker.instance(instance.id) is instance:
            self._line.carry_out(self._line.broker.guests.raise_among(instance, request, elsewhere, here=False))

    # Raising

    def _raise(self, instance: Instance, request: Raise, app: AppIdentifier, intent: str) -> None:
        if not self._line.name:
            self._fail(instance, request, NotConnectedToBridge().code)
            return
        payload = b.RaiseIntentPayload(intent, request.payload.context, app)
        asked = b.RaiseIntentRequest(payload=payload, meta=self._line.request_meta(instance.identifier, app))

        def answered(answer: b.ResponsePayload) -> None:
            resolution = answer.intent_resolution
            if resolution is UNSET:
                self._fail(instance, request, answer.error or ResponseToBridgeTimedOut().code)
                return
            taken = Outstanding(instance, request.meta.request_uuid, resolution.source)
            self._results[asked.meta.request_uuid] = taken
            self._reply(instance, request, m.ResponsePayload(intent_resolution=resolution))

        self._send(asked, answered)

    def _result(self, taken: Outstanding, payload: b.ResponsePayload) -> None:
        error, result = payload.error, payload.intent_result
        if result is not UNSET and result.channel is not UNSET:
            try:
                self._take_channel(taken, result.channel)
            except CreationFailed:
                error = NoResultReturned().code
        if error is not UNSET:
            answer = m.ResponsePayload(error=error)
        else:
            answer = m.ResponsePayload(intent_result=IntentResult() if result is UNSET else result)
        self._deliver(taken.instance, m.RaiseIntentResultResponse, taken.request_uuid, answer)

    def _take_channel(self, taken: Outstanding, channel: ChannelDescription) -> None:
        """A channel came as a result. A private one is kept here, too, with a guest for the app that made it."""
        guests = self._line.broker.guests
        owner = self._incoming.guest(taken.handler, taken.handler.desktop_agent or "")
        if channel.type != "private":
            if not guests.exists(channel.id):
                request = m.GetOrCreateChannelRequest(
                    payload=m.ChannelIdPayload(channel.id), meta=request_meta(str(uuid.uuid4()))
                )
                self._line.carry_out(self._line.broker.receive(owner.id, request))
            return
        guests.share(channel.id, owner, taken.instance)
        # All events are asked for at once, or what happens before our app listens for them would be missed.
        for event in PRIVATE_EVENTS:
            meta = self._line.request_meta(taken.instance.identifier, taken.handler)
            wanted = b.ListenerTypePayload(channel.id, event)
            self._line.send(b.PrivateEventListenerAdded(payload=wanted, meta=meta))

    # Asking the bridge

    def answered(self, response: b.BridgeResponse) -> None:
        """A response from the bridge; late and unknown ones are passed over."""
        request_uuid = response.meta.request_uuid
        if isinstance(response, b.RaiseIntentResultResponse):
            if taken := self._results.pop(request_uuid, None):
                self._result(taken, response.payload)
        elif asked := self._asked.pop(request_uuid, None):
            asked.timer.cancel()
            asked.answered(response.payload)

    def refused(self, request_uuid: str, code: str) -> None:
        """The bridge could not read a request."""
        if asked := self._asked.pop(request_uuid, None):
            asked.timer.cancel()
            asked.answered(b.ResponsePayload(error=code))

    def lost(self) -> None:
        """The bridge is gone, and with it all answers."""
        error = b.ResponsePayload(error=AgentDisconnected().code)
        for request_uuid in list(self._asked):
            self.refused(request_uuid, AgentDisconnected().code)
        results, self._results = self._results, {}
        for taken in results.values():
            self._result(taken, error)

    async def _ask(self, request: b.BridgeRequest) -> b.ResponsePayload:
        answer: asyncio.Future[b.ResponsePayload] = asyncio.get_running_loop().create_future()
        self._send(request, lambda payload: None if answer.done() else answer.set_result(payload))
        return await answer

    def _send(self, request: b.BridgeRequest, answered: Callable[[b.ResponsePayload], None]) -> None:
        starts = isinstance(request, b.OpenRequest | b.RaiseIntentRequest)
        seconds = self._patience.start if starts else self._patience.answer
        request_uuid, code = request.meta.request_uuid, ResponseToBridgeTimedOut().code
        timer = asyncio.get_running_loop().call_later(seconds, self.refused, request_uuid, code)
        self._asked[request_uuid] = Asked(answered, timer)
        self._line.send(request)

    # Answering our apps

    def _reply(self, instance: Instance, request: m.Request, payload: m.ResponsePayload) -> None:
        self._deliver(instance, m.RESPONSES[type(request)], request.meta.request_uuid, payload)

    def _fail(self, instance: Instance, request: m.Request, code: str) -> None:
        self._reply(instance, request, m.ResponsePayload(error=code))

    def _deliver(
        self, instance: Instance, kind: type[m.Response], request_uuid: str, payload: m.ResponsePayload
    ) -> None:
        meta = m.ResponseMeta(request_uuid, str(uuid.uuid4()), now())
        self._line.carry_out([Deliver((instance.id,), kind(payload=payload, meta=meta))])


def _question(request: Find | Raise, line: Line, instance: Instance) -> b.BridgeRequest:
    """What the other agents are asked about a request."""
    meta = line.request_meta(instance.identifier)
    match request:
        case m.FindInstancesRequest(payload=asked):
            return b.FindInstancesRequest(payload=asked, meta=meta)
        case m.FindIntentRequest(payload=asked):
            return b.FindIntentRequest(payload=asked, meta=meta)
        case m.RaiseIntentRequest(payload=raised):
            return b.FindIntentRequest(payload=m.FindIntentPayload(raised.intent, raised.context), meta=meta)
        case m.FindIntentsByContextRequest(payload=asked):
            return b.FindIntentsByContextRequest(payload=asked, meta=meta)
        case _:
            by_context = m.FindIntentsByContextPayload(request.payload.context)
            return b.FindIntentsByContextRequest(payload=by_context, meta=meta)


def _options(answer: b.ResponsePayload) -> tuple[AppIntent, ...]:
    return (answer.app_intent,) if answer.app_intent else answer.app_intents or ()


def _answer_in(effect: Effect, request: m.Request) -> m.Response | None:
    """The broker's answer to a request, if this is it."""
    if isinstance(effect, Deliver) and isinstance(effect.message, m.Response):
        return effect.message if effect.message.meta.request_uuid == request.meta.request_uuid else None
    return None


def _with_others(effect: Effect, request: Find, answer: b.ResponsePayload) -> Effect:
    """The effect; if it is the answer to ``request``, with what other agents answered added to it."""
    found = _answer_in(effect, request)
    if found is None or answer.error is not UNSET:
        return effect
    local = found.payload
    if local.error not in (UNSET, NoAppsFound().code):
        return effect
    if isinstance(request, m.FindInstancesRequest):
        instances = (local.app_identifiers or ()) + (answer.app_identifiers or ())
        found.payload = m.ResponsePayload(app_identifiers=instances)
        return effect
    by_name: dict[str, list[AppIntent]] = {}
    ours = (local.app_intent,) if local.app_intent else local.app_intents or ()
    for option in (*ours, *_options(answer)):
        if option.apps:
            by_name.setdefault(option.intent.name, []).append(option)
    intents = tuple(merged(name, several) for name, several in by_name.items())
    if intents and isinstance(request, m.FindIntentRequest):
        found.payload = m.ResponsePayload(app_intent=intents[0])
    elif intents:
        found.payload = m.ResponsePayload(app_intents=intents)
    return effect
