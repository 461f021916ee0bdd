"""Table: reports of abuse. The survey's answer is a column of the session, like its result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime


class AbuseReport(Base):
    """A customer says that a session was abused. Open until an administrator says what came of it."""

    __tablename__ = "abuse_reports"
    __table_args__ = (Index("abuse_reports_company_open", "company_id", "handled_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(64))
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handled_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    note: Mapped[str] = mapped_column(Text, default="")
