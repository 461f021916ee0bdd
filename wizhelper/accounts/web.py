"""Routes of login, the own account, and the administration of accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wizhelper import __version__
from wizhelper.accounts import login_records, service
from wizhelper.accounts.bodies import (
    LoginIn,
    LoginOut,
    LoginPage,
    LoginRecordOut,
    LoginRecordPage,
    Me,
    OwnSettings,
    PasswordIn,
    TotpBeginIn,
    TotpCode,
    TotpOff,
    TotpSecret,
)
from wizhelper.accounts.logins import Accounts
from wizhelper.accounts.model import Account, LoginRecord, LogoutReason
from wizhelper.accounts.paging import page_of
from wizhelper.accounts.people import People
from wizhelper.accounts.people_web import add_people_routes
from wizhelper.http.api import ANYONE, PUBLIC, READERS, Call, Routes
from wizhelper.notices import service as notices
from wizhelper.notices.web import NoticeOut, described
from wizhelper.settings.service import find_company
from wizhelper.store import audit
from wizhelper.store.database import Database


def make_routes(accounts: Accounts, db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("accounts")

    @routes.get("/public/login", roles=PUBLIC, result=LoginPage)
    async def login_page(call: Call[None]) -> LoginPage:
        """Version and notices of the login page (OP-LOGIN-NOTICE, OP-LOGIN-VER)."""

        def work(session: Session) -> list[NoticeOut]:
            company = find_company(session, call.query.get("company", ""))
            return [described(n) for n in notices.current(session, now(), company.id if company else None, "login")]

        return LoginPage(version=__version__, notices=await db.read(work))

    @routes.post("/login", roles=PUBLIC, body=LoginIn, result=LoginOut)
    async def login(call: Call[LoginIn]) -> LoginOut:
        """Logs in by company code, ID, password and, where it is set up, the two-step code."""
        return await accounts.login(call)

    @routes.post("/logout", roles=ANYONE, before_new_password=True)
    async def logout(call: Call[None]) -> None:
        """Ends this login and its live sockets."""
        await accounts.logout(call)

    @routes.get("/me", roles=ANYONE, result=Me)
    async def me(call: Call[None]) -> Me:
        """Who is logged in, the company, the own settings."""
        return await accounts.me(call)

    @routes.put("/me/settings", roles=ANYONE, body=OwnSettings, result=OwnSettings, before_new_password=True)
    async def change_settings(call: Call[OwnSettings]) -> OwnSettings:
        """Stores the own settings (OP-SET-AUTOWAIT, OP-SET-CURSOR)."""

        def work(session: Session) -> None:
            session.get_one(Account, call.caller.account).settings = call.body.model_dump()

        await db.run(work)
        return call.body

    @routes.post("/me/password", roles=ANYONE, body=PasswordIn, before_new_password=True)
    async def change_password(call: Call[PasswordIn]) -> None:
        """Changes the own password; other logins of the account end."""
        await accounts.change_password(call)

    @routes.post("/me/totp/begin", roles=ANYONE, body=TotpBeginIn, result=TotpSecret)
    async def begin_totp(call: Call[TotpBeginIn]) -> TotpSecret:
        """Makes a new two-step secret, to be confirmed with a code."""
        return await accounts.begin_totp(call)

    @routes.post("/me/totp/confirm", roles=ANYONE, body=TotpCode)
    async def confirm_totp(call: Call[TotpCode]) -> None:
        """Switches two-step login on."""
        await accounts.confirm_totp(call)

    @routes.post("/me/totp/disable", roles=ANYONE, body=TotpOff)
    async def disable_totp(call: Call[TotpOff]) -> None:
        """Switches two-step login off."""
        await accounts.disable_totp(call)

    @routes.get("/login-records", roles=READERS, result=LoginRecordPage)
    async def list_login_records(call: Call[None]) -> LoginRecordPage:
        """Logins, refusals, logouts, newest first; query fields page, size, from, to, result, q (ADM-REC-LOGIN)."""
        page, size = page_of(call)
        return await db.read(lambda s: _record_page(s, login_records.conditions(s, call), page, size))

    @routes.post("/me/logout-everywhere", roles=ANYONE, before_new_password=True)
    async def logout_everywhere(call: Call[None]) -> None:
        """Ends every other login of the own account."""
        who = call.caller

        def work(session: Session) -> list[int]:
            audit.append(session, now(), who.company, who.actor, "account.logged_out", {"num": who.account})
            return service.close_all_logins(session, now(), who.account, LogoutReason.LOGOUT, keep=who.login)

        await accounts.ended(who.account, await db.run(work), last=False)

    @routes.get("/me/logins", roles=ANYONE, result=LoginRecordPage)
    async def own_logins(call: Call[None]) -> LoginRecordPage:
        """The own logins and refused tries, newest first."""
        page, size = page_of(call)
        where = [LoginRecord.account_id == call.caller.account]
        return await db.read(lambda s: _record_page(s, where, page, size))

    add_people_routes(routes, People(accounts, db, now), db)
    return routes


def _record_page(session: Session, where: list[ColumnElement[bool]], page: int, size: int) -> LoginRecordPage:
    total = session.scalar(select(func.count()).select_from(LoginRecord).where(*where)) or 0
    rows = session.execute(
        select(LoginRecord, Account.display_name)
        .outerjoin(Account, Account.id == LoginRecord.account_id)
        .where(*where)
        .order_by(LoginRecord.id.desc())
        .offset((page - 1) * size)
        .limit(size)
    )
    items = [
        LoginRecordOut(
            id=r.id,
            at=r.at,
            out_at=r.out_at,
            login_id=r.login_id,
            display_name=name or "",
            address=r.address,
            user_agent=r.user_agent,
            result=r.result,
            out_reason=r.out_reason,
        )
        for r, name in rows
    ]
    return LoginRecordPage(items=items, total=total, page=page, size=size)
