"""The bridge itself, sans-I/O: bytes from an agent in, bytes to agents out; clock and ids are passed in.

Requests are stamped with the name of the agent they came from, passed on to one agent or to all others, and answered
once: with the one answer, or with all of them collated.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from msgspec import UNSET
from msgspec.structs import replace

from fdc3.bridge import messages as m
from fdc3.bridge import steps as s
from fdc3.bridge.collating import Exchange, collated, stamped
from fdc3.bridge.state import SharedState
from fdc3.types.errors import AgentDisconnected, DesktopAgentNotFound, MalformedMessage, ResponseToBridgeTimedOut

logger = logging.getLogger(__name__)

UNSETTLED = 1000
"""Requests of one agent that others have not answered yet, or whose result is outstanding; one more is refused."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. ``answer`` is the standard's recommendation. Opening an app and raising an intent wait for an app to
    start, which no agent does in that time, so they have their own."""

    answer: float = 1.5
    start: float = 40.0
    strikes: int = 3
    """So many time-outs in a row, and an agent is disconnected."""


@dataclass(frozen=True, slots=True)
class Send:
    to: tuple[str, ...]
    """Connections."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    to: str
    reason: str


Effect = Send | Close


class Authority(Protocol):
    """Signs our tokens and checks those of agents."""

    def sign(self) -> str: ...

    def verify(self, token: str) -> None:
        """Raises an exception that says why not."""


@dataclass(slots=True, eq=False)
class Agent:
    """A connection; ``name`` is empty until its handshake is done."""

    connection: str
    name: str = ""
    implementation: s.AgentImplementation | None = None
    strikes: int = 0
    asked: int = 0
    """Requests of its own that are not settled."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Hub:
    """Not thread-safe; every method returns what to send, in order. Connections are named by the caller."""

    def __init__(
        self,
        *,
        authority: Authority | None = None,
        timeouts: Timeouts | None = None,
        clock: Callable[[], dt.datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._authority = authority
        self._timeouts = timeouts or Timeouts()
        self._clock = clock
        self._monotonic = monotonic
        self._new_id = new_id
        self._agents: dict[str, Agent] = {}
        self._exchanges: dict[str, Exchange] = {}
        self._state = SharedState()
        self._effects: list[Effect] = []

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the connected agents."""
        return tuple(agent.name for agent in self._joined())

    def _joined(self) -> list[Agent]:
        return [agent for agent in self._agents.values() if agent.name]

    # Connections

    def opened(self, connection: str) -> list[Effect]:
        self._agents[connection] = Agent(connection)
        payload = s.HelloPayload(
            desktop_agent_bridge_version=s.BRIDGE_VERSION,
            supported_fdc3_versions=s.FDC3_VERSIONS,
            auth_required=self._authority is not None,
            auth_token=self._authority.sign() if self._authority else UNSET,
        )
        self._send(s.Hello(payload=payload, meta=s.HelloMeta(self._clock())), connection)
        return self._done()

    def closed(self, connection: str) -> list[Effect]:
        agent = self._agents.pop(connection, None)
        if agent is not None and agent.name:
            self._left(agent)
        return self._done()

    def _left(self, agent: Agent) -> None:
        for uuid_, exchange in list(self._exchanges.items()):
            if exchange.source == agent.connection:
                self._settle(uuid_)
            elif exchange.resolved and agent.connection == exchange.target:
                self._settle(uuid_)
                self._fail_result(exchange, agent.name)
            elif agent.connection in exchange.awaited:
                self._record_error(exchange, agent, AgentDisconnected().code)
        if not self._joined():
            self._state = SharedState()
            return
        self._state.left(agent.name)
        uuid_ = self._new_id()
        self._tell_all(uuid_, s.ConnectedAgentsPayload(remove_agent=agent.name, all_agents=self._implementations()))

    def received(self, connection: str, data: bytes) -> list[Effect]:
        agent = self._agents.get(connection)
        if agent is None:
            return []
        try:
            message = m.decode(data)
        except m.Malformed as malformed:
            self._malformed(agent, malformed)
            return self._done()
        match message:
            case s.Handshake() if not agent.name:
                self._handshake(agent, message)
            case m.BridgeRequest() if agent.name:
                self._request(agent, message)
            case m.BridgeResponse() if agent.name:
                self._response(agent, message)
            case _:
                self._effects.append(Close(connection, "unexpected message"))
        return self._done()

    def _malformed(self, agent: Agent, malformed: m.Malformed) -> None:
        logger.warning("%s sent a message that cannot be read: %s", agent.name or "an agent", malformed)
        if not agent.name:
            self._effects.append(Close(agent.connection, "no handshake"))
            return
        if malformed.request_uuid is None or malformed.type is None:
            return  # the standard: without its ids a message is invalid and discarded
        code = MalformedMessage().code
        self._notice(agent, malformed.type, malformed.request_uuid, code, agent.name)
        exchange = self._exchanges.get(malformed.request_uuid)
        if malformed.response and exchange is not None:
            if exchange.resolved and exchange.target == agent.connection:
                self._settle(exchange.request.meta.request_uuid)
                self._fail_result(exchange, agent.name, code)
            elif agent.connection in exchange.awaited:
                self._record_error(exchange, agent, code)

    # Joining

    def _handshake(self, agent: Agent, message: s.Handshake) -> None:
        payload, request_uuid = message.payload, message.meta.request_uuid
        if self._authority is not None:
            try:
                self._authority.verify(payload.auth_token or "")
            except Exception as refused:
                logger.warning("An agent that calls itself %r was refused: %s", payload.requested_name[:80], refused)
                failed = s.AuthenticationFailedPayload("The token was not accepted.")
                self._send(
                    s.AuthenticationFailed(payload=failed, meta=self._meta(request_uuid)),
                    agent.connection,
                )
                self._effects.append(Close(agent.connection, "authentication failed"))
                return
        agent.name = self._free_name(payload.requested_name or payload.implementation_metadata.provider or "agent")
        agent.implementation = replace(payload.implementation_metadata, desktop_agent=agent.name)
        for channel_id, contexts in payload.channels_state.items():
            self._state.add(agent.name, channel_id, contexts)
        logger.info("%s has joined the bridge", agent.name)
        self._tell_all(
            request_uuid,
            s.ConnectedAgentsPayload(
                add_agent=agent.name, all_agents=self._implementations(), channels_state=self._state.channels()
            ),
        )

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.agents:
            number += 1
            name = f"{wanted}-{number}"
        return name

    def _implementations(self) -> tuple[s.AgentImplementation, ...]:
        return tuple(agent.implementation for agent in self._joined() if agent.implementation is not None)

    def _tell_all(self, request_uuid: str, payload: s.ConnectedAgentsPayload) -> None:
        update = s.ConnectedAgentsUpdate(payload=payload, meta=self._meta(request_uuid))
        self._send(update, *(agent.connection for agent in self._joined()))

    # Requests

    def _request(self, agent: Agent, request: m.BridgeRequest) -> None:
        source = request.meta.source if request.meta.source is not UNSET else s.Participant()
        request.meta.source = replace(source, desktop_agent=agent.name)
        others = [other for other in self._joined() if other is not agent]
        wanted = m.addressee(request)
        if wanted is not None:
            others = [other for other in others if other.name == wanted]
        response = m.RESPONSES.get(type(request))
        if isinstance(request, m.BroadcastRequest):
            self._state.set(agent.name, request.payload.channel_id, request.payload.context)
        if response is None:
            self._send(request, *(other.connection for other in others))
            return
        uuid_ = request.meta.request_uuid
        if uuid_ in self._exchanges:
            self._notice(agent, response.type_name(), uuid_, MalformedMessage().code, agent.name)
            return
        if wanted is not None and not others:
            self._notice(agent, response.type_name(), uuid_, DesktopAgentNotFound().code, wanted)
            return
        if agent.asked >= UNSETTLED:
            self._notice(agent, response.type_name(), uuid_, ResponseToBridgeTimedOut().code, wanted or agent.name)
            return
        agent.asked += 1
        patience = self._timeouts.start if isinstance(request, STARTING) else self._timeouts.answer
        exchange = Exchange(
            request,
            agent.connection,
            self._monotonic() + patience,
            {other.connection for other in others},
            target=others[0].connection if wanted is not None else None,
        )
        self._exchanges[uuid_] = exchange
        self._send(request, *exchange.awaited)
        self._finish_if_complete(exchange)

    # Responses

    def _response(self, agent: Agent, response: m.BridgeResponse) -> None:
        exchange = self._exchanges.get(response.meta.request_uuid)
        if exchange is None:
            return  # late, or invented
        expected = m.RESPONSES[type(exchange.request)]
        if exchange.resolved:
            if exchange.target == agent.connection and isinstance(response, m.RaiseIntentResultResponse):
                self._settle(response.meta.request_uuid)
                self._pass_on(exchange, agent, response)
            return
        if agent.connection not in exchange.awaited:
            return
        if type(response) is not expected:
            reason = m.Malformed("another response", response.type_name(), response.meta.request_uuid, response=True)
            self._malformed(agent, reason)
            return
        agent.strikes = 0
        if response.payload.error is not UNSET:
            self._record_error(exchange, agent, response.payload.error)
            return
        exchange.awaited.discard(agent.connection)
        if exchange.target is not None:
            if isinstance(response, m.RaiseIntentResponse):
                exchange.resolved = True
            else:
                self._settle(response.meta.request_uuid)
            self._pass_on(exchange, agent, response)
            return
        exchange.answers.append((agent.name, stamped(response.payload, agent.name)))
        self._finish_if_complete(exchange)

    def _pass_on(self, exchange: Exchange, agent: Agent, response: m.BridgeResponse) -> None:
        """One agent's answer to a request for that agent: it keeps its own uuid."""
        payload = stamped(response.payload, agent.name)
        here = (s.Participant(desktop_agent=agent.name),)
        meta = self._meta(response.meta.request_uuid, response.meta.response_uuid)
        if payload.error is UNSET:
            meta.sources = here
        else:
            meta.error_sources, meta.error_details = here, (payload.error,)
        self._send(type(response)(payload=payload, meta=meta), exchange.source)

    def _record_error(self, exchange: Exchange, agent: Agent, code: str) -> None:
        exchange.awaited.discard(agent.connection)
        exchange.errors.append((agent.name, code))
        self._finish_if_complete(exchange)

    def _finish_if_complete(self, exchange: Exchange) -> None:
        request_uuid = exchange.request.meta.request_uuid
        if exchange.awaited or request_uuid not in self._exchanges:
            return
        self._settle(request_uuid)
        others = any(agent.connection != exchange.source for agent in self._joined())
        payload = collated(exchange, alone=not others)
        meta = self._meta(request_uuid)
        if exchange.answers:
            meta.sources = _participants(name for name, _ in exchange.answers)
        if exchange.errors or payload.error is not UNSET:
            meta.error_sources = _participants(name for name, _ in exchange.errors)
            meta.error_details = tuple(code for _, code in exchange.errors)
        self._send(m.RESPONSES[type(exchange.request)](payload=payload, meta=meta), exchange.source)

    def _settle(self, request_uuid: str) -> None:
        source = self._agents.get(self._exchanges.pop(request_uuid).source)
        if source is not None:
            source.asked -= 1

    def _fail_result(self, exchange: Exchange, name: str, code: str = AgentDisconnected().code) -> None:
        meta = self._meta(exchange.request.meta.request_uuid)
        meta.error_sources, meta.error_details = _participants([name]), (code,)
        result = m.RaiseIntentResultResponse(payload=m.ResponsePayload(error=code), meta=meta)
        self._send(result, exchange.source)

    def _notice(self, to: Agent, kind: str, request_uuid: str, code: str, culprit: str) -> None:
        answer = m.RESPONSE_NAMES.get(kind)
        meta = self._meta(request_uuid)
        meta.error_sources, meta.error_details = _participants([culprit]), (code,)
        notice = m.ErrorNotice(answer.type_name() if answer else kind, m.ErrorPayload(code), meta)
        self._effects.append(Send((to.connection,), m.encode(notice)))

    # Time

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called next, on the ``monotonic`` clock; None: not at all."""
        return min((exchange.due for exchange in self._exchanges.values() if not exchange.resolved), default=None)

    def tick(self) -> list[Effect]:
        now = self._monotonic()
        for exchange in [x for x in self._exchanges.values() if not x.resolved and x.due <= now]:
            for connection in list(exchange.awaited):
                agent = self._agents[connection]
                agent.strikes += 1
                logger.warning("%s did not answer in time", agent.name)
                self._record_error(exchange, agent, ResponseToBridgeTimedOut().code)
                if agent.strikes == self._timeouts.strikes:
                    self._effects.append(Close(connection, "it does not answer"))
        return self._done()

    # Sending

    def _meta(self, request_uuid: str, response_uuid: str | None = None) -> s.ResponseMeta:
        return s.ResponseMeta(
            request_uuid=request_uuid, response_uuid=response_uuid or self._new_id(), timestamp=self._clock()
        )

    def _send(self, message: s.BridgeMessage, *to: str) -> None:
        if to:
            self._effects.append(Send(to, m.encode(message)))

    def _done(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects


STARTING = (m.OpenRequest, m.RaiseIntentRequest)


def _participants(names: Iterable[str]) -> tuple[s.Participant, ...]:
    return tuple(s.Participant(desktop_agent=name) for name in names)
