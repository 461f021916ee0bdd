"""Rules of registered devices: plain functions of a Session and the time."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.devices.model import (
    DEFAULT_ANSWER_S,
    Device,
    DeviceEvent,
    DeviceEventKind,
    DeviceGroup,
    DeviceSettings,
    EnrolmentToken,
    Status,
)
from wizhelper.http.errors import ApiError
from wizhelper.protocol.device import MAX_NAME_LENGTH, About, Approval, DevicePolicy
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.settings.service import find_company
from wizhelper.store import audit
from wizhelper.support import joining
from wizhelper.support import rules as sessions
from wizhelper.support.states import LIVE, State

MAX_PENDING_OF_ADDRESS = 20
MAX_PENDING = 500
MAX_GROUPS = 1000
MAX_DEPTH = 8
LINK_LIMIT = timedelta(seconds=30)
#: The server gives up a little after the PC, whose own clock decides what silence means.
ANSWER_MARGIN_S = 15
ALWAYS_S = 600
LINK_EVENTS_KEPT = timedelta(days=90)

DEVICE = "device"
SERVER = "server"


@dataclass(frozen=True)
class Enrolment:
    """What a new device asks for; its signature was checked. `token` None: it waits for approval."""

    company: str
    name: str
    group: str
    token: str | None
    key: str
    about: About


def clean_name(text: str, field: str = "name", *, empty: bool = False) -> str:
    """At most 64 characters, NFC, without control and direction characters. Raises ApiError("INVALID_FIELDS")."""
    name = unicodedata.normalize("NFC", text).strip()
    hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)
    if hidden or len(name) > MAX_NAME_LENGTH or not (name or empty):
        raise ApiError("INVALID_FIELDS", fields={field: f"1..{MAX_NAME_LENGTH}"})
    return name


def note(db: Session, now: datetime, device: Device, kind: DeviceEventKind, actor: str, **data: Any) -> None:
    """A line of the device's history; in the audit chain too, unless it is only coming and going."""
    db.add(DeviceEvent(device_id=device.id, at=now, kind=kind, actor=actor, data=data))
    if kind not in (DeviceEventKind.ONLINE, DeviceEventKind.OFFLINE):
        facts = {"device": device.id, "name": device.name, **data}
        audit.append(db, now, device.company_id, actor, f"device.{kind.value}", facts)


def device_of(db: Session, company: int, device_id: str, *statuses: Status) -> Device:
    """Raises ApiError("NOT_FOUND"), also for devices of others and of another status."""
    row = db.get(Device, device_id)
    if row is None or row.company_id != company or row.status not in (statuses or (Status.ACTIVE,)):
        raise ApiError("NOT_FOUND")
    return row


# --- enrolment --------------------------------------------------------------------------------------------------------


def enrol(db: Session, now: datetime, asked: Enrolment, address: str) -> Device:
    """A new device, active with a token and waiting without one; the same answer again for a key that is known.
    Raises ApiError: COMPANY_UNKNOWN, GROUP_UNKNOWN, ENROLMENT_TOKEN, TOO_MANY_DEVICES, INVALID_FIELDS."""
    company = find_company(db, asked.company)
    if company is None:
        raise ApiError("COMPANY_UNKNOWN")
    name = clean_name(asked.name)
    known = db.scalar(
        select(Device).where(
            Device.company_id == company.id, Device.key == asked.key, Device.status.in_([Status.PENDING, Status.ACTIVE])
        )
    )
    if known is not None:
        return known
    group = group_by_path(db, company.id, asked.group)
    status = Status.ACTIVE if asked.token is not None else Status.PENDING
    if asked.token is not None:
        _use_token(db, now, company.id, asked.token)
    else:
        _check_room(db, company.id, address)
    device = Device(
        id=str(uuid.uuid4()),
        company_id=company.id,
        group_id=group.id if group else None,
        name=name,
        status=status,
        key=asked.key,
        address=address,
        registered_at=now,
    )
    _set_about(device, asked.about)
    db.add(device)
    db.flush()
    note(db, now, device, DeviceEventKind.ENROLLED, DEVICE, address=address, token=asked.token is not None)
    return device


def _set_about(device: Device, about: About) -> None:
    device.host_name, device.user_name = about.host_name[:255], about.user_name[:255]
    device.os, device.os_version = about.os[:16], about.os_version[:100]
    device.agent_version = about.version[:32]


def _check_room(db: Session, company: int, address: str) -> None:
    waiting = select(func.count()).select_from(Device).where(Device.status == Status.PENDING)
    of_address = db.scalar(waiting.where(Device.address == address)) or 0
    of_company = db.scalar(waiting.where(Device.company_id == company)) or 0
    if of_address >= MAX_PENDING_OF_ADDRESS or of_company >= MAX_PENDING:
        raise ApiError("TOO_MANY_DEVICES")


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _use_token(db: Session, now: datetime, company: int, token: str) -> None:
    row = db.scalar(select(EnrolmentToken).where(EnrolmentToken.token_hash == hash_token(token)))
    if row is None or row.company_id != company or row.expires_at <= now or row.uses_left < 1:
        raise ApiError("ENROLMENT_TOKEN")
    row.uses_left -= 1


def make_token(
    db: Session, now: datetime, company: int, account: int, label: str, uses: int, lifetime: timedelta
) -> tuple[EnrolmentToken, str]:
    """-> the row, and the token itself, which is shown once."""
    token = secrets.token_hex(24)  # no "-" at its beginning, which a command line would take for an option
    row = EnrolmentToken(
        company_id=company,
        token_hash=hash_token(token),
        label=clean_name(label, "label"),
        uses_left=uses,
        expires_at=now + lifetime,
        created_at=now,
        created_by=account,
    )
    db.add(row)
    db.flush()
    return row, token


def decide(db: Session, now: datetime, device: Device, account: int, accepted: bool) -> Device:
    """The answer to a device that waits."""
    device.status = Status.ACTIVE if accepted else Status.REMOVED
    kind = DeviceEventKind.APPROVED if accepted else DeviceEventKind.REJECTED
    note(db, now, device, kind, sessions.operator(account))
    return device


def remove(db: Session, now: datetime, device: Device, actor: str) -> None:
    """Its key opens nothing from now on; its history stays."""
    device.status = Status.REMOVED
    note(db, now, device, DeviceEventKind.REMOVED, actor)


# --- groups and policy ------------------------------------------------------------------------------------------------


def groups_of(db: Session, company: int) -> list[DeviceGroup]:
    return list(db.scalars(select(DeviceGroup).where(DeviceGroup.company_id == company).order_by(DeviceGroup.name)))


def group_of(db: Session, company: int, group_id: int) -> DeviceGroup:
    """Raises ApiError("NOT_FOUND")."""
    row = db.get(DeviceGroup, group_id)
    if row is None or row.company_id != company:
        raise ApiError("NOT_FOUND")
    return row


def group_by_path(db: Session, company: int, path: str) -> DeviceGroup | None:
    """ "Head office/First floor" -> its group; "" -> None: unclassified. Raises ApiError("GROUP_UNKNOWN")."""
    found: DeviceGroup | None = None
    for name in (part.strip() for part in path.split("/") if part.strip()):
        parent = found.id if found else None
        found = db.scalar(
            select(DeviceGroup).where(
                DeviceGroup.company_id == company,
                DeviceGroup.parent_id.is_(None) if parent is None else DeviceGroup.parent_id == parent,
                DeviceGroup.name == unicodedata.normalize("NFC", name),
            )
        )
        if found is None:
            raise ApiError("GROUP_UNKNOWN")
    return found


def ancestors(db: Session, group: DeviceGroup | None) -> list[DeviceGroup]:
    """The group itself first, the root last."""
    found: list[DeviceGroup] = []
    while group is not None and len(found) <= MAX_DEPTH:
        found.append(group)
        group = db.get(DeviceGroup, group.parent_id) if group.parent_id is not None else None
    return found


def set_group(db: Session, row: DeviceGroup, name: str, parent: int | None) -> None:
    """Names and places a group, new or old. Raises ApiError: INVALID_FIELDS, GROUP_NAME_TAKEN, NOT_FOUND."""
    row.name = clean_name(name)
    if "/" in row.name:
        raise ApiError("INVALID_FIELDS", fields={"name": "no /"})
    above = group_of(db, row.company_id, parent) if parent is not None else None
    chain = ancestors(db, above)
    if len(chain) >= MAX_DEPTH or (row.id is not None and any(g.id == row.id for g in chain)):
        raise ApiError("INVALID_FIELDS", fields={"parent_id": "a group cannot be inside itself, nor so deep"})
    row.parent_id = above.id if above else None
    same = [g for g in groups_of(db, row.company_id) if g.parent_id == row.parent_id and g.name == row.name]
    if any(g.id != row.id for g in same):
        raise ApiError("GROUP_NAME_TAKEN")


def remove_group(db: Session, row: DeviceGroup) -> None:
    """Its devices and groups move up to its parent. Raises ApiError("GROUP_RESTRICTED"): what only some may reach does not
    become everybody's by the way."""
    inside = (
        select(Device.id).where(Device.group_id == row.id).exists(),
        select(DeviceGroup.id).where(DeviceGroup.parent_id == row.id).exists(),
    )
    if row.restricted and db.scalar(select(or_(*inside))):
        raise ApiError("GROUP_RESTRICTED")
    for device in db.scalars(select(Device).where(Device.group_id == row.id)):
        device.group_id = row.parent_id
    for group in db.scalars(select(DeviceGroup).where(DeviceGroup.parent_id == row.id)):
        group.parent_id = row.parent_id
    db.flush()
    db.delete(row)


def settings_of(db: Session, company: int) -> DeviceSettings:
    row = db.get(DeviceSettings, company)
    return row or DeviceSettings(company_id=company, approval=Approval.NEVER, answer_s=DEFAULT_ANSWER_S)


def effective(db: Session, device: Device) -> tuple[str, int]:
    """Approval and answer time that hold for the device: its own, else its groups', else the company's."""
    group = db.get(DeviceGroup, device.group_id) if device.group_id is not None else None
    levels: list[Device | DeviceGroup] = [device, *ancestors(db, group)]
    for level in levels:
        if level.approval is not None:
            return level.approval, level.answer_s or DEFAULT_ANSWER_S
    settings = settings_of(db, device.company_id)
    return str(settings.approval), settings.answer_s


# --- links and sessions -----------------------------------------------------------------------------------------------


def linked(db: Session, now: datetime, device: Device, about: About, address: str) -> None:
    _set_about(device, about)
    device.address, device.last_seen_at = address, now
    old = now - LINK_EVENTS_KEPT
    kinds = [DeviceEventKind.ONLINE, DeviceEventKind.OFFLINE]
    db.execute(
        delete(DeviceEvent).where(DeviceEvent.device_id == device.id, DeviceEvent.at < old, DeviceEvent.kind.in_(kinds))
    )
    note(db, now, device, DeviceEventKind.ONLINE, DEVICE, address=address, version=device.agent_version)


def unlinked(db: Session, now: datetime, device: Device) -> None:
    device.last_seen_at = now
    note(db, now, device, DeviceEventKind.OFFLINE, SERVER)


def clone_seen(db: Session, now: datetime, device: Device) -> None:
    device.cloned_at = now
    note(db, now, device, DeviceEventKind.CLONE_SEEN, SERVER)


def live_session(db: Session, device: Device) -> SupportSession | None:
    states = [State.CONNECTING, State.APPROVAL, *LIVE]
    return db.scalar(
        select(SupportSession).where(SupportSession.device_id == device.id, SupportSession.state.in_(states)).limit(1)
    )


def begin_session(
    db: Session, now: datetime, device: Device, account: int, secret: str, policy: DevicePolicy
) -> SupportSession:
    """DEV-CONNECT. `policy`: of the device. Raises ApiError: DEVICE_CLONED, DEVICE_BUSY, SESSION_LIMIT."""
    owner = db.scalars(select(Account).where(Account.id == account).with_for_update()).one()
    if device.cloned_at is not None:
        raise ApiError("DEVICE_CLONED")
    if live_session(db, device) is not None:
        raise ApiError("DEVICE_BUSY")
    if sessions.count_open(db, account) >= sessions.MAX_OPEN:
        raise ApiError("SESSION_LIMIT", details={"limit": sessions.MAX_OPEN})
    row = SupportSession(
        id=str(uuid.uuid4()),
        company_id=owner.company_id,
        owner_id=account,
        kind="device",
        channel="device",
        device_id=device.id,
        approval_s=answer_limit(policy),
        state=State.CONNECTING,
        join_secret_hash=joining.hash_secret(secret),
        address=device.address,
        created_at=now,
        joined_at=now,
        state_since=now,
        due_at=now + LINK_LIMIT,
    )
    joining.set_host(row, joining.Host(device.host_name, device.user_name, device.os, device.os_version))
    db.add(row)
    db.flush()
    data = {"to": State.CONNECTING, "device": device.id, "name": device.name}
    events.append(db, row.id, now, sessions.operator(account), "created", data)
    return row


def answer_limit(policy: DevicePolicy) -> int:
    """Seconds that the server waits for the answer of the person at the PC; 0: nobody is asked."""
    if policy.approval == Approval.NEVER:
        return 0
    return ALWAYS_S if policy.approval == Approval.ALWAYS else policy.answer_s + ANSWER_MARGIN_S
