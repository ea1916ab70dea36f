"""Signing in with the browser: an address of this machine that the identity provider sends the browser back to, open
while somebody signs in and no longer (RFC 8252, section 7.3)."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

PATIENCE = 300.0
"""Seconds that somebody may take in the browser."""
_LARGEST_REQUEST = 16 * 1024
_SLOWEST_REQUEST = 20.0
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Deskline</title>'
    '<body style="font: 16px system-ui, sans-serif; margin: 4rem"><h1>{title}</h1><p>{words}</p></body></html>'
)


class NotSignedIn(Exception):
    """``str()`` is a sentence for the user."""


class Return:
    """Made by ``waiting``. ``address``: where the browser is to be sent back to; ``state``: of the sign-in that is
    waited for, to be set before the browser is opened."""

    def __init__(self) -> None:
        self.address = ""
        self.state = ""
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def code(self) -> str:
        """What the provider gave the browser. Raises NotSignedIn."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._code
        except TimeoutError:
            raise NotSignedIn("Nobody signed in in the browser. Try again.") from None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SLOWEST_REQUEST):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.partition(b"\r\n")[0].decode("ascii", "replace").partition(" ")
                status, title, words = self._heard(method, rest.partition(" ")[0])
                page = _PAGE.format(title=html.escape(title), words=html.escape(words)).encode()
                lines = (
                    f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", f"Content-Length: {len(page)}",
                    "Cache-Control: no-store", "Referrer-Policy: no-referrer", "Connection: close", "", "",
                )  # fmt: skip
                writer.write("\r\n".join(lines).encode() + page)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # not the browser that is waited for, or it has gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _heard(self, method: str, target: str) -> tuple[str, str, str]:
        """Status, title and words of the answer. Only who knows the state is listened to."""
        place = urlsplit(target)
        said = {name: values[0] for name, values in parse_qs(place.query).items()}
        if method != "GET" or place.path != "/signed-in":
            return "404 Not Found", "Nothing here", "This address waits for a sign-in."
        if not self.state or said.get("state") != self.state or self._code.done():
            return "400 Bad Request", "Not this sign-in", "Go back to Deskline and sign in again."
        if "code" not in said:
            self._code.set_exception(NotSignedIn("The identity provider did not let you in. Try again."))
            return "200 OK", "Not signed in", "You can close this page and go back to Deskline."
        self._code.set_result(said["code"])
        return "200 OK", "Signed in", "You can close this page and go back to Deskline."


@asynccontextmanager
async def waiting() -> AsyncIterator[Return]:
    """Raises OSError where this machine has no port to spare."""
    back = Return()
    server = await asyncio.start_server(back._serve, "127.0.0.1", 0, limit=_LARGEST_REQUEST)
    back.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/signed-in"
    try:
        yield back
    finally:
        server.close()
        await server.wait_closed()
