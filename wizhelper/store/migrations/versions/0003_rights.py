"""A company decides which rights its sessions ask for; favourite addresses and commands."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("companies", sa.Column("rights", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "favourites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("shell", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_favourites_company_id"), "favourites", ["company_id"], unique=False)
    op.create_index(op.f("ix_favourites_account_id"), "favourites", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_favourites_account_id"), table_name="favourites")
    op.drop_index(op.f("ix_favourites_company_id"), table_name="favourites")
    op.drop_table("favourites")
    op.drop_column("companies", "rights")
