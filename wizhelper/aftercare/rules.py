"""Rules of the time after a session: plain functions of a Session and the time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.aftercare.model import AbuseReport
from wizhelper.http.errors import ApiError
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.settings.service import company_by_id

CUSTOMER = "customer"
REPORT_REACH = timedelta(hours=1)
SURVEY_REACH = timedelta(days=7)
SCORES = range(1, 6)
MAX_COMMENT = 1000
MAX_REPORT = 2000
MAX_REPORTS = 5
"""Reports of one session that are kept one by one; whoever presses the button again has been heard."""


def may_report(row: SupportSession, now: datetime) -> bool:
    """While it runs and within an hour after its end; a session that never became active had no control to abuse."""
    return row.counted and (row.ended_at is None or now - row.ended_at <= REPORT_REACH)


def report(db: Session, now: datetime, row: SupportSession, text: str, address: str) -> None:
    """Raises ApiError("NOT_FOUND") when it is too late."""
    if row.ended_at is not None and now - row.ended_at > REPORT_REACH:
        raise ApiError("NOT_FOUND")
    told = db.scalar(select(func.count()).where(AbuseReport.session_id == row.id)) or 0
    if told >= MAX_REPORTS:
        return
    db.add(
        AbuseReport(
            company_id=row.company_id, session_id=row.id, at=now, text=text.strip()[:MAX_REPORT], address=address
        )
    )
    events.append(db, row.id, now, CUSTOMER, "abuse_reported", {})


def survey_open(db: Session, now: datetime, row: SupportSession) -> bool:
    """Whether the customer is asked: the company wants to know, the session is over, and there is no answer yet."""
    over = row.ended_at is not None and now - row.ended_at <= SURVEY_REACH
    return row.counted and over and row.satisfaction is None and company_by_id(db, row.company_id).survey_enabled


def ask(db: Session, now: datetime, row: SupportSession) -> bool:
    """`survey_open`, and counts the customer among those who were asked."""
    wanted = survey_open(db, now, row)
    row.survey_asked = row.survey_asked or wanted
    return wanted


def answer(db: Session, now: datetime, row: SupportSession, score: int, comment: str) -> None:
    """Once. Raises ApiError: INVALID_FIELDS, or SURVEY_OVER after the first answer or after a week."""
    if score not in SCORES:
        raise ApiError("INVALID_FIELDS", fields={"score": "1-5"})
    if not survey_open(db, now, row):
        raise ApiError("SURVEY_OVER")
    row.survey_asked = True
    row.satisfaction, row.survey_comment = score, comment.strip()[:MAX_COMMENT]
    events.append(db, row.id, now, CUSTOMER, "survey_answered", {"score": score})
