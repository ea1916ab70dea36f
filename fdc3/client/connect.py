"""Joining a desktop agent in another process."""

from __future__ import annotations

import os

from fdc3.client.agent import DesktopAgent
from fdc3.client.exchange import ExchangeTimeouts
from fdc3.transports.link import Backoff
from fdc3.types.errors import AgentNotFound

URL_VARIABLE = "FDC3_WEBSOCKET_URL"
SECRET_VARIABLE = "FDC3_SHARED_SECRET"


async def connect(
    url: str,
    shared_secret: str,
    *,
    timeouts: ExchangeTimeouts | None = None,
    backoff: Backoff | None = None,
) -> DesktopAgent:
    """Joins the agent at a websocket URL as the instance the secret was made for.

    A broken connection is taken up again with the same secret, also when the agent was started anew meanwhile, and
    listeners and channel stay; see ``Backoff`` for how long this is tried. Raises ``AgentNotFound``, ``AccessDenied``
    (wrong secret) or ``ErrorOnConnect``.
    """
    # Late, because apps of the agent's own process never need it and it takes long to import.
    from fdc3.transports.websocket_client import WebSocketLink

    return await DesktopAgent(WebSocketLink(url, shared_secret, backoff or Backoff()), timeouts)._start()


async def connect_from_environment() -> DesktopAgent:
    """Joins the agent that started this process and told it where in the environment. Raises ``AgentNotFound``."""
    url, secret = os.environ.get(URL_VARIABLE), os.environ.get(SECRET_VARIABLE)
    if not url or not secret:
        raise AgentNotFound(f"this program is started by Deskline, which sets {URL_VARIABLE} and {SECRET_VARIABLE}")
    return await connect(url, secret)
