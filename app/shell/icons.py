"""Line icons, drawn for Deskline, tinted when first asked for and kept."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.shell.theme import RESOURCES
from app.shell.tokens import color

FOLDER = RESOURCES / "icons"


def names() -> list[str]:
    """The icons there are."""
    return sorted(path.stem for path in FOLDER.glob("*.svg"))


@lru_cache(maxsize=256)
def _drawing(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _pixmap(name: str, tint: str, size: int, ratio: int) -> QPixmap:
    drawing = _drawing(name).replace("currentColor", tint)
    renderer = QSvgRenderer(QByteArray(drawing.encode()))
    pixmap = QPixmap(size * ratio, size * ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, tint: str = "tx2", size: int = 16, ratio: int = 1) -> QPixmap:
    """One icon as a picture of ``size`` logical pixels; ``tint`` is a token name or ``#RRGGBB``."""
    return _pixmap(name, color(tint), size, ratio)


@lru_cache(maxsize=512)
def _icon(name: str, tint: str, size: int) -> QIcon:
    made = QIcon()
    for ratio in (1, 2):
        made.addPixmap(_pixmap(name, tint, size, ratio))
    return made


def icon(name: str, tint: str = "tx2", size: int = 16) -> QIcon:
    """An icon sharp at scale 1 and 2. An unknown name is a mistake of the caller: ``FileNotFoundError``."""
    return _icon(name, color(tint), size)


def switch_icon(name: str, size: int = 16) -> QIcon:
    """An icon for a button that can be on: bright then, dim when off."""
    made = QIcon()
    for ratio in (1, 2):
        made.addPixmap(pixmap(name, "tx3", size, ratio), QIcon.Mode.Normal, QIcon.State.Off)
        made.addPixmap(pixmap(name, "tx1", size, ratio), QIcon.Mode.Normal, QIcon.State.On)
    return made


@lru_cache(maxsize=64)
def _dot(tint: str, size: int) -> QIcon:
    made = QIcon()
    for ratio in (1, 2):
        picture = QPixmap(size * ratio, size * ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tint))
        edge = (size - 7) / 2 * ratio
        painter.drawEllipse(QRectF(edge, edge, 7 * ratio, 7 * ratio))
        painter.end()
        picture.setDevicePixelRatio(ratio)
        made.addPixmap(picture)
    return made


def dot(tint: str, size: int = 16) -> QIcon:
    """A round spot of 7 pixels: the colour of a channel, a state."""
    return _dot(color(tint), size)
