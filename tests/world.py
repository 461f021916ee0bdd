"""A populated appliance as tests see it: two companies with the same people in each, and browsers that look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakes import START, Browser, ImmediateDatabase, ManualTime, SocketClient
from sqlalchemy.orm import Session
from twisted.internet.testing import MemoryReactorClock

import wizhelper.server as server
from wizhelper.accounts import passwords, service, teams
from wizhelper.http.api import Role
from wizhelper.http.site import WebSite
from wizhelper.records import faults
from wizhelper.settings.service import add_company, find_company

PASSWORD = "tr0mbone-under-Water"
OPERATORS = ("kim", "lee")
STAFF = {"boss": Role.ADMIN, "chief": Role.GROUP_ADMIN, "audit": Role.AUDITOR}
PROGRAM = b"\x7fELF" + bytes(range(256)) * 40
NAMES = ("support.example", "localhost", "127.0.0.1")


def populate(db: Session) -> None:
    """Two companies with the same people in each."""
    hashed = passwords.hash_password(PASSWORD)
    for code in ("alpha", "beta"):
        company = add_company(db, START, code, f"Company {code.upper()}")
        company.consent_enabled = True
        faults.add_defaults(db, company.id)
        team = teams.add(db, START, company.id, "Seoul").id
        for login_id, role in {**dict.fromkeys(OPERATORS, Role.OPERATOR), **STAFF}.items():
            name = f"{login_id.title()} {code}"
            service.add_account(db, START, company.id, login_id, name, role, hashed, team=team)


@dataclass
class World:
    """The appliance with two populated companies, seen from outside."""

    appliance: server.Appliance
    web: WebSite
    site: Any
    time: ManualTime
    reactor: MemoryReactorClock
    db: ImmediateDatabase
    secure: bool
    _browsers: int = field(default=0)

    @property
    def support(self) -> Any:
        return self.appliance.support

    def advance(self, seconds: float = 0, *, minutes: float = 0) -> None:
        """Moves all clocks, and with them the appliance's own timer once at the end."""
        self.time.advance(seconds, minutes=minutes)
        self.reactor.advance(max(seconds + 60 * minutes, 0))

    def browser(self, address: str | None = None) -> Browser:
        """A browser of nobody; each with an address of its own unless one is given."""
        self._browsers += 1
        return Browser(self.site, address=address or f"198.51.{self._browsers // 250}.{self._browsers % 250 + 1}")

    def logged_in(self, login_id: str, company: str = "alpha", address: str | None = None) -> Browser:
        """A browser with an open login, made without asking for a password."""
        browser = self.browser(address)
        account = self.account(login_id, company)
        new = self.db.transact(lambda s: service.open_login(s, self.time.now(), account, None, browser.address, "Test"))
        browser.cookies[self.web.cookie_name] = new.token
        browser.csrf = new.caller.csrf
        return browser

    def account(self, login_id: str, company: str = "alpha") -> int:
        def work(db: Session) -> int:
            found = find_company(db, company)
            assert found is not None
            candidate = service.find_candidate(db, company, login_id)
            assert candidate.account_id is not None
            return candidate.account_id

        return self.db.look(work)

    def socket(self, path: str, **how: Any) -> SocketClient:
        return SocketClient(self.site, path, **how)

    @property
    def origin(self) -> str:
        return ("https" if self.secure else "http") + "://support.example:8443"

    def console(self, browser: Browser) -> SocketClient:
        """A live socket of a logged-in browser."""
        ticket = browser.api("POST", "/live-tickets").json["ticket"]
        socket = self.socket("/ws/live", origin=self.origin)
        socket.send({"type": "auth", "ticket": ticket})
        return socket

    def set_company(self, company: str = "alpha", **values: Any) -> None:
        def work(db: Session) -> None:
            found = find_company(db, company)
            for name, value in values.items():
                setattr(found, name, value)

        self.db.transact(work)
