"""Intents on their way: choosing who handles them, delivering, and carrying the result back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from msgspec import UNSET, UnsetType

from fdc3.broker.apps import Apps
from fdc3.broker.channels import Channels
from fdc3.broker.core import Core, Handlers, Instance, Timer, context_type
from fdc3.broker.effects import CancelResolve, RaiseElsewhere, ResolutionRequest, Resolve
from fdc3.broker.intent_listeners import IntentListener, IntentListeners
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.errors import (
    AccessDenied,
    DesktopAgentNotFound,
    ErrorOnLaunch,
    Fdc3Error,
    IntentDeliveryFailed,
    IntentHandlerRejected,
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
    IntentResolutionDescription,
    IntentResult,
    ProvidedMetadata,
)

Raising = m.RaiseIntentRequest | m.RaiseIntentForContextRequest


@dataclass(slots=True, eq=False)
class Raised:
    """An intent (or any of several, for ``raiseIntentForContext``) that has not reached a handler yet."""

    raiser: Instance
    request: Raising
    kind: str
    """The type of its context."""
    options: tuple[AppIntent, ...] = ()
    """Who could take it, unless the raiser has said which instance shall."""
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
        self.listeners = IntentListeners(core, self._listener_added)
        self._asked: dict[str, Raised] = {}
        self._waiting: list[Waiting] = []
        self._delivered: dict[str, Delivered] = {}
        self._between: dict[tuple[str, str], dict[str, None]] = {}
        """The same by raiser and handler: event ids, the oldest first."""
        self.handlers: Handlers = {
            **self.listeners.handlers,
            m.RaiseIntentRequest: self.raise_intent,
            m.RaiseIntentForContextRequest: self.raise_intent,
            m.IntentResultRequest: self.result,
        }

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

    # Raising

    def raise_intent(self, raiser: Instance, request: Raising) -> None:
        app, kind = request.payload.app, context_type(request.payload.context)
        if app is not UNSET and app.desktop_agent not in (UNSET, self._provider):
            raise DesktopAgentNotFound
        if app is UNSET or app.instance is None:
            self._choose(Raised(raiser, request, kind, self._options(request, kind)))
            return
        if request.payload.new_instance is True:
            raise InvalidArguments
        target = self.apps.target(app)
        intents = [intent for intent in self._intents(request, kind) if self.listeners.offers(target, intent, kind)]
        if not intents:
            raise NoAppsFound
        self._hand_over(Raised(raiser, request, kind), tuple(intents), target)

    def raise_among(self, raiser: Instance, request: Raising, elsewhere: tuple[AppIntent, ...], *, here: bool) -> None:
        """Raises an intent that apps of other desktop agents may take, too (not ``here``: only those)."""
        kind = context_type(request.payload.context)
        options = {option.intent.name: option for option in (self._options(request, kind) if here else ())}
        for option in elsewhere:
            known = options.get(option.intent.name)
            options[option.intent.name] = AppIntent(known.intent, known.apps + option.apps) if known else option
        self._choose(Raised(raiser, request, kind, tuple(options.values())))

    def _intents(self, request: Raising, kind: str) -> list[str]:
        return (
            [request.payload.intent] if isinstance(request, m.RaiseIntentRequest) else self.listeners.intents_for(kind)
        )

    def _options(self, request: Raising, kind: str) -> tuple[AppIntent, ...]:
        """The apps for each intent; of the app that is asked for, if one is."""
        options = tuple(self.listeners.option(intent, kind) for intent in self._intents(request, kind))
        app = request.payload.app
        if app is UNSET:
            return options
        record = self.core.directory.get(app.app_id)
        app_id = record.app_id if record else app.app_id
        if record is None and not self.core.running(app_id):
            raise TargetAppUnavailable
        return tuple(AppIntent(o.intent, tuple(a for a in o.apps if a.app_id == app_id)) for o in options)

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
            self._check_quota(raised.raiser)
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
        target = self._launch(raised.raiser, app.app_id) if app.instance is None else self.apps.target(app)
        self._hand_over(raised, (intent,), target)

    def _check_quota(self, raiser: Instance) -> None:
        pending = chain(self._asked.values(), (waiting.raised for waiting in self._waiting))
        if sum(raised.raiser.holder == raiser.holder for raised in pending) >= self.core.quotas.raised:
            raise IntentDeliveryFailed

    def _launch(self, raiser: Instance, app_id: str) -> Instance:
        self._check_quota(raiser)
        try:
            return self.apps.launch(app_id, raiser)
        except ErrorOnLaunch:
            raise IntentDeliveryFailed from None

    # Delivering

    def _hand_over(self, raised: Raised, intents: tuple[str, ...], target: Instance) -> None:
        for intent in intents:
            if self.listeners.listens(target, intent, raised.kind):
                self._deliver(raised, intent, target)
                return
        self._check_quota(raised.raiser)
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
            self._await_result(event_uuid, Delivered(raised.raiser, target, request_uuid, intent, metadata.trace_id))
        resolution = IntentResolutionDescription(target.identifier, intent)
        self.core.reply(raised.raiser, raised.request, intent_resolution=resolution)

    def _listener_added(self, listener: IntentListener) -> None:
        """An instance listens: what has waited for this is delivered."""
        for waiting in [w for w in self._waiting if w.instance is listener.instance and listener.intent in w.intents]:
            if listener.takes(waiting.raised.kind):
                self._stop_waiting(waiting)
                self._deliver(waiting.raised, listener.intent, listener.instance)

    def _not_delivered(self, waiting: Waiting) -> None:
        self._stop_waiting(waiting)
        self.core.fail(waiting.raised.raiser, waiting.raised.request, IntentDeliveryFailed())

    def _stop_waiting(self, waiting: Waiting) -> None:
        self._waiting.remove(waiting)
        if waiting.raised.timer is not None:
            waiting.raised.timer.cancel()

    # Results

    def _await_result(self, event_uuid: str, delivered: Delivered) -> None:
        """Notes an intent in hand. A handler that never answers costs no more than a quota of them."""
        self._delivered[event_uuid] = delivered
        between = self._between.setdefault((delivered.raiser.holder, delivered.handler.holder), {})
        between[event_uuid] = None
        if len(between) > self.core.quotas.results:
            oldest = self._settle(next(iter(between)))
            self._give_result(oldest, m.ResponsePayload(error=NoResultReturned().code))

    def _settle(self, event_uuid: str) -> Delivered:
        delivered = self._delivered.pop(event_uuid)
        parties = delivered.raiser.holder, delivered.handler.holder
        between = self._between[parties]
        del between[event_uuid]
        if not between:
            del self._between[parties]
        return delivered

    def result(self, handler: Instance, request: m.IntentResultRequest) -> None:
        delivered = self._delivered.get(request.payload.intent_event_uuid)
        if delivered is None:  # the raiser has gone meanwhile; that is no fault of the handler
            self.core.reply(handler, request)
            return
        if delivered.handler is not handler or delivered.request_uuid != request.payload.raise_intent_request_uuid:
            raise AccessDenied
        self._settle(request.payload.intent_event_uuid)
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
        self.listeners.instance_gone(instance)
        for waiting in [w for w in self._waiting if w.raised.raiser is instance]:
            self._stop_waiting(waiting)
        for request_id, raised in list(self._asked.items()):
            if raised.raiser is instance:
                self._answered(request_id)
                self.core.effects.append(CancelResolve(request_id))
        for event_uuid, delivered in list(self._delivered.items()):
            if instance in (delivered.raiser, delivered.handler):
                self._settle(event_uuid)
                if delivered.handler is instance and delivered.raiser is not instance:
                    self._give_result(delivered, m.ResponsePayload(error=NoResultReturned().code))
