"""Routes of the monthly review of access: administrators and auditors look, an administrator signs off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.paging import page_of
from wizhelper.accounts.service import account_of_company
from wizhelper.devices.model import Device
from wizhelper.http.api import ADMINS, Call, Download, Model, Role, Routes
from wizhelper.http.errors import ApiError
from wizhelper.records import export
from wizhelper.records.model import SupportSession
from wizhelper.reviews import rules
from wizhelper.reviews.model import AccessReview
from wizhelper.reviews.words import FLAGS, HEADS, ROLES
from wizhelper.settings.service import company_by_id
from wizhelper.store import audit
from wizhelper.store.database import Database

KEEPERS = frozenset({Role.ADMIN, Role.AUDITOR})
MAX_SEARCH = 100


class SignedOut(Model):
    """`sha256`: of the table that was looked at."""

    at: datetime
    by: str
    note: str
    accounts: int
    sha256: str


class PersonOut(Model):
    """An account in the month: who it is, what it could reach, what it did."""

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
    flags: list[str]


class ReviewPage(Model):
    """`over`: the month can be signed off."""

    month: str
    over: bool
    signed: SignedOut | None
    items: list[PersonOut]
    total: int
    page: int
    size: int


class ReachedOut(Model):
    """`device`: name of the registered device, else empty. `owner`: whether it was the account's own session."""

    session: str
    at: datetime
    host: str
    device: str
    owner: bool


class ReachedPage(Model):
    items: list[ReachedOut]
    total: int
    page: int
    size: int


class DueOut(Model):
    """`month`: to be reviewed now; None: nothing is."""

    month: str | None


class SignIn(Model):
    month: str = Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-02"])
    note: str = Field(min_length=1, max_length=2000)


def _signed(db: Session, row: AccessReview | None) -> SignedOut | None:
    if row is None:
        return None
    by = db.get_one(Account, row.account_id).display_name
    return SignedOut(at=row.at, by=by, note=row.note, accounts=row.accounts, sha256=row.sha256)


def _page(db: Session, call: Call[None], now: datetime) -> ReviewPage:
    page, size = page_of(call)
    month = rules.month_of(db, call.caller.company, call.query.get("month", ""), now)
    query = rules.accounts_of(call.caller.company, month, call.query.get("q", "").strip()[:MAX_SEARCH])
    accounts = list(db.scalars(query.offset((page - 1) * size).limit(size)))
    shown = rules.people(db, call.caller.company, month, accounts)
    return ReviewPage(
        month=month.name,
        over=month.end <= now,
        signed=_signed(db, rules.latest(db, call.caller.company, month.name)),
        items=[PersonOut.model_validate({**asdict(one), "flags": list(one.flags)}) for one in shown],
        total=db.scalar(select(func.count()).select_from(query.subquery())) or 0,
        page=page,
        size=size,
    )


def _reached(db: Session, call: Call[None], now: datetime) -> ReachedPage:
    """Query fields month, account, page, size. Raises ApiError: NOT_FOUND, INVALID_FIELDS."""
    page, size = page_of(call)
    if not call.query.get("account", "").isdecimal():
        raise ApiError("INVALID_FIELDS", fields={"account": "a number"})
    account = account_of_company(db, call.caller.company, min(int(call.query["account"][:12]), 2**31 - 1))
    month = rules.month_of(db, call.caller.company, call.query.get("month", ""), now)
    rows = rules.touched([account.id], month)
    query = (
        select(SupportSession, Device.name)
        .join(rows, rows.c.session == SupportSession.id)
        .outerjoin(Device, Device.id == SupportSession.device_id)
        .order_by(SupportSession.connected_at.desc(), SupportSession.id)
    )
    found = db.execute(query.offset((page - 1) * size).limit(size))
    items = [_reached_out(session, device, account.id) for session, device in found]
    total = db.scalar(select(func.count()).select_from(rows)) or 0
    return ReachedPage(items=items, total=total, page=page, size=size)


def _reached_out(session: SupportSession, device: str | None, account: int) -> ReachedOut:
    at = session.connected_at
    assert at is not None
    owner = session.owner_id == account
    return ReachedOut(session=session.id, at=at, host=session.host_name or "", device=device or "", owner=owner)


def _exported(db: Session, call: Call[None], now: datetime) -> Download:
    company = call.caller.company
    month = rules.month_of(db, company, call.query.get("month", ""), now)
    shown = rules.people(db, company, month, list(db.scalars(rules.accounts_of(company, month))))
    zone = ZoneInfo(company_by_id(db, company).time_zone)
    rows = [_row(one, zone, call.language) for one in shown]
    file = export.table(f"access-{month.name}", call.query.get("format", "csv"), HEADS[call.language], rows)
    audit.append(db, now, company, call.caller.actor, "access_review.exported", {"month": month.name, "accounts": len(rows)})
    return file


def _row(one: rules.Person, zone: ZoneInfo, language: Any) -> list[export.Cell]:
    at = lambda when: when.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if when else ""  # noqa: E731
    return [
        *(one.login_id, one.display_name, ROLES[language].get(one.role, one.role), one.team, one.status),
        *("O" if one.two_step else "X", at(one.created_at), at(one.last_login_at), one.logins, one.failed_logins),
        *(one.reachable, one.devices, one.sessions, one.acts, one.opened),
        ", ".join(FLAGS[language][flag] for flag in one.flags),
    ]


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("access review")

    @routes.get("/access-review", roles=KEEPERS, result=ReviewPage)
    async def show(call: Call[None]) -> ReviewPage:
        """A month of every account; query fields month (the last one that is over), q, page, size."""
        return await db.read(lambda s: _page(s, call, now()))

    @routes.get("/access-review/reached", roles=KEEPERS, result=ReachedPage)
    async def reached(call: Call[None]) -> ReachedPage:
        """The sessions and devices that one account reached; query fields month, account, page, size."""
        return await db.read(lambda s: _reached(s, call, now()))

    @routes.get("/access-review/due", roles=KEEPERS, result=DueOut)
    async def due(call: Call[None]) -> DueOut:
        """Which month waits for its review."""
        found = await db.read(lambda s: rules.due(s, now(), call.caller.company))
        return DueOut(month=found.name if found else None)

    @routes.get("/access-review/export", roles=KEEPERS)
    async def export_month(call: Call[None]) -> Download:
        """The month as a file; query fields month, format: csv or xlsx. The export becomes a line."""
        return await db.run(lambda s: _exported(s, call, now()))

    @routes.post("/access-review", roles=ADMINS, body=SignIn, result=SignedOut, status=201)
    async def sign(call: Call[SignIn]) -> SignedOut:
        """Somebody has reviewed a month that is over, with what he found."""

        def work(session: Session) -> SignedOut:
            row = rules.sign(session, now(), call.caller, call.body.month, call.body.note)
            found = _signed(session, row)
            assert found is not None
            return found

        return await db.run(work)

    return routes
