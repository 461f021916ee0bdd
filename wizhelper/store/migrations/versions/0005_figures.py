"""What statistics count by."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SLOT = {
    "sqlite": "CAST(strftime('%s', COALESCE(connected_at, created_at)) AS INTEGER) / 900",
    "postgresql": "CAST(FLOOR(EXTRACT(EPOCH FROM COALESCE(connected_at, created_at)) / 900) AS INTEGER)",
}
FIGURES = (
    *("company_id", "slot", "counted", "owner_id", "state", "result", "fault_type_id"),
    *("kind", "os", "os_version", "active_s"),
)


def upgrade() -> None:
    with op.batch_alter_table("support_sessions") as table:
        table.add_column(sa.Column("slot", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    slot = SLOT[op.get_bind().dialect.name]
    op.execute(f"UPDATE support_sessions SET slot = {slot}, counted = (connected_at IS NOT NULL)")
    op.create_index("support_sessions_figures", "support_sessions", FIGURES)


def downgrade() -> None:
    op.drop_index("support_sessions_figures", table_name="support_sessions")
    with op.batch_alter_table("support_sessions") as table:
        table.drop_column("counted")
        table.drop_column("slot")
