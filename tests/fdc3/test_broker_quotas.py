"""How much an app may have of the broker at a time: one more is refused as the standard says, and costs nobody else."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import msgspec
import pytest
from broker_desk import Desk, record

from fdc3.bridge.line import request_meta
from fdc3.broker import Deliver
from fdc3.limits import Quotas
from fdc3.session import Session
from fdc3.types import messages as m
from fdc3.types.metadata import AppIdentifier
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect

KIND = "fdc3.contact"
TWO = Quotas(
    listeners=2, intents=2, channels=2, opened=2, raised=2, results=2, contexts=2, context_bytes=200, deserted=2
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(record("crm", Look=[KIND], See=[KIND]), record("turret", Look=[KIND]), quotas=TWO)
    desk.connect("crm", "turret", "other")
    return desk


def payload(seen: list[Any], to: str = "crm") -> dict[str, Any]:
    """Of the answer."""
    [found] = [payload for who, kind, payload in seen if who == to and kind.endswith("Response")]
    assert isinstance(found, dict)
    return found


def raised(desk: Desk, intent: str = "Look", **target: Any) -> list[Any]:
    return desk.says("crm", "raiseIntent", intent=intent, context={"type": KIND}, **target)


LISTENERS: list[tuple[str, dict[str, Any], str, str]] = [
    ("addContextListener", {"channelId": None, "contextType": None}, "contextListenerUnsubscribe", "AccessDenied"),
    ("addEventListener", {"type": "USER_CHANNEL_CHANGED"}, "eventListenerUnsubscribe", "AccessDenied"),
    (
        "privateChannelAddEventListener",
        {"privateChannelId": "...", "listenerType": "disconnect"},
        "privateChannelUnsubscribeEventListener",
        "AccessDenied",
    ),
    ("addIntentListener", {"intent": "..."}, "intentListenerUnsubscribe", "IntentDeliveryFailed"),
]


@pytest.mark.parametrize(("add", "wanted", "remove", "error"), LISTENERS)
def test_listeners(desk: Desk, add: str, wanted: dict[str, Any], remove: str, error: str) -> None:
    def listen(who: str, number: int) -> dict[str, Any]:
        made_up = {"intent": f"Look{number}"} if "intent" in wanted else {}
        if "privateChannelId" in wanted:
            made_up = {"privateChannelId": channels[who]}
        return payload(desk.says(who, add, **{**wanted, **made_up}), who)

    channels = {
        who: payload(desk.says(who, "createPrivateChannel"), who)["privateChannel"]["id"] for who in ("crm", "other")
    }
    first = listen("crm", 1)["listenerUUID"]
    assert "listenerUUID" in listen("crm", 2)
    assert listen("crm", 3) == {"error": error}
    assert "listenerUUID" in listen("other", 1), "another app has its own"
    assert payload(desk.says("crm", remove, listenerUUID=first)) == {}
    assert "listenerUUID" in listen("crm", 4)
    desk.effects(desk.broker.restart("crm"))
    channels["crm"] = payload(desk.says("crm", "createPrivateChannel"))["privateChannel"]["id"]
    assert "listenerUUID" in listen("crm", 5), "an app that begins anew has nothing"


def test_channels_of_both_kinds_together(desk: Desk) -> None:
    private = payload(desk.says("crm", "createPrivateChannel"))["privateChannel"]["id"]
    for _ in range(3):
        assert payload(desk.says("crm", "getOrCreateChannel", channelId="one"))["channel"]["id"] == "one"
    assert payload(desk.says("crm", "getOrCreateChannel", channelId="two")) == {"error": "CreationFailed"}
    assert payload(desk.says("crm", "createPrivateChannel")) == {"error": "CreationFailed"}
    assert "channel" in payload(desk.says("other", "getOrCreateChannel", channelId="two"), "other")
    heard = desk.says("crm", "addContextListener", channelId="two", contextType=None)
    assert payload(heard) == {"error": "CreationFailed"}
    assert payload(desk.says("crm", "privateChannelDisconnect", channelId=private)) == {}
    assert "channel" in payload(desk.says("crm", "getOrCreateChannel", channelId="two"))


def test_a_channel_refused_leaves_nothing(desk: Desk) -> None:
    for number in range(4):
        desk.says("crm", "getOrCreateChannel", channelId=f"c{number}")
    assert [c.id for c in desk.broker.snapshot().channels if c.type == "app"] == ["c0", "c1"]


def test_a_channel_as_a_result_for_an_app_that_has_too_many(desk: Desk) -> None:
    desk.says("other", "addIntentListener", intent="Look")
    for name in ("one", "two"):
        desk.says("crm", "getOrCreateChannel", channelId=name)
    seen = raised(desk, app={"appId": "other", "instanceId": "other"})
    [(_, _, event)] = [x for x in seen if x[1] == "intentEvent"]
    [uuid] = desk.broker._intents._delivered
    channel = payload(desk.says("other", "createPrivateChannel"), "other")["privateChannel"]
    result = {"raiseIntentRequestUuid": event["raiseIntentRequestUuid"], "intentEventUuid": uuid}
    answers = desk.says("other", "intentResult", intentResult={"channel": channel}, **result)
    assert payload(answers) == {"error": "NoResultReturned"}
    assert payload(desk.says("crm", "broadcast", channelId=channel["id"], context={"type": KIND})) == {
        "error": "AccessDenied"
    }


def test_app_channels_that_nobody_has_got_are_kept_with_their_context_but_not_all_for_ever(desk: Desk) -> None:
    for number in range(3):
        desk.connect(f"guest/{number}")
        desk.says(f"guest/{number}", "getOrCreateChannel", channelId=f"c{number}")
        desk.says(f"guest/{number}", "broadcast", channelId=f"c{number}", context={"type": KIND})
        desk.effects(desk.broker.disconnect(f"guest/{number}"))
    assert [c.id for c in desk.broker.snapshot().channels if c.type == "app"] == ["c1", "c2"]
    assert payload(desk.says("crm", "getOrCreateChannel", channelId="c1"))
    current = payload(desk.says("crm", "getCurrentContext", channelId="c1", contextType=None))
    assert current["context"] == {"type": KIND}
    for number in range(3, 6):
        desk.connect(f"guest/{number}")
        desk.says(f"guest/{number}", "getOrCreateChannel", channelId=f"c{number}")
        desk.effects(desk.broker.disconnect(f"guest/{number}"))
    assert [c.id for c in desk.broker.snapshot().channels if c.type == "app"] == ["c1", "c4", "c5"]
    assert not [place for place in desk.broker._channels.current._channels if place[0] in ("c0", "c2")]


def test_apps_opened(desk: Desk) -> None:
    def open_turret() -> list[Any]:
        return desk.says("crm", "open", app={"appId": "turret"})

    first, second = ([x[2] for x in open_turret() if x[0] == "launch"] for _ in range(2))
    assert payload(open_turret()) == {"error": "ErrorOnLaunch"}
    desk.dialects["crm"] = FDC3_3_0
    another = raised(desk, app={"appId": "turret"}, newInstance=True, metadata={})
    assert payload(another) == {"error": "IntentDeliveryFailed"}
    desk.dialects["crm"] = FDC3_2_2
    desk.effects(desk.broker.connect(first[0]))
    assert payload(open_turret()) == {"error": "ErrorOnLaunch"}, "one that runs counts as well"
    desk.effects(desk.broker.disconnect(first[0]))
    assert [x[0] for x in open_turret()] == ["launch"]
    desk.effects(desk.broker.disconnect("crm"))
    desk.effects(desk.broker.disconnect(second[0]))
    assert desk.broker._apps._openers == {}


def test_intents_without_a_handler(desk: Desk) -> None:
    assert raised(desk, "See") == [], "it waits for the listener"
    assert [x[0] for x in raised(desk)] == ["resolve"]
    assert payload(raised(desk)) == {"error": "IntentDeliveryFailed"}
    assert payload(raised(desk, "See")) == {"error": "IntentDeliveryFailed"}
    desk.wait(100)
    assert [x[0] for x in raised(desk)] == ["resolve"]


def test_of_results_that_never_come_the_oldest_is_given_up(desk: Desk) -> None:
    for who in ("other", "turret"):
        desk.says(who, "addIntentListener", intent="Hear")
    other, turret = ({"app": {"appId": who, "instanceId": who}} for who in ("other", "turret"))
    assert "intentResolution" in payload(raised(desk, "Hear", **turret))
    assert "intentResolution" in payload(raised(desk, "Hear", **other))
    assert "intentResolution" in payload(raised(desk, "Hear", **other))
    third = raised(desk, "Hear", **other)
    results = [x[2] for x in third if x[1] == "raiseIntentResultResponse"]
    assert results == [{"error": "NoResultReturned"}]
    assert [x.handler.id for x in desk.broker._intents.delivered] == ["turret", "other", "other"]
    desk.effects(desk.broker.disconnect("crm"))
    assert desk.broker._intents._between == {}


def current(desk: Desk) -> list[tuple[str, str]]:
    return [(c.id, kind) for c in desk.broker.snapshot().channels for kind, _ in c.contexts]


def test_of_the_contexts_that_an_app_has_sent_its_oldest_are_forgotten(desk: Desk) -> None:
    one, two = "fdc3.channel.1", "fdc3.channel.2"
    desk.says("other", "broadcast", channelId=one, context={"type": "theirs"})
    for channel, kind in ((one, "a"), (two, "a"), (one, "a"), (two, "b")):
        desk.says("crm", "broadcast", channelId=channel, context={"type": kind})
    assert current(desk) == [(one, "theirs"), (one, "a"), (two, "b")]
    desk.says("other", "broadcast", channelId=one, context={"type": "a"})
    desk.says("crm", "broadcast", channelId=two, context={"type": "c"})
    assert current(desk) == [(one, "theirs"), (one, "a"), (two, "b"), (two, "c")], "it is charged to who sent it last"


def test_contexts_are_counted_by_their_bytes_too(desk: Desk) -> None:
    one = "fdc3.channel.1"
    for kind in ("a", "b"):
        context = {"type": kind, "name": "x" * 150}
        desk.says("crm", "broadcast", channelId=one, context=context)
    assert current(desk) == [(one, "b")]
    desk.says("crm", "broadcast", channelId=one, context={"type": "large", "name": "x" * 500})
    assert current(desk) == [(one, "large")], "a single one is kept whatever its size"


def test_timers_that_were_cancelled_are_not_kept_until_they_are_due() -> None:
    desk = Desk(record("crm", Look=[KIND]), record("turret", Look=[KIND]))
    desk.connect("crm", "turret")
    for _ in range(2000):
        [(_, request_id, _)] = desk.says("crm", "raiseIntent", intent="Look", context={"type": KIND})
        desk.effects(desk.broker.resolved(request_id, None))
    assert len(desk.broker._core._timers) < 200


LONG = "x" * 1025
ENDLESS: list[tuple[str, dict[str, Any]]] = [
    ("addContextListener", {"channelId": None, "contextType": LONG}),
    ("getOrCreateChannel", {"channelId": LONG}),
    ("addIntentListener", {"intent": LONG}),
    ("addIntentListener", {"intent": "Look", "contextTypes": [LONG]}),
    ("addIntentListener", {"intent": "Look", "contextTypes": ["x"] * 257}),
    ("raiseIntent", {"intent": LONG, "context": {"type": KIND}}),
    ("broadcast", {"channelId": "c", "context": {"type": KIND}, "metadata": {"traceId": LONG}}),
]


@pytest.mark.parametrize(("kind", "said"), ENDLESS)
@pytest.mark.parametrize("dialect", [FDC3_2_2, FDC3_3_0])
def test_names_that_the_agent_would_keep_are_not_endless(
    desk: Desk, dialect: Dialect, kind: str, said: dict[str, Any]
) -> None:
    desk.dialects["crm"] = dialect
    before = desk.broker.snapshot()
    message = {"type": f"{kind}Request", "payload": said}
    meta = {"requestUuid": "1", "timestamp": "2026-03-02T09:30:00Z"}
    answer = payload(desk.receives("crm", msgspec.json.encode({**message, "meta": meta})))
    assert answer == {"error": "InvalidArguments" if dialect is FDC3_3_0 else ANY}, "2.2 has others"
    assert desk.broker.snapshot() == before


def test_nor_is_the_name_of_a_request(desk: Desk) -> None:
    meta = {"requestUuid": LONG, "timestamp": "2026-03-02T09:30:00Z"}
    message = {"type": "getInfoRequest", "payload": {}, "meta": meta}
    assert "error" in payload(desk.receives("crm", msgspec.json.encode(message)))


def test_the_guests_of_one_agent_share_its_quotas(desk: Desk) -> None:
    guests = [desk.broker.guests.add(AppIdentifier(f"app{n}", str(n)), agent) for n, agent in enumerate("aaab")]

    def gets(number: int) -> dict[str, Any]:
        meta = request_meta(str(number))
        asked = m.GetOrCreateChannelRequest(payload=m.ChannelIdPayload(f"c{number}"), meta=meta)
        effects = desk.broker.receive(guests[number].id, asked)
        [answer] = [effect.message for effect in effects if isinstance(effect, Deliver)]
        return msgspec.to_builtins(answer.payload)  # type: ignore[no-any-return]

    assert [gets(number).get("error") for number in range(4)] == [None, None, "CreationFailed", None]
    desk.broker.guests.remove(guests[0])
    assert "error" not in gets(2)


def test_answers_are_remembered_for_their_repetition_up_to_a_size() -> None:
    session = Session("crm")
    session.remember("under way", None)
    for number in range(6):
        session.remember(str(number), None)
        session.remember(str(number), b"x" * 2**20)
    assert list(session.answers) == ["2", "3", "4", "5"]
    session.remember("large", b"x" * 5 * 2**20)
    assert list(session.answers) == ["large"]
    for number in range(300):
        session.remember(str(number), b"")
    assert len(session.answers) == 256
