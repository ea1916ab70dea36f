"""What a web app may be allowed, in words."""

from __future__ import annotations

from PySide6.QtWebEngineCore import QWebEnginePermission

Kind = QWebEnginePermission.PermissionType
WISHES = {
    Kind.MediaAudioCapture: "use the microphone",
    Kind.MediaVideoCapture: "use the camera",
    Kind.MediaAudioVideoCapture: "use the microphone and the camera",
    Kind.Notifications: "show notifications",
    Kind.ClipboardReadWrite: "read what you have copied",
    Kind.Geolocation: "know where this computer is",
    Kind.LocalFontsAccess: "know the fonts of this computer",
}
"""What else a page may ask for, such as the screen's picture, is refused without a question."""
