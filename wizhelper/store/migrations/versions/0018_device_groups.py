"""Who reaches which device groups; rules of access, visits, and actions on many devices."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_group_teams",
        sa.Column("group_id", sa.Integer(), sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("team_id", sa.Integer(), sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    )
    with op.batch_alter_table("device_groups") as table:
        table.add_column(sa.Column("access", sa.JSON(), nullable=True))
        table.add_column(sa.Column("restricted", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("devices") as table:
        table.add_column(sa.Column("access", sa.JSON(), nullable=True))
        table.add_column(sa.Column("networks", sa.JSON(), nullable=True))
    with op.batch_alter_table("device_settings") as table:
        table.add_column(sa.Column("access", sa.JSON(), nullable=True))
    _visits()
    _jobs()


def _visits() -> None:
    op.create_table(
        "device_visits",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("device_id", sa.String(36), sa.ForeignKey("devices.id"), nullable=False),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=True),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), nullable=True),
    )
    op.create_index("device_visits_company_state", "device_visits", ["company_id", "state"])
    op.create_index("ix_device_visits_device_id", "device_visits", ["device_id"])
    op.create_index("ix_device_visits_session_id", "device_visits", ["session_id"])


def _jobs() -> None:
    op.create_table(
        "device_jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("shell", sa.String(16), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
    )
    op.create_index("device_jobs_company_at", "device_jobs", ["company_id", "at"])
    op.create_table(
        "device_results",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("device_jobs.id"), primary_key=True),
        sa.Column("device_id", sa.String(36), sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("through", sa.String(36), sa.ForeignKey("devices.id"), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    for table in ("device_results", "device_jobs", "device_visits", "device_group_teams"):
        op.drop_table(table)
    for name, columns in (
        ("device_settings", ["access"]),
        ("devices", ["networks", "access"]),
        ("device_groups", ["restricted", "access"]),
    ):
        with op.batch_alter_table(name) as batch:
            for column in columns:
                batch.drop_column(column)
