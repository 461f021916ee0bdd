"""From version N to N+1 and back: a copy before the schema changes, the last three kept, a newer schema refused with words."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

import wizhelper.server as server
from wizhelper import __main__
from wizhelper.store import copies, schema
from wizhelper.store.copies import BadCopy, InUse
from wizhelper.store.database import Database, sqlite_url
from wizhelper.store.schema import CopyFailed, SchemaTooNew

OLDER = "0005"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database as version N left it, with one company in it."""
    made = tmp_path / "data" / "wizhelper.db"
    made.parent.mkdir(mode=0o700)
    db = Database(sqlite_url(made))
    config = schema._config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDER)
        connection.commit()
    db.stop()
    write(made, "CREATE TABLE canary (word TEXT)")
    write(made, "INSERT INTO canary VALUES ('of version N')")
    return made


def write(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def words(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM canary ORDER BY rowid")]


def upgrade(file: Path) -> None:
    db = Database(sqlite_url(file))
    try:
        db.upgrade()
    finally:
        db.stop()


def run_admin(*arguments: str) -> int:
    return __main__.main(["admin", *arguments])


def test_the_schema_is_changed_after_a_whole_copy_was_made(file: Path) -> None:
    upgrade(file)
    (copy,) = copies.copies(file)
    assert (copies.check(copy), copies.check(file)) == (OLDER, schema.newest())
    assert words(copy) == words(file) == ["of version N"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


def test_nothing_is_copied_when_nothing_changes(file: Path) -> None:
    upgrade(file)
    upgrade(file)
    assert len(copies.copies(file)) == 1


def test_a_new_database_needs_no_copy(tmp_path: Path) -> None:
    upgrade(tmp_path / "new.db")
    assert copies.copies(tmp_path / "new.db") == []


def test_the_last_three_copies_are_kept(file: Path) -> None:
    made = [copies.make_copy(file, OLDER, NOW + timedelta(minutes=minute)) for minute in range(5)]
    assert copies.copies(file) == made[-copies.KEPT :]


def test_the_way_back_from_the_new_version_to_the_old_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upgrade(file)
    write(file, "INSERT INTO canary VALUES ('of version N+1')")
    (copy,) = copies.copies(file)
    assert run_admin("restore", "--data", str(file.parent), "--copy", str(copy)) == 0
    assert copies.check(file) == OLDER and words(file) == ["of version N"]
    assert words(file.with_suffix(".before-restore")) == ["of version N", "of version N+1"]
    assert OLDER in capsys.readouterr().out
    upgrade(file)
    assert copies.check(file) == schema.newest()


def test_what_is_in_the_write_ahead_log_only_does_not_come_into_the_restored_database(file: Path) -> None:
    upgrade(file)
    (copy,) = copies.copies(file)
    keeper = sqlite3.connect(file)
    keeper.execute("PRAGMA journal_mode=WAL")
    keeper.execute("INSERT INTO canary VALUES ('late')")
    keeper.commit()
    with pytest.raises(InUse):
        copies.restore(file, copy)
    keeper.close()
    copies.restore(file, copy)
    assert words(file) == ["of version N"] and "late" in words(file.with_suffix(".before-restore"))


def test_a_running_appliance_is_not_pulled_away(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upgrade(file)
    (copy,) = copies.copies(file)
    running = Database(sqlite_url(file))
    running.check()
    held = running.engine.connect()
    assert run_admin("restore", "--data", str(file.parent), "--copy", str(copy)) == 1
    assert "Stop it first" in capsys.readouterr().out and copies.check(file) == schema.newest()
    held.close()
    running.stop()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(500)])
def test_what_is_no_copy_is_not_restored(file: Path, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(content)
    with pytest.raises(BadCopy):
        copies.restore(file, bad)
    assert words(file) == ["of version N"] and not file.with_suffix(".before-restore").exists()


def test_without_room_for_the_copy_nothing_is_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(copies, "_copy", full)
    with pytest.raises(CopyFailed, match="Nothing was changed"):
        upgrade(file)
    monkeypatch.undo()
    assert copies.check(file) == OLDER and list((file.parent / "backups").iterdir()) == []


@pytest.fixture
def newer(file: Path) -> Path:
    upgrade(file)
    write(file, "UPDATE alembic_version SET version_num = '9999'")
    return file


def test_an_older_version_does_not_touch_a_newer_schema(newer: Path) -> None:
    before = newer.read_bytes()
    with pytest.raises(SchemaTooNew, match=r"9999.*admin restore"):
        upgrade(newer)
    assert newer.read_bytes() == before


def test_the_appliance_says_so_and_does_not_start(newer: Path) -> None:
    options = server.Options()
    options.parseOptions(["--data", str(newer.parent)])
    with pytest.raises(usage.UsageError, match="newer version of WizHelper"):
        server.makeService(options, MemoryReactorClock())


def test_the_command_line_says_so(newer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_admin("add-company", "--data", str(newer.parent), "--company", "acme") == 1
    assert "newer version of WizHelper" in capsys.readouterr().err
