"""Web apps in the trader's own browser: the palette opens the page that brings them in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.request import ProxyHandler, build_opener

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from tests.end_to_end.desk import Desk


def test_the_palette_opens_the_host_page_in_the_users_browser(
    open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(start=False, chat=False)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: not opened.append(url))
    ready: list[bool] = []
    desk.program.ready.connect(lambda: ready.append(True))
    desk.program.start()
    desk.until(lambda: ready, "the desk")
    assert desk.program.ui.commands.run("web.browser")
    assert desk.program.ui.commands.run("web.browser")
    desk.until(lambda: len(opened) == 2, "the browser")
    assert len(opened[0].fragment()) > 30
    assert opened[0].fragment() != opened[1].fragment()
    page = opened[0].toString().partition("#")[0]
    assert page.startswith("http://127.0.0.1:")
    with build_opener(ProxyHandler({})).open(page, timeout=5) as answer:
        assert b"host.js" in answer.read()
