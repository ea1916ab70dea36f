"""Requests that nobody thought of, at every HTTP door: made from the doors' own description, by schemathesis.

Nothing answers as if the server had failed, and whatever is refused is refused with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Route

from app.server.database import connect
from app.server.tokens import AccessTokens, new_signing_key
from app.server.web import FORMS, Doors
from tests.conftest import SEED
from tests.rights.conftest import House
from tests.rights.hostile import Office
from tests.rights.test_forgery import signed_in

pytestmark = pytest.mark.timeout(600)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
REQUESTS = 15
"""For each door and each way of making them, valid and not."""
REFUSED = {
    "type": "object",
    "required": ["code", "reason"],
    "properties": {
        "code": {"type": "string", "minLength": 2},
        "reason": {"type": "string", "pattern": r"^[A-Z].*\.$"},
        "retry_after": {"type": "integer"},
    },
    "additionalProperties": False,
}
STATUSES = {
    "/health": {200}, "/ready": {200}, "/metrics": {200}, "/auth/openid": {200}, "/sync": {200, 401, 403, 413},
    "/enrol": {200, 403, 413, 422, 429}, "/auth/logout": {204, 413, 422, 429},
}  # fmt: skip
OF_A_DEVICE = {200, 401, 403, 404, 413, 422, 429}


def described(doors: Doors) -> dict[str, Any]:
    """The doors as OpenAPI, from their routes and the forms that they take."""
    forms, definitions = msgspec.json.schema_components(FORMS.values(), ref_template="#/components/schemas/{name}")
    form_of = dict(zip(FORMS, forms, strict=True))
    paths: dict[str, Any] = {}
    for route in doors.application.routes:
        if not isinstance(route, Route):
            continue
        responses = {
            str(status): {"description": ""} if status < 400 else _refusal()
            for status in STATUSES.get(route.path, OF_A_DEVICE)
        }
        for method in (route.methods or set()) - {"HEAD"}:
            about: dict[str, Any] = {"responses": responses}
            if method == "POST":
                about["requestBody"] = _body(route.path, form_of)
            paths.setdefault(route.path, {})[method.lower()] = about
    return {
        "openapi": "3.1.0",
        "info": {"title": "Deskline's server", "version": "1"},
        "paths": paths,
        "components": {"schemas": definitions},
    }


def _refusal() -> dict[str, Any]:
    return {"description": "refused", "content": {"application/json": {"schema": REFUSED}}}


def _body(path: str, form_of: Mapping[str, Any]) -> dict[str, Any]:
    if path in form_of:
        return {"required": True, "content": {"application/json": {"schema": form_of[path]}}}
    return {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }


class Addresses:
    """Each request from another address of this machine: forms are rationed by address."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._number = 0

    def session(self) -> requests.Session:
        self._number += 1
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self._house.folder / "certificate.pem")
        address = f"127.5.{self._number // 250}.{self._number % 250 + 1}"
        session.mount("https://", _From(address))
        return session


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, source_address=(self._address, 0), **more)


@pytest.fixture
def schema(house: House) -> BaseSchema:
    engine: AsyncEngine = connect(house.database, connections=1)  # never used: the doors are looked at from outside
    doors = Doors(house.database, engine, AccessTokens([new_signing_key()]))
    made = schemathesis.openapi.from_dict(described(doors))
    made.config.output.sanitization.update(enabled=False)
    return made


@pytest.fixture
async def true(office: Office) -> dict[str, Any]:
    """What a real desk would say, to get past the first look."""
    desk, access = await signed_in(office, "trader")
    _, once = await office.administration.add_user("bob", "Bob", "rates", ["trader"])
    _, code = await office.administration.add_device("another", "rates")
    tokens = await office.accounts.admit(office.firm, desk.site.actor.removeprefix("user:"), desk.id)
    return {
        "device": desk.id, "secret": desk.secret, "login": "bob", "password": once, "new": once * 2, "code": code,
        "site": "11111111-2222", "refresh": tokens.refresh, "redirect": "http://127.0.0.1:5000/", "access": access,
    }  # fmt: skip


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_finds_the_server_failing_and_all_refusals_have_a_reason(
    house: House, schema: BaseSchema, true: dict[str, Any], mode: GenerationMode
) -> None:
    addresses = Addresses(house)
    noted = len(house.logged())
    asked: dict[str, set[int]] = {}
    some = st.just({*true}) | st.sets(st.sampled_from(sorted(true)))
    for found in schema.get_all_operations():
        operation = found.ok()
        assert operation is not None
        if mode is GenerationMode.NEGATIVE and operation.path not in FORMS:  # only a form can be wrong
            continue

        @seed(SEED)
        @settings(
            max_examples=REQUESTS,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), truth=some)
        def ask(case: schemathesis.Case, truth: set[str]) -> None:
            headers = {}
            if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
                case.body |= {name: true[name] for name in truth & case.body.keys()}
            if "access" in truth:
                headers["Authorization"] = f"Bearer {true['access']}"
            with addresses.session() as session:
                answer = case.call(
                    base_url=house.url, session=session, headers=headers, timeout=60, verify=session.verify
                )
            case.validate_response(answer, checks=CHECKS)
            asked.setdefault(case.path, set()).add(answer.status_code)

        ask()
    if mode is GenerationMode.NEGATIVE:
        assert asked.keys() == FORMS.keys()
        assert set.union(*asked.values()) <= {413, 422}
    else:
        assert asked.keys() == {*schema.raw_schema["paths"]}
        assert {200, 403} <= asked["/enrol"], "some came further than the first look"
        assert {200, 401} <= asked["/auth/refresh"]
        assert {200, 401} <= asked["/sync"]
    assert not [line for line in house.logged()[noted:] if line["level"] == "error"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LOOK"])
def test_another_method_than_a_doors_own_is_refused_with_a_reason(
    house: House, schema: BaseSchema, method: str
) -> None:
    with Addresses(house).session() as session:
        for path, methods in schema.raw_schema["paths"].items():
            if method.lower() not in methods:
                answer = session.request(method, house.url + path, data=b"{}", timeout=60)
                assert (answer.status_code, answer.json()["code"]) == (405, "not-allowed"), path
                assert set(answer.headers["Allow"].lower().replace(" ", "").split(",")) - {"head"} == set(methods)
