"""Chat that is kept with the record."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_chat",
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("customer", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
    )
    with op.batch_alter_table("companies") as table:
        table.add_column(sa.Column("chat_kept", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("companies") as table:
        table.drop_column("chat_kept")
    op.drop_table("session_chat")
