"""Limits against abuse (security: entry point E8), counted from the outbox itself, so that a restart forgets nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.sms.model import SmsMessage, SmsSettings

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
BURST, BURST_TIME = 5, timedelta(minutes=10)
"""More than this many in this time need a second word from the operator."""


def check(
    db: Session, now: datetime, settings: SmsSettings, account: int, to: str, confirmed: bool, test: bool = False
) -> None:
    """Raises ApiError: SMS_OPERATOR_LIMIT, SMS_NUMBER_LIMIT, SMS_COMPANY_LIMIT, SMS_CONFIRM.

    A test of a gateway goes to the administrator's own telephone again and again: it has no limit per number.
    """
    mine = SmsMessage.account_id == account
    here = SmsMessage.company_id == settings.company_id
    _below("SMS_OPERATOR_LIMIT", settings.operator_day, _count(db, mine, now - DAY))
    if not test:
        _below("SMS_NUMBER_LIMIT", settings.number_day, _count(db, here & (SmsMessage.to == to), now - DAY))
    _below("SMS_COMPANY_LIMIT", settings.company_month, _count(db, here, now - MONTH))
    if not confirmed and not test:
        lately = _count(db, mine, now - BURST_TIME)
        if lately >= BURST:
            raise ApiError("SMS_CONFIRM", details={"sent": lately, "minutes": int(BURST_TIME.total_seconds() // 60)})


def left_today(db: Session, now: datetime, settings: SmsSettings, account: int) -> int:
    """How many an operator may still send."""
    return max(0, settings.operator_day - _count(db, SmsMessage.account_id == account, now - DAY))


def _count(db: Session, whose: ColumnElement[bool], since: datetime) -> int:
    query = select(func.count()).select_from(SmsMessage).where(whose, SmsMessage.created_at > since)
    return db.scalar(query) or 0


def _below(code: str, limit: int, used: int) -> None:
    if used >= limit:
        raise ApiError(code, details={"limit": limit})
