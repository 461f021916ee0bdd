"""Table: how many days a company keeps each kind of record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime


class RetentionSettings(Base):
    """Days. `ran_at`: when the daily job last went through everything."""

    __tablename__ = "retention_settings"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    sessions: Mapped[int] = mapped_column(default=3 * 365)
    quality: Mapped[int] = mapped_column(default=365)
    logins: Mapped[int] = mapped_column(default=2 * 365)
    messages: Mapped[int] = mapped_column(default=183)
    recordings: Mapped[int] = mapped_column(default=90, server_default="90")
    ran_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
