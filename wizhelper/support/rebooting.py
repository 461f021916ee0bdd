"""Rules of a restart within a session (RC-REBOOT, RB-*): how it begins, and the one way back into the session.

Before the PC goes down its program leaves the hash of a fresh secret here. The secret itself stays on the PC: whoever brings
it within live.RESUME_S, once, has the session again. Plain functions of a Session and the time, like rules.py.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.protocol.live import Step
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.support import ladder
from wizhelper.support.joining import Host, Joined, hash_secret, set_host
from wizhelper.support.rules import CUSTOMER, SERVER
from wizhelper.support.states import LIVE

RESUME_LIMIT = timedelta(seconds=live.RESUME_S)


def begin(db: Session, now: datetime, row: SupportSession, message: live.Rebooting) -> SupportSession:
    """The PC is about to go down. Raises ApiError("SESSION_STATE")."""
    if row.state not in LIVE:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    row.resume_hash, row.resume_until = message.secret_hash, now + RESUME_LIMIT
    row.reboot = {"until": row.resume_until.isoformat(), "safe_mode": message.safe_mode, "steps": []}
    facts = {"safe_mode": message.safe_mode, "auto_logon": message.auto_logon}
    ladder.climb(db, now, row, Step.GOING_DOWN, CUSTOMER, **facts)
    return row


def call_off(db: Session, now: datetime, row: SupportSession) -> SupportSession:
    """It does not go down after all: refused by the system, or stopped by somebody there."""
    if row.resume_hash is not None:
        row.reboot = row.resume_hash = row.resume_until = None
        events.append(db, row.id, now, CUSTOMER, "reboot_called_off", {})
    return row


def resume(
    db: Session, now: datetime, session_id: str, secret: str, at_desktop: bool, address: str, host: Host
) -> Joined:
    """The program is back after the restart; the secret is spent. Raises ApiError("NOT_FOUND") whatever is wrong."""
    row = _resumable(db, now, session_id, secret)
    row.resume_hash = row.resume_until = None
    fresh = secrets.token_urlsafe(32)
    row.join_secret_hash, row.address = hash_secret(fresh), address
    set_host(row, host)
    ladder.link_lost(db, now, row, SERVER)
    ladder.climb(db, now, row, Step.NETWORK_UP, CUSTOMER, address=address)
    if not at_desktop:
        ladder.climb(db, now, row, Step.LOGON_SCREEN, CUSTOMER)
    return Joined(row, fresh)


def _resumable(db: Session, now: datetime, session_id: str, secret: str) -> SupportSession:
    try:
        row = db.get(SupportSession, str(uuid.UUID(session_id)))
    except ValueError:
        raise ApiError("NOT_FOUND") from None
    if row is None or row.resume_hash is None or row.resume_until is None or row.ended_at is not None:
        raise ApiError("NOT_FOUND")
    if row.resume_until <= now or not secrets.compare_digest(row.resume_hash, hash_secret(secret)):
        raise ApiError("NOT_FOUND")
    return row
