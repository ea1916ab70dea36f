"""What both directions of a bridged agent share: its name on the bridge, its broker, and the way out."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from fdc3.bridge import messages as b
from fdc3.bridge import steps as s
from fdc3.broker import Broker, Effect
from fdc3.types import messages as m
from fdc3.types.metadata import AppIdentifier


@dataclass(slots=True, eq=False)
class Line:
    """``send`` writes to the bridge; nothing is sent while ``name`` is empty."""

    broker: Broker
    carry_out: Callable[[list[Effect]], None]
    send: Callable[[s.BridgeMessage], None]
    name: str = ""
    """What the bridge calls us; empty while there is no bridge."""
    others: tuple[str, ...] = field(default=())
    """The other agents on the bridge."""

    def request_meta(self, source: AppIdentifier, destination: AppIdentifier | str | None = None) -> s.RequestMeta:
        """``destination``: an app elsewhere, or the name of an agent."""
        to: s.Participant | UnsetType = UNSET
        if isinstance(destination, str):
            to = s.Participant(desktop_agent=destination)
        elif destination is not None:
            to = participant(destination)
        return s.RequestMeta(
            request_uuid=str(uuid.uuid4()), timestamp=now(), source=participant(source), destination=to
        )

    def respond(self, kind: type[b.BridgeResponse], request_uuid: str, payload: b.ResponsePayload) -> None:
        meta = s.ResponseMeta(request_uuid=request_uuid, response_uuid=str(uuid.uuid4()), timestamp=now())
        self.send(kind(payload=payload, meta=meta))


def participant(app: AppIdentifier) -> s.Participant:
    return s.Participant(app_id=app.app_id, instance_id=app.instance_id, desktop_agent=app.desktop_agent)


def here(app: AppIdentifier) -> AppIdentifier:
    """The app as its own agent calls it."""
    return AppIdentifier(app.app_id, app.instance_id)


def request_meta(request_uuid: str) -> m.RequestMeta:
    return m.RequestMeta(request_uuid, now())


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
