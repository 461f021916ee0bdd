"""Logins and accounts at work: the limiter, the hashes in their own small pool, the transactions, who is told afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from wizhelper import __version__
from wizhelper.accounts import passwords, service
from wizhelper.accounts.bodies import (
    AccountOut,
    CompanyBrief,
    Limits,
    LoginIn,
    LoginOut,
    Me,
    OwnSettings,
    PasswordIn,
    TotpBeginIn,
    TotpCode,
    TotpOff,
    TotpSecret,
    app_of,
    described_account,
)
from wizhelper.accounts.model import Account, Login, LoginResult, LogoutReason
from wizhelper.http.api import Call, Caller
from wizhelper.http.errors import ApiError
from wizhelper.settings.model import Company
from wizhelper.store import audit
from wizhelper.store.database import Database

log = Logger()

HASH_THREADS = 2
#: Refusals that count against the limiter: without them a password or code could be guessed.
WRONG_TRIES = frozenset({"LOGIN_FAILED", "TOTP_WRONG", "ADDRESS_DENIED", "ACCOUNT_LOCKED", "LOGIN_LOCKED"})


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

    async def hashed(self, password: str) -> str:
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
                code=company.code,
                name=company.name,
                time_zone=company.time_zone,
                contact=company.contact,
                chat_kept=company.chat_kept,
            ),
            access_urls=self._access_urls(call.host),
            version=__version__,
            settings=OwnSettings.model_validate(own),
            limits=Limits(sessions=self._session_limit, login_idle_s=company.login_idle_s),
            sas_policy=company.sas_policy,
            must_change_password=call.caller.must_change_password,
        )

    async def change_password(self, call: Call[PasswordIn]) -> None:
        account = await self._db.read(lambda s: s.get_one(Account, call.caller.account))
        await self._require_password(call, account, call.body.current)
        if passwords.is_weak(call.body.new, account.login_id, account.display_name):
            raise ApiError("PASSWORD_WEAK")
        await self.set_password(account.id, call.body.new, must_change=False, keep=call.caller.login, by=call.caller.actor)

    async def _require_password(self, call: Call[Any], account: Account, password: str) -> None:
        """Re-authentication, behind the same limiter as a login."""
        self._limiter.check(call.address, "", str(account.id))
        if not await self._verified(account.password, password):
            raise ApiError("PASSWORD_WRONG")
        self._limiter.succeeded(call.address, "", str(account.id))

    async def set_password(
        self, account_id: int, password: str, *, must_change: bool, keep: int | None, by: str
    ) -> None:
        """`keep`: the login that stays open; `by`: who did it, for the audit chain."""
        hashed = await self.hashed(password)

        def work(session: Session) -> list[int]:
            account = session.get_one(Account, account_id)
            account.password = hashed
            account.must_change = must_change
            audit.append(session, self._now(), account.company_id, by, "account.password_set", {"num": account_id})
            return service.close_all_logins(session, self._now(), account_id, LogoutReason.LOGOUT, keep)

        gone = await self._db.run(work)
        await self.ended(account_id, gone, last=keep is None)

    async def ended(self, account_id: int, logins: Sequence[int], *, last: bool = True) -> None:
        """After the commit that ended `logins`: their sockets close. `last`: the account has no login left."""
        if logins:
            await self._hooks.logged_out(account_id, logins, "LOGGED_OUT", last)

    def _note(self, session: Session, call: Call[Any], action: str) -> None:
        who = call.caller
        audit.append(session, self._now(), who.company, who.actor, action, {"num": who.account})

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
            self._note(session, call, "account.totp_set")
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
            self._note(session, call, "account.totp_removed")
            return True

        if not await self._db.run(work):
            raise ApiError("TOTP_WRONG")
        self._limiter.succeeded(call.address, "totp", str(account.id))
