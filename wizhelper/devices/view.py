"""Devices, groups and tokens as REST shows them, and the bodies of their routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.devices.access import AccessBody, body_of
from wizhelper.devices.model import Device, DeviceEvent, DeviceGroup, EnrolmentToken
from wizhelper.devices.work_model import DeviceVisit
from wizhelper.http.api import Model, RowId
from wizhelper.protocol.device import MAX_ANSWER_S, MIN_ANSWER_S
from wizhelper.records.model import SupportSession

ApprovalName = Literal["never", "ask_then_allow", "ask_then_refuse", "always"]
AnswerTime = Field(ge=MIN_ANSWER_S, le=MAX_ANSWER_S)
DeviceId = Annotated[str, Field(min_length=36, max_length=36)]
MAX_RECENT = 20
MAX_EVENTS = 50


class AboutIn(Model):
    version: str = Field(max_length=32)
    host_name: str = Field(max_length=255)
    user_name: str = Field(max_length=255)
    os: Literal["windows", "linux", "mac"]
    os_version: str = Field(max_length=100)


class EnrolIn(Model):
    company: str = Field(max_length=64)
    name: str = Field(max_length=200)
    group: str = Field(default="", max_length=600)
    token: str | None = Field(default=None, max_length=100)
    key: str = Field(max_length=64)
    signature: str = Field(max_length=128)
    about: AboutIn


class OfferedGroupsIn(Model):
    company: str = Field(max_length=64)
    token: str | None = Field(default=None, max_length=100)


class OfferedGroupsOut(Model):
    """`groups`: paths such as "Head office/First floor", in order."""

    company: str
    groups: list[str]


class EnrolOut(Model):
    """`organisation`: the key that signs the device's policy, to be pinned by it."""

    device: str
    standing: str
    company: str
    name: str
    organisation: str


class DeviceOut(Model):
    id: str
    name: str
    model: str
    memo: str
    group_id: int | None
    status: str
    online: bool
    cloned: bool
    os: str
    os_version: str
    host_name: str
    address: str
    registered_at: datetime
    last_seen_at: datetime | None


class DevicePage(Model):
    items: list[DeviceOut]
    total: int
    page: int
    size: int


class Connection(Model):
    session: str
    at: datetime
    operator: str
    state: str
    end_reason: str | None
    active_s: int
    reason: str | None


class Happened(Model):
    at: datetime
    kind: str
    actor: str


class DeviceDetail(Model):
    """`approval`: the device's own rule, if it has one; `effective`: what holds."""

    device: DeviceOut
    user_name: str
    agent_version: str
    key: str
    approval: str | None
    answer_s: int | None
    effective: str
    access: AccessBody | None
    effective_access: AccessBody
    connections: list[Connection]
    events: list[Happened]


class DevicePatch(Model):
    name: str | None = Field(default=None, max_length=200)
    model: str | None = Field(default=None, max_length=200)
    memo: str | None = Field(default=None, max_length=2000)


class DevicePlace(Model):
    group_id: RowId | None
    approval: ApprovalName | None
    answer_s: int | None = AnswerTime


class GroupIn(Model):
    name: str = Field(max_length=200)
    parent_id: RowId | None = None
    approval: ApprovalName | None = None
    answer_s: int | None = Field(default=None, ge=MIN_ANSWER_S, le=MAX_ANSWER_S)


class GroupOut(Model):
    id: int
    name: str
    parent_id: int | None
    approval: str | None
    answer_s: int | None
    restricted: bool
    teams: list[int]
    access: AccessBody | None


class GroupTeams(Model):
    """`restricted`: only these operator groups reach the devices in the group and below."""

    restricted: bool
    teams: list[RowId] = Field(max_length=200)


class DeviceMove(Model):
    """`group_id` None: unclassified."""

    devices: list[DeviceId] = Field(min_length=1, max_length=1000)
    group_id: RowId | None


class Moved(Model):
    """How many were elsewhere before."""

    moved: int


class GroupList(Model):
    items: list[GroupOut]


class TokenIn(Model):
    label: str = Field(max_length=200)
    uses: int = Field(ge=1, le=10_000)
    hours: int = Field(ge=1, le=24 * 30)


class TokenOut(Model):
    id: int
    label: str
    uses_left: int
    expires_at: datetime
    created_at: datetime


class TokenMade(Model):
    """`secret` is shown this once."""

    token: TokenOut
    secret: str


class TokenList(Model):
    items: list[TokenOut]


class SettingsBody(Model):
    approval: ApprovalName
    answer_s: int = AnswerTime


def described(row: Device, online: bool) -> DeviceOut:
    return DeviceOut(
        id=row.id,
        name=row.name,
        model=row.model,
        memo=row.memo,
        group_id=row.group_id,
        status=row.status,
        online=online,
        cloned=row.cloned_at is not None,
        os=row.os,
        os_version=row.os_version,
        host_name=row.host_name,
        address=row.address,
        registered_at=row.registered_at,
        last_seen_at=row.last_seen_at,
    )


def described_group(row: DeviceGroup, teams: list[int] | None = None) -> GroupOut:
    return GroupOut(
        id=row.id,
        name=row.name,
        parent_id=row.parent_id,
        approval=row.approval,
        answer_s=row.answer_s,
        restricted=row.restricted,
        teams=teams or [],
        access=body_of(row.access),
    )


def described_token(row: EnrolmentToken) -> TokenOut:
    return TokenOut(
        id=row.id, label=row.label, uses_left=row.uses_left, expires_at=row.expires_at, created_at=row.created_at
    )


def connections(db: Session, device: str) -> list[Connection]:
    """DEV-RECENT: the newest first."""
    rows = db.execute(
        select(SupportSession, Account.display_name, DeviceVisit.reason)
        .join(Account, Account.id == SupportSession.owner_id)
        .outerjoin(DeviceVisit, DeviceVisit.session_id == SupportSession.id)
        .where(SupportSession.device_id == device)
        .order_by(SupportSession.created_at.desc())
        .limit(MAX_RECENT)
    )
    return [
        Connection(
            session=s.id,
            at=s.created_at,
            operator=name,
            state=s.state,
            end_reason=s.end_reason,
            active_s=round(s.active_s),
            reason=reason,
        )
        for s, name, reason in rows
    ]


def happened(db: Session, device: str) -> list[Happened]:
    query = select(DeviceEvent).where(DeviceEvent.device_id == device).order_by(DeviceEvent.id.desc())
    return [Happened(at=e.at, kind=e.kind, actor=e.actor) for e in db.scalars(query.limit(MAX_EVENTS))]
