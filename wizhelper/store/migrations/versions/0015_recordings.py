"""Recordings on the appliance: the company's policy and keys, the encrypted recordings and their chunks, their retention."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _settings()
    op.create_table(
        "recording_keys",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("public", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("wrapped", sa.JSON(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.UniqueConstraint("company_id", "public"),
    )
    _recordings()
    with op.batch_alter_table("retention_settings") as table:
        table.add_column(sa.Column("recordings", sa.Integer(), nullable=False, server_default="90"))


def _settings() -> None:
    op.create_table(
        "recording_settings",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), primary_key=True),
        sa.Column("policy", sa.String(16), nullable=False),
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("listers", sa.JSON(), nullable=False),
        sa.Column("players", sa.JSON(), nullable=False),
        sa.Column("deleters", sa.JSON(), nullable=False),
        sa.Column("quota_mb", sa.Integer(), nullable=False),
    )


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("support_sessions.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("key_id", sa.Integer(), sa.ForeignKey("recording_keys.id"), nullable=False),
        sa.Column("sealed", sa.String(160), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.DateTime(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
    )
    op.create_index("recordings_company_begun", "recordings", ["company_id", "begun_at"])
    op.create_index("ix_recordings_session_id", "recordings", ["session_id"])
    op.create_index("recordings_state_last", "recordings", ["state", "last_at"])
    op.create_table(
        "recording_chunks",
        sa.Column("recording_id", sa.String(36), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at_byte", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    with op.batch_alter_table("retention_settings") as table:
        table.drop_column("recordings")
    for name in ("recording_chunks", "recordings", "recording_keys", "recording_settings"):
        op.drop_table(name)
