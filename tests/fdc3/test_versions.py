"""Apps of FDC3 2.2 and 3.0 on one desk: what each says, and what the others hear. Every message is schema-checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from broker_desk import Desk, Ref, record

from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types.messages import RESPONSES
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect, dialect_for

CONTACT = {"type": "fdc3.contact", "name": "Sarah Whitcombe", "id": {"phone": "+44 20 7946 0123"}}
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}
SIX = "fdc3.channel.6"
NOW = "2026-03-02T09:30:00Z"
SIGNED = {
    "traceId": "trail",
    "signature": {"protected": "eyJhbGciOiJFZERTQSJ9", "signature": "c2lnbmVk"},
    "antiReplay": {"iat": 1772443800, "exp": 1772443860.5, "jti": "once"},
    "custom": {"desk": {"book": 7}},
}
CRM, TURRET = ({"appId": name, "instanceId": name} for name in ("crm", "turret"))


@pytest.fixture
def both(desk: Desk) -> Desk:
    """The CRM and pricing speak 3.0, the turret and analytics 2.2."""
    desk.connect("crm", "pricing", dialect=FDC3_3_0)
    desk.connect("turret", "analytics")
    return desk


def said_by(who: dict[str, str], **said: Any) -> dict[str, Any]:
    return {"source": who, "timestamp": NOW, "traceId": Ref("made up"), **said}


@pytest.mark.parametrize(
    ("version", "dialect"),
    [
        *[(version, FDC3_2_2) for version in ("2.2", "2.2.0", "2.0", "30", "4.0", "latest", "", None)],
        *[(version, FDC3_3_0) for version in ("3.0", "3.0.0-alpha.2", "3.7")],
    ],
)
def test_the_dialect_is_that_of_the_version_an_app_says(version: str | None, dialect: Dialect) -> None:
    assert dialect_for(version) is dialect


@pytest.mark.parametrize(
    ("kind", "payload", "covered"),
    [
        ("close", {}, False),
        ("broadcast", {"channelId": SIX, "context": VOD, "metadata": {}}, False),
        ("raiseIntent", {"intent": "ViewNews", "context": VOD, "newInstance": False}, False),
        ("addIntentListener", {"intent": "ViewNews", "contextTypes": []}, False),
        ("addIntentListener", {"intent": "ViewNews", "contextTypes": None}, False),
        ("addIntentListener", {"intent": "ViewNews", "colour": "red"}, True),
        ("broadcast", {"channelId": SIX, "context": VOD | {"metadata": {}}}, True),
        ("broadcast", {"channelId": SIX, "context": {"type": "closeRequest"}}, True),
        ("getInfo", {}, True),
    ],
)
def test_a_request_tells_whether_its_app_speaks_more_than_2_2(kind: str, payload: Any, covered: bool) -> None:
    meta = {"requestUuid": "r", "timestamp": NOW}
    sent = msgspec.json.encode({"type": f"{kind}Request", "meta": meta, "payload": payload})
    assert FDC3_2_2.covers(FDC3_2_2.decode_request(sent)) is covered
    assert FDC3_3_0.covers(FDC3_3_0.decode_request(sent))


def test_a_broadcast_of_3_0_reaches_each_app_in_its_own_words(both: Desk) -> None:
    for name in ("pricing", "turret"):
        both.says(name, "addContextListener", channelId=SIX, contextType=None)
    heard = both.says("crm", "broadcast", channelId=SIX, context=VOD, metadata=SIGNED)
    assert heard == [
        ("pricing", "broadcastEvent", {"channelId": SIX, "context": VOD, "metadata": said_by(CRM, **SIGNED)}),
        ("turret", "broadcastEvent", {"channelId": SIX, "context": VOD, "originatingApp": CRM}),
        ("crm", "broadcastResponse", {}),
    ]


def test_a_broadcast_of_2_2_gets_its_time_and_trail_from_the_agent(both: Desk) -> None:
    both.says("crm", "addContextListener", channelId=SIX, contextType=None)
    [heard, _] = both.says("turret", "broadcast", channelId=SIX, context=VOD)
    assert heard == ("crm", "broadcastEvent", {"channelId": SIX, "context": VOD, "metadata": said_by(TURRET)})
    assert heard[2]["metadata"]["traceId"]


def test_signature_and_claims_pass_byte_for_byte(desk: Desk) -> None:
    desk.connect("crm", "turret", dialect=FDC3_3_0)
    desk.says("turret", "addContextListener", channelId=SIX, contextType=None)
    signature = b'{ "signature":"\\u0063w==" ,"protected" : "e30"}'
    claims = b'{"jti":"\\u00e9","exp":1.50e3,"iat":  1}'
    request = (
        b'{"type":"broadcastRequest","payload":{"channelId":"fdc3.channel.6","context":{"type":"x"},"metadata":'
        b'{"signature":%s,"antiReplay":%s}},"meta":{"requestUuid":"r","timestamp":"2026-03-02T09:30:00Z"}}'
    ) % (signature, claims)
    event, _ = desk.broker.receive("crm", FDC3_3_0.decode_request(request))
    sent = FDC3_3_0.encode(event.message)  # type: ignore[union-attr]
    assert signature in sent
    assert claims in sent


@pytest.mark.parametrize(
    "metadata",
    [
        {"signature": "text"},
        {"signature": {"protected": "e30"}},
        {"antiReplay": {"iat": "now", "exp": 2, "jti": "x"}},
        {"custom": []},
        {"traceId": 7},
        [],
    ],
)
def test_metadata_of_the_wrong_shape_is_refused_before_anybody_hears_it(both: Desk, metadata: Any) -> None:
    both.says("pricing", "addContextListener", channelId=SIX, contextType=None)
    meta = {"requestUuid": "r", "timestamp": NOW}
    payload = {"channelId": SIX, "context": VOD, "metadata": metadata}
    message = msgspec.json.encode({"type": "broadcastRequest", "payload": payload, "meta": meta})
    assert both.receives("crm", message) == [("crm", "broadcastResponse", {"error": "InvalidArguments"})]


def test_the_current_context_comes_with_its_source_to_those_who_know_of_it(both: Desk) -> None:
    both.says("crm", "broadcast", channelId=SIX, context=VOD, metadata={"traceId": "trail"})
    ask: dict[str, Any] = {"channelId": SIX, "contextType": "fdc3.instrument"}
    known = {"context": VOD, "metadata": {"source": CRM, "timestamp": NOW, "traceId": "trail"}}
    assert both.says("pricing", "getCurrentContext", **ask)[0][2] == known
    assert both.says("turret", "getCurrentContext", **ask)[0][2] == {"context": VOD}
    ask["contextType"] = "fdc3.order"
    assert both.says("pricing", "getCurrentContext", **ask)[0][2] == {"context": None, "metadata": None}
    assert both.says("turret", "getCurrentContext", **ask)[0][2] == {"context": None}


def raise_intent(desk: Desk, raiser: str, handler: str, **said: Any) -> tuple[Any, Any]:
    desk.says(handler, "addIntentListener", intent="ViewProfile")
    app = {"appId": handler, "instanceId": handler}
    [event, answer] = desk.says(raiser, "raiseIntent", intent="ViewProfile", context=CONTACT, app=app, **said)
    assert (event[:2], answer[:2]) == ((handler, "intentEvent"), (raiser, "raiseIntentResponse"))
    return event[2], f"id-{desk._ids - 1}"


def give_result(desk: Desk, handler: str, event: Any, uuid: str, result: Any, **said: Any) -> Any:
    answer = desk.says(
        handler,
        "intentResult",
        intentEventUuid=uuid,
        raiseIntentRequestUuid=event["raiseIntentRequestUuid"],
        intentResult=result,
        **said,
    )
    return answer[1]


def test_an_intent_and_its_result_pass_from_2_2_to_3_0(both: Desk) -> None:
    event, uuid = raise_intent(both, "turret", "crm")
    assert event["metadata"] == said_by(TURRET)
    answer = give_result(both, "crm", event, uuid, {"context": CONTACT}, metadata=SIGNED)
    assert answer == ("turret", "raiseIntentResultResponse", {"intentResult": {"context": CONTACT}})


def test_an_intent_and_its_result_pass_from_3_0_to_2_2(both: Desk) -> None:
    event, uuid = raise_intent(both, "crm", "turret", metadata=SIGNED)
    assert event["originatingApp"] == CRM
    assert "metadata" not in event
    answer = give_result(both, "turret", event, uuid, {"context": CONTACT})
    known = {"source": TURRET, "timestamp": NOW, "traceId": "trail"}
    assert answer[2] == {"intentResult": {"context": CONTACT}, "resultMetadata": known}


@pytest.mark.parametrize(
    ("result", "said"), [({}, {}), ({"channel": {"id": SIX, "type": "user"}}, {}), ({"context": CONTACT}, SIGNED)]
)
def test_every_result_says_who_gave_it_and_a_context_what_was_said_of_it(
    both: Desk, result: dict[str, Any], said: dict[str, Any]
) -> None:
    event, uuid = raise_intent(both, "crm", "pricing", metadata={"traceId": "asked"})
    answer = give_result(both, "pricing", event, uuid, result, metadata=SIGNED)
    pricing = {"appId": "pricing", "instanceId": "pricing"}
    assert answer[2]["resultMetadata"] == {"source": pricing, "timestamp": NOW, "traceId": "asked", **said}


def test_the_context_given_to_open_says_who_opened(both: Desk) -> None:
    [(_, _, instance)] = both.says("crm", "open", app={"appId": "analytics"}, context=VOD, metadata=SIGNED)
    both.connect(instance, dialect=FDC3_3_0)
    [_, event, _] = both.says(instance, "addContextListener", channelId=None, contextType=None)
    assert event[2] == {"channelId": None, "context": VOD, "metadata": said_by(CRM, **SIGNED)}


def test_each_learns_of_its_channel_and_of_the_agent_in_its_own_words(both: Desk) -> None:
    for name in ("crm", "turret"):
        both.says(name, "addEventListener", type="USER_CHANNEL_CHANGED")
    assert both.says("crm", "joinUserChannel", channelId=SIX)[0][2] == {"currentChannelId": SIX}
    assert both.says("turret", "joinUserChannel", channelId=SIX)[0][2] == {"newChannelId": SIX}
    features = {"UserChannelMembershipAPIs": True, "DesktopAgentBridging": True}
    for name, version, expected in (
        ("crm", "3.0", features),
        ("turret", "2.2", {"OriginatingAppMetadata": True, **features}),
    ):
        info = both.says(name, "getInfo")[0][2]["implementationMetadata"]
        assert (info["fdc3Version"], info["optionalFeatures"]) == (version, expected)


# Clearing


def test_clearing_takes_one_type_or_all_and_tells_those_who_know_of_it(both: Desk) -> None:
    for context in (CONTACT, VOD):
        both.says("turret", "broadcast", channelId=SIX, context=context)

    def current(kind: str | None) -> Any:
        return both.says("turret", "getCurrentContext", channelId=SIX, contextType=kind)[0][2]["context"]

    def cleared(kind: str | None) -> list[Any]:
        event = {"channelId": SIX, "contextType": kind}
        told = [(name, "contextClearedEvent", event) for name in ("crm", "pricing")]
        return [*told, ("crm", "clearContextResponse", {})]

    assert both.says("crm", "clearContext", channelId=SIX, contextType=VOD["type"]) == cleared("fdc3.instrument")
    assert (current("fdc3.instrument"), current(None)) == (None, CONTACT)
    assert both.says("crm", "clearContext", channelId=SIX, contextType=None) == cleared(None)
    assert (current("fdc3.contact"), current(None)) == (None, None)
    both.says("turret", "broadcast", channelId=SIX, context=VOD)
    assert current(None) == VOD


def test_only_parties_clear_a_private_channel_and_hear_of_it(both: Desk) -> None:
    [(_, _, payload)] = both.says("crm", "createPrivateChannel")
    clear = {"channelId": payload["privateChannel"]["id"], "contextType": None}
    assert both.says("pricing", "clearContext", **clear) == [
        ("pricing", "clearContextResponse", {"error": "AccessDenied"})
    ]
    assert [(who, kind) for who, kind, _ in both.says("crm", "clearContext", **clear)] == [
        ("crm", "contextClearedEvent"),
        ("crm", "clearContextResponse"),
    ]


# Closing


def test_an_app_asks_to_be_closed_and_is_answered_only_if_it_cannot_be(both: Desk) -> None:
    uuid = Ref("request")
    assert both.says("crm", "close") == [("close", "crm", uuid)]
    assert both.effects(both.broker.close_failed("crm", uuid.value)) == [
        ("crm", "closeResponse", {"error": "ErrorOnClose"})
    ]
    assert both.effects(both.broker.close_failed("gone", uuid.value)) == []


# Filtered intent listeners


@pytest.mark.parametrize(
    ("app", "first", "second", "conflict"),
    [
        ("turret", None, None, True),
        ("crm", None, None, True),
        ("crm", None, ["fdc3.contact"], True),
        ("crm", ["fdc3.contact"], None, True),
        ("crm", ["fdc3.contact", "fdc3.order"], ["fdc3.instrument", "fdc3.order"], True),
        ("crm", ["fdc3.contact"], ["fdc3.instrument"], False),
    ],
)
def test_listeners_that_could_both_be_meant_conflict(
    both: Desk, app: str, first: list[str] | None, second: list[str] | None, conflict: bool
) -> None:
    def add(kinds: list[str] | None) -> Any:
        more = {} if kinds is None else {"contextTypes": kinds}
        return both.says(app, "addIntentListener", intent="Look", **more)[0][2]

    listener = add(first)["listenerUUID"]
    assert (add(second) == {"error": "IntentListenerConflict"}) == conflict
    both.says(app, "intentListenerUnsubscribe", listenerUUID=listener)
    if conflict:
        assert "listenerUUID" in add(second)
    assert "listenerUUID" in both.says("pricing", "addIntentListener", intent="Look")[0][2]


def test_a_listener_whose_contexts_are_null_takes_them_all(both: Desk) -> None:
    """Not by the schema, which has no null there: a field without a value cannot be said in JSON otherwise."""
    meta = {"requestUuid": "null", "timestamp": NOW}
    sent = {"type": "addIntentListenerRequest", "meta": meta, "payload": {"intent": "Look", "contextTypes": None}}
    both.broker.receive("crm", FDC3_3_0.decode_request(msgspec.json.encode(sent)))
    for context in (CONTACT, VOD):
        assert both.says("turret", "raiseIntent", intent="Look", context=context)[0][:2] == ("crm", "intentEvent")


def test_an_intent_reaches_only_the_listener_for_its_context(both: Desk) -> None:
    both.says("crm", "addIntentListener", intent="Look", contextTypes=["fdc3.contact"])
    both.says("pricing", "addIntentListener", intent="Look", contextTypes=["fdc3.instrument"])
    for raiser in ("turret", "crm", "pricing"):
        said = {} if raiser == "turret" else {"metadata": {}}
        for context, handler in ((CONTACT, "crm"), (VOD, "pricing")):
            assert both.says(raiser, "raiseIntent", intent="Look", context=context, **said)[0][:2] == (
                handler,
                "intentEvent",
            )
    order = {"type": "fdc3.order"}
    assert both.says("turret", "raiseIntent", intent="Look", context=order)[0][2] == {"error": "NoAppsFound"}
    [(_, _, found)] = both.says("turret", "findIntent", intent="Look", context=VOD)
    assert [a["instanceId"] for a in found["appIntent"]["apps"]] == ["pricing"]
    [(_, _, found)] = both.says("turret", "findIntentsByContext", context=CONTACT)
    assert "Look" in [option["intent"]["name"] for option in found["appIntents"]]


def test_an_intent_that_waits_is_not_given_to_a_listener_for_other_contexts(both: Desk) -> None:
    app = {"appId": "crm", "instanceId": "crm"}
    assert both.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT, app=app) == []
    assert len(both.says("crm", "addIntentListener", intent="ViewProfile", contextTypes=["fdc3.order"])) == 1
    delivered = both.says("crm", "addIntentListener", intent="ViewProfile", contextTypes=["fdc3.contact"])
    assert [kind for _, kind, _ in delivered][1:] == ["intentEvent", "raiseIntentResponse"]


# A new instance, or one that runs


@pytest.mark.parametrize("target", [{}, {"app": {"appId": "crm"}}])
def test_a_new_instance_can_be_asked_for_or_ruled_out(desk: Desk, target: dict[str, Any]) -> None:
    desk.connect("turret", dialect=FDC3_3_0)
    ask: dict[str, Any] = {"intent": "ViewProfile", "context": CONTACT, "metadata": {}, **target}
    assert desk.says("turret", "raiseIntent", **ask, newInstance=False)[0][2] == {"error": "TargetInstanceUnavailable"}
    desk.connect("crm")
    desk.says("crm", "addIntentListener", intent="ViewProfile")
    assert desk.says("turret", "raiseIntent", **ask, newInstance=True)[0][:2] == ("launch", "crm")
    desk.connect("crm/2")
    assert desk.says("turret", "raiseIntent", **ask, newInstance=True)[0][:2] == ("launch", "crm")
    [(kind, _, options)] = desk.says("turret", "raiseIntent", **ask, newInstance=False)
    assert kind == "resolve"
    assert None not in options[0][1]


def test_a_running_instance_cannot_be_a_new_one_and_a_visitor_cannot_be_started(desk: Desk) -> None:
    desk.connect("turret", "crm", "visitor", dialect=FDC3_3_0)
    desk.says("visitor", "addIntentListener", intent="Look")
    said: dict[str, Any] = {"context": CONTACT, "metadata": {}, "newInstance": True}
    answer = desk.says("turret", "raiseIntent", intent="ViewProfile", app=CRM, **said)
    assert answer[0][2] == {"error": "InvalidArguments"}
    answer = desk.says("turret", "raiseIntent", intent="Look", **said)
    assert answer[0][2] == {"error": "TargetAppUnavailable"}


# What cannot be read


def test_unreadable_requests_of_3_0_are_answered_with_an_error_the_schema_allows(desk: Desk) -> None:
    desk.connect("crm", dialect=FDC3_3_0)
    for request in RESPONSES:
        data = b'{"type":"%s","payload":7,"meta":{"requestUuid":"r"}}' % request.type_name().encode()
        [(who, kind, payload)] = desk.receives("crm", data)
        assert (who, kind) == ("crm", request.type_name().replace("Request", "Response"))
        assert list(payload) == ["error"]


class Ear(list[dict[str, Any]]):
    """The host's end of a connection that keeps what it is given."""

    def deliver(self, data: bytes) -> bool:
        self.append(msgspec.json.decode(data))
        return True

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        pass


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host(AppDirectory([record("crm")]))
    yield host
    await host.close()


def says(host: Host, who: str, ear: Ear, kind: str, **payload: Any) -> None:
    meta = {"requestUuid": f"{kind}-{who}", "timestamp": NOW}
    host.receive(who, ear, msgspec.json.encode({"type": f"{kind}Request", "meta": meta, "payload": payload}))


def joins(host: Host) -> tuple[str, Ear]:
    """An app that says it speaks 2.2."""
    who, ear = host.seat("crm", dialect=FDC3_2_2), Ear()
    host.attach(who, ear)
    return who, ear


async def test_an_app_that_says_2_2_and_sends_what_only_3_0_has_is_spoken_to_in_3_0(host: Host) -> None:
    who, ear = joins(host)
    says(host, who, ear, "getInfo")
    says(host, who, ear, "addIntentListener", intent="Look", contextTypes=None)
    says(host, who, ear, "getInfo")
    versions = [x["payload"]["implementationMetadata"]["fdc3Version"] for x in ear if x["type"] == "getInfoResponse"]
    assert versions == ["2.2", "3.0"]


async def test_what_cannot_be_read_says_nothing_of_the_version(host: Host) -> None:
    who, ear = joins(host)
    says(host, who, ear, "clearContext")
    assert ear == []
    says(host, who, ear, "broadcast", channelId=SIX, context=VOD, metadata=7)
    assert ear[-1]["payload"] == {"error": "MalformedContext"}


async def test_the_next_instance_of_such_an_app_is_spoken_to_in_3_0_from_the_start(host: Host) -> None:
    first, ear = joins(host)
    says(host, first, ear, "broadcast", channelId=SIX, context=VOD, metadata={})
    second, other = joins(host)
    says(host, second, other, "addContextListener", channelId=SIX, contextType=None)
    says(host, first, ear, "broadcast", channelId=SIX, context=VOD, metadata=SIGNED)
    assert other[-1]["payload"]["metadata"]["traceId"] == "trail"
