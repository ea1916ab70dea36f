"""The bridge without sockets: stamping, collating, time-outs, departures, nonsense. Every message is schema-checked."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridging import check_bridging

from fdc3.bridge.hub import Close, Hub, Send, Timeouts
from fdc3.bridge.tokens import TokenKeys, TokenRefused

NOW = "2026-03-02T09:30:00Z"
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}
SARAH = {"type": "fdc3.contact", "name": "Sarah"}
FEATURES = {"OriginatingAppMetadata": True, "UserChannelMembershipAPIs": True, "DesktopAgentBridging": True}


class Bench:
    """A hub whose time the test moves; what it sends is kept per connection."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.heard: dict[str, list[dict[str, Any]]] = {}
        self.closed: list[str] = []
        self.hub = Hub(
            monotonic=lambda: self.now,
            clock=lambda: dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC) + dt.timedelta(seconds=self.now),
            **options,
        )

    def carry(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case Send(to, data):
                    for name in to:
                        self.heard.setdefault(name, []).append(check_bridging(data, "Bridge"))
                case Close(name, _):
                    self.closed.append(name)
                    self.carry(self.hub.closed(name))

    def join(self, *names: str, state: dict[str, Any] | None = None, **payload: Any) -> None:
        for name in names:
            self.carry(self.hub.opened(name))
            hello = {
                "implementationMetadata": {"fdc3Version": "2.2", "provider": name, "optionalFeatures": FEATURES},
                "requestedName": name,
                "channelsState": state or {},
                **payload,
            }
            self.says(name, "handshake", hello, uuid=f"hello-{name}")

    def says(self, name: str, kind: str, payload: Any, uuid: str = "r1", check: bool = True, **meta: Any) -> None:
        message = {"type": kind, "payload": payload, "meta": {"requestUuid": uuid, "timestamp": NOW, **meta}}
        data = msgspec.json.encode(message)
        if check:
            check_bridging(data, "Agent")
        self.carry(self.hub.received(name, data))

    def answers(self, name: str, kind: str, payload: Any, uuid: str = "r1", check: bool = True) -> None:
        self.says(name, kind, payload, uuid, check, responseUuid=f"{name}-{uuid}")

    def last(self, name: str) -> dict[str, Any]:
        return self.heard[name][-1]

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.carry(self.hub.tick())


def app(name: str) -> dict[str, Any]:
    return {"appId": name, "instanceId": f"{name}-1"}


def option(*apps: str, **more: Any) -> dict[str, Any]:
    return {"appIntent": {"intent": {"name": "ViewChart"}, "apps": [{"appId": x, **more} for x in apps]}}


FIND = {"intent": "ViewChart", "context": VOD}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.join("a", "b", "c")
    return bench


def test_who_joins_is_told_its_name_the_others_and_the_state_of_channels() -> None:
    bench = Bench()
    bench.join("a", state={"one": [VOD]})
    bench.join("b", state={"one": [SARAH, VOD | {"name": "other"}], "two": [SARAH]})
    update = bench.last("b")
    assert bench.heard["b"][0]["type"] == "hello"
    assert update["payload"]["addAgent"] == "b"
    assert update["meta"]["requestUuid"] == "hello-b"
    assert [agent["desktopAgent"] for agent in update["payload"]["allAgents"]] == ["a", "b"]
    # What was known takes precedence, new types come behind it.
    assert update["payload"]["channelsState"] == {"one": [VOD, SARAH], "two": [SARAH]}
    assert bench.last("a") == update


def test_broadcasts_move_the_state_that_later_agents_are_given(bench: Bench) -> None:
    for context in (VOD, SARAH):
        bench.says("a", "broadcastRequest", {"channelId": "one", "context": context}, source=app("x"))
    bench.join("d")
    assert bench.last("d")["payload"]["channelsState"] == {"one": [SARAH, VOD]}


def test_when_the_last_agent_leaves_the_state_is_forgotten() -> None:
    bench = Bench()
    bench.join("a", state={"one": [VOD]})
    bench.carry(bench.hub.closed("a"))
    bench.join("b")
    assert bench.last("b")["payload"]["channelsState"] == {}


def test_a_false_source_is_overwritten(bench: Bench) -> None:
    bench.says("a", "broadcastRequest", {"channelId": "one", "context": VOD}, source=app("x") | {"desktopAgent": "b"})
    for name in ("b", "c"):
        assert bench.last(name)["meta"]["source"] == app("x") | {"desktopAgent": "a"}
    assert bench.last("a")["type"] == "connectedAgentsUpdate"


def test_a_request_without_a_source_is_the_agents_own(bench: Bench) -> None:
    bench.says("a", "findInstancesRequest", {"app": {"appId": "x"}})
    assert bench.last("b")["meta"]["source"] == {"desktopAgent": "a"}


def test_answers_are_collated_and_every_app_is_stamped_with_its_agent(bench: Bench) -> None:
    bench.says("a", "findIntentRequest", FIND, source=app("x"))
    bench.answers("b", "findIntentResponse", option("chart"))
    assert bench.last("a")["type"] == "connectedAgentsUpdate"
    bench.answers("c", "findIntentResponse", option("graph", desktopAgent="b"))
    answer = bench.last("a")
    assert answer["payload"]["appIntent"]["apps"] == [
        {"appId": "chart", "desktopAgent": "b"},
        {"appId": "graph", "desktopAgent": "c"},
    ]
    assert answer["meta"]["sources"] == [{"desktopAgent": "b"}, {"desktopAgent": "c"}]
    assert "errorSources" not in answer["meta"]


def test_some_errors_leave_a_good_answer_and_only_errors_an_error(bench: Bench) -> None:
    for uuid, second in (("r1", option("graph")), ("r2", {"error": "NoAppsFound"})):
        bench.says("a", "findIntentRequest", FIND, uuid, source=app("x"))
        bench.answers("b", "findIntentResponse", {"error": "NoAppsFound"}, uuid)
        bench.answers("c", "findIntentResponse", second, uuid)
    good, bad = bench.heard["a"][-2:]
    assert len(good["payload"]["appIntent"]["apps"]) == 1
    assert (good["meta"]["errorSources"], good["meta"]["errorDetails"]) == ([{"desktopAgent": "b"}], ["NoAppsFound"])
    assert bad["payload"] == {"error": "NoAppsFound"}
    assert bad["meta"]["errorDetails"] == ["NoAppsFound", "NoAppsFound"]


def test_who_does_not_answer_in_time_is_named_and_at_the_third_time_disconnected(bench: Bench) -> None:
    for round in range(3):
        bench.says("a", "findIntentRequest", FIND, f"r{round}", source=app("x"))
        bench.answers("b", "findIntentResponse", option("chart"), f"r{round}")
        bench.wait(1.4)
        before = len(bench.heard["a"])
        bench.wait(0.2)
        answer = bench.heard["a"][before]
        assert answer["meta"]["errorDetails"] == ["ResponseToBridgeTimedOut"]
        assert answer["payload"]["appIntent"]["apps"][0]["appId"] == "chart"
        bench.answers("c", "findIntentResponse", option("late"), f"r{round}")
        assert bench.hub.agents == (("a", "b", "c") if round < 2 else ("a", "b"))
    assert bench.closed == ["c"]
    assert bench.last("a")["payload"]["removeAgent"] == "c"


def test_one_agent_is_asked_and_its_answer_keeps_its_own_uuid(bench: Bench) -> None:
    bench.says("a", "getAppMetadataRequest", {"app": {"appId": "x", "desktopAgent": "b"}}, source=app("y"))
    assert bench.last("c")["type"] == "connectedAgentsUpdate"
    bench.answers("c", "getAppMetadataResponse", {"appMetadata": {"appId": "not asked"}})
    bench.answers("b", "getAppMetadataResponse", {"appMetadata": {"appId": "x"}})
    answer = bench.last("a")
    assert answer["payload"]["appMetadata"] == {"appId": "x", "desktopAgent": "b"}
    assert answer["meta"]["responseUuid"] == "b-r1"


def test_an_agent_that_is_not_there_is_not_found(bench: Bench) -> None:
    for target in ("nobody", "a"):
        bench.says("a", "openRequest", {"app": {"appId": "x", "desktopAgent": target}}, source=app("y"))
        assert bench.last("a")["payload"] == {"error": "DesktopAgentNotFound"}
        assert bench.last("a")["type"] == "openResponse"


def test_a_raised_intent_has_a_resolution_and_later_a_result(bench: Bench) -> None:
    target = {"appId": "chart", "desktopAgent": "b"}
    bench.says("a", "raiseIntentRequest", FIND | {"app": target}, source=app("x"), destination=target)
    bench.answers("b", "raiseIntentResponse", {"intentResolution": {"intent": "ViewChart", "source": app("chart")}})
    assert bench.last("a")["payload"]["intentResolution"]["source"] == app("chart") | {"desktopAgent": "b"}
    bench.wait(1000)
    bench.answers("c", "raiseIntentResultResponse", {"intentResult": {"context": SARAH}})
    assert bench.last("a")["type"] == "raiseIntentResponse"
    bench.answers("b", "raiseIntentResultResponse", {"intentResult": {"context": VOD}})
    assert bench.last("a")["payload"] == {"intentResult": {"context": VOD}}
    bench.answers("b", "raiseIntentResultResponse", {"intentResult": {"context": SARAH}})
    assert bench.last("a")["payload"] == {"intentResult": {"context": VOD}}


def test_agents_that_disconnect_answer_with_that(bench: Bench) -> None:
    target = {"appId": "chart", "desktopAgent": "b"}
    for uuid in ("r1", "r2"):
        bench.says("a", "raiseIntentRequest", FIND | {"app": target}, uuid, source=app("x"), destination=target)
    bench.answers("b", "raiseIntentResponse", {"intentResolution": {"intent": "ViewChart", "source": app("chart")}})
    bench.says("a", "findIntentRequest", FIND, "r3", source=app("x"))
    bench.answers("c", "findIntentResponse", option("graph"), "r3")
    bench.carry(bench.hub.closed("b"))
    found = {message["type"]: message for message in bench.heard["a"][-4:]}
    assert found["raiseIntentResultResponse"]["payload"] == {"error": "AgentDisconnected"}
    assert found["raiseIntentResponse"]["payload"] == {"error": "AgentDisconnected"}
    assert found["findIntentResponse"]["meta"]["errorDetails"] == ["AgentDisconnected"]
    assert found["connectedAgentsUpdate"]["payload"]["removeAgent"] == "b"


def test_an_agent_alone_finds_nothing_rather_than_an_error() -> None:
    bench = Bench()
    bench.join("a", "b")
    bench.says("a", "findIntentRequest", FIND, source=app("x"))
    bench.carry(bench.hub.closed("b"))
    found = [message for message in bench.heard["a"] if message["type"] == "findIntentResponse"]
    assert found[0]["payload"]["appIntent"]["apps"] == []
    bench.says("a", "findIntentsByContextRequest", {"context": VOD}, "r2", source=app("x"))
    assert bench.last("a")["payload"] == {"appIntents": []}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("findIntentRequest", {"intent": 7}),
        ("broadcastRequest", {"channelId": "one", "context": {"name": "no type"}}),
        ("raiseIntentRequest", {"intent": "ViewChart", "context": VOD, "app": {"appId": "for nobody"}}),
        ("PrivateChannel.onDisconnect", {"channelId": "for nobody"}),
        ("unknownRequest", {}),
    ],
)
def test_a_malformed_request_is_refused_and_goes_nowhere(bench: Bench, kind: str, payload: Any) -> None:
    bench.says("a", kind, payload, check=False)
    refusal = bench.hub.received("a", b"")
    assert refusal == []
    assert bench.last("a")["payload"] == {"error": "MalformedMessage"}
    assert bench.last("a")["meta"]["errorSources"] == [{"desktopAgent": "a"}]
    assert bench.last("b")["type"] == "connectedAgentsUpdate"


def test_a_malformed_answer_is_an_error_for_both_sides(bench: Bench) -> None:
    bench.says("a", "findIntentRequest", FIND, source=app("x"))
    bench.answers("b", "findIntentResponse", {"appIntent": "nonsense"}, check=False)
    bench.answers("c", "findInstancesResponse", {"appIdentifiers": []})
    for name in ("b", "c"):
        assert bench.last(name)["payload"] == {"error": "MalformedMessage"}
    assert bench.last("a")["payload"] == {"error": "MalformedMessage"}
    assert bench.last("a")["meta"]["errorDetails"] == ["MalformedMessage", "MalformedMessage"]


def test_a_request_under_a_uuid_in_use_is_refused(bench: Bench) -> None:
    bench.says("a", "findIntentRequest", FIND, source=app("x"))
    bench.says("c", "findIntentRequest", FIND, source=app("x"))
    assert bench.last("c")["payload"] == {"error": "MalformedMessage"}
    bench.answers("b", "findIntentResponse", option("chart"))
    assert bench.last("a")["type"] == "connectedAgentsUpdate"


def test_private_channels_speak_to_their_agent_alone(bench: Bench) -> None:
    to = app("y") | {"desktopAgent": "c"}
    payload = {"channelId": "p", "context": VOD}
    bench.says("a", "PrivateChannel.broadcast", payload, source=app("x"), destination=to)
    assert bench.last("c")["meta"]["source"]["desktopAgent"] == "a"
    assert bench.last("b")["type"] == "connectedAgentsUpdate"


def test_nobody_is_heard_before_the_handshake() -> None:
    bench = Bench()
    bench.join("a")
    bench.carry(bench.hub.opened("b"))
    bench.says("b", "broadcastRequest", {"channelId": "one", "context": VOD}, source=app("x"))
    assert bench.closed == ["b"]
    assert [m["type"] for m in bench.heard["a"]] == ["hello", "connectedAgentsUpdate"]


def test_a_bad_token_is_told_and_the_door_shut(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    TokenKeys.create(file)
    bench = Bench(authority=TokenKeys.read(file))
    bench.join("a", authToken=TokenKeys.read(file).sign())
    assert bench.hub.agents == ("a",)
    greeting = bench.heard["a"][0]["payload"]["authToken"]
    for number, token in enumerate(("", "nonsense", greeting)):
        bench.join(f"x{number}", authToken=token)
        assert bench.last(f"x{number}")["type"] == "authenticationFailed"
    assert bench.closed == ["x0", "x1", "x2"]
    assert bench.hub.agents == ("a",)


def test_a_token_is_good_once_and_for_a_minute(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    TokenKeys.create(file)
    ours, theirs = TokenKeys.read(file), TokenKeys.read(file)
    token = ours.sign()
    theirs.verify(token)
    with pytest.raises(TokenRefused, match="used"):
        theirs.verify(token)
    later = TokenKeys.read(file)
    later._clock = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=61)
    with pytest.raises(TokenRefused, match="old"):
        later.verify(ours.sign())


@pytest.mark.filterwarnings("ignore:Key size")
def test_a_key_file_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    with pytest.raises(ValueError, match="cannot be read"):
        TokenKeys.read(file)
    for text in ("nonsense", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "YWJj"}]}', "[]"):
        file.write_text(text)
        with pytest.raises(ValueError, match="key"):
            TokenKeys.read(file)


def test_nonsense_never_hurts_the_bridge() -> None:
    """Mutations of real messages: no exception, nothing invalid is sent, and the bridge still serves."""
    bench = Bench(timeouts=Timeouts(strikes=10**9))
    bench.join("a", "b")
    seed = random.randrange(2**32)
    print("seed", seed)
    dice = random.Random(seed)
    target = {"appId": "chart", "desktopAgent": "b"}
    meta = {"requestUuid": "u", "timestamp": NOW, "source": app("x"), "destination": target}
    real = [
        {"type": "findIntentRequest", "payload": FIND, "meta": meta},
        {"type": "raiseIntentRequest", "payload": FIND | {"app": target}, "meta": meta},
        {"type": "findIntentResponse", "payload": option("x"), "meta": meta | {"responseUuid": "v"}},
        {"type": "raiseIntentResultResponse", "payload": {"intentResult": {}}, "meta": meta | {"responseUuid": "v"}},
        {"type": "PrivateChannel.broadcast", "payload": {"channelId": "p", "context": VOD}, "meta": meta},
    ]
    encoded = [msgspec.json.encode(message) for message in real]
    for _ in range(3000):
        data = bytearray(dice.choice(encoded))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        sender = dice.choice(("a", "b"))
        for effect in bench.hub.received(sender, bytes(data)):
            if isinstance(effect, Close):
                bench.carry([effect])
                bench.join(sender)
        bench.wait(0.01)
    bench.now += 1000
    bench.hub.tick()
    bench.says("a", "findIntentRequest", FIND, "proof", source=app("x"))
    bench.answers("b", "findIntentResponse", option("chart"), "proof")
    assert bench.last("a")["payload"]["appIntent"]["apps"][0]["desktopAgent"] == "b"
