"""A web app's panel: the page under a slim bar, and a text for every state in which there is no page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QContextMenuEvent, QDesktopServices
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEngineFindTextResult,
    QWebEngineLoadingInfo,
    QWebEngineNewWindowRequest,
    QWebEnginePage,
    QWebEnginePermission,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QMenu, QProgressBar, QVBoxLayout, QWidget

from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import EmptyState, open_menu
from app.web.bar import FindBar, WebBar
from app.web.downloads import Downloads
from app.web.page import Dialog, Login, WebPage, site
from app.web.permissions import WISHES
from app.web.popup import AT_A_TIME, PopupWindow
from app.web.questions import Question, Questions, secret_field, text_field

log = logging.getLogger(__name__)
ZOOMS = (0.5, 0.67, 0.75, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
Action = QWebEnginePage.WebAction
Status = QWebEngineLoadingInfo.LoadStatus
Domain = QWebEngineLoadingInfo.ErrorDomain
WHAT_TO_DO = {
    Domain.DnsErrorDomain: "The address cannot be found. Check the network, or ask who runs this app.",
    Domain.CertificateErrorDomain: "The certificate is not valid. Ask who runs this app; nothing has been sent.",
    Domain.ConnectionErrorDomain: "There is no connection. Check the network and reload.",
}


class WebPanel(QWidget):
    """Shows a page and answers for it.

    ``close_asked`` by the user or the page's own ``window.close()``; ``crashed`` when its process ended or hangs;
    ``restart_asked`` when only opening the app anew can help; ``moved`` with each new address; ``channel_chosen``.
    """

    close_asked = Signal()
    crashed = Signal()
    restart_asked = Signal()
    moved = Signal(QUrl)
    channel_chosen = Signal(object)

    def __init__(self, panel_id: str, title: str, page: WebPage, ui: Ui, downloads: Path) -> None:
        super().__init__()
        self.panel_id, self.title = panel_id, title
        self.page = page
        self._ui, self._folder = ui, downloads
        self._refusal = ""
        self._cut_off = False
        self._tools: QWebEngineView | None = None
        self._popups: dict[WebPanel, PopupWindow] = {}
        self._opened = 0
        self.state = "loading"
        """loading, ready, failed or crashed."""
        self.bar = WebBar(title)
        self.questions = Questions()
        self.downloads = Downloads(title, ui.notify)
        self.find_bar = FindBar()
        self.view = _View(self)
        self.view.setPage(page)
        self.message: EmptyState | None = None
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(2)
        box = self._box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for widget in (self.bar, self._progress, self.questions):
            box.addWidget(widget)
        box.addWidget(self.view, 1)
        box.addWidget(self.find_bar)
        box.addWidget(self.downloads)
        self.setFocusProxy(self.view)
        self._connect(page)
        self._add_commands()
        self.bar.show_url(page.url())

    def _connect(self, page: WebPage) -> None:
        page.loadStarted.connect(self._load_started)
        page.loadProgress.connect(self._progress.setValue)
        page.loadingChanged.connect(self._loading_changed)
        page.urlChanged.connect(self._url_changed)
        page.titleChanged.connect(self.bar.show_title)
        page.windowCloseRequested.connect(self.close_asked)
        page.renderProcessTerminated.connect(self._terminated)
        page.zoomFactorChanged.connect(self.bar.show_zoom)
        page.findTextFinished.connect(self._found)
        page.permissionRequested.connect(self._permission_requested)
        page.certificate_refused.connect(self._certificate_refused)
        page.window_asked.connect(self._window_asked)
        page.popup_asked.connect(self._popup_asked)
        page.login_asked.connect(self._login_asked)
        page.said.connect(self._said)
        page.asked.connect(self._asked)
        self.bar.back_asked.connect(lambda: page.triggerAction(Action.Back))
        self.bar.reload_asked.connect(self.reload)
        self.bar.zoom_reset_asked.connect(lambda: page.setZoomFactor(1.0))
        self.bar.close_asked.connect(self.close_asked)
        self.bar.channel_chosen.connect(self.channel_chosen)
        self.find_bar.sought.connect(self._seek)
        self.find_bar.closed.connect(self._end_search)
        page.action(Action.Back).enabledChanged.connect(self.bar.back.setEnabled)
        self.bar.back.setEnabled(page.action(Action.Back).isEnabled())

    def _add_commands(self) -> None:
        def command(name: str, title: str, run: Callable[[], object], keys: str, icon: str = "window") -> Command:
            return Command(
                f"web.{name}.{self.panel_id}", f"{self.title}: {title}", run, keys, self.has_focus, self, icon
            )

        self._ui.commands.add(
            command("find", "find in the page", self.search, "Ctrl+F", "search"),
            command("reload", "reload", self.reload, "F5", "refresh"),
            command("back", "back", lambda: self.page.triggerAction(Action.Back), "Alt+Left", "chevron-left"),
            command("zoom-in", "larger", partial(self.zoom, 1), "Ctrl++", "plus"),
            command("zoom-out", "smaller", partial(self.zoom, -1), "Ctrl+-", "minus"),
            command("zoom-reset", "usual size", partial(self.zoom, 0), "Ctrl+0", "window"),
            command("channel", "channel", lambda: open_menu(self.bar.channel), "Ctrl+Shift+L", "plug"),
            command("inspect", "inspect the page", self.inspect, "Ctrl+Shift+I", "search"),
        )

    def has_focus(self) -> bool:
        focus = self.window().focusWidget()
        return focus is not None and (focus is self or self.isAncestorOf(focus))

    # States

    def _load_started(self) -> None:
        self._refusal = ""
        self._progress.show()
        if self.state != "ready":
            self._set_state("loading")

    def _loading_changed(self, info: QWebEngineLoadingInfo) -> None:
        if info.status() is Status.LoadStartedStatus:
            return
        self._progress.hide()
        if info.status() is not Status.LoadFailedStatus:
            self.page.forget_tries()
            self._set_state("ready")
        elif info.errorDomain() is Domain.HttpStatusCodeDomain:
            self._set_state("ready")  # the server's own page says more than we could
        else:
            log.warning("%s could not be loaded: %s %s", self.title, info.errorDomain().name, info.errorString())
            advice = WHAT_TO_DO.get(info.errorDomain(), "Check the network and reload.")
            reason = self._refusal or f"{site(info.url())} cannot be reached.\n{advice}"
            self._set_state("failed", f"{self.title} could not be loaded.\n{reason}")

    def _terminated(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        log.warning("The process of %s has ended: %s, %s", self.title, status.name, code)
        self.page.release()
        self.questions.dismiss_all()
        self._progress.hide()
        self._set_state("crashed", f"{self.title} has crashed. The rest of the desk is not affected.")
        self.crashed.emit()

    def too_slow(self) -> None:
        """The page does not read what the agent sends it, and is cut off; loading it again makes it a new app."""
        log.warning("%s does not read its messages and was cut off", self.title)
        self._set_state("crashed", f"{self.title} did not keep up with the desk and was cut off.")
        self.crashed.emit()

    def cut_off(self) -> None:
        """The agent's own page went down, and the app has lost its connection: only opening it anew helps."""
        self._cut_off = True
        self._set_state("crashed", f"{self.title} has lost its connection to the desk.")

    def _set_state(self, state: str, text: str = "") -> None:
        self.state = state
        if self.message is not None:
            self._box.removeWidget(self.message)
            self.message.hide()
            self.message.deleteLater()
            self.message = None
        self.view.setVisible(not text)
        if text:
            self.message = EmptyState(text, icon="alert", action="Open again" if self._cut_off else "Reload")
            self.message.acted.connect(self.restart_asked if self._cut_off else self.reload)
            self._box.insertWidget(self._box.indexOf(self.view) + 1, self.message, 1)

    def _url_changed(self, url: QUrl) -> None:
        self.bar.show_url(url)
        self.moved.emit(url)

    def _certificate_refused(self, reason: str) -> None:
        self._refusal = f"{reason}\nNothing has been sent. Ask who runs this app."

    # What the user does

    def reload(self) -> None:
        if self.state == "failed":  # the browser itself would load what was there before
            self.page.load(self.page.requestedUrl())
        else:
            self.page.triggerAction(Action.Reload)

    def zoom(self, step: int) -> None:
        """One size up or down; 0 for the usual one."""
        now = min(range(len(ZOOMS)), key=lambda number: abs(ZOOMS[number] - self.page.zoomFactor()))
        self.page.setZoomFactor(ZOOMS[max(0, min(now + step, len(ZOOMS) - 1))] if step else 1.0)

    def search(self) -> None:
        self.find_bar.show()
        self.find_bar.entry.selectAll()
        self.find_bar.entry.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _seek(self, text: str, backwards: bool) -> None:
        flag = QWebEnginePage.FindFlag.FindBackward if backwards else QWebEnginePage.FindFlag(0)
        self.page.findText(text, flag)

    def _found(self, result: QWebEngineFindTextResult) -> None:
        self.find_bar.show_count(result.activeMatch(), result.numberOfMatches())

    def _end_search(self) -> None:
        self.find_bar.hide()
        self.page.findText("")
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def inspect(self) -> None:
        """The browser's developer tools for this page, in a window of their own."""
        if self._tools is None:
            self._tools = QWebEngineView()
            self._tools.setWindowTitle(f"{self.title}: developer tools")
            self._tools.resize(900, 600)
            self._tools.setPage(QWebEnginePage(self.page.profile(), self._tools))
            self.page.setDevToolsPage(self._tools.page())
        self._tools.show()
        self._tools.raise_()

    def open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        request = self.view.lastContextMenuRequest()
        for action in (Action.Back, Action.Reload):
            menu.addAction(self.page.action(action))
        menu.addSeparator()
        if request is not None and request.isContentEditable():
            for action in (Action.Undo, Action.Cut, Action.Copy, Action.Paste, Action.SelectAll):
                menu.addAction(self.page.action(action))
        else:
            menu.addAction(self.page.action(Action.Copy))
        if request is not None and request.linkUrl().isValid():
            menu.addAction(self.page.action(Action.CopyLinkToClipboard))
        menu.addSeparator()
        menu.addAction("Inspect", self.inspect)
        menu.popup(at)

    # What the page asks

    def _permission_requested(self, permission: QWebEnginePermission) -> None:
        wish = WISHES.get(permission.permissionType())
        if wish is None:
            permission.deny()
            return
        where = site(permission.origin())
        question = Question(f"{where} wants to {wish}.", "Allow", "Refuse")

        def answered(number: int | None) -> None:
            if number == 0:
                permission.grant()
            else:  # dismissed is refused: the page waits for a word
                permission.deny()

        self.questions.ask(f"{where} {wish}", question, answered)

    def _window_asked(self, url: QUrl) -> None:
        if url.scheme() not in ("http", "https", "mailto", "tel"):
            log.warning("%s asked for a window of the scheme %s", self.title, url.scheme())
            return
        what = site(url) if url.host() else url.toString(QUrl.ComponentFormattingOption.PrettyDecoded)
        question = Question(f"{self.title} wants to open {what}.", "Open in the browser", "Do not open", icon="link")

        def answered(number: int | None) -> None:
            if number == 0:
                QDesktopServices.openUrl(url)

        self.questions.ask(f"window {url.toString()}", question, answered)

    def _popup_asked(self, request: QWebEngineNewWindowRequest) -> None:
        """The new page has this one as its opener, and its profile. It has no agent put into it, and no channel."""
        if len(self._popups) == AT_A_TIME:
            log.warning("%s asked for one more pop-up than it may have", self.title)
            return
        page = WebPage(self.page.profile(), self.page.parent())
        request.openIn(page)
        self._opened += 1
        popup = WebPanel(f"{self.panel_id}+{self._opened}", self.title, page, self._ui, self._folder)
        popup.bar.channel.hide()
        window = self._popups[popup] = PopupWindow(popup, self.title, request.requestedGeometry().size(), self)
        popup.close_asked.connect(lambda: self._end_popup(popup))
        window.closed.connect(lambda: self._end_popup(popup))
        QTimer.singleShot(0, window, window.show)  # not while QtWebEngine is making it

    def _end_popup(self, popup: WebPanel) -> None:
        window = self._popups.pop(popup, None)
        if window is not None:
            window.hide()
            popup.end()
            window.deleteLater()

    def _login_asked(self, login: Login) -> None:
        user, password = text_field("User"), secret_field("Password")
        begin = "The name or the password was refused. " if login.again else ""
        realm = f" ({login.realm})" if login.realm else ""
        question = Question(
            f"{begin}{login.where}{realm} asks for a name and a password.",
            "Log in",
            icon="lock",
            fields=(user, password),
        )

        def answered(number: int | None) -> None:
            if number == 0:
                self.page.log_in(login, user.text(), password.text())

        self.questions.ask(f"login {login.where} {login.realm}", question, answered)
        if self.has_focus():
            question.take_focus()

    def _said(self, where: str, text: str) -> None:
        self.questions.ask(f"said {where}", Question(f"{where} says: {text}", "OK", icon="info"), lambda _number: None)

    def _asked(self, dialog: Dialog) -> None:
        field = None if dialog.default is None else text_field("Answer", dialog.default)
        fields = (field,) if field is not None else ()
        question = Question(f"{dialog.site} asks: {dialog.text}", "OK", "Cancel", fields=fields)

        def answered(number: int | None) -> None:
            dialog.answer((field.text() if field is not None else "yes") if number == 0 else None)

        self.questions.ask(f"asked {dialog.text}", question, answered)
        if self.has_focus():
            question.take_focus()

    def has(self, page: QWebEnginePage) -> bool:
        """Whether a page is this panel's, or one of its pop-ups'."""
        return page is self.page or any(popup.has(page) for popup in self._popups)

    def begin_download(self, request: QWebEngineDownloadRequest) -> None:
        self.downloads.begin(request, self._folder)

    # The end

    def end(self) -> None:
        """Takes the page down. Whatever the page was asking is answered with no."""
        for popup in list(self._popups):
            self._end_popup(popup)
        self.downloads.cancel_all()
        self.questions.dismiss_all()
        if self._tools is not None:
            self._tools.close()
            self._tools.deleteLater()
            self._tools = None
        self.page.end()
        self.hide()
        self.deleteLater()


class _View(QWebEngineView):
    def __init__(self, panel: WebPanel) -> None:
        super().__init__(panel)
        self._panel = panel

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._panel.open_menu(event.globalPos())
