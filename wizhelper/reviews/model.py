"""Table: reviews that were signed off."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime


class AccessReview(Base):
    """Append-only: `month` ("2026-03") may be reviewed again. `sha256`: of what was looked at (rules.digest)."""

    __tablename__ = "access_reviews"
    __table_args__ = (Index("access_reviews_company_month", "company_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    month: Mapped[str] = mapped_column(String(7))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    note: Mapped[str] = mapped_column(Text)
    accounts: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
