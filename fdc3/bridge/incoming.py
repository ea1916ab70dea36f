"""What other agents ask of ours: their apps become guests of the broker, and what is said to guests goes back."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import UNSET

from fdc3.bridge import messages as b
from fdc3.bridge.line import Line, here, request_meta
from fdc3.broker import Deliver, Instance
from fdc3.types import messages as m
from fdc3.types.metadata import AppIdentifier, IntentResult

logger = logging.getLogger(__name__)

MOST_GUESTS: Final = 1000
"""Of one agent. Beyond these its guest that was heard of least lately is forgotten."""
PrivateMessage = b.PrivateBroadcast | b.PrivateOnAddContextListener | b.PrivateOnUnsubscribe | b.PrivateOnDisconnect
_App = tuple[str, str]
_Listening = tuple[str, str, str, str | None]


class Incoming:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._guests: dict[str, OrderedDict[_App, Instance]] = {}
        """By agent, and by appId and instanceId there."""
        self._by_id: dict[str, Instance] = {}
        self._asked: dict[tuple[str, str], Callable[[m.ResponsePayload], None]] = {}
        self._results: dict[tuple[str, str], str] = {}
        """Intents that guests raised, by guest and our uuid: the uuid under which their agent awaits the result."""
        self._listening: dict[_Listening, list[str]] = {}
        """Listeners of guests on private channels: (guest, "context" or "event", channel, type) -> their uuids."""

    # Guests

    def guest(self, app: AppIdentifier, agent: str) -> Instance:
        """The guest that stands for an app of another agent."""
        guests = self._guests.setdefault(agent, OrderedDict())
        key = (app.app_id, app.instance or "")
        guest = guests.get(key)
        if guest is None:
            guest = guests[key] = self._line.broker.guests.add(app, agent)
            self._by_id[guest.id] = guest
            if len(guests) > MOST_GUESTS:
                self._forget(guests.popitem(last=False)[1])
        guests.move_to_end(key)
        return guest

    def agent_left(self, agent: str | None = None) -> None:
        """An agent has left the bridge (None: we have): its apps are no longer there."""
        for name in [agent] if agent is not None else list(self._guests):
            for guest in self._guests.pop(name, {}).values():
                self._forget(guest)

    def _forget(self, guest: Instance) -> None:
        del self._by_id[guest.id]
        self._asked = {asked: answer for asked, answer in self._asked.items() if asked[0] != guest.id}
        self._results = {raised: there for raised, there in self._results.items() if raised[0] != guest.id}
        self._listening = {where: uuids for where, uuids in self._listening.items() if where[0] != guest.id}
        self._line.carry_out(self._line.broker.guests.remove(guest))

    # Requests from the bridge

    def handle(self, request: b.BridgeRequest) -> None:
        source = request.meta.source
        if source is UNSET or not source.desktop_agent:
            return
        app = AppIdentifier(source.app_id or source.desktop_agent, source.instance_id)
        guest = self.guest(app, source.desktop_agent)
        meta = request_meta(str(uuid.uuid4()))  # of our own: another agent may use one twice
        match request:
            case b.BroadcastRequest(payload=said):
                self._broadcast(guest, said, meta)
            case b.FindIntentRequest(payload=asked):
                self._answer(guest, request, m.FindIntentRequest(payload=asked, meta=meta))
            case b.FindIntentsByContextRequest(payload=asked):
                self._answer(guest, request, m.FindIntentsByContextRequest(payload=asked, meta=meta))
            case b.FindInstancesRequest(payload=asked):
                app_payload = m.AppPayload(here(asked.app))
                self._answer(guest, request, m.FindInstancesRequest(payload=app_payload, meta=meta))
            case b.GetAppMetadataRequest(payload=asked):
                app_payload = m.AppPayload(here(asked.app))
                self._answer(guest, request, m.GetAppMetadataRequest(payload=app_payload, meta=meta))
            case b.OpenRequest(payload=asked):
                opened = m.OpenPayload(app=here(asked.app), context=asked.context)
                self._answer(guest, request, m.OpenRequest(payload=opened, meta=meta))
            case b.RaiseIntentRequest(payload=asked):
                # The standard: without an instance this is for a new one; the choice was made where it was raised.
                raised = m.RaiseIntentPayload(intent=asked.intent, context=asked.context, app=here(asked.app))
                if asked.app.instance is None:
                    raised.new_instance = True
                self._answer(guest, request, m.RaiseIntentRequest(payload=raised, meta=meta))
            case _:
                self._private(guest, request, meta)

    def _broadcast(self, guest: Instance, said: b.ContextOnChannel, meta: m.RequestMeta) -> None:
        if not self._line.broker.guests.exists(said.channel_id):
            payload = m.ChannelIdPayload(said.channel_id)
            self._receive(guest, m.GetOrCreateChannelRequest(payload=payload, meta=meta))
        if self._line.broker.guests.is_public(said.channel_id):
            broadcast = m.BroadcastPayload(channel_id=said.channel_id, context=said.context)
            self._receive(guest, m.BroadcastRequest(payload=broadcast, meta=meta))

    def _private(self, guest: Instance, request: b.BridgeRequest, meta: m.RequestMeta) -> None:
        """What a party of a private channel did elsewhere."""
        channel_id = request.payload.channel_id  # type: ignore[attr-defined]
        if self._line.broker.guests.is_public(channel_id):
            return
        self._line.broker.guests.admit(guest, channel_id)
        match request:
            case b.PrivateBroadcast(payload=said):
                broadcast = m.BroadcastPayload(channel_id=channel_id, context=said.context)
                self._receive(guest, m.BroadcastRequest(payload=broadcast, meta=meta))
            case b.PrivateOnAddContextListener(payload=added):
                listener = m.ContextListenerPayload(channel_id=channel_id, context_type=added.context_type)
                self._note_listener(guest, meta.request_uuid, (guest.id, "context", channel_id, added.context_type))
                self._receive(guest, m.AddContextListenerRequest(payload=listener, meta=meta))
            case b.PrivateOnUnsubscribe(payload=removed):
                if known := self._listener((guest.id, "context", channel_id, removed.context_type)):
                    gone = m.ListenerUuidPayload(known)
                    self._receive(guest, m.ContextListenerUnsubscribeRequest(payload=gone, meta=meta))
            case b.PrivateEventListenerAdded(payload=wanted):
                events = m.PrivateEventListenerPayload(channel_id, wanted.listener_type)
                self._note_listener(guest, meta.request_uuid, (guest.id, "event", channel_id, wanted.listener_type))
                self._receive(guest, m.PrivateChannelAddEventListenerRequest(payload=events, meta=meta))
            case b.PrivateEventListenerRemoved(payload=unwanted):
                if known := self._listener((guest.id, "event", channel_id, unwanted.listener_type)):
                    gone = m.ListenerUuidPayload(known)
                    self._receive(guest, m.PrivateChannelUnsubscribeEventListenerRequest(payload=gone, meta=meta))
            case b.PrivateOnDisconnect():
                for where in [w for w in self._listening if w[0] == guest.id and w[2] == channel_id]:
                    del self._listening[where]
                leaving = m.ChannelIdPayload(channel_id)
                self._receive(guest, m.PrivateChannelDisconnectRequest(payload=leaving, meta=meta))

    def _note_listener(self, guest: Instance, request_uuid: str, where: _Listening) -> None:
        def added(payload: m.ResponsePayload) -> None:
            if payload.listener_uuid is not UNSET:
                self._listening.setdefault(where, []).append(payload.listener_uuid)

        self._asked[guest.id, request_uuid] = added

    def _listener(self, where: _Listening) -> str | None:
        uuids = self._listening.get(where)
        if not uuids:
            return None
        last = uuids.pop()
        if not uuids:
            del self._listening[where]
        return last

    def _receive(self, guest: Instance, request: m.Request) -> None:
        self._line.carry_out(self._line.broker.receive(guest.id, request))

    def _answer(self, guest: Instance, asked: b.BridgeRequest, request: m.Request) -> None:
        """Has the broker handle a request, and sends its answer whenever it comes."""
        response = b.RESPONSES[type(asked)]

        def answered(payload: m.ResponsePayload) -> None:
            if payload.error is not UNSET:
                answer = b.ResponsePayload(error=payload.error)
            else:
                answer = b.ResponsePayload(**{response.carries: getattr(payload, response.carries)})
                if isinstance(asked, b.RaiseIntentRequest):
                    self._results[guest.id, request.meta.request_uuid] = asked.meta.request_uuid
            self._line.respond(response, asked.meta.request_uuid, answer)

        self._asked[guest.id, request.meta.request_uuid] = answered
        self._receive(guest, request)

    # What the broker says to guests

    def deliver(self, effect: Deliver) -> None:
        for instance_id in effect.to:
            guest = self._by_id.get(instance_id)
            if guest is not None:
                self._to_guest(guest, effect)

    def _to_guest(self, guest: Instance, effect: Deliver) -> None:
        message = effect.message
        if isinstance(message, m.RaiseIntentResultResponse):
            if there := self._results.pop((guest.id, message.meta.request_uuid), None):
                self._line.respond(b.RaiseIntentResultResponse, there, _result(message.payload))
        elif isinstance(message, m.Response):
            if answered := self._asked.pop((guest.id, message.meta.request_uuid), None):
                answered(message.payload)
        elif effect.source is not None and effect.source.desktop_agent != guest.desktop_agent:
            self._event(guest, message, effect.source)

    def _event(self, guest: Instance, event: m.Event, source: AppIdentifier) -> None:
        """Something happened on a private channel of which the guest is a party.

        If it was made elsewhere, only its maker is told: the maker's agent repeats it to the other parties.
        """
        meta = self._line.request_meta(source, guest.identifier)
        message: PrivateMessage
        match event:
            case m.BroadcastEvent(payload=said) if said.channel_id is not None:
                message = b.PrivateBroadcast(payload=b.ContextOnChannel(said.channel_id, said.context), meta=meta)
            case m.PrivateChannelOnAddContextListenerEvent(payload=on):
                added = b.ContextTypePayload(on.private_channel_id, on.context_type)
                message = b.PrivateOnAddContextListener(payload=added, meta=meta)
            case m.PrivateChannelOnUnsubscribeEvent(payload=on):
                removed = b.ContextTypePayload(on.private_channel_id, on.context_type)
                message = b.PrivateOnUnsubscribe(payload=removed, meta=meta)
            case m.PrivateChannelOnDisconnectEvent(payload=off):
                message = b.PrivateOnDisconnect(payload=m.ChannelIdPayload(off.private_channel_id), meta=meta)
            case _:
                return
        if self._line.broker.guests.owner(message.payload.channel_id) in (None, guest):
            self._line.send(message)


def _result(payload: m.ResponsePayload) -> b.ResponsePayload:
    if payload.intent_result is UNSET:
        return b.ResponsePayload(error=payload.error)
    result = payload.intent_result
    return b.ResponsePayload(intent_result=IntentResult(context=result.context, channel=result.channel))
