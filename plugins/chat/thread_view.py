"""The messages of one conversation: times, who, text that can be selected, mentions that can be clicked."""

from __future__ import annotations

import datetime as dt
import html

from PySide6.QtCore import QUrl, Signal
from PySide6.QtWidgets import QFrame, QTextBrowser

from app.shell.tokens import T
from plugins.chat.model import Conversation, Mention
from plugins.chat.protocol import Message


class ThreadView(QTextBrowser):
    """Follows the newest message unless the reader has scrolled up."""

    mentioned = Signal(str)
    """Carries the instrument id of a mention that was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAccessibleName("Messages")
        self.document().setDocumentMargin(8)
        self.anchorClicked.connect(self._clicked)
        self._shown: tuple[object, ...] = ()
        self._thread: str | None = None
        self._following = True
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._grown)
        palette = self.palette()
        palette.setColor(palette.ColorRole.Base, palette.color(palette.ColorRole.Window))
        self.setPalette(palette)
        self.setStyleSheet("QTextBrowser{background:transparent;border:0;padding:0}")

    def show_conversation(self, conversation: Conversation | None) -> None:
        wanted: tuple[object, ...] = ()
        if conversation is not None:
            wanted = (conversation.id, conversation.name, len(conversation.messages), conversation.mentions)
        if wanted == self._shown:
            return
        bar = self.verticalScrollBar()
        changed = conversation is None or conversation.id != self._thread
        following = changed or self._following
        place = bar.value()
        self._shown = wanted
        self._thread = None if conversation is None else conversation.id
        self.setHtml("" if conversation is None else page(conversation))
        bar.setValue(bar.maximum() if following else place)
        self._following = following

    def _scrolled(self, value: int) -> None:
        self._following = value >= self.verticalScrollBar().maximum() - 4

    def _grown(self, _least: int, most: int) -> None:
        """Offers below take room from the thread: its end stays in sight if it was."""
        if self._following:
            self.verticalScrollBar().setValue(most)

    def _clicked(self, address: QUrl) -> None:
        if address.scheme() == "instrument":
            self.mentioned.emit(address.path())


def page(conversation: Conversation) -> str:
    """The whole conversation as rich text: consecutive messages of one side share its name."""
    rows = []
    last: Message | None = None
    by_turn: dict[int, list[Mention]] = {}
    for mention in conversation.mentions:
        by_turn.setdefault(mention.turn, []).append(mention)
    short = conversation.name.split()[0] if conversation.name.split() else conversation.party.handle
    for message in conversation.messages:
        begins = last is None or last.who != message.who or message.at - last.at > dt.timedelta(minutes=5)
        who, tint = ("You", T["up"]) if message.who == "trader" else (short, T["acctx"])
        text = marked(message.text, by_turn.get(message.seq, []))
        gap = 7 if begins else 1
        rows.append(
            f'<tr><td width="40" style="padding-top:{gap}px;color:{T["tx3"]};font-size:11px">'
            f"{message.at.astimezone():%H:%M}</td>"
            f'<td width="52" style="padding-top:{gap}px;color:{tint};font-weight:600">'
            f"{html.escape(who) if begins else ''}</td>"
            f'<td style="padding-top:{gap}px;color:{T["tx1"]}">{text}</td></tr>'
        )
        last = message
    return f'<table cellspacing="0" cellpadding="0" width="100%">{"".join(rows)}</table>'


def marked(text: str, mentions: list[Mention]) -> str:
    """Text with its mentions as links; spans that lie outside the text or overlap are left plain."""
    parts = []
    done = 0
    for mention in sorted(mentions, key=lambda one: one.start):
        if mention.start < done or mention.end > len(text):
            continue
        parts.append(_plain(text[done : mention.start]))
        parts.append(
            f'<a href="instrument:{html.escape(mention.instrument_id)}" style="color:{T["acctx"]};'
            f'background-color:{T["accbg"]};text-decoration:none">{_plain(text[mention.start : mention.end])}</a>'
        )
        done = mention.end
    parts.append(_plain(text[done:]))
    return "".join(parts)


def _plain(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
