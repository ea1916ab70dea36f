"""What one agent may leave with the bridge."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Raw
from talking import handshake, request

from fdc3.bridge.hub import Effect, Hub, Send
from fdc3.bridge.incoming import Incoming
from fdc3.bridge.line import Line
from fdc3.bridge.state import SharedState
from fdc3.broker import Broker
from fdc3.directory import AppDirectory
from fdc3.limits import Quotas
from fdc3.types import AppIdentifier

ONE, TWO = "fdc3.channel.1", "fdc3.channel.2"


def context(kind: str, text: str = "") -> Raw:
    return Raw(msgspec.json.encode({"type": kind, "text": text}))


def kinds(state: SharedState) -> dict[str, list[str]]:
    found = state.channels()
    return {name: [msgspec.json.decode(raw)["type"] for raw in contexts] for name, contexts in found.items()}


def test_of_the_contexts_of_an_agent_its_oldest_are_forgotten() -> None:
    state = SharedState(Quotas(contexts=2))
    state.set("tokyo", ONE, context("theirs"))
    state.add("london", TWO, [context("b"), context("a")])
    assert kinds(state) == {ONE: ["theirs"], TWO: ["b", "a"]}
    state.set("london", ONE, context("c"))
    assert kinds(state) == {ONE: ["c", "theirs"], TWO: ["b"]}
    state.set("london", ONE, context("d"))
    assert kinds(state) == {ONE: ["d", "c", "theirs"]}
    state.set("tokyo", ONE, context("c"))
    assert kinds(state) == {ONE: ["c", "d", "theirs"]}, "it is charged to who sent it last"


def test_contexts_are_counted_by_their_bytes_too() -> None:
    state = SharedState(Quotas(context_bytes=100))
    for kind in ("a", "b"):
        state.set("london", ONE, context(kind, "x" * 60))
    assert kinds(state) == {ONE: ["b"]}


def test_agents_that_have_left_share_one_quota() -> None:
    state = SharedState(Quotas(contexts=2))
    for number in range(4):
        state.set(f"agent-{number}", ONE, context(f"k{number}"))
        state.left(f"agent-{number}")
    assert kinds(state) == {ONE: ["k3", "k2"]}


def test_an_agent_has_so_many_requests_under_way_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdc3.bridge.hub.UNSETTLED", 2)
    now = 0.0
    hub = Hub(monotonic=lambda: now)

    def ask(agent: str, uuid: str) -> list[Effect]:
        return hub.received(
            agent, request("findInstancesRequest", {"app": {"appId": "crm"}}, uuid, source={"appId": "x"})
        )

    for name in ("london", "tokyo"):
        hub.opened(name)
        hub.received(name, handshake(name))
    for uuid in ("1", "2"):
        [sent] = ask("london", uuid)
        assert isinstance(sent, Send)
        assert sent.to == ("tokyo",)
    [refused] = ask("london", "3")
    assert isinstance(refused, Send)
    assert refused.to == ("london",)
    assert msgspec.json.decode(refused.data)["payload"] == {"error": "ResponseToBridgeTimedOut"}
    assert [effect.to for effect in ask("tokyo", "4")] == [("london",)]
    now = 100.0
    hub.tick()
    assert [effect.to for effect in ask("london", "5")] == [("tokyo",)]


def test_the_guests_of_one_agent_push_out_none_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdc3.bridge.incoming.MOST_GUESTS", 2)
    broker = Broker(AppDirectory())
    incoming = Incoming(Line(broker, carry_out=lambda effects: None, send=lambda message: None))

    def there(agent: str) -> list[str]:
        return sorted(x.app_id for x in broker._core.instances.values() if x.desktop_agent == agent)

    incoming.guest(AppIdentifier("crm", "1"), "tokyo")
    for name in ("blotter", "chart", "blotter", "news"):
        incoming.guest(AppIdentifier(name, "1"), "london")
    assert there("london") == ["blotter", "news"], "the one heard of least lately is forgotten"
    assert there("tokyo") == ["crm"]
    incoming.agent_left("london")
    assert (there("london"), there("tokyo")) == ([], ["crm"])
    incoming.agent_left()
    assert there("tokyo") == []
