"""Rules of notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from wizhelper.notices.model import Notice

SHOWN_AT_ONCE = 20


def current(session: Session, now: datetime, company_id: int | None, audience: str) -> list[Notice]:
    """Notices of the appliance and of one company that are shown now, pinned and newest first."""
    return list(
        session.scalars(
            select(Notice)
            .where(
                Notice.audience == audience,
                Notice.from_at <= now,
                or_(Notice.to_at.is_(None), Notice.to_at > now),
                or_(Notice.company_id.is_(None), Notice.company_id == company_id),
            )
            .order_by(Notice.pinned.desc(), Notice.from_at.desc())
            .limit(SHOWN_AT_ONCE)
        )
    )


def of_company(session: Session, company_id: int) -> list[Notice]:
    return list(session.scalars(select(Notice).where(Notice.company_id == company_id).order_by(Notice.from_at.desc())))
