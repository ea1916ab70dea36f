"""``deskline models``: which speech models there are; add one, check them, choose one."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from app.settings import Settings, settings_file


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser(
        "models",
        help="list, install, verify and choose speech models",
        description="Without a further word: lists the speech models and on what they run.",
    )
    what = models.add_subparsers(dest="models_command", metavar="WHAT")
    what.add_parser("list", help="which there are, and which is used")
    install = what.add_parser("install", help="add a model: tiny.en, base, or one of your own")
    install.add_argument("name", metavar="NAME", help="tiny.en, base, or the name that your own model shall have")
    source = install.add_mutually_exclusive_group()
    source.add_argument("--folder", type=Path, metavar="PATH", help="copy it from a folder (CTranslate2 whisper model)")
    source.add_argument("--hub", metavar="OWNER/NAME[@REVISION]", help="fetch it from the model hub")
    what.add_parser("verify", help="check every installed model's files by their hashes")
    select = what.add_parser("select", help="use this model from the next start on")
    select.add_argument("name", metavar="NAME", help="an installed model's name, or a folder")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Prints what was asked for; problems go to the error output as one sentence."""
    from nlp.speech.library import LibraryError

    try:
        match args.models_command:
            case "install":
                return _install(args.name, args.folder, args.hub)
            case "verify":
                return _list(settings.speech_model, afresh=True)
            case "select":
                return _select(args.name, args.settings or settings_file())
            case _:
                return _list(settings.speech_model, afresh=False)
    except LibraryError as error:
        print(f"deskline models: {error}", file=sys.stderr)
        return 1


def _list(chosen: str, *, afresh: bool) -> int:
    from nlp.speech.models import ModelChoice, describe_models, place

    reports = describe_models(ModelChoice(chosen), afresh=afresh)
    for report in reports:
        mark = "*" if report.name == chosen else " "
        print(f"{mark} {report.name:16} {report.state:10} {report.detail}")
        if report.state != "installed":
            print(f"  {'':16} {'':10} {report.remedy}")
    device, numbers, threads = place()
    where = "the graphics card" if device == "cuda" else f"the processor, {threads} threads"
    print(f"\nThe model marked * is used, on {where} ({numbers}).")
    used = next((report for report in reports if report.name == chosen), None)
    damaged = any(report.state == "damaged" for report in reports)
    return 1 if damaged or used is None or used.state != "installed" else 0


def _install(name: str, folder: Path | None, hub: str | None) -> int:
    from nlp.speech import library
    from nlp.speech.models import KNOWN

    if folder is not None or hub is not None:
        if name in KNOWN:
            raise library.LibraryError(f"{name} is the name of a model that Deskline brings. Choose another name.")
        fetch = library.copied(folder) if folder is not None else library.downloaded(hub or "")
        where = library.add(name, library.library_folder(), fetch)
        print(f"{name} is installed in {where}. Use it with: deskline models select {name}")
        return 0
    if name not in KNOWN:
        raise library.LibraryError(f"{name} is none of {', '.join(KNOWN)}: say --folder or --hub for one of your own.")
    done = subprocess.run([sys.executable, "-m", "pip", "install", *KNOWN[name].requirements], check=False)
    if done.returncode:
        raise library.LibraryError(f"pip could not install {name}. By hand: {KNOWN[name].remedy}")
    return 0


def _select(name: str, file: Path) -> int:
    from nlp.speech.library import LibraryError
    from nlp.speech.models import ModelChoice, describe_models

    report = next((one for one in describe_models(ModelChoice(name)) if one.name == name), None)
    if report is None or report.state != "installed":
        detail = report.detail if report is not None else "it is not known"
        raise LibraryError(f"{name} cannot be used: {detail}")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    line = "speech_model = " + '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    changed, count = re.subn(r"(?m)^\s*speech_model\s*=.*$", lambda _: line, text)
    if not count:  # before the first table: the settings have none, but a firm's file may
        changed = f"{line}\n{text}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(changed, encoding="utf-8")
    print(f"{name} is used from the next start on ({file}).")
    return 0
