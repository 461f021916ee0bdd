"""Consoles that open and close views of live sessions; who of them controls, the agent is told from here.

The session itself waits for a view of its owner only (rules.open_viewer); colleagues come and go (sharing_rules.py).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from twisted.internet.defer import DeferredLock

from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.protocol.handshake import SID_BYTES
from wizhelper.protocol.live import Role
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.records.view import SessionOut
from wizhelper.relay.hub import Hub
from wizhelper.relay.pairing import CloseCode, Pairing
from wizhelper.relay.tickets import Side, Ticket, TicketOffice
from wizhelper.store.database import Database
from wizhelper.support import rules, sharing_rules
from wizhelper.support.states import LIVE
from wizhelper.support.views import Views

Change = Callable[[Callable[[Session], Iterable[SupportSession]]], Awaitable[list[SessionOut]]]
"""Support.change"""


@dataclass(frozen=True)
class Grant:
    """What a console needs to open its relay link."""

    ticket: str
    sid: bytes
    viewer: uuid.UUID


class Viewing:
    """`now`: aware UTC time; `clock`: seconds that only go forward; `random(n)`: n bytes."""

    def __init__(
        self,
        db: Database,
        hub: Hub,
        tickets: TicketOffice,
        pairing: Pairing,
        change: Change,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._db = db
        self._hub = hub
        self._tickets = tickets
        self._pairing = pairing
        self._change = change
        self._now = now
        self._random = random
        self._views = Views(clock)
        self._telling = DeferredLock()

    # --- a view opens -----------------------------------------------------------------------------------------------

    async def open(self, caller: Caller, session_id: str, window: int = 1) -> Grant:
        """Tickets for both ends of a new data link of this window. Raises ApiError: NOT_FOUND, SESSION_STATE, AGENT_OFFLINE,
        VIEWER_LIMIT."""
        viewer, session = uuid.uuid4(), uuid.UUID(session_id)
        told: list[live.Viewer] = []
        sid = self._random(SID_BYTES)
        agent_ticket = self._tickets.issue(Ticket(Side.AGENT, session, viewer))

        def work(db: Session) -> list[SupportSession]:
            row = sharing_rules.seen(db, caller, session_id)
            if not self._hub.has_agent(session):
                raise ApiError("AGENT_OFFLINE" if row.state in LIVE else "SESSION_STATE")
            if not self._views.has_room(session, caller.account, window):
                raise ApiError("VIEWER_LIMIT")
            self._opened(db, row, caller.account, viewer, window)
            name = sharing_rules.name_of(db, caller.account)
            role = Role.CONTROLLER if sharing_rules.controller(row) == caller.account else Role.WATCHER
            seat = f"{caller.account}.{window}"
            told.append(live.Viewer(str(viewer), agent_ticket, sid.hex(), name, str(caller.account), seat, role))
            return [row]

        await self._change(work)
        replaced = self._views.put(session, viewer, caller.account, caller.login, window)
        if replaced is not None:
            self._pairing.end_viewer(session, replaced.viewer)
        if not self._hub.tell_agent(session, plain(told[-1])):
            raise ApiError("AGENT_OFFLINE")
        # Who controls, and who may look on at all, can have changed between the transaction and the seat that is taken now.
        await self.tell_roles(session_id)
        return Grant(self._tickets.issue(Ticket(Side.CONSOLE, session, viewer)), sid, viewer)

    def _opened(self, db: Session, row: SupportSession, account: int, viewer: uuid.UUID, window: int) -> None:
        """The session waits for its owner's view only, and for one of his windows only."""
        other = self._views.online(uuid.UUID(row.id), account)
        if account == row.owner_id and (other is None or other.window == window):
            rules.open_viewer(db, self._now(), row, str(viewer))
            return
        rules.check_viewable(row)
        kind = "control_opened" if account == row.owner_id else "view_opened"
        name = sharing_rules.name_of(db, account)
        events.append(db, row.id, self._now(), rules.operator(account), kind, {"name": name, "window": window})

    # --- who may do what --------------------------------------------------------------------------------------------

    async def tell_roles(self, session_id: str) -> None:
        """The agent is told who controls and who looks on; views of those who have no part any more are closed."""
        await self._telling.acquire()  # what was read first must not be told last
        try:
            await self._tell_roles(session_id)
        finally:
            self._telling.release()

    async def _tell_roles(self, session_id: str) -> None:
        session = uuid.UUID(session_id)

        def work(db: Session) -> tuple[int, list[int]]:
            row = db.get_one(SupportSession, session_id)
            return sharing_rules.controller(row), sharing_rules.audience(db, row)

        controller, allowed = await self._db.read(work)
        views = self._views.of(session)
        roles = [
            live.ViewerRole(str(view.viewer), Role.CONTROLLER if view.account == controller else Role.WATCHER)
            for view in views
            if view.account in allowed
        ]
        self._hub.tell_agent(session, plain(live.Roles(tuple(roles))))
        for view in [view for view in views if view.account not in allowed]:
            self._views.drop(session, view)
            self._pairing.end_viewer(session, view.viewer, CloseCode.SESSION_ENDED)

    def owner_view(self, db: Session, row: SupportSession) -> None:
        """The session has a new owner: from now on it waits for his view, once he has one."""
        view = self._views.online(uuid.UUID(row.id), row.owner_id)
        row.viewer, row.viewer_online = (str(view.viewer), True) if view is not None else (None, False)
        rules.follow_links(db, self._now(), row, rules.operator(row.owner_id))

    # --- a view closes ----------------------------------------------------------------------------------------------

    async def changed(self, session: uuid.UUID, viewer: uuid.UUID, online: bool) -> None:
        """The relay's word. `online` is what was true when it happened; what counts is what is true when the transaction's
        turn comes."""
        self._views.mark(session, viewer, online)

        def work(db: Session) -> list[SupportSession]:
            row = db.get(SupportSession, str(session))
            if row is None:
                return []
            still = online and self._pairing.is_open(session, viewer)
            other = self._views.online(session, row.owner_id)
            if not still and row.viewer == str(viewer) and other is not None:
                row.viewer, row.viewer_online = str(other.viewer), True
                return [row]
            return [rules.viewer_changed(db, self._now(), row, str(viewer), still)]

        await self._change(work)

    def logins_ended(self, logins: Collection[int]) -> None:
        """The views that these logins opened close with them; their sessions wait for the operator."""
        for session, view in self._views.of_logins(logins):
            self._views.drop(session, view)
            self._pairing.end_viewer(session, view.viewer, CloseCode.PEER_GONE)

    def end(self, session: uuid.UUID) -> None:
        """The session is over."""
        self._views.end(session)
        self._pairing.end_session(session)


def plain(message: live.ServerMessage) -> dict[str, object]:
    """As the hub passes it on."""
    found: dict[str, object] = json.loads(live.encode(message))
    return found
