from __future__ import annotations

from broker_desk import Desk, Ref

from fdc3.types.messages import RESPONSES
from fdc3.types.wire import FDC3_2_2

CONTACT = {"type": "fdc3.contact", "name": "Sarah Whitcombe", "id": {"email": "sarah@example.com"}}
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}, "note": {"kept": True}}
SIX = "fdc3.channel.6"


def app(name: str) -> dict[str, str]:
    return {"appId": name.partition("/")[0], "instanceId": name}


def test_there_are_eight_user_channels_with_the_recommended_names_and_colours(desk: Desk) -> None:
    desk.connect("crm")
    [(_, _, payload)] = desk.says("crm", "getUserChannels")
    channels = payload["userChannels"]
    assert [c["id"] for c in channels] == [f"fdc3.channel.{n}" for n in range(1, 9)]
    assert channels[5]["displayMetadata"] == {"name": "Channel 6", "color": "blue", "glyph": "6"}
    assert [c["displayMetadata"]["color"] for c in channels][::7] == ["red", "purple"]


def test_a_broadcast_reaches_the_others_on_the_user_channel_once_and_never_its_sender(desk: Desk) -> None:
    desk.connect("crm", "analytics", "pricing", "turret")
    for name in ("crm", "analytics", "turret"):
        desk.says(name, "joinUserChannel", channelId=SIX)
    for name in ("crm", "analytics", "pricing"):
        desk.says(name, "addContextListener", channelId=None, contextType="fdc3.instrument")
        desk.says(name, "addContextListener", channelId=None, contextType=None)
    assert desk.says("crm", "broadcast", channelId=SIX, context=VOD) == [
        ("analytics", "broadcastEvent", {"channelId": SIX, "context": VOD, "originatingApp": app("crm")}),
        ("crm", "broadcastResponse", {}),
    ]


def test_context_type_and_channel_decide_who_hears(desk: Desk) -> None:
    desk.connect("crm", "analytics", "pricing", "turret")
    desk.says("crm", "getOrCreateChannel", channelId="deskline.deals")
    desk.says("analytics", "addContextListener", channelId="deskline.deals", contextType="fdc3.contact")
    desk.says("pricing", "addContextListener", channelId="deskline.deals", contextType=None)
    desk.says("turret", "addContextListener", channelId=SIX, contextType=None)
    heard = [who for who, _, _ in desk.says("crm", "broadcast", channelId="deskline.deals", context=VOD)]
    assert heard == ["pricing", "crm"]


def test_one_broadcast_to_many_is_one_message_object(desk: Desk) -> None:
    desk.connect("crm", "analytics", "pricing")
    for name in ("analytics", "pricing"):
        desk.says(name, "addContextListener", channelId=SIX, contextType=None)
    request = FDC3_2_2.decode_request(
        b'{"type":"broadcastRequest","payload":{"channelId":"fdc3.channel.6","context":{"type":"x"}},'
        b'"meta":{"requestUuid":"1","timestamp":"2026-03-02T09:30:00Z"}}'
    )
    event, _ = desk.broker.receive("crm", request)
    assert event.to == ("analytics", "pricing")  # type: ignore[union-attr]


def test_joining_tells_the_app_before_it_is_answered(desk: Desk) -> None:
    desk.connect("crm")
    desk.says("crm", "addEventListener", type="USER_CHANNEL_CHANGED")
    assert desk.says("crm", "joinUserChannel", channelId=SIX) == [
        ("crm", "channelChangedEvent", {"newChannelId": SIX}),
        ("crm", "joinUserChannelResponse", {}),
    ]
    assert desk.says("crm", "joinUserChannel", channelId=SIX) == [("crm", "joinUserChannelResponse", {})]
    assert desk.effects(desk.broker.move("crm", "fdc3.channel.1")) == [
        ("crm", "channelChangedEvent", {"newChannelId": "fdc3.channel.1"})
    ]
    [(_, _, payload)] = desk.says("crm", "getCurrentChannel")
    assert payload["channel"]["id"] == "fdc3.channel.1"
    assert desk.says("crm", "leaveCurrentChannel")[0] == ("crm", "channelChangedEvent", {"newChannelId": None})
    assert desk.says("crm", "getCurrentChannel") == [("crm", "getCurrentChannelResponse", {"channel": None})]


def test_an_app_that_others_move_is_told_unasked(desk: Desk) -> None:
    desk.connect("crm")
    assert desk.effects(desk.broker.move("crm", SIX)) == [("crm", "channelChangedEvent", {"newChannelId": SIX})]
    assert desk.says("crm", "leaveCurrentChannel") == [("crm", "leaveCurrentChannelResponse", {})]


def test_a_channel_keeps_its_latest_context_of_each_type(desk: Desk) -> None:
    desk.connect("crm", "analytics")
    ask = ("analytics", "getCurrentContext")
    assert desk.says(*ask, channelId=SIX, contextType=None)[0][2] == {"context": None}
    for context in (VOD, CONTACT, {**VOD, "name": "again"}, CONTACT):
        desk.says("crm", "broadcast", channelId=SIX, context=context)
    assert desk.says(*ask, channelId=SIX, contextType=None)[0][2] == {"context": CONTACT}
    assert desk.says(*ask, channelId=SIX, contextType="fdc3.instrument")[0][2] == {"context": {**VOD, "name": "again"}}
    assert desk.says(*ask, channelId=SIX, contextType="fdc3.order")[0][2] == {"context": None}


def test_errors_are_the_standards_strings(desk: Desk) -> None:
    desk.connect("crm")
    table = [
        ("joinUserChannel", {"channelId": "nowhere"}, "NoChannelFound"),
        ("broadcast", {"channelId": "nowhere", "context": VOD}, "NoChannelFound"),
        ("broadcast", {"channelId": SIX, "context": {"type": ""}}, "MalformedContext"),
        ("addContextListener", {"channelId": "nowhere", "contextType": None}, "NoChannelFound"),
        ("getCurrentContext", {"channelId": "nowhere", "contextType": None}, "NoChannelFound"),
        ("getOrCreateChannel", {"channelId": ""}, "CreationFailed"),
        ("privateChannelDisconnect", {"channelId": SIX}, "NoChannelFound"),
        ("contextListenerUnsubscribe", {"listenerUUID": "unknown"}, "AccessDenied"),
        ("intentListenerUnsubscribe", {"listenerUUID": "unknown"}, "AccessDenied"),
        ("eventListenerUnsubscribe", {"listenerUUID": "unknown"}, "AccessDenied"),
        ("privateChannelUnsubscribeEventListener", {"listenerUUID": "unknown"}, "AccessDenied"),
    ]
    for kind, payload, error in table:
        assert desk.says("crm", kind, **payload) == [("crm", f"{kind}Response", {"error": error})]


def test_an_unsubscribed_listener_hears_nothing_and_only_its_owner_can_end_it(desk: Desk) -> None:
    desk.connect("crm", "analytics")
    listener = Ref("listener")
    assert desk.says("crm", "addContextListener", channelId=SIX, contextType=None) == [
        ("crm", "addContextListenerResponse", {"listenerUUID": listener})
    ]
    assert desk.says("analytics", "contextListenerUnsubscribe", listenerUUID=listener)[0][2] == {
        "error": "AccessDenied"
    }
    desk.says("crm", "contextListenerUnsubscribe", listenerUUID=listener)
    assert desk.says("analytics", "broadcast", channelId=SIX, context=VOD) == [("analytics", "broadcastResponse", {})]


def private_channel(desk: Desk) -> Ref:
    """The CRM creates a private channel and hands it to the turret as the result of an intent."""
    desk.connect("crm", "turret", "analytics")
    channel, event, request = Ref("channel"), Ref("event"), Ref("request")
    assert desk.says("crm", "createPrivateChannel") == [
        ("crm", "createPrivateChannelResponse", {"privateChannel": {"id": channel, "type": "private"}})
    ]
    desk.says("crm", "addIntentListener", intent="ViewProfile")
    _deliver_intent(desk, event, request)
    answer = desk.says(
        "crm",
        "intentResult",
        intentEventUuid=event,
        raiseIntentRequestUuid=request,
        intentResult={"channel": {"id": channel, "type": "private"}},
    )
    assert answer[1] == (
        "turret",
        "raiseIntentResultResponse",
        {"intentResult": {"channel": {"id": channel, "type": "private"}}},
    )
    return channel


def _deliver_intent(desk: Desk, event: Ref, request: Ref) -> None:
    [intent, _] = desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT)
    assert request == intent[2]["raiseIntentRequestUuid"]
    assert event == f"id-{desk._ids - 1}"


def test_a_private_channel_is_closed_to_everyone_but_its_parties(desk: Desk) -> None:
    channel = private_channel(desk)
    for kind, payload in [
        ("broadcast", {"channelId": channel, "context": VOD}),
        ("addContextListener", {"channelId": channel, "contextType": None}),
        ("getCurrentContext", {"channelId": channel, "contextType": None}),
        ("getOrCreateChannel", {"channelId": channel}),
        ("privateChannelAddEventListener", {"privateChannelId": channel, "listenerType": None}),
        ("privateChannelDisconnect", {"channelId": channel}),
    ]:
        assert desk.says("analytics", kind, **payload) == [("analytics", f"{kind}Response", {"error": "AccessDenied"})]
    assert desk.says("analytics", "joinUserChannel", channelId=channel)[0][2] == {"error": "NoChannelFound"}


def test_parties_of_a_private_channel_hear_of_each_other(desk: Desk) -> None:
    channel = private_channel(desk)
    desk.says("crm", "privateChannelAddEventListener", privateChannelId=channel, listenerType=None)
    [told, _] = desk.says("turret", "addContextListener", channelId=channel, contextType="fdc3.instrument")
    assert told == (
        "crm",
        "privateChannelOnAddContextListenerEvent",
        {"privateChannelId": channel, "contextType": "fdc3.instrument"},
    )
    assert desk.says("crm", "broadcast", channelId=channel, context=VOD)[0][:2] == ("turret", "broadcastEvent")
    assert desk.says("turret", "privateChannelDisconnect", channelId=channel) == [
        ("crm", "privateChannelOnUnsubscribeEvent", {"privateChannelId": channel, "contextType": "fdc3.instrument"}),
        ("crm", "privateChannelOnDisconnectEvent", {"privateChannelId": channel}),
        ("turret", "privateChannelDisconnectResponse", {}),
    ]
    assert desk.says("turret", "broadcast", channelId=channel, context=VOD)[0][2] == {"error": "AccessDenied"}


def test_a_party_that_listens_late_for_events_still_learns_of_listeners(desk: Desk) -> None:
    channel = private_channel(desk)
    desk.says("turret", "addContextListener", channelId=channel, contextType=None)
    answer = desk.says("crm", "privateChannelAddEventListener", privateChannelId=channel, listenerType=None)
    assert [kind for _, kind, _ in answer] == [
        "privateChannelAddEventListenerResponse",
        "privateChannelOnAddContextListenerEvent",
    ]


def test_an_app_that_dies_disconnects_its_private_channels_and_leaves_nothing(desk: Desk) -> None:
    channel = private_channel(desk)
    desk.says("crm", "privateChannelAddEventListener", privateChannelId=channel, listenerType="disconnect")
    desk.says("turret", "addContextListener", channelId=channel, contextType=None)
    desk.says("turret", "addContextListener", channelId=SIX, contextType=None)
    desk.says("turret", "addContextListener", channelId=None, contextType=None)
    desk.says("turret", "joinUserChannel", channelId=SIX)
    assert desk.effects(desk.broker.disconnect("turret")) == [
        ("crm", "privateChannelOnDisconnectEvent", {"privateChannelId": channel})
    ]
    for where in (SIX, channel):
        assert desk.says("crm", "broadcast", channelId=where, context=VOD) == [("crm", "broadcastResponse", {})]
    assert [i.id for i in desk.broker.instances] == ["crm", "analytics"]


def test_requests_that_cannot_be_read_are_answered_with_an_error_the_schema_allows(desk: Desk) -> None:
    desk.connect("crm")
    for request in filter(FDC3_2_2.knows, RESPONSES):
        data = b'{"type":"%s","payload":7,"meta":{"requestUuid":"r"}}' % request.type_name().encode()
        [(who, kind, payload)] = desk.receives("crm", data)
        assert (who, kind) == ("crm", request.type_name().replace("Request", "Response"))
        assert list(payload) == ["error"]
    for data in (b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"type":"closeRequest","meta":{"requestUuid":"r"}}'):
        assert desk.receives("crm", data) == []
