"""Sessions that several operators share, at work: runs the rules in transactions, then tells operators and agents."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller, Model, Role
from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.records.model import SessionOffer, SupportSession
from wizhelper.records.view import Owner, SessionOut, described
from wizhelper.relay.hub import Hub
from wizhelper.relay.limits import Budget, Window
from wizhelper.store.database import Database
from wizhelper.support import rules, sharing_rules
from wizhelper.support.service import Support
from wizhelper.support.sharing_rules import Kind

MAX_WHISPERS = 200
"""Lines that are kept of one session, in memory."""
MAX_WHISPERED_SESSIONS = 500
WHISPERS = Window(20, 10.0)


class OfferOut(Model):
    id: int
    session: str
    title: str
    kind: str
    state: str
    stay: bool
    sender: Owner
    to: Owner
    due_at: datetime


class Colleague(Model):
    """`waiting`: has a number out, so that a session can be handed over. `watching`: takes part in this one already."""

    num: int
    display_name: str
    waiting: bool
    open: int
    watching: bool


@dataclass(frozen=True)
class Colleagues:
    items: list[Colleague]
    total: int


class WhisperOut(Model):
    session: str
    at: datetime
    sender: Owner
    text: str


class Sharing:
    """`now`: aware UTC time; `clock`: seconds that only go forward; `reaches`: whether an account may see a device."""

    def __init__(
        self,
        db: Database,
        hub: Hub,
        support: Support,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        reaches: Callable[[Session, Account, str], bool],
    ) -> None:
        self._db = db
        self._hub = hub
        self._support = support
        self._now = now
        self._reaches = reaches
        self._whispered = Budget(clock, WHISPERS)
        self._whispers: OrderedDict[str, deque[WhisperOut]] = OrderedDict()

    # --- asking -----------------------------------------------------------------------------------------------------

    async def colleagues(self, caller: Caller, session_id: str, text: str, page: int, size: int) -> Colleagues:
        """Operators of the company who are logged in, by name."""
        present = self._hub.present(caller.company) - {caller.account}

        def work(db: Session) -> Colleagues:
            row = sharing_rules.seen(db, caller, session_id)
            query = select(Account).where(Account.company_id == caller.company, Account.role == Role.OPERATOR)
            query = query.where(Account.id.in_(present), Account.display_name.contains(text, autoescape=True))
            found = list(db.scalars(query.order_by(Account.display_name, Account.id)))
            shown = found[(page - 1) * size : page * size]
            return Colleagues([_colleague(db, row, account) for account in shown], len(found))

        return await self._db.read(work)

    async def ask(self, caller: Caller, session_id: str, kind: Kind, to: int | None, stay: bool) -> OfferOut:
        """`to` None: the owner. Raises ApiError as sharing_rules.ask."""
        present = self._hub.present(caller.company)

        def work(db: Session) -> OfferOut:
            row = sharing_rules.seen(db, caller, session_id)
            target = row.owner_id if to is None else to
            self._check_reach(db, row, target)
            offer = sharing_rules.ask(db, self._now(), row, caller.account, kind, target, stay, present)
            return _offer_out(db, offer)

        return self._tell_offer(await self._db.run(work))

    def _check_reach(self, db: Session, row: SupportSession, account: int) -> None:
        """A registered device is shown to nobody who could not connect to it. Raises ApiError("DEVICE_OUT_OF_REACH")."""
        colleague = db.get(Account, account)
        if row.device_id is None or colleague is None or colleague.company_id != row.company_id:
            return  # who is no colleague is refused by the rules
        if not self._reaches(db, colleague, row.device_id):
            raise ApiError("DEVICE_OUT_OF_REACH")

    async def offers(self, caller: Caller) -> list[OfferOut]:
        def work(db: Session) -> list[OfferOut]:
            return [_offer_out(db, offer) for offer in sharing_rules.open_offers(db, self._now(), caller.account)]

        return await self._db.read(work)

    async def answer(self, caller: Caller, offer_id: int, accepted: bool) -> OfferOut:
        """Raises ApiError: NOT_FOUND, OFFER_OVER and as sharing_rules.answer."""
        told: list[OfferOut] = []

        def work(db: Session) -> list[SupportSession]:
            offer = sharing_rules.offer_for(db, caller, offer_id)
            if accepted:
                self._check_reach(db, db.get_one(SupportSession, offer.session_id), offer.to_id)
            row = sharing_rules.answer(db, self._now(), offer, accepted)
            if accepted and offer.kind == Kind.HANDOVER:
                self._support.viewing.owner_view(db, row)
            told.append(_offer_out(db, offer))
            return [row]

        await self._support.change(work)
        offer = self._tell_offer(told[-1])
        if accepted:
            await self._support.viewing.tell_roles(offer.session)
        if accepted and offer.kind == Kind.HANDOVER:
            await self._gave_away(offer, caller.company)
        return offer

    async def _gave_away(self, offer: OfferOut, company: int) -> None:
        if not offer.stay:
            self._gone(offer.sender.num, offer.session, "handed_over")
        await self._support.tell_counts(offer.sender.num, company)

    async def withdraw(self, caller: Caller, offer_id: int) -> OfferOut:
        def work(db: Session) -> OfferOut:
            offer = sharing_rules.offer_for(db, caller, offer_id, mine=True)
            sharing_rules.withdraw(db, self._now(), offer)
            return _offer_out(db, offer)

        return self._tell_offer(await self._db.run(work))

    async def tick(self) -> None:
        """Every few seconds."""

        def work(db: Session) -> list[OfferOut]:
            return [_offer_out(db, offer) for offer in sharing_rules.expire(db, self._now())]

        for offer in await self._db.run(work):
            self._tell_offer(offer)

    def _tell_offer(self, offer: OfferOut) -> OfferOut:
        for account in (offer.sender.num, offer.to.num):
            self._hub.tell_account(account, {"type": "offer", "offer": offer.model_dump(mode="json")})
        return offer

    def _gone(self, account: int, session: str, why: str) -> None:
        """`why`: left, removed (by the owner), dismissed (by the customer) or handed_over."""
        self._hub.tell_account(account, {"type": "session_gone", "id": session, "why": why})

    # --- taking part ------------------------------------------------------------------------------------------------

    async def give(self, caller: Caller, session_id: str, to: int) -> SessionOut:
        """The owner lends the control."""

        def work(db: Session) -> list[SupportSession]:
            row = sharing_rules.owned(db, caller, session_id)
            return [sharing_rules.give(db, self._now(), row, caller.account, to)]

        return await self._roles_changed(session_id, work)

    async def take(self, caller: Caller, session_id: str) -> SessionOut:
        """The owner takes the control back, or who has it returns it."""

        def work(db: Session) -> list[SupportSession]:
            row = sharing_rules.live(sharing_rules.seen(db, caller, session_id))
            if caller.account not in (row.owner_id, row.controller_id):
                raise ApiError("FORBIDDEN")
            return [sharing_rules.take(db, self._now(), row, caller.account)]

        return await self._roles_changed(session_id, work)

    async def leave(self, caller: Caller, session_id: str) -> None:
        def work(db: Session) -> list[SupportSession]:
            row = sharing_rules.seen(db, caller, session_id)
            return [sharing_rules.leave(db, self._now(), row, caller.account, caller.actor)]

        await self._roles_changed(session_id, work)
        self._gone(caller.account, session_id, "left")

    async def remove(self, caller: Caller, session_id: str, account: int) -> SessionOut:
        """The owner sends a watcher away."""

        def work(db: Session) -> list[SupportSession]:
            row = sharing_rules.owned(db, caller, session_id)
            return [sharing_rules.leave(db, self._now(), row, account, caller.actor, "viewer_removed")]

        shown = await self._roles_changed(session_id, work)
        self._gone(account, session_id, "removed")
        return shown

    async def dismissed(self, session_id: str, message: live.Dismiss) -> None:
        """The customer sent somebody away; words about nobody change nothing."""
        account = int(message.person) if message.person.isdecimal() and len(message.person) < 10 else 0
        gone: list[int] = []

        def work(db: Session) -> list[SupportSession]:
            gone.clear()
            row = db.get_one(SupportSession, session_id)
            if sharing_rules.part_of(db, row, account) is None:
                return []
            gone.append(account)
            return [sharing_rules.leave(db, self._now(), row, account, rules.CUSTOMER, "viewer_dismissed")]

        await self._support.change(work)
        if gone:
            await self._support.viewing.tell_roles(session_id)
            self._gone(account, session_id, "dismissed")

    async def _roles_changed(self, session_id: str, work: Callable[[Session], list[SupportSession]]) -> SessionOut:
        shown = await self._support.change(work)
        await self._support.viewing.tell_roles(session_id)
        return shown[0]

    # --- between operators ------------------------------------------------------------------------------------------

    async def whisper(self, caller: Caller, session_id: str, text: str) -> WhisperOut:
        """A line that only operators of this session see: it goes through the server, never to the customer's PC, and is
        not part of the record. Raises ApiError: NOT_FOUND, SESSION_STATE, TOO_MANY_TRIES."""
        wait = self._whispered.wait_s(str(caller.account))
        if wait > 0:
            raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(wait) + 1})
        self._whispered.spend(str(caller.account))

        def work(db: Session) -> list[int]:
            row = sharing_rules.live(sharing_rules.seen(db, caller, session_id))
            return sharing_rules.audience(db, row)

        heard = await self._db.read(work)
        sender = Owner(num=caller.account, display_name=caller.display_name)
        line = WhisperOut(session=session_id, at=self._now(), sender=sender, text=text)
        self._kept(session_id).append(line)
        for account in heard:
            self._hub.tell_account(account, {"type": "whisper", "whisper": line.model_dump(mode="json")})
        return line

    def _kept(self, session_id: str) -> deque[WhisperOut]:
        lines = self._whispers.setdefault(session_id, deque(maxlen=MAX_WHISPERS))
        self._whispers.move_to_end(session_id)
        while len(self._whispers) > MAX_WHISPERED_SESSIONS:
            self._whispers.popitem(last=False)
        return lines

    async def whispers(self, caller: Caller, session_id: str) -> list[WhisperOut]:
        await self._db.read(lambda db: sharing_rules.seen(db, caller, session_id).id)
        return list(self._whispers.get(session_id, ()))


def _colleague(db: Session, row: SupportSession, account: Account) -> Colleague:
    part = sharing_rules.part_of(db, row, account.id)
    return Colleague(
        num=account.id,
        display_name=account.display_name,
        waiting=sharing_rules.is_waiting(db, account.id),
        open=rules.count_open(db, account.id),
        watching=part is not None or row.owner_id == account.id,
    )


def _offer_out(db: Session, offer: SessionOffer) -> OfferOut:
    session = described(db, db.get_one(SupportSession, offer.session_id))
    return OfferOut(
        id=offer.id,
        session=offer.session_id,
        title=(session.client.host_name if session.client else "") or session.number or "",
        kind=offer.kind,
        state=offer.state,
        stay=offer.stay,
        sender=Owner(num=offer.from_id, display_name=sharing_rules.name_of(db, offer.from_id)),
        to=Owner(num=offer.to_id, display_name=sharing_rules.name_of(db, offer.to_id)),
        due_at=offer.due_at,
    )
