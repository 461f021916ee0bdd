"""Routes of login, the own account, and the administration of accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyotp
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from wizhelper import __version__
from wizhelper.accounts import passwords, service
from wizhelper.accounts.model import Account, Login, LoginRecord, LoginResult, LogoutReason
from wizhelper.http.api import ADMINS, ANYONE, PUBLIC, READERS, Call, Caller, Model, Role, Routes
from wizhelper.http.errors import ApiError
from wizhelper.notices import service as notices
from wizhelper.notices.web import NoticeOut, described
from wizhelper.settings.model import Company
from wizhelper.settings.service import find_company
from wizhelper.store.database import Database

log = Logger()

HASH_THREADS = 2
MAX_PAGE = 200
#: Refusals that count against the limiter: without them a password or code could be guessed.
WRONG_TRIES = frozenset({"LOGIN_FAILED", "TOTP_WRONG", "ADDRESS_DENIED", "ACCOUNT_LOCKED"})


class LoginIn(Model):
    company: str = Field(max_length=64)
    id: str = Field(max_length=64)
    password: str = Field(max_length=passwords.MAX_LENGTH)
    totp: str | None = Field(default=None, max_length=10)


class AccountOut(Model):
    num: int
    id: str
    display_name: str
    role: Role
    status: str
    allowed_addresses: list[str]
    totp_enabled: bool
    last_login_at: datetime | None


class LoginOut(Model):
    csrf: str
    app: Literal["console", "admin"]
    account: AccountOut
    must_change_password: bool


class LoginPage(Model):
    version: str
    notices: list[NoticeOut]


class CompanyBrief(Model):
    code: str
    name: str
    time_zone: str
    contact: str


class OwnSettings(Model):
    auto_wait: bool = True
    remote_cursor: bool = True
    language: Literal["ko", "en"] | None = None
    keyboard_mode: Literal["physical", "text"] = "physical"


class Limits(Model):
    sessions: int
    login_idle_s: int


class Me(Model):
    csrf: str
    app: Literal["console", "admin"]
    account: AccountOut
    company: CompanyBrief
    access_urls: list[str]
    version: str
    settings: OwnSettings
    limits: Limits
    sas_policy: str


class PasswordIn(Model):
    current: str = Field(max_length=passwords.MAX_LENGTH)
    new: str = Field(max_length=passwords.MAX_LENGTH)


class TotpBeginIn(Model):
    password: str = Field(max_length=passwords.MAX_LENGTH)


class TotpSecret(Model):
    secret: str
    uri: str


class TotpCode(Model):
    code: str = Field(max_length=10)


class TotpOff(TotpBeginIn):
    code: str = Field(max_length=10)


class AccountList(Model):
    items: list[AccountOut]


class AccountIn(Model):
    id: str = Field(min_length=1, max_length=64)
    display_name: str = Field(default="", max_length=100)
    role: Literal["admin", "group_admin", "operator", "auditor"]
    password: str | None = Field(default=None, max_length=passwords.MAX_LENGTH)
    allowed_addresses: list[str] = Field(default_factory=list, max_length=100)


class AccountAdded(Model):
    account: AccountOut
    password: str | None


class AccountPatch(Model):
    display_name: str | None = Field(default=None, min_length=1, max_length=100)
    status: Literal["active", "disabled"] | None = None
    allowed_addresses: list[str] | None = Field(default=None, max_length=100)


class NewPassword(Model):
    password: str


class LoginRecordOut(Model):
    id: int
    at: datetime
    out_at: datetime | None
    login_id: str
    display_name: str
    address: str
    user_agent: str
    result: str
    out_reason: str | None


class LoginRecordPage(Model):
    items: list[LoginRecordOut]
    total: int
    page: int
    size: int


def app_of(role: Role) -> Literal["console", "admin"]:
    """OP-LOGIN-ROLE: only operators work in the console."""
    return "console" if role is Role.OPERATOR else "admin"


def described_account(account: Account) -> AccountOut:
    return AccountOut(
        num=account.id,
        id=account.login_id,
        display_name=account.display_name,
        role=Role(account.role),
        status=account.status,
        allowed_addresses=list(account.allowed_addresses),
        totp_enabled=account.totp_secret is not None,
        last_login_at=account.last_login_at,
    )


@dataclass(frozen=True)
class LoginHooks:
    """What other parts do when somebody comes or goes; wired by server.py."""

    logged_in: Callable[[Caller], Awaitable[None]]
    logged_out: Callable[[int, Sequence[int], str, bool], Awaitable[None]]


class Accounts:
    """Logins and accounts over a database: hashing in its own small pool, behind the limiter, never on the reactor."""

    def __init__(
        self,
        db: Database,
        reactor: IReactorFromThreads,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        hooks: LoginHooks,
        session_limit: int,
        access_urls: Callable[[str], list[str]],
    ) -> None:
        self._db = db
        self._reactor = reactor
        self._now = now
        self._limiter = service.LoginLimiter(clock)
        self._hooks = hooks
        self._session_limit = session_limit
        self._access_urls = access_urls
        self._hashers = ThreadPool(0, HASH_THREADS, name="argon2")

    def start(self) -> None:
        self._hashers.start()

    def stop(self) -> None:
        if self._hashers.started:
            self._hashers.stop()

    async def authenticate(self, cookie: str, address: str) -> Caller | None:
        return await self._db.read(lambda s: service.authenticate(s, self._now(), cookie, address))

    async def touch(self, login: int) -> None:
        await self._db.run(lambda s: service.touch(s, self._now(), login))

    async def expire(self) -> None:
        """Called every few seconds: ends logins that have idled out, and their sockets."""

        def work(session: Session) -> list[tuple[int, int, bool]]:
            before = {row[0]: row[1] for row in session.execute(select(Login.id, Login.account_id))}
            gone = service.expired_logins(session, self._now())
            session.flush()
            return [(before[login], login, service.logins_of(session, before[login]) == 0) for login in gone]

        for account, login, last in await self._db.run(work):
            await self._hooks.logged_out(account, [login], "LOGIN_EXPIRED", last)

    async def _verified(self, stored: str, password: str) -> bool:
        return await deferToThreadPool(self._reactor, self._hashers, passwords.verify_password, stored, password)

    async def _hashed(self, password: str) -> str:
        return await deferToThreadPool(self._reactor, self._hashers, passwords.hash_password, password)

    async def login(self, call: Call[LoginIn]) -> LoginOut:
        """OP-LOGIN-CO, OP-LOGIN-BAD, OP-LOGIN-IP, OP-LOGIN-LOG."""
        form = call.body
        who = (call.address, form.company, form.id)
        self._limiter.check(*who)
        try:
            done = await self._log_in(call)
        except Exception as problem:
            if not isinstance(problem, ApiError) or problem.code not in WRONG_TRIES:
                self._limiter.take_back(*who)
            raise
        self._limiter.succeeded(*who)
        return done

    async def _log_in(self, call: Call[LoginIn]) -> LoginOut:
        form = call.body
        candidate = await self._db.read(lambda s: service.find_candidate(s, form.company, form.id))
        right = await self._verified(candidate.hash, form.password)
        if not right or candidate.account_id is None:
            await self._refused(call, candidate, LoginResult.BAD_PASSWORD)
            raise ApiError("LOGIN_FAILED")
        account_id = candidate.account_id
        try:
            new = await self._db.run(
                lambda s: service.open_login(s, self._now(), account_id, form.totp, call.address, call.user_agent)
            )
        except ApiError as problem:
            known = {"TOTP_WRONG": LoginResult.BAD_TOTP, "ADDRESS_DENIED": LoginResult.ADDRESS_DENIED}
            if problem.code != "TOTP_REQUIRED":
                await self._refused(call, candidate, known.get(problem.code, LoginResult.LOCKED))
            raise
        call.new_cookie.append(new.token)
        if new.replaced:
            await self._hooks.logged_out(account_id, new.replaced, "LOGIN_REPLACED", False)
        await self._hooks.logged_in(new.caller)
        log.info("Login: account {account} from {address}", account=account_id, address=call.address)
        account = await self._db.read(lambda s: described_account(s.get_one(Account, account_id)))
        return LoginOut(
            csrf=new.caller.csrf, app=app_of(new.caller.role), account=account, must_change_password=new.must_change
        )

    async def _refused(self, call: Call[LoginIn], candidate: service.Candidate, result: LoginResult) -> None:
        await self._db.run(
            lambda s: service.record_failure(
                s, self._now(), candidate, call.body.id, call.address, call.user_agent, result
            )
        )

    async def logout(self, call: Call[None]) -> None:
        who = call.caller

        def work(session: Session) -> bool:
            service.logout(session, self._now(), who.login)
            session.flush()
            return service.logins_of(session, who.account) == 0

        last = await self._db.run(work)
        call.new_cookie.append(None)
        await self._hooks.logged_out(who.account, [who.login], "LOGGED_OUT", last)

    async def me(self, call: Call[None]) -> Me:
        def work(session: Session) -> tuple[AccountOut, Company, dict[str, object]]:
            account = session.get_one(Account, call.caller.account)
            return described_account(account), session.get_one(Company, account.company_id), dict(account.settings)

        account, company, own = await self._db.read(work)
        return Me(
            csrf=call.caller.csrf,
            app=app_of(call.caller.role),
            account=account,
            company=CompanyBrief(
                code=company.code, name=company.name, time_zone=company.time_zone, contact=company.contact
            ),
            access_urls=self._access_urls(call.host),
            version=__version__,
            settings=OwnSettings.model_validate(own),
            limits=Limits(sessions=self._session_limit, login_idle_s=company.login_idle_s),
            sas_policy=company.sas_policy,
        )

    async def change_password(self, call: Call[PasswordIn]) -> None:
        account = await self._db.read(lambda s: s.get_one(Account, call.caller.account))
        await self._require_password(call, account, call.body.current)
        if passwords.is_weak(call.body.new, account.login_id, account.display_name):
            raise ApiError("PASSWORD_WEAK")
        await self._set_password(account.id, call.body.new, must_change=False, keep=call.caller.login)

    async def _require_password(self, call: Call[Any], account: Account, password: str) -> None:
        """Re-authentication, behind the same limiter as a login."""
        self._limiter.check(call.address, "", str(account.id))
        if not await self._verified(account.password, password):
            raise ApiError("PASSWORD_WRONG")
        self._limiter.succeeded(call.address, "", str(account.id))

    async def _set_password(self, account_id: int, password: str, *, must_change: bool, keep: int | None) -> None:
        hashed = await self._hashed(password)

        def work(session: Session) -> list[int]:
            account = session.get_one(Account, account_id)
            account.password = hashed
            account.must_change = must_change
            return service.close_all_logins(session, self._now(), account_id, LogoutReason.LOGOUT, keep)

        gone = await self._db.run(work)
        if gone:
            await self._hooks.logged_out(account_id, gone, "LOGGED_OUT", keep is None)

    async def begin_totp(self, call: Call[TotpBeginIn]) -> TotpSecret:
        account = await self._db.read(lambda s: s.get_one(Account, call.caller.account))
        await self._require_password(call, account, call.body.password)
        secret = pyotp.random_base32()

        def work(session: Session) -> None:
            session.get_one(Account, account.id).totp_pending = secret

        await self._db.run(work)
        uri = pyotp.TOTP(secret).provisioning_uri(name=account.login_id, issuer_name="WizHelper")
        return TotpSecret(secret=secret, uri=uri)

    async def confirm_totp(self, call: Call[TotpCode]) -> None:
        self._limiter.check(call.address, "totp", str(call.caller.account))

        def work(session: Session) -> bool:
            account = session.get_one(Account, call.caller.account)
            if account.totp_pending is None:
                raise ApiError("TOTP_NOT_BEGUN")
            if not service.use_totp(account, account.totp_pending, call.body.code, self._now()):
                return False
            account.totp_secret, account.totp_pending = account.totp_pending, None
            return True

        if not await self._db.run(work):
            raise ApiError("TOTP_WRONG")
        self._limiter.succeeded(call.address, "totp", str(call.caller.account))

    async def disable_totp(self, call: Call[TotpOff]) -> None:
        account = await self._db.read(lambda s: s.get_one(Account, call.caller.account))
        await self._require_password(call, account, call.body.password)
        self._limiter.check(call.address, "totp", str(account.id))

        def work(session: Session) -> bool:
            found = session.get_one(Account, call.caller.account)
            if found.totp_secret and not service.use_totp(found, found.totp_secret, call.body.code, self._now()):
                return False
            found.totp_secret = found.totp_pending = None
            return True

        if not await self._db.run(work):
            raise ApiError("TOTP_WRONG")
        self._limiter.succeeded(call.address, "totp", str(account.id))

    async def add_account(self, call: Call[AccountIn]) -> AccountAdded:
        form = call.body
        password = form.password or passwords.generate_password()
        if passwords.is_weak(password, form.id, form.display_name):
            raise ApiError("PASSWORD_WEAK")
        hashed = await self._hashed(password)

        def work(session: Session) -> AccountOut:
            return described_account(
                service.add_account(
                    session,
                    self._now(),
                    call.caller.company,
                    form.id,
                    form.display_name,
                    Role(form.role),
                    hashed,
                    must_change=form.password is None,
                    allowed_addresses=list(form.allowed_addresses),
                )
            )

        return AccountAdded(account=await self._db.run(work), password=None if form.password else password)

    async def change_account(self, call: Call[AccountPatch]) -> AccountOut:
        form, number = call.body, call.path["num"]
        if number == call.caller.account and form.status == "disabled":
            raise ApiError("OWN_ACCOUNT")

        def work(session: Session) -> tuple[AccountOut, list[int]]:
            account = service.account_of_company(session, call.caller.company, number)
            account.display_name = form.display_name or account.display_name
            if form.allowed_addresses is not None:
                account.allowed_addresses = service.checked_addresses(list(form.allowed_addresses))
            account.status = form.status or account.status
            gone = []
            if account.status != "active":
                gone = service.close_all_logins(session, self._now(), account.id, LogoutReason.DISABLED)
            return described_account(account), gone

        account, gone = await self._db.run(work)
        if gone:
            await self._hooks.logged_out(account.num, gone, "LOGGED_OUT", True)
        return account

    async def reset_password(self, call: Call[None]) -> NewPassword:
        account = await self._account(call)
        password = passwords.generate_password()
        await self._set_password(account.id, password, must_change=True, keep=None)
        return NewPassword(password=password)

    async def remove_totp(self, call: Call[None]) -> None:
        account = await self._account(call)

        def work(session: Session) -> None:
            session.get_one(Account, account.id).totp_secret = None

        await self._db.run(work)

    async def _account(self, call: Call[None]) -> Account:
        return await self._db.read(lambda s: service.account_of_company(s, call.caller.company, call.path["num"]))


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

    @routes.post("/logout", roles=ANYONE)
    async def logout(call: Call[None]) -> None:
        """Ends this login and its live sockets."""
        await accounts.logout(call)

    @routes.get("/me", roles=ANYONE, result=Me)
    async def me(call: Call[None]) -> Me:
        """Who is logged in, the company, the own settings."""
        return await accounts.me(call)

    @routes.put("/me/settings", roles=ANYONE, body=OwnSettings, result=OwnSettings)
    async def change_settings(call: Call[OwnSettings]) -> OwnSettings:
        """Stores the own settings (OP-SET-AUTOWAIT, OP-SET-CURSOR)."""

        def work(session: Session) -> None:
            session.get_one(Account, call.caller.account).settings = call.body.model_dump()

        await db.run(work)
        return call.body

    @routes.post("/me/password", roles=ANYONE, body=PasswordIn)
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
