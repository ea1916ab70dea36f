"""Asks the trader, by keyboard, which app shall handle an intent."""

from __future__ import annotations

from collections.abc import Callable

from app.shell.resolver import Option, choose
from app.shell.ui import Ui
from fdc3.broker import ResolutionRequest
from fdc3.host import IntentChoice
from fdc3.types.metadata import AppIdentifier


class AskingResolver:
    """The agent's resolver, shown as a chooser in the window. An app that ``runs_once`` is offered once."""

    def __init__(self, ui: Ui, runs_once: Callable[[str], bool]) -> None:
        self._ui = ui
        self._runs_once = runs_once

    async def resolve(self, request: ResolutionRequest) -> AppIdentifier | IntentChoice | None:
        several = len(request.options) > 1
        options: list[Option] = []
        choices: list[IntentChoice] = []
        for option in request.options:
            running = {app.app_id for app in option.apps if app.instance is not None and not app.desktop_agent}
            for app in option.apps:
                elsewhere = app.desktop_agent if isinstance(app.desktop_agent, str) else ""
                known = app.app_id in running and not elsewhere
                if app.instance is None and known and self._runs_once(app.app_id):
                    continue
                title = app.title if isinstance(app.title, str) else app.app_id
                where = "running" if isinstance(app.instance_id, str) else "starts it"
                where += f" in {elsewhere}" if elsewhere else ""
                intent = option.intent
                name = intent.display_name if isinstance(intent.display_name, str) else intent.name
                options.append(Option(title, f"{name} · {where}" if several else where))
                choices.append(IntentChoice(app.identifier, intent.name))
        index = await choose(self._ui, "Which app shall open this?", options)
        if index is None:
            return None
        return choices[index] if several else choices[index].app
