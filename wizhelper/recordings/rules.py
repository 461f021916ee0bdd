"""A recording's life: begun, chunk after chunk, finished or abandoned, deleted. Plain functions of a Session and the time."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.recordings import chain
from wizhelper.recordings.model import Place, Policy, Recording, RecordingChunk, RecordingState
from wizhelper.recordings.policy import current_key, settings_of
from wizhelper.records import events
from wizhelper.records.filters import visible
from wizhelper.records.model import SessionParticipant, SupportSession
from wizhelper.store import audit

KIB = 1024
MIB = KIB * KIB
MAX_CHUNK_BYTES = 640 * KIB
MAX_CHUNKS = 100_000
MAX_BYTES = 64 * KIB * MIB
SEALED_BYTES = 80
"""Ephemeral key 32, content key 32, tag 16."""
ABANDONED_AFTER = timedelta(days=3)
"""An operator's PC may be off over a weekend; what it still has of a recording can come until then."""
QUOTA_EVERY = 16
"""Chunks between two looks at the company's quota: adding everything up for each would cost more than it saves."""
SERVER = "server"
LIVE = ("ACTIVE", "SUSPENDED")


@dataclass(frozen=True)
class Spot:
    """Where the next chunk goes. `known`: it is there already."""

    at_byte: int
    known: bool


def begin(db: Session, now: datetime, caller: Caller, session: str, key: int, sealed: str) -> Recording:
    """Raises ApiError: NOT_FOUND, SESSION_STATE, RECORDING_OFF, RECORDING_KEY_OLD, RECORDING_QUOTA."""
    row = _session_of(db, caller, session)
    if row.state not in LIVE:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    wanted, current = settings_of(db, caller.company), current_key(db, caller.company)
    if wanted.policy == Policy.OFF or wanted.place != Place.APPLIANCE or current is None:
        raise ApiError("RECORDING_OFF")
    if current.id != key:
        raise ApiError("RECORDING_KEY_OLD")
    check_quota(db, caller.company)
    made = Recording(id=str(uuid.uuid4()), company_id=caller.company, session_id=session, account_id=caller.account)
    made.key_id, made.sealed, made.begun_at, made.last_at = key, sealed, now, now
    made.head = chain.first(made.id, sealed)
    db.add(made)
    facts = {"recording": made.id, "session": session, "key": current.fingerprint}
    audit.append(db, now, caller.company, caller.actor, "recording.begun", facts)
    db.flush()
    return made


def _session_of(db: Session, caller: Caller, session: str) -> SupportSession:
    """One that the caller owns or takes part in. Raises ApiError("NOT_FOUND")."""
    part = exists().where(
        SessionParticipant.session_id == session,
        SessionParticipant.account_id == caller.account,
        SessionParticipant.to_at.is_(None),
    )
    mine = (SupportSession.owner_id == caller.account) | part
    company = SupportSession.company_id == caller.company
    row = db.scalar(select(SupportSession).where(SupportSession.id == session, company, mine))
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def own(db: Session, caller: Caller, recording: str) -> Recording:
    """One that the caller makes. Raises ApiError("NOT_FOUND")."""
    row = db.get(Recording, recording)
    if row is None or (row.company_id, row.account_id) != (caller.company, caller.account):
        raise ApiError("NOT_FOUND")
    return row


def used_bytes(db: Session, company: int) -> int:
    """Of all recordings of the company."""
    return db.scalar(select(func.sum(Recording.bytes)).where(Recording.company_id == company)) or 0


def check_quota(db: Session, company: int) -> None:
    """Raises ApiError("RECORDING_QUOTA")."""
    if used_bytes(db, company) >= settings_of(db, company).quota_mb * MIB:
        raise ApiError("RECORDING_QUOTA")


def place_of(db: Session, caller: Caller, recording: str, number: int, data: bytes, sha256: str) -> Spot:
    """Where a chunk belongs. One that came before may come again: its answer may have been lost.

    Raises ApiError: NOT_FOUND, RECORDING_HASH, TOO_LARGE, RECORDING_CLOSED, RECORDING_ORDER with the number that is due.
    """
    row = own(db, caller, recording)
    if not 0 < len(data) <= MAX_CHUNK_BYTES or row.bytes + len(data) > MAX_BYTES or number > MAX_CHUNKS:
        raise ApiError("TOO_LARGE")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ApiError("RECORDING_HASH")
    known = db.get(RecordingChunk, (recording, number))
    if known is not None and known.sha256 == sha256:
        return Spot(known.at_byte, True)
    if row.state != RecordingState.OPEN:
        raise ApiError("RECORDING_CLOSED")
    if number != row.chunks + 1:
        raise ApiError("RECORDING_ORDER", details={"next": row.chunks + 1})
    if number % QUOTA_EVERY == 1:
        check_quota(db, caller.company)
    return Spot(row.bytes, False)


def keep(db: Session, now: datetime, recording: str, number: int, size: int, sha256: str) -> None:
    """The chunk is on the disk: it counts from now on."""
    row = db.get_one(Recording, recording)
    db.add(RecordingChunk(recording_id=recording, number=number, at_byte=row.bytes, size=size, sha256=sha256))
    row.chunks, row.bytes, row.last_at = number, row.bytes + size, now
    row.head = chain.after(row.head, number, sha256)


def finish(
    db: Session, now: datetime, caller: Caller, recording: str, chunks: int, head: str, duration_ms: int
) -> Recording:
    """Its console says that this is all. Raises ApiError: NOT_FOUND, RECORDING_CLOSED, RECORDING_ORDER, RECORDING_HASH."""
    row = own(db, caller, recording)
    if row.chunks != chunks:
        raise ApiError("RECORDING_ORDER", details={"next": row.chunks + 1})
    if row.head != head:
        raise ApiError("RECORDING_HASH")
    if row.state == RecordingState.OPEN:
        row.duration_ms = duration_ms
        _close(db, now, row, RecordingState.FINISHED, caller.actor)
    elif row.state != RecordingState.FINISHED:
        raise ApiError("RECORDING_CLOSED")
    return row


def _close(db: Session, now: datetime, row: Recording, state: RecordingState, actor: str) -> None:
    row.state, row.ended_at = state, now
    facts = {"recording": row.id, "chunks": row.chunks, "bytes": row.bytes, "head": row.head}
    events.append(db, row.session_id, now, actor, f"recording_{state}", facts)


def abandon(db: Session, now: datetime) -> None:
    """What has not grown for days is as long as it is; what never had a chunk is nothing."""
    late = select(Recording).where(Recording.state == RecordingState.OPEN, Recording.last_at < now - ABANDONED_AFTER)
    for row in list(db.scalars(late)):
        give_up(db, now, row, SERVER)


def give_up(db: Session, now: datetime, row: Recording, actor: str) -> None:
    """No more will come of an open one. Raises ApiError("RECORDING_CLOSED") for one that is whole."""
    if row.state == RecordingState.FINISHED:
        raise ApiError("RECORDING_CLOSED")
    if row.state != RecordingState.OPEN:
        return
    if row.chunks:
        _close(db, now, row, RecordingState.ABANDONED, actor)
        return
    facts = {"recording": row.id, "session": row.session_id}
    db.delete(row)
    audit.append(db, now, row.company_id, actor, "recording.gone", facts)


def readable(db: Session, caller: Caller, recording: str) -> Recording:
    """One of a session that the caller may see. Raises ApiError("NOT_FOUND")."""
    query = select(Recording).join(SupportSession, SupportSession.id == Recording.session_id)
    row = db.scalar(query.where(Recording.id == recording, *visible(caller)))
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def chunks_of(db: Session, recording: str) -> list[RecordingChunk]:
    """In their order."""
    query = select(RecordingChunk).where(RecordingChunk.recording_id == recording).order_by(RecordingChunk.number)
    return list(db.scalars(query))


def hold(db: Session, now: datetime, caller: Caller, row: Recording, held: bool) -> None:
    """While it is held nothing deletes it."""
    row.held = held
    facts = {"recording": row.id, "session": row.session_id, "held": held}
    audit.append(db, now, caller.company, caller.actor, "recording.hold_changed", facts)


def delete_one(db: Session, now: datetime, caller: Caller, row: Recording) -> None:
    """The rows; the file goes after the commit. Raises ApiError("RECORDING_HELD")."""
    if row.held:
        raise ApiError("RECORDING_HELD")
    facts = {"recording": row.id, "session": row.session_id, "head": row.head, "bytes": row.bytes}
    delete_rows(db, [row.id])
    audit.append(db, now, caller.company, caller.actor, "recording.deleted", facts)


def delete_rows(db: Session, recordings: list[str]) -> None:
    db.execute(delete(RecordingChunk).where(RecordingChunk.recording_id.in_(recordings)))
    db.execute(delete(Recording).where(Recording.id.in_(recordings)))


def evidence(db: Session, session: str) -> list[dict[str, object]]:
    """For the evidence pack: each recording with the hashes of its chunks, which prove a file that is shown later."""
    query = select(Recording).where(Recording.session_id == session).order_by(Recording.begun_at)
    return [
        {
            "id": row.id,
            "state": row.state,
            "begun_at": row.begun_at.isoformat(),
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
            "bytes": row.bytes,
            "sealed": row.sealed,
            "head": row.head,
            "chunks": [chunk.sha256 for chunk in chunks_of(db, row.id)],
        }
        for row in db.scalars(query)
    ]
