"""The migrations and the tables say the same."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.database import migrate
from app.server.tables import metadata


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_migrated_schema_is_that_of_the_tables(engine: AsyncEngine) -> None:
    await migrate(engine)  # a second time changes nothing
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_firm_is_first_in_every_key() -> None:
    for table in metadata.sorted_tables:
        if table.name not in ("firm", "signing_key"):
            assert next(iter(table.primary_key.columns)).name == "firm", table.name
