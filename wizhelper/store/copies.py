"""Copies of the SQLite database: one before each change of its schema, and the way back to one of them.

They lie in `backups` beside the database, named by schema and time, readable by their owner only. PostgreSQL has pg_dump for this.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

FOLDER = "backups"
KEPT = 3
"""The last copies; older ones are removed when a new one is complete."""

#: What SQLite keeps beside a database in WAL mode; with another database they would be taken for its own.
BESIDE = ("-wal", "-shm")


class InUse(Exception):
    """The appliance runs: stop it first."""


class BadCopy(Exception):
    """The file is no complete database of ours; the text says why."""


def copies(database: Path) -> list[Path]:
    """Oldest first."""
    return sorted(
        (database.parent / FOLDER).glob("wizhelper-*.db"), key=lambda file: (file.stat().st_mtime_ns, file.name)
    )


def make_copy(database: Path, revision: str, now: datetime) -> Path:
    """A copy by SQLite's own online backup, complete or not there at all. Raises OSError, sqlite3.Error."""
    folder = database.parent / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"wizhelper-{revision}-{now:%Y%m%dT%H%M%S%fZ}.db"
    part = file.with_suffix(".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(database, part)
        check(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    for old in copies(database)[:-KEPT]:
        old.unlink()
    return file


def check(file: Path) -> str:
    """-> the schema's revision. Raises BadCopy."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
            if verdict != "ok":
                raise BadCopy(str(verdict))
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as problem:
        raise BadCopy(str(problem)) from problem
    if row is None:
        raise BadCopy("no schema version")
    return str(row[0])


def restore(database: Path, copy: Path) -> Path | None:
    """Puts `copy` into the place of the database; -> where the present one is now. The appliance must not run.
    Raises BadCopy, InUse, OSError, sqlite3.Error; then the present one is still in its place."""
    check(copy)
    part = database.with_suffix(".restoring")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(copy, part)
        aside = _set_aside(database)
        part.replace(database)
        return aside
    finally:
        part.unlink(missing_ok=True)


def _set_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    # Leaving WAL mode takes in what is in the log only, and is refused while anybody else has the database open.
    with closing(sqlite3.connect(database, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as problem:
            raise InUse(str(problem)) from problem
    aside = database.with_suffix(".before-restore")
    database.replace(aside)
    for ending in BESIDE:
        Path(f"{database}{ending}").unlink(missing_ok=True)
    return aside


def _copy(source: Path, target: Path) -> None:
    """A copy has no write-ahead log of its own."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target)) as write,
    ):
        read.backup(write)
        write.execute("PRAGMA journal_mode=DELETE")
