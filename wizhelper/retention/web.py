"""Routes of retention, and the daily job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.logger import Logger

from wizhelper.http.api import ADMINS, Call, Model, Role, Routes
from wizhelper.retention import rules
from wizhelper.retention.model import RetentionSettings
from wizhelper.settings.model import Company
from wizhelper.store import audit
from wizhelper.store.database import Database

log = Logger()

KEEPERS = frozenset({Role.ADMIN, Role.AUDITOR})
YEAR, LONGEST = 365, 3650
EVERY = timedelta(days=1)


class RetentionBody(Model):
    """Days. Who did what and when may not be kept for less than a year."""

    sessions: int = Field(ge=YEAR, le=LONGEST)
    quality: int = Field(ge=1, le=LONGEST)
    logins: int = Field(ge=YEAR, le=LONGEST)
    messages: int = Field(ge=1, le=LONGEST)
    recordings: int = Field(ge=1, le=LONGEST)


class RetentionOut(RetentionBody):
    ran_at: datetime | None


class Retention:
    """`tick` may be called as often as one likes, by one caller at a time: each company's turn comes once a day."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self.db = db
        self.now = now

    async def tick(self) -> None:
        for company in await self.db.read(lambda s: list(s.scalars(select(Company.id).order_by(Company.id)))):
            if await self._is_due(company):
                await self._run(company)

    async def _is_due(self, company: int) -> bool:
        row = await self.db.read(lambda s: s.get(RetentionSettings, company))
        return row is None or row.ran_at is None or row.ran_at + EVERY <= self.now()

    async def _run(self, company: int) -> None:
        """In batches, so that others get their turn at the database in between."""
        for kind in rules.KINDS:
            while await self._purge(company, kind) == rules.BATCH:
                pass
        await self.db.run(lambda s: self._done(s, company))

    async def _purge(self, company: int, kind: str) -> int:
        return await self.db.run(lambda s: rules.purge(s, self.now(), company, kind))

    def _done(self, session: Session, company: int) -> None:
        rules.settings_of(session, company).ran_at = self.now()


def _described(session: Session, company: int) -> RetentionOut:
    row = rules.settings_of(session, company)
    return RetentionOut(**{name: getattr(row, name) for name in RetentionOut.model_fields})


def make_routes(retention: Retention) -> Routes:
    routes = Routes("retention")
    db = retention.db

    @routes.get("/retention", roles=KEEPERS, result=RetentionOut)
    async def show(call: Call[None]) -> RetentionOut:
        """For how many days each kind of record is kept, and when the daily job last ran."""
        return await db.run(lambda session: _described(session, call.caller.company))

    @routes.put("/retention", roles=ADMINS, body=RetentionBody, result=RetentionOut)
    async def change(call: Call[RetentionBody]) -> RetentionOut:
        """Changes it; the next daily run deletes what is over."""

        def work(session: Session) -> RetentionOut:
            row, changed = rules.settings_of(session, call.caller.company), {}
            for name, value in call.body.model_dump().items():
                if getattr(row, name) != value:
                    changed[name] = [getattr(row, name), value]
                    setattr(row, name, value)
            audit.append(session, retention.now(), row.company_id, call.caller.actor, "retention.changed", changed)
            return _described(session, row.company_id)

        return await db.run(work)

    return routes
