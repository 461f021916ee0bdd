"""Routes of the audit chain: administrators and auditors search, export and verify it.

The chain is one for the whole appliance; a company sees its own lines, so that their numbers have gaps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.paging import page_of
from wizhelper.http.api import Call, Caller, Download, Model, Role, Routes
from wizhelper.http.errors import ApiError, Language
from wizhelper.protocol.secure import SigningKey
from wizhelper.records import evidence, export
from wizhelper.records.calendar import period_of
from wizhelper.records.model import SLOT_S
from wizhelper.records.web import visible_session
from wizhelper.settings.service import company_by_id
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine
from wizhelper.store.database import Database

KEEPERS = frozenset({Role.ADMIN, Role.AUDITOR})
MAX_SEARCH = 100
DATA = 5
"""Where a line's body keeps its data."""
HEADS: Mapping[Language, list[str]] = {
    "ko": ["번호", "시각", "행위자", "이름", "행위", "내용", "해시"],
    "en": ["Line", "Time", "Actor", "Name", "Act", "Data", "Hash"],
}


class AuditOut(Model):
    seq: int
    at: datetime
    actor: str = Field(description="account:NUMBER, customer, device, server or command_line")
    actor_name: str = Field(description="Of an account of the company, else empty.")
    action: str
    data: Any
    hash: str


class AuditPage(Model):
    items: list[AuditOut]
    total: int
    page: int
    size: int


class ActionList(Model):
    items: list[str]


class VerdictOut(Model):
    ok: bool
    line: int = Field(description="The last line of a whole chain, or the line at which it breaks.")
    head: str = Field(description="SEQ:HASH, to be kept outside of the appliance; empty if the chain is broken.")
    reason: Literal["missing", "changed", "other", "cut"] | None


class EvidenceKey(Model):
    key: str = Field(description="Ed25519, hex")
    fingerprint: str = Field(description="SHA-256 of the key, hex")


def conditions(db: Session, caller: Caller, query: Mapping[str, str], now: datetime) -> list[ColumnElement[bool]]:
    """Query fields from, to (days of the company), actor (part of a name, an ID, or account:NUMBER), action (a whole one,
    or the word before the dot) and q (part of the data). Raises ApiError("INVALID_FIELDS")."""
    found: list[ColumnElement[bool]] = [AuditLine.company_id == caller.company]
    if query.get("from") or query.get("to"):
        period = period_of(query, company_by_id(db, caller.company).time_zone, now)
        start, end = (datetime.fromtimestamp(slot * SLOT_S, now.tzinfo) for slot in period.slots)
        found += [AuditLine.at >= start, AuditLine.at < end]
    if actor := query.get("actor", "").strip()[:MAX_SEARCH]:
        found.append(or_(AuditLine.actor == actor, AuditLine.actor.in_(_actors(db, caller.company, actor))))
    if action := query.get("action", "")[:MAX_SEARCH]:
        found.append(or_(AuditLine.action == action, AuditLine.action.startswith(f"{action}.", autoescape=True)))
    if text := query.get("q", "").strip()[:MAX_SEARCH]:
        found.append(AuditLine.body.icontains(text, autoescape=True))
    return found


def _actors(db: Session, company: int, text: str) -> list[str]:
    columns = (Account.login_id, Account.display_name)
    named = or_(*(c.icontains(text, autoescape=True) for c in columns))
    return [f"account:{number}" for number in db.scalars(select(Account.id).where(Account.company_id == company, named))]


def _described(db: Session, company: int, lines: list[AuditLine]) -> list[AuditOut]:
    names = {
        f"account:{number}": name
        for number, name in db.execute(select(Account.id, Account.display_name).where(Account.company_id == company))
    }
    return [
        AuditOut(
            seq=line.seq,
            at=line.at,
            actor=line.actor,
            actor_name=names.get(line.actor, ""),
            action=line.action,
            data=_data(line.body),
            hash=line.hash,
        )
        for line in lines
    ]


def _data(body: str) -> Any:
    """Also of a line that somebody changed behind the appliance's back: it is shown, and `verify` finds it."""
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    return fields[DATA] if isinstance(fields, list) and len(fields) > DATA else body


def _page(db: Session, call: Call[None], now: datetime) -> AuditPage:
    page, size = page_of(call)
    where = conditions(db, call.caller, call.query, now)
    total = db.scalar(select(func.count()).select_from(AuditLine).where(*where)) or 0
    order = AuditLine.seq.asc() if call.query.get("sort") == "seq" else AuditLine.seq.desc()
    lines = db.scalars(select(AuditLine).where(*where).order_by(order).offset((page - 1) * size).limit(size))
    return AuditPage(items=_described(db, call.caller.company, list(lines)), total=total, page=page, size=size)


def _exported(db: Session, call: Call[None], now: datetime) -> Download:
    where = conditions(db, call.caller, call.query, now)
    total = db.scalar(select(func.count()).select_from(AuditLine).where(*where)) or 0
    if total > export.MAX_ROWS:
        raise ApiError("EXPORT_TOO_LARGE", details={"max": export.MAX_ROWS})
    zone = ZoneInfo(company_by_id(db, call.caller.company).time_zone)
    found = _described(db, call.caller.company, list(db.scalars(select(AuditLine).where(*where).order_by(AuditLine.seq))))
    rows = [
        (
            *(line.seq, line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), line.actor, line.actor_name, line.action),
            *(json.dumps(line.data, ensure_ascii=False), line.hash),
        )
        for line in found
    ]
    file = export.table("audit", call.query.get("format", "csv"), HEADS[call.language], rows)
    facts = {name: call.query[name] for name in ("from", "to", "actor", "action", "q") if call.query.get(name)}
    audit.append(db, now, call.caller.company, call.caller.actor, "audit.exported", {"lines": total, **facts})
    return file


def make_routes(
    db: Database, now: Callable[[], datetime], evidence_key: SigningKey, more: evidence.More
) -> Routes:
    """`more`: goes into evidence packs too."""
    routes = Routes("audit")
    _add_chain(routes, db, now)
    _add_evidence(routes, db, now, evidence_key, more)
    return routes


def _add_evidence(
    routes: Routes, db: Database, now: Callable[[], datetime], key: SigningKey, more: evidence.More
) -> None:
    @routes.get("/audit/evidence-key", roles=KEEPERS, result=EvidenceKey)
    async def evidence_key(call: Call[None]) -> EvidenceKey:
        """The key that signs evidence packs, and its fingerprint to be compared."""
        return EvidenceKey(key=key.public.hex(), fingerprint=evidence.fingerprint(key))

    @routes.get("/records/<uuid:id>/evidence", roles=KEEPERS)
    async def pack(call: Call[None]) -> Download:
        """Everything about one session as a zip that verifies without the appliance. The download becomes a line."""

        def work(session: Session) -> Download:
            row = visible_session(session, call.caller, str(call.path["id"]))
            data = evidence.pack(session, now(), row, key, more)
            facts = {"session": row.id, "sha256": hashlib.sha256(data).hexdigest()}
            audit.append(session, now(), call.caller.company, call.caller.actor, "audit.evidence_packed", facts)
            return Download(f"evidence-{row.id}.zip", "application/zip", data)

        return await db.run(work)


def _add_chain(routes: Routes, db: Database, now: Callable[[], datetime]) -> None:

    @routes.get("/audit", roles=KEEPERS, result=AuditPage)
    async def list_lines(call: Call[None]) -> AuditPage:
        """Lines of the audit chain, newest first; query fields page, size, sort, from, to, actor, action, q."""
        return await db.read(lambda session: _page(session, call, now()))

    @routes.get("/audit/actions", roles=KEEPERS, result=ActionList)
    async def list_actions(call: Call[None]) -> ActionList:
        """Every kind of act that the company's lines hold."""
        query = select(AuditLine.action).where(AuditLine.company_id == call.caller.company).distinct()
        return ActionList(items=await db.read(lambda session: list(session.scalars(query.order_by(AuditLine.action)))))

    @routes.get("/audit/export", roles=KEEPERS)
    async def export_lines(call: Call[None]) -> Download:
        """The same lines as a file; query field format: csv or xlsx. The export itself becomes a line."""
        return await db.run(lambda session: _exported(session, call, now()))

    @routes.post("/audit/verify", roles=KEEPERS, result=VerdictOut)
    async def verify(call: Call[None]) -> VerdictOut:
        """Reads the whole chain in a thread of the store, and says where it breaks. That it was verified becomes a line."""
        found = await db.read(audit.verify)
        ok = found.problem is None
        facts = {"ok": ok, "line": found.seq, "reason": found.reason}
        await db.run(
            lambda session: audit.append(
                session, now(), call.caller.company, call.caller.actor, "audit.verified", facts
            )
        )
        head = f"{found.seq}:{found.hash}" if ok else ""
        return VerdictOut.model_validate({"ok": ok, "line": found.seq, "head": head, "reason": found.reason})
