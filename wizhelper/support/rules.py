"""Rules of support sessions: plain functions of a Session and the time. Each transition writes its event.

Functions that change a session return it; the caller publishes it to the owner after the commit.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.records import events
from wizhelper.records.model import FaultType, LiveNumber, SessionParticipant, SupportSession
from wizhelper.settings.model import Company
from wizhelper.settings.service import company_by_id
from wizhelper.support import ladder
from wizhelper.support.states import (
    AGENT_STATES,
    LIVE,
    OPEN,
    TERMINAL,
    EndReason,
    State,
    SuspendedReason,
    TransitionRefused,
    Trigger,
    next_state,
)

MAX_OPEN = 6
NUMBER_QUARANTINE = timedelta(minutes=10)
JOIN_LIMIT = timedelta(minutes=10)
APPROVAL_LIMIT = timedelta(seconds=60)
WRAPUP_LIMIT = timedelta(minutes=10)
GRACE = {
    SuspendedReason.NETWORK: timedelta(minutes=5),
    SuspendedReason.REBOOT: timedelta(seconds=live.RESUME_S),
    SuspendedReason.OPERATOR_GONE: timedelta(minutes=5),
    SuspendedReason.HANDOVER: timedelta(minutes=5),
}
ATTACK_DIGITS = 9
CORRECTION_REACH = timedelta(hours=24)
RESULTS = ("resolved", "unresolved", "escalated", "visit", "customer_gave_up", "test")

SERVER = "server"
CUSTOMER = "customer"


def operator(account: int) -> str:
    return f"account:{account}"


# --- transitions ----------------------------------------------------------------------------------------------------


def move(db: Session, row: SupportSession, trigger: Trigger, now: datetime, actor: str, **data: Any) -> SupportSession:
    """The one way in which a session changes its state. Raises ApiError("SESSION_STATE")."""
    before = State(row.state)
    try:
        after = next_state(before, trigger)
    except TransitionRefused:
        raise ApiError("SESSION_STATE", details={"state": before}) from None
    _account_time(row, before, now)
    row.state, row.state_since = after, now
    row.suspended_reason = None
    row.due_at = _due(db, row, after, now)
    events.append(db, row.id, now, actor, trigger, {"from": before, "to": after, **data})
    if after in TERMINAL or after is State.WRAPUP:
        _release(db, row, now)
    if after in TERMINAL and row.completed_at is None and after is not State.ABNORMAL:
        row.completed_at = now
    db.flush()
    return row


def _account_time(row: SupportSession, before: State, now: datetime) -> None:
    seconds = max(0.0, (now - row.state_since).total_seconds())
    if before is State.ACTIVE:
        row.active_s += seconds
    elif before is State.SUSPENDED:
        row.suspended_s += seconds


def _due(db: Session, row: SupportSession, state: State, now: datetime) -> datetime | None:
    company = company_by_id(db, row.company_id)
    if state is State.WAITING:
        return row.created_at + timedelta(seconds=company.waiting_idle_s)
    if state in (State.JOINING, State.CONNECTING):
        return now + JOIN_LIMIT
    if state is State.APPROVAL:
        return now + (timedelta(seconds=row.approval_s) if row.approval_s else APPROVAL_LIMIT)
    if state is State.ACTIVE:
        return now + timedelta(seconds=company.session_idle_s)
    if state is State.WRAPUP:
        return now + WRAPUP_LIMIT
    return None


def _release(db: Session, row: SupportSession, now: datetime) -> None:
    """The session holds nothing any more: its number goes to quarantine. Its join secret only serves a report now."""
    row.ended_at = row.ended_at or now
    row.agent_online = row.viewer_online = False
    if row.shared:
        leave_all(db, row, now)
    row.resume_hash = row.resume_until = None
    held = db.get(LiveNumber, row.number) if row.number else None
    if held is not None and held.session_id == row.id:
        held.quarantined_until = now + NUMBER_QUARANTINE


def leave_all(db: Session, row: SupportSession, now: datetime) -> None:
    """The session is over for everybody who took part in it."""
    row.controller_id = None
    here = (SessionParticipant.session_id == row.id, SessionParticipant.to_at.is_(None))
    db.execute(update(SessionParticipant).where(*here).values(to_at=now))


def finish(
    db: Session, row: SupportSession, trigger: Trigger, now: datetime, actor: str, reason: EndReason, **data: Any
) -> SupportSession:
    row.end_reason = reason
    return move(db, row, trigger, now, actor, reason=reason, **data)


# --- waiting --------------------------------------------------------------------------------------------------------


def count_open(db: Session, owner: int) -> int:
    query = select(func.count()).select_from(SupportSession)
    return db.scalar(query.where(SupportSession.owner_id == owner, SupportSession.state.in_(OPEN))) or 0


def create_waiting(db: Session, now: datetime, owner: int, under_attack: bool = False) -> SupportSession:
    """OP-WAIT-NEW. Raises ApiError("SESSION_LIMIT") for the seventh (OP-WAIT-MAX6)."""
    account = db.scalars(select(Account).where(Account.id == owner).with_for_update()).one()
    if count_open(db, owner) >= MAX_OPEN:
        raise ApiError("SESSION_LIMIT", details={"limit": MAX_OPEN})
    company = company_by_id(db, account.company_id)
    row = SupportSession(
        id=str(uuid.uuid4()),
        company_id=company.id,
        owner_id=owner,
        state=State.WAITING,
        created_at=now,
        state_since=now,
        due_at=now + timedelta(seconds=company.waiting_idle_s),
    )
    db.add(row)
    db.flush()
    row.number = _issue_number(db, now, row.id, ATTACK_DIGITS if under_attack else company.number_digits)
    events.append(db, row.id, now, operator(owner), "created", {"to": State.WAITING})
    return row


def _issue_number(db: Session, now: datetime, session_id: str, digits: int) -> str:
    """Random and unique on the whole appliance (the base page knows no company), not from quarantine."""
    db.execute(delete(LiveNumber).where(LiveNumber.quarantined_until <= now))
    for attempt in range(64):
        # A first digit of 1-9: a number is read aloud, and a leading zero gets lost.
        low, size = 10 ** (digits - 1 + attempt // 32), 9 * 10 ** (digits - 1 + attempt // 32)
        number = str(low + secrets.randbelow(size))
        if db.get(LiveNumber, number) is None:
            db.add(LiveNumber(number=number, session_id=session_id))
            db.flush()
            return number
    raise ApiError("STORE_BUSY")


def ensure_waiting(db: Session, now: datetime, owner: int, under_attack: bool) -> SupportSession | None:
    """OP-LOGIN-AUTO1 and OP-SET-AUTOWAIT: one number, unless one is waiting already or the limit is reached."""
    query = select(SupportSession.id).where(SupportSession.owner_id == owner, SupportSession.state == State.WAITING)
    if db.scalar(query.limit(1)) is not None or count_open(db, owner) >= MAX_OPEN:
        return None
    return create_waiting(db, now, owner, under_attack)


def cancel(db: Session, now: datetime, row: SupportSession, actor: str, reason: EndReason) -> SupportSession:
    return finish(db, row, Trigger.CANCEL, now, actor, reason)


def cancel_unused(db: Session, now: datetime, owner: int) -> list[SupportSession]:
    """The operator has logged out: numbers that nobody holds a connection on end with it."""
    rows = db.scalars(
        select(SupportSession).where(
            SupportSession.owner_id == owner,
            SupportSession.state.in_([State.WAITING, State.JOINING, State.CONNECTING, State.APPROVAL]),
        )
    )
    return [cancel(db, now, row, SERVER, EndReason.OPERATOR_LOGGED_OUT) for row in list(rows)]


# --- links ----------------------------------------------------------------------------------------------------------


def agent_linked(db: Session, now: datetime, row: SupportSession, address: str) -> SupportSession:
    """The agent's live link is up: first contact, or back after a loss. Raises ApiError("SESSION_STATE")."""
    if row.state not in AGENT_STATES:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    row.agent_online, row.address, row.last_link_at = True, address, now
    ladder.linked(db, now, row, CUSTOMER)
    if row.state == State.CONNECTING:
        ask = row.approval_s > 0 if row.approval_s is not None else company_by_id(db, row.company_id).approval
        row.connected_at = row.connected_at or now
        return move(db, row, Trigger.AGENT_LINKED_ASK if ask else Trigger.AGENT_LINKED, now, CUSTOMER)
    return follow_links(db, now, row, CUSTOMER)


def agent_lost(db: Session, now: datetime, row: SupportSession) -> SupportSession:
    row.agent_online = False
    ladder.link_lost(db, now, row, SERVER)
    if row.state == State.APPROVAL:
        return move(db, row, Trigger.LINK_LOST, now, SERVER)
    return follow_links(db, now, row, SERVER)


def viewer_changed(db: Session, now: datetime, row: SupportSession, viewer: str, online: bool) -> SupportSession:
    """The data link of the owner's console came or went. A link that is not the newest one changes nothing."""
    if row.viewer != viewer:
        return row
    row.viewer_online = online
    return follow_links(db, now, row, operator(row.owner_id))


def follow_links(db: Session, now: datetime, row: SupportSession, actor: str) -> SupportSession:
    """ACTIVE is: the agent is there, and the operator's view too once it was opened."""
    if row.state not in LIVE:
        return row
    reason = _missing(row)
    if reason is None and row.state == State.SUSPENDED:
        move(db, row, Trigger.LINK_BACK, now, actor)
    elif reason is not None and (row.state == State.ACTIVE or row.suspended_reason != reason):
        move(db, row, Trigger.LINK_LOST, now, actor, reason=reason)
        row.suspended_reason = reason
        row.due_at = now + GRACE[reason]
    return row


def _missing(row: SupportSession) -> SuspendedReason | None:
    if not row.agent_online:
        return SuspendedReason.REBOOT if ladder.under_way(row) else SuspendedReason.NETWORK
    if row.viewer is not None and not row.viewer_online:
        return SuspendedReason.OPERATOR_GONE
    return None


def approve(db: Session, now: datetime, row: SupportSession, accepted: bool) -> SupportSession:
    """OP-SET-APPROVE: the customer's answer to the request to connect."""
    if accepted:
        return move(db, row, Trigger.APPROVED, now, CUSTOMER)
    return finish(db, row, Trigger.DENIED, now, CUSTOMER, EndReason.APPROVAL_DENIED)


def check_viewable(row: SupportSession) -> None:
    """Raises ApiError: SESSION_STATE, AGENT_OFFLINE."""
    if row.state not in LIVE:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    if not row.agent_online:
        raise ApiError("AGENT_OFFLINE")


def open_viewer(db: Session, now: datetime, row: SupportSession, viewer: str) -> SupportSession:
    """The operator opens the control view. Raises ApiError: SESSION_STATE, AGENT_OFFLINE."""
    check_viewable(row)
    if row.viewer is None:
        row.viewer_online = True  # not "gone" while its first link is still being made
    row.viewer = viewer
    events.append(db, row.id, now, operator(row.owner_id), "control_opened", {})
    return row


def end(db: Session, now: datetime, row: SupportSession, actor: str, reason: EndReason, **data: Any) -> SupportSession:
    """ "End remote": only this ends a live session. Before it is live, it is a cancellation. `data` stays in the event."""
    if row.state in LIVE:
        return finish(db, row, Trigger.END, now, actor, reason, **data)
    if actor == CUSTOMER and row.state in (State.JOINING, State.CONNECTING, State.APPROVAL):
        return finish(db, row, Trigger.CANCEL, now, actor, reason)
    shown = reason if reason is EndReason.ADMIN_CUT else EndReason.OPERATOR_CANCELLED
    return finish(db, row, Trigger.CANCEL, now, actor, shown, **data)


def wrap_up(
    db: Session, now: datetime, row: SupportSession, account: int, fault_type: int | None, result: str, memo: str
) -> SupportSession:
    check_fault_type(db, row.company_id, fault_type)
    row.fault_type_id, row.result, row.memo = fault_type, result, memo
    return move(db, row, Trigger.WRAPPED_UP, now, operator(account), result=result, fault_type=fault_type)


def check_fault_type(db: Session, company: int, fault_type: int | None) -> None:
    found = db.get(FaultType, fault_type) if fault_type is not None else None
    if fault_type is not None and (found is None or found.company_id != company):
        raise ApiError("INVALID_FIELDS", fields={"fault_type_id": "unknown"})


@dataclass(frozen=True)
class Correction:
    reason: str
    result: str
    fault_type_id: int | None
    memo: str
    ended_at: datetime


def correct(db: Session, now: datetime, row: SupportSession, account: int, new: Correction) -> SupportSession:
    """FAQ-ABN: an abnormal end becomes a completed record; the old values stay in the chain."""
    if row.state != State.ABNORMAL:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    if not new.reason.strip():
        raise ApiError("REASON_NEEDED")
    latest = (row.last_link_at or row.ended_at or now) + CORRECTION_REACH
    if not row.created_at <= new.ended_at <= min(latest, now):
        raise ApiError("INVALID_FIELDS", fields={"ended_at": f"{row.created_at.isoformat()} - {latest.isoformat()}"})
    check_fault_type(db, row.company_id, new.fault_type_id)
    old = {
        "result": row.result,
        "fault_type": row.fault_type_id,
        "memo": row.memo,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }
    row.result, row.fault_type_id, row.memo, row.ended_at = new.result, new.fault_type_id, new.memo, new.ended_at
    row.corrected = True
    return move(db, row, Trigger.CORRECTED, now, operator(account), reason=new.reason, old=old)


# --- time -----------------------------------------------------------------------------------------------------------


def strike_limits(db: Session, now: datetime, operator_present: Iterable[int]) -> list[SupportSession]:
    """What the clock does by itself: called every few seconds; -> sessions that changed.

    `operator_present`: accounts with a live console; their view may stay closed as long as the session may idle.
    """
    present = set(operator_present)
    due = list(db.scalars(select(SupportSession).where(SupportSession.due_at <= now).limit(500)))
    return [_strike(db, now, row, present) for row in due]


def _strike(db: Session, now: datetime, row: SupportSession, present: set[int]) -> SupportSession:
    state = State(row.state)
    if state is State.WAITING:
        return finish(db, row, Trigger.NUMBER_EXPIRED, now, SERVER, EndReason.NUMBER_EXPIRED)
    if state in (State.JOINING, State.CONNECTING):
        return _nobody_linked(db, now, row)
    if state is State.APPROVAL:
        return finish(db, row, Trigger.TIME_OUT, now, SERVER, EndReason.APPROVAL_TIMEOUT)
    if state is State.ACTIVE:
        return finish(db, row, Trigger.TIME_OUT, now, SERVER, EndReason.IDLE)
    if state is State.SUSPENDED:
        return _grace_over(db, now, row, present)
    return move(db, row, Trigger.TIME_OUT, now, SERVER)


def _nobody_linked(db: Session, now: datetime, row: SupportSession) -> SupportSession:
    """Ten minutes without an agent: the number waits again, unless its own time is over. A device has no number."""
    if row.device_id is not None:
        return finish(db, row, Trigger.NUMBER_EXPIRED, now, SERVER, EndReason.DEVICE_UNREACHABLE)
    company: Company = company_by_id(db, row.company_id)
    if row.created_at + timedelta(seconds=company.waiting_idle_s) <= now:
        return finish(db, row, Trigger.NUMBER_EXPIRED, now, SERVER, EndReason.NUMBER_EXPIRED)
    row.join_secret_hash = None
    return move(db, row, Trigger.TIME_OUT, now, SERVER)


def _grace_over(db: Session, now: datetime, row: SupportSession, present: set[int]) -> SupportSession:
    reason = SuspendedReason(row.suspended_reason or SuspendedReason.NETWORK)
    idle = timedelta(seconds=company_by_id(db, row.company_id).session_idle_s)
    if reason is SuspendedReason.OPERATOR_GONE and row.owner_id in present and now < row.state_since + idle:
        row.due_at = now + GRACE[reason]
        return row
    ended = EndReason.OPERATOR_GONE if reason is SuspendedReason.OPERATOR_GONE else EndReason.NETWORK_LOST
    return finish(db, row, Trigger.TIME_OUT, now, SERVER, ended)


def mark_links(db: Session, now: datetime) -> None:
    """Remembers when the live sessions were last seen alive, for the case that this process dies."""
    db.execute(update(SupportSession).where(SupportSession.state == State.ACTIVE).values(last_link_at=now))


def extend_activity(db: Session, now: datetime, session_ids: Iterable[str]) -> None:
    """Data has flowed: the idle time of these sessions starts anew."""
    for row in db.scalars(select(SupportSession).where(SupportSession.id.in_(list(session_ids)))):
        if row.state == State.ACTIVE:
            row.due_at = _due(db, row, State.ACTIVE, now)


def server_started(db: Session, now: datetime) -> None:
    """After a stop or a crash nobody is linked: live sessions wait for their links for the usual grace."""
    for row in list(db.scalars(select(SupportSession).where(SupportSession.state.in_([*LIVE, State.APPROVAL])))):
        # Time up to the crash counts as active, the time without a server does not.
        if row.state == State.ACTIVE and row.last_link_at is not None:
            row.active_s += max(0.0, (row.last_link_at - row.state_since).total_seconds())
            row.state_since = now
        row.viewer_online = False
        agent_lost(db, now, row)
        if row.state == State.SUSPENDED:
            row.due_at = now + GRACE[SuspendedReason(row.suspended_reason or SuspendedReason.NETWORK)]
