"""Routes of the queue of abuse reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.paging import page_of
from wizhelper.aftercare.model import AbuseReport
from wizhelper.http.api import ADMINS, READERS, Call, Model, Routes
from wizhelper.http.errors import ApiError
from wizhelper.records.filters import visible
from wizhelper.records.model import SupportSession
from wizhelper.records.view import SessionOut, described
from wizhelper.store import audit
from wizhelper.store.database import Database


class AbuseOut(Model):
    id: int
    at: datetime
    text: str
    address: str
    session: SessionOut
    handled_at: datetime | None
    handled_by: str | None
    note: str


class AbusePage(Model):
    """`open`: reports that nobody has handled yet, whatever the filter."""

    items: list[AbuseOut]
    total: int
    page: int
    size: int
    open: int


class Handled(Model):
    note: str = Field(min_length=1, max_length=2000, description="What came of it.")


def _described(db: Session, row: AbuseReport) -> AbuseOut:
    session = described(db, db.get_one(SupportSession, row.session_id))
    return AbuseOut(
        id=row.id,
        at=row.at,
        text=row.text,
        address=row.address,
        session=session,
        handled_at=row.handled_at,
        handled_by=db.get_one(Account, row.handled_by).display_name if row.handled_by is not None else None,
        note=row.note,
    )


def _page(db: Session, call: Call[None]) -> AbusePage:
    page, size = page_of(call)
    seen = select(AbuseReport).join(SupportSession).where(*visible(call.caller))
    unhandled = seen.where(AbuseReport.handled_at.is_(None))
    query = seen if call.query.get("state") == "all" else unhandled
    rows = db.scalars(query.order_by(AbuseReport.id.desc()).offset((page - 1) * size).limit(size))
    return AbusePage(
        items=[_described(db, row) for row in rows],
        total=db.scalar(select(func.count()).select_from(query.subquery())) or 0,
        page=page,
        size=size,
        open=db.scalar(select(func.count()).select_from(unhandled.subquery())) or 0,
    )


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("aftercare")

    @routes.get("/abuse-reports", roles=READERS, result=AbusePage)
    async def abuse_reports(call: Call[None]) -> AbusePage:
        """Reports of customers, newest first; query fields page, size, state (open, which is the default, or all)."""
        return await db.read(lambda session: _page(session, call))

    @routes.post("/abuse-reports/<int:id>/handle", roles=ADMINS, body=Handled, result=AbuseOut)
    async def handle(call: Call[Handled]) -> AbuseOut:
        """Closes a report with what came of it. A closed one stays as it is."""

        def work(session: Session) -> AbuseOut:
            row = session.get(AbuseReport, call.path["id"])
            if row is None or row.company_id != call.caller.company or row.handled_at is not None:
                raise ApiError("NOT_FOUND")
            row.handled_at, row.handled_by, row.note = now(), call.caller.account, call.body.note
            facts = {"id": row.id, "session": row.session_id, "note": row.note}
            audit.append(session, now(), call.caller.company, call.caller.actor, "abuse_report.handled", facts)
            return _described(session, row)

        return await db.run(work)

    return routes
