"""What is old enough to go, and its deletion in batches: each batch leaves one line of proof in the audit chain.

The proof names kind, count, first and last time and a hash over the deleted rows' ids; what was in them is not kept. A
session with a report of abuse that nobody has handled stays, and so do one with a recording on hold, and the record of a
login that is alive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Login, LoginRecord
from wizhelper.aftercare.model import AbuseReport
from wizhelper.devices.work_model import DeviceVisit
from wizhelper.recordings import rules as recordings
from wizhelper.recordings.model import Recording, RecordingState
from wizhelper.records.chat import SessionChat
from wizhelper.records.model import (
    ConsentRecord,
    LiveNumber,
    SessionEvent,
    SessionOffer,
    SessionParticipant,
    SessionQuality,
    SupportSession,
)
from wizhelper.retention.model import RetentionSettings
from wizhelper.sms.model import SmsAttempt, SmsLink, SmsMessage
from wizhelper.store import audit

BATCH = 500
ACTOR = "server"
DAY = timedelta(days=1)

Found = Sequence[tuple[Any, datetime]]
"""Ids and times of rows."""


def settings_of(db: Session, company: int) -> RetentionSettings:
    """The company's, made with the defaults at first sight: to be called in a transaction that may write."""
    found = db.get(RetentionSettings, company)
    if found is None:
        found = RetentionSettings(company_id=company)
        db.add(found)
        db.flush()
    return found


def _sessions(company: int, before: datetime) -> Select[Any, datetime]:
    held = select(AbuseReport.session_id).where(AbuseReport.handled_at.is_(None))
    kept = select(Recording.session_id).where(Recording.held | (Recording.state == RecordingState.OPEN))
    return (
        select(SupportSession.id, SupportSession.created_at)
        .where(SupportSession.company_id == company, SupportSession.ended_at < before)
        .where(SupportSession.id.not_in(held), SupportSession.state != "WRAPUP")
        .where(SupportSession.id.not_in(kept))
        .order_by(SupportSession.created_at)
    )


def _delete_sessions(db: Session, ids: Sequence[Any]) -> None:
    own = list(db.scalars(select(Recording.id).where(Recording.session_id.in_(ids))))
    recordings.delete_rows(db, own)
    db.execute(update(SmsMessage).where(SmsMessage.session_id.in_(ids)).values(session_id=None))
    db.execute(update(DeviceVisit).where(DeviceVisit.session_id.in_(ids)).values(session_id=None))
    shared = (SessionParticipant, SessionOffer)
    for table in (SessionEvent, SessionQuality, SessionChat, *shared, ConsentRecord, LiveNumber, AbuseReport, SmsLink):
        db.execute(delete(table).where(table.session_id.in_(ids)))
    db.execute(delete(SupportSession).where(SupportSession.id.in_(ids)))


def _quality(company: int, before: datetime) -> Select[Any, datetime]:
    return (
        select(SessionQuality.id, SessionQuality.at)
        .join(SupportSession, SupportSession.id == SessionQuality.session_id)
        .where(SupportSession.company_id == company, SessionQuality.at < before)
        .order_by(SessionQuality.id)
    )


def _delete_quality(db: Session, ids: Sequence[Any]) -> None:
    db.execute(delete(SessionQuality).where(SessionQuality.id.in_(ids)))


def _logins(company: int, before: datetime) -> Select[Any, datetime]:
    return (
        select(LoginRecord.id, LoginRecord.at)
        .where(LoginRecord.company_id == company, LoginRecord.at < before)
        .where(LoginRecord.id.not_in(select(Login.record_id)))
        .order_by(LoginRecord.id)
    )


def _delete_logins(db: Session, ids: Sequence[Any]) -> None:
    db.execute(delete(LoginRecord).where(LoginRecord.id.in_(ids)))


def _messages(company: int, before: datetime) -> Select[Any, datetime]:
    return (
        select(SmsMessage.id, SmsMessage.created_at)
        .where(SmsMessage.company_id == company, SmsMessage.created_at < before)
        .order_by(SmsMessage.created_at)
    )


def _delete_messages(db: Session, ids: Sequence[Any]) -> None:
    db.execute(delete(SmsAttempt).where(SmsAttempt.message_id.in_(ids)))
    db.execute(delete(SmsMessage).where(SmsMessage.id.in_(ids)))


def _recordings(company: int, before: datetime) -> Select[Any, datetime]:
    return (
        select(Recording.id, Recording.begun_at)
        .where(Recording.company_id == company, Recording.begun_at < before)
        .where(Recording.held.is_(False), Recording.state != RecordingState.OPEN)
        .order_by(Recording.begun_at)
    )


def _delete_recordings(db: Session, ids: Sequence[Any]) -> None:
    """The rows; recordings/service.py removes files that have none."""
    recordings.delete_rows(db, list(ids))


KINDS: dict[str, tuple[Callable[[int, datetime], Select[Any, datetime]], Callable[[Session, Sequence[Any]], None]]] = {
    "recordings": (_recordings, _delete_recordings),
    "messages": (_messages, _delete_messages),
    "quality": (_quality, _delete_quality),
    "logins": (_logins, _delete_logins),
    "sessions": (_sessions, _delete_sessions),
}


def purge(db: Session, now: datetime, company: int, kind: str) -> int:
    """Deletes one batch of what is over its days. -> how many rows; BATCH: there may be more."""
    find, remove = KINDS[kind]
    before = now - getattr(settings_of(db, company), kind) * DAY
    found: Found = [(row[0], row[1]) for row in db.execute(find(company, before).limit(BATCH))]
    if found:
        remove(db, [row[0] for row in found])
        audit.append(db, now, company, ACTOR, "retention.deleted", _proof(kind, found))
    return len(found)


def _proof(kind: str, found: Found) -> dict[str, Any]:
    times = [at for _, at in found]
    digest = hashlib.sha256("\n".join(sorted(str(number) for number, _ in found)).encode()).hexdigest()
    first, last = min(times).isoformat(), max(times).isoformat()
    return {"kind": kind, "count": len(found), "first": first, "last": last, "sha256": digest}
