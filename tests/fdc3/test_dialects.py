"""Whatever a message holds, it survives its dialect: 3.0 whole, 2.2 as far as 2.2 has words for it."""

from __future__ import annotations

import datetime as dt
import functools
import types
import typing
from typing import Any

import msgspec
import pytest
from broker_desk import Desk, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw, UnsetType

from fdc3.types import AntiReplayClaims, AppProvidableContextMetadata, ContextMetadata, DetachedSignature
from fdc3.types import messages as m
from fdc3.types.context_metadata import from_message, to_message
from fdc3.types.metadata import AppIdentifier, ContextMetadataDescription, ProvidedMetadata
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect

NEW_WORDS = ("metadata", "resultMetadata", "newInstance", "contextTypes", "currentChannelId")
MOMENTS = st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(2020, 1, 1), max_value=dt.datetime(2040, 1, 1))
KNOWN = ("fdc3.channel.6", "crm", "turret", "ViewProfile", "fdc3.contact")
TEXT = st.sampled_from(KNOWN) | st.text(max_size=8)
RAW = {
    "context": st.dictionaries(TEXT, st.integers() | TEXT, max_size=3).map(lambda x: {"type": "fdc3.contact", **x}),
    "signature": st.fixed_dictionaries({"protected": TEXT, "signature": TEXT}),
    "anti_replay": st.fixed_dictionaries({"iat": st.integers(0, 2**40), "exp": st.floats(0, 1e12), "jti": TEXT}),
    "custom": st.dictionaries(TEXT, TEXT, max_size=2),
}


def values(kind: Any, name: str) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:  # only its length is limited, and what is made here is short
        return values(arguments[0], name)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values(each, name) for each in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0], name), max_size=2).map(tuple)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(TEXT, TEXT, max_size=2)
    if kind is Raw:
        return RAW[name].map(lambda value: Raw(msgspec.json.encode(value)))
    if kind is UnsetType:
        return st.just(UNSET)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        bool: st.booleans(),
        dt.datetime: MOMENTS,
        type(None): st.none(),
    }
    return simple[kind]


@functools.cache
def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    fields = {field.name: values(field.type, field.name) for field in msgspec.structs.fields(kind)}
    for field in msgspec.structs.fields(kind):
        if (
            field.name == "metadata" and field.default_factory is not msgspec.NODEFAULT
        ):  # 3.0 always says something of these, 2.2 never
            fields[field.name] = structs(ProvidedMetadata)
    if kind is m.RequestSource:  # ours, and only where a handler failed
        fields["intent_handler_error"] = st.just(UNSET)
    if kind is m.ResponsePayload:  # each answer uses a few of these
        some = st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)
        return some.flatmap(lambda names: st.builds(kind, **{name: fields[name] for name in names}))
    return st.builds(kind, **fields)


REQUESTS = st.one_of([structs(kind) for kind in m.REQUESTS])
AGENT_MESSAGES = st.one_of([structs(x) for x in (*m.RESPONSES.values(), m.RaiseIntentResultResponse, *m.EVENTS)])
often = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def read(dialect: Dialect, message: m.Message, data: bytes) -> m.Message:
    return dialect.decode_request(data) if isinstance(message, m.Request) else dialect.decode_agent_message(data)


@often
@given(REQUESTS | AGENT_MESSAGES)
def test_3_0_says_everything(message: m.Message) -> None:
    data = FDC3_3_0.encode(message)
    again = read(FDC3_3_0, message, data)
    assert FDC3_3_0.encode(again) == data
    if not (isinstance(message, m.IntentResultRequest) and message.payload.intent_result.error is not UNSET):
        assert again == message


@often
@given((REQUESTS | AGENT_MESSAGES).filter(lambda message: FDC3_2_2.knows(type(message))))
def test_2_2_says_what_it_can_and_nothing_of_it_is_lost_on_a_way_through_3_0(message: m.Message) -> None:
    data = FDC3_2_2.encode(message)
    heard = read(FDC3_2_2, message, data)
    assert type(heard) is type(message)
    assert FDC3_2_2.encode(heard) == data
    payload = msgspec.json.decode(data)["payload"]
    assert not [word for word in NEW_WORDS if word in payload]
    through = read(FDC3_3_0, heard, FDC3_3_0.encode(heard))
    assert FDC3_2_2.encode(through) == data


def broken(data: bytes, where: int, cut: int, put: bytes) -> bytes:
    at = where % len(data)
    return data[:at] + put + data[at + cut :]


@often
@given(
    st.sampled_from(("crm", "turret")),
    st.lists(
        st.tuples(REQUESTS, st.integers(0, 4000), st.integers(0, 3), st.binary(max_size=3) | st.just(b"")),
        min_size=1,
        max_size=6,
    ),
)
def test_whatever_apps_say_the_agent_answers_by_the_schema(
    who: str, said: list[tuple[m.Request, int, int, bytes]]
) -> None:
    """Requests as they should be, and with a few bytes broken, from an app of either version."""
    desk = Desk(record("crm", ViewProfile=["fdc3.contact"]), record("turret"))
    desk.connect("crm", "other", dialect=FDC3_3_0)
    desk.connect("turret")
    for name in ("crm", "other", "turret"):
        desk.says(name, "joinUserChannel", channelId="fdc3.channel.6")
        desk.says(name, "addContextListener", channelId=None, contextType=None)
    for request, where, cut, put in said:
        data = desk.dialect(who).encode(request) if desk.dialect(who).knows(type(request)) else b"{}"
        desk.receives(who, broken(data, where, cut, put))


@given(structs(ContextMetadataDescription))
def test_what_an_app_is_told_of_a_context_is_what_the_message_says(metadata: ContextMetadataDescription) -> None:
    known = from_message(metadata)
    assert (known.source, known.timestamp, known.trace_id) == (metadata.source, metadata.timestamp, metadata.trace_id)
    said = to_message(known)
    for name in ("signature", "anti_replay", "custom"):
        ours, theirs = getattr(said, name), getattr(metadata, name)
        assert (ours is UNSET) == (theirs is UNSET)
        assert ours is UNSET or msgspec.json.decode(ours) == msgspec.json.decode(theirs)


def test_metadata_is_typed_at_the_clients_door() -> None:
    claims = AntiReplayClaims(iat=1, exp=2.5, jti="once")
    said = AppProvidableContextMetadata(
        trace_id="t", signature=DetachedSignature("e30", "c2ln"), anti_replay=claims, custom={"a": 1}
    )
    raw = to_message(said)
    told = ContextMetadataDescription(
        source=AppIdentifier("crm"),
        timestamp=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        trace_id="t",
        signature=raw.signature,
        anti_replay=raw.anti_replay,
        custom=raw.custom,
    )
    known = from_message(told)
    assert isinstance(known, ContextMetadata)
    assert (known.signature, known.anti_replay, known.custom) == (said.signature, claims, {"a": 1})
    with pytest.raises(msgspec.ValidationError):
        from_message(msgspec.structs.replace(told, signature=Raw(b'{"protected":"e30"}')))
