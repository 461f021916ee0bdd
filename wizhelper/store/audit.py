"""The audit chain of the appliance: one line per administrative or session act, appended in the act's own transaction.

Each line's hash covers its text and the hash before, so a line that was edited, removed, put elsewhere or cut off at the
end shows (`verify`). Who can write to the database can make a whole new chain: against that, keep the head that
`wizhelper admin verify-audit` prints somewhere else, and give it back as --expect.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from wizhelper.store.database import Base, UtcDateTime

GENESIS = "0" * 64
HEAD = 1
CHUNK = 10_000
BREAKS = {
    "missing": "line {} is missing",
    "changed": "line {} was changed",
    "other": "line {} is not the one that was noted",
    "cut": "lines after {} were cut off",
}


class AuditLine(Base):
    """`body`: the JSON text that was hashed; the other columns repeat parts of it for searching, and are checked too."""

    __tablename__ = "audit_lines"
    __table_args__ = (Index("audit_lines_company", "company_id", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The one row that knows the last line, so that a cut shows."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Verdict:
    """`problem` None: the chain is whole, and `seq`, `hash` are its head; else `seq` is the line at which it breaks, and
    `reason` one of BREAKS."""

    seq: int
    hash: str
    problem: str | None
    reason: str | None = None


def append(db: Session, at: datetime, company_id: int | None, actor: str, action: str, data: dict[str, Any]) -> None:
    """Adds a line. `actor`: "account:7", "customer", "server". `data`: JSON types, and no secrets."""
    head = db.get(AuditHead, HEAD, with_for_update=True)
    if head is None:
        head = AuditHead(id=HEAD, seq=0, hash=GENESIS)
        db.add(head)
    seq = head.seq + 1
    fields = [seq, at.timestamp(), company_id, actor, action, data]
    body = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = _digest(head.hash, body)
    line = AuditLine(seq=seq, company_id=company_id, at=at, actor=actor, action=action, body=body, hash=digest)
    db.add(line)
    head.seq, head.hash = seq, digest


def verify(db: Session, expected: tuple[int, str] | None = None) -> Verdict:
    """Reads the whole chain. `expected`: sequence number and hash of a head that was noted earlier."""
    seq, prev = 0, GENESIS
    columns = (AuditLine.seq, AuditLine.company_id, AuditLine.at, AuditLine.actor, AuditLine.action)
    lines = db.execute(
        select(*columns, AuditLine.body, AuditLine.hash).order_by(AuditLine.seq).execution_options(yield_per=CHUNK)
    )
    for number, company, at, actor, action, body, digest in lines:
        seq += 1
        if number != seq:
            return _broken(seq, prev, "missing")
        if digest != _digest(prev, body) or not _repeats(body, [seq, at.timestamp(), company, actor, action]):
            return _broken(seq, prev, "changed")
        prev = digest
        if expected is not None and expected[0] == seq and expected[1] != digest:
            return _broken(seq, prev, "other")
    return _broken(seq, prev, "cut") if _cut(db, seq, prev, expected) else Verdict(seq, prev, None)


def _broken(seq: int, prev: str, reason: str) -> Verdict:
    return Verdict(seq, prev, BREAKS[reason].format(seq), reason)


def _cut(db: Session, seq: int, last: str, expected: tuple[int, str] | None) -> bool:
    head = db.get(AuditHead, HEAD)
    known = (head.seq, head.hash) if head is not None else (0, GENESIS)
    return known != (seq, last) or (expected is not None and expected[0] > seq)


def _repeats(body: str, columns: list[Any]) -> bool:
    try:
        fields = json.loads(body)
    except ValueError:
        return False
    return isinstance(fields, list) and bool(fields[: len(columns)] == columns)


def _digest(prev: str, body: str) -> str:
    return hashlib.sha256(f"{prev}\n{body}".encode()).hexdigest()
