"""The single-use link of an invitation: it opens the customer page of one session with the number filled in.

Opening the page does not use the link, because messengers fetch every address to show a preview of it; going on from the
page does.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.records.model import SupportSession
from wizhelper.sms.model import SmsLink
from wizhelper.support import joining

LIFETIME = timedelta(minutes=30)
TOKEN_LENGTH = 12
"""Characters of 56: 69 bits, in an address that leaves room for words in 90 bytes."""
_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
SAMPLE = "x" * TOKEN_LENGTH
PATH = "/s/"
"""One letter: a company's code has two at least, so none is hidden by it."""


def address(base: str, token: str) -> str:
    """`base`: "https://support.example/", with the slash."""
    return base.rstrip("/") + PATH + token


def make(db: Session, now: datetime, row: SupportSession) -> str:
    """A new link into a session that waits; -> its token, which is not kept."""
    assert row.number is not None
    token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH))
    link = SmsLink(
        token_hash=_hash(token),
        company_id=row.company_id,
        session_id=row.id,
        number=row.number,
        expires_at=now + LIFETIME,
    )
    db.add(link)
    db.flush()
    return token


def find(db: Session, token: str) -> SmsLink:
    """A link, still good or not. Raises ApiError("LINK_UNKNOWN")."""
    link = db.get(SmsLink, _hash(token)) if len(token) == TOKEN_LENGTH else None
    if link is None:
        raise ApiError("LINK_UNKNOWN")
    return link


def good(db: Session, now: datetime, token: str) -> SmsLink:
    """A link that can still be used. Raises ApiError: LINK_UNKNOWN, LINK_USED, LINK_EXPIRED."""
    link = find(db, token)
    if link.used_at is not None:
        raise ApiError("LINK_USED")
    if link.expires_at <= now or joining.find_by_number(db, link.number) is None:
        raise ApiError("LINK_EXPIRED")
    return link


def use(db: Session, now: datetime, token: str) -> SupportSession:
    """Uses the link up; -> the session that it leads into. Raises as `good`."""
    link = good(db, now, token)
    row = joining.find_by_number(db, link.number)
    if row is None or row.id != link.session_id:
        raise ApiError("LINK_EXPIRED")
    link.used_at = now
    return row


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
