"""The schemas of FDC3 3.0, which no npm package carries yet: those of 2.2 with what 3.0 changes, from its text."""

from __future__ import annotations

import copy
from typing import Any

Schema = dict[str, Any]
Schemas = dict[str, Schema]
"""By file name without ``.schema.json``."""

BASE = "https://fdc3.finos.org/schemas/next/api/"
_text = {"type": "string"}
_text_or_null = {"type": ["string", "null"]}


def _closed(properties: dict[str, Any], *optional: str) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _api(name: str) -> Schema:
    return {"$ref": f"api.schema.json#/definitions/{name}"}


def _message(name: str, base: str, payload: Schema | bool) -> Schema:
    properties = {"type": {"const": name}, "payload": payload, "meta": True}
    body = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"$id": f"{BASE}{name}.schema.json", "type": "object", "allOf": [{"$ref": f"{base}.schema.json"}, body]}


_SAID = {
    "traceId": _text,
    "custom": {"type": "object"},
    "signature": {"$ref": "#/definitions/DetachedSignature"},
    "antiReplay": {"$ref": "#/definitions/AntiReplay"},
}
_DEFINITIONS: Schemas = {
    "DetachedSignature": _closed({"protected": _text, "signature": _text}),
    "AntiReplay": _closed({"iat": {"type": "number"}, "exp": {"type": "number"}, "jti": _text}),
    "AppProvidableContextMetadata": _closed(_SAID, *_SAID),
    "ContextMetadata": _closed(
        {
            "source": {"$ref": "#/definitions/AppIdentifier"},
            "timestamp": {"type": "string", "format": "date-time"},
            **_SAID,
        },
        *[name for name in _SAID if name != "traceId"],
    ),
    "CloseError": {"type": "string", "enum": ["ErrorOnClose", "ApiTimeout"]},
}
_NEW_ERRORS = {
    "ChannelError": ["InvalidArguments"],
    "OpenError": ["InvalidArguments"],
    "ResolveError": ["InvalidArguments", "IntentListenerConflict"],
}
_METADATA_REQUIRED = ("broadcast", "open", "raiseIntent", "raiseIntentForContext")


def as_3_0(schemas_2_2: Schemas) -> Schemas:
    schemas = copy.deepcopy(schemas_2_2)

    def payload(message: str, kind: str = "") -> Schema:
        found: Schema = schemas[message]["$defs"][f"{message[0].upper()}{message[1:]}{kind}Payload"]
        return found

    definitions = schemas["api"]["definitions"]
    definitions.update(_DEFINITIONS)
    for name, errors in _NEW_ERRORS.items():
        definitions[name]["enum"] += errors
    features = definitions["BaseImplementationMetadata"]["properties"]["optionalFeatures"]
    features["required"].remove("OriginatingAppMetadata")
    del features["properties"]["OriginatingAppMetadata"]

    for name in _METADATA_REQUIRED:
        request = payload(f"{name}Request")
        request["properties"]["metadata"] = _api("AppProvidableContextMetadata")
        request["required"].append("metadata")
    for name in ("raiseIntentRequest", "raiseIntentForContextRequest"):
        payload(name)["properties"]["newInstance"] = {"type": "boolean"}
    payload("intentResultRequest")["properties"]["metadata"] = _api("AppProvidableContextMetadata")
    payload("addIntentListenerRequest")["properties"]["contextTypes"] = {"type": "array", "items": _text}

    for name in ("broadcastEvent", "intentEvent"):
        event = payload(name)
        del event["properties"]["originatingApp"]
        event["properties"]["metadata"] = _api("ContextMetadata")
        event["required"].append("metadata")
    known = schemas["getCurrentContextResponse"]["$defs"]["GetCurrentContextSuccessResponsePayload"]
    known["properties"]["metadata"] = {"anyOf": [_api("ContextMetadata"), {"type": "null"}]}
    result = schemas["raiseIntentResultResponse"]["$defs"]["RaiseIntentResultSuccessResponsePayload"]
    result["properties"]["resultMetadata"] = _api("ContextMetadata")
    changed = schemas["channelChangedEvent"]["$defs"]
    former, now = changed["ChannelChangedEventPayload"], _closed({"currentChannelId": _text_or_null})
    changed["ChannelChangedEventPayload"] = {"anyOf": [former, now]}

    clearing = _closed({"channelId": _text, "contextType": _text_or_null})
    cleared = _closed({"channelId": _text_or_null, "contextType": _text_or_null})
    failed = {"anyOf": [_closed({}), _closed({"error": _api("CloseError")})]}
    for base, name, content in (
        ("appRequest", "clearContextRequest", clearing),
        ("appRequest", "closeRequest", _closed({})),
        ("agentResponse", "clearContextResponse", True),
        ("agentResponse", "closeResponse", failed),
        ("agentEvent", "contextClearedEvent", cleared),
    ):
        schemas[base]["properties"]["type"]["enum"].append(name)
        schemas[name] = _message(name, base, content)
    return schemas
