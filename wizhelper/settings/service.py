"""Rules of companies and consent texts: plain functions of a Session and the time."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.http.errors import LANGUAGES, ApiError, Language
from wizhelper.settings.model import Company, ConsentText

COMPANY_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{1,31}")

#: First paths of the site; a company with such a code would hide its own page.
RESERVED_CODES = frozenset(
    {"api", "ws", "manager", "static", "health", "download", "join", "receipt", "favicon", "robots", "ca"}
)

DEFAULT_CONSENT: dict[Language, str] = {
    "ko": (
        "원격지원 서비스 이용 동의\n\n"
        "1. 목적: 상담원이 고객님의 PC 화면을 보고 조작하여 문제를 해결합니다.\n"
        "2. 항목: PC 이름, 사용자 이름, 운영체제, IP 주소, 접속 시각, 상담 중 화면과 입력.\n"
        "3. 보관: 접속 기록은 관련 법령과 회사 규정에 따라 보관한 뒤 파기합니다. 화면을 녹화하면 "
        "고객님 화면의 막대에 표시되고 기록에 남으며, 서버에 보관하는 녹화는 회사만 열 수 있게 암호화합니다.\n"
        "4. 동의하지 않을 수 있으며, 이 경우 원격지원을 받을 수 없습니다. 연결 중에도 언제든지 [종료]를 누르면 즉시 끝납니다.\n\n"
        "수사기관·금융기관은 원격제어를 요구하지 않습니다. 모르는 사람이 요구하면 즉시 중단하세요."
    ),
    "en": (
        "Consent to remote support\n\n"
        "1. Purpose: the operator sees and controls your PC to solve your problem.\n"
        "2. Data: PC name, user name, operating system, IP address, times, screen and input during the session.\n"
        "3. Storage: connection records are kept as law and company rules require, then destroyed. If the screen is "
        "recorded, the bar on your screen shows it and the record says so; recordings on the server are encrypted to the company.\n"
        "4. You may refuse; support is then not possible. You can end the session at any time with [End].\n\n"
        "Police and banks never ask for remote control. If a stranger does, stop at once."
    ),
}


def add_company(session: Session, now: datetime, code: str, name: str) -> Company:
    """Raises ApiError("ID_TAKEN") and ApiError("INVALID_FIELDS")."""
    code = code.strip().lower()
    if not COMPANY_CODE.fullmatch(code) or code in RESERVED_CODES:
        raise ApiError("INVALID_FIELDS", fields={"company": "2-32 of a-z 0-9 _ -, and not a reserved word"})
    if find_company(session, code) is not None:
        raise ApiError("ID_TAKEN")
    company = Company(code=code, name=name or code, created_at=now)
    session.add(company)
    session.flush()
    for lang in LANGUAGES:
        add_consent_text(session, now, company.id, lang, DEFAULT_CONSENT[lang])
    return company


def find_company(session: Session, code: str) -> Company | None:
    return session.scalar(select(Company).where(Company.code == code.strip().lower()))


def company_by_id(session: Session, company_id: int) -> Company:
    company = session.get(Company, company_id)
    if company is None:
        raise ApiError("NOT_FOUND")
    return company


def add_consent_text(session: Session, now: datetime, company_id: int, lang: str, body: str) -> ConsentText:
    last = session.scalar(
        select(func.max(ConsentText.version)).where(ConsentText.company_id == company_id, ConsentText.lang == lang)
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    text = ConsentText(
        company_id=company_id, lang=lang, version=(last or 0) + 1, body=body, hash=digest, created_at=now
    )
    session.add(text)
    session.flush()
    return text


def current_consent_text(session: Session, company_id: int, lang: str) -> ConsentText | None:
    """The newest text in `lang`, else in any language."""
    query = select(ConsentText).where(ConsentText.company_id == company_id).order_by(ConsentText.version.desc())
    return session.scalar(query.where(ConsentText.lang == lang).limit(1)) or session.scalar(query.limit(1))
