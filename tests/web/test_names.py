"""Names that web apps choose, made safe for this computer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../.bashrc", "bashrc"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("...", "download"),
        ("", "download"),
        ("/etc/passwd", "passwd"),
    ],
)
def test_a_download_stays_in_its_folder(tmp_path: Path, given: str, name: str) -> None:
    from app.web.downloads import free_name

    assert free_name(tmp_path, given) == name


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    from app.web.downloads import free_name

    for taken in ("a.tar.gz", "a.tar (2).gz"):
        (tmp_path / taken).touch()
    assert free_name(tmp_path, "a.tar.gz") == "a.tar (3).gz"


def test_two_apps_never_share_a_folder() -> None:
    from app.web.profiles import folder_name

    ids = ["App", "app", "app@example.com", "app_example.com", "../app", "äpp", "app" * 60]
    assert len({folder_name(app_id).lower() for app_id in ids}) == len(ids)
    assert all("/" not in folder_name(app_id) and not folder_name(app_id).startswith(".") for app_id in ids)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.com/app?x", "https://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/a", "http://[::1]:8080"),
        ("data:text/html,x", "null"),
        ("about:blank", "null"),
    ],
)
def test_an_origin_is_written_as_browsers_do(url: str, origin: str) -> None:
    from app.web.preload import origin as written

    assert written(QUrl(url)) == origin
