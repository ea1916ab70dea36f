"""A broker on the test bench: what is said, what follows, and time under the test's control."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from schemas import check_message

from fdc3.broker import Broker, CancelResolve, Close, Deliver, Effect, Launch, Lost, Resolve, Timeouts
from fdc3.directory import AppDirectory, AppRecord
from fdc3.limits import Quotas
from fdc3.types.wire import FDC3_2_2, Dialect, Unreadable


def record(app_id: str, **listens_for: Any) -> AppRecord:
    """An app record; intents as ``ViewProfile=["fdc3.contact"]`` or with the whole declaration."""
    intents = {name: value if isinstance(value, dict) else {"contexts": value} for name, value in listens_for.items()}
    value = {
        "appId": app_id,
        "title": app_id.title(),
        "type": "other",
        "details": {},
        "interop": {"intents": {"listensFor": intents}},
    }
    return msgspec.convert(value, AppRecord)


class Ref:
    """Stands for a value the agent makes up: equals anything at first, and that same thing ever after."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None

    def __eq__(self, other: object) -> bool:
        if self.value is None:
            self.value = other
        return bool(self.value == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Ref({self.name}={self.value})"


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


class Desk:
    """A broker in memory whose every message, in and out, is checked against the standard's schema.

    Instances are named by the test and speak 2.2 unless ``dialects`` says otherwise; time moves by ``wait`` only.
    """

    def __init__(self, *records: AppRecord, timeouts: Timeouts | None = None, quotas: Quotas | None = None) -> None:
        self.now = 0.0
        self._ids = 0
        self.requests = 0
        self.dialects: dict[str, Dialect] = {}
        self.broker = Broker(
            AppDirectory(records),
            provider="Deskline",
            provider_version="1.0",
            timeouts=timeouts or Timeouts(),
            quotas=quotas,
            clock=lambda: dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC) + dt.timedelta(seconds=self.now),
            monotonic=lambda: self.now,
            new_id=self._new_id,
        )

    def _new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"

    def connect(self, *names: str, dialect: Dialect = FDC3_2_2) -> None:
        """Connects instances; "crm" is an instance of app "crm", "crm/2" another."""
        for name in names:
            self.dialects[name] = dialect
            if self.broker.instance(name) is None:
                self.broker.add_instance(name.partition("/")[0], name)
            assert self.effects(self.broker.connect(name)) == []

    def says(self, who: str, kind: str, **payload: Any) -> list[Any]:
        """Sends ``<kind>Request`` and returns what follows: (to whom, type, payload) and other effects."""
        self.requests += 1
        message = {
            "type": f"{kind}Request",
            "payload": _plain(payload),
            "meta": {"requestUuid": f"{who}:{self.requests}", "timestamp": "2026-03-02T09:30:00Z"},
        }
        check_message(message, self.dialect(who).version)
        return self.receives(who, msgspec.json.encode(message))

    def dialect(self, who: str) -> Dialect:
        return self.dialects.get(who, FDC3_2_2)

    def receives(self, who: str, data: bytes) -> list[Any]:
        try:
            return self.effects(self.broker.receive(who, self.dialect(who).decode_request(data)))
        except Unreadable as unreadable:
            return self.effects(self.broker.refuse(who, unreadable))

    def wait(self, seconds: float) -> list[Any]:
        self.now += seconds
        return self.effects(self.broker.tick())

    def effects(self, effects: list[Effect]) -> list[Any]:
        seen: list[Any] = []
        for effect in effects:
            match effect:
                case Deliver(to, message):
                    for name in filter(lambda name: self.dialect(name).knows(type(message)), to):
                        data = self.dialect(name).encode(message)
                        check_message(data, self.dialect(name).version)
                        value = msgspec.json.decode(data)
                        seen.append((name, value["type"], value["payload"]))
                case Launch(app_id, instance_id):
                    seen.append(("launch", app_id, instance_id))
                case Resolve(request):
                    options = [(o.intent.name, [a.instance or a.app_id for a in o.apps]) for o in request.options]
                    seen.append(("resolve", request.id, options))
                case CancelResolve(request_id):
                    seen.append(("cancel", request_id))
                case Lost(instance_id):
                    seen.append(("lost", instance_id))
                case Close(instance_id, request_uuid):
                    seen.append(("close", instance_id, request_uuid))
        return seen


PROFILE = {"contexts": ["fdc3.contact"], "resultType": "fdc3.contact"}
QUOTE = {"contexts": [], "resultType": "channel<fdc3.valuation>"}


@pytest.fixture
def desk() -> Desk:
    """A desk with a CRM, two analytics apps and a turret; none of them running."""
    return Desk(
        record("crm", ViewProfile=PROFILE),
        record("analytics", ViewAnalysis=["fdc3.instrument"], ViewChart=["fdc3.instrument"]),
        record(
            "pricing",
            ViewAnalysis=["fdc3.instrument"],
            ViewQuote={"contexts": [], "resultType": "channel<fdc3.valuation>"},
        ),
        record("turret"),
    )
