"""The database: schema, transactions, refusals, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import DateTime, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred

import wizhelper.server  # noqa: F401  every table is known to Base once the server is imported
from wizhelper.settings.model import Company
from wizhelper.settings.service import find_company
from wizhelper.store import database
from wizhelper.store.database import Base, Database, StoreBusy, StoreFull, UtcDateTime, sqlite_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    sqlite = request.param == "sqlite"
    found = Database(sqlite_url(tmp_path / "empty.db") if sqlite else request.getfixturevalue("postgres_url"))
    yield found
    found.stop()


def test_the_migrations_lead_to_exactly_the_tables_of_the_code(empty: Database) -> None:
    empty.upgrade()
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_an_upgrade_of_a_new_database_changes_nothing(empty: Database) -> None:
    empty.upgrade()
    empty.upgrade()
    assert empty.check() == "ok"
    assert empty.look(lambda s: s.scalar(text("SELECT count(*) FROM companies"))) == 0


def test_work_that_raises_leaves_nothing(any_db: Database) -> None:
    def work(session: Any) -> None:
        session.add(Company(code="gamma", name="g", created_at=datetime.now(UTC)))
        session.flush()
        raise KeyError("late")

    with pytest.raises(KeyError):
        any_db.transact(work)
    assert any_db.look(lambda s: find_company(s, "gamma")) is None


def test_what_read_work_changes_is_not_kept(any_db: Database) -> None:
    def work(session: Any) -> None:
        session.add(Company(code="gamma", name="g", created_at=datetime.now(UTC)))
        session.flush()

    any_db.look(work)
    assert any_db.look(lambda s: find_company(s, "gamma")) is None


def test_a_broken_rule_of_the_schema_is_an_error_and_not_a_busy_store(any_db: Database) -> None:
    with pytest.raises(IntegrityError):
        any_db.transact(lambda s: s.add(Company(code="alpha", name="again", created_at=datetime.now(UTC))))


def test_rows_that_others_refer_to_cannot_be_taken_away(any_db: Database) -> None:
    """SQLite checks foreign keys only when it is told to."""
    with pytest.raises(IntegrityError):
        any_db.transact(lambda s: s.execute(text("DELETE FROM companies")))


def test_a_writer_that_waits_too_long_is_told_that_the_store_is_busy(
    any_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    other = Database(any_db.url)

    def nested(_session: Any) -> None:
        with pytest.raises(StoreBusy):
            other.transact(lambda s: s.execute(text("UPDATE companies SET name = 'x'")))

    any_db.transact(nested)
    assert other.look(lambda s: s.scalar(select(Company.name).limit(1))) != "x"
    other.transact(lambda s: s.execute(text("UPDATE companies SET name = 'x'")))
    other.stop()


def test_readers_do_not_wait_for_a_writer(any_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    other = Database(any_db.url)

    def nested(session: Any) -> str | None:
        session.execute(text("UPDATE companies SET name = 'x'"))
        return other.look(lambda s: s.scalar(select(Company.name).limit(1)))

    assert any_db.transact(nested) != "x"
    other.stop()


@pytest.mark.parametrize(
    ("name", "state", "kind"),
    [
        ("SQLITE_BUSY", None, StoreBusy),
        ("SQLITE_FULL", None, StoreFull),
        (None, "55P03", StoreBusy),
        (None, "53100", StoreFull),
        (None, "57P01", OperationalError),
        ("SQLITE_IOERR", None, OperationalError),
    ],
)
def test_what_the_driver_says_becomes_one_of_two_refusals_or_stays_an_error(
    name: str | None, state: str | None, kind: type[Exception], db: Database
) -> None:
    problem: Exception
    if name:
        problem = sqlite3.OperationalError("x")
        problem.sqlite_errorname = name
    else:
        problem = type("Pg", (Exception,), {"sqlstate": state})("x")

    def work(_session: Any) -> None:
        raise OperationalError("stmt", {}, problem)

    for run in (db.transact, db.look):
        with pytest.raises(kind):
            run(work)


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-11, minutes=-30))])
def test_times_come_back_as_the_same_instant_in_utc(any_db: Database, zone: timezone) -> None:
    at = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=zone)
    any_db.transact(lambda s: s.add(Company(code="gamma", name="g", created_at=at)))
    found = any_db.look(lambda s: s.scalar(select(Company.created_at).where(Company.code == "gamma")))
    assert found == at and found.tzinfo is UTC


def test_every_time_of_the_schema_has_a_zone() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert not isinstance(column.type, DateTime), f"{table}.{column.name}"
            if column.name.endswith("_at") or column.name in ("at", "state_since"):
                assert isinstance(column.type, UtcDateTime), f"{table}.{column.name}"


# --- threads ----------------------------------------------------------------------------------------------------------


def test_work_runs_in_a_pool_thread_and_its_result_comes_back_on_the_reactor(db: Database, tmp_path: Path) -> None:
    """The real Database, with a reactor that only collects what threads hand over."""
    import queue
    import threading

    calls: queue.Queue[Any] = queue.Queue()

    class Reactor:
        @staticmethod
        def callFromThread(call: Any, *args: Any, **more: Any) -> None:
            calls.put((call, args, more))

    real = Database(db.url)
    real.start(Reactor())  # type: ignore[arg-type]
    results: list[Any] = []
    Deferred.fromCoroutine(real.run(lambda s: (threading.current_thread().name, find_company(s, "alpha")))).addBoth(
        results.append
    )
    call, args, more = calls.get(timeout=10)
    call(*args, **more)
    real.stop()
    (name, company) = results[0]
    assert name != threading.main_thread().name and company is not None


def _pragma(name: str, session: Session) -> object:
    return session.scalar(text(f"PRAGMA {name}"))


def test_the_server_and_its_tests_agree_on_sqlite_being_in_wal_and_fully_synchronous(tmp_path: Path) -> None:
    """Acknowledged rows survive a loss of power."""
    found = Database(sqlite_url(tmp_path / "x.db"))
    pragmas = {p: found.look(partial(_pragma, p)) for p in ("journal_mode", "synchronous")}
    found.stop()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
