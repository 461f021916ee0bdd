"""Engine and transactions. All database work runs in a thread pool of its own; plain values come back, never live rows.

Errors: StoreBusy when the database stays locked, StoreFull when the disk is full; both leave the data as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import DateTime, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from wizhelper.store import schema

T = TypeVar("T")

POOL_THREADS = 4
BUSY_MS = 10_000
#: Any number: it names the lock under which PostgreSQL's writers take turns.
WRITERS_LOCK = 7_294_001
#: PostgreSQL's SQLSTATE.
LOCK_NOT_AVAILABLE = "55P03"
DISK_FULL = "53100"


class StoreBusy(Exception):
    """The database stayed locked for BUSY_MS."""


class StoreFull(Exception):
    """The disk is full; the transaction was rolled back."""


class Base(DeclarativeBase):
    """Parent of every table."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on every database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Database:
    """One database by URL. `run` writes, `read` only reads; both take plain functions of a Session."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._pool = ThreadPool(1, POOL_THREADS, name="store")
        self._reactor: IReactorFromThreads

    def start(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._pool.start()

    def stop(self) -> None:
        """Waits for the work under way."""
        if self._pool.started:
            self._pool.stop()
        self.engine.dispose()

    async def run(self, work: Callable[[Session], T]) -> T:
        """One transaction in a pool thread: committed when `work` returns, rolled back when it raises."""
        return await deferToThreadPool(self._reactor, self._pool, self.transact, work)

    async def read(self, work: Callable[[Session], T]) -> T:
        return await deferToThreadPool(self._reactor, self._pool, self.look, work)

    def transact(self, work: Callable[[Session], T]) -> T:
        """`run` in the caller's thread: for the command line and for tests."""
        try:
            with self._sessions.begin() as session:
                _take_turn(session, self.engine.dialect.name)
                return work(session)
        except OperationalError as problem:
            raise _explained(problem) from problem

    def look(self, work: Callable[[Session], T]) -> T:
        try:
            with self._sessions() as session:
                if self.engine.dialect.name == "sqlite":
                    session.execute(text("BEGIN"))
                return work(session)
        except OperationalError as problem:
            raise _explained(problem) from problem

    def upgrade(self) -> None:
        """Brings the schema to the newest version. Raises schema.SchemaTooNew, schema.CopyFailed."""
        schema.upgrade(self.engine)

    def check(self) -> str:
        """ "ok", or what the database itself says is wrong with it."""
        if self.engine.dialect.name != "sqlite":
            return str(self.look(lambda s: s.scalar(text("SELECT 'ok'"))))
        return str(self.look(lambda s: s.scalar(text("PRAGMA quick_check"))))


def _take_turn(session: Session, dialect: str) -> None:
    """Writers come one after another on both databases: rules read a state and then change it, and need no locks."""
    if dialect == "sqlite":
        # Taking the write lock first: a read that turns into a write would fail at once when another writes.
        session.execute(text("BEGIN IMMEDIATE"))
        return
    session.execute(text(f"SET LOCAL lock_timeout = {BUSY_MS}"))
    session.execute(text(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"))


def _explained(problem: OperationalError) -> Exception:
    state = getattr(problem.orig, "sqlstate", None)
    if state in (LOCK_NOT_AVAILABLE, DISK_FULL):
        return (StoreBusy if state == LOCK_NOT_AVAILABLE else StoreFull)(str(problem.orig))
    if isinstance(problem.orig, sqlite3.OperationalError):
        if problem.orig.sqlite_errorname == "SQLITE_BUSY":
            return StoreBusy(str(problem.orig))
        if problem.orig.sqlite_errorname == "SQLITE_FULL":
            return StoreFull(str(problem.orig))
    return problem


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=POOL_THREADS, pool_pre_ping=True)
    # autocommit at the driver: sqlite3's implicit transactions would fight with our BEGIN IMMEDIATE.
    engine = create_engine(parsed, connect_args={"isolation_level": None, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _leave_begin_to_us)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _leave_begin_to_us(_connection: Connection) -> None:
    """SQLAlchemy's own BEGIN is the driver's, which is switched off; transact() and look() begin by themselves."""
