"""Routes of records: an operator sees his own, readers those of the company (ADM-ROLE-OP)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.web import page_of
from wizhelper.http.api import ANYONE, Call, Caller, Model, Role, Routes
from wizhelper.http.errors import ApiError
from wizhelper.records import events, quality
from wizhelper.records.model import FaultType, SupportSession
from wizhelper.records.quality import QualityOut
from wizhelper.records.view import SessionOut, described
from wizhelper.store.database import Database

MAX_SEARCH = 100


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


class FaultTypeOut(Model):
    id: int
    code: str
    name: str
    active: bool


class FaultTypeList(Model):
    items: list[FaultTypeOut]


def visible(caller: Caller) -> list[ColumnElement[bool]]:
    """The condition that every query for records carries."""
    company = SupportSession.company_id == caller.company
    return [company, SupportSession.owner_id == caller.account] if caller.role is Role.OPERATOR else [company]


def visible_session(session: Session, caller: Caller, session_id: str) -> SupportSession:
    """Raises ApiError("NOT_FOUND"), also for sessions of others."""
    row = session.scalar(select(SupportSession).where(SupportSession.id == session_id, *visible(caller)))
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def _filters(call: Call[None]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if state := call.query.get("state"):
        found.append(SupportSession.state.in_(state.split(",")[:12]))
    for name, column_filter in (("from", SupportSession.created_at.__ge__), ("to", SupportSession.created_at.__lt__)):
        if text := call.query.get(name):
            try:
                at = datetime.fromisoformat(text)
                if at.tzinfo is None:
                    raise ApiError("INVALID_FIELDS", fields={name: "needs a time zone"})
                found.append(column_filter(at.astimezone(UTC)))
            except (ValueError, OverflowError):
                raise ApiError("INVALID_FIELDS", fields={name: "ISO 8601"}) from None
    if text := call.query.get("q", "").strip()[:MAX_SEARCH]:
        columns = (SupportSession.host_name, SupportSession.user_name, SupportSession.number, SupportSession.memo)
        found.append(or_(*(c.contains(text, autoescape=True) for c in columns)))
    return found


def make_routes(db: Database, _now: Callable[[], datetime]) -> Routes:
    routes = Routes("records")

    @routes.get("/records", roles=ANYONE, result=RecordPage)
    async def list_records(call: Call[None]) -> RecordPage:
        """Sessions, newest first; query fields page, size, state, from, to, q (ADM-REC-WORK)."""
        page, size = page_of(call)
        where = [*visible(call.caller), *_filters(call)]

        def work(session: Session) -> RecordPage:
            total = session.scalar(select(func.count()).select_from(SupportSession).where(*where)) or 0
            query = select(SupportSession).where(*where).order_by(SupportSession.created_at.desc())
            rows = session.scalars(query.offset((page - 1) * size).limit(size))
            return RecordPage(items=[described(session, r) for r in rows], total=total, page=page, size=size)

        return await db.read(work)

    @routes.get("/records/<uuid:id>", roles=ANYONE, result=Record)
    async def one_record(call: Call[None]) -> Record:
        """One session with all its events, and whether their chain is whole."""

        def work(session: Session) -> Record:
            row = visible_session(session, call.caller, str(call.path["id"]))
            chain = events.of_session(session, row.id)
            shown = [EventOut(seq=e.seq, at=e.at, actor=e.actor, type=e.type, data=e.data) for e in chain]
            return Record(session=described(session, row), events=shown, chain_ok=events.chain_ok(chain))

        return await db.read(work)

    @routes.get("/records/<uuid:id>/quality", roles=ANYONE, result=QualityOut)
    async def record_quality(call: Call[None]) -> QualityOut:
        """Latency, round trip, frame rate and bit rate of the session, every five seconds in which the screen moved."""
        return await db.read(
            lambda session: quality.of_session(session, visible_session(session, call.caller, str(call.path["id"])).id)
        )

    @routes.get("/fault-types", roles=ANYONE, result=FaultTypeList)
    async def fault_types(call: Call[None]) -> FaultTypeList:
        """Fault types of the company (ADM-FAULT)."""
        query = select(FaultType).where(FaultType.company_id == call.caller.company).order_by(FaultType.code)
        return FaultTypeList(
            items=await db.read(
                lambda s: [FaultTypeOut(id=f.id, code=f.code, name=f.name, active=f.active) for f in s.scalars(query)]
            )
        )

    return routes
