"""Several operators in one session: who takes part, and what they ask each other."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_participants",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("from_at", sa.DateTime(), nullable=False),
        sa.Column("to_at", sa.DateTime(), nullable=True),
        sa.Column("dismissed", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_session_participants_session_id", "session_participants", ["session_id"])
    op.create_index("session_participants_account", "session_participants", ["account_id", "to_at"])
    op.create_table(
        "session_offers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("from_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("to_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("stay", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
    )
    op.create_index("ix_session_offers_session_id", "session_offers", ["session_id"])
    op.create_index("ix_session_offers_to_id", "session_offers", ["to_id"])
    op.create_index("session_offers_state_due", "session_offers", ["state", "due_at"])
    with op.batch_alter_table("support_sessions") as table:
        table.add_column(sa.Column("controller_id", sa.Integer(), nullable=True))
        table.create_foreign_key("support_sessions_controller", "accounts", ["controller_id"], ["id"])
        table.add_column(sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("support_sessions") as table:
        table.drop_constraint("support_sessions_controller", type_="foreignkey")
        for column in ("controller_id", "shared"):
            table.drop_column(column)
    op.drop_table("session_offers")
    op.drop_table("session_participants")
