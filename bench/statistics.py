"""How long statistics take over many sessions: each dimension by operator, over three years and over a month.

    python -m bench.statistics [--sessions 1000000] [--database URL]

Without --database: SQLite in a temporary folder. A database that is given has to be empty, and is filled.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller, Role
from wizhelper.records import faults, statistics
from wizhelper.records.model import FaultType, SupportSession, slot_of
from wizhelper.settings.service import add_company
from wizhelper.store.database import Database, sqlite_url

END = datetime(2026, 11, 1, tzinfo=UTC)
YEARS = 3
OPERATORS = 50
CHUNK = 20_000
QUESTIONS = [
    *[("operator", name) for name in ("all", "state", "result", "fault", "duration", "kind", "os")],
    *[(name, "all") for name in ("date", "month", "quarter", "hour", "weekday", "fault", "os_version")],
]


def _people(db: Session) -> tuple[int, list[int], list[int]]:
    company = add_company(db, END, "bench", "Bench")
    faults.add_defaults(db, company.id)
    people = [
        Account(
            company_id=company.id,
            login_id=f"op{number}",
            display_name=f"Operator {number}",
            role=Role.OPERATOR,
            password="",
            created_at=END,
        )
        for number in range(OPERATORS)
    ]
    db.add_all(people)
    db.flush()
    types = list(db.scalars(select(FaultType.id).where(FaultType.company_id == company.id)))
    return company.id, [p.id for p in people], types


def _sessions(count: int, company: int, people: list[int], types: list[int]) -> Iterator[dict[str, Any]]:
    chance = random.Random(7)
    for _ in range(count):
        at = END - timedelta(seconds=chance.random() * YEARS * 365 * 86400)
        reached = chance.random() < 0.9
        yield {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "company_id": company,
            "owner_id": chance.choice(people),
            "state": chance.choice(["COMPLETED"] * 9 + ["ABNORMAL"]) if reached else "EXPIRED",
            "created_at": at,
            "connected_at": at if reached else None,
            "ended_at": at,
            "state_since": at,
            "slot": slot_of(at),
            "counted": reached,
            "active_s": chance.expovariate(1 / 700) if reached else 0.0,
            "result": chance.choice(["resolved", "visit", "unresolved"]) if reached else None,
            "fault_type_id": chance.choice(types) if reached else None,
            "os": "windows",
            "os_version": chance.choice(["10", "11", "8.1"]),
            "survey_asked": reached,
            "satisfaction": chance.choice([None, None, 3, 4, 5]) if reached else None,
        }


def fill(db: Database, count: int) -> Caller:
    company, people, types = db.transact(_people)
    rows = list[dict[str, Any]]()
    for row in _sessions(count, company, people, types):
        rows.append(row)
        if len(rows) == CHUNK:
            _write(db, rows)
    _write(db, rows)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE"))
    return Caller(people[0], company, Role.ADMIN, 1, "Bench", "")


def _write(db: Database, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.transact(lambda session: session.execute(insert(SupportSession), rows))
        rows.clear()


def measure(db: Database, caller: Caller) -> None:
    for name, first in (("3 years", "2023-11-02"), ("1 month", "2026-10-01")):
        for rows, columns in QUESTIONS:
            query = {"rows": rows, "columns": columns, "from": first, "to": "2026-10-31"}
            start = time.perf_counter()
            found = db.look(lambda s, query=query: statistics.figures(s, caller, query, END))  # type: ignore[misc]
            took = round(time.perf_counter() - start, 3)
            print(json.dumps({"period": name, "rows": rows, "columns": columns, "total": found.total, "s": took}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = Database(options.database or sqlite_url(Path(folder) / "bench.db"))
        db.upgrade()
        measure(db, fill(db, options.sessions))
        db.stop()


if __name__ == "__main__":
    main()
