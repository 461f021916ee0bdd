"""Tables: companies and their consent texts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime

MINUTE = 60
HOUR = 60 * MINUTE


class PageMode(StrEnum):
    """How customers of a company begin (CUST-MODE)."""

    NUMBER = "number"
    PICK = "pick"
    BOTH = "both"


class Company(Base):
    __tablename__ = "companies"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64), default="Asia/Seoul")
    contact: Mapped[str] = mapped_column(Text, default="")
    page_mode: Mapped[str] = mapped_column(String(16), default=PageMode.NUMBER)
    consent_enabled: Mapped[bool] = mapped_column(default=True)
    number_digits: Mapped[int] = mapped_column(default=6)
    waiting_idle_s: Mapped[int] = mapped_column(default=30 * MINUTE)
    login_idle_s: Mapped[int] = mapped_column(default=8 * HOUR)
    session_idle_s: Mapped[int] = mapped_column(default=4 * HOUR)
    sas_policy: Mapped[str] = mapped_column(String(16), default="shown")
    approval: Mapped[bool] = mapped_column(default=False)
    survey_enabled: Mapped[bool] = mapped_column(default=False)
    chat_kept: Mapped[bool] = mapped_column(default=False)
    rights: Mapped[dict[str, bool]] = mapped_column(JSON, default=dict, server_default="{}")
    """As settings/rights.py says; only what the company has decided."""
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON, default=list)
    lock_after: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsentText(Base):
    """Append-only: a change is a new version, so that every consent names exactly what was read."""

    __tablename__ = "consent_texts"
    __table_args__ = (UniqueConstraint("company_id", "lang", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    lang: Mapped[str] = mapped_column(String(2))
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
