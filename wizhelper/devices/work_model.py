"""Tables: visits that need a reason or a second person, and actions on many devices with a result for each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime


class VisitState(StrEnum):
    """`EXPIRED` is never stored: a visit that waits, or that was approved, is over when its time is."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"
    EXPIRED = "expired"


class DeviceVisit(Base):
    """Why somebody wants to connect, and who else agreed. `due_at`: until when it may be decided, then used."""

    __tablename__ = "device_visits"
    __table_args__ = (Index("device_visits_company_state", "company_id", "state"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), index=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("support_sessions.id"), index=True)


class JobAction(StrEnum):
    """What may be done to many devices: `RESTART` starts the agent anew, not the PC; `UPDATE` hands it the release at hand."""

    COMMAND = "command"
    WAKE = "wake"
    RESTART = "restart"
    UPDATE = "update"


class DeviceJob(Base):
    """One action on many devices. `action`: a JobAction. `command`: of a command its text, of an update the version."""

    __tablename__ = "device_jobs"
    __table_args__ = (Index("device_jobs_company_at", "company_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(16))
    shell: Mapped[str] = mapped_column(String(16), default="")
    command: Mapped[str] = mapped_column(Text, default="")


class DeviceResult(Base):
    """What the action came to on one device. `code`: "" or why not; `through`: the neighbour that woke it."""

    __tablename__ = "device_results"

    job_id: Mapped[str] = mapped_column(ForeignKey("device_jobs.id"), primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32), default="")
    exit_code: Mapped[int | None]
    output: Mapped[str] = mapped_column(Text, default="")
    through: Mapped[str | None] = mapped_column(ForeignKey("devices.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
