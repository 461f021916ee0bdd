"""Fault types that a new company starts with."""

from __future__ import annotations

from sqlalchemy.orm import Session

from wizhelper.records.model import FaultType

DEFAULTS = (
    ("hardware", "하드웨어"),
    ("os", "운영체제"),
    ("software", "소프트웨어"),
    ("network", "네트워크"),
    ("printer", "프린터"),
    ("security", "보안/악성코드"),
    ("howto", "사용법 안내"),
    ("other", "기타"),
)


def add_defaults(session: Session, company_id: int) -> None:
    session.add_all(FaultType(company_id=company_id, code=code, name=name) for code, name in DEFAULTS)
