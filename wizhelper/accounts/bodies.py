"""Bodies of the account routes: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from wizhelper.accounts import passwords
from wizhelper.accounts.model import Account
from wizhelper.http.api import Model, Role, RowId
from wizhelper.notices.web import NoticeOut


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
    team: int | None
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
    chat_kept: bool


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
    must_change_password: bool


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


class AccountPage(Model):
    items: list[AccountOut]
    total: int
    page: int
    size: int


class AccountIn(Model):
    id: str = Field(min_length=1, max_length=64)
    display_name: str = Field(default="", max_length=100)
    role: Literal["admin", "group_admin", "operator", "auditor"]
    team: RowId | None = None
    password: str | None = Field(default=None, max_length=passwords.MAX_LENGTH)
    allowed_addresses: list[str] = Field(default_factory=list, max_length=100)


class AccountAdded(Model):
    account: AccountOut
    password: str | None


class AccountPatch(Model):
    """Only what is sent is changed; `team` null takes the account out of its group."""

    display_name: str | None = Field(default=None, min_length=1, max_length=100)
    role: Literal["admin", "group_admin", "operator", "auditor"] | None = None
    team: RowId | None = None
    status: Literal["active", "disabled"] | None = None
    allowed_addresses: list[str] | None = Field(default=None, max_length=100)


class ImportIn(Model):
    csv: str = Field(max_length=60_000)
    dry_run: bool


class ImportRow(Model):
    """One line of the file. `error`: None, or the field that is wrong and why, as a code for the page to translate."""

    line: int
    id: str
    display_name: str
    role: str
    team: str
    error: str | None
    password: str | None = None


class ImportOut(Model):
    rows: list[ImportRow]
    errors: int
    created: int


class TeamIn(Model):
    name: str = Field(min_length=1, max_length=100)


class TeamOut(Model):
    id: int
    name: str
    members: int


class TeamList(Model):
    items: list[TeamOut]


class AccessPolicy(Model):
    """`lock_after`: wrong passwords until an account locks. 0 means never, and is the default: who knows an ID could
    otherwise keep its owner out; the limiter holds back guessing either way."""

    allowed_addresses: list[str] = Field(max_length=100)
    lock_after: int = Field(ge=0, le=100)


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
        team=account.team_id,
        allowed_addresses=list(account.allowed_addresses),
        totp_enabled=account.totp_secret is not None,
        last_login_at=account.last_login_at,
    )
