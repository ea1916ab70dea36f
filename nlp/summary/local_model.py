"""A language model of the trader's own, served on this computer by the chat completions interface over HTTP.

llama.cpp's server, Ollama and LM Studio speak it. Only this computer is asked: what stands in a summary is a client's.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

SECONDS = 120.0
"""For the whole answer: a model without a graphics card writes a few words a second."""
LARGEST_ANSWER = 256 * 1024
TOKENS = 1024


class BadModelAddress(ValueError):
    """The text is no address of a model that may be asked; the message says why."""


class NotReworded(Exception):
    """There is no reworded text to be taken; the message is a sentence for the trader that says why."""


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class LocalModel:
    """``url`` takes the requests. ``name``: which of the program's models; empty for the one it has loaded."""

    url: str
    name: str = ""
    seconds: float = SECONDS

    @classmethod
    def parse(cls, address: str, name: str = "") -> LocalModel:
        """Of a server's address such as http://127.0.0.1:8080. Raises BadModelAddress."""
        try:
            parts = urlsplit(address.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError as reason:
            raise BadModelAddress(f"{address} is not an address: {reason}.") from None
        if parts.scheme != "http" or parts.username or parts.password or parts.query or parts.fragment:
            raise BadModelAddress(f"{address} must be a plain address such as http://127.0.0.1:8080.")
        if host == "localhost":
            host = "127.0.0.1"  # whatever the names of this machine are set to
        if not _loopback(host):
            raise BadModelAddress(f"{address} is not on this computer: what clients say does not leave it.")
        path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1")
        shown = f"[{host}]" if ":" in host else host
        return cls(f"http://{shown}:{port or 80}{path}/v1/chat/completions", name)

    async def reword(self, summary: str) -> str:
        """The summary in other words that say the same. Raises NotReworded with a sentence for the trader."""
        text = " ".join((await self._answer(summary)).split())
        if why := await asyncio.to_thread(_refusal, summary, text):
            raise NotReworded(why)
        return text

    async def _answer(self, summary: str) -> str:
        await asyncio.to_thread(importlib.import_module, "httpx")  # it takes long, and most desks ask no model
        import httpx

        asked = {
            "messages": await asyncio.to_thread(_messages, summary),
            "temperature": 0,
            "max_tokens": TOKENS,
            "stream": False,
        }
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self.seconds),
                httpx.AsyncClient(verify=False, timeout=self.seconds, trust_env=False) as client,
                client.stream(
                    "POST",
                    self.url,
                    json=asked | ({"model": self.name} if self.name else {}),
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                ) as response,
            ):
                if response.status_code != 200:
                    raise _silent(f"answered with status {response.status_code}")
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > LARGEST_ANSWER:
                        raise _silent("answered with more than any summary")
        except (TimeoutError, httpx.TimeoutException):
            raise _silent(f"did not answer within {self.seconds:g} seconds") from None
        except httpx.ConnectError:
            raise _silent(f"is not running at {self.url.removesuffix('/v1/chat/completions')}") from None
        except httpx.HTTPError:
            raise _silent("broke off its answer") from None
        try:
            choice = msgspec.json.decode(bytes(body), type=_Answer).choices[0]
        except (msgspec.MsgspecError, UnicodeError, RecursionError, IndexError):
            raise _silent("gave an answer that cannot be read") from None
        if choice.finish_reason == "length":
            raise _silent("did not come to the end of its answer")
        return choice.message.content


def _messages(summary: str) -> list[dict[str, str]]:
    """What the model is told. Reads files at its first call."""
    from nlp.summary.marks import texts

    example = texts()["example"]
    return [
        {"role": "system", "content": texts()["prompt"]},
        {"role": "user", "content": example["summary"]},
        {"role": "assistant", "content": example["reworded"]},
        {"role": "user", "content": summary},
    ]


def _refusal(summary: str, text: str) -> str:
    """Reads files at its first call."""
    from nlp.summary.rewording import refusal

    return refusal(summary, text)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _silent(why: str) -> NotReworded:
    return NotReworded(f"The summary was not reworded: the language model {why}.")
