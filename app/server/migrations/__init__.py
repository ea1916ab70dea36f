"""The server's schema, version by version (alembic)."""
