"""Restarts of a customer's PC within a session."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("support_sessions") as table:
        table.add_column(sa.Column("reboot", sa.JSON(), nullable=True))
        table.add_column(sa.Column("resume_hash", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("resume_until", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("support_sessions") as table:
        table.drop_column("resume_until")
        table.drop_column("resume_hash")
        table.drop_column("reboot")
