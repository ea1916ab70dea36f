"""Whatever apps do in whatever order, these hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from broker_desk import record
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from schemas import check_message

from fdc3.broker import Broker, Close, Deliver, Effect
from fdc3.directory import AppDirectory
from fdc3.types.messages import BroadcastEvent, ContextClearedEvent, RaiseIntentResultResponse, Response
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect

NAMES = ("a", "b", "c", "d")
CHANNELS = ("fdc3.channel.1", "fdc3.channel.6", "shared")
KINDS = ("fdc3.contact", "fdc3.instrument")
who = st.sampled_from(NAMES)
new = st.sampled_from(("a", "c"))
"""Those of them that speak 3.0."""
kind = st.sampled_from((None, *KINDS))
DIALECTS: dict[str, Dialect] = {"a": FDC3_3_0, "b": FDC3_2_2, "c": FDC3_3_0, "d": FDC3_2_2}


class Desk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.number = 0
        self.broker = Broker(
            AppDirectory([record("a", Look=["fdc3.contact"]), record("b", Look=[], See=[])]),
            monotonic=lambda: self.now,
            new_id=self.new_id,
        )
        self.asked: dict[str, str] = {}
        self.answered: Counter[str] = Counter()
        self.private: dict[str, set[str]] = {}
        self.listeners: dict[str, list[tuple[str, str]]] = {name: [] for name in NAMES}

    def new_id(self) -> str:
        self.number += 1
        return f"id-{self.number}"

    @initialize()
    def connect_all(self) -> None:
        for name in NAMES:
            self.broker.add_instance(name, name)
            self.settle(self.broker.connect(name))

    def connected(self, name: str) -> bool:
        return self.broker.instance(name) is not None

    def say(self, name: str, request: str, **payload: Any) -> dict[str, Any]:
        """Sends a request if its app is there; returns the payload of the answer, if it came at once."""
        if not self.connected(name):
            return {}
        uuid = f"{name}:{self.new_id()}"
        self.asked[uuid] = name
        message = {
            "type": f"{request}Request",
            "payload": payload,
            "meta": {"requestUuid": uuid, "timestamp": "2026-03-02T09:30:00Z"},
        }
        said = DIALECTS[name].decode_request(msgspec.json.encode(message))
        return self.settle(self.broker.receive(name, said), name, uuid, payload)

    def settle(
        self, effects: list[Effect], sender: str = "", uuid: str = "", sent: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for effect in effects:
            if not isinstance(effect, Deliver):
                continue
            message: Any = msgspec.json.decode(FDC3_3_0.encode(effect.message))
            assert len(set(effect.to)) == len(effect.to), "an instance is told once"
            for name in effect.to:
                assert self.connected(name), "nobody who has gone is told anything"
                if DIALECTS[name].knows(type(effect.message)):
                    check_message(DIALECTS[name].encode(effect.message), DIALECTS[name].version)
            if isinstance(effect.message, ContextClearedEvent):
                parties = self.private.get(message["payload"]["channelId"])
                assert parties is None or set(effect.to) == parties, "parties alone hear of their channel"
            if isinstance(effect.message, BroadcastEvent):
                assert sender not in effect.to, "nobody hears an echo"
                parties = self.private.get(message["payload"]["channelId"])
                assert parties is None or set(effect.to) <= parties, "private contexts reach parties only"
            elif isinstance(effect.message, Response) and not isinstance(effect.message, RaiseIntentResultResponse):
                request_uuid = message["meta"]["requestUuid"]
                self.answered[request_uuid] += 1
                assert effect.to == (self.asked[request_uuid],), "the asker is answered"
                if request_uuid == uuid:
                    answer = message["payload"]
            elif isinstance(effect.message, RaiseIntentResultResponse) and sent:
                channel = sent.get("intentResult", {}).get("channel", {}).get("id")
                if channel in self.private and "error" not in message["payload"]:
                    self.private[channel].update(effect.to)
        return answer

    @rule(name=who, channel=st.sampled_from((*CHANNELS, None)))
    def join_or_leave(self, name: str, channel: str | None) -> None:
        if channel is None:
            self.say(name, "leaveCurrentChannel")
        else:
            self.say(name, "joinUserChannel", channelId=channel)

    @rule(name=who, channel=st.sampled_from((*CHANNELS, None)), kind=kind)
    def listen(self, name: str, channel: str | None, kind: str | None) -> None:
        self.say(name, "getOrCreateChannel", channelId="shared")
        answer = self.say(name, "addContextListener", channelId=channel, contextType=kind)
        if "listenerUUID" in answer:
            self.listeners[name].append(("contextListenerUnsubscribe", answer["listenerUUID"]))

    @rule(name=who, channel=st.sampled_from(CHANNELS), kind=st.sampled_from(KINDS))
    def broadcast(self, name: str, channel: str, kind: str) -> None:
        self.say(name, "broadcast", channelId=channel, context={"type": kind})

    @rule(name=who)
    def create_private(self, name: str) -> None:
        if "privateChannel" in (answer := self.say(name, "createPrivateChannel")):
            self.private[answer["privateChannel"]["id"]] = {name}

    @rule(name=who, data=st.data(), kind=kind)
    def use_private(self, name: str, data: st.DataObject, kind: str | None) -> None:
        if not self.private:
            return
        channel = data.draw(st.sampled_from(sorted(self.private)))
        allowed = name in self.private[channel]
        for request, payload in [
            ("addContextListener", {"channelId": channel, "contextType": kind}),
            ("privateChannelAddEventListener", {"privateChannelId": channel, "listenerType": None}),
            ("broadcast", {"channelId": channel, "context": {"type": kind or "x"}}),
        ]:
            answer = self.say(name, request, **payload)
            if self.connected(name):
                assert ("error" not in answer) == allowed

    @rule(name=who, data=st.data())
    def leave_private(self, name: str, data: st.DataObject) -> None:
        if self.private:
            channel = data.draw(st.sampled_from(sorted(self.private)))
            if "error" not in self.say(name, "privateChannelDisconnect", channelId=channel):
                self.private[channel].discard(name)

    @rule(name=new, data=st.data(), kind=kind)
    def clear(self, name: str, data: st.DataObject, kind: str | None) -> None:
        channel = data.draw(st.sampled_from((*CHANNELS, *sorted(self.private))))
        answer = self.say(name, "clearContext", channelId=channel, contextType=kind)
        current = self.say(name, "getCurrentContext", channelId=channel, contextType=kind)
        assert "error" in answer or current["context"] is None, "what is cleared is gone"

    @rule(name=new)
    def close_and_return(self, name: str) -> None:
        uuid = f"{name}:{self.new_id()}"
        meta = {"requestUuid": uuid, "timestamp": "2026-03-02T09:30:00Z"}
        data = msgspec.json.encode({"type": "closeRequest", "payload": {}, "meta": meta})
        assert self.broker.receive(name, FDC3_3_0.decode_request(data)) == [Close(name, uuid)]
        self.disconnect_and_return(name)

    @rule(name=who, intent=st.sampled_from(("Look", "See", "Undeclared")), kinds=st.lists(st.sampled_from(KINDS)))
    def handle(self, name: str, intent: str, kinds: list[str]) -> None:
        filtered = {"contextTypes": kinds} if kinds else {}
        answer = self.say(name, "addIntentListener", intent=intent, **filtered)
        if "listenerUUID" in answer:
            self.listeners[name].append(("intentListenerUnsubscribe", answer["listenerUUID"]))

    @rule(
        name=who,
        intent=st.sampled_from(("Look", "See", "Undeclared", "Nothing")),
        kind=st.sampled_from(KINDS),
        new_instance=st.sampled_from((None, True, False)),
    )
    def raise_intent(self, name: str, intent: str, kind: str, new_instance: bool | None) -> None:
        asked = {} if new_instance is None else {"newInstance": new_instance}
        self.say(name, "raiseIntent", intent=intent, context={"type": kind}, **asked)

    @rule(data=st.data())
    def give_result(self, data: st.DataObject) -> None:
        open_intents = self.broker._intents._delivered
        if open_intents:
            event = data.draw(st.sampled_from(sorted(open_intents)))
            handler, request = open_intents[event].handler.id, open_intents[event].request_uuid
            channel = data.draw(st.sampled_from([None, *sorted(self.private)]))
            result = {} if channel is None else {"channel": {"id": channel, "type": "private"}}
            self.say(
                handler, "intentResult", intentEventUuid=event, raiseIntentRequestUuid=request, intentResult=result
            )

    @rule(name=who, data=st.data())
    def unsubscribe(self, name: str, data: st.DataObject) -> None:
        if self.listeners[name]:
            entry = data.draw(st.sampled_from(self.listeners[name]))
            self.listeners[name].remove(entry)
            self.say(name, entry[0], listenerUUID=entry[1])

    @rule(name=who)
    def disconnect_and_return(self, name: str) -> None:
        for channel in self.private.values():
            channel.discard(name)
        self.listeners[name].clear()
        for uuid in [u for u, asker in self.asked.items() if asker == name]:
            self.answered.setdefault(uuid, 0)
            del self.asked[uuid]
        self.settle(self.broker.disconnect(name))
        self.broker.add_instance(name, name)
        self.settle(self.broker.connect(name))

    @rule(seconds=st.sampled_from((1.0, 25.0)))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.settle(self.broker.tick())

    @invariant()
    def no_request_is_answered_twice(self) -> None:
        assert all(count <= 1 for count in self.answered.values())

    def teardown(self) -> None:
        for _ in range(5):
            self.now += 200
            self.settle(self.broker.tick())
        unanswered = [uuid for uuid in self.asked if self.answered[uuid] != 1]
        assert unanswered == [], "every request is answered once, in the end"
        assert self.broker.deadline is None


TestInvariants = Desk.TestCase
TestInvariants.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
