"""An FDC3 app in a process of its own: raises ``ViewProfile`` over the websocket for each contact id it reads.

It answers with the moment at which it raised the intent.
"""

from __future__ import annotations

import asyncio
import sys
import time

from fdc3.client.connect import connect_from_environment
from fdc3.types import Contact


async def serve() -> None:
    agent = await connect_from_environment()
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        began = time.monotonic()
        resolution = await agent.raise_intent("ViewProfile", Contact(id={"deskline": line.strip()}))
        await resolution.get_result()
        print(began, flush=True)
    await agent.close()


if __name__ == "__main__":
    asyncio.run(serve())
