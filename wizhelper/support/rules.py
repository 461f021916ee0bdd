"""Rules of support sessions: plain functions of a Session and the time. Each transition writes its event.

Functions that change a session return it; the caller publishes it to the owner after the commit.
"""

from __future__ import annotations

import hashlib
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
from wizhelper.records import events
from wizhelper.records.model import ConsentRecord, FaultType, LiveNumber, SupportSession
from wizhelper.settings.model import Company, ConsentText
from wizhelper.settings.service import company_by_id, current_consent_text
from wizhelper.support.states import (
    AGENT_STATES,
    ENTERABLE,
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
    SuspendedReason.REBOOT: timedelta(minutes=20),
    SuspendedReason.OPERATOR_GONE: timedelta(minutes=5),
    SuspendedReason.HANDOVER: timedelta(minutes=5),
}
ATTACK_DIGITS = 9
CORRECTION_REACH = timedelta(hours=24)
REPORT_REACH = timedelta(hours=1)
RESULTS = ("resolved", "unresolved", "escalated", "visit", "customer_gave_up", "test")
SCOPES = ["view", "control"]

SERVER = "server"
CUSTOMER = "customer"


def operator(account: int) -> str:
    return f"account:{account}"


@dataclass(frozen=True)
class Host:
    """What the agent says of its PC; text of a stranger."""

    host_name: str
    user_name: str
    os: str
    os_version: str


@dataclass(frozen=True)
class Joined:
    """A customer has got in. `secret` opens the agent's own calls for this session; it is not kept here."""

    session: SupportSession
    secret: str


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


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
        return now + APPROVAL_LIMIT
    if state is State.ACTIVE:
        return now + timedelta(seconds=company.session_idle_s)
    if state is State.WRAPUP:
        return now + WRAPUP_LIMIT
    return None


def _release(db: Session, row: SupportSession, now: datetime) -> None:
    """The session holds nothing any more: its number goes to quarantine. Its join secret only serves a report now."""
    row.ended_at = row.ended_at or now
    row.agent_online = row.viewer_online = False
    live = db.get(LiveNumber, row.number) if row.number else None
    if live is not None and live.session_id == row.id:
        live.quarantined_until = now + NUMBER_QUARANTINE


def finish(
    db: Session, row: SupportSession, trigger: Trigger, now: datetime, actor: str, reason: EndReason
) -> SupportSession:
    row.end_reason = reason
    return move(db, row, trigger, now, actor, reason=reason)


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


# --- the customer comes ---------------------------------------------------------------------------------------------


def find_by_number(db: Session, number: str) -> SupportSession | None:
    """An enterable session, or None alike for wrong, used and expired numbers."""
    live = db.get(LiveNumber, number)
    if live is None or live.quarantined_until is not None:
        return None
    row = db.get_one(SupportSession, live.session_id)
    return row if row.state in ENTERABLE and not row.agent_online else None


def waiting_of_operator(db: Session, company_id: int, account: int) -> SupportSession | None:
    """The oldest waiting session of an operator whom a customer picks (CUST-PICK)."""
    return db.scalars(
        select(SupportSession)
        .where(
            SupportSession.company_id == company_id,
            SupportSession.owner_id == account,
            SupportSession.state == State.WAITING,
        )
        .order_by(SupportSession.created_at)
        .limit(1)
    ).first()


def waiting_operators(db: Session, company_id: int) -> list[Account]:
    waiting = select(SupportSession.owner_id).where(
        SupportSession.company_id == company_id, SupportSession.state == State.WAITING
    )
    return list(db.scalars(select(Account).where(Account.id.in_(waiting)).order_by(Account.display_name)))


def join(db: Session, now: datetime, row: SupportSession, channel: str, address: str, host: Host | None) -> Joined:
    """WAITING -> JOINING, and straight on to CONNECTING where the company asks for no consent."""
    secret = secrets.token_urlsafe(32)
    row.join_secret_hash = hash_secret(secret)
    row.channel, row.address, row.joined_at = channel, address, now
    if host is not None:
        set_host(row, host)
    move(db, row, Trigger.NUMBER_USED, now, CUSTOMER, channel=channel, address=address)
    if not company_by_id(db, row.company_id).consent_enabled:
        move(db, row, Trigger.CONSENTED, now, SERVER, consent="not required")
    return Joined(row, secret)


def set_host(row: SupportSession, host: Host) -> None:
    row.host_name, row.user_name = host.host_name[:255], host.user_name[:255]
    row.os, row.os_version = host.os[:16], host.os_version[:100]


def rejoin(db: Session, now: datetime, row: SupportSession, address: str, host: Host) -> Joined:
    """The downloaded program comes with its token: the consent was given on the page, the state stays."""
    if row.state not in (State.JOINING, State.CONNECTING) or row.agent_online:
        raise ApiError("TOKEN_INVALID")
    secret = secrets.token_urlsafe(32)
    row.join_secret_hash = hash_secret(secret)
    row.address = address
    set_host(row, host)
    events.append(db, row.id, now, CUSTOMER, "program_started", {"address": address})
    return Joined(row, secret)


def by_secret(db: Session, session_id: str, secret: str, *, ended: bool = False) -> SupportSession:
    """The session that a join secret opens, a live one unless `ended`. Raises ApiError("NOT_FOUND")."""
    try:
        row = db.get(SupportSession, str(uuid.UUID(session_id)))
    except ValueError:
        raise ApiError("NOT_FOUND") from None
    if row is None or row.join_secret_hash is None or (row.ended_at is not None and not ended):
        raise ApiError("NOT_FOUND")
    if not secrets.compare_digest(row.join_secret_hash, hash_secret(secret)):
        raise ApiError("NOT_FOUND")
    return row


def session_by_id(db: Session, session_id: str) -> SupportSession:
    """Raises ApiError("NOT_FOUND")."""
    row = db.get(SupportSession, session_id)
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def company_name(db: Session, session_id: str) -> str:
    return company_by_id(db, session_by_id(db, session_id).company_id).name


def consent_text_for(db: Session, row: SupportSession, language: str) -> ConsentText | None:
    """The text to be agreed to, or None where the company asks for none."""
    if not company_by_id(db, row.company_id).consent_enabled:
        return None
    return current_consent_text(db, row.company_id, language)


def consent(
    db: Session, now: datetime, row: SupportSession, accepted: bool, text_id: int | None, source: str, address: str
) -> SupportSession:
    """CUST-CONSENT. Who agrees names a current text; who refuses may have read any. Raises ApiError("CONSENT_VERSION")."""
    text = db.get(ConsentText, text_id) if text_id is not None else None
    if text is not None and text.company_id != row.company_id:
        text = None
    current = current_consent_text(db, row.company_id, text.lang) if text else None
    asked = company_by_id(db, row.company_id).consent_enabled
    if accepted and asked and (text is None or current is None or current.id != text.id):
        raise ApiError("CONSENT_VERSION")
    db.add(
        ConsentRecord(
            session_id=row.id,
            text_id=text.id if text else None,
            text_hash=text.hash if text else None,
            scopes=SCOPES,
            accepted=accepted,
            source=source,
            at=now,
            address=address,
        )
    )
    if not accepted:
        return finish(db, row, Trigger.CONSENT_REFUSED, now, CUSTOMER, EndReason.CONSENT_REFUSED)
    row.consented_at = now
    read = {"text_version": text.version, "text_hash": text.hash} if text else {}
    return move(db, row, Trigger.CONSENTED, now, CUSTOMER, source=source, **read)


def report_abuse(db: Session, now: datetime, session_id: str, secret: str) -> SupportSession:
    """The customer says that this session was abused, while it runs or within an hour after its end."""
    row = by_secret(db, session_id, secret, ended=True)
    if row.ended_at is not None and now - row.ended_at > REPORT_REACH:
        raise ApiError("NOT_FOUND")
    events.append(db, row.id, now, CUSTOMER, "abuse_reported", {})
    return row


# --- links ----------------------------------------------------------------------------------------------------------


def agent_linked(db: Session, now: datetime, row: SupportSession, address: str) -> SupportSession:
    """The agent's live link is up: first contact, or back after a loss. Raises ApiError("SESSION_STATE")."""
    if row.state not in AGENT_STATES:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    row.agent_online, row.address, row.last_link_at = True, address, now
    if row.state == State.CONNECTING:
        ask = company_by_id(db, row.company_id).approval
        row.connected_at = row.connected_at or now
        return move(db, row, Trigger.AGENT_LINKED_ASK if ask else Trigger.AGENT_LINKED, now, CUSTOMER)
    return _follow_links(db, now, row, CUSTOMER)


def agent_lost(db: Session, now: datetime, row: SupportSession) -> SupportSession:
    row.agent_online = False
    if row.state == State.APPROVAL:
        return move(db, row, Trigger.LINK_LOST, now, SERVER)
    return _follow_links(db, now, row, SERVER)


def viewer_changed(db: Session, now: datetime, row: SupportSession, viewer: str, online: bool) -> SupportSession:
    """The data link of the owner's console came or went. A link that is not the newest one changes nothing."""
    if row.viewer != viewer:
        return row
    row.viewer_online = online
    return _follow_links(db, now, row, operator(row.owner_id))


def _follow_links(db: Session, now: datetime, row: SupportSession, actor: str) -> SupportSession:
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
        return SuspendedReason.NETWORK
    if row.viewer is not None and not row.viewer_online:
        return SuspendedReason.OPERATOR_GONE
    return None


def approve(db: Session, now: datetime, row: SupportSession, accepted: bool) -> SupportSession:
    """OP-SET-APPROVE: the customer's answer to the request to connect."""
    if accepted:
        return move(db, row, Trigger.APPROVED, now, CUSTOMER)
    return finish(db, row, Trigger.DENIED, now, CUSTOMER, EndReason.APPROVAL_DENIED)


def open_viewer(db: Session, now: datetime, row: SupportSession, viewer: str) -> SupportSession:
    """The operator opens the control view. Raises ApiError: SESSION_STATE, AGENT_OFFLINE."""
    if row.state not in LIVE:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    if not row.agent_online:
        raise ApiError("AGENT_OFFLINE")
    if row.viewer is None:
        row.viewer_online = True  # not "gone" while its first link is still being made
    row.viewer = viewer
    events.append(db, row.id, now, operator(row.owner_id), "control_opened", {})
    return row


def end(db: Session, now: datetime, row: SupportSession, actor: str, reason: EndReason) -> SupportSession:
    """ "End remote": only this ends a live session. Before it is live, it is a cancellation."""
    if row.state in LIVE:
        return finish(db, row, Trigger.END, now, actor, reason)
    if actor == CUSTOMER and row.state in (State.JOINING, State.CONNECTING, State.APPROVAL):
        return finish(db, row, Trigger.CANCEL, now, actor, reason)
    return cancel(db, now, row, actor, reason if reason is EndReason.ADMIN_CUT else EndReason.OPERATOR_CANCELLED)


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
    """Ten minutes without an agent: the number waits again, unless its own time is over."""
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
            row.due_at = now + GRACE[SuspendedReason.NETWORK]
