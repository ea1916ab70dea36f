"""The connection to Postgres, and its schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_202_611  # any number, the same in every process of the server


# A database that has gone without a word is missed within some twenty seconds, not after the hours of the system's own.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",
}


def parameters(url: str) -> dict[str, str]:
    """``url`` as libpq takes it, also with several hosts: ``postgresql://user:password@one:5432,two:5432/name``.

    Of several the one that takes changes is used, whichever that is at the moment.
    """
    given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    several = {"target_session_attrs": "read-write"} if "," in given.get("host", "") else {}
    return {**_PATIENCE, **several, **given}


def connect(url: str, *, connections: int = 8) -> AsyncEngine:
    """``url``: see ``parameters``."""
    return create_async_engine(
        "postgresql+psycopg://",
        connect_args=parameters(url),
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
