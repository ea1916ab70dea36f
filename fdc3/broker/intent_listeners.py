"""Who takes which intent: the apps that listen for it, and those that the directory declares for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UNSET

from fdc3.broker.core import Core, Handlers, Instance, context_type
from fdc3.broker.holdings import Holdings
from fdc3.types import messages as m
from fdc3.types.errors import AccessDenied, IntentDeliveryFailed, IntentListenerConflict, NoAppsFound
from fdc3.types.metadata import AppIntent, AppMetadata, IntentMetadata


@dataclass(frozen=True, slots=True, eq=False)
class IntentListener:
    uuid: str
    instance: Instance
    intent: str
    context_types: frozenset[str] | None
    """None: all."""

    def takes(self, kind: str | None) -> bool:
        return kind is None or self.context_types is None or kind in self.context_types

    def conflicts(self, other: IntentListener) -> bool:
        """Whether an intent could be meant for either of two listeners of one instance."""
        if self.intent != other.intent:
            return False
        if self.context_types is None or other.context_types is None:
            return True
        return not self.context_types.isdisjoint(other.context_types)


class IntentListeners:
    def __init__(self, core: Core, added: Callable[[IntentListener], None]) -> None:
        self.core = core
        self._added = added
        self._listeners = Holdings[IntentListener](core.quotas.intents, IntentDeliveryFailed)
        self.handlers: Handlers = {
            m.AddIntentListenerRequest: self.add,
            m.IntentListenerUnsubscribeRequest: self.remove,
            m.FindIntentRequest: self.find_intent,
            m.FindIntentsByContextRequest: self.find_intents_by_context,
        }

    def add(self, instance: Instance, request: m.AddIntentListenerRequest) -> None:
        intent, kinds = request.payload.intent, request.payload.context_types
        taken = None if kinds is UNSET or kinds is None else frozenset(kinds)
        listener = IntentListener(self.core.new_id(), instance, intent, taken)
        self.listen(listener)
        self.core.reply(instance, request, listener_uuid=listener.uuid)
        self._added(listener)

    def listen(self, listener: IntentListener) -> None:
        """Raises ``IntentListenerConflict``, or ``IntentDeliveryFailed`` if the instance has too many."""
        if any(listener.conflicts(other) for other in self._listeners.of(listener.instance)):
            raise IntentListenerConflict
        self._listeners.add(listener.instance, listener.uuid, listener)

    def of(self, instance: Instance) -> tuple[IntentListener, ...]:
        return self._listeners.of(instance)

    def remove(self, instance: Instance, request: m.IntentListenerUnsubscribeRequest) -> None:
        if self._listeners.get(instance, request.payload.listener_uuid) is None:
            raise AccessDenied
        self._listeners.remove(instance, request.payload.listener_uuid)
        self.core.reply(instance, request)

    def instance_gone(self, instance: Instance) -> None:
        self._listeners.forget(instance)

    def intents_of(self, instance: Instance) -> list[str]:
        return [listener.intent for listener in self._listeners.of(instance)]

    def listens(self, instance: Instance, intent: str, kind: str | None) -> bool:
        """Whether the instance takes the intent at this moment, with a context of this type (None: with any)."""
        return any(x.intent == intent and x.takes(kind) for x in self._listeners.of(instance))

    # Finding

    def find_intent(self, instance: Instance, request: m.FindIntentRequest) -> None:
        payload = request.payload
        kind = None if payload.context is UNSET else context_type(payload.context)
        wanted = None if payload.result_type is UNSET else payload.result_type
        found = self.option(payload.intent, kind, wanted, listening=True)
        if not found.apps:
            raise NoAppsFound
        self.core.reply(instance, request, app_intent=found)

    def find_intents_by_context(self, instance: Instance, request: m.FindIntentsByContextRequest) -> None:
        kind = context_type(request.payload.context)
        wanted = None if request.payload.result_type is UNSET else request.payload.result_type
        found = [self.option(intent, kind, wanted, listening=True) for intent in self.intents_for(kind, wanted)]
        if not found:
            raise NoAppsFound
        self.core.reply(instance, request, app_intents=tuple(found))

    def intents_for(self, kind: str, result_type: str | None = None) -> list[str]:
        """The intents that the directory has for a context, then those that apps have said they take it with."""
        handlers = self.core.directory.handlers(None, kind, result_type)
        found = [handler.intent for handler in handlers]
        if result_type is None:
            found += [x.intent for x in self._listeners if x.context_types is not None and x.takes(kind)]
        return list(dict.fromkeys(found))

    def option(
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
                if not listening or self.listens(running, intent, kind):
                    apps.append(self.core.metadata(running, returns))
        if result_type is None:
            takers = [x for x in self._listeners if x.intent == intent and x.takes(kind)]
            undeclared = dict.fromkeys(x.instance for x in takers)
            apps += [self.core.metadata(x) for x in undeclared if not self._declares(x, intent)]
        names = [h.listens_for.display_name for h in declared if h.listens_for.display_name]
        return AppIntent(IntentMetadata(intent, names[0] if names else intent), tuple(apps))

    def offers(self, instance: Instance, intent: str, kind: str) -> bool:
        """Whether the intent may be meant for this very instance: its app declares it, or else it listens for it."""
        if instance.desktop_agent is not None:
            return False
        record = self.core.directory.get(instance.app_id)
        declared = None if record is None else record.interop.intents.listens_for.get(intent)
        return self.listens(instance, intent, kind) if declared is None else declared.takes(kind)

    def _declares(self, instance: Instance, intent: str) -> bool:
        record = self.core.directory.get(instance.app_id)
        return record is not None and intent in record.interop.intents.listens_for
