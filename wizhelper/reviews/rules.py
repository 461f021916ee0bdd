"""What a month's review shows of each account, and signing it off: plain functions of a Session and the time.

"Could": role, group, two-step login, and the registered devices that the role lets reach. "Did": logins, sessions and
devices reached, administrative acts, recordings opened, within the month on the company's own calendar.
"""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Subquery, func, or_, select, union
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account, LoginRecord, LoginResult, Team
from wizhelper.devices import reach
from wizhelper.devices.model import Device, Status
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError
from wizhelper.protocol.messages import dump_json
from wizhelper.records.calendar import Period
from wizhelper.records.model import SLOT_S, SessionParticipant, SupportSession
from wizhelper.reviews.model import AccessReview
from wizhelper.settings.service import company_by_id
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine

MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
IDLE = timedelta(days=90)
"""An account that nobody used for so long is worth a question."""
OPENED = ("recording.played", "recording.downloaded")


@dataclass(frozen=True)
class Month:
    """`begin` (inclusive) and `end` (exclusive) are UTC, of the company's calendar."""

    name: str
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Person:
    """An account in a month. `reachable`: registered devices it could connect to. `flags`: see `_flags`."""

    num: int
    login_id: str
    display_name: str
    role: str
    team: str
    status: str
    two_step: bool
    created_at: datetime
    last_login_at: datetime | None
    logins: int
    failed_logins: int
    sessions: int
    devices: int
    reachable: int
    acts: int
    opened: int
    flags: tuple[str, ...]


def month_of(db: Session, company: int, name: str, now: datetime) -> Month:
    """`name`: "2026-03", or "" for the last one that is over. Raises ApiError("INVALID_FIELDS"), also for the future."""
    zone = ZoneInfo(company_by_id(db, company).time_zone)
    today = now.astimezone(zone).date()
    if not name:
        name = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    if not MONTH.fullmatch(name) or name > today.strftime("%Y-%m"):
        raise ApiError("INVALID_FIELDS", fields={"month": "YYYY-MM, not in the future"})
    first = date.fromisoformat(f"{name}-01")
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    begin, end = (datetime.fromtimestamp(slot * SLOT_S, now.tzinfo) for slot in Period(first, last, zone).slots)
    return Month(name, begin, end)


def accounts_of(company: int, month: Month, text: str = "") -> Select[Account]:
    """Those that there were in the month."""
    where: list[ColumnElement[bool]] = [Account.company_id == company, Account.created_at < month.end]
    if text:
        where.append(or_(*(c.icontains(text, autoescape=True) for c in (Account.login_id, Account.display_name))))
    return select(Account).where(*where).order_by(Account.role, Account.login_id)


def people(db: Session, company: int, month: Month, accounts: list[Account]) -> list[Person]:
    """The figures of these accounts."""
    numbers = [account.id for account in accounts]
    logins, reached, acted = _logins(db, numbers, month), _reached(db, numbers, month), _acts(db, numbers, month)
    teams = {row.id: row.name for row in db.execute(select(Team.id, Team.name).where(Team.company_id == company))}
    devices = {team: _reachable(db, company, team) for team in {account.team_id for account in accounts}}
    return [
        _person(account, teams, devices, logins.get(account.id, (0, 0)), reached.get(account.id, (0, 0)), acted, month)
        for account in accounts
    ]


def _person(
    account: Account,
    teams: Mapping[int, str],
    devices: Mapping[int | None, int],
    logins: tuple[int, int],
    reached: tuple[int, int],
    acted: Mapping[int, tuple[int, int]],
    month: Month,
) -> Person:
    acts, opened = acted.get(account.id, (0, 0))
    return Person(
        num=account.id,
        login_id=account.login_id,
        display_name=account.display_name,
        role=account.role,
        team=teams.get(account.team_id or 0, ""),
        status=account.status,
        two_step=account.totp_secret is not None,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
        logins=logins[0],
        failed_logins=logins[1],
        sessions=reached[0],
        devices=reached[1],
        reachable=devices[account.team_id] if account.role == Role.OPERATOR and account.status == "active" else 0,
        acts=acts,
        opened=opened,
        flags=_flags(account, month),
    )


def _flags(account: Account, month: Month) -> tuple[str, ...]:
    """What a reviewer should ask about: `no_two_step` of staff, `unused` for IDLE, `new` in the month."""
    if account.status != "active":
        return ()
    used = account.last_login_at or account.created_at
    found = {
        "no_two_step": account.role != Role.OPERATOR and account.totp_secret is None,
        "unused": used < month.end - IDLE,
        "new": account.created_at >= month.begin,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _reachable(db: Session, company: int, team: int | None) -> int:
    """How many registered devices an operator of this operator group can connect to, as the groups are now."""
    anybody = Caller(account=0, company=company, role=Role.OPERATOR, login=0, display_name="", csrf="", team=team)
    where = (Device.company_id == company, Device.status == Status.ACTIVE, reach.condition(db, anybody))
    return db.scalar(select(func.count()).select_from(Device).where(*where)) or 0


def _logins(db: Session, accounts: list[int], month: Month) -> dict[int, tuple[int, int]]:
    """-> account -> logins that succeeded, and that did not."""
    good = func.sum((LoginRecord.result == LoginResult.OK).cast(SupportSession.active_s.type))
    query = (
        select(LoginRecord.account_id, good, func.count())
        .where(LoginRecord.account_id.in_(accounts), LoginRecord.at >= month.begin, LoginRecord.at < month.end)
        .group_by(LoginRecord.account_id)
    )
    return {number: (int(ok), total - int(ok)) for number, ok, total in db.execute(query) if number is not None}


def touched(accounts: list[int], month: Month) -> Subquery:
    """(account, session, device, at) of every session that was connected in the month and that these had, or had a part in."""
    within = (SupportSession.connected_at >= month.begin, SupportSession.connected_at < month.end)
    owned = select(SupportSession.owner_id, SupportSession.id, SupportSession.device_id, SupportSession.connected_at)
    part = select(
        SessionParticipant.account_id, SupportSession.id, SupportSession.device_id, SupportSession.connected_at
    ).join(SupportSession, SupportSession.id == SessionParticipant.session_id)
    both = union(
        owned.where(SupportSession.owner_id.in_(accounts), *within),
        part.where(SessionParticipant.account_id.in_(accounts), *within),
    ).subquery()
    return select(
        both.c[0].label("account"), both.c[1].label("session"), both.c[2].label("device"), both.c[3].label("at")
    ).subquery()


def _reached(db: Session, accounts: list[int], month: Month) -> dict[int, tuple[int, int]]:
    """-> account -> sessions, and different registered devices"""
    rows = touched(accounts, month)
    query = select(rows.c.account, func.count(), func.count(rows.c.device.distinct())).group_by(rows.c.account)
    return {number: (sessions, devices) for number, sessions, devices in db.execute(query)}


def _acts(db: Session, accounts: list[int], month: Month) -> dict[int, tuple[int, int]]:
    """-> account -> acts outside of sessions, and recordings opened"""
    actors = [f"account:{number}" for number in accounts]
    query = (
        select(AuditLine.actor, AuditLine.action, func.count())
        .where(AuditLine.actor.in_(actors), AuditLine.at >= month.begin, AuditLine.at < month.end)
        .where(AuditLine.action.not_like("session.%"))
        .group_by(AuditLine.actor, AuditLine.action)
    )
    found: dict[int, tuple[int, int]] = {}
    for actor, action, count in db.execute(query):
        number = int(actor.partition(":")[2])
        acts, opened = found.get(number, (0, 0))
        found[number] = (acts + count, opened + (count if action in OPENED else 0))
    return found


def latest(db: Session, company: int, month: str) -> AccessReview | None:
    """The newest sign-off of a month."""
    query = select(AccessReview).where(AccessReview.company_id == company, AccessReview.month == month)
    return db.scalar(query.order_by(AccessReview.id.desc()).limit(1))


def due(db: Session, now: datetime, company: int) -> Month | None:
    """The last month that is over, if there was anything to review and nobody has."""
    month = month_of(db, company, "", now)
    existed = company_by_id(db, company).created_at < month.end
    return month if existed and latest(db, company, month.name) is None else None


def sign(db: Session, now: datetime, caller: Caller, name: str, note: str) -> AccessReview:
    """Somebody has looked at a month that is over. Raises ApiError("INVALID_FIELDS")."""
    month = month_of(db, caller.company, name, now)
    if month.end > now:
        raise ApiError("INVALID_FIELDS", fields={"month": "not over yet"})
    shown = people(db, caller.company, month, list(db.scalars(accounts_of(caller.company, month))))
    row = AccessReview(company_id=caller.company, month=month.name, at=now, account_id=caller.account, note=note)
    row.accounts, row.sha256 = len(shown), digest(shown)
    db.add(row)
    facts = {"month": month.name, "note": note, "accounts": row.accounts, "sha256": row.sha256}
    audit.append(db, now, caller.company, caller.actor, "access_review.signed", facts)
    db.flush()
    return row


def digest(shown: list[Person]) -> str:
    """Hash over what was looked at, so that the review says of what it is."""
    rows: list[Any] = [{k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(p).items()} for p in shown]
    return hashlib.sha256(dump_json([sorted(row.items()) for row in rows])).hexdigest()
