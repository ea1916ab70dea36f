"""A web app's panel with a real browser engine: what the trader sees when something is asked or goes wrong."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from app.web.preload import UNREAD, UNREAD_SIZE

pytestmark = pytest.mark.qt_log_ignore(
    "Sandboxing disabled",
    "QRhi",
    "RHI",
    "Vulkan",
    "GBM",
    "GPUInfo",
    "propagateSizeHints",
    "X-Frame-Options",
    "grabbing",
)

BUSY = "const end = Date.now() + 3000; while (Date.now() < end);"


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def message(panel: Any) -> str:
    return str(panel.message._text.text()) if panel.message is not None else ""


def test_an_app_has_the_agents_page_as_its_opener(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    assert browser.run(panel, "String(window.opener !== null)") == "true"
    assert panel.bar._host.text_whole() == f"localhost:{site.port}"


def test_an_app_that_cannot_be_reached_says_so_and_can_be_loaded_again(browser: Any, site: Any) -> None:
    port = closed_port()
    panel = browser.open(f"http://localhost:{port}/", state="failed")
    assert "could not be loaded" in message(panel)
    assert "Check the network and reload" in message(panel)
    assert not panel.view.isVisible()
    there = site.another(port)
    try:
        panel.message.acted.emit()
        browser.until(lambda: panel.state == "ready", "the page")
        assert panel.page.title() == "home"
        assert panel.view.isVisible()
    finally:
        there.close()


def test_the_servers_own_page_of_an_error_is_shown(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/missing"))
    browser.until(lambda: panel.page.title() == "nothing here", "the page")


def test_a_crash_leaves_a_sentence_and_a_way_to_load_again(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    os.kill(panel.page.renderProcessPid(), signal.SIGKILL)
    browser.until(lambda: panel.state == "crashed", "the crash to be seen")
    assert "has crashed" in message(panel)
    assert browser.crashed == [panel.panel_id]
    panel.message.acted.emit()
    browser.until(lambda: panel.state == "ready", "the page to come back")


def test_when_the_agents_page_crashes_its_apps_offer_to_be_opened_again(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    os.kill(browser.windows._hosts["app"].renderProcessPid(), signal.SIGKILL)
    browser.until(lambda: panel.state == "crashed", "the loss to be seen")
    assert "lost its connection" in message(panel)
    panel.message.acted.emit()
    assert browser.restarts == [panel.panel_id]


def test_a_page_that_closes_its_window_closes_its_panel(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    panel.page.runJavaScript("window.close()")
    browser.until(lambda: browser.closed == [panel.panel_id], "the panel to close")


def test_a_download_never_overwrites(browser: Any, site: Any, ui: Any) -> None:
    site.files["/trades.csv"] = b"new"
    browser.downloads.mkdir()
    (browser.downloads / "trades.csv").write_bytes(b"old")
    panel = browser.open(site.url("/"))
    panel.page.runJavaScript("location.href = '/trades.csv'")
    browser.until(lambda: any("trades (2).csv" in notice.text for notice in ui.notices), "the notice")
    assert (browser.downloads / "trades.csv").read_bytes() == b"old"
    assert (browser.downloads / "trades (2).csv").read_bytes() == b"new"
    assert panel.downloads.running() == 0


def test_a_permission_is_asked_once_for_an_origin_and_remembered(browser: Any, site: Any) -> None:
    site.pages["/"] = (
        "<title>home</title><script>"
        "async function ask() { document.title = await Notification.requestPermission() }</script>"
    )
    panel = browser.open(site.url("/"))
    panel.page.runJavaScript("ask()")
    question = browser.question(panel)
    assert question.text.text() == f"localhost:{site.port} wants to show notifications."
    question.answer(0)
    browser.until(lambda: panel.page.title() == "granted", "the permission")
    panel.page.runJavaScript("document.title = 'again'; ask()")
    browser.until(lambda: panel.page.title() == "granted", "the permission without a question")
    assert panel.questions.open() == []


def test_a_permission_dismissed_is_refused(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    panel.page.runJavaScript(
        "navigator.geolocation.getCurrentPosition(() => 0, error => document.title = 'refused ' + error.code)"
    )
    question = browser.question(panel)
    assert "know where this computer is" in question.text.text()
    question.answer(None)
    browser.until(lambda: panel.page.title() == "refused 1", "the refusal")


def test_a_site_that_wants_a_password_gets_a_form_in_the_panel(browser: Any, site: Any) -> None:
    site.pages["/login"] = "<title>inside</title>"
    panel = browser.open(site.url("/"))
    panel.page.load(QUrl(site.url("/login")))
    user, password = browser.question(panel)._fields
    user.setText("maren")
    password.setText("wrong")
    panel.questions.open()[0].answer(0)
    again = browser.until(
        lambda: next((one for one in panel.questions.open() if "was refused" in one.text.text()), None), "the refusal"
    )
    again._fields[0].setText("maren")
    again._fields[1].setText("correct horse")
    again.answer(0)
    browser.until(lambda: panel.page.title() == "inside", "the page")
    assert panel.questions.open() == []


def test_a_wait_in_vain_ends_though_a_script_waits_for_an_answer(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    panel.page.runJavaScript("setTimeout(() => document.title = 'answer ' + confirm('Delete the order?'), 0)")
    with pytest.raises(AssertionError, match="in vain for another title"):
        browser.until(lambda: panel.page.title() == "other", "another title", 1)
    browser.until(lambda: panel.page.title() == "answer false", "the answer no")


def test_a_question_of_a_script_holds_the_script_up_and_not_the_desk(browser: Any, site: Any, ui: Any) -> None:
    panel = browser.open(site.url("/"))
    asked: list[str] = []

    def answer() -> None:
        question = panel.questions.open()[0]
        asked.append(question.text.text())
        question.answer(0)

    # The desk goes on: what is posted while the script waits is carried out.
    panel.page.asked.connect(lambda dialog: ui.loop.loop.call_soon_threadsafe(lambda: ui.post(answer)))
    panel.page.runJavaScript("setTimeout(() => document.title = 'answer ' + confirm('Delete the order?'), 0)")
    browser.until(lambda: panel.page.title() == "answer true", "the script to go on")
    assert asked == [f"localhost:{site.port} asks: Delete the order?"]


def test_a_panel_may_be_closed_while_a_script_waits_for_an_answer(browser: Any, site: Any, ui: Any) -> None:
    panel = browser.open(site.url("/"))
    gone: list[bool] = []
    panel.page.destroyed.connect(lambda: gone.append(True))
    panel.page.asked.connect(lambda dialog: ui.post(lambda: browser.windows.end(panel.panel_id)))
    panel.page.runJavaScript("setTimeout(() => prompt('How many?', '3'), 0)")
    browser.until(lambda: gone, "the page to go")
    assert browser.open(site.url("/")).state == "ready"


def test_a_new_window_is_opened_in_the_browser_after_asking(browser: Any, site: Any) -> None:
    opened: list[str] = []

    class Handler(QObject):
        @Slot(QUrl)
        def open(self, url: QUrl) -> None:
            opened.append(url.toString())

    handler = Handler()
    QDesktopServices.setUrlHandler("https", handler, "open")
    try:
        panel = browser.open(site.url("/"))
        panel.page.runJavaScript("window.open('https://example.com/research'); 0")
        question = browser.question(panel)
        assert question.text.text() == "Holdings wants to open example.com."
        assert opened == []
        question.answer(0)
        assert opened == ["https://example.com/research"]
    finally:
        QDesktopServices.unsetUrlHandler("https")


@pytest.fixture
def strange_server(tmp_path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """TLS with a certificate that nobody vouches for; the list is what clients have sent through it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server(("127.0.0.1", 0))
    sent: list[bytes] = []
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as safe:
                        sent.append(safe.recv(4096))
                except OSError:
                    continue

    thread = threading.Thread(target=serve, name="strange server")
    thread.start()
    yield int(listening.getsockname()[1]), sent
    ending.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def test_a_certificate_nobody_vouches_for_is_refused_with_the_reason(
    browser: Any, strange_server: tuple[int, list[bytes]]
) -> None:
    port, sent = strange_server
    panel = browser.open(f"https://localhost:{port}/", state="failed")
    assert f"The certificate of localhost:{port} is not valid" in message(panel)
    assert "Nothing has been sent" in message(panel)
    assert not any(sent)


def test_each_app_has_its_own_storage(browser: Any, site: Any) -> None:
    one = browser.open(site.url("/"), app_id="one")
    two = browser.open(site.url("/"), app_id="two")
    browser.run(one, "localStorage.setItem('token', 'mine'); 0")
    assert browser.run(one, "localStorage.getItem('token')") == "mine"
    assert browser.run(two, "String(localStorage.getItem('token'))") == "null"


def test_its_channel_is_chosen_by_keyboard(browser: Any, site: Any, ui: Any) -> None:
    panel = browser.open(site.url("/"))
    panel.bar.set_channels({"fdc3.channel.1": "Channel 1", "fdc3.channel.2": "Channel 2"}, "fdc3.channel.1")
    chosen: list[str | None] = []
    panel.channel_chosen.connect(chosen.append)
    [command] = [one for one in ui.commands.all() if one.id == f"web.channel.{panel.panel_id}"]
    command.run()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        browser.qtbot.keyClick(panel.bar.channel.menu(), key)
    assert chosen == ["fdc3.channel.2"]


def test_finding_and_sizes(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"))
    panel.search()
    panel.find_bar.entry.setText("bund")
    browser.until(lambda: panel.find_bar.count.text() == "1 of 2", "the count")
    panel.zoom(1)
    assert panel.page.zoomFactor() == pytest.approx(1.1)
    browser.until(lambda: panel.bar.zoom.text() == "110 %", "the size in the bar")
    panel.zoom(0)
    assert panel.page.zoomFactor() == pytest.approx(1.0)


def test_a_page_that_does_not_read_what_it_is_told_is_cut_off_and_can_begin_anew(browser: Any, site: Any) -> None:
    agent = """function installDeskline(pipe, hello) {
      let heard = 0;
      pipe.onmessage = text => { document.title = `${++heard} ${text}` };
      pipe.send('hello');
    }"""
    sent: list[str] = []
    browser.windows.sent.connect(lambda panel, text, origin: sent.append(text))
    panel = browser.open(site.url("/"), agent=agent)
    browser.until(lambda: sent == ["hello"], "the page to listen")
    for turn in range(1, 4):  # more in all than it may leave unread
        for _ in range(UNREAD // 2):
            browser.windows.deliver(panel.panel_id, "news")
        browser.until(lambda turn=turn: panel.page.title() == f"{turn * (UNREAD // 2)} news", "all to be read")
    assert browser.crashed == []
    panel.page.runJavaScript(BUSY)
    for _ in range(UNREAD + 1):
        browser.windows.deliver(panel.panel_id, "news")
    assert browser.crashed == [panel.panel_id]
    assert "did not keep up" in message(panel)
    browser.windows.deliver(panel.panel_id, "more news")
    assert browser.crashed == [panel.panel_id]
    panel.message.acted.emit()
    browser.until(lambda: sent == ["hello"] * 2, "the page to come back")
    browser.windows.deliver(panel.panel_id, "welcome")
    browser.until(lambda: panel.page.title() == "1 welcome", "the agent's message")


def test_large_messages_are_counted_by_their_size(browser: Any, site: Any) -> None:
    panel = browser.open(site.url("/"), agent="function installDeskline(pipe, hello) {}")
    panel.page.runJavaScript(BUSY)
    for _ in range(UNREAD_SIZE // 2**20):
        browser.windows.deliver(panel.panel_id, "x" * 2**20)
    assert browser.crashed == []
    browser.windows.deliver(panel.panel_id, "x")
    assert browser.crashed == [panel.panel_id]


def test_the_agent_is_put_into_pages_of_the_apps_own_origin_only(browser: Any, site: Any) -> None:
    agent = """function installDeskline(pipe, hello) {
      window.fdc3 = { identity: hello.identityUrl };
      pipe.onmessage = text => { document.title = text };
      pipe.send('hello');
    }"""
    sent: list[tuple[str, str]] = []
    browser.windows.sent.connect(lambda panel, text, origin: sent.append((text, origin)))
    panel = browser.open(site.url("/"), agent=agent)
    assert browser.run(panel, "window.fdc3.identity") == site.url("/")
    browser.until(lambda: sent, "the page's message")
    assert sent == [("hello", f"http://localhost:{site.port}")]
    browser.windows.deliver(panel.panel_id, "welcome")
    browser.until(lambda: panel.page.title() == "welcome", "the agent's message")
    panel.page.load(QUrl(site.url("/", "127.0.0.1")))
    browser.until(lambda: panel.page.url().host() == "127.0.0.1" and panel.page.title() == "home", "the other site")
    assert browser.run(panel, "typeof window.fdc3") == "undefined"
