"""The evidence pack of one session: everything that is known of it as a zip that verifies without the appliance.

The list of files with their hashes (`manifest.json`) is signed with the appliance's evidence key; `verify.py` inside checks
it with nothing but Python. Audit lines come with the hash of the line before each: their own text is proven, and the head
of the chain at packing time is named, to be compared by `wizhelper admin verify-audit --expect`.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.protocol.secure import SigningKey
from wizhelper.records import chat, events
from wizhelper.records.evidence_readme import README
from wizhelper.records.model import ConsentRecord, SessionQuality, SupportSession
from wizhelper.records.view import described
from wizhelper.settings.model import ConsentText
from wizhelper.store.audit import GENESIS, HEAD, AuditHead, AuditLine

TRANSFERS = frozenset({"file_sent", "file_received"})


More = Callable[[Session, str], Mapping[str, Any]]
"""What other parts know of a session, by its id: name of a file -> JSON."""


def pack(db: Session, now: datetime, row: SupportSession, key: SigningKey, more: More) -> bytes:
    """The zip. `key` signs its list of files."""
    files = {name: _json(value) for name, value in {**_facts(db, row), **more(db, row.id)}.items()}
    files["verify.py"] = resources.files("wizhelper.records").joinpath("evidence_verify.py").read_bytes()
    files |= {f"README.{language}.txt": text.encode() for language, text in README.items()}
    manifest = _json(_manifest(db, now, row, files))
    signature = {"algorithm": "Ed25519", "key": key.public.hex(), "signature": key.sign(manifest).hex()}
    return _zip({**files, "manifest.json": manifest, "manifest.sig": _json(signature)}, now)


def fingerprint(key: SigningKey) -> str:
    """What people compare."""
    return hashlib.sha256(key.public).hexdigest()


def _manifest(db: Session, now: datetime, row: SupportSession, files: Mapping[str, bytes]) -> dict[str, Any]:
    head = db.get(AuditHead, HEAD)
    return {
        "format": 1,
        "session": row.id,
        "made_at": now.isoformat(),
        "chain_head": f"{head.seq}:{head.hash}" if head else f"0:{GENESIS}",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }


def _facts(db: Session, row: SupportSession) -> dict[str, Any]:
    timeline = [
        {
            "seq": e.seq, "at": e.at.isoformat(timespec="microseconds"), "actor": e.actor, "type": e.type,
            "data": e.data, "prev_hash": e.prev_hash, "hash": e.hash,
        }
        for e in events.of_session(db, row.id)
    ]
    return {
        "session.json": described(db, row).model_dump(mode="json"),
        "events.json": timeline,
        "transfers.json": [event for event in timeline if event["type"] in TRANSFERS],
        "consents.json": _consents(db, row.id),
        "quality.json": _quality(db, row.id),
        "chat.json": chat.evidence(db, row.id),
        "audit.json": _lines(db, row),
    }


def _consents(db: Session, session: str) -> list[dict[str, Any]]:
    """What was asked and answered, with the text that was read."""
    query = (
        select(ConsentRecord, ConsentText)
        .outerjoin(ConsentText, ConsentText.id == ConsentRecord.text_id)
        .where(ConsentRecord.session_id == session)
        .order_by(ConsentRecord.id)
    )
    return [
        {
            "at": c.at.isoformat(), "accepted": c.accepted, "scopes": c.scopes, "source": c.source,
            "address": c.address, "text_hash": c.text_hash, "text": text.body if text else None,
        }
        for c, text in db.execute(query)
    ]


def _quality(db: Session, session: str) -> list[dict[str, Any]]:
    query = select(SessionQuality).where(SessionQuality.session_id == session).order_by(SessionQuality.id)
    names = ("latency_ms", "rtt_ms", "fps", "kbit_s")
    return [{"at": q.at.isoformat(), **{name: getattr(q, name) for name in names}} for q in db.scalars(query)]


def _lines(db: Session, row: SupportSession) -> list[dict[str, Any]]:
    """Every audit line that names the session, each with the hash of the line before it."""
    query = (
        select(AuditLine)
        .where(AuditLine.company_id == row.company_id, AuditLine.at >= row.created_at)
        .where(AuditLine.body.contains(row.id, autoescape=True))
        .order_by(AuditLine.seq)
    )
    lines = list(db.scalars(query))
    before = select(AuditLine.seq, AuditLine.hash).where(AuditLine.seq.in_([line.seq - 1 for line in lines]))
    hashes = {found.seq: found.hash for found in db.execute(before)}
    return [
        {"seq": line.seq, "prev_hash": hashes.get(line.seq - 1, GENESIS), "body": line.body, "hash": line.hash}
        for line in lines
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode()


def _zip(files: Mapping[str, bytes], now: datetime) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, now.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return out.getvalue()
