"""Pop-ups of web apps, as those in which one logs in at an identity provider: they can talk with their opener."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

pytestmark = pytest.mark.qt_log_ignore(
    "Sandboxing disabled", "QRhi", "RHI", "Vulkan", "GBM", "GPUInfo", "propagateSizeHints", "does not support raise"
)
APP = """<title>app</title><style>button { position: fixed; inset: 0; width: 100%%; height: 100%% }</style>
<button onclick="logIn()">Log in</button>
<script>
  function logIn() { window.popup = window.open("%s", "login", "popup,width=400,height=500") }
  onmessage = event => { document.title = event.origin + " says " + event.data };
</script>"""
PROVIDER = """<title>provider</title><style>button { position: fixed; inset: 0; width: 100%; height: 100% }</style>
<button onclick="done()">Yes</button>
<script>
  sessionStorage.token = "the provider's own";
  function done() { window.opener.postMessage("token " + typeof window.fdc3, "*"); window.close() }
</script>"""


def click(browser: Any, panel: Any) -> None:
    """A click in the middle of a page, as the user makes it: on what is painted, for the engine drops earlier ones."""
    browser.run(panel, "requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = true }))")
    browser.until(lambda: browser.run(panel, "window.painted === true"), "the page to be painted")
    target = browser.until(panel.view.focusProxy, "the page to take clicks")
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, pos=target.rect().center())


def popup_of(browser: Any, panel: Any) -> Any:
    browser.until(lambda: panel._popups, "the pop-up")
    [popup] = panel._popups
    browser.until(lambda: popup.state == "ready" and popup.isVisible(), "the pop-up's page")
    return popup


@pytest.fixture
def logging_in(browser: Any, site: Any) -> Any:
    """A panel whose page has opened an identity provider, of another site, in a pop-up."""
    site.pages["/app"] = APP % site.url("/provider", "127.0.0.1")
    site.pages["/provider"] = PROVIDER
    panel = browser.open(site.url("/app"))
    click(browser, panel)
    return panel


def test_a_provider_tells_its_opener_and_closes_itself(browser: Any, site: Any, logging_in: Any) -> None:
    popup = popup_of(browser, logging_in)
    assert popup.bar._host.text_whole() == f"127.0.0.1:{site.port}"
    assert popup.bar.channel.isHidden()
    click(browser, popup)
    said = f"http://127.0.0.1:{site.port} says token undefined"
    browser.until(lambda: logging_in.page.title() == said, "the provider's word")
    browser.until(lambda: not logging_in._popups, "the pop-up to go")
    assert browser.run(logging_in, "String(popup.closed)") == "true"


def test_a_popup_closed_by_the_user_is_closed_for_the_page(browser: Any, logging_in: Any) -> None:
    popup_of(browser, logging_in).window().close()
    assert logging_in._popups == {}
    browser.until(lambda: browser.run(logging_in, "String(popup.closed)") == "true", "the page to see it")


def test_a_popup_goes_with_its_panel(browser: Any, logging_in: Any) -> None:
    window = popup_of(browser, logging_in).window()
    browser.windows.end(logging_in.panel_id)
    assert not window.isVisible()


def test_a_preloaded_agent_is_not_put_into_a_popup(browser: Any, site: Any) -> None:
    """Not even where the app opens its own address."""
    agent = "function installDeskline(pipe, hello) { window.fdc3 = {}; pipe.onmessage = () => {} }"
    site.pages["/app"] = APP % site.url("/provider")
    site.pages["/provider"] = PROVIDER
    panel = browser.open(site.url("/app"), agent=agent)
    assert browser.run(panel, "typeof window.fdc3") == "object"
    click(browser, panel)
    assert browser.run(popup_of(browser, panel), "typeof window.fdc3") == "undefined"


@pytest.mark.parametrize("features", ["", "popup,width=300,height=300"])
def test_a_window_that_the_user_has_not_asked_for_is_offered_to_the_computers_browser(
    browser: Any, site: Any, features: str
) -> None:
    site.pages["/app"] = f"<title>app</title><script>onload = () => window.open('/', '_blank', '{features}')</script>"
    panel = browser.open(site.url("/app"))
    assert "wants to open" in browser.question(panel).text.text()
    assert panel._popups == {}


def test_a_download_of_a_popup_comes_and_is_shown_by_the_panel(browser: Any, site: Any, logging_in: Any) -> None:
    site.files["/statement.csv"] = b"paid"
    popup = popup_of(browser, logging_in)
    popup.page.runJavaScript("location.href = '/statement.csv'")
    browser.until(lambda: any("statement.csv" in notice.text for notice in browser.ui.notices), "the notice")
    assert (browser.downloads / "statement.csv").read_bytes() == b"paid"


def test_popups_come_and_go_in_any_order(browser: Any, site: Any) -> None:
    site.pages["/app"] = APP.replace('"login"', '"_blank"') % site.url("/provider", "127.0.0.1")
    site.pages["/provider"] = PROVIDER
    panel = browser.open(site.url("/app"))
    for number in (1, 2):
        click(browser, panel)
        browser.until(lambda number=number: len(panel._popups) == number, "the pop-up")
    first, second = panel._popups
    panel._end_popup(first)
    click(browser, panel)
    browser.until(lambda: len(panel._popups) == 2, "the third")
    third = next(popup for popup in panel._popups if popup is not second)
    assert third.panel_id != second.panel_id
