"""One browser profile an app: its cookies, storage, permissions and cache are its own."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QNetworkProxyFactory
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEngineNotification,
    QWebEngineProfile,
    QWebEngineProfileBuilder,
    QWebEngineSettings,
)

from app.services import Notice

CACHE_BYTES = 64 * 1024 * 1024
"""For each app on disk."""


FLAGS = "QTWEBENGINE_CHROMIUM_FLAGS"
ISOLATION = "--site-per-process"
"""Sites never share a process: an app that crashes takes neither the agent's page nor another site's app with it, and
one that breaks out of its page's rules finds no secret of theirs."""


def folder_name(app_id: str) -> str:
    """An app id as a folder's name: readable, and never that of another id, also where capitals do not count."""
    readable = re.sub(r"[^a-z0-9.-]+", "_", app_id.lower()).strip("._")[:40]
    return f"{readable}-{hashlib.sha256(app_id.encode()).hexdigest()[:8]}"


class Profiles(QObject):
    """Makes each app's profile when it is first asked for. ``folder`` is the desk's own folder for web apps.

    Deleted after all pages that use its profiles.
    """

    def __init__(
        self,
        folder: Path,
        *,
        notify: Callable[[Notice], None],
        download: Callable[[QWebEngineDownloadRequest], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        flags = os.environ.get(FLAGS, "").split()
        if ISOLATION not in flags:  # read when the first profile is made
            os.environ[FLAGS] = " ".join((*flags, ISOLATION))
        QNetworkProxyFactory.setUseSystemConfiguration(True)  # the network's proxies are those of the computer
        self._folder = folder
        self._notify = notify
        self._download = download
        self._profiles: dict[str, QWebEngineProfile] = {}

    def of(self, app_id: str) -> QWebEngineProfile:
        profile = self._profiles.get(app_id)
        if profile is None:
            profile = self._profiles[app_id] = self._make(app_id)
        return profile

    def _make(self, app_id: str) -> QWebEngineProfile:
        place = self._folder / folder_name(app_id)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        builder = QWebEngineProfileBuilder()
        builder.setPersistentStoragePath(str(place / "storage"))
        builder.setCachePath(str(place / "cache"))
        builder.setHttpCacheType(QWebEngineProfile.HttpCacheType.DiskHttpCache)
        builder.setHttpCacheMaximumSize(CACHE_BYTES)
        builder.setPersistentCookiesPolicy(QWebEngineProfile.PersistentCookiesPolicy.AllowPersistentCookies)
        # What the user has answered once for an origin is remembered with the app.
        builder.setPersistentPermissionsPolicy(QWebEngineProfile.PersistentPermissionsPolicy.StoreOnDisk)
        profile = builder.createProfile(folder_name(app_id), self)
        profile.setNotificationPresenter(self._present)
        profile.downloadRequested.connect(self._download)
        settings, attribute = profile.settings(), QWebEngineSettings.WebAttribute
        settings.setAttribute(attribute.ErrorPageEnabled, False)  # the panel says what went wrong
        settings.setAttribute(attribute.FullScreenSupportEnabled, False)  # a panel never takes the screen
        settings.setAttribute(attribute.JavascriptCanOpenWindows, True)  # each new window is asked for
        settings.setAttribute(attribute.LocalContentCanAccessRemoteUrls, False)
        settings.setAttribute(attribute.NavigateOnDropEnabled, False)
        settings.setAttribute(attribute.ScreenCaptureEnabled, False)
        return profile

    def _present(self, notification: QWebEngineNotification) -> None:
        host = notification.origin().host()
        self._notify(Notice(f"{host}: {notification.title()}", "info", notification.message()))
        notification.show()
