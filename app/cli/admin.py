"""``deskline admin``: users, roles, desks and the server's data. For who can open the server's database."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.server import add_place_to, folder_of

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncEngine

    from app.server.administration import Administration
    from app.server.backup import Restored
    from app.server.personal import PersonalData

_ROLES = "trader, sales-manager, credit-officer, compliance, administrator, viewer"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    admin = commands.add_parser(
        "admin",
        help="manage the central server: users, roles, desks, backup",
        description="Works on the server's database, whether or not a server runs: --data or --database as it has.",
    )
    add_place_to(admin)
    admin.add_argument("--firm", metavar="NAME", help="which firm, by name or id, if the database has several")
    acts = admin.add_subparsers(dest="act", required=True, metavar="ACT")

    users = acts.add_parser("users", help="list the users")
    users.add_argument("--csv", action="store_true", help="as comma-separated values")
    user = acts.add_parser("add-user", help="add a user; shows the one-time password")
    user.add_argument("login", help="e-mail address or name to sign in with")
    user.add_argument("name", help="full name")
    user.add_argument("--desk", dest="stands_at", default="", metavar="NAME", help="the desk the user sits at")
    _roles_of(user)
    user.add_argument("--openid", action="store_true", help="signs in with OpenID Connect: no password here")
    roles = acts.add_parser("set-roles", help="set a user's roles, everywhere or for one scope")
    roles.add_argument("login")
    _roles_of(roles)
    for name, text in (
        ("disable-user", "end a user's sign-ins and let no new ones begin"),
        ("enable-user", "let a user sign in again"),
        ("reset-password", "give a user a new one-time password; ends the user's sign-ins"),
    ):
        acts.add_parser(name, help=text).add_argument("login")

    acts.add_parser("devices", help="list the devices").add_argument("--csv", action="store_true")
    device = acts.add_parser("add-device", help="prepare a device; shows the code with which it is enrolled once")
    device.add_argument("name", help="what to call the device")
    _scopes_of(device)
    device.add_argument(
        "--with-history", action="store_true", help="it may bring along all that it wrote before, whoever wrote it"
    )
    scopes = acts.add_parser("set-scopes", help="set what a device may hold")
    scopes.add_argument("device", help="its id, as `devices` shows it")
    _scopes_of(scopes)
    acts.add_parser("revoke-device", help="a device must remove all that it holds").add_argument("device")

    acts.add_parser("log", help="export what administrators and devices did").add_argument("--csv", action="store_true")
    audit = acts.add_parser("audit", help="check the chains of all desks; export every change")
    audit.add_argument("--export", type=Path, metavar="FILE", help="write one JSON object per change")
    export = acts.add_parser("export-person", help="write all that is known of a contact to a file (JSON)")
    export.add_argument("contact", help="the contact's id")
    export.add_argument("file", type=Path)
    acts.add_parser("erase-person", help="erase a contact and all that hangs on them, on every desk").add_argument(
        "contact", help="the contact's id"
    )
    acts.add_parser("periods", help="list how long what is kept, and what is older")
    period = acts.add_parser("set-period", help="set how many days a kind of record is kept; 0: for ever")
    period.add_argument("kind", help="interaction, follow_up, enquiry, consent")
    period.add_argument("days", type=int)
    acts.add_parser("apply-periods", help="erase what is older than its period; `periods` says what that is")
    acts.add_parser("backup", help="write the whole database to a file").add_argument("file", type=Path)
    restore = acts.add_parser("restore", help="put a backup in place of the database; the server must be stopped")
    restore.add_argument("file", type=Path)
    again = acts.add_parser("again", help="do again what administrators did since a backup that was restored")
    again.add_argument("log", type=Path, help="their newer log, as `log --csv` or a restore wrote it")


def _roles_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", action="append", default=[], metavar="ROLE", help=f"one of {_ROLES}; may be repeated")
    parser.add_argument(
        "--scope", default="*", metavar="SCOPE", help="where they count: desk:NAME, book:NAME, or everywhere (default)"
    )


def _scopes_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--desk", dest="stands_at", required=True, metavar="NAME", help="the desk it stands at")
    parser.add_argument("--book", action="append", default=[], metavar="NAME", help="a book; may be repeated")


def run(args: argparse.Namespace) -> int:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from app.server.administration import NotDone
    from app.server.audit import NotWhole
    from app.server.run import CannotServe, database_of

    try:
        with database_of(folder_of(args), args.database, serving=args.act == "restore") as (url, _):
            asyncio.run(_act(args, url))
    except (CannotServe, NotDone, NotWhole) as error:
        print(f"deskline: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"deskline: there is no file {error.filename}", file=sys.stderr)
        return 1
    except FileExistsError:
        print(f"deskline: {args.file} is there already", file=sys.stderr)
        return 1
    return 0


async def _act(args: argparse.Namespace, url: str) -> None:
    from app.server import backup
    from app.server.administration import Administration, firm_of, found_firm
    from app.server.database import connect, migrate
    from app.server.personal import PersonalData
    from app.server.postgres_ledger import PostgresLedger

    if args.act == "restore":
        _tell_of(await backup.restore(url, args.file))
        return
    if args.act == "backup":
        await asyncio.to_thread(backup.backup, url, args.file)
        print(f"Written to {args.file}.")
        return
    engine = connect(url, connections=2)
    try:
        await migrate(engine)
        if args.firm is None:
            await found_firm(engine, "Deskline")  # there is none before a server's first start
        firm = await firm_of(engine, args.firm)
        if args.act == "audit":
            await _audit(engine, firm, args.export)
        elif args.act == "again":
            await _again(engine, firm, args.log)
        elif args.act in ("export-person", "erase-person", "periods", "set-period", "apply-periods"):
            ledger = PostgresLedger(engine)
            await _personal(args, PersonalData(engine, ledger, firm, Administration(engine, ledger, firm).actor))
        else:
            await _administer(args, Administration(engine, PostgresLedger(engine), firm))
    finally:
        await engine.dispose()


async def _administer(args: argparse.Namespace, administration: Administration) -> None:
    match args.act:
        case "users":
            _print(await administration.users(), as_csv=args.csv)
        case "add-user":
            _, password = await administration.add_user(
                args.login, args.name, args.stands_at, args.role, args.scope, local=not args.openid
            )
            print(f"The one-time password of {args.login} is {password}" if password else f"{args.login} is added.")
        case "set-roles":
            await administration.set_roles(args.login, args.role, args.scope)
        case "disable-user" | "enable-user":
            await administration.set_active(args.login, args.act == "enable-user")
        case "reset-password":
            print(f"The one-time password of {args.login} is {await administration.reset_password(args.login)}")
        case "devices":
            _print(await administration.devices(), as_csv=args.csv)
        case "add-device":
            device, code = await administration.add_device(
                args.name, args.stands_at, args.book, brings_history=args.with_history
            )
            print(f"Device {device}; its code, for one enrolment within three days, is {code}")
        case "set-scopes":
            await administration.set_scopes(args.device, args.stands_at, args.book)
        case "revoke-device":
            await administration.revoke_device(args.device)
        case "log":
            _print(await administration.log(), as_csv=args.csv)


async def _personal(args: argparse.Namespace, personal: PersonalData) -> None:
    match args.act:
        case "export-person":
            found = await personal.export(args.contact)
            await asyncio.to_thread(_write_new, args.file, found)
        case "erase-person":
            print(f"{await personal.erase(args.contact)} records erased; desks follow when they are next in step.")
        case "set-period":
            await personal.set_period(args.kind, args.days)
        case "periods" | "apply-periods":
            work = personal.due if args.act == "periods" else personal.apply
            for due in await work(await personal.periods(), dt.datetime.now(dt.UTC)):
                oldest = f", the oldest from {due.oldest[:10]}" if due.oldest else ""
                print(f"{due.kind}: kept {due.days} days; {due.records} older{oldest}")


def _tell_of(restored: Restored) -> None:
    print(f"Restored. The epoch is now {restored.epoch}: desks compare anew and send again what the backup lacks.")
    if restored.undone:
        print("What administrators did since the backup is undone; erased persons and revoked devices are back:")
        for act in restored.undone:
            print(f"  {act.at:%Y-%m-%d %H:%M}  {act.what}  {_shown(dict(act.detail))}")
        print(f"Before you start a server, `deskline admin again {restored.log}` does it again.")
    elif restored.log is None:
        print("Nothing is known of what administrators did since the backup. If there is a newer log of theirs")
        print("(`deskline admin log --csv`), let `deskline admin again LOG` do it again, before you start a server.")


async def _again(engine: AsyncEngine, firm: str, log: Path) -> None:
    from app.server import again
    from app.server.administration import Administration
    from app.server.personal import PersonalData
    from app.server.postgres_ledger import PostgresLedger

    ledger = PostgresLedger(engine)
    administration = Administration(engine, ledger, firm)
    personal = PersonalData(engine, ledger, firm, administration.actor)
    with log.open(encoding="utf-8", newline="") as file:
        acts = [act for act in again.read(file) if act.firm == firm]
    for act in await again.undone(engine, acts):
        if said := await again.do(engine, act, administration, personal):
            print(said)


async def _audit(engine: AsyncEngine, firm: str, export: Path | None) -> None:
    from app.server.audit import check

    with contextlib.ExitStack() as open_files:
        file = None if export is None else open_files.enter_context(export.open("w", encoding="utf-8"))
        found = await check(engine, firm, file)
    print(f"{found.entries} changes of {found.sites} sites: every chain is whole.")


def _write_new(target: Path, content: bytes) -> None:
    """For its owner's eyes; never over another file."""
    with open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(content)


def _print(rows: Sequence[RowMapping], *, as_csv: bool) -> None:
    from app.server import again

    if as_csv:
        again.write(rows, sys.stdout)
        return
    for row in rows:
        print("  ".join(f"{name}={_shown(value)}" for name, value in row.items() if value not in (None, [], "")))


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
