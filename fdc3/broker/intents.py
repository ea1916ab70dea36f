"""Intents: who handles them, choosing a handler, delivering, and carrying the result back."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from fdc3.broker.apps import Apps
from fdc3.broker.channels import Channels
from fdc3.broker.core import Core, Handlers, Instance, Timer, context_type
from fdc3.broker.effects import CancelResolve, RaiseElsewhere, ResolutionRequest, Resolve
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.errors import (
    AccessDenied,
    DesktopAgentNotFound,
    Fdc3Error,
    IntentDeliveryFailed,
    IntentHandlerRejected,
    IntentListenerConflict,
    InvalidArguments,
    NoAppsFound,
    NoResultReturned,
    ResolverTimeout,
    TargetAppUnavailable,
    TargetInstanceUnavailable,
    UserCancelledResolution,
)
from fdc3.types.metadata import (
    AppIdentifier,
    AppIntent,
    AppMetadata,
    IntentMetadata,
    IntentResolutionDescription,
    IntentResult,
    ProvidedMetadata,
)


@dataclass(frozen=True, slots=True, eq=False)
class IntentListener:
    instance: Instance
    intent: str
    context_types: frozenset[str] | None
    """None: all."""

    def takes(self, kind: str | None) -> bool:
        return kind is None or self.context_types is None or kind in self.context_types

    def conflicts(self, other: IntentListener) -> bool:
        """Whether an intent could be meant for either of two listeners."""
        if self.instance is not other.instance or self.intent != other.intent:
            return False
        if self.context_types is None or other.context_types is None:
            return True
        return not self.context_types.isdisjoint(other.context_types)


@dataclass(slots=True, eq=False)
class Raised:
    """An intent (or any of several, for ``raiseIntentForContext``) that has not reached a handler yet."""

    raiser: Instance
    request: m.RaiseIntentRequest | m.RaiseIntentForContextRequest
    options: tuple[AppIntent, ...]
    kind: str
    """The type of its context."""
    timer: Timer | None = None


@dataclass(slots=True, eq=False)
class Waiting:
    """A raised intent whose app is chosen but does not listen yet; the first of these intents it listens for wins."""

    raised: Raised
    instance: Instance
    intents: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Delivered:
    """An intent being handled; its result is outstanding."""

    raiser: Instance
    handler: Instance
    request_uuid: str
    intent: str
    trace_id: str


class Intents:
    def __init__(self, core: Core, apps: Apps, channels: Channels, provider: str) -> None:
        self.core = core
        self.apps = apps
        self.channels = channels
        self._provider = provider
        self._listeners: dict[str, IntentListener] = {}
        self._asked: dict[str, Raised] = {}
        self._waiting: list[Waiting] = []
        self._delivered: dict[str, Delivered] = {}
        self.handlers: Handlers = {
            m.AddIntentListenerRequest: self.add_listener,
            m.IntentListenerUnsubscribeRequest: self.remove_listener,
            m.FindIntentRequest: self.find_intent,
            m.FindIntentsByContextRequest: self.find_intents_by_context,
            m.RaiseIntentRequest: self.raise_intent,
            m.RaiseIntentForContextRequest: self.raise_intent,
            m.IntentResultRequest: self.result,
        }

    # Listeners

    def add_listener(self, instance: Instance, request: m.AddIntentListenerRequest) -> None:
        intent, kinds = request.payload.intent, request.payload.context_types
        listener = IntentListener(instance, intent, None if kinds is UNSET or kinds is None else frozenset(kinds))
        if any(listener.conflicts(other) for other in self._listeners.values()):
            raise IntentListenerConflict
        uuid = self.core.new_id()
        self._listeners[uuid] = listener
        self.core.reply(instance, request, listener_uuid=uuid)
        for waiting in [w for w in self._waiting if w.instance is instance and intent in w.intents]:
            if listener.takes(waiting.raised.kind):
                self._stop_waiting(waiting)
                self._deliver(waiting.raised, intent, instance)

    def remove_listener(self, instance: Instance, request: m.IntentListenerUnsubscribeRequest) -> None:
        listener = self._listeners.get(request.payload.listener_uuid)
        if listener is None or listener.instance is not instance:
            raise AccessDenied
        del self._listeners[request.payload.listener_uuid]
        self.core.reply(instance, request)

    def listened_by(self, instance: Instance) -> list[str]:
        return [listener.intent for listener in self._listeners.values() if listener.instance is instance]

    @property
    def asked(self) -> tuple[Raised, ...]:
        """Those about which the user is being asked."""
        return tuple(self._asked.values())

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(self._waiting)

    @property
    def delivered(self) -> tuple[Delivered, ...]:
        return tuple(self._delivered.values())

    def _listens(self, instance: Instance, intent: str, kind: str | None) -> bool:
        return any(x.instance is instance and x.intent == intent and x.takes(kind) for x in self._listeners.values())

    # Finding

    def find_intent(self, instance: Instance, request: m.FindIntentRequest) -> None:
        payload = request.payload
        kind = None if payload.context is UNSET else context_type(payload.context)
        wanted = None if payload.result_type is UNSET else payload.result_type
        found = self._option(payload.intent, kind, wanted, listening=True)
        if not found.apps:
            raise NoAppsFound
        self.core.reply(instance, request, app_intent=found)

    def find_intents_by_context(self, instance: Instance, request: m.FindIntentsByContextRequest) -> None:
        kind = context_type(request.payload.context)
        wanted = None if request.payload.result_type is UNSET else request.payload.result_type
        found = [self._option(intent, kind, wanted, listening=True) for intent in self._intents_for(kind, wanted)]
        if not found:
            raise NoAppsFound
        self.core.reply(instance, request, app_intents=tuple(found))

    def _intents_for(self, kind: str, result_type: str | None = None) -> list[str]:
        """The intents that the directory has for a context, then those that apps have said they take it with."""
        handlers = self.core.directory.handlers(None, kind, result_type)
        found = [handler.intent for handler in handlers]
        if result_type is None:
            found += [x.intent for x in self._listeners.values() if x.context_types is not None and x.takes(kind)]
        return list(dict.fromkeys(found))

    def _option(
        self, intent: str, kind: str | None, result_type: str | None = None, *, listening: bool = False
    ) -> AppIntent:
        """The apps for an intent: those the directory declares, each followed by its running instances (with
        ``listening``: only those that listen already), then instances that listen without having declared it."""
        declared = self.core.directory.handlers(intent, kind, result_type)
        apps: list[AppMetadata] = []
        for handler in declared:
            returns = handler.listens_for.result_type
            apps.append(handler.record.metadata(result_type=returns))
            for running in self.core.running(handler.record.app_id):
                if not listening or self._listens(running, intent, kind):
                    apps.append(self.core.metadata(running, returns))
        if result_type is None:
            takers = [x for x in self._listeners.values() if x.intent == intent and x.takes(kind)]
            undeclared = dict.fromkeys(x.instance for x in takers)
            apps += [self.core.metadata(x) for x in undeclared if not self._declares(x, intent)]
        names = [h.listens_for.display_name for h in declared if h.listens_for.display_name]
        return AppIntent(IntentMetadata(intent, names[0] if names else intent), tuple(apps))

    def _declares(self, instance: Instance, intent: str) -> bool:
        record = self.core.directory.get(instance.app_id)
        return record is not None and intent in record.interop.intents.listens_for

    # Raising

    def raise_intent(self, raiser: Instance, request: m.RaiseIntentRequest | m.RaiseIntentForContextRequest) -> None:
        self._raise(Raised(raiser, request, self._options(request), context_type(request.payload.context)))

    def _options(self, request: m.RaiseIntentRequest | m.RaiseIntentForContextRequest) -> tuple[AppIntent, ...]:
        kind = context_type(request.payload.context)
        intents = [request.payload.intent] if isinstance(request, m.RaiseIntentRequest) else self._intents_for(kind)
        return tuple(self._option(intent, kind) for intent in intents)

    def raise_among(
        self,
        raiser: Instance,
        request: m.RaiseIntentRequest | m.RaiseIntentForContextRequest,
        elsewhere: tuple[AppIntent, ...],
        *,
        here: bool,
    ) -> None:
        """Raises an intent that apps of other desktop agents may take, too (not ``here``: only those)."""
        options = {option.intent.name: option for option in (self._options(request) if here else ())}
        for option in elsewhere:
            known = options.get(option.intent.name)
            options[option.intent.name] = AppIntent(known.intent, known.apps + option.apps) if known else option
        kind = context_type(request.payload.context)
        self._choose(Raised(raiser, request, tuple(options.values()), kind))

    def _raise(self, raised: Raised) -> None:
        app = raised.request.payload.app
        if app is UNSET:
            self._choose(raised)
        elif app.desktop_agent is not UNSET and app.desktop_agent != self._provider:
            raise DesktopAgentNotFound
        elif app.instance is not None:
            if raised.request.payload.new_instance is True:
                raise InvalidArguments
            target = self.apps.target(app)
            intents = [o.intent.name for o in raised.options if any(a.instance == target.id for a in o.apps)]
            if not intents:
                raise NoAppsFound
            self._hand_over(raised, tuple(intents), target)
        else:
            record = self.core.directory.get(app.app_id)
            app_id = record.app_id if record else app.app_id
            if record is None and not self.core.running(app_id):
                raise TargetAppUnavailable
            raised.options = tuple(
                AppIntent(o.intent, tuple(a for a in o.apps if a.app_id == app_id)) for o in raised.options
            )
            self._choose(raised)

    def _choose(self, raised: Raised) -> None:
        """Takes the only possibility there is, or asks. One running instance is preferred to starting another."""
        raised.options = tuple(option for option in raised.options if option.apps)
        if not raised.options:
            raise NoAppsFound
        if raised.request.payload.new_instance is not UNSET:
            self._only(raised, new=raised.request.payload.new_instance)
        apps = raised.options[0].apps
        instances = [app for app in apps if app.instance is not None]
        one_app = len({(app.app_id, app.desktop_agent) for app in apps}) == 1
        if len(raised.options) == 1 and one_app and len(instances) <= 1:
            self._go_to((instances or apps)[0].identifier, raised, raised.options[0].intent.name)
        else:
            request_id = self.core.new_id()
            raised.timer = self.core.later(self.core.timeouts.resolver, lambda: self._resolver_timeout(request_id))
            self._asked[request_id] = raised
            context = Context.decode(raised.request.payload.context)
            question = ResolutionRequest(request_id, raised.raiser.identifier, context, raised.options)
            self.core.effects.append(Resolve(question))

    def _only(self, raised: Raised, *, new: bool) -> None:
        """Leaves the apps to start, or the instances that run."""
        kept = [(o.intent, tuple(a for a in o.apps if (a.instance is None) == new)) for o in raised.options]
        raised.options = tuple(AppIntent(intent, apps) for intent, apps in kept if apps)
        if not raised.options:
            raise TargetAppUnavailable if new else TargetInstanceUnavailable

    def resolved(self, request_id: str, app: AppIdentifier | None, intent: str | None) -> None:
        raised = self._answered(request_id)
        if raised is None:
            return
        try:
            if app is None:
                raise UserCancelledResolution
            offers = [
                option.intent.name
                for option in raised.options
                if intent in (None, option.intent.name) and any(a.app_id == app.app_id for a in option.apps)
            ]
            if not offers:
                raise TargetAppUnavailable
            self._go_to(app, raised, offers[0])
        except Fdc3Error as error:
            self.core.fail(raised.raiser, raised.request, error)

    def unresolved(self, request_id: str, error: Fdc3Error) -> None:
        if raised := self._answered(request_id):
            self.core.fail(raised.raiser, raised.request, error)

    def _resolver_timeout(self, request_id: str) -> None:
        self.core.effects.append(CancelResolve(request_id))
        self.unresolved(request_id, ResolverTimeout())

    def _answered(self, request_id: str) -> Raised | None:
        raised = self._asked.pop(request_id, None)
        if raised is not None and raised.timer is not None:
            raised.timer.cancel()
        return raised

    def _go_to(self, app: AppIdentifier, raised: Raised, intent: str) -> None:
        if app.desktop_agent is not UNSET:
            self.core.effects.append(RaiseElsewhere(raised.raiser.id, raised.request, app, intent))
            return
        target = self.apps.launch(app.app_id) if app.instance is None else self.apps.target(app)
        self._hand_over(raised, (intent,), target)

    # Delivering

    def _hand_over(self, raised: Raised, intents: tuple[str, ...], target: Instance) -> None:
        for intent in intents:
            if self._listens(target, intent, raised.kind):
                self._deliver(raised, intent, target)
                return
        waiting = Waiting(raised, target, intents)
        patience = self.core.timeouts.listener + (0 if target.connected else self.core.timeouts.connect)
        raised.timer = self.core.later(patience, lambda: self._not_delivered(waiting))
        self._waiting.append(waiting)

    def _deliver(self, raised: Raised, intent: str, target: Instance) -> None:
        request_uuid = raised.request.meta.request_uuid
        metadata = self.core.stamp(raised.raiser, raised.request.payload.metadata)
        payload = m.IntentEventPayload(intent, raised.request.payload.context, request_uuid, metadata)
        event_uuid = self.core.tell([target.id], m.IntentEvent, payload)
        if event_uuid is not None:
            self._delivered[event_uuid] = Delivered(raised.raiser, target, request_uuid, intent, metadata.trace_id)
        resolution = IntentResolutionDescription(target.identifier, intent)
        self.core.reply(raised.raiser, raised.request, intent_resolution=resolution)

    def _not_delivered(self, waiting: Waiting) -> None:
        self._stop_waiting(waiting)
        self.core.fail(waiting.raised.raiser, waiting.raised.request, IntentDeliveryFailed())

    def _stop_waiting(self, waiting: Waiting) -> None:
        self._waiting.remove(waiting)
        if waiting.raised.timer is not None:
            waiting.raised.timer.cancel()

    # Results

    def result(self, handler: Instance, request: m.IntentResultRequest) -> None:
        delivered = self._delivered.get(request.payload.intent_event_uuid)
        if delivered is None:  # the raiser has gone meanwhile; that is no fault of the handler
            self.core.reply(handler, request)
            return
        if delivered.handler is not handler or delivered.request_uuid != request.payload.raise_intent_request_uuid:
            raise AccessDenied
        del self._delivered[request.payload.intent_event_uuid]
        result = request.payload.intent_result
        said: ProvidedMetadata | UnsetType = UNSET
        try:
            if result.error is not UNSET:
                raise IntentHandlerRejected
            if result.channel is not UNSET:
                channel = self.channels.admit(handler, delivered.raiser, result.channel.id)
                result = IntentResult(channel=channel)
            elif result.context is not UNSET:
                context_type(result.context)
                said = request.payload.metadata
        except IntentHandlerRejected as error:
            self.core.reply(handler, request)
            self._give_result(delivered, m.ResponsePayload(error=error.code))
        except Fdc3Error as error:
            self.core.fail(handler, request, error)
            self._give_result(delivered, m.ResponsePayload(error=NoResultReturned().code))
        else:
            self.core.reply(handler, request)
            metadata = self.core.stamp(handler, said, delivered.trace_id)
            self._give_result(delivered, m.ResponsePayload(intent_result=result, result_metadata=metadata))

    def _give_result(self, delivered: Delivered, payload: m.ResponsePayload) -> None:
        self.core.respond(delivered.raiser, m.RaiseIntentResultResponse, delivered.request_uuid, payload)

    def instance_gone(self, instance: Instance) -> None:
        self.forget_listeners(instance)
        for waiting in [w for w in self._waiting if w.instance is instance]:
            self._not_delivered(waiting)

    def forget_listeners(self, instance: Instance) -> None:
        """All that the instance has set up, raised or been given; what waits for it to listen goes on waiting."""
        self._listeners = {uuid: x for uuid, x in self._listeners.items() if x.instance is not instance}
        for waiting in [w for w in self._waiting if w.raised.raiser is instance]:
            self._stop_waiting(waiting)
        for request_id, raised in list(self._asked.items()):
            if raised.raiser is instance:
                self._answered(request_id)
                self.core.effects.append(CancelResolve(request_id))
        for event_uuid, delivered in list(self._delivered.items()):
            if instance in (delivered.raiser, delivered.handler):
                del self._delivered[event_uuid]
                if delivered.handler is instance and delivered.raiser is not instance:
                    self._give_result(delivered, m.ResponsePayload(error=NoResultReturned().code))
