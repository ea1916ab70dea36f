"""Requests and their answers over a link."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from fdc3.transports.link import Link
from fdc3.types.errors import AgentNotFound, ApiTimeout, Fdc3Error, from_code
from fdc3.types.messages import (
    Event,
    OpenRequest,
    RaiseIntentForContextRequest,
    RaiseIntentRequest,
    RaiseIntentResultResponse,
    Request,
    RequestMeta,
    ResponsePayload,
)
from fdc3.types.metadata import Wire
from fdc3.types.wire import Unreadable

logger = logging.getLogger(__name__)

_SLOW = (OpenRequest, RaiseIntentRequest, RaiseIntentForContextRequest)


@dataclass(frozen=True, slots=True)
class ExchangeTimeouts:
    """Seconds a client waits; the standard's defaults."""

    message: float = 10.0
    launch: float = 100.0
    """For requests that may start an app or ask the user."""


class Exchange:
    def __init__(self, link: Link, timeouts: ExchangeTimeouts, on_event: Callable[[Event], None]) -> None:
        self._link = link
        self._timeouts = timeouts
        self._on_event = on_event
        self._pending: dict[str, tuple[asyncio.Future[ResponsePayload], bytes]] = {}
        self._results: dict[str, asyncio.Future[ResponsePayload]] = {}
        self._prefix = str(uuid.uuid4())
        self._numbers = itertools.count(1)
        self.lost = False

    def _message(self, kind: type[Request], payload: Wire) -> tuple[str, bytes]:
        # One random prefix per connection and a number: as unique as a uuid each, and cheaper.
        request_uuid = f"{self._prefix}-{next(self._numbers)}"
        build: Callable[..., Request] = kind
        request = build(payload=payload, meta=RequestMeta(request_uuid, dt.datetime.now(dt.UTC)))
        return request_uuid, self._link.dialect.encode(request)

    async def request(self, kind: type[Request], payload: Wire) -> ResponsePayload:
        """Sends a request and returns its answer's payload. Raises the error the agent answers with."""
        return (await self.request_with_result(kind, payload, wants_result=False))[0]

    async def request_with_result(
        self, kind: type[Request], payload: Wire, *, wants_result: bool = True
    ) -> tuple[ResponsePayload, asyncio.Future[ResponsePayload] | None]:
        """As ``request``, with the future of the intent result that follows the answer."""
        if self.lost:
            raise AgentNotFound
        if not self.knows(kind):
            raise Fdc3Error(f"it speaks FDC3 {self._link.dialect.version}, which has no {kind.type_name()}")
        request_uuid, data = self._message(kind, payload)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[ResponsePayload] = loop.create_future()
        self._pending[request_uuid] = (answer, data)
        result: asyncio.Future[ResponsePayload] | None = None
        if wants_result:
            result = self._results[request_uuid] = loop.create_future()
        seconds = self._timeouts.launch if kind in _SLOW else self._timeouts.message
        timer = loop.call_later(seconds, _expire, answer)
        answered = False
        try:
            self._link.send(data)
            response = await answer
            if isinstance(response.error, str):
                raise from_code(response.error)
            answered = True
            return response, result
        finally:
            timer.cancel()
            del self._pending[request_uuid]
            if not answered:
                self._results.pop(request_uuid, None)

    def knows(self, kind: type[Request]) -> bool:
        """Whether there is such a request in the version that is spoken with the agent."""
        return self._link.dialect.knows(kind)

    def notify(self, kind: type[Request], payload: Wire) -> None:
        """Sends a request that has no answer."""
        self._link.send(self._message(kind, payload)[1])

    def received(self, data: bytes) -> None:
        try:
            message = self._link.dialect.decode_agent_message(data)
        except Unreadable as reason:
            logger.warning("A message from the agent could not be read: %s", reason)
            return
        if isinstance(message, Event):
            self._on_event(message)
        elif isinstance(message, RaiseIntentResultResponse):
            result = self._results.pop(message.meta.request_uuid, None)
            if result is not None and not result.done():
                result.set_result(message.payload)
        else:
            pending = self._pending.get(message.meta.request_uuid)
            if pending is not None and not pending[0].done():
                pending[0].set_result(message.payload)

    def send_again(self) -> None:
        """After a broken link: repeats the requests still unanswered; the agent knows which of them it had."""
        for _, data in list(self._pending.values()):
            self._link.send(data)

    def fail_pending(self, error: type[Fdc3Error]) -> None:
        """Ends everything that still waits for an answer or a result."""
        for answer, _ in list(self._pending.values()):
            if not answer.done():
                answer.set_exception(error())
        for result in self._results.values():
            if not result.done():
                result.set_result(ResponsePayload(error=error.__name__))
        self._results.clear()

    def end(self) -> None:
        self.lost = True
        self.fail_pending(AgentNotFound)


def _expire(answer: asyncio.Future[ResponsePayload]) -> None:
    if not answer.done():
        answer.set_exception(ApiTimeout())
