"""The transcript panel. Qt."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.records.search import Spoken
from app.services import Notice
from app.shell import speaker
from app.shell.commands import Command
from app.shell.speaker import Output
from app.shell.ui import Ui
from app.shell.widgets import PanelHeader, button, icon_button, label, pill, set_kind
from plugins.transcript import script as scripts
from plugins.transcript.all_calls import AllCalls
from plugins.transcript.app import TranscriptApp
from plugins.transcript.correction_line import CorrectionLine
from plugins.transcript.lexicon_list import LexiconList
from plugins.transcript.page import TranscriptPage
from plugins.transcript.player import Player
from plugins.transcript.player_bar import PlayerBar
from plugins.transcript.recording_commands import RecordingCommands
from plugins.transcript.script import Script
from plugins.transcript.timing import moment_of, next_line

ROOMY = 480
"""Panel width from which there is room for more than the title and the legend."""
STEP = 5.0
"""Seconds that Alt with an arrow key goes."""


class TranscriptPanel(QWidget):
    """Title with how far behind the words are, legend, and the page."""

    def __init__(self, app: TranscriptApp, ui: Ui, find_output: Callable[[], Output] = speaker.find_output) -> None:
        super().__init__()
        self._app = app
        self._script = Script()
        self._ui = ui
        self._pointed: tuple[str, int] = ("", 0)
        self.setObjectName("panel")
        self._header = PanelHeader("Transcript")
        self._pill = pill("")
        self._header.add(self._pill)
        self._keeping = pill("")
        self._header.add(self._keeping)
        self._legend = [pill(*each) for each in (("Product", "acc"), ("Deal", "up"), ("Follow-up", "warn"))]
        for each in self._legend:
            self._header.add_right(each)
        self._local = label("local only", "dim")
        self._local.setToolTip("Sound and words are transcribed on this computer and leave it for nobody.")
        self._header.add_right(self._local)
        self._remark = label("", "warn")
        self._remark.setWordWrap(True)
        self._remark.setContentsMargins(10, 0, 10, 4)
        self.page = TranscriptPage()
        self._latest = button("Latest words", icon="chevron-down")
        self._latest.setParent(self)
        self._latest.hide()
        self._latest.clicked.connect(self._follow)
        self._search = self._build_search()
        self._all = AllCalls(app, ui)
        self._all.opened.connect(self._open_found)
        self._lexicon = LexiconList(app, ui)
        self._correction = CorrectionLine()
        self._correction.corrected.connect(self._correct)
        self._correction.left.connect(self._end_correction)
        self._choice: tuple[int, int, int] | None = None
        for widget in (self._all, self._lexicon):
            widget.left.connect(self._put_page)
            widget.hide()
        self._correction.hide()
        self.player = Player(ui, lambda *place: app.playback(*place), find_output, self)
        self._bar = PlayerBar(self.player)
        self._bar.hide()
        self.player.moved.connect(self._sounds)
        self.player.changed.connect(self._sounds)
        self.page.word_clicked.connect(self.player.play)
        self.destroyed.connect(self.player.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self._remark)
        column.addWidget(self._search)
        column.addWidget(self._correction)
        column.addWidget(self._all, 1)
        column.addWidget(self._lexicon, 1)
        column.addWidget(self.page, 1)
        column.addWidget(self._bar)
        self.setFocusProxy(self.page)
        self.page.verticalScrollBar().valueChanged.connect(self._place_latest)
        ui.commands.add(
            Command("transcript.find", "Find in the transcript", self.open_search, "Ctrl+F", None, self, "search"),
            Command(
                "transcript.find-all",
                "Search all calls and chats",
                self.search_all,
                "Ctrl+Shift+F",
                None,
                None,
                "search",
            ),
            Command(
                "transcript.correct",
                "Correct the chosen word",
                self.correct_chosen,
                "F2",
                self._correctable,
                self,
                "edit",
            ),
            Command(
                "transcript.correct-always",
                "Correct the chosen word in all calls to come",
                lambda: self._correct(self._correction.text.text(), always=True),
                "Ctrl+Return",
                self._correction.isVisible,
                self._correction,
                "edit",
            ),
            Command("transcript.undo", "Undo the last correction", self.undo, "Ctrl+Z", None, self),
            Command(
                "transcript.lexicon",
                "The desk's lexicon: what was learned",
                self.show_lexicon,
                None,
                None,
                None,
                "list",
            ),
            Command("transcript.copy", "Copy the whole transcript", self.copy_all, "Ctrl+Shift+C", None, self, "copy"),
            Command("transcript.latest", "Go to the latest words", self._follow, "Ctrl+End", None, self),
        )
        self._add_playing(ui)
        self._recording = RecordingCommands(app, ui, self, lambda: self._script)
        ui.bind(app.state, self._show, self)

    def _add_playing(self, ui: Ui) -> None:
        def add(name: str, title: str, run: Callable[[], object], keys: str, icon: str = "play") -> None:
            title = f"Recording: {title}"
            ui.commands.add(Command(f"transcript.{name}", title, run, keys, self._recorded, self, icon))

        player = self.player
        add("play", "play or pause", player.toggle, "Space")
        add("here", "play from the chosen word", self._play_here, "Shift+Space")
        add("back", "five seconds back", lambda: player.jump(player.at - STEP), "Alt+Left")
        add("forth", "five seconds on", lambda: player.jump(player.at + STEP), "Alt+Right")
        add("previous", "previous turn", lambda: self._turn(-1), "Alt+Up")
        add("next", "next turn", lambda: self._turn(1), "Alt+Down")
        add("slower", "slower", lambda: player.faster(-1), "[")
        add("faster", "faster", lambda: player.faster(1), "]")

    def _recorded(self) -> bool:
        return self._script.recorded and self.page.isVisible()

    def _correctable(self) -> bool:
        return self._script.kind == "call" and bool(self._script.lines) and self.page.isVisible()

    def _turn(self, by: int) -> None:
        place = next_line(self._script.lines, self.player.at, by)
        if place is not None:
            self.player.jump(place)

    def _play_here(self) -> None:
        place = self.page.place_at(self.page.textCursor())
        if place is not None:
            self.player.play(moment_of(self._script.lines[place[0]], place[1]))

    def _sounds(self) -> None:
        heard = self.player.playing or self.player.at > 0
        self.page.light(self.player.at if heard else None, follow=self.player.playing)

    def open_search(self) -> None:
        """Opens the search line, with what is selected in it."""
        selected = self.page.textCursor().selectedText()
        self._search.show()
        if selected and "\u2029" not in selected:
            self._text.setText(selected)
        self._text.selectAll()
        self._text.setFocus()
        self._look()

    def search_all(self) -> None:
        """Puts the search over all talks in place of the page."""
        self._ui.focus_panel("deskline-transcript")
        self._put(self._all)
        self._all.text.selectAll()

    def show_lexicon(self) -> None:
        """Puts what the desk has learned in place of the page."""
        self._ui.focus_panel("deskline-transcript")
        self._put(self._lexicon)
        self._lexicon.refresh()

    def _put(self, widget: QWidget, *, focus: bool = True) -> None:
        for each in (self.page, self._search, self._correction, self._all, self._lexicon):
            each.setVisible(each is widget)
        if focus:
            widget.setFocus()

    def _put_page(self) -> None:
        self._put(self.page)

    def _open_found(self, found: Spoken) -> None:
        self._put_page()
        self._ui.run(self._app.open_found(found), then=self._opened, owner=self)

    def _opened(self, there: bool) -> None:
        if not there:
            self._ui.notify(Notice("This talk is no longer in the records.", "warning"))

    def correct_chosen(self) -> None:
        """Asks what was said in place of the chosen words."""
        self._choice = self.page.chosen()
        if self._choice is None:
            self._ui.notify(Notice("Choose a word of the transcript first, or words of one line.", "info"))
            return
        at, first, last = self._choice
        self._correction.ask(self._script.lines[at].text[first:last])

    def _correct(self, means: str, always: bool) -> None:
        if self._choice is not None:
            self._ui.run(self._app.correct(*self._choice, means, always=always), owner=self)
        self._end_correction()

    def _end_correction(self) -> None:
        self._choice = None
        self._correction.hide()
        self.page.setFocus()

    def undo(self) -> None:
        if self._lexicon.isVisible():
            self._lexicon.put_back()
        elif self._app.can_undo:
            self._ui.run(self._app.undo_correction(), owner=self)

    def copy_all(self) -> None:
        QApplication.clipboard().setText(scripts.as_text(self._script))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._search.isVisible():
            self._close_search()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._make_room()
        self._place_latest()

    def _make_room(self) -> None:
        """Short of room the title and what holds now go before the legend."""
        roomy = self.width() >= ROOMY
        self._local.setVisible(roomy)
        for each in self._legend:
            each.setVisible(roomy or self._keeping.isHidden())

    def _show(self, script: Script) -> None:
        before, self._script = self._script, script
        names = {"trader": "You", "client": script.client}
        self.page.empty = scripts.empty(script)
        self.page.show_script(script, names)
        title = "Live transcript" if script.running else "Transcript"
        self._header.set_title(f"{title} · {script.customer}" if script.customer and not script.running else title)
        text, kind = scripts.status(script)
        self._pill.setText(text)
        self._pill.setVisible(bool(text))
        set_kind(self._pill, f"pill{kind}")
        text, kind = scripts.keeping(script)
        self._keeping.setText(text)
        self._keeping.setVisible(bool(text))
        self._make_room()
        set_kind(self._keeping, f"pill{kind}")
        remark = scripts.remark(script)
        self._remark.setText(remark)
        self._remark.setVisible(bool(remark))
        self.player.load(script.interaction_id)
        self._bar.setVisible(script.recorded)
        self.page.jumps = script.recorded
        if script.asks > (before.asks if script.interaction_id == before.interaction_id else 0):
            self.player.play(*script.asked)
        pointed = (script.interaction_id, script.pointed)
        if pointed != self._pointed:
            self._pointed = pointed
            if script.shown and not (self._all.isHidden() and self._lexicon.isHidden()):
                self._put(self.page, focus=False)
            self.page.point_at(script.shown)
            if script.place is not None:
                self.player.jump(script.place)
        another = script.interaction_id != before.interaction_id
        # A chat that runs has a panel of its own; everything else is read here.
        if (another and not (script.kind == "chat" and script.running)) or script.pointed > before.pointed:
            self._ui.show_panel("deskline-transcript")
        self._place_latest()

    def _build_search(self) -> QWidget:
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(10, 0, 8, 4)
        line.setSpacing(6)
        self._text = QLineEdit()
        self._text.setPlaceholderText("Find in the transcript")
        self._text.setAccessibleName("Find in the transcript")
        self._text.textChanged.connect(self._look)
        self._text.returnPressed.connect(lambda: self._step(1))
        self._hits = label("", "dim")
        back = icon_button("chevron-up", "Previous place", size=14)
        back.clicked.connect(lambda: self._step(-1))
        forth = icon_button("chevron-down", "Next place (Enter)", size=14)
        forth.clicked.connect(lambda: self._step(1))
        away = icon_button("x", "Close the search (Esc)", size=14)
        away.clicked.connect(self._close_search)
        line.addWidget(self._text, 1)
        for widget in (self._hits, back, forth, away):
            line.addWidget(widget)
        self._place = -1
        self._count = 0
        made.hide()
        return made

    def _look(self) -> None:
        self._count = self.page.search(self._text.text())
        self._place = -1
        self._step(1)

    def _step(self, by: int) -> None:
        if self._count:
            self._place = (self._place + by) % self._count
            self.page.go_to_found(self._place)
        typed = bool(self._text.text())
        self._hits.setText(f"{self._place + 1} of {self._count}" if self._count else "not found" if typed else "")

    def _close_search(self) -> None:
        self._search.hide()
        self.page.search("")
        self.page.setFocus()

    def _follow(self) -> None:
        self.page.following = True
        self.page.to_end()
        self._place_latest()

    def _place_latest(self) -> None:
        """The way back to the talk, while the reader is further up."""
        away = self._script.running and not self.page.following
        self._latest.setVisible(away)
        if away:
            size = self._latest.sizeHint()
            self._latest.setGeometry(
                (self.width() - size.width()) // 2, self.height() - size.height() - 8, size.width(), size.height()
            )
            self._latest.raise_()


def create(app: TranscriptApp, ui: Ui) -> QWidget:
    return TranscriptPanel(app, ui)
