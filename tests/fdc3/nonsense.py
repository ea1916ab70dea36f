"""Nonsense that is nearly sense: the messages of every door, changed a little or a lot."""

from __future__ import annotations

import copy
import itertools
import random
from collections import deque
from typing import Any

import msgspec
from talking import NOW

_numbers = itertools.count()

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 2**70, "", "x" * 300, "\u202e\x00\U0001f600", [], {}, [[]], {"type": 5}, {"type": "x"},
    {"id": None}, "constructor", "__proto__", "fdc3.channel.1", "2026-03-02T09:30:00Z", "\ud7ff", NOW * 20,
)  # fmt: skip
NOISE = b'{}[]",:0\\u\xff\n\x00'
ENDING = ("closeRequest", "WCP6Goodbye")
"""Said rarely, or nobody would live long enough to come to anything."""


class Mutations:
    """Valid messages (``kinds``: by type, a payload each) changed a little or a lot. ``known`` are texts of other apps
    that it tries where a text stands: channels, listeners, instances. Its own it learns from what comes back."""

    def __init__(self, dice: random.Random, kinds: list[Any], known: list[str]) -> None:
        self._dice = dice
        self._kinds = kinds
        self._known = known
        self._learned: deque[str] = deque(maxlen=20)

    def learn(self, payload: dict[str, Any]) -> None:
        """An answer that may name a listener or a channel of its own."""
        found = payload.get("listenerUUID") or payload.get("privateChannel", {}).get("id")
        if isinstance(found, str):
            self._learned.append(found)

    def __call__(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.05:
            return dice.randbytes(dice.randrange(60))
        kind = dice.choice(self._kinds)
        if isinstance(kind, dict) and kind["type"] in ENDING and dice.random() < 0.98:
            return self()
        message = msgspec.json.decode(msgspec.json.encode(kind))
        if "meta" in message:
            message["meta"]["requestUuid"] = f"f{next(_numbers)}"
        for _ in range(dice.choice((0, 0, 1, 1, 2, 5))):
            self._change(message)
        data = msgspec.json.encode(message)
        return self._damaged(data) if dice.random() < 0.2 else data

    def _change(self, value: Any) -> None:
        """Changes something somewhere within."""
        dice = self._dice
        while isinstance(value, dict | list) and value:
            key: Any = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
            inner = value[key]
            if isinstance(inner, dict | list) and inner and dice.random() < 0.75:
                value = inner
                continue
            match dice.randrange(5):
                case 0:
                    del value[key]
                case 1:
                    value[key] = copy.deepcopy(dice.choice(ODD))
                case 2 if isinstance(value, dict):
                    value[dice.choice(("type", "id", "appId", "payload", "channelId", "error", "x"))] = inner
                case 3:
                    value[key] = [copy.deepcopy(inner) for _ in range(dice.randrange(5))]
                case _:
                    value[key] = dice.choice((*self._known, *self._learned))
            return

    def _damaged(self, data: bytes) -> bytes:
        text, dice = bytearray(data), self._dice
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(text) + 1)
            noise = bytes(dice.choices(NOISE, k=dice.randint(0, 2)))
            text[place : place + dice.randint(0, 3)] = noise
        return bytes(text) if dice.random() > 0.02 else bytes(text) * 20


APP = {"appId": "crm"}
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}
SAID = {"traceId": "t", "custom": {"a": 1}, "signature": {"protected": "x", "signature": "y"}}
REQUESTS = [
    {"type": f"{kind}Request", "payload": payload, "meta": {"requestUuid": "", "timestamp": NOW}}
    for kind, payload in [
        ("addContextListener", {"channelId": None, "contextType": "fdc3.instrument"}),
        ("addContextListener", {"channelId": "shared", "contextType": None}),
        ("addEventListener", {"type": "USER_CHANNEL_CHANGED"}),
        ("addIntentListener", {"intent": "ViewChart", "contextTypes": ["fdc3.instrument"]}),
        ("addIntentListener", {"intent": "ViewProfile"}),
        ("broadcast", {"channelId": "shared", "context": VOD, "metadata": SAID}),
        ("broadcast", {"channelId": "fdc3.channel.1", "context": VOD}),
        ("clearContext", {"channelId": "shared", "contextType": None}),
        ("close", {}),
        ("contextListenerUnsubscribe", {"listenerUUID": "x"}),
        ("createPrivateChannel", {}),
        ("eventListenerUnsubscribe", {"listenerUUID": "x"}),
        ("findInstances", {"app": APP}),
        ("findIntent", {"intent": "ViewProfile", "context": VOD, "resultType": "x"}),
        ("findIntentsByContext", {"context": VOD}),
        ("getAppMetadata", {"app": APP}),
        ("getCurrentChannel", {}),
        ("getCurrentContext", {"channelId": "shared", "contextType": None}),
        ("getInfo", {}),
        ("getOrCreateChannel", {"channelId": "shared"}),
        ("getUserChannels", {}),
        ("heartbeatAcknowledgement", {"heartbeatEventUuid": "x"}),
        ("intentListenerUnsubscribe", {"listenerUUID": "x"}),
        ("intentResult", {"intentEventUuid": "x", "raiseIntentRequestUuid": "y", "intentResult": {"context": VOD}}),
        ("joinUserChannel", {"channelId": "fdc3.channel.1"}),
        ("leaveCurrentChannel", {}),
        ("open", {"app": APP, "context": VOD}),
        ("privateChannelAddEventListener", {"privateChannelId": "x", "listenerType": "disconnect"}),
        ("privateChannelDisconnect", {"channelId": "x"}),
        ("privateChannelUnsubscribeEventListener", {"listenerUUID": "x"}),
        ("raiseIntent", {"intent": "ViewChart", "context": VOD, "app": APP}),
        ("raiseIntent", {"intent": "ViewProfile", "context": VOD, "metadata": SAID, "newInstance": True}),
        ("raiseIntentForContext", {"context": VOD}),
    ]
] + [
    {"type": "WCP6Goodbye"},
    {"type": "WSCPApplicationConnect", "payload": {"protocolVersion": "1.0", "sharedSecret": "x"}},
    {"type": "WCP4ValidateAppIdentity", "payload": {"identityUrl": "https://crm.example", "actualUrl": "x"}},
]  # fmt: skip

HELLO = {
    "type": "WCP1Hello",
    "payload": {"identityUrl": "https://crm.example", "actualUrl": "https://crm.example", "fdc3Version": "2.2"},
    "meta": {"connectionAttemptUuid": "a", "timestamp": NOW},
}
IDENTITY = {**HELLO, "type": "WCP4ValidateAppIdentity"}
FRAMES = [
    ["hello", 1, "w", "https://crm.example", HELLO],
    ["hello", 2, "v", "https://crm.example", HELLO],
    *([["message", port, IDENTITY] for port in (1, 2)] * 3),
    *[["message", 1, {**message, "meta": {"requestUuid": "x", "timestamp": NOW}}] for message in REQUESTS],
    ["opened", 1, True],
    ["gone", "w"],
]

STEPS: list[Any] = [
    {"type": kind, "payload": payload, "meta": {"requestUuid": "x", "timestamp": NOW, **meta}}
    for kind, payload, meta in [
        ("broadcastRequest", {"channelId": "one", "context": VOD}, {}),
        ("findIntentRequest", {"intent": "ViewChart", "context": VOD}, {}),
        ("findIntentsByContextRequest", {"context": VOD}, {}),
        ("findInstancesRequest", {"app": {"appId": "crm"}}, {"source": {"appId": "x", "desktopAgent": "a"}}),
        ("getAppMetadataRequest", {"app": {"appId": "crm", "desktopAgent": "london"}}, {}),
        ("openRequest", {"app": {"appId": "crm", "desktopAgent": "london"}}, {"destination": {"desktopAgent": "l"}}),
        ("raiseIntentRequest", {"intent": "X", "context": VOD, "app": {"appId": "c", "desktopAgent": "london"}}, {}),
        ("PrivateChannel.broadcast", {"channelId": "x", "context": VOD}, {"destination": {"desktopAgent": "london"}}),
        ("PrivateChannel.onDisconnect", {"channelId": "x"}, {"destination": {"desktopAgent": "london"}}),
        ("findIntentResponse", {"appIntent": {"intent": {"name": "X"}, "apps": []}}, {"responseUuid": "y"}),
        ("raiseIntentResultResponse", {"intentResult": {"context": VOD}}, {"responseUuid": "y"}),
        ("handshake", {"implementationMetadata": {}, "requestedName": "x", "channelsState": {}}, {}),
    ]
]
