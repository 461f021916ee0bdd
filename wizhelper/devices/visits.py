"""Rules of visits: why an operator wants to connect where the policy asks for a reason, and the second person's yes."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.devices import reach
from wizhelper.devices.model import Device, Status
from wizhelper.devices.work_model import DeviceVisit, VisitState
from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.protocol.device_access import MAX_REASON, AccessRules, refusal
from wizhelper.store import audit

#: For the second person to decide, and after that for the operator to connect.
DECIDE_LIMIT = timedelta(minutes=15)
USE_LIMIT = timedelta(minutes=15)
MOST_WAITING = 5
MAX_LISTED = 100


def state_now(row: DeviceVisit, now: datetime) -> VisitState:
    stored = VisitState(row.state)
    return VisitState.EXPIRED if stored in (VisitState.WAITING, VisitState.APPROVED) and row.due_at <= now else stored


def clean_reason(text: str) -> str:
    """Raises ApiError("INVALID_FIELDS")."""
    reason = unicodedata.normalize("NFC", text).strip()
    if not reason or len(reason) > MAX_REASON or any(unicodedata.category(c) in ("Cc", "Cf") for c in reason):
        raise ApiError("INVALID_FIELDS", fields={"reason": f"1..{MAX_REASON}"})
    return reason


def ask(db: Session, now: datetime, caller: Caller, device: Device, reason: str, access: AccessRules) -> DeviceVisit:
    """Approved at once where nobody else is needed. Raises ApiError: INVALID_FIELDS, TOO_MANY_TRIES."""
    waiting = select(DeviceVisit).where(
        DeviceVisit.asked_by == caller.account, DeviceVisit.state == VisitState.WAITING, DeviceVisit.due_at > now
    )
    if len(db.scalars(waiting).all()) >= MOST_WAITING:
        raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(DECIDE_LIMIT.total_seconds())})
    row = DeviceVisit(
        id=str(uuid.uuid4()),
        company_id=device.company_id,
        device_id=device.id,
        asked_by=caller.account,
        reason=clean_reason(reason),
        state=VisitState.WAITING if access.two_person else VisitState.APPROVED,
        asked_at=now,
        due_at=now + (DECIDE_LIMIT if access.two_person else USE_LIMIT),
    )
    db.add(row)
    db.flush()
    _line(db, now, row, caller, "asked", device=device.id, name=device.name, reason=row.reason)
    return row


def decide(db: Session, now: datetime, caller: Caller, visit_id: str, accepted: bool) -> DeviceVisit:
    """Raises ApiError: NOT_FOUND, OWN_REQUEST, REQUEST_OVER."""
    row = db.get(DeviceVisit, visit_id)
    if row is None or row.company_id != caller.company:
        raise ApiError("NOT_FOUND")
    reach.device_for(db, caller, row.device_id)
    if row.asked_by == caller.account:
        raise ApiError("OWN_REQUEST")
    if state_now(row, now) is not VisitState.WAITING:
        raise ApiError("REQUEST_OVER")
    row.state = VisitState.APPROVED if accepted else VisitState.REFUSED
    row.decided_by = caller.account
    row.due_at = now + USE_LIMIT if accepted else row.due_at
    _line(db, now, row, caller, row.state, device=row.device_id)
    return row


def _line(db: Session, now: datetime, row: DeviceVisit, caller: Caller, what: str, **facts: str) -> None:
    audit.append(db, now, row.company_id, caller.actor, f"device_visit.{what}", {"visit": row.id, **facts})


def usable(db: Session, now: datetime, device: Device, account: int) -> DeviceVisit | None:
    """The newest approved visit of this person at this device."""
    query = (
        select(DeviceVisit)
        .where(
            DeviceVisit.device_id == device.id,
            DeviceVisit.asked_by == account,
            DeviceVisit.state == VisitState.APPROVED,
            DeviceVisit.due_at > now,
        )
        .order_by(DeviceVisit.asked_at.desc())
        .limit(1)
    )
    return db.scalar(query)


def check(now: datetime, visit: DeviceVisit | None, access: AccessRules) -> None:
    """Raises ApiError: DEVICE_CLOSED_NOW, VISIT_REASON_NEEDED, SECOND_PERSON_NEEDED."""
    reason, approver = (visit.reason, str(visit.decided_by or "")) if visit else ("", "")
    code = refusal(access, now, reason, approver)
    if code is not None:
        raise ApiError(str(code))


def name_of(db: Session, account: int | None) -> str:
    return db.get_one(Account, account).display_name if account is not None else ""


def listed(db: Session, now: datetime, caller: Caller) -> Sequence[tuple[DeviceVisit, Device]]:
    """Of the last day, at devices that the caller reaches; the newest first."""
    query = (
        select(DeviceVisit, Device)
        .join(Device, Device.id == DeviceVisit.device_id)
        .where(
            DeviceVisit.company_id == caller.company,
            Device.status == Status.ACTIVE,
            DeviceVisit.asked_at > now - timedelta(days=1),
            reach.condition(db, caller),
        )
        .order_by(DeviceVisit.asked_at.desc())
        .limit(MAX_LISTED)
    )
    return [(visit, device) for visit, device in db.execute(query)]
