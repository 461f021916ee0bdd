"""Sessions at work for tests of the rules: one operator's desk over a database and a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fakes import ManualTime
from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.service import find_candidate
from wizhelper.records import events
from wizhelper.records.model import LiveNumber, SessionEvent, SupportSession
from wizhelper.settings.service import current_consent_text, find_company
from wizhelper.store.database import Database
from wizhelper.support import joining, rules
from wizhelper.support.states import EndReason

T = TypeVar("T")
ADDRESS = "203.0.113.5"
HOST = joining.Host("PC-7", "hong", "windows", "11")
VIEWER = "11111111-2222-4333-8444-555555555555"


class Desk:
    """Every method is one transaction; ids travel between them, rows do not."""

    def __init__(self, db: Database, time: ManualTime, login_id: str = "kim", company: str = "alpha") -> None:
        self.db, self.time, self.code = db, time, company
        found = db.look(lambda s: find_candidate(s, company, login_id))
        assert found.account_id is not None and found.company_id is not None
        self.account, self.company = found.account_id, found.company_id

    def do(self, rule: Callable[[Session], T]) -> T:
        return self.db.transact(rule)

    def on(self, session_id: str, rule: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """rule(db, now, row, *args)."""
        return self.do(lambda db: rule(db, self.time.now(), db.get_one(SupportSession, session_id), *args, **more))

    def set(self, **values: Any) -> None:
        def work(db: Session) -> None:
            company = find_company(db, self.code)
            for name, value in values.items():
                setattr(company, name, value)

        self.do(work)

    def wait(self) -> str:
        return self.do(lambda db: rules.create_waiting(db, self.time.now(), self.account)).id

    def join(self, session_id: str) -> str:
        """-> the join secret."""
        joined: joining.Joined = self.on(session_id, joining.join, "program", ADDRESS, HOST)
        return joined.secret

    def text_id(self, lang: str = "ko") -> int:
        def work(db: Session) -> int:
            text = current_consent_text(db, self.company, lang)
            assert text is not None
            return text.id

        return self.db.look(work)

    def consent(self, session_id: str, accepted: bool = True, text: int | None = None) -> None:
        self.on(session_id, joining.consent, accepted, text or self.text_id(), "window", ADDRESS)

    def connecting(self) -> str:
        session_id = self.wait()
        self.join(session_id)
        self.consent(session_id)
        return session_id

    def link(self, session_id: str) -> None:
        self.on(session_id, rules.agent_linked, ADDRESS)

    def lose(self, session_id: str) -> None:
        self.on(session_id, rules.agent_lost)

    def active(self) -> str:
        session_id = self.connecting()
        self.link(session_id)
        return session_id

    def open_viewer(self, session_id: str, viewer: str = VIEWER) -> None:
        self.on(session_id, rules.open_viewer, viewer)

    def view(self, session_id: str, online: bool, viewer: str = VIEWER) -> None:
        self.on(session_id, rules.viewer_changed, viewer, online)

    def end(self, session_id: str, actor: str | None = None, reason: EndReason = EndReason.OPERATOR_ENDED) -> None:
        self.on(session_id, rules.end, actor or rules.operator(self.account), reason)

    def wrap_up(self, session_id: str, **values: Any) -> None:
        form = {"fault_type": None, "result": "resolved", "memo": "", **values}
        self.on(session_id, rules.wrap_up, self.account, form["fault_type"], form["result"], form["memo"])

    def strike(self, *present: int) -> list[str]:
        return [row.id for row in self.do(lambda db: rules.strike_limits(db, self.time.now(), present))]

    def abnormal(self) -> str:
        session_id = self.active()
        self.lose(session_id)
        self.time.advance(minutes=5)
        self.strike()
        assert self.row(session_id).state == "ABNORMAL"
        return session_id

    # --- looking ----------------------------------------------------------------------------------------------------

    def row(self, session_id: str) -> SupportSession:
        return self.db.look(lambda db: db.get_one(SupportSession, session_id))

    def rows(self) -> list[SupportSession]:
        query = select(SupportSession).where(SupportSession.owner_id == self.account)
        return self.db.look(lambda db: list(db.scalars(query)))

    def state(self, session_id: str) -> str:
        return self.row(session_id).state

    def number(self, session_id: str) -> str:
        number = self.row(session_id).number
        assert number is not None
        return number

    def found(self, number: str) -> str | None:
        row = self.db.look(lambda db: joining.find_by_number(db, number))
        return row.id if row else None

    def live_number(self, number: str) -> LiveNumber | None:
        return self.db.look(lambda db: db.get(LiveNumber, number))

    def chain(self, session_id: str) -> list[SessionEvent]:
        return self.db.look(lambda db: events.of_session(db, session_id))

    def types(self, session_id: str) -> list[str]:
        return [e.type for e in self.chain(session_id)]
