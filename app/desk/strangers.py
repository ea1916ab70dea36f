"""Asks the trader whether a web app that no directory knows may join, where the settings allow that."""

from __future__ import annotations

from app.shell.resolver import Option, choose
from app.shell.ui import Ui
from fdc3.directory import AppRecord
from fdc3.directory.matching import web_address


class AskingStrangers:
    """Whoever is let in has its whole origin as its record, and its origin's name as its appId, until the desk ends.

    The first choice is the no, and no digit chooses: somebody who types on has let nobody in.
    """

    def __init__(self, ui: Ui) -> None:
        self._ui = ui

    async def __call__(self, url: str) -> AppRecord | None:
        address = web_address(url)
        if address is None:
            return None
        options = [
            Option("Keep it out", "It is not asked again until Deskline is started anew", "x"),
            Option("Let it in", "Until Deskline ends it hears and says what every other app may", "plug"),
        ]
        question = f"May {address.origin}, in no app directory, join the desk?"
        if await choose(self._ui, question, options, by_digit=False) != 1:
            return None
        host = address.origin.partition("://")[2]
        return AppRecord(app_id=address.origin, title=host, type="web", details={"url": address.origin})
