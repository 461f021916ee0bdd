"""Tables: support sessions, their chained events, fault types, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from wizhelper.store.database import Base, UtcDateTime

SLOT_S = 15 * 60
"""Seconds of a slot: the finest step by which time zones differ, so that any zone's hours and days are whole slots."""


def slot_of(at: datetime) -> int:
    return int(at.timestamp()) // SLOT_S


class FaultType(Base):
    __tablename__ = "fault_types"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(default=True)


FIGURE_COLUMNS = (
    *("company_id", "slot", "counted", "owner_id", "state", "result", "fault_type_id"),
    *("kind", "os", "os_version", "active_s", "survey_asked", "satisfaction"),
)
"""An index over all that statistics read, so that they never touch the rows."""


class SupportSession(Base):
    """One session, live or over. `due_at`: when the state's own time limit strikes (support/states.py).

    `slot` and `counted` follow the times by themselves: the quarter of an hour (since 1970, UTC) in which the session
    counts in statistics, which is when it became active, else when it was made; and whether it ever became active.
    """

    __tablename__ = "support_sessions"
    __table_args__ = (
        Index("support_sessions_owner_state", "owner_id", "state"),
        Index("support_sessions_company_created", "company_id", "created_at"),
        Index("support_sessions_figures", *FIGURE_COLUMNS),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    number: Mapped[str | None] = mapped_column(String(9))
    kind: Mapped[str] = mapped_column(String(16), default="one_time")
    channel: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    suspended_reason: Mapped[str | None] = mapped_column(String(16))
    end_reason: Mapped[str | None] = mapped_column(String(24))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    join_secret_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    agent_online: Mapped[bool] = mapped_column(default=False)
    viewer: Mapped[str | None] = mapped_column(String(36))
    viewer_online: Mapped[bool] = mapped_column(default=False)
    host_name: Mapped[str | None] = mapped_column(String(255))
    user_name: Mapped[str | None] = mapped_column(String(255))
    os: Mapped[str | None] = mapped_column(String(16))
    os_version: Mapped[str | None] = mapped_column(String(100))
    address: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    connected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state_since: Mapped[datetime] = mapped_column(UtcDateTime)
    last_link_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active_s: Mapped[float] = mapped_column(default=0.0)
    suspended_s: Mapped[float] = mapped_column(default=0.0)
    fault_type_id: Mapped[int | None] = mapped_column(ForeignKey("fault_types.id"))
    result: Mapped[str | None] = mapped_column(String(24))
    memo: Mapped[str] = mapped_column(Text, default="")
    corrected: Mapped[bool] = mapped_column(default=False)
    #: Of a session of kind "device". `approval_s`: how long its PC may take to answer; 0: nobody is asked.
    device_id: Mapped[str | None] = mapped_column(String(36), index=True)
    approval_s: Mapped[int | None]
    #: The customer's answer, 1 to 5; `survey_asked`: the question was shown.
    survey_asked: Mapped[bool] = mapped_column(default=False)
    satisfaction: Mapped[int | None]
    survey_comment: Mapped[str] = mapped_column(Text, default="")
    #: What the customer told before: [{"label", "value"}], with the labels that were asked.
    intake: Mapped[list[dict[str, str]] | None] = mapped_column(JSON(none_as_null=True))
    #: A restart of the PC (support/rebooting.py): {"until", "safe_mode", "steps": [{"step", "at"}]}, the latest one.
    reboot: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    resume_hash: Mapped[str | None] = mapped_column(String(64))
    resume_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The rights that the customer was shown with the question for consent.
    asked: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Who controls while it is not the owner. `shared`: somebody else has, or had, a part in it (SessionParticipant).
    controller_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    shared: Mapped[bool] = mapped_column(default=False)
    slot: Mapped[int] = mapped_column(default=0)
    counted: Mapped[bool] = mapped_column(default=False)

    @validates("created_at", "connected_at")
    def _count(self, name: str, at: datetime | None) -> datetime | None:
        if at is not None and (name == "connected_at" or not self.counted):
            self.slot, self.counted = slot_of(at), name == "connected_at"
        return at


class LiveNumber(Base):
    """A connection number in use, or in quarantine after its end: the primary key makes it unique (features ?2)."""

    __tablename__ = "live_numbers"

    number: Mapped[str] = mapped_column(String(9), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"))
    quarantined_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionEvent(Base):
    """Append-only; `hash` covers the event and `prev_hash`, so that a change or a gap shows."""

    __tablename__ = "session_events"
    __table_args__ = (UniqueConstraint("session_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    type: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class SessionParticipant(Base):
    """Another operator's part in a session: who was invited, or handed it over. `to_at` None: he is in it now.

    `role`: observer, or former_owner. `dismissed`: the customer sent him away; he is not let in again.
    """

    __tablename__ = "session_participants"
    __table_args__ = (Index("session_participants_account", "account_id", "to_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str] = mapped_column(String(16))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    to_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dismissed: Mapped[bool] = mapped_column(default=False)


class SessionOffer(Base):
    """What one operator asks another about a session (support/sharing_rules.py). `stay`: who hands over goes on watching."""

    __tablename__ = "session_offers"
    __table_args__ = (Index("session_offers_state_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    from_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    stay: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="open")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionQuality(Base):
    """What the viewer got over five seconds, from `at` on (records/quality.py)."""

    __tablename__ = "session_quality"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    latency_ms: Mapped[float | None]
    rtt_ms: Mapped[float | None]
    fps: Mapped[float]
    kbit_s: Mapped[float]


class ConsentRecord(Base):
    """What was asked and answered. `source`: page, window or command_line."""

    __tablename__ = "consent_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("consent_texts.id"))
    text_hash: Mapped[str | None] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    accepted: Mapped[bool]
    source: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(64))
