"""The chat panel: conversations, the thread, what the customer mentioned, and the input line."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Card, CardList, EmptyState, PanelHeader, button, label, pill, separator, set_kind
from plugins.chat.app import ACTIONS, ChatApp
from plugins.chat.model import ChatState, Conversation, Offer
from plugins.chat.offers import OfferStrip
from plugins.chat.thread_view import ThreadView

_NARROW = 560
_DEMO_FOLDER = Path(__file__).parents[2] / "resources" / "demo"
_PHASES = {"live": ("Online", "pillup"), "connecting": ("Connecting", "pillwarn"), "offline": ("Offline", "pilldn")}
_KEYS = {"ViewAnalysis": "Alt+1", "ViewQuote": "Alt+2", "ViewInstrument": "Alt+3"}


class MessageInput(QPlainTextEdit):
    """Grows to four lines. Enter sends, Shift+Enter starts a new line."""

    sent = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Write a message · Enter sends, Shift+Enter starts a line")
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.textChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            if self.toPlainText().strip():
                self.sent.emit(self.toPlainText())
            return
        super().keyPressEvent(event)

    def _fit(self) -> None:
        lines = min(max(1, self.document().blockCount()), 4)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 14)


class ChatPanel(QWidget):
    """All open conversations and the one being read."""

    def __init__(self, app: ChatApp, ui: Ui) -> None:
        super().__init__()
        self._app = app
        self._ui = ui
        self._drafts: dict[str, str] = {}
        self._shown: Conversation | None = None
        self._arrivals = app.state.value.arrivals
        self.setObjectName("panel")
        self._header = PanelHeader("Chat")
        self._house = label("", "mut")
        self._pill = pill("Offline", "dn")
        self._report = button("Report", "", tip="Open the report of this chat (Ctrl+Shift+R)", icon="file")
        self._report.clicked.connect(lambda: ui.run(app.report()))
        self._header.add(self._house)
        self._header.add_right(self._pill)
        self._header.add_right(self._report)
        self.list = CardList("No conversations. They appear when a customer writes.", name="Conversations")
        self.list.chosen.connect(self._chosen)
        self.thread_view = ThreadView()
        self.thread_view.mentioned.connect(self._mention_clicked)
        self.offers = OfferStrip(self._raise)
        self.input = MessageInput()
        self.input.sent.connect(self._send)
        self.list.activated.connect(lambda _: self.input.setFocus())
        self._send_button = button("Send", "pri")
        self._send_button.clicked.connect(lambda: self._send(self.input.toPlainText()))
        self._empty = EmptyState("No conversation is open. Customers who write appear here.", icon="message")
        self._lay_out()
        self.setFocusProxy(self.input)
        ui.bind(app.state, self._show, self)
        self._add_commands()

    def _lay_out(self) -> None:
        writing = QHBoxLayout()
        writing.setContentsMargins(10, 4, 8, 8)
        writing.setSpacing(6)
        writing.addWidget(self.input, 1)
        writing.addWidget(self._send_button, 0, Qt.AlignmentFlag.AlignBottom)
        self._reading = QWidget()
        column = QVBoxLayout(self._reading)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(separator())
        column.addWidget(self.thread_view, 1)
        column.addWidget(self._empty, 1)
        column.addWidget(self.offers)
        column.addLayout(writing)
        self._rule = separator(vertical=True)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        # The panel may become narrower than list and thread side by side: then the list moves above.
        self._layout.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)
        self._layout.addWidget(self.list)
        self._layout.addWidget(self._rule)
        self._layout.addWidget(self._reading, 1)

    def _add_commands(self) -> None:
        app, ui = self._app, self._ui
        ui.commands.add(
            Command(
                "chat.report",
                "Report this chat",
                lambda: ui.run(app.report()),
                "Ctrl+Shift+R",
                self._has_one,
                None,
                "file",
            ),
            Command("chat.next", "Chat: next conversation", self._next, "Ctrl+Shift+J", self._has_one, None, "message"),
            Command("chat.write", "Chat: write a message", self._write, "Ctrl+Shift+M", self._has_one, None, "message"),
            Command("chat.close", "Chat: close this conversation", self._close, None, self._has_one, None, "x"),
            Command(
                "chat.demo", "Play the demo chat", self._play_demo, None, lambda: bool(self._demos()), None, "play"
            ),
        )
        for intent, title in ACTIONS:
            ui.commands.add(self._show_command(intent, title.lower()))

    def _show_command(self, intent: str, title: str) -> Command:
        return Command(
            f"chat.{title}",
            f"Chat: {title} of what the customer mentioned last",
            lambda: self._raise_newest(intent),
            _KEYS[intent],
            lambda: self._newest(intent) is not None,
            None,
            "chart",
        )

    # --- showing ---

    def _show(self, state: ChatState) -> None:
        text, kind = _PHASES[state.phase]
        self._pill.setText(text)
        self._pill.setToolTip(state.text)
        set_kind(self._pill, kind)
        self._pill.setVisible(state.phase != "live")
        self.list.set_cards(self._card(one) for one in reversed(state.open))
        shown = state.shown
        if shown is not None and (self.list.current() is None or self.list.current().key != shown.id):  # type: ignore[union-attr]
            self.list.set_current(shown.id)
        self._keep_draft(shown)
        self._shown = shown
        self._empty.setVisible(shown is None)
        self._empty.set_text(state.text or "No conversation is open. Customers who write appear here.")
        self.thread_view.setVisible(shown is not None)
        self._report.setVisible(shown is not None)
        self.input.setEnabled(shown is not None)
        self._send_button.setEnabled(shown is not None)
        self._header.set_title(shown.name if shown else "Chat")
        self._house.setText(shown.organization if shown else "")
        self.offers.show_offers(shown.offers if shown else ())
        self.thread_view.show_conversation(shown)
        self._place()
        if state.arrivals != self._arrivals:
            self._arrivals = state.arrivals
            self._ui.show_panel("deskline-chat")

    def _card(self, one: Conversation) -> Card:
        last = one.last
        said = "" if last is None else ("You: " if last.who == "trader" else "") + " ".join(last.text.split())
        at = "" if last is None else f"{last.at.astimezone():%H:%M}"
        tone = "acc" if one.unread else ""
        title = one.organization or one.name
        return Card(one.id, title, said or one.name, "message", tone, at, "tx3", one.unread)

    def _keep_draft(self, shown: Conversation | None) -> None:
        """Each conversation keeps what was typed but not sent."""
        before = None if self._shown is None else self._shown.id
        after = None if shown is None else shown.id
        if before == after:
            return
        if before is not None:
            self._drafts[before] = self.input.toPlainText()
        self.input.setPlainText(self._drafts.pop(after, "") if after is not None else "")

    def _place(self) -> None:
        """List beside the thread where there is room, above it where not; alone it needs no list."""
        several = len(self.list.cards) > 1
        narrow = self.width() < _NARROW
        self.list.setVisible(several)
        self._rule.setVisible(several and not narrow)
        self._layout.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        if narrow:
            self.list.setFixedHeight(46 * min(len(self.list.cards), 3) + 2)
            self.list.setMinimumWidth(0)
            self.list.setMaximumWidth(16777215)
        else:
            self.list.setMinimumHeight(0)
            self.list.setMaximumHeight(16777215)
            self.list.setFixedWidth(max(190, min(264, self.width() // 3)))

    # --- doing ---

    def _chosen(self, card: Card) -> None:
        self._ui.run(self._app.select(card.key))

    def _send(self, text: str) -> None:
        if not text.strip():
            return

        def sent(done: bool) -> None:
            if done and self.input.toPlainText() == text:
                self.input.clear()

        self._ui.run(self._app.send(text), then=sent, owner=self)

    def _raise(self, offer: Offer, intent: str) -> None:
        self._ui.run(self._app.show(offer, intent))

    def _newest(self, intent: str) -> Offer | None:
        shown = self._app.state.value.shown
        offers = shown.offers if shown is not None else ()
        return next((one for one in offers if any(action.intent == intent for action in one.actions)), None)

    def _raise_newest(self, intent: str) -> None:
        if (offer := self._newest(intent)) is not None:
            self._raise(offer, intent)

    def _mention_clicked(self, instrument_id: str) -> None:
        shown = self._app.state.value.shown
        for offer in shown.offers if shown is not None else ():
            if offer.instrument_id == instrument_id:
                self._raise(offer, offer.actions[0].intent)
                return

    def _has_one(self) -> bool:
        return self._app.state.value.shown is not None

    def _next(self) -> None:
        """The next conversation with something unread, else simply the next."""
        state = self._app.state.value
        ring = [one for one in state.open if one.id != state.current]
        chosen = next((one for one in ring if one.unread), ring[0] if ring else None)
        if chosen is not None:
            self._ui.run(self._app.select(chosen.id))

    def _write(self) -> None:
        self._ui.focus_panel("deskline-chat")
        self.input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _close(self) -> None:
        if (shown := self._app.state.value.shown) is not None:
            self._ui.run(self._app.end(shown.id))

    def _demos(self) -> list[Path]:
        return sorted(_DEMO_FOLDER.glob("chat*.yaml")) if self._app.can_play and _DEMO_FOLDER.is_dir() else []

    def _play_demo(self) -> None:
        if demos := self._demos():
            self._ui.run(self._app.play(demos[0]))

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ui.run(self._app.watch(True))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ui.run(self._app.watch(False))


def create(app: ChatApp, ui: Ui) -> QWidget:
    return ChatPanel(app, ui)
