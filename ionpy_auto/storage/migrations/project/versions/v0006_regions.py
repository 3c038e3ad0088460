"""Markers that last: a region has an end."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("markers") as table:
        table.add_column(sa.Column("ends", sa.Float(), nullable=True))
