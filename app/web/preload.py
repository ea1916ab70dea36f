"""``window.fdc3`` put into a page when its document is made: for sites that lose their opener, and older apps."""

from __future__ import annotations

import json
from collections import deque

from PySide6.QtCore import QFile, QIODevice, QObject, QUrl, Signal, Slot
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineScript

NAME = "deskline"
CHANNEL_SCRIPT = ":/qtwebchannel/qwebchannel.js"
UNREAD = 4096
"""Messages that a page may leave unread; of more, nothing is sent to it any more."""
UNREAD_SIZE = 32 * 1024 * 1024
"""The same in characters."""
BOOT = """
(() => {
  if (location.origin !== ORIGIN) return;
  const waiting = [];
  let object = null;
  const pipe = { send: text => (object ? object.send(text) : waiting.push(text)), onmessage: null };
  new QWebChannel(qt.webChannelTransport, channel => {
    object = channel.objects.deskline;
    let count = 0, size = 0;
    object.received.connect(text => {
      size += text.length;
      if (++count === 64 || size > 1e6) {
        object.took(count);
        count = size = 0;
      }
      if (pipe.onmessage) pipe.onmessage(text);
    });
    waiting.splice(0).forEach(text => object.send(text));
  });
  installDeskline(pipe, { identityUrl: IDENTITY, actualUrl: location.href });
})();
"""
"""``window.fdc3`` is there at once; what it sends before the channel has opened waits."""


def origin(url: QUrl) -> str:
    """As browsers write it: scheme, host, and the port unless it is the usual one; "null" for a page of no site."""
    usual = {"https": 443, "http": 80}.get(url.scheme())
    if usual is None:
        return "null"
    bare = QUrl(url)
    if url.port() == usual:
        bare.setPort(-1)
    return f"{url.scheme()}://{bare.authority(QUrl.ComponentFormattingOption.FullyEncoded).rpartition('@')[2]}"


class Pipe(QObject):
    """The page's end of a pipe to the agent. ``sent`` with the text and the origin of the page that sent it.

    ``overflowed`` when the page does not read what it is sent; it hears nothing more until it is loaded anew.
    """

    received = Signal(str)
    sent = Signal(str, str)
    overflowed = Signal()

    def __init__(self, page: QWebEnginePage) -> None:
        super().__init__(page)
        self._page = page
        self._unread: deque[int] = deque()
        self._unread_size = 0
        self._full = False
        page.loadStarted.connect(self._begin)

    def _begin(self) -> None:
        self._unread.clear()
        self._unread_size = 0
        self._full = False

    def deliver(self, text: str) -> None:
        if self._full:
            return
        self._unread.append(len(text))
        self._unread_size += len(text)
        if len(self._unread) > UNREAD or self._unread_size > UNREAD_SIZE:
            self._full = True
            self.overflowed.emit()
        else:
            self.received.emit(text)

    @Slot(int)
    def took(self, count: int) -> None:
        """The page has read so many messages."""
        for _ in range(min(count, len(self._unread))):
            self._unread_size -= self._unread.popleft()

    @Slot(str)
    def send(self, text: str) -> None:
        self.sent.emit(text, origin(self._page.url()))


def install(page: QWebEnginePage, identity: str, agent: str) -> Pipe:
    """Lets every document of the page that is of the origin of ``identity``, the app's address, find ``window.fdc3``.

    ``agent`` is the script that defines ``installDeskline(pipe, hello)``.
    """
    pipe = Pipe(page)
    channel = QWebChannel(page)
    channel.registerObject(NAME, pipe)
    page.setWebChannel(channel)
    boot = BOOT.replace("ORIGIN", json.dumps(origin(QUrl(identity)))).replace("IDENTITY", json.dumps(identity))
    script = QWebEngineScript()
    script.setName(NAME)
    script.setInjectionPoint(QWebEngineScript.InjectionPoint.DocumentCreation)
    script.setWorldId(QWebEngineScript.ScriptWorldId.MainWorld)
    script.setRunsOnSubFrames(False)
    # In a function of its own: the page must not stumble over our names.
    script.setSourceCode(f"(() => {{\n{_channel_script()}\n{agent}\n{boot}\n}})();")
    page.scripts().insert(script)
    return pipe


def _channel_script() -> str:
    file = QFile(CHANNEL_SCRIPT)
    file.open(QIODevice.OpenModeFlag.ReadOnly)
    return bytes(file.readAll().data()).decode()
