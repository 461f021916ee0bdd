"""What belongs to a session goes with it: a table that nobody thought of would stop the deletion of all."""

from __future__ import annotations

import inspect

import wizhelper.server  # noqa: F401  all models
from wizhelper.records.model import SupportSession
from wizhelper.retention import rules
from wizhelper.store.database import Base


def test_every_table_that_points_at_sessions_is_thought_of() -> None:
    target = SupportSession.__table__
    pointing = {
        mapper.class_.__name__
        for mapper in Base.registry.mappers
        if any(key.column.table is target for column in mapper.local_table.c for key in column.foreign_keys)
    }
    source = inspect.getsource(rules._delete_sessions)
    assert {name for name in pointing - {"SupportSession"} if name not in source} == set()
