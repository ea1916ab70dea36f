"""An agent in a process of its own, which is killed and started again.

``python restarting.py <file> [<app id>...]``: prints one line of JSON, its address and the secret of each app.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
APPS = ("crm", "turret", "joiner")


class AgentProcess:
    """``url`` and ``secrets`` (by app id) are those of its first life."""

    def __init__(self, keep: Path) -> None:
        self.keep = keep
        self.url = ""
        self.secrets: dict[str, str] = {}
        self._process: asyncio.subprocess.Process

    async def start(self, *apps: str) -> str:
        """Returns the address where it listens."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, str(self.keep), *apps, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            url, secrets = json.loads(await self._process.stdout.readline())
        self.url = self.url or str(url)
        self.secrets |= secrets
        return str(url)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def __aenter__(self) -> AgentProcess:
        await self.start(*APPS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            await self.kill()


async def _main(keep: Path, *apps: str) -> None:
    from fdc3.directory import AppDirectory
    from fdc3.host import Host

    host = Host(AppDirectory(()), keep=keep)
    await host.start()
    print(json.dumps([host.url, {app: host.pair(app)[1] for app in apps}]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    asyncio.run(_main(Path(sys.argv[1]), *sys.argv[2:]))
