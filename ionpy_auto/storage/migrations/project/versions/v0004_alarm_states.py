"""What covers an alarm, how often it came, and delays that go on after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

EMPTY = sa.text("''")


def upgrade() -> None:
    """Add the columns; ``priority`` held whether an alarm latches until now."""
    with op.batch_alter_table("alarms") as table:
        table.add_column(sa.Column("state", sa.String(), server_default=EMPTY, nullable=False))
        table.add_column(sa.Column("raised_id", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("latching", sa.Boolean(), server_default="0", nullable=False))
        table.add_column(sa.Column("overlay", sa.String(), server_default=EMPTY, nullable=False))
        table.add_column(sa.Column("count", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("detail", sa.JSON(), server_default="{}", nullable=False))
    op.execute("UPDATE alarms SET latching = (priority != 0), priority = 0")
    op.create_table(
        "alarm_memory",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
