"""Which login records a caller asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account, LoginRecord, LoginResult
from wizhelper.accounts.people import manageable
from wizhelper.http.api import Call, Role
from wizhelper.http.errors import ApiError
from wizhelper.settings.service import company_by_id

MAX_SEARCH = 100
FAILED = "failed"
YEARS = range(1971, 2101)


def conditions(db: Session, call: Call[None]) -> list[ColumnElement[bool]]:
    """Query fields from and to (days of the company, both inclusive), result (a LoginResult, or "failed" for every refusal)
    and q: part of ID, name, address or browser. Raises ApiError("INVALID_FIELDS")."""
    caller, query = call.caller, call.query
    found: list[ColumnElement[bool]] = [LoginRecord.company_id == caller.company]
    if caller.role is Role.GROUP_ADMIN:
        found.append(LoginRecord.account_id.in_(select(Account.id).where(*manageable(caller))))
    zone = ZoneInfo(company_by_id(db, caller.company).time_zone)
    if query.get("from"):
        found.append(LoginRecord.at >= _midnight(query["from"], "from", zone))
    if query.get("to"):
        found.append(LoginRecord.at < _midnight(query["to"], "to", zone, days=1))
    if result := query.get("result"):
        found.append(_result(result))
    if text := query.get("q", "").strip()[:MAX_SEARCH]:
        named = select(Account.id).where(
            Account.company_id == caller.company, Account.display_name.icontains(text, autoescape=True)
        )
        columns = (LoginRecord.login_id, LoginRecord.address, LoginRecord.user_agent)
        found.append(or_(LoginRecord.account_id.in_(named), *(c.icontains(text, autoescape=True) for c in columns)))
    return found


def _result(text: str) -> ColumnElement[bool]:
    if text == FAILED:
        return LoginRecord.result != LoginResult.OK
    if text not in set(LoginResult):
        raise ApiError("INVALID_FIELDS", fields={"result": ", ".join([FAILED, *LoginResult])})
    return LoginRecord.result == text


def _midnight(text: str, name: str, zone: ZoneInfo, days: int = 0) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ApiError("INVALID_FIELDS", fields={name: "YYYY-MM-DD"}) from None
    if day.year not in YEARS:
        raise ApiError("INVALID_FIELDS", fields={name: f"{YEARS.start}..{YEARS.stop - 1}"})
    return datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC)
