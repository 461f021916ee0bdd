"""What the customer keeps of a session: who, when, how long, what was agreed to and what was done, as the record says it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.records import acts, events
from wizhelper.records.model import ConsentRecord, SupportSession
from wizhelper.settings.model import ConsentText
from wizhelper.settings.service import company_by_id

MAX_LINES = 500
MAX_FACT = 200
QUIET = frozenset({"exit", "code", "shell", "via"})
"""Facts that mean something to an administrator only."""


@dataclass(frozen=True)
class Done:
    """`act`: one of acts.ACTS. `what`: the address, the command, the file …; text of strangers, without control characters."""

    at: datetime
    act: str
    what: str


@dataclass(frozen=True)
class Agreed:
    at: datetime
    version: int | None
    text_hash: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Receipt:
    """Times are the company's. `more`: acts beyond MAX_LINES. `head`: hash of the last event, which covers all before it."""

    company: str
    contact: str
    operator: str
    host: str
    begun: datetime | None
    ended: datetime | None
    active_s: int
    agreed: Agreed | None
    done: tuple[Done, ...]
    more: int
    head: str


def receipt_of(db: Session, row: SupportSession) -> Receipt:
    company = company_by_id(db, row.company_id)
    zone = ZoneInfo(company.time_zone)
    chain = events.of_session(db, row.id)
    told = [event for event in chain if event.actor == acts.AGENT]
    done = tuple(Done(e.at.astimezone(zone), e.type, _what(e.data)) for e in told[:MAX_LINES])
    return Receipt(
        company=company.name,
        contact=company.contact,
        operator=db.get_one(Account, row.owner_id).display_name,
        host=clean(row.host_name or ""),
        begun=row.connected_at and row.connected_at.astimezone(zone),
        ended=row.ended_at and row.ended_at.astimezone(zone),
        active_s=round(row.active_s),
        agreed=_agreed(db, row, zone),
        done=done,
        more=len(told) - len(done),
        head=chain[-1].hash if chain else "",
    )


def clean(text: str) -> str:
    """Without what could turn the line around or hide a part of it (control, format and private characters), shortened."""
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text[: MAX_FACT + 1])
    return shown if len(shown) <= MAX_FACT else shown[:MAX_FACT] + "…"


def _what(data: Mapping[str, Any]) -> str:
    return " · ".join(clean(str(value)) for name, value in data.items() if name not in QUIET and value != "")


def _agreed(db: Session, row: SupportSession, zone: ZoneInfo) -> Agreed | None:
    query = select(ConsentRecord).where(ConsentRecord.session_id == row.id, ConsentRecord.accepted)
    found = db.scalar(query.order_by(ConsentRecord.id.desc()).limit(1))
    if found is None:
        return None
    text = db.get(ConsentText, found.text_id) if found.text_id is not None else None
    version = text.version if text else None
    return Agreed(found.at.astimezone(zone), version, found.text_hash or "", tuple(found.scopes))
