"""The command line of Deskline."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.cli import admin, models, server
from app.settings import Settings, SettingsError, load, settings_file

DESCRIPTION = """\
Deskline, the sales trader's workstation. Without a command it opens the desk.

  deskline                      open the desk
  deskline demo                 play a demonstration call and chat on an invented desk
  deskline report call.wav      write the call report of a recording or a dialogue file
  deskline models               list, install, verify and choose speech models
  deskline doctor               check this installation and say how to mend it
  deskline audit verify         check that no logged change was altered or removed
  deskline directory-token URL  keep an app directory's token in the keyring
  deskline bridge               connect the FDC3 desktop agents of this machine
  deskline server               run the central server that keeps desks in step
  deskline admin                manage the central server: users, roles, desks, backup
"""

EPILOG = f"""\
Settings come from {settings_file()}, from environment variables named
DESKLINE_ and the setting in capitals, and from --set NAME=VALUE, the later winning.
Exit status: 0 all well, 1 a problem that the message explains, 2 wrong usage.
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="deskline",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--desk", metavar="NAME", help="which desk to use; each has its own database (default: main)")
    top.add_argument(
        "--demo-data",
        action="store_const",
        const=True,
        help="fill the desk, if it is new, with invented customers and two years of business",
    )
    top.add_argument("--settings", type=Path, metavar="FILE", help="read this settings file instead of the usual one")
    top.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting for this run; may be repeated",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="play a demonstration call and chat",
        description="Opens an invented desk and plays a call and a chat on it, as a customer would make them.",
    )
    demo.add_argument(
        "--call", type=Path, metavar="WAV", help="two-channel recording to play (left trader, right client)"
    )
    demo.add_argument("--chat", type=Path, metavar="YAML", help="dialogue file of a chat to play")
    demo.add_argument("--offscreen", action="store_true", help="open no window; write screenshots and reports instead")
    demo.add_argument("--speed", type=float, default=1.0, metavar="N", help="play N times faster than real time")
    demo.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where --offscreen writes (default: out)"
    )

    report = commands.add_parser(
        "report",
        help="write the call report of a recording or a dialogue file",
        description="Reads a two-channel recording (wav, flac) or a dialogue file (yaml) and prints its call report.",
    )
    report.add_argument("file", type=Path, metavar="FILE")
    report.add_argument(
        "--header",
        type=Path,
        metavar="YAML",
        help="start time, client and trader of a recording: a dialogue file without turns",
    )
    report.add_argument("--json", action="store_true", help="print JSON instead of a readable text")

    commands.add_parser(
        "doctor",
        help="check this installation",
        description="Lists what Deskline needs: what is installed, what is missing, and how to mend it.",
    )

    audit = commands.add_parser("audit", help="check the change log", description="Checks the desk's change log.")
    audit_commands = audit.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")
    audit_commands.add_parser("verify", help="detect altered, missing or reordered entries")

    directory = commands.add_parser(
        "directory-token",
        help="keep an app directory's token in the keyring",
        description="Asks for the bearer token of an app directory of the setting app_directories and keeps it.",
    )
    directory.add_argument("url", metavar="URL")

    bridge = commands.add_parser(
        "bridge",
        help="connect the FDC3 desktop agents of this machine",
        description="Runs a desktop agent bridge (FDC3 2.2) on 127.0.0.1. A desk joins it by the setting bridge.",
    )
    bridge.add_argument(
        "--port", type=int, metavar="N", help="port to serve on (default: the first free one of 4475 to 4575)"
    )
    bridge.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="admit only agents that have this key file; it is made if it does not exist",
    )
    models.add_to(commands)
    server.add_to(commands)
    admin.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    try:
        settings = load(args.settings, overrides=_overrides(args))
    except SettingsError as error:
        print(f"deskline: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # At debug level the websocket library writes down handshakes and frames: tokens, and what customers say.
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        return _dispatch(args, settings)
    except KeyboardInterrupt:
        return 130


def _overrides(args: argparse.Namespace) -> dict[str, Any]:
    values: dict[str, Any] = {"desk": args.desk, "demo_data": args.demo_data}
    for item in args.set:
        name, equals, value = item.partition("=")
        if not equals:
            raise SettingsError(f"--set takes NAME=VALUE, not {item!r}")
        values[name.strip()] = value
    return values


def _dispatch(args: argparse.Namespace, settings: Settings) -> int:
    # Imported here: each command loads only what it needs, and the window must be there in a moment.
    match args.command:
        case "report":
            from app.cli import report

            return report.run(args.file, args.header, settings.speech_model, as_json=args.json)
        case "models":
            return models.run(args, settings)
        case "doctor":
            from app.cli import doctor

            return doctor.run(settings)
        case "audit":
            from app.cli import audit

            return audit.run(settings)
        case "directory-token":
            from app.cli import directory

            return directory.run(args.url)
        case "bridge":
            from app.cli import bridge

            return bridge.run(args.port, args.token_file)
        case "server":
            return server.run(args, settings.log_level)
        case "admin":
            return admin.run(args)
        case "demo":
            from app.cli import demo

            return demo.run(
                settings, call=args.call, chat=args.chat, offscreen=args.offscreen, speed=args.speed, out=args.out
            )
        case _:
            from app.desk import open_desk

            return open_desk(settings)


if __name__ == "__main__":
    sys.exit(main())
