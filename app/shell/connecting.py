"""The page on which a desk is connected to a central server, or somebody signs in to it again. Esc closes it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.shell.pages import head_strip
from app.shell.widgets import button, field, heading, label, separator, set_kind

SHORTEST = 12
"""Characters of a new password; the server says so too."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed. ``trusted``: the fingerprint that the user has compared, empty before that."""

    address: str
    code: str
    login: str
    password: str
    new: str
    trusted: str


class ConnectPage(QWidget):
    """``given`` when the user presses the button; then the caller answers with one of ``ask_trust``,
    ``ask_new_password``, ``refuse`` or by closing the page. ``enrolled``: address and code have done their work.
    ``browser_asked``: they sign in at the firm's identity provider.
    """

    given = Signal(object)
    browser_asked = Signal()
    closed = Signal()

    def __init__(self, *, address: str = "", login: str = "", server: str = "", enrolled: bool = False) -> None:
        super().__init__()
        self._trusted = ""
        self.setAccessibleName("Connect this desk to a server")
        self._title = heading("")
        self._words = label("", "mut")
        self._words.setWordWrap(True)
        self.address, self.code, self.login, self.password = (QLineEdit() for _ in range(4))
        self.new, self.again = QLineEdit(), QLineEdit()
        for secret in (self.password, self.new, self.again):
            secret.setEchoMode(QLineEdit.EchoMode.Password)
        for line in (self.address, self.code, self.login, self.password, self.new, self.again):
            line.setMaxLength(512)
            line.returnPressed.connect(self._take)
        self.address.setText(address)
        self.address.setPlaceholderText("https://deskline.example.com:8455")
        self.address.textEdited.connect(lambda _: self._distrust())
        self.code.setPlaceholderText("ABCD-EFGH-JKLM-NPQR, from an administrator")
        self.login.setText(login)
        self._places = [field("Address of the server", self.address), field("Enrolment code", self.code)]
        self._own = [field("New password", self.new), field("The same again", self.again)]
        self.fingerprint = label("", "num")
        self.fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fingerprint.setWordWrap(True)
        self.fingerprint.setAccessibleName("The certificate's fingerprint")
        self.complaint = label("", "warn")
        self.complaint.setWordWrap(True)
        self.take = button("", "pri")
        self.take.clicked.connect(lambda _=False: self._take())
        self.browser = button("Sign in with the browser", icon="window")
        self.browser.clicked.connect(lambda _=False: self._take_browser())
        self.browser.hide()
        self._lay_out()
        self._server = server
        self.show_enrolled(enrolled)

    def _lay_out(self) -> None:
        fields = QVBoxLayout()
        fields.setContentsMargins(14, 10, 14, 10)
        fields.setSpacing(8)
        fields.addWidget(self._words)
        for each in (*self._places, field("User", self.login), field("Password", self.password), *self._own):
            fields.addWidget(each)
        fields.addWidget(self.fingerprint)
        fields.addWidget(self.complaint)
        fields.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 8, 12, 10)
        foot.addStretch(1)
        foot.addWidget(self.browser)
        foot.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head_strip("wifi", self._title, self.closed.emit))
        column.addWidget(separator())
        column.addLayout(fields, 1)
        column.addWidget(separator())
        column.addLayout(foot)
        for each in self._own:
            each.hide()
        self.fingerprint.hide()
        self.complaint.hide()

    def sizeHint(self) -> QSize:
        return QSize(460, 470 if self._places[0].isVisibleTo(self) else 330)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def start_typing(self) -> None:
        lines = (self.address, self.code, self.login, self.password)
        wanted = next((line for line in lines if line.isVisibleTo(self) and not line.text()), self.password)
        wanted.setFocus()

    # -- answers

    def show_enrolled(self, enrolled: bool) -> None:
        """From now on only who signs in is asked."""
        for each in self._places:
            each.setVisible(not enrolled)
        self.fingerprint.hide()
        self.complaint.hide()
        self._title.setText(
            f"Sign in to {self._server or 'the server'}" if enrolled else "Connect this desk to a server"
        )
        self._words.setText(
            "What was done meanwhile is kept on this computer and goes to the server afterwards."
            if enrolled
            else "Customers, deals, calls and reports are then shared with your desk, and the desk works on without the"
            " network. Nothing leaves this computer before you press Connect. If you sign in with your firm's account,"
            " leave user and password empty."
        )
        self._ready("Sign in" if enrolled else "Connect")

    def ask_trust(self, fingerprint: str) -> None:
        """The server made its certificate itself: the user compares it once, and then it alone is trusted."""
        self._trusted = fingerprint
        pairs = fingerprint.split(":")
        self.fingerprint.setText(":".join(pairs[:16]) + ":\n" + ":".join(pairs[16:]))
        self.fingerprint.show()
        self._complain(
            "The server shows a certificate of its own. Compare its fingerprint above with the one that your"
            " administrator gave you. Go on only if they are the same.",
            "warn",
        )
        self._ready("They are the same: trust it")

    def ask_new_password(self, reason: str) -> None:
        for each in self._own:
            each.show()
        self.fingerprint.hide()
        self._complain(reason, "mut")
        self._ready("Set password and sign in")
        self.new.setFocus()

    def offer_browser(self, offers: bool) -> None:
        """The firm has an identity provider; a password does as well where the user has one."""
        self.browser.setVisible(offers)

    def refuse(self, reason: str) -> None:
        self._complain(reason, "warn")
        self._ready(self.take.accessibleName())

    # -- parts

    def _take(self) -> None:
        if not self.take.isEnabled():
            return
        lines = [self.login, self.password]
        lines = [self.address, self.code, *lines] if self._places[0].isVisibleTo(self) else lines
        if lines[0] is self.address and not self.login.text() and not self.password.text():
            lines = [self.address, self.code]  # who they are is asked when the desk is connected
        empty = next((line for line in lines if not line.text().strip()), None)
        if empty is not None:
            empty.setFocus()
            return
        own = self._own[0].isVisibleTo(self)
        if own and len(self.new.text()) < SHORTEST:
            self._complain(f"A password has at least {SHORTEST} characters; a few words are easy to remember.", "warn")
            self.new.setFocus()
        elif own and self.new.text() != self.again.text():
            self._complain("The two are not the same. Type the second one again.", "warn")
            self.again.setFocus()
        else:
            self.take.setEnabled(False)
            self.take.setText("One moment…")
            new = self.new.text() if own else ""
            self.given.emit(
                Given(
                    self.address.text(), self.code.text().strip(), self.login.text().strip(), self.password.text(), new,
                    self._trusted,
                )
            )  # fmt: skip

    def _take_browser(self) -> None:
        self.browser.setEnabled(False)
        self._complain("Sign in on the page in your browser, then come back here.", "mut")
        self.browser_asked.emit()

    def _distrust(self) -> None:
        if self._trusted:
            self._trusted = ""
            self.fingerprint.hide()
            self.complaint.hide()
            self._ready("Connect")

    def _complain(self, text: str, kind: str) -> None:
        set_kind(self.complaint, kind)
        self.complaint.setText(text)
        self.complaint.show()

    def _ready(self, text: str) -> None:
        self.take.setText(text)
        self.take.setAccessibleName(text)
        self.take.setEnabled(True)
        self.browser.setEnabled(True)
