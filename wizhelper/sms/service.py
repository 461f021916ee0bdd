"""Text messages as the rest of the appliance uses them: orders in, links opened, consoles told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.web.iweb import IAgent

from wizhelper.http.api import Caller
from wizhelper.relay.hub import Hub
from wizhelper.settings.sealing import Sealer
from wizhelper.settings.service import company_by_id
from wizhelper.sms import invitation, links, view
from wizhelper.sms.model import SmsMessage
from wizhelper.sms.outbox import Outbox
from wizhelper.store.database import Database
from wizhelper.support import joining
from wizhelper.support.service import Support, Welcome
from wizhelper.support.tokens import Claim


class Sms:
    """`base_of`: a request's Host header -> the address of this server that customers are told."""

    def __init__(
        self,
        db: Database,
        support: Support,
        hub: Hub,
        reactor: Any,
        agent: IAgent,
        sealer: Sealer,
        now: Callable[[], datetime],
        base_of: Callable[[str], str],
    ) -> None:
        self.db = db
        self.sealer = sealer
        self.now = now
        self.base_of = base_of
        self._support = support
        self._hub = hub
        self.outbox = Outbox(db, reactor, agent, sealer, now, self.tell)

    async def tell(self, messages: list[str]) -> None:
        """The consoles of those who sent them see how far they are."""

        def work(db: Session) -> list[tuple[int, dict[str, Any]]]:
            rows = db.scalars(select(SmsMessage).where(SmsMessage.id.in_(messages)))
            return [(row.account_id, view.described(db, row).model_dump(mode="json")) for row in rows]

        for account, message in await self.db.read(work):
            self._hub.tell_account(account, {"type": "sms", "message": message})

    async def invite(self, caller: Caller, order: invitation.Order) -> view.MessageOut:
        """Raises as invitation.invite."""
        return await self._put(lambda db: invitation.invite(db, self.now(), caller, order))

    async def test(self, caller: Caller, gateway: int, to: str, request: str) -> view.MessageOut:
        """Raises as invitation.test."""
        return await self._put(lambda db: invitation.test(db, self.now(), caller, gateway, to, request))

    async def _put(self, work: Callable[[Session], SmsMessage]) -> view.MessageOut:
        made = await self.db.run(lambda db: view.described(db, work(db)))
        await self.outbox.send_due()
        return made

    # --- links ------------------------------------------------------------------------------------------------------

    async def invited_to(self, token: str) -> tuple[str, str]:
        """-> the number to fill in, and the company's name. Raises ApiError: LINK_UNKNOWN, LINK_USED, LINK_EXPIRED."""

        def work(db: Session) -> tuple[str, str]:
            link = links.good(db, self.now(), token)
            return link.number, company_by_id(db, link.company_id).name

        return await self.db.read(work)

    async def is_link_of(self, token: str, held: Claim | None) -> bool:
        """Whether the one who opens a used link is the one who used it: he may go on where he stands."""
        if held is None:
            return False
        return await self.db.read(lambda db: links.find(db, token).session_id == held.session)

    async def enter(self, token: str, address: str, language: str) -> Welcome:
        """Uses the link up and joins its session. Raises as `invited_to`."""

        def work(db: Session) -> joining.Joined:
            row = links.use(db, self.now(), token)
            return joining.join(db, self.now(), row, "sms", address, None)

        return await self._support.join_otherwise(work, language)
