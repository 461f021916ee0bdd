"""Five-second averages of the remote screen stay with the session."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_quality",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("rtt_ms", sa.Double(), nullable=True),
        sa.Column("fps", sa.Double(), nullable=False),
        sa.Column("kbit_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["support_sessions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_session_quality_session_id"), "session_quality", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_session_quality_session_id"), table_name="session_quality")
    op.drop_table("session_quality")
