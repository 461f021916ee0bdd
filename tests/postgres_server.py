"""A real PostgreSQL for tests: its own cluster in a temporary folder, reachable over a UNIX socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Table
from sqlalchemy.orm import Session

import wizhelper.server  # noqa: F401  every table is known to Base once the server is imported
from wizhelper.store.database import Base, Database

PACKAGES = "apt-get install -y postgresql"
START_LIMIT_S = 20


@dataclass
class PostgresServer:
    folder: Path
    process: subprocess.Popen[bytes]
    _made: int = field(default=0)

    @classmethod
    def started(cls) -> PostgresServer:
        """Runs initdb and postgres as the user `postgres` when we are root, which PostgreSQL refuses to run as."""
        folder = Path(tempfile.mkdtemp(prefix="wizhelper-pg-"))
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        tools, data = _tools(), folder / "data"
        initdb = [str(tools / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run([*_as_postgres(), *initdb], check=True, capture_output=True, cwd=folder)
        serve = [str(tools / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", "-F"]
        process = subprocess.Popen(
            [*_as_postgres(), *serve, "-c", "max_connections=40", "-c", "shared_buffers=16MB"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = cls(folder, process)
        server._wait()
        return server

    def create(self, template: str | None = None) -> str:
        """Makes a database, empty or a copy; -> its SQLAlchemy URL."""
        self._made += 1
        name = f"test{self._made}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return f"postgresql://test@/{name}?host={self.folder}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # "immediate": nothing here is worth a checkpoint
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dsn(self, name: str) -> str:
        return f"host={self.folder} user=test dbname={name}"

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                psycopg.connect(self._dsn("postgres")).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)  # a process of the outside world: there is no clock to move


class Refilled:
    """A populated database that is brought back to its first rows: a tenth of the time that a new copy takes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._db = Database(url)
        self._rows = self._db.look(self._all)

    @staticmethod
    def _all(session: Session) -> dict[Table, list[dict[str, Any]]]:
        tables = Base.metadata.sorted_tables
        return {t: [dict(row) for row in session.execute(t.select()).mappings()] for t in tables}

    def refill(self) -> None:
        def work(session: Session) -> None:
            for table in reversed(self._rows):
                session.execute(table.delete())
            for table, rows in self._rows.items():
                if rows:
                    session.execute(table.insert(), rows)

        self._db.transact(work)


def _tools() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail(f"PostgreSQL is not installed: {PACKAGES}")
    return found[-1].parent


def _as_postgres() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
