"""Rules of accounts and logins: plain functions of a Session and the time, and the limiter that stands before the hasher."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts import passwords
from wizhelper.accounts.model import Account, Login, LoginRecord, LoginResult, LogoutReason
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError
from wizhelper.relay.limits import MINUTE, Budget, Window, address_key
from wizhelper.settings.model import Company

LOGIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
TOKEN_BYTES = 32
MAX_LOGINS_PER_ACCOUNT = 5
LOGIN_ABSOLUTE = timedelta(hours=12)
LOCK_LASTS = timedelta(minutes=30)
SEEN_STEP = timedelta(minutes=1)
TOTP_STEP_S = 30


class LoginLimiter:
    """Who may have a password hashed now.

    Per address and account 5 wrong tries in 10 minutes. While the whole appliance sees many wrong tries, an address that
    has already failed gets none at all: a flood then costs one hash per source, and a clean address still gets in.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._pair = Budget(clock, Window(5, 10 * MINUTE))
        self._address = Budget(clock, Window(20, 10 * MINUTE))
        self._all = Budget(clock, Window(20, 10 * MINUTE), max_keys=1)

    def check(self, address: str, company: str, login_id: str) -> None:
        """Counts the try as failed until it is taken back. Raises ApiError("TOO_MANY_TRIES")."""
        source = address_key(address)
        wait = max(self._pair.wait_s(_pair(source, company, login_id)), self._address.wait_s(source))
        if self._all.wait_s("") > 0 and self._address.used(source) > 0:
            wait = max(wait, MINUTE)
        if wait > 0:
            raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(wait) + 1})
        self._pair.spend(_pair(source, company, login_id))
        self._address.spend(source)
        self._all.spend("")

    def take_back(self, address: str, company: str, login_id: str) -> None:
        """The try was not a wrong one."""
        source = address_key(address)
        self._pair.take_back(_pair(source, company, login_id))
        self._address.take_back(source)
        self._all.take_back("")

    def succeeded(self, address: str, company: str, login_id: str) -> None:
        self.take_back(address, company, login_id)
        self._pair.forget(_pair(address_key(address), company, login_id))


def _pair(source: str, company: str, login_id: str) -> str:
    """One key for all spellings that find_candidate takes for the same account."""
    return f"{source} {company.strip().lower()[:64]} {login_id.strip()[:64]}"


@dataclass(frozen=True)
class Candidate:
    """What a login needs to know of an account before its password is checked."""

    account_id: int | None
    company_id: int | None
    hash: str


@dataclass(frozen=True)
class NewLogin:
    caller: Caller
    token: str
    must_change: bool
    replaced: tuple[int, ...]


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_candidate(session: Session, company: str, login_id: str) -> Candidate:
    row = session.execute(
        select(Account.id, Account.company_id, Account.password)
        .join(Company, Company.id == Account.company_id)
        .where(Company.code == company.strip().lower(), Account.login_id == login_id.strip())
    ).first()
    if row is None:
        found = session.scalar(select(Company.id).where(Company.code == company.strip().lower()))
        return Candidate(None, found, passwords.DUMMY_HASH)
    return Candidate(row[0], row[1], row[2])


def record_failure(
    session: Session, now: datetime, candidate: Candidate, login_id: str, address: str, agent: str, result: LoginResult
) -> None:
    """A try for a company that does not exist leaves no record: there is nobody to show it to."""
    if candidate.company_id is None:
        return
    if candidate.account_id is not None and result in (LoginResult.BAD_PASSWORD, LoginResult.BAD_TOTP):
        _count_failure(session.get_one(Account, candidate.account_id), candidate.company_id, session, now)
    session.add(
        LoginRecord(
            company_id=candidate.company_id,
            account_id=candidate.account_id,
            login_id=login_id[:64],
            at=now,
            address=address,
            user_agent=agent,
            result=result,
        )
    )


def _count_failure(account: Account, company_id: int, session: Session, now: datetime) -> None:
    """A lock ends no login that is open: guessing at a password must not be a way to cut its owner off."""
    account.failed_count += 1
    limit = session.get_one(Company, company_id).lock_after
    if limit and account.failed_count >= limit and account.status == "active":
        account.status, account.locked_at = "locked", now


def release(account: Account) -> None:
    """Ends a lock; a disabled account stays disabled."""
    account.failed_count, account.locked_at = 0, None
    if account.status == "locked":
        account.status = "active"


def _check_status(account: Account, now: datetime) -> None:
    """Raises ApiError: ACCOUNT_LOCKED, LOGIN_LOCKED. A lock that has lasted LOCK_LASTS ends here."""
    if account.status == "locked" and account.locked_at is not None and now - account.locked_at >= LOCK_LASTS:
        release(account)
    if account.status == "locked":
        raise ApiError("LOGIN_LOCKED")
    if account.status != "active":
        raise ApiError("ACCOUNT_LOCKED")


def open_login(
    session: Session, now: datetime, account_id: int, totp: str | None, address: str, agent: str
) -> NewLogin:
    """After the password was right. Raises ApiError: ACCOUNT_LOCKED, LOGIN_LOCKED, ADDRESS_DENIED, TOTP_*."""
    account = session.get_one(Account, account_id)
    _check_status(account, now)
    company = session.get_one(Company, account.company_id)
    if not (
        address_allowed(account.allowed_addresses, address) and address_allowed(company.allowed_addresses, address)
    ):
        raise ApiError("ADDRESS_DENIED", details={"address": address})
    if account.totp_secret:
        if not totp:
            raise ApiError("TOTP_REQUIRED")
        if not use_totp(account, account.totp_secret, totp, now):
            raise ApiError("TOTP_WRONG")
    replaced = _make_room(session, now, account.id)
    record = LoginRecord(
        company_id=account.company_id,
        account_id=account.id,
        login_id=account.login_id,
        at=now,
        address=address,
        user_agent=agent,
        result=LoginResult.OK,
    )
    session.add(record)
    session.flush()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    login = Login(
        token_hash=hash_token(token),
        csrf=secrets.token_urlsafe(24),
        account_id=account.id,
        record_id=record.id,
        created_at=now,
        seen_at=now,
    )
    session.add(login)
    account.last_login_at = now
    account.failed_count = 0
    session.flush()
    return NewLogin(_caller(account, login), token, account.must_change, replaced)


def _make_room(session: Session, now: datetime, account_id: int) -> tuple[int, ...]:
    logins = list(session.scalars(select(Login).where(Login.account_id == account_id).order_by(Login.seen_at)))
    extra = logins[: max(0, len(logins) - MAX_LOGINS_PER_ACCOUNT + 1)]
    for login in extra:
        close_login(session, now, login, LogoutReason.REPLACED)
    return tuple(login.id for login in extra)


def use_totp(account: Account, secret: str, code: str, now: datetime) -> bool:
    """RFC 6238, one step of tolerance; each code opens once."""
    totp = pyotp.TOTP(secret)
    step = int(now.timestamp()) // TOTP_STEP_S
    for candidate in (step - 1, step, step + 1):
        if candidate > account.totp_last_step and secrets.compare_digest(
            totp.at(candidate * TOTP_STEP_S).encode(), code.strip().encode()
        ):
            account.totp_last_step = candidate
            return True
    return False


def address_allowed(allowed: list[str], address: str) -> bool:
    """An empty list allows every address (OP-LOGIN-IP)."""
    if not allowed:
        return True
    try:
        parsed = ip_address(address)
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(mapped in ip_network(entry, strict=False) for entry in allowed)
    except ValueError:
        return False


def checked_addresses(entries: list[str]) -> list[str]:
    """Addresses and CIDR networks in canonical form. Raises ApiError("INVALID_FIELDS")."""
    try:
        return [str(ip_network(entry.strip(), strict=False)) for entry in entries]
    except ValueError as problem:
        raise ApiError("INVALID_FIELDS", fields={"allowed_addresses": str(problem)}) from None


def _caller(account: Account, login: Login) -> Caller:
    return Caller(
        account=account.id,
        company=account.company_id,
        role=Role(account.role),
        login=login.id,
        display_name=account.display_name,
        csrf=login.csrf,
        must_change_password=account.must_change,
        team=account.team_id,
    )


def authenticate(session: Session, now: datetime, token: str, address: str) -> Caller | None:
    """The cookie's owner, or None. Does not extend the login: see `touch`."""
    row = session.execute(
        select(Login, Account, Company)
        .join(Account, Account.id == Login.account_id)
        .join(Company, Company.id == Account.company_id)
        .where(Login.token_hash == hash_token(token))
    ).first()
    if row is None:
        return None
    login, account, company = row
    if account.status == "disabled" or not address_allowed(account.allowed_addresses, address):
        return None
    if not address_allowed(company.allowed_addresses, address) or expiry_of(login, company.login_idle_s) <= now:
        return None
    return _caller(account, login)


def expiry_of(login: Login, idle_s: int) -> datetime:
    return min(login.seen_at + timedelta(seconds=idle_s), login.created_at + LOGIN_ABSOLUTE)


def touch(session: Session, now: datetime, login_id: int) -> None:
    """The person did something: the idle time starts anew (OP-LOGIN-IDLE)."""
    login = session.get(Login, login_id)
    if login is not None and now - login.seen_at >= SEEN_STEP:
        login.seen_at = now


def expired_logins(session: Session, now: datetime) -> list[int]:
    """Ends the logins that have run out; -> their ids."""
    rows = session.execute(
        select(Login, Company.login_idle_s)
        .join(Account, Account.id == Login.account_id)
        .join(Company, Company.id == Account.company_id)
    ).all()
    gone = [login for login, idle_s in rows if expiry_of(login, idle_s) <= now]
    for login in gone:
        absolute = login.created_at + LOGIN_ABSOLUTE <= now
        close_login(session, now, login, LogoutReason.EXPIRED if absolute else LogoutReason.IDLE)
    return [login.id for login in gone]


def close_login(session: Session, now: datetime, login: Login, reason: LogoutReason) -> None:
    record = session.get(LoginRecord, login.record_id)
    if record is not None:
        record.out_at = now
        record.out_reason = reason
    session.delete(login)


def logout(session: Session, now: datetime, login_id: int) -> None:
    login = session.get(Login, login_id)
    if login is not None:
        close_login(session, now, login, LogoutReason.LOGOUT)


def close_all_logins(
    session: Session, now: datetime, account_id: int, reason: LogoutReason, keep: int | None = None
) -> list[int]:
    logins = list(session.scalars(select(Login).where(Login.account_id == account_id)))
    gone = [login for login in logins if login.id != keep]
    for login in gone:
        close_login(session, now, login, reason)
    return [login.id for login in gone]


def logins_of(session: Session, account_id: int) -> int:
    return len(session.scalars(select(Login.id).where(Login.account_id == account_id)).all())


def add_account(
    session: Session,
    now: datetime,
    company_id: int,
    login_id: str,
    display_name: str,
    role: Role,
    password_hash: str,
    *,
    must_change: bool = False,
    allowed_addresses: list[str] | None = None,
    team: int | None = None,
) -> Account:
    """Raises ApiError: ID_TAKEN, INVALID_FIELDS."""
    if not LOGIN_ID.fullmatch(login_id):
        raise ApiError("INVALID_FIELDS", fields={"id": "1-64 of A-Z a-z 0-9 . _ @ -"})
    taken = select(Account.id).where(Account.company_id == company_id, Account.login_id == login_id)
    if session.scalar(taken) is not None:
        raise ApiError("ID_TAKEN")
    account = Account(
        company_id=company_id,
        login_id=login_id,
        display_name=display_name or login_id,
        role=role,
        password=password_hash,
        must_change=must_change,
        created_at=now,
        team_id=team,
        settings={},
        allowed_addresses=checked_addresses(allowed_addresses or []),
    )
    session.add(account)
    session.flush()
    return account


def account_of_company(session: Session, company_id: int, account_id: int) -> Account:
    """Raises ApiError("NOT_FOUND") for another company's account, too."""
    account = session.get(Account, account_id)
    if account is None or account.company_id != company_id:
        raise ApiError("NOT_FOUND")
    return account
