"""App directories of the settings, at the desk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.__main__ import main
from app.desk.directories import admit, follower, token, token_name
from app.desk.manifest import manifest_of
from app.services import Notice
from app.settings import Settings, SettingsError, load
from fdc3.directory import AppDirectory, AppRecord
from fdc3.directory.addresses import DirectoryAddress

URL = "https://appd.example.com/v2/apps"


def record(**manifest: Any) -> AppRecord:
    value = {"appId": "x", "title": "X", "type": "web", "details": {}, "hostManifests": {"deskline": manifest}}
    return msgspec.convert(value, AppRecord)


def test_a_record_from_a_url_names_no_code_of_ours_and_starts_nothing() -> None:
    service = {"module": "os", "tokenVariable": "A", "urlVariable": "B"}
    strange = record(app="os:system", view="os:system", service=service, start="with-desk", preload=True)
    manifest = manifest_of(admit(strange))
    assert (manifest.app, manifest.view, manifest.service, manifest.start) == (None, None, None, "on-demand")
    assert manifest.preload
    odd = msgspec.structs.replace(strange, host_manifests={"deskline": "https://x.example/manifest.json"})
    assert manifest_of(admit(odd)).app is None


def test_the_setting_takes_addresses_and_refuses_others(tmp_path: Path) -> None:
    environment = {"DESKLINE_APP_DIRECTORIES": f"{URL} http://localhost:3001"}
    assert load(tmp_path / "none", environment).app_directories == [URL, "http://localhost:3001"]
    with pytest.raises(SettingsError, match="must begin with https"):
        load(tmp_path / "none", {"DESKLINE_APP_DIRECTORIES": "http://appd.example.com"})


async def test_a_directory_that_gives_no_answer_is_told_to_the_trader(tmp_path: Path) -> None:
    notices: list[Notice] = []
    settings = Settings(data_folder=str(tmp_path), app_directories=["http://127.0.0.1:9"])
    follows = follower(AppDirectory(), settings, notices.append)
    await follows.take_up()
    assert not await follows.refresh(DirectoryAddress.parse("http://127.0.0.1:9"))
    assert [notice.text for notice in notices] == [
        "The app directory at 127.0.0.1:9 gives no answer. Its apps are missing."
    ]
    await follows.close()


class Ring:
    """An allowed back end of the keyring, in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def test_a_token_is_kept_in_the_keyring_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    address = DirectoryAddress.parse(URL)
    assert token(address) is None
    settings = ["--settings", str(tmp_path / "none")]
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))
    assert main([*settings, "directory-token", URL]) == 1
    ring = Ring()
    monkeypatch.setattr("app.access.keys.is_allowed", lambda backend: True)
    for place in ("app.desk.directories", "app.cli.directory"):
        monkeypatch.setattr(f"{place}.find_backend", lambda: ring)
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))
    assert main([*settings, "directory-token", URL]) == 0
    assert ring.kept == {("Deskline", token_name(address)): "s3cret"}
    assert token(address) == "s3cret"
    assert main([*settings, "directory-token", "http://appd.example.com"]) == 1
    assert "s3cret" not in "".join(capsys.readouterr())
