"""How alembic runs: within the transaction that it is handed."""

from alembic import context

from app.server.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
