"""What runs in browsers: the host page that opens web apps, and the desktop agent injected as ``window.fdc3``.

Plain JavaScript, ours, without a build step; served by the agent or injected as it stands here. No Python logic.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

INJECTED = ("connection.js", "channels.js", "desktop_agent.js", "preload.js")


@cache
def text(name: str) -> str:
    """A file of this folder: ``host.html``, ``host.js``, ..."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def injected() -> str:
    """The script that defines ``installDeskline(pipe, identity)``; for a function of its own, away from the page's."""
    return "\n".join(map(text, INJECTED))
