"""How often what a device may hold was changed; which records were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("device", sa.Column("changes", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("record", sa.Column("erased", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(
        "UPDATE record SET erased = true FROM item WHERE item.cause = 'erase' AND item.firm = record.firm "
        "AND item.table_name = record.table_name AND item.record_id = record.record_id"
    )
