"""Rules of the way in: by number, by operator, by the token of a download; consent; and the report of abuse.

Plain functions of a Session and the time, like rules.py, whose `move` is the only way to change a state.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.aftercare import rules as aftercare
from wizhelper.http.errors import ApiError
from wizhelper.recordings import policy
from wizhelper.records import events
from wizhelper.records.model import ConsentRecord, LiveNumber, SupportSession
from wizhelper.settings import rights
from wizhelper.settings.model import ConsentText
from wizhelper.settings.service import company_by_id, current_consent_text
from wizhelper.support.rules import CUSTOMER, SERVER, finish, move
from wizhelper.support.states import ENTERABLE, EndReason, State, Trigger
from wizhelper.support.tokens import Claim


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
    row.asked = _wanted(db, row)
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


def claim(row: SupportSession) -> Claim:
    """What the one who has just joined may show later, on the page or with the downloaded program."""
    assert row.joined_at is not None
    return Claim(row.id, round(row.joined_at.timestamp() * 1000))


def claimed(db: Session, held: Claim) -> SupportSession:
    """The session of a claim. Raises ApiError: NOT_FOUND, or JOIN_REPLACED if the number was entered anew since."""
    row = session_by_id(db, held.session)
    if row.joined_at is None or claim(row) != held:
        raise ApiError("JOIN_REPLACED")
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
            scopes=asked_scopes(db, row),
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


def asked_scopes(db: Session, row: SupportSession) -> list[str]:
    """The rights that its customer is asked for, and agrees to with the text: those of the moment of entering the number,
    whatever the company allows since, for that is what the customer has read."""
    return row.asked if row.asked is not None else _wanted(db, row)


def _wanted(db: Session, row: SupportSession) -> list[str]:
    """What the company wants now: rights, and RECORDED where every session is."""
    recorded = [rights.RECORDED] if policy.is_recorded(db, row.company_id) else []
    return [*rights.scopes(company_by_id(db, row.company_id).rights), *recorded]


def agreed_scopes(db: Session, row: SupportSession) -> list[str]:
    """The rights that the customer of this session agreed to, by the latest answer, as far as the company still allows them;
    all of these, where the company does not ask, and on a registered device, whose registration was the agreement."""
    company = company_by_id(db, row.company_id)
    allowed = rights.scopes(company.rights)
    if row.device_id is not None:
        return allowed
    record = db.scalar(
        select(ConsentRecord)
        .where(ConsentRecord.session_id == row.id, ConsentRecord.accepted)
        .order_by(ConsentRecord.id.desc())
        .limit(1)
    )
    if record is not None:
        return [scope for scope in allowed if scope in record.scopes]
    return [] if company.consent_enabled else allowed


def report_abuse(db: Session, now: datetime, session_id: str, secret: str, address: str) -> SupportSession:
    """The customer says that this session was abused, while it runs or within an hour after its end."""
    row = by_secret(db, session_id, secret, ended=True)
    aftercare.report(db, now, row, "", address)
    return row
