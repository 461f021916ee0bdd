"""Registered devices: groups, devices and what happened to them, enrolment tokens, policy; sessions with a device."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _company() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["company_id"], ["companies.id"])


def upgrade() -> None:
    op.create_table(
        "device_groups",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("approval", sa.String(length=16), nullable=True),
        sa.Column("answer_s", sa.Integer(), nullable=True),
        _company(),
        sa.ForeignKeyConstraint(["parent_id"], ["device_groups.id"]),
    )
    op.create_index(op.f("ix_device_groups_company_id"), "device_groups", ["company_id"])
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=36), primary_key=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("approval", sa.String(length=16), nullable=True),
        sa.Column("answer_s", sa.Integer(), nullable=True),
        sa.Column("policy_serial", sa.Integer(), nullable=False),
        sa.Column("policy_digest", sa.String(length=64), nullable=False),
        sa.Column("host_name", sa.String(length=255), nullable=False),
        sa.Column("user_name", sa.String(length=255), nullable=False),
        sa.Column("os", sa.String(length=16), nullable=False),
        sa.Column("os_version", sa.String(length=100), nullable=False),
        sa.Column("agent_version", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=True),
        sa.Column("cloned_at", sa.DateTime(), nullable=True),
        _company(),
        sa.ForeignKeyConstraint(["group_id"], ["device_groups.id"]),
    )
    op.create_index("devices_company_status", "devices", ["company_id", "status"])
    op.create_index(op.f("ix_devices_group_id"), "devices", ["group_id"])
    op.create_index(op.f("ix_devices_key"), "devices", ["key"])
    op.create_table(
        "device_events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"]),
    )
    op.create_index("device_events_device_at", "device_events", ["device_id", "at"])
    op.create_table(
        "enrolment_tokens",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False, unique=True),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        _company(),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"]),
    )
    op.create_index(op.f("ix_enrolment_tokens_company_id"), "enrolment_tokens", ["company_id"])
    op.create_table(
        "device_settings",
        sa.Column("company_id", sa.Integer(), primary_key=True),
        sa.Column("approval", sa.String(length=16), nullable=False),
        sa.Column("answer_s", sa.Integer(), nullable=False),
        _company(),
    )
    with op.batch_alter_table("support_sessions") as sessions:
        sessions.add_column(sa.Column("device_id", sa.String(length=36), nullable=True))
        sessions.add_column(sa.Column("approval_s", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_support_sessions_device_id"), "support_sessions", ["device_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_support_sessions_device_id"), table_name="support_sessions")
    with op.batch_alter_table("support_sessions") as sessions:
        sessions.drop_column("approval_s")
        sessions.drop_column("device_id")
    for table in ("device_settings", "enrolment_tokens", "device_events", "devices", "device_groups"):
        op.drop_table(table)
