"""One Deskline per state folder: a second start hands over its arguments and the first window comes to the front."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)
ANSWER_MS = 20_000
"""A window that is just opening, or on a busy machine, takes its time; nobody should end it for that."""
MOST_BYTES = 64_000


class SingleInstance(QObject):
    """The lock and the ear. ``asked`` with the arguments of each later start."""

    asked = Signal(list)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = QLockFile(str(folder / "deskline.lock"))
        # Never stale by age; a lock whose process is gone is taken over at once.
        self._lock.setStaleLockTime(0)
        digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self._name = f"deskline-{digest}"
        self._server: QLocalServer | None = None
        self._callers: list[QLocalSocket] = []

    def claim(self) -> bool:
        """True if this is the first start; it listens from now on. False if another one runs."""
        if not self._lock.tryLock(0):
            return False
        # A crashed start leaves its socket behind; we hold the lock, so it is nobody's.
        QLocalServer.removeServer(self._name)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._arrived)
        if not server.listen(self._name):
            log.warning("A second start cannot reach this window: %s", server.errorString())
        self._server = server
        return True

    def hand_over(self, arguments: Sequence[str]) -> bool:
        """Asks the running one to come to the front; False if it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(ANSWER_MS):
            return False
        socket.write(json.dumps(list(arguments)).encode() + b"\n")
        heard = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readAll().data()).startswith(b"ok")
        socket.disconnectFromServer()
        return heard

    def release(self) -> None:
        for socket in list(self._callers):
            socket.abort()
        self._callers.clear()
        if self._server is not None:
            self._server.close()
            self._server.deleteLater()
            self._server = None
        self._lock.unlock()

    def _arrived(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            self._callers.append(socket)
            socket.readyRead.connect(self._read_all)
            socket.disconnected.connect(self._drop_gone)
        self._read_all()

    def _read_all(self) -> None:
        # Plain methods over a list of our own: a lambda holding its socket would outlive the socket's C++ side.
        for socket in list(self._callers):
            if socket.canReadLine():
                self._read(socket)
            elif socket.bytesAvailable() > MOST_BYTES:
                socket.abort()

    def _drop_gone(self) -> None:
        for socket in list(self._callers):
            if socket.state() == QLocalSocket.LocalSocketState.UnconnectedState:
                self._callers.remove(socket)
                socket.deleteLater()

    def _read(self, socket: QLocalSocket) -> None:
        line = bytes(socket.readLine().data())
        try:
            arguments = json.loads(line)
        except ValueError:
            arguments = None
        if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
            log.warning("Something that is not Deskline spoke to the single-instance socket")
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.asked.emit(arguments)
