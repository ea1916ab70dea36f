"""Moves a firm with all that it has from one Postgres to another that runs the same version of Deskline.

    python packaging/move_firm.py FIRM FROM TO      FIRM: its id; FROM, TO: postgresql://user:password@host/name

Its desks wait meanwhile, and go on where they stood as soon as their server's address leads to the new place.
"""

from __future__ import annotations

import argparse
import sys

import psycopg
from psycopg import sql
from sqlalchemy import Table

from app.server.tables import firm as firms
from app.server.tables import metadata


def move(firm: str, source: str, target: str) -> dict[str, int]:
    """Rows by table. Raises SystemExit where nothing was moved."""
    moved: dict[str, int] = {}
    with psycopg.connect(source) as old, psycopg.connect(target) as new:
        # Whoever is in the middle of a change ends it first; the next one waits until the firm has gone.
        if old.execute("SELECT 1 FROM firm WHERE id = %s FOR UPDATE", (firm,)).fetchone() is None:
            raise SystemExit(f"There is no firm {firm} at the source.")
        if new.execute("SELECT 1 FROM firm WHERE id = %s", (firm,)).fetchone() is not None:
            raise SystemExit(f"The firm {firm} is at the target already.")
        _same_version(old, new)
        ours = [table for table in metadata.sorted_tables if table is firms or "firm" in table.c]
        for table in ours:
            moved[table.name] = _copy(table, firm, old, new)
        new.commit()
        for table in reversed(ours):
            old.execute(sql.SQL("DELETE FROM {} WHERE {} = %s").format(*_names(table)), (firm,))
    return moved


def _same_version(old: psycopg.Connection, new: psycopg.Connection) -> None:
    versions = {each.execute("SELECT version_num FROM alembic_version").fetchone() for each in (old, new)}
    if len(versions) != 1:
        raise SystemExit("The two databases are of different versions: start a server of the same version on both.")


def _copy(table: Table, firm: str, old: psycopg.Connection, new: psycopg.Connection) -> int:
    name, key = _names(table)
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    read = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = {}) TO STDOUT (FORMAT binary)")
    write = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)")
    with old.cursor() as reader, new.cursor() as writer:
        with (
            reader.copy(read.format(columns, name, key, sql.Literal(firm))) as out,
            writer.copy(write.format(name, columns)) as into,
        ):
            for block in out:
                into.write(block)
        return writer.rowcount


def _names(table: Table) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(table.name), sql.Identifier("id" if table is firms else "firm")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("firm", "source", "target"):
        parser.add_argument(name)
    args = parser.parse_args()
    for table, rows in move(args.firm, args.source, args.target).items():
        sys.stdout.write(f"{rows:12,} {table}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
