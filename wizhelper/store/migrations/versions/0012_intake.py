"""The intake form and its answers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intake_fields",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id"), nullable=False, index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
    )
    with op.batch_alter_table("support_sessions") as table:
        table.add_column(sa.Column("intake", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("support_sessions") as table:
        table.drop_column("intake")
    op.drop_table("intake_fields")
