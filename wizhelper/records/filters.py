"""Which sessions a caller asks for: who may see what, the filters and the order of lists, exports and statistics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.people import manageable
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError
from wizhelper.records import dimensions
from wizhelper.records.calendar import period_of
from wizhelper.records.model import SupportSession
from wizhelper.settings.service import company_by_id

MAX_SEARCH = 100
SORTS: Mapping[str, ColumnElement[Any]] = {
    "created": SupportSession.created_at.expression,
    "ended": SupportSession.ended_at.expression,
    "duration": SupportSession.active_s.expression,
    "state": SupportSession.state.expression,
    "operator": SupportSession.owner_id.expression,
    "number": SupportSession.number.expression,
}


def visible(caller: Caller) -> list[ColumnElement[bool]]:
    """The condition that every query for sessions carries: an operator sees his own, a group administrator those of the
    operators whom he manages, other readers those of the company."""
    company = SupportSession.company_id == caller.company
    if caller.role is Role.OPERATOR:
        return [company, SupportSession.owner_id == caller.account]
    if caller.role is Role.GROUP_ADMIN:
        return [company, SupportSession.owner_id.in_(select(Account.id).where(*manageable(caller)))]
    return [company]


def conditions(db: Session, caller: Caller, query: Mapping[str, str], now: datetime) -> list[ColumnElement[bool]]:
    """Query fields from, to, q, counted and the names of dimensions. Raises ApiError("INVALID_FIELDS").

    The period is that of statistics: when a session became active, or was made if it never did. `from` and `to` are
    days of the company (both inclusive), or moments with a time zone (`to` exclusive).
    """
    period = None
    moments = [f"{name}={query[name]}" for name in ("from", "to") if "T" in query.get(name, "")]
    if moments:
        query = {**query, "from": "", "to": ""}
    elif query.get("from") or query.get("to"):
        period = period_of(query, company_by_id(db, caller.company).time_zone, now)
    found = [*visible(caller), *dimensions.chosen(query, period), *map(_moment, moments)]
    if period is not None:
        found.append(period.contains())
    if text := query.get("q", "").strip()[:MAX_SEARCH]:
        columns = (
            *(SupportSession.host_name, SupportSession.user_name, SupportSession.number),
            *(SupportSession.memo, SupportSession.address),
        )
        found.append(or_(*(c.contains(text, autoescape=True) for c in columns)))
    return found


def _moment(text: str) -> ColumnElement[bool]:
    name, _, value = text.partition("=")
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ApiError("INVALID_FIELDS", fields={name: "needs a time zone"})
        limit = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ApiError("INVALID_FIELDS", fields={name: "ISO 8601"}) from None
    started = func.coalesce(SupportSession.connected_at, SupportSession.created_at)
    return started >= limit if name == "from" else started < limit


def ordered(query: Mapping[str, str], where: list[ColumnElement[bool]]) -> Select[SupportSession]:
    """Query field `sort`: a name of SORTS, with "-" before it for the reverse. Raises ApiError("INVALID_FIELDS")."""
    text = query.get("sort") or "-created"
    column = SORTS.get(text.removeprefix("-"))
    if column is None:
        raise ApiError("INVALID_FIELDS", fields={"sort": ", ".join(SORTS)})
    order = column.desc().nulls_last() if text.startswith("-") else column.asc().nulls_last()
    return select(SupportSession).where(*where).order_by(order, SupportSession.id)
