"""Operator groups, addresses of a whole company, and accounts that lock after wrong passwords."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "name"),
    )
    op.create_index(op.f("ix_teams_company_id"), "teams", ["company_id"], unique=False)
    # As SQL: Alembic adds the reference in a second statement, which SQLite does not know.
    op.execute("ALTER TABLE accounts ADD COLUMN team_id INTEGER REFERENCES teams (id)")
    op.create_index(op.f("ix_accounts_team_id"), "accounts", ["team_id"], unique=False)
    op.add_column("accounts", sa.Column("failed_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("locked_at", sa.DateTime(), nullable=True))
    op.add_column("companies", sa.Column("allowed_addresses", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("companies", sa.Column("lock_after", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("companies", "lock_after")
    op.drop_column("companies", "allowed_addresses")
    op.drop_column("accounts", "locked_at")
    op.drop_column("accounts", "failed_count")
    op.drop_index(op.f("ix_accounts_team_id"), table_name="accounts")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("team_id")
    op.drop_index(op.f("ix_teams_company_id"), table_name="teams")
    op.drop_table("teams")
