"""Tables: what a company wants recorded, its keys, its recordings and their chunks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base, UtcDateTime

GIB_MB = 1024


class Policy(StrEnum):
    """Whether sessions are recorded: never, when the operator wants to, or all of them from the first picture on."""

    OFF = "off"
    MAY = "may"
    ALWAYS = "always"


class Place(StrEnum):
    """Where recordings go: a plain file in the operator's browser, or encrypted to the appliance."""

    BROWSER = "browser"
    APPLIANCE = "appliance"


class RecordingState(StrEnum):
    """OPEN grows; FINISHED is whole, as its console said; ABANDONED broke off, and plays as far as it goes."""

    OPEN = "open"
    FINISHED = "finished"
    ABANDONED = "abandoned"


class RecordingSettings(Base):
    """`listers`, `players`, `deleters`: the roles that may. `quota_mb`: of all recordings of the company, in MiB."""

    __tablename__ = "recording_settings"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    policy: Mapped[str] = mapped_column(String(16), default=Policy.MAY)
    place: Mapped[str] = mapped_column(String(16), default=Place.BROWSER)
    listers: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["admin", "auditor"])
    players: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["admin", "auditor"])
    deleters: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["admin"])
    quota_mb: Mapped[int] = mapped_column(default=50 * GIB_MB)


class RecordingKey(Base):
    """A public key (X25519, hex) of the company; the newest is the one that recordings are made for.

    `wrapped`: the private key under a passphrase, as the browser made it, where the company keeps it on the server.
    `fingerprint`: SHA-256 of the public key, hex.
    """

    __tablename__ = "recording_keys"
    __table_args__ = (UniqueConstraint("company_id", "public"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str] = mapped_column(String(100))
    public: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    wrapped: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))


class Recording(Base):
    """One file. `sealed`: its content key, sealed to the company's key (hex). `head`: of the chain of its chunks, hex.

    `last_at`: when the latest chunk came. `held`: nothing may delete it, not even retention.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        Index("recordings_company_begun", "company_id", "begun_at"),
        Index("recordings_state_last", "state", "last_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("support_sessions.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("recording_keys.id"))
    sealed: Mapped[str] = mapped_column(String(160))
    state: Mapped[str] = mapped_column(String(16), default=RecordingState.OPEN)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    chunks: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    head: Mapped[str] = mapped_column(String(64))
    held: Mapped[bool] = mapped_column(default=False)


class RecordingChunk(Base):
    """A part of a recording's file: where it begins, how long it is, and its hash. Numbers begin at 1."""

    __tablename__ = "recording_chunks"

    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_byte: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
