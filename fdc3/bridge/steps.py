"""The Bridge Connection Protocol: hello, handshake, who is connected; and what every bridging message is made of."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from fdc3.types.metadata import Name, OptionalFeatures, Wire

BRIDGE_VERSION: Final = "1.0"
FDC3_VERSIONS: Final = ("2.2", "3.0")
PORTS: Final = range(4475, 4576)
"""Where the standard recommends a bridge to listen, and an agent to look for one."""

ChannelsState = dict[str, tuple[Raw, ...]]
"""Per user or app channel the latest context of each type, the latest of all first."""


class BridgeMessage(msgspec.Struct, rename="camel", omit_defaults=True, tag_field="type", kw_only=True):
    @classmethod
    def type_name(cls) -> str:
        return str(cls.__struct_config__.tag)


class Participant(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An app of an agent (``app_id``, mostly with its instance) or the agent itself."""

    app_id: str | UnsetType = UNSET
    instance_id: str | UnsetType = UNSET
    desktop_agent: str | UnsetType = UNSET


class HelloMeta(Wire):
    timestamp: dt.datetime


class HelloPayload(Wire, kw_only=True):
    desktop_agent_bridge_version: str
    supported_fdc3_versions: tuple[str, ...] = msgspec.field(name="supportedFDC3Versions")
    auth_required: bool
    auth_token: str | UnsetType = UNSET


class Hello(BridgeMessage, tag="hello"):
    payload: HelloPayload
    meta: HelloMeta


class AgentImplementation(Wire, kw_only=True):
    """An agent's description; ``desktop_agent`` is the name that the bridge gave it."""

    fdc3_version: str
    provider: str
    provider_version: str | UnsetType = UNSET
    optional_features: OptionalFeatures
    desktop_agent: str | UnsetType = UNSET


class HandshakePayload(Wire, kw_only=True):
    implementation_metadata: AgentImplementation
    requested_name: str
    channels_state: ChannelsState
    auth_token: str | UnsetType = UNSET


class RequestMeta(Wire, kw_only=True):
    request_uuid: Name
    timestamp: dt.datetime
    source: Participant | UnsetType = UNSET
    destination: Participant | UnsetType = UNSET


class ResponseMeta(Wire, kw_only=True):
    request_uuid: str
    response_uuid: str
    timestamp: dt.datetime
    sources: tuple[Participant, ...] | UnsetType = UNSET
    error_sources: tuple[Participant, ...] | UnsetType = UNSET
    error_details: tuple[str, ...] | UnsetType = UNSET


class Handshake(BridgeMessage, tag="handshake"):
    payload: HandshakePayload
    meta: RequestMeta


class AuthenticationFailedPayload(Wire):
    message: str | UnsetType = UNSET


class AuthenticationFailed(BridgeMessage, tag="authenticationFailed"):
    payload: AuthenticationFailedPayload
    meta: ResponseMeta


class ConnectedAgentsPayload(Wire, kw_only=True):
    add_agent: str | UnsetType = UNSET
    remove_agent: str | UnsetType = UNSET
    all_agents: tuple[AgentImplementation, ...]
    channels_state: ChannelsState | UnsetType = UNSET


class ConnectedAgentsUpdate(BridgeMessage, tag="connectedAgentsUpdate"):
    payload: ConnectedAgentsPayload
    meta: ResponseMeta
