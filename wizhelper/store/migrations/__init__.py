"""Alembic migrations: one file a step, one transaction a step."""
