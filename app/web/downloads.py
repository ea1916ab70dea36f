"""Files that web apps bring: into the user's folder for downloads, never over another file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWebEngineCore import QWebEngineDownloadRequest
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.services import Notice
from app.shell.widgets import ElidedLabel, button

log = logging.getLogger(__name__)
Ended = QWebEngineDownloadRequest.DownloadState


def download_folder() -> Path:
    """The user's own folder for downloads; the home folder where there is none."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
    return Path(place) if place else Path.home()


def free_name(folder: Path, name: str) -> str:
    """The name, or ``name (2).pdf`` and so on, that no file of the folder has. Parts that lead out of it are cut."""
    wanted = Path(name.replace("\\", "/")).name.lstrip(".") or "download"
    stem, suffix, number, free = Path(wanted).stem, Path(wanted).suffix, 2, wanted
    while (folder / free).exists():
        free = f"{stem} ({number}){suffix}"
        number += 1
    return free


class DownloadRow(QWidget):
    """One file on its way: name, how far, and a way to stop it."""

    def __init__(self, request: QWebEngineDownloadRequest) -> None:
        super().__init__()
        self._request = request
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 3, 8, 3)
        line.setSpacing(8)
        self.name = ElidedLabel(request.downloadFileName(), "mut")
        line.addWidget(self.name, 1)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(120)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Download of {request.downloadFileName()}")
        line.addWidget(self.bar)
        stop = button("Cancel", "ghost")
        stop.clicked.connect(lambda _=False: request.cancel())
        line.addWidget(stop)
        request.receivedBytesChanged.connect(self._progress)
        self._progress()

    def _progress(self) -> None:
        whole = self._request.totalBytes()
        self.bar.setRange(0, 1000 if whole > 0 else 0)  # of unknown length: only that it moves
        if whole > 0:
            self.bar.setValue(round(1000 * self._request.receivedBytes() / whole))


class Downloads(QWidget):
    """The strip of one panel. What has come, or has not, is told in a notice."""

    def __init__(self, title: str, notify: Callable[[Notice], None]) -> None:
        super().__init__()
        self._title, self._notify = title, notify
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._rows: dict[QWebEngineDownloadRequest, DownloadRow] = {}
        self.hide()

    def begin(self, request: QWebEngineDownloadRequest, folder: Path) -> None:
        """Accepts a file into the folder, which is made if need be."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            request.cancel()
            self._notify(Notice(f"{folder} cannot be made: {error.strerror}.", "warning"))
            return
        request.setDownloadDirectory(str(folder))
        request.setDownloadFileName(free_name(folder, request.suggestedFileName()))
        row = self._rows[request] = DownloadRow(request)
        self._box.addWidget(row)
        self.show()
        request.isFinishedChanged.connect(lambda: self._finished(request))
        request.accept()

    def running(self) -> int:
        return len(self._rows)

    def cancel_all(self) -> None:
        for request in list(self._rows):
            request.cancel()

    def _finished(self, request: QWebEngineDownloadRequest) -> None:
        row = self._rows.pop(request, None)
        if row is None:
            return
        self._box.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.setVisible(bool(self._rows))
        name, folder = request.downloadFileName(), request.downloadDirectory()
        if request.state() is Ended.DownloadCompleted:
            self._notify(Notice(f"{name} from {self._title} is in {folder}.", "success"))
        elif request.state() is Ended.DownloadInterrupted:
            reason = request.interruptReasonString()
            log.warning("A download of %s was interrupted: %s", self._title, reason)
            self._notify(Notice(f"{name} from {self._title} could not be fetched.", "warning", reason))
