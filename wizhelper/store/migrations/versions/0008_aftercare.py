"""Survey and reports of abuse."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "abuse_reports",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("handled_at", sa.DateTime(), nullable=True),
        sa.Column("handled_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("abuse_reports_company_open", "abuse_reports", ["company_id", "handled_at"])
    with op.batch_alter_table("companies") as table:
        table.add_column(sa.Column("survey_enabled", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("support_sessions") as table:
        table.add_column(sa.Column("survey_asked", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("satisfaction", sa.Integer(), nullable=True))
        table.add_column(sa.Column("survey_comment", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "support_sessions_asked",
        "support_sessions",
        ["company_id", "slot", "satisfaction"],
        sqlite_where=sa.text("survey_asked"),
        postgresql_where=sa.text("survey_asked"),
    )


def downgrade() -> None:
    op.drop_index("support_sessions_asked", table_name="support_sessions")
    with op.batch_alter_table("support_sessions") as table:
        for column in ("survey_comment", "satisfaction", "survey_asked"):
            table.drop_column(column)
    with op.batch_alter_table("companies") as table:
        table.drop_column("survey_enabled")
    op.drop_table("abuse_reports")
