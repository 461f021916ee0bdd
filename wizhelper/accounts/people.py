"""Accounts and operator groups as administrators manage them, each within what he may manage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts import passwords, service
from wizhelper.accounts.bodies import (
    AccessPolicy,
    AccountAdded,
    AccountIn,
    AccountOut,
    AccountPage,
    AccountPatch,
    NewPassword,
    described_account,
)
from wizhelper.accounts.logins import Accounts
from wizhelper.accounts.model import Account, LogoutReason, Team
from wizhelper.accounts.paging import page_of
from wizhelper.http.api import Call, Caller, Role
from wizhelper.http.errors import ApiError
from wizhelper.settings.model import Company
from wizhelper.store import audit
from wizhelper.store.database import Database

SORTS = {
    "id": Account.login_id,
    "name": Account.display_name,
    "role": Account.role,
    "status": Account.status,
    "last_login": Account.last_login_at,
}
MAX_SEARCH = 100


def manageable(caller: Caller) -> list[ColumnElement[bool]]:
    """Whose accounts the caller sees: a group administrator's, the operators of the own group (ADM-ROLE-GRP)."""
    found: list[ColumnElement[bool]] = [Account.company_id == caller.company]
    if caller.role is Role.GROUP_ADMIN:
        # No group is group 0, which never exists: not the accounts without a group.
        found += [Account.team_id == (caller.team or 0), Account.role == Role.OPERATOR]
    return found


def account_for(session: Session, caller: Caller, number: int) -> Account:
    """Raises ApiError("NOT_FOUND") for every account outside what the caller manages."""
    account = session.scalar(select(Account).where(Account.id == number, *manageable(caller)))
    if account is None:
        raise ApiError("NOT_FOUND")
    return account


def placed(session: Session, caller: Caller, role: str, team: int | None) -> int | None:
    """The group an account may get. Raises ApiError: NOT_YOUR_GROUP beyond a group administrator's scope, INVALID_FIELDS."""
    if caller.role is Role.GROUP_ADMIN:
        if role != Role.OPERATOR or caller.team is None or team not in (None, caller.team):
            raise ApiError("NOT_YOUR_GROUP")
        return caller.team
    found = session.get(Team, team) if team is not None else None
    if team is not None and (found is None or found.company_id != caller.company):
        raise ApiError("INVALID_FIELDS", fields={"team": "unknown"})
    return team


def filters(call: Call[None]) -> list[ColumnElement[bool]]:
    """Query fields q, role, status and team ("none": without a group). Raises ApiError("INVALID_FIELDS")."""
    found: list[ColumnElement[bool]] = []
    if text := call.query.get("q", "").strip()[:MAX_SEARCH]:
        columns = (Account.login_id, Account.display_name)
        found.append(or_(*(c.icontains(text, autoescape=True) for c in columns)))
    if role := call.query.get("role"):
        found.append(Account.role == role)
    if status := call.query.get("status"):
        found.append(Account.status == status)
    if team := call.query.get("team"):
        found.append(_in_team(team))
    return found


def _in_team(text: str) -> ColumnElement[bool]:
    if text == "none":
        return Account.team_id.is_(None)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ApiError("INVALID_FIELDS", fields={"team": "a number"})
    return Account.team_id == int(text)


def order(call: Call[None]) -> list[ColumnElement[object]]:
    """Query field sort: a name of SORTS, with "-" before it for the other way round."""
    text = call.query.get("sort") or "id"
    column = SORTS.get(text.removeprefix("-"))
    if column is None:
        raise ApiError("INVALID_FIELDS", fields={"sort": ", ".join(SORTS)})
    return [column.desc() if text.startswith("-") else column.asc(), Account.id]  # type: ignore[list-item]


class People:
    """What administrators do to accounts; hashes are made by `accounts`, sockets of ended logins close through it."""

    def __init__(self, accounts: Accounts, db: Database, now: Callable[[], datetime]) -> None:
        self.accounts = accounts
        self.db = db
        self.now = now

    def note(self, session: Session, call: Call[Any], action: str, facts: dict[str, Any]) -> None:
        """A line of the audit chain."""
        audit.append(session, self.now(), call.caller.company, call.caller.actor, action, facts)

    async def listed(self, call: Call[None]) -> AccountPage:
        page, size = page_of(call)
        where, sort = [*manageable(call.caller), *filters(call)], order(call)

        def work(session: Session) -> AccountPage:
            total = session.scalar(select(func.count()).select_from(Account).where(*where)) or 0
            rows = session.scalars(select(Account).where(*where).order_by(*sort).offset((page - 1) * size).limit(size))
            return AccountPage(items=[described_account(a) for a in rows], total=total, page=page, size=size)

        return await self.db.read(work)

    async def add(self, call: Call[AccountIn]) -> AccountAdded:
        form = call.body
        password = form.password or passwords.generate_password()
        if passwords.is_weak(password, form.id, form.display_name):
            raise ApiError("PASSWORD_WEAK")
        await self.db.read(lambda s: placed(s, call.caller, form.role, form.team))
        hashed = await self.accounts.hashed(password)

        def work(session: Session) -> AccountOut:
            account = service.add_account(
                session,
                self.now(),
                call.caller.company,
                form.id,
                form.display_name,
                Role(form.role),
                hashed,
                must_change=form.password is None,
                allowed_addresses=list(form.allowed_addresses),
                team=placed(session, call.caller, form.role, form.team),
            )
            self.note(session, call, "account.added", {"num": account.id, "id": form.id, "role": form.role})
            return described_account(account)

        return AccountAdded(account=await self.db.run(work), password=None if form.password else password)

    async def change(self, call: Call[AccountPatch]) -> AccountOut:
        form, number = call.body, call.path["num"]
        if number == call.caller.account and (form.status == "disabled" or form.role not in (None, call.caller.role)):
            raise ApiError("OWN_ACCOUNT")

        def work(session: Session) -> tuple[AccountOut, list[int]]:
            account = account_for(session, call.caller, number)
            before = account.role
            _apply(session, call.caller, account, form)
            self.note(session, call, "account.changed", {"num": number, **form.model_dump(exclude_none=True)})
            gone = []
            if account.status == "disabled" or account.role != before:
                gone = service.close_all_logins(session, self.now(), account.id, LogoutReason.DISABLED)
            return described_account(account), gone

        account, gone = await self.db.run(work)
        await self.accounts.ended(account.num, gone)
        return account

    async def reset_password(self, call: Call[None]) -> NewPassword:
        account = await self.db.read(lambda s: account_for(s, call.caller, call.path["num"]))
        password = passwords.generate_password()
        await self.accounts.set_password(account.id, password, must_change=True, keep=None, by=call.caller.actor)
        await self.db.run(lambda s: service.release(s.get_one(Account, account.id)))
        return NewPassword(password=password)

    async def remove_totp(self, call: Call[None]) -> None:
        def work(session: Session) -> None:
            account = account_for(session, call.caller, call.path["num"])
            account.totp_secret = None
            self.note(session, call, "account.totp_removed", {"num": account.id})

        await self.db.run(work)

    async def log_out(self, call: Call[None]) -> None:
        def work(session: Session) -> list[int]:
            account = account_for(session, call.caller, call.path["num"])
            self.note(session, call, "account.logged_out", {"num": account.id})
            return service.close_all_logins(session, self.now(), account.id, LogoutReason.DISABLED)

        await self.accounts.ended(call.path["num"], await self.db.run(work))

    async def policy(self, call: Call[None]) -> AccessPolicy:
        company = await self.db.read(lambda s: s.get_one(Company, call.caller.company))
        return AccessPolicy(allowed_addresses=list(company.allowed_addresses), lock_after=company.lock_after)

    async def set_policy(self, call: Call[AccessPolicy]) -> AccessPolicy:
        """Raises ApiError: INVALID_FIELDS; OWN_ADDRESS when the caller would be outside."""
        addresses = service.checked_addresses(list(call.body.allowed_addresses))
        if not service.address_allowed(addresses, call.address):
            raise ApiError("OWN_ADDRESS", details={"address": call.address})

        def work(session: Session) -> None:
            company = session.get_one(Company, call.caller.company)
            company.allowed_addresses, company.lock_after = addresses, call.body.lock_after
            self.note(session, call, "company.access_changed", {"addresses": addresses, "lock_after": call.body.lock_after})

        await self.db.run(work)
        return AccessPolicy(allowed_addresses=addresses, lock_after=call.body.lock_after)


def _apply(session: Session, caller: Caller, account: Account, form: AccountPatch) -> None:
    account.display_name = form.display_name or account.display_name
    if form.allowed_addresses is not None:
        account.allowed_addresses = service.checked_addresses(list(form.allowed_addresses))
    if form.role is not None or "team" in form.model_fields_set:
        team = form.team if "team" in form.model_fields_set else account.team_id
        account.role = form.role or account.role
        account.team_id = placed(session, caller, account.role, team)
    if form.status == "active":
        account.status = "active"
        service.release(account)
    account.status = form.status or account.status
