"""What is opened where: said by the desk to the screen and back. No Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A panel and the web app that is to live in it."""

    panel_id: str
    app_id: str
    title: str
    address: str = ""
    """Where the app was when it was left; empty: its record's own."""
    channel: str | None = None
    """A user channel, "" for none; None for the desk's."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A window that the browser is about to open."""

    panel_id: str
    app_id: str
    title: str
    identity: str
    """The address by which the directory knows the app."""
    agent: str = ""
    """The script that brings ``window.fdc3``; empty: the page asks its opener for the agent."""
