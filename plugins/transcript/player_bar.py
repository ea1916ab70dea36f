"""The line of controls under a recorded call's words. Qt."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from app.shell import icons
from app.shell.tokens import T
from app.shell.widgets import ElidedLabel, button, icon_button, label, set_kind
from plugins.transcript.player import SPEEDS, Player
from plugins.transcript.script import clock


class PlayerBar(QWidget):
    """Play, where it is, how long it is, how fast. Keys are the panel's commands; the tips name them."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self.play = icon_button("play", "Play or pause (Space)")
        self.play.setAccessibleName("Play or pause the recording")
        self.play.clicked.connect(player.toggle)
        self._time = label("00:00")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Place in the recording, in seconds")
        self.slider.setPageStep(30)
        self.slider.setSingleStep(5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setStyleSheet(
            f"QSlider::groove:horizontal{{height:3px;background:{T['bg4']};border-radius:1px}}"
            f"QSlider::sub-page:horizontal{{background:{T['acc']};border-radius:1px}}"
            f"QSlider::handle:horizontal{{width:10px;margin:-4px 0;border-radius:5px;background:{T['tx1']}}}"
            f"QSlider::handle:horizontal:focus{{background:{T['acc']}}}"
        )
        self.slider.actionTriggered.connect(lambda _: player.jump(float(self.slider.sliderPosition())))
        self._length = label("", "dim")
        self.speed = button("1×", tip="How fast it is played: [ slower, ] faster")
        self.speed.setAccessibleName("Playing speed")
        self.speed.setFixedWidth(46)
        self.speed.clicked.connect(self._next_speed)
        self._note = ElidedLabel("", "dim")
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 2, 8, 4)
        line.setSpacing(8)
        line.addWidget(self.play)
        line.addWidget(self._time)
        line.addWidget(self.slider, 3)
        line.addWidget(self._length)
        line.addWidget(self.speed)
        line.addWidget(self._note, 2)
        self.play.setIconSize(QSize(16, 16))
        player.changed.connect(self._show)
        player.moved.connect(self._moved)
        self._show()

    def _show(self) -> None:
        player = self._player
        self.play.setIcon(icons.icon("pause" if player.playing else "play", "tx1"))
        self.slider.setMaximum(max(1, int(player.seconds)))
        self.slider.setEnabled(bool(player.seconds))
        self._length.setText(clock(player.seconds) if player.seconds else "")
        self.speed.setText(f"{player.speed:g}×")
        note = player.trouble or player.silent
        self._note.set_text(note)
        self._note.setToolTip(note)
        self._note.setVisible(bool(note))
        set_kind(self._note, "warn" if player.trouble else "dim")
        self._moved(player.at)

    def _moved(self, seconds: float) -> None:
        self._time.setText(clock(seconds))
        if not self.slider.isSliderDown():
            self.slider.setValue(int(seconds))

    def _next_speed(self) -> None:
        self._player.set_speed(SPEEDS[(SPEEDS.index(self._player.speed) + 1) % len(SPEEDS)])
