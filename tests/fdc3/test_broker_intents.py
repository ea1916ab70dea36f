from __future__ import annotations

from typing import Any

import pytest
from broker_desk import Desk, Ref, record

from fdc3.broker import Timeouts
from fdc3.types.errors import ResolverUnavailable
from fdc3.types.metadata import AppIdentifier

CONTACT = {"type": "fdc3.contact", "name": "Sarah Whitcombe", "id": {"phone": "+44 20 7946 0123"}}
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}


def apps(answer: list[Any]) -> list[str]:
    return [a.get("instanceId", a["appId"]) for a in answer[0][2]["appIntent"]["apps"]]


def resolution(who: str, intent: str) -> dict[str, Any]:
    return {"intentResolution": {"source": {"appId": who.partition("/")[0], "instanceId": who}, "intent": intent}}


def test_an_intent_goes_to_the_running_app_that_listens(desk: Desk) -> None:
    desk.connect("crm", "turret")
    desk.says("crm", "addIntentListener", intent="ViewProfile")
    assert desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT) == [
        (
            "crm",
            "intentEvent",
            {
                "intent": "ViewProfile",
                "context": CONTACT,
                "raiseIntentRequestUuid": "turret:2",
                "originatingApp": {"appId": "turret", "instanceId": "turret"},
            },
        ),
        ("turret", "raiseIntentResponse", resolution("crm", "ViewProfile")),
    ]


@pytest.mark.parametrize(
    ("result", "given"),
    [
        ({}, {"intentResult": {}}),
        ({"context": CONTACT}, {"intentResult": {"context": CONTACT}}),
        ({"context": {"type": ""}}, {"error": "NoResultReturned"}),
        ({"channel": {"id": "fdc3.channel.6", "type": "user"}}, {"intentResult": {"channel": Ref("user channel")}}),
        ({"channel": {"id": "nowhere", "type": "app"}}, {"error": "NoResultReturned"}),
    ],
)
def test_a_result_always_comes_back(desk: Desk, result: dict[str, Any], given: dict[str, Any]) -> None:
    event = raise_to_crm(desk)
    answer = desk.says(
        "crm", "intentResult", intentEventUuid=event, raiseIntentRequestUuid="turret:2", intentResult=result
    )
    assert answer[-1] == ("turret", "raiseIntentResultResponse", given)
    assert answer[0][:2] == ("crm", "intentResultResponse")


def raise_to_crm(desk: Desk) -> str:
    desk.connect("crm", "turret", "analytics")
    desk.says("crm", "addIntentListener", intent="ViewProfile")
    desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT)
    return f"id-{desk._ids - 1}"


def test_a_result_is_taken_once_and_only_from_the_app_that_has_the_intent(desk: Desk) -> None:
    event = raise_to_crm(desk)
    payload: dict[str, Any] = {"intentEventUuid": event, "raiseIntentRequestUuid": "turret:2", "intentResult": {}}
    assert desk.says("analytics", "intentResult", **payload) == [
        ("analytics", "intentResultResponse", {"error": "AccessDenied"})
    ]
    assert len(desk.says("crm", "intentResult", **payload)) == 2
    assert desk.says("crm", "intentResult", **payload) == [("crm", "intentResultResponse", {})]


def test_an_app_that_dies_while_handling_returns_no_result(desk: Desk) -> None:
    raise_to_crm(desk)
    assert desk.effects(desk.broker.disconnect("crm")) == [
        ("turret", "raiseIntentResultResponse", {"error": "NoResultReturned"})
    ]


def test_an_app_that_is_not_running_is_started_and_gets_the_intent_when_it_listens(desk: Desk) -> None:
    desk.connect("turret")
    instance = Ref("instance")
    assert desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT) == [("launch", "crm", instance)]
    assert desk.effects(desk.broker.connect(instance.value)) == []
    assert desk.says(instance.value, "addIntentListener", intent="Other")[1:] == []
    delivered = desk.says(instance.value, "addIntentListener", intent="ViewProfile")
    assert [kind for _, kind, _ in delivered] == ["addIntentListenerResponse", "intentEvent", "raiseIntentResponse"]
    assert desk.wait(1000) == []


def test_a_second_intent_meanwhile_waits_for_the_same_start(desk: Desk) -> None:
    desk.connect("turret")
    [(_, _, instance)] = desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT)
    assert desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT) == []
    desk.broker.connect(instance)
    delivered = desk.says(instance, "addIntentListener", intent="ViewProfile")
    assert [kind for _, kind, _ in delivered].count("intentEvent") == 2


FAILED = ("turret", "raiseIntentResponse", {"error": "IntentDeliveryFailed"})


def test_an_app_that_does_not_start_listen_or_live_long_enough_fails_the_intent() -> None:
    def started() -> tuple[Desk, str]:
        desk = Desk(record("crm", ViewProfile=["fdc3.contact"]), timeouts=Timeouts(connect=15, listener=20))
        desk.connect("turret")
        [(_, _, instance)] = desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT)
        return desk, instance

    desk, instance = started()
    assert desk.wait(14.9) == []
    assert desk.wait(0.2) == [FAILED]
    desk, instance = started()
    desk.broker.connect(instance)
    assert desk.wait(34.9) == []
    assert desk.wait(0.2) == [FAILED]
    desk, instance = started()
    assert desk.effects(desk.broker.launch_failed(instance)) == [FAILED]
    assert [i.id for i in desk.broker.instances] == ["turret"]
    assert desk.broker.deadline is None


def test_several_possible_apps_are_a_question_to_the_user(desk: Desk) -> None:
    desk.connect("analytics", "crm")
    desk.says("analytics", "addIntentListener", intent="ViewAnalysis")
    question = Ref("question")
    options = [("ViewAnalysis", ["analytics", "analytics", "pricing"])]
    ask = ("crm", "raiseIntent")
    assert desk.says(*ask, intent="ViewAnalysis", context=VOD) == [("resolve", question, options)]
    answer = desk.effects(desk.broker.resolved(question.value, AppIdentifier("analytics", "analytics")))
    assert [kind for _, kind, _ in answer] == ["intentEvent", "raiseIntentResponse"]
    assert desk.effects(desk.broker.resolved(question.value, None)) == []

    def outcome(*resolve: Any) -> Any:
        [(_, asked, _)] = desk.says(*ask, intent="ViewAnalysis", context=VOD)
        return desk.effects(desk.broker.resolved(asked, *resolve))[0]

    assert outcome(AppIdentifier("pricing"))[:2] == ("launch", "pricing")
    assert outcome(None)[2] == {"error": "UserCancelledResolution"}
    assert outcome(AppIdentifier("analytics", "gone"))[2] == {"error": "TargetInstanceUnavailable"}
    assert outcome(AppIdentifier("crm"))[2] == {"error": "TargetAppUnavailable"}
    [(_, asked, _)] = desk.says(*ask, intent="ViewAnalysis", context=VOD)
    refused = desk.effects(desk.broker.unresolved(asked, ResolverUnavailable()))
    assert refused == [("crm", "raiseIntentResponse", {"error": "ResolverUnavailable"})]


def test_a_question_ends_when_it_takes_too_long_or_the_asker_dies(desk: Desk) -> None:
    desk.connect("crm")
    [(_, asked, _)] = desk.says("crm", "raiseIntent", intent="ViewAnalysis", context=VOD)
    assert desk.wait(90) == [("cancel", asked), ("crm", "raiseIntentResponse", {"error": "ResolverTimeout"})]
    [(_, asked, _)] = desk.says("crm", "raiseIntent", intent="ViewAnalysis", context=VOD)
    assert desk.effects(desk.broker.disconnect("crm")) == [("cancel", asked)]


def test_a_context_may_offer_several_intents(desk: Desk) -> None:
    desk.connect("analytics", "crm")
    desk.says("analytics", "addIntentListener", intent="ViewChart")
    [(_, asked, options)] = desk.says("crm", "raiseIntentForContext", context=VOD)
    assert options == [
        ("ViewAnalysis", ["analytics", "analytics", "pricing"]),
        ("ViewChart", ["analytics", "analytics"]),
        ("ViewQuote", ["pricing"]),
    ]
    chosen = desk.effects(desk.broker.resolved(asked, AppIdentifier("analytics", "analytics"), "ViewChart"))
    assert chosen[1] == ("crm", "raiseIntentForContextResponse", resolution("analytics", "ViewChart"))
    app = {"appId": "analytics", "instanceId": "analytics"}
    direct = desk.says("crm", "raiseIntentForContext", context=VOD, app=app)
    assert direct[1][2] == resolution("analytics", "ViewChart")


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"intent": "Nothing", "context": VOD}, "NoAppsFound"),
        ({"intent": "ViewProfile", "context": VOD}, "NoAppsFound"),
        ({"intent": "ViewProfile", "context": {"type": ""}}, "MalformedContext"),
        ({"intent": "ViewProfile", "context": CONTACT, "app": {"appId": "unknown"}}, "TargetAppUnavailable"),
        ({"intent": "ViewProfile", "context": CONTACT, "app": {"appId": "pricing"}}, "NoAppsFound"),
        (
            {"intent": "ViewProfile", "context": CONTACT, "app": {"appId": "crm", "instanceId": "gone"}},
            "TargetInstanceUnavailable",
        ),
        (
            {"intent": "ViewProfile", "context": CONTACT, "app": {"appId": "turret", "instanceId": "crm"}},
            "TargetInstanceUnavailable",
        ),
        (
            {"intent": "ViewProfile", "context": CONTACT, "app": {"appId": "crm", "desktopAgent": "elsewhere"}},
            "DesktopAgentNotFound",
        ),
    ],
)
def test_raising_fails_with_the_standards_strings(desk: Desk, payload: dict[str, Any], error: str) -> None:
    desk.connect("turret", "crm")
    assert desk.says("turret", "raiseIntent", **payload) == [("turret", "raiseIntentResponse", {"error": error})]


def test_a_named_app_takes_the_intent_in_its_running_instance(desk: Desk) -> None:
    desk.connect("turret", "analytics", "pricing")
    desk.says("analytics", "addIntentListener", intent="ViewAnalysis")
    answer = desk.says(
        "turret", "raiseIntent", intent="ViewAnalysis", context=VOD, app={"appId": "analytics@desk.example"}
    )
    assert answer[1][2] == resolution("analytics", "ViewAnalysis")


def test_an_app_that_listens_without_having_declared_it_is_found_too(desk: Desk) -> None:
    desk.connect("turret", "visitor")
    desk.says("visitor", "addIntentListener", intent="StartCall")
    assert apps(desk.says("turret", "findIntent", intent="StartCall")) == ["visitor"]
    assert desk.says("turret", "raiseIntent", intent="StartCall", context=CONTACT)[0][:2] == ("visitor", "intentEvent")


def test_finding_honours_context_and_result_type(desk: Desk) -> None:
    desk.connect("crm", "analytics", "turret")
    desk.says("crm", "addIntentListener", intent="ViewProfile")
    find = ("turret", "findIntent")
    assert apps(desk.says(*find, intent="ViewProfile")) == ["crm", "crm"]
    assert apps(desk.says(*find, intent="ViewAnalysis")) == ["analytics", "pricing"]
    assert apps(desk.says(*find, intent="ViewProfile", resultType="fdc3.contact")) == ["crm", "crm"]
    for wanted in ("channel", "channel<fdc3.valuation>"):
        assert apps(desk.says(*find, intent="ViewQuote", resultType=wanted)) == ["pricing"]
    [(_, _, payload)] = desk.says("turret", "findIntentsByContext", context=CONTACT)
    assert [i["intent"]["name"] for i in payload["appIntents"]] == ["ViewProfile", "ViewQuote"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("findIntent", {"intent": "Nothing"}),
        ("findIntent", {"intent": "ViewProfile", "context": VOD}),
        ("findIntent", {"intent": "ViewProfile", "resultType": "fdc3.order"}),
        ("findIntent", {"intent": "ViewQuote", "resultType": "channel<x>"}),
        ("findIntentsByContext", {"context": CONTACT, "resultType": "fdc3.order"}),
        ("findInstances", {"app": {"appId": "nobody"}}),
    ],
)
def test_finding_nobody_is_an_error_as_the_standard_says(desk: Desk, kind: str, payload: dict[str, Any]) -> None:
    desk.connect("turret")
    assert desk.says("turret", kind, **payload) == [("turret", f"{kind}Response", {"error": "NoAppsFound"})]


def test_finding_by_context_names_only_instances_that_listen(desk: Desk) -> None:
    desk.connect("crm", "crm/2", "turret")
    desk.says("crm/2", "addIntentListener", intent="ViewProfile")
    [(_, _, payload)] = desk.says("turret", "findIntentsByContext", context=CONTACT)
    profile = payload["appIntents"][0]
    assert [a.get("instanceId", a["appId"]) for a in profile["apps"]] == ["crm", "crm/2"]


def test_app_ids_are_matched_with_and_without_their_directory() -> None:
    desk = Desk(record("crm@desk.example", ViewProfile=["fdc3.contact"]), record("turret"))
    desk.connect("crm@desk.example", "turret")
    desk.says("crm@desk.example", "addIntentListener", intent="ViewProfile")
    matched = {"appId": "crm@desk.example", "instanceId": "crm@desk.example"}
    for app in ({"appId": "crm"}, {"appId": "crm@desk.example"}, {"appId": "crm", "instanceId": "crm@desk.example"}):
        answer = desk.says("turret", "raiseIntent", intent="ViewProfile", context=CONTACT, app=app)
        assert answer[1][2]["intentResolution"]["source"] == matched
    [(_, _, payload)] = desk.says("turret", "findInstances", app={"appId": "crm"})
    assert [a["instanceId"] for a in payload["appIdentifiers"]] == ["crm@desk.example"]
    for app_id, elsewhere in [("crm@other.example", "crm@other.example"), ("crm@other.example", "turret")]:
        answer = desk.says("turret", "getAppMetadata", app={"appId": app_id, "instanceId": elsewhere})
        assert answer[0][2] == {"error": "TargetInstanceUnavailable"}
    assert desk.says("turret", "open", app={"appId": "crm@other.example"})[0][2] == {"error": "AppNotFound"}
    assert desk.says("turret", "open", app={"appId": "crm"})[0][:2] == ("launch", "crm@desk.example")


def test_open_answers_when_the_app_is_there(desk: Desk) -> None:
    desk.connect("turret")
    [(_, app_id, instance)] = desk.says("turret", "open", app={"appId": "crm"})
    identifier = {"appIdentifier": {"appId": app_id, "instanceId": instance}}
    assert desk.effects(desk.broker.connect(instance)) == [("turret", "openResponse", identifier)]
    assert desk.says("turret", "open", app={"appId": "unknown"}) == [
        ("turret", "openResponse", {"error": "AppNotFound"})
    ]


def test_open_with_context_answers_when_the_app_has_taken_it(desk: Desk) -> None:
    desk.connect("turret")
    [(_, _, instance)] = desk.says("turret", "open", app={"appId": "crm"}, context=CONTACT)
    assert desk.effects(desk.broker.connect(instance)) == []
    assert len(desk.says(instance, "addContextListener", channelId=None, contextType="fdc3.order")) == 1
    taken = desk.says(instance, "addContextListener", channelId=None, contextType="fdc3.contact")
    assert taken[1][:2] == (instance, "broadcastEvent")
    assert taken[1][2]["channelId"] is None
    assert taken[1][2]["context"] == CONTACT
    assert taken[2][:2] == ("turret", "openResponse")


def test_open_fails_when_the_app_does_not_take_the_context_or_does_not_start(desk: Desk) -> None:
    def opened() -> str:
        [(_, _, instance)] = desk.says("turret", "open", app={"appId": "crm"}, context=CONTACT)
        return str(instance)

    desk.connect("turret")
    desk.effects(desk.broker.connect(opened()))
    assert desk.wait(20) == [("turret", "openResponse", {"error": "AppTimeout"})]
    opened()
    assert desk.wait(30) == [("turret", "openResponse", {"error": "AppTimeout"})]
    instance = opened()
    assert desk.effects(desk.broker.launch_failed(instance)) == [("turret", "openResponse", {"error": "ErrorOnLaunch"})]


def test_instances_and_metadata_can_be_looked_up(desk: Desk) -> None:
    desk.connect("crm", "crm/2", "turret")
    [(_, _, payload)] = desk.says("turret", "findInstances", app={"appId": "crm"})
    assert [a["instanceId"] for a in payload["appIdentifiers"]] == ["crm", "crm/2"]
    assert desk.says("turret", "findInstances", app={"appId": "analytics"})[0][2] == {"appIdentifiers": []}
    [(_, _, payload)] = desk.says("turret", "getAppMetadata", app={"appId": "crm"})
    assert payload["appMetadata"]["title"] == "Crm"
    [(_, _, payload)] = desk.says("turret", "getAppMetadata", app={"appId": "crm", "instanceId": "crm/2"})
    assert payload["appMetadata"]["instanceId"] == "crm/2"
    for app, error in [
        ({"appId": "nobody"}, "TargetAppUnavailable"),
        ({"appId": "crm", "instanceId": "gone"}, "TargetInstanceUnavailable"),
    ]:
        assert desk.says("turret", "getAppMetadata", app=app)[0][2] == {"error": error}
    [(_, _, payload)] = desk.says("turret", "getInfo")
    info = payload["implementationMetadata"]
    assert (info["fdc3Version"], info["provider"], info["appMetadata"]["appId"]) == ("2.2", "Deskline", "turret")


def test_an_instance_that_stops_answering_heartbeats_is_lost() -> None:
    desk = Desk(record("crm"), timeouts=Timeouts(heartbeat=5, heartbeats_missed=2))
    desk.connect("crm")
    assert desk.wait(5) == [("crm", "heartbeatEvent", {})]
    desk.says("crm", "heartbeatAcknowledgement", heartbeatEventUuid="id-1")
    assert [desk.wait(5)[0][1] for _ in range(2)] == ["heartbeatEvent", "heartbeatEvent"]
    assert desk.wait(5) == [("lost", "crm")]
    assert desk.broker.instances == ()
