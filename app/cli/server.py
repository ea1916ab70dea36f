"""``deskline server``: the central server that keeps desks in step."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    server = commands.add_parser(
        "server",
        help="run the central server that keeps desks in step",
        description="Runs the central server. It keeps a Postgres of its own in its data folder, or uses a given one; "
        "any number of servers may share one. The first start makes the first user and shows the password once.",
    )
    add_place_to(server)
    server.add_argument(
        "--listen", default="127.0.0.1:8455", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8455)"
    )
    server.add_argument("--certificate", type=Path, metavar="FILE", help="TLS certificate chain (PEM)")
    server.add_argument("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    server.add_argument("--plain", action="store_true", help="no TLS; only on 127.0.0.1, behind a proxy that has it")
    server.add_argument(
        "--nats", default="", metavar="URL", help="a NATS by which several servers tell each other what is new"
    )
    server.add_argument("--openid", metavar="ISSUER", help="let users sign in with this OpenID Connect provider")
    server.add_argument("--openid-client", metavar="ID", help="the server's client id there")
    server.add_argument(
        "--openid-secret", type=Path, metavar="FILE", help="file with the client's secret, if it has one"
    )
    server.add_argument("--firm", default="Deskline", metavar="NAME", help="the firm's name, at the first start")


def add_place_to(parser: argparse.ArgumentParser) -> None:
    """Where the server's data is, for ``server`` and ``admin`` alike."""
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the server's data folder")
    parser.add_argument("--database", metavar="URL", help="a Postgres to use: postgresql://user:password@host/name")


def folder_of(args: argparse.Namespace) -> Path:
    from platformdirs import user_data_path

    return args.data if args.data is not None else user_data_path("deskline") / "server"


def run(args: argparse.Namespace, log_level: str) -> int:
    from app.server import logs

    logs.set_up(log_level)
    from app.server.openid import Provider
    from app.server.run import CannotServe, Options, serve

    host, _, port = args.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        print(f"deskline: --listen takes HOST:PORT, not {args.listen!r}", file=sys.stderr)
        return 2
    if (args.openid is None) != (args.openid_client is None):
        print("deskline: --openid and --openid-client belong together", file=sys.stderr)
        return 2
    if (args.certificate is None) != (args.key is None):
        print("deskline: --certificate and --key belong together", file=sys.stderr)
        return 2
    openid = None
    if args.openid is not None:
        secret = None if args.openid_secret is None else args.openid_secret.read_text(encoding="utf-8").strip()
        openid = Provider(args.openid, args.openid_client, secret)
    options = Options(
        folder_of(args), args.database, host.strip("[]"), int(port), args.certificate, args.key, args.plain, args.firm,
        openid, args.nats,
    )  # fmt: skip
    try:
        serve(options, lambda line: print(line, flush=True))
    except CannotServe as error:
        print(f"deskline: {error}", file=sys.stderr)
        return 1
    return 0
