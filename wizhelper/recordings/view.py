"""Recordings as administration sees them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.paging import page_of
from wizhelper.http.api import Call, Caller, Model
from wizhelper.http.errors import ApiError
from wizhelper.recordings.model import Recording, RecordingKey
from wizhelper.recordings.policy import DELETE, LIST, PLAY, may, require
from wizhelper.records.calendar import period_of
from wizhelper.records.filters import visible
from wizhelper.records.model import SLOT_S, SupportSession
from wizhelper.settings.service import company_by_id

MAX_SEARCH = 100
SORTS: Mapping[str, ColumnElement[Any]] = {
    "begun": Recording.begun_at.expression,
    "bytes": Recording.bytes.expression,
    "duration": Recording.duration_ms.expression,
}


class RecordingOut(Model):
    """`host`: of the session's PC. `key`: fingerprint of the key that opens it. `head`: of the chain of its chunks."""

    id: str
    session: str
    host: str
    number: str | None
    operator: str
    state: str
    begun_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    bytes: int
    chunks: int
    head: str
    key: str
    held: bool


class RecordingPage(Model):
    """`may_play`, `may_delete`: what the caller's role may."""

    items: list[RecordingOut]
    total: int
    page: int
    size: int
    may_play: bool
    may_delete: bool


def described(db: Session, row: Recording) -> RecordingOut:
    session = db.get_one(SupportSession, row.session_id)
    return RecordingOut(
        id=row.id,
        session=row.session_id,
        host=session.host_name or "",
        number=session.number,
        operator=db.get_one(Account, row.account_id).display_name,
        state=row.state,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        bytes=row.bytes,
        chunks=row.chunks,
        head=row.head,
        key=db.get_one(RecordingKey, row.key_id).fingerprint,
        held=row.held,
    )


def page(db: Session, call: Call[None], now: datetime) -> RecordingPage:
    """Raises ApiError: RECORDING_RIGHT, INVALID_FIELDS."""
    require(db, call.caller, LIST)
    number, size = page_of(call)
    where = _conditions(db, call.caller, call.query, now)
    joined = select(Recording).join(SupportSession, SupportSession.id == Recording.session_id)
    joined = joined.join(Account, Account.id == Recording.account_id).where(*where)
    total = db.scalar(select(func.count()).select_from(joined.subquery())) or 0
    rows = db.scalars(_ordered(call.query, joined).offset((number - 1) * size).limit(size))
    return RecordingPage(
        items=[described(db, row) for row in rows],
        total=total,
        page=number,
        size=size,
        may_play=may(db, call.caller, PLAY),
        may_delete=may(db, call.caller, DELETE),
    )


def _conditions(
    db: Session, caller: Caller, query: Mapping[str, str], now: datetime
) -> list[ColumnElement[bool]]:
    """Query fields session, from, to (days of the company), q (operator, PC or number)."""
    found = visible(caller)
    if session := query.get("session", ""):
        found.append(Recording.session_id == session[:36])
    if query.get("from") or query.get("to"):
        period = period_of(query, company_by_id(db, caller.company).time_zone, now)
        start, end = (datetime.fromtimestamp(slot * SLOT_S, UTC) for slot in period.slots)
        found += [Recording.begun_at >= start, Recording.begun_at < end]
    if text := query.get("q", "").strip()[:MAX_SEARCH]:
        columns = (Account.display_name, SupportSession.host_name, SupportSession.number)
        found.append(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return found


def _ordered(query: Mapping[str, str], rows: Select[Recording]) -> Select[Recording]:
    """Query field `sort`: a name of SORTS, with "-" before it for the reverse."""
    text = query.get("sort") or "-begun"
    column = SORTS.get(text.removeprefix("-"))
    if column is None:
        raise ApiError("INVALID_FIELDS", fields={"sort": ", ".join(SORTS)})
    order = column.desc().nulls_last() if text.startswith("-") else column.asc().nulls_last()
    return rows.order_by(order, Recording.id)
