"""The event chain of a session: append and verify."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.protocol.messages import dump_json
from wizhelper.records.model import SessionEvent, SupportSession
from wizhelper.store import audit

GENESIS = "0" * 64


def append(session: Session, session_id: str, at: datetime, actor: str, kind: str, data: dict[str, Any]) -> None:
    """Adds the next event. `actor`: "account:7", "customer", "server"."""
    session.flush()
    last = session.execute(
        select(SessionEvent.seq, SessionEvent.hash)
        .where(SessionEvent.session_id == session_id)
        .order_by(SessionEvent.seq.desc())
        .limit(1)
    ).first()
    seq, prev = (last[0] + 1, last[1]) if last else (1, GENESIS)
    digest = _digest(session_id, seq, at, actor, kind, data, prev)
    session.add(
        SessionEvent(
            session_id=session_id, seq=seq, at=at, actor=actor, type=kind, data=data, prev_hash=prev, hash=digest
        )
    )
    company = session.get_one(SupportSession, session_id).company_id
    audit.append(session, at, company, actor, f"session.{kind}", {"session": session_id, "seq": seq, "hash": digest})


def of_session(session: Session, session_id: str) -> list[SessionEvent]:
    return list(
        session.scalars(select(SessionEvent).where(SessionEvent.session_id == session_id).order_by(SessionEvent.seq))
    )


def chain_ok(events: list[SessionEvent]) -> bool:
    """Whether no event was changed, removed or put elsewhere (a cut at the end shows only against an outside anchor)."""
    prev = GENESIS
    for seq, event in enumerate(events, 1):
        digest = _digest(event.session_id, seq, event.at, event.actor, event.type, event.data, prev)
        if event.seq != seq or event.prev_hash != prev or event.hash != digest:
            return False
        prev = digest
    return True


def _digest(session_id: str, seq: int, at: datetime, actor: str, kind: str, data: dict[str, Any], prev: str) -> str:
    ordered = dump_json(
        [session_id, seq, at.isoformat(timespec="microseconds"), actor, kind, sorted(data.items()), prev]
    )
    return hashlib.sha256(ordered).hexdigest()
