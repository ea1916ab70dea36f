"""The central server on the screen: the top bar's words, connecting, signing in and out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.services import Notice, Standing
from app.shell.commands import Command
from app.shell.connecting import ConnectPage, Given
from app.shell.popups import MIDDLE
from app.shell.window import SYNC_COMMAND

if TYPE_CHECKING:
    from app.desk.in_step import Found, InStep
    from app.desk.program import Program

PANEL = "deskline-sync"


class ServerPages(QObject):
    """``begin`` once the desk is open."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program, self._ui = program, program.ui
        self._server: InStep | None = None
        self._standing = Standing()
        self.page: ConnectPage | None = None
        self.open_in_browser: Callable[[str], object] = lambda url: QDesktopServices.openUrl(QUrl(url))
        self._in_browser: Future[None] | None = None
        self._ui.commands.add(
            Command(SYNC_COMMAND, "Sync: state, conflicts, quarantine", self.open, "Ctrl+Shift+Y", icon="refresh"),
            Command("desk.connect", "Connect this desk to a server", self.connect_desk, when=self._alone, icon="wifi"),
            Command("desk.sign-in", "Sign in to the server", self.sign_in, when=self._enrolled, icon="lock"),
            Command("desk.sign-out", "Sign out of the server", self.sign_out, when=self._signed_in, icon="lock"),
            Command("desk.sync-now", "Try to reach the server now", self.retry, when=self._away, icon="refresh"),
        )

    def begin(self, server: InStep) -> None:
        self._server = server
        self._ui.bind(server.state, self._show, self)

    # -- commands

    def open(self) -> None:
        """The sync panel; on a desk without a server, the page that connects it."""
        if self._standing.state == "local":
            self.connect_desk()
        elif self._standing.state == "signed out":
            self.sign_in()
        else:
            self._program.on_demand.open(PANEL)

    def connect_desk(self) -> None:
        self._open(ConnectPage(address=self._program.settings.server))

    def sign_in(self) -> None:
        enrolment = self._server.enrolment if self._server is not None else None
        if enrolment is not None:
            login = enrolment.user.login if enrolment.user is not None else ""
            self._open(ConnectPage(login=login, server=enrolment.firm_name, enrolled=True))
            self._look_for_browser()

    def sign_out(self) -> None:
        if self._server is not None:
            self._ui.run(self._server.sign_out())

    def retry(self) -> None:
        if self._server is not None:
            self._ui.run(self._server.retry())

    def close(self) -> None:
        page, self.page = self.page, None
        if self._in_browser is not None:
            self._in_browser.cancel()
        if page is not None:
            self._ui.close_popup(page)
            page.deleteLater()

    # -- parts

    def _open(self, page: ConnectPage) -> None:
        self.close()
        self.page = page
        page.closed.connect(self.close)
        page.given.connect(self._given)
        page.browser_asked.connect(self._sign_in_by_browser)
        self._ui.show_popup(page, MIDDLE)
        page.start_typing()

    def _given(self, given: Given) -> None:
        if self._server is None:
            self._refuse("The desk is still opening. Try again in a moment.")
        elif self._server.enrolment is not None:
            self._sign_in(given)
        else:
            self._ui.run(
                self._server.look_at(given.address),
                then=lambda found: self._found(given, found),
                failed=lambda error: self._refuse(str(error)),
                owner=self.page,
            )

    def _found(self, given: Given, found: Found) -> None:
        assert self._server is not None
        if self.page is not None and found.fingerprint != given.trusted:
            self.page.ask_trust(found.fingerprint)
            return
        self._ui.run(
            self._server.enrol(found, given.code),
            then=lambda _: self._now_enrolled(given),
            failed=lambda error: self._refuse(str(error)),
            owner=self.page,
        )

    def _now_enrolled(self, given: Given) -> None:
        if self.page is not None:
            self.page.show_enrolled(True)
            self._look_for_browser()
        if given.login:
            self._sign_in(given)

    def _sign_in(self, given: Given) -> None:
        assert self._server is not None
        self._ui.run(
            self._server.sign_in(given.login, given.password, given.new),
            then=lambda _: self._signed(),
            failed=self._not_signed_in,
            owner=self.page,
        )

    def _look_for_browser(self) -> None:
        assert self._server is not None
        self._ui.run(
            self._server.offers_browser(),
            then=lambda offers: self.page.offer_browser(offers) if self.page is not None else None,
            failed=lambda _: None,  # a server that is away: signing in says so
            owner=self.page,
        )

    def _sign_in_by_browser(self) -> None:
        assert self._server is not None

        async def shown(url: str) -> None:
            await self._ui.on_screen(lambda: self.open_in_browser(url))

        self._in_browser = self._ui.run(
            self._server.sign_in_by_browser(shown),
            then=lambda _: self._signed(),
            failed=lambda error: self._refuse(str(error)),
            owner=self.page,
        )

    def _signed(self) -> None:
        self.close()
        self._ui.notify(Notice("Signed in. The desk comes in step with the server.", "success"))

    def _not_signed_in(self, error: Exception) -> None:
        if self.page is not None and getattr(error, "code", "") == "change-password":
            self.page.ask_new_password(str(error))
        else:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        if self.page is not None:
            self.page.refuse(reason or "That did not work. Try again.")

    def _show(self, standing: Standing) -> None:
        asks = standing.state == "signed out" and self._standing.state not in ("signed out", "local")
        self._standing = standing
        self._program.window.set_standing(standing)
        where = f"Server: {standing.server}" if standing.server else ""
        self._program.window.set_status("central", where, standing.problem)
        if asks and self.page is None:
            self._ui.notify(Notice("Sign in to the server again: Ctrl+Shift+Y. Nothing is lost meanwhile.", "warning"))

    def _alone(self) -> bool:
        return self._server is not None and self._server.enrolment is None

    def _enrolled(self) -> bool:
        return self._server is not None and self._server.enrolment is not None

    def _signed_in(self) -> bool:
        return self._enrolled() and self._standing.state != "signed out"

    def _away(self) -> bool:
        return self._standing.state in ("offline", "connecting", "refused")
