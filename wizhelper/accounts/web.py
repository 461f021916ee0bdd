"""Routes of login, the own account, and the administration of accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper import __version__
from wizhelper.accounts.bodies import (
    AccountAdded,
    AccountIn,
    AccountList,
    AccountOut,
    AccountPatch,
    LoginIn,
    LoginOut,
    LoginPage,
    LoginRecordOut,
    LoginRecordPage,
    Me,
    NewPassword,
    OwnSettings,
    PasswordIn,
    TotpBeginIn,
    TotpCode,
    TotpOff,
    TotpSecret,
    described_account,
)
from wizhelper.accounts.logins import Accounts
from wizhelper.accounts.model import Account, LoginRecord
from wizhelper.http.api import ADMINS, ANYONE, PUBLIC, READERS, Call, Routes
from wizhelper.http.errors import ApiError
from wizhelper.notices import service as notices
from wizhelper.notices.web import NoticeOut, described
from wizhelper.settings.service import find_company
from wizhelper.store.database import Database

MAX_PAGE = 200


def page_of(call: Call[None]) -> tuple[int, int]:
    """Query fields `page` (from 1) and `size`. Raises ApiError("INVALID_FIELDS")."""
    try:
        page, size = int(call.query.get("page", "1")), int(call.query.get("size", "50"))
    except ValueError:
        raise ApiError("INVALID_FIELDS", fields={"page": "a number"}) from None
    if not (1 <= page <= 1_000_000 and 1 <= size <= MAX_PAGE):
        raise ApiError("INVALID_FIELDS", fields={"size": f"1..{MAX_PAGE}"})
    return page, size


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

    @routes.get("/accounts", roles=READERS, result=AccountList)
    async def list_accounts(call: Call[None]) -> AccountList:
        """Accounts of the company."""
        query = select(Account).where(Account.company_id == call.caller.company).order_by(Account.login_id)
        return AccountList(items=await db.read(lambda s: [described_account(a) for a in s.scalars(query)]))

    @routes.post("/accounts", roles=ADMINS, body=AccountIn, result=AccountAdded, status=201)
    async def add_account(call: Call[AccountIn]) -> AccountAdded:
        """Adds an account; without a password one is made and shown this once."""
        return await accounts.add_account(call)

    @routes.patch("/accounts/<int:num>", roles=ADMINS, body=AccountPatch, result=AccountOut)
    async def change_account(call: Call[AccountPatch]) -> AccountOut:
        """Changes name, state or allowed addresses (ADM-IP)."""
        return await accounts.change_account(call)

    @routes.post("/accounts/<int:num>/reset-password", roles=ADMINS, result=NewPassword)
    async def reset_password(call: Call[None]) -> NewPassword:
        """Sets a new random password, shown this once; it must be changed at the next login."""
        return await accounts.reset_password(call)

    @routes.post("/accounts/<int:num>/disable-totp", roles=ADMINS)
    async def remove_totp(call: Call[None]) -> None:
        """Takes two-step login off an account whose device was lost."""
        await accounts.remove_totp(call)

    @routes.get("/login-records", roles=READERS, result=LoginRecordPage)
    async def login_records(call: Call[None]) -> LoginRecordPage:
        """Logins and logouts, newest first (ADM-REC-LOGIN)."""
        page, size = page_of(call)
        return await db.read(lambda s: _login_records(s, call.caller.company, page, size))

    return routes


def _login_records(session: Session, company: int, page: int, size: int) -> LoginRecordPage:
    where = LoginRecord.company_id == company
    total = session.scalar(select(func.count()).select_from(LoginRecord).where(where)) or 0
    rows = session.execute(
        select(LoginRecord, Account.display_name)
        .outerjoin(Account, Account.id == LoginRecord.account_id)
        .where(where)
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
