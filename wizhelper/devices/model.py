"""Tables: devices, their groups, keys and history; enrolment tokens; the company's policy of unattended access."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.protocol.device import Approval
from wizhelper.store.database import Base, UtcDateTime

DEFAULT_ANSWER_S = 30


class Status(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    REMOVED = "removed"


class DeviceEventKind(StrEnum):
    ENROLLED = "enrolled"
    APPROVED = "approved"
    REJECTED = "rejected"
    ONLINE = "online"
    OFFLINE = "offline"
    RENAMED = "renamed"
    CHANGED = "changed"
    CLONE_SEEN = "clone_seen"
    WRONG_KEY = "wrong_key"
    REMOVED = "removed"
    UPDATE_FAILED = "update_failed"


class UpdateMode(StrEnum):
    """Whether devices take a new agent release by themselves, in stages, or when an administrator asks."""

    AUTO = "auto"
    BY_HAND = "by_hand"


class DeviceGroup(Base):
    """A folder of devices. `approval`, `answer_s`: None takes the parent's, at the top the company's; so does `access`
    (access.py). `restricted`: only the operator groups of DeviceGroupTeam reach it, and what is below it."""

    __tablename__ = "device_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("device_groups.id"))
    name: Mapped[str] = mapped_column(String(64))
    approval: Mapped[str | None] = mapped_column(String(16))
    answer_s: Mapped[int | None]
    access: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    restricted: Mapped[bool] = mapped_column(default=False, server_default=false())


class DeviceGroupTeam(Base):
    """An operator group that reaches a restricted device group."""

    __tablename__ = "device_group_teams"

    group_id: Mapped[int] = mapped_column(ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)


class Device(Base):
    """`key`: hex of the Ed25519 key that it proves at each link. `group_id` None: unclassified. `cloned_at`: two machines
    showed up with this key; nobody connects until the device was registered anew. `networks`: protocol.device.Network of each
    network card, as the agent told them last. `update_*`: the agent release that it was offered last or went back from, why it
    did not take it ("": it did, or is at it), and since when."""

    __tablename__ = "devices"
    __table_args__ = (Index("devices_company_status", "company_id", "status"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("device_groups.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(64), default="")
    memo: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64), index=True)
    approval: Mapped[str | None] = mapped_column(String(16))
    answer_s: Mapped[int | None]
    access: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    networks: Mapped[list[dict[str, str]] | None] = mapped_column(JSON(none_as_null=True))
    policy_serial: Mapped[int] = mapped_column(default=0)
    policy_digest: Mapped[str] = mapped_column(String(64), default="")
    host_name: Mapped[str] = mapped_column(String(255), default="")
    user_name: Mapped[str] = mapped_column(String(255), default="")
    os: Mapped[str] = mapped_column(String(16), default="")
    os_version: Mapped[str] = mapped_column(String(100), default="")
    agent_version: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cloned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    update_version: Mapped[str] = mapped_column(String(32), default="", server_default="")
    update_code: Mapped[str] = mapped_column(String(32), default="", server_default="")
    update_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceEvent(Base):
    """What happened to a device. `actor`: "account:7", "device" or "server"."""

    __tablename__ = "device_events"
    __table_args__ = (Index("device_events_device_at", "device_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class EnrolmentToken(Base):
    """Lets `uses_left` more devices in at once, without approval, until it expires. Only its hash is kept."""

    __tablename__ = "enrolment_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(64))
    uses_left: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))


class DeviceSettings(Base):
    """The company's policy, for every device that says nothing else."""

    __tablename__ = "device_settings"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    approval: Mapped[str] = mapped_column(String(16), default=Approval.NEVER)
    answer_s: Mapped[int] = mapped_column(default=DEFAULT_ANSWER_S)
    access: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    updates: Mapped[str] = mapped_column(String(16), default=UpdateMode.AUTO, server_default=UpdateMode.AUTO)


class AgentRelease(Base):
    """When this appliance had a release first: its stages count from then."""

    __tablename__ = "agent_releases"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
