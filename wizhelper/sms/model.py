"""Tables: gateways, templates and limits of a company; the outbox with every try; single-use links."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.sms.numbers import KOREAN_MOBILES
from wizhelper.store.database import Base, UtcDateTime

MAX_PROVIDER_ID = 400
"""Room for the ids of six parts, which a driver may keep in one."""


class OutboxState(StrEnum):
    """What is known of a message. `KEPT`: the company has no gateway, so it is shown here and nothing left the server."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    KEPT = "kept"


class Outcome(StrEnum):
    """How one try at one gateway ended; `OPEN` while it lasts, or if the server stopped in it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class SmsGateway(Base):
    """`position`: in which order gateways are tried. `settings`: what is not secret; `sealed`: the secrets, as JSON under
    settings/sealing.py. `callback`: the random last part of the address that the provider may call."""

    __tablename__ = "sms_gateways"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    removed: Mapped[bool] = mapped_column(default=False)
    """Not shown any more and never used; messages that name it keep its name."""
    sender: Mapped[str] = mapped_column(String(16))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[str] = mapped_column(Text)
    callback: Mapped[str] = mapped_column(String(32), unique=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SmsTemplate(Base):
    __tablename__ = "sms_templates"
    __table_args__ = (UniqueConstraint("company_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)


class SmsSettings(Base):
    """Limits of a company (security: entry point E8)."""

    __tablename__ = "sms_settings"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    long_allowed: Mapped[bool] = mapped_column(default=True)
    operator_day: Mapped[int] = mapped_column(default=20)
    number_day: Mapped[int] = mapped_column(default=3)
    company_month: Mapped[int] = mapped_column(default=3000)
    prefixes: Mapped[list[str]] = mapped_column(JSON, default=lambda: [KOREAN_MOBILES])


class SmsMessage(Base):
    """One row of the outbox. `id` is the idempotency key that drivers get. `request`: the caller's own key of the order, so
    that an order that is repeated sends nothing twice. `due_at`: when the outbox has to do something about it again."""

    __tablename__ = "sms_messages"
    __table_args__ = (
        UniqueConstraint("account_id", "request"),
        Index("sms_messages_company", "company_id", "created_at"),
        Index("sms_messages_account", "account_id", "created_at"),
        Index("sms_messages_due", "state", "due_at"),
        Index("sms_messages_provider", "gateway_id", "provider_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    only_gateway: Mapped[int | None] = mapped_column(ForeignKey("sms_gateways.id"))
    """Of a test: no other gateway may take it."""
    gateway_id: Mapped[int | None] = mapped_column(ForeignKey("sms_gateways.id"))
    request: Mapped[str] = mapped_column(String(36))
    template: Mapped[str] = mapped_column(String(60))
    to: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(3))
    parts: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    give_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rounds: Mapped[int] = mapped_column(default=0)
    polls: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str | None] = mapped_column(String(MAX_PROVIDER_ID))
    code: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SmsAttempt(Base):
    """One try at one gateway: written before the text goes out, so that a stop in between shows."""

    __tablename__ = "sms_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("sms_messages.id"), index=True)
    gateway_id: Mapped[int] = mapped_column(ForeignKey("sms_gateways.id"))
    round: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16))
    final: Mapped[bool] = mapped_column(default=False)
    """Refused for good: this gateway is not tried again with this message."""
    code: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(String(300), default="")


class SmsLink(Base):
    """A link into one session's customer page. Only the hash of its token is kept."""

    __tablename__ = "sms_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    number: Mapped[str] = mapped_column(String(9))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
