"""The broker beside a model of it that is small enough to be read: they agree, whatever apps do in whatever order."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
from broker_desk import record
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fdc3.broker import Broker, Deliver, Effect
from fdc3.directory import AppDirectory
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect

DIALECTS: dict[str, Dialect] = {"a": FDC3_2_2, "b": FDC3_3_0, "c": FDC3_2_2, "d": FDC3_3_0}
"""Apps, and what each speaks. Each runs once."""
USER = ("fdc3.channel.1", "fdc3.channel.2")
KINDS = ("fdc3.contact", "fdc3.instrument")
INTENTS = ("Look", "See")
who = st.sampled_from(sorted(DIALECTS))
kinds = st.sampled_from((None, *KINDS))
Heard = list[tuple[str, str, Any]]


class App:
    """What the model knows of an app."""

    def __init__(self) -> None:
        self.channel: str | None = None
        self.listeners: dict[str, tuple[str | None, str | None]] = {}
        self.intents: dict[str, str] = {}


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count()
        self.broker = Broker(AppDirectory([record(name) for name in DIALECTS]), monotonic=lambda: 0.0)
        self.apps: dict[str, App] = {}
        self.contexts: dict[str, dict[str, Any]] = {channel: {} for channel in (*USER, "shared")}
        self.parties: dict[str, set[str]] = {}
        self.events: dict[str, tuple[str, str]] = {}
        """Intents being handled: by event, their handler and raiser."""

    # Both sides

    def say(self, name: str, kind: str, **payload: Any) -> tuple[dict[str, Any], Heard]:
        """What the app is answered, and what it and others hear."""
        uuid = f"{name}-{next(self.numbers)}"
        meta = {"requestUuid": uuid, "timestamp": "2026-03-02T09:30:00Z"}
        data = msgspec.json.encode({"type": f"{kind}Request", "payload": payload, "meta": meta})
        heard = self.told(self.broker.receive(name, DIALECTS[name].decode_request(data)))
        [answer] = [x for x in heard if x[0] == name and x[2]["meta"].get("requestUuid") == uuid]
        heard.remove(answer)
        result: dict[str, Any] = answer[2]["payload"]
        return result, heard

    def told(self, effects: list[Effect]) -> Heard:
        heard: Heard = []
        for effect in effects:
            if isinstance(effect, Deliver):
                for name in effect.to:
                    if DIALECTS[name].knows(type(effect.message)):
                        message = msgspec.json.decode(DIALECTS[name].encode(effect.message))
                        heard.append((name, message["type"], message))
        return heard

    def hears(self, app: App, channel: str, kind: str) -> bool:
        for where, wanted in app.listeners.values():
            here = where == channel or (where is None and app.channel == channel)
            if here and wanted in (None, kind):
                return True
        return False

    def may_use(self, name: str, channel: str) -> bool:
        return channel not in self.parties or name in self.parties[channel]

    def channels(self) -> list[str]:
        return [*self.contexts]

    # Coming and going

    @initialize()
    def all_come(self) -> None:
        for name in DIALECTS:
            self.come(name)

    def come(self, name: str) -> None:
        self.broker.add_instance(name, name)
        assert self.told(self.broker.connect(name)) == []
        self.apps[name] = App()
        assert self.say(name, "getOrCreateChannel", channelId="shared")[0]["channel"]["id"] == "shared"

    @rule(name=who)
    def crash_or_return(self, name: str) -> None:
        if name not in self.apps:
            self.come(name)
            return
        heard = self.told(self.broker.disconnect(name))
        del self.apps[name]
        self.leave_all(name)
        lost = [raiser for handler, raiser in self.events.values() if handler == name and raiser != name]
        self.events = {e: x for e, x in self.events.items() if name not in x}
        failed = [who for who, kind, message in heard if message["payload"].get("error") == "NoResultReturned"]
        assert sorted(failed) == sorted(lost), "whoever waits for a result is told that there will be none"

    @rule(name=who)
    def load_again(self, name: str) -> None:
        if name in self.apps:
            self.broker.restart(name)
            channel = self.apps[name].channel
            self.apps[name] = App()
            self.apps[name].channel = channel
            self.leave_all(name)
            self.events = {e: x for e, x in self.events.items() if name not in x}

    def leave_all(self, name: str) -> None:
        for channel, parties in list(self.parties.items()):
            self.leave(channel, parties, name)

    def leave(self, channel: str, parties: set[str], name: str) -> None:
        parties.discard(name)
        if not parties:  # what no one can use is no more
            del self.parties[channel], self.contexts[channel]

    # Channels

    @rule(name=who, channel=st.sampled_from((*USER, None)))
    def join(self, name: str, channel: str | None) -> None:
        if app := self.apps.get(name):
            if channel is None:
                self.say(name, "leaveCurrentChannel")
            else:
                self.say(name, "joinUserChannel", channelId=channel)
            app.channel = channel

    @rule(name=who, data=st.data(), kind=kinds)
    def listen(self, name: str, data: st.DataObject, kind: str | None) -> None:
        if app := self.apps.get(name):
            channel = data.draw(st.sampled_from([None, *self.channels()]))
            answer, _ = self.say(name, "addContextListener", channelId=channel, contextType=kind)
            if channel is None or self.may_use(name, channel):
                app.listeners[answer["listenerUUID"]] = (channel, kind)
            else:
                assert answer == {"error": "AccessDenied"}

    @rule(name=who, data=st.data())
    def stop_listening(self, name: str, data: st.DataObject) -> None:
        everybodys = {uuid: owner for owner, app in self.apps.items() for uuid in app.listeners}
        if name in self.apps and everybodys:
            uuid = data.draw(st.sampled_from(list(everybodys)))
            answer, _ = self.say(name, "contextListenerUnsubscribe", listenerUUID=uuid)
            if everybodys[uuid] == name:
                assert answer == {}
                del self.apps[name].listeners[uuid]
            else:
                assert answer == {"error": "AccessDenied"}

    @rule(name=who, data=st.data(), kind=st.sampled_from(KINDS))
    def broadcast(self, name: str, data: st.DataObject, kind: str) -> None:
        if name not in self.apps:
            return
        channel = data.draw(st.sampled_from(self.channels()))
        context = {"type": kind, "id": {"n": str(next(self.numbers))}}
        answer, heard = self.say(name, "broadcast", channelId=channel, context=context)
        if not self.may_use(name, channel):
            assert (answer, heard) == ({"error": "AccessDenied"}, [])
            return
        self.contexts[channel].pop(kind, None)
        self.contexts[channel][kind] = context
        expected = [x for x, app in self.apps.items() if x != name and self.hears(app, channel, kind)]
        assert sorted(x for x, _, _ in heard) == sorted(expected)
        assert all(message["payload"]["context"] == context for _, _, message in heard)

    @rule(name=who, data=st.data(), kind=kinds)
    def clear(self, name: str, data: st.DataObject, kind: str | None) -> None:
        if name in self.apps and DIALECTS[name] is FDC3_3_0:
            channel = data.draw(st.sampled_from(self.channels()))
            answer, heard = self.say(name, "clearContext", channelId=channel, contextType=kind)
            if not self.may_use(name, channel):
                assert answer == {"error": "AccessDenied"}
                return
            for cleared in KINDS if kind is None else (kind,):
                self.contexts[channel].pop(cleared, None)
            told = [x for x in self.apps if DIALECTS[x] is FDC3_3_0 and self.may_use(x, channel)]
            assert sorted(x for x, _, _ in heard) == sorted(told)

    # Private channels

    @rule(name=who)
    def create_private(self, name: str) -> None:
        if name in self.apps and len(self.parties) < 3:
            channel = self.say(name, "createPrivateChannel")[0]["privateChannel"]["id"]
            self.parties[channel], self.contexts[channel] = {name}, {}

    @precondition(lambda self: self.parties)
    @rule(name=who, data=st.data())
    def leave_private(self, name: str, data: st.DataObject) -> None:
        if name in self.apps:
            channel = data.draw(st.sampled_from(list(self.parties)))
            allowed = self.may_use(name, channel)
            answer, _ = self.say(name, "privateChannelDisconnect", channelId=channel)
            assert answer == ({} if allowed else {"error": "AccessDenied"})
            if allowed:
                listeners = self.apps[name].listeners
                self.apps[name].listeners = {u: x for u, x in listeners.items() if x[0] != channel}
                self.leave(channel, self.parties[channel], name)

    # Intents

    @rule(name=who, intent=st.sampled_from(INTENTS))
    def handle(self, name: str, intent: str) -> None:
        if app := self.apps.get(name):
            answer, _ = self.say(name, "addIntentListener", intent=intent)
            if intent in app.intents:
                assert answer == {"error": "IntentListenerConflict"}
            else:
                app.intents[intent] = answer["listenerUUID"]

    @rule(name=who, intent=st.sampled_from(INTENTS))
    def handle_no_more(self, name: str, intent: str) -> None:
        if (app := self.apps.get(name)) and intent in app.intents:
            assert self.say(name, "intentListenerUnsubscribe", listenerUUID=app.intents.pop(intent))[0] == {}

    @rule(name=who, to=who, intent=st.sampled_from(INTENTS))
    def raise_intent(self, name: str, to: str, intent: str) -> None:
        if name not in self.apps:
            return
        target = {"appId": to, "instanceId": to}
        context = {"type": KINDS[0], "id": {"n": str(next(self.numbers))}}
        answer, heard = self.say(name, "raiseIntent", intent=intent, context=context, app=target)
        if to not in self.apps:
            assert answer == {"error": "TargetInstanceUnavailable"}
        elif intent not in self.apps[to].intents:
            assert answer == {"error": "NoAppsFound"}
        else:
            [(handler, _, event)] = heard
            assert (handler, event["payload"]["context"]) == (to, context)
            self.events[event["meta"]["eventUuid"]] = (to, name)
            assert answer["intentResolution"]["source"] == target

    @precondition(lambda self: self.events)
    @rule(name=who, data=st.data())
    def give_result(self, name: str, data: st.DataObject) -> None:
        """A context, or a private channel: handing that over makes its receiver a party."""
        event = data.draw(st.sampled_from(list(self.events)))
        handler, raiser = self.events[event]
        if name not in self.apps:
            return
        channel = data.draw(st.sampled_from([None, *self.parties]))
        result = {"context": {"type": "x"}} if channel is None else {"channel": {"id": channel, "type": "private"}}
        delivered = self.broker._intents._delivered[event]
        payload = {"intentEventUuid": event, "raiseIntentRequestUuid": delivered.request_uuid, "intentResult": result}
        answer, heard = self.say(name, "intentResult", **payload)
        if name != handler:
            assert (answer, heard) == ({"error": "AccessDenied"}, [])
            return
        del self.events[event]
        [(told, kind, message)] = heard
        assert (told, kind) == (raiser, "raiseIntentResultResponse")
        if channel is not None and handler not in self.parties[channel]:
            assert message["payload"] == {"error": "NoResultReturned"}
        elif channel is not None:
            self.parties[channel].add(raiser)

    # What can be asked of both at any time

    @invariant()
    def they_agree_on_contexts_and_channels(self) -> None:
        for name, app in self.apps.items():
            here = self.say(name, "getCurrentChannel")[0]["channel"]
            assert (here and here["id"]) == app.channel
            for channel, contexts in self.contexts.items():
                for kind in (None, *KINDS):
                    answer, _ = self.say(name, "getCurrentContext", channelId=channel, contextType=kind)
                    if self.may_use(name, channel):
                        latest = next(reversed(contexts.values()), None) if kind is None else contexts.get(kind)
                        assert answer["context"] == latest
                    else:
                        assert answer == {"error": "AccessDenied"}


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=120, stateful_step_count=60, deadline=None, derandomize=True)
