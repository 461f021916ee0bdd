"""Chat that is kept with the record, where the company wants that (RC-CHAT).

The conversation is encrypted from end to end; its copy comes from the operator's console, and is the console's word. The PC
tells both people in the conversation itself (agent/features/chat.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from wizhelper.http.api import Model
from wizhelper.http.errors import ApiError
from wizhelper.protocol.chat import MAX_TEXT_BYTES
from wizhelper.records.model import SupportSession
from wizhelper.settings.service import company_by_id
from wizhelper.store.database import Base, UtcDateTime

MAX_LINES = 2000
MAX_AT_ONCE = 100
#: A console may still have the last words when the session is over already.
LATE = timedelta(minutes=10)


class SessionChat(Base):
    """`number`: as the PC numbers the lines of a session; `kept_by`: the operator whose console sent the copy."""

    __tablename__ = "session_chat"

    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)
    kept_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))


class SpokenLine(Model):
    number: int = Field(ge=1, le=1_000_000)
    customer: bool
    at_ms: int = Field(ge=0, le=2**52)
    text: str = Field(min_length=1, max_length=MAX_TEXT_BYTES)


class ChatLine(Model):
    number: int
    customer: bool
    at: datetime
    text: str


def keep(db: Session, now: datetime, row: SupportSession, account: int, lines: Sequence[SpokenLine]) -> None:
    """Lines that are known already stay as they are. Raises ApiError: CHAT_NOT_KEPT, SESSION_STATE."""
    if not company_by_id(db, row.company_id).chat_kept:
        raise ApiError("CHAT_NOT_KEPT")
    if row.connected_at is None or (row.ended_at is not None and row.ended_at < now - LATE):
        raise ApiError("SESSION_STATE", details={"state": row.state})
    mine = SessionChat.session_id == row.id
    known = set(db.scalars(select(SessionChat.number).where(mine, SessionChat.number.in_([line.number for line in lines]))))
    room = MAX_LINES - (db.scalar(select(func.count()).where(mine)) or 0)
    fresh = {line.number: line for line in lines if line.number not in known}
    for line in list(fresh.values())[: max(0, room)]:
        at = min(max(datetime.fromtimestamp(line.at_ms / 1000, UTC), row.created_at), now)
        made = SessionChat(session_id=row.id, number=line.number, customer=line.customer, at=at, text=line.text)
        made.kept_by = account
        db.add(made)


def of_session(db: Session, session: str) -> list[ChatLine]:
    rows = db.scalars(select(SessionChat).where(SessionChat.session_id == session).order_by(SessionChat.number))
    return [ChatLine(number=r.number, customer=r.customer, at=r.at, text=r.text) for r in rows]


def evidence(db: Session, session: str) -> list[dict[str, Any]]:
    """For the pack of one session."""
    return [line.model_dump(mode="json") for line in of_session(db, session)]
