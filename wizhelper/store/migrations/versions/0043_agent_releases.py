"""Agent releases: when the appliance had each first, what devices said of them, whether they are taken by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_releases",
        sa.Column("version", sa.String(32), primary_key=True),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
    )
    with op.batch_alter_table("devices") as table:
        table.add_column(sa.Column("update_version", sa.String(32), nullable=False, server_default=""))
        table.add_column(sa.Column("update_code", sa.String(32), nullable=False, server_default=""))
        table.add_column(sa.Column("update_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("device_settings") as table:
        table.add_column(sa.Column("updates", sa.String(16), nullable=False, server_default="auto"))
