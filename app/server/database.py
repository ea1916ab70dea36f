"""The connection to Postgres, and its schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_202_611  # any number, the same in every process of the server


def connect(url: str, *, connections: int = 8) -> AsyncEngine:
    """``url`` as Postgres takes it: ``postgresql://user:password@host/name``."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=connections,
        pool_pre_ping=True,
        # Nothing that is logged may hold what customers say.
        hide_parameters=True,
    )


async def migrate(engine: AsyncEngine) -> None:
    """Brings the schema up to this version; of several processes that start at once, one does it."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
