"""Routes of records: an operator sees his own, readers those of the company (ADM-ROLE-OP)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.accounts.paging import page_of
from wizhelper.http.api import ANYONE, Call, Caller, Download, Model, Routes
from wizhelper.http.errors import ApiError
from wizhelper.records import events, export, export_words, quality, statistics
from wizhelper.records.chat import ChatLine
from wizhelper.records.chat import of_session as chat_of
from wizhelper.records.filters import conditions, ordered, visible
from wizhelper.records.model import FaultType, SupportSession
from wizhelper.records.quality import QualityOut
from wizhelper.records.view import SessionOut, described
from wizhelper.settings.service import company_by_id
from wizhelper.store.database import Database


class RecordPage(Model):
    items: list[SessionOut]
    total: int
    page: int
    size: int


class EventOut(Model):
    seq: int
    at: datetime
    actor: str
    type: str
    data: dict[str, Any]


class Record(Model):
    session: SessionOut
    events: list[EventOut]
    chain_ok: bool
    chat: list[ChatLine]


def visible_session(session: Session, caller: Caller, session_id: str) -> SupportSession:
    """Raises ApiError("NOT_FOUND"), also for sessions of others."""
    row = session.scalar(select(SupportSession).where(SupportSession.id == session_id, *visible(caller)))
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def _page(db: Session, call: Call[None], now: datetime) -> RecordPage:
    page, size = page_of(call)
    where = conditions(db, call.caller, call.query, now)
    total = db.scalar(select(func.count()).select_from(SupportSession).where(*where)) or 0
    rows = db.scalars(ordered(call.query, where).offset((page - 1) * size).limit(size))
    return RecordPage(items=[described(db, r) for r in rows], total=total, page=page, size=size)


#: Rows that an export holds at once, beside the file itself.
BATCH = 500


def _exported(db: Session, call: Call[None], now: datetime) -> Download:
    where = conditions(db, call.caller, call.query, now)
    if (db.scalar(select(func.count()).select_from(SupportSession).where(*where)) or 0) > export.MAX_ROWS:
        raise ApiError("EXPORT_TOO_LARGE", details={"max": export.MAX_ROWS})
    types = db.execute(select(FaultType.id, FaultType.name).where(FaultType.company_id == call.caller.company))
    faults = {row.id: row.name for row in types}
    zone = company_by_id(db, call.caller.company).time_zone
    sessions = (described(db, row) for row in db.scalars(ordered(call.query, where).execution_options(yield_per=BATCH)))
    rows = export_words.record_rows(sessions, faults, zone)
    return export.table("records", call.query.get("format", "csv"), export_words.HEADS[call.language], rows)


def _exported_figures(db: Session, call: Call[None], now: datetime) -> Download:
    found = statistics.figures(db, call.caller, call.query, now)
    head, rows = export_words.figure_head(found, call.language), export_words.figure_rows(found, call.language)
    return export.table("statistics", call.query.get("format", "csv"), head, rows)


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("records")

    @routes.get("/records", roles=ANYONE, result=RecordPage)
    async def list_records(call: Call[None]) -> RecordPage:
        """Sessions; query fields page, size, sort, from, to, q and the dimensions of statistics (ADM-REC-WORK)."""
        return await db.read(lambda session: _page(session, call, now()))

    @routes.get("/records/export", roles=ANYONE)
    async def export_records(call: Call[None]) -> Download:
        """The same sessions as a file; query field format: csv or xlsx."""
        return await db.read(lambda session: _exported(session, call, now()))

    @routes.get("/statistics", roles=ANYONE, result=statistics.Figures)
    async def show_statistics(call: Call[None]) -> statistics.Figures:
        """Figures of a period; query fields rows, columns, from, to and the filters of records (ADM-STAT-*)."""
        return await db.read(lambda session: statistics.figures(session, call.caller, call.query, now()))

    @routes.get("/statistics/export", roles=ANYONE)
    async def export_statistics(call: Call[None]) -> Download:
        """The same figures as a file; query field format: csv or xlsx."""
        return await db.read(lambda session: _exported_figures(session, call, now()))

    @routes.get("/records/<uuid:id>", roles=ANYONE, result=Record)
    async def one_record(call: Call[None]) -> Record:
        """One session with all its events, and whether their chain is whole."""

        def work(session: Session) -> Record:
            row = visible_session(session, call.caller, str(call.path["id"]))
            chain = events.of_session(session, row.id)
            shown = [EventOut(seq=e.seq, at=e.at, actor=e.actor, type=e.type, data=e.data) for e in chain]
            said = chat_of(session, row.id)
            return Record(session=described(session, row), events=shown, chain_ok=events.chain_ok(chain), chat=said)

        return await db.read(work)

    @routes.get("/records/<uuid:id>/quality", roles=ANYONE, result=QualityOut)
    async def record_quality(call: Call[None]) -> QualityOut:
        """Latency, round trip, frame rate and bit rate of the session, every five seconds in which the screen moved."""
        return await db.read(
            lambda session: quality.of_session(session, visible_session(session, call.caller, str(call.path["id"])).id)
        )

    return routes
