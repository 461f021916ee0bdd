"""The schema's version: what the database has, what this program knows, and the step from one to the other."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from twisted.logger import Logger

from wizhelper.store import copies

log = Logger()


class SchemaTooNew(Exception):
    """The database was written by a newer version: this one would not understand it."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The database was written by a newer version of WizHelper: its schema is {found}, this version knows {known} at most. "
            "Install that version again, or go back to an older copy: wizhelper admin restore --data DIR --copy FILE "
            "(copies are in DIR/backups)."
        )


class CopyFailed(Exception):
    """No copy could be made before the schema is changed, so it was not changed."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def newest() -> str:
    """What this version knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revision_of(engine: Engine) -> str | None:
    """None: an empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def check(engine: Engine) -> None:
    """Raises SchemaTooNew."""
    found = revision_of(engine)
    if found is not None and not is_known(found):
        raise SchemaTooNew(found, newest())


def upgrade(engine: Engine) -> None:
    """Brings the schema to the newest version, in one transaction; a SQLite database that holds something is copied first.
    Raises SchemaTooNew, CopyFailed."""
    check(engine)
    found = revision_of(engine)
    if found == newest():
        return
    if found is not None:
        _copy_first(engine, found)
    config = _config()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _copy_first(engine: Engine, found: str) -> None:
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or file == ":memory:":
        return
    try:
        made = copies.make_copy(Path(file), found, datetime.now(UTC))
    except (OSError, sqlite3.Error, copies.BadCopy) as problem:
        raise CopyFailed(
            f"The database could not be copied before its schema is changed: {problem}. Nothing was changed; make room and start again."
        ) from problem
    log.info("The schema changes from {found}; a copy was made: {copy}", found=found, copy=str(made))
