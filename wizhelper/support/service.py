"""Support sessions at work: runs the rules in transactions, then tells consoles, agents and the relay what changed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session
from twisted.logger import Logger

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.records import acts, chat, events, quality
from wizhelper.records.filters import visible
from wizhelper.records.model import SupportSession
from wizhelper.records.view import Counts, SessionOut, counts, described, list_of_operator
from wizhelper.records.web import visible_session
from wizhelper.relay.hub import Hub, Listener
from wizhelper.relay.pairing import Pairing
from wizhelper.relay.tickets import TicketOffice
from wizhelper.settings.model import Company, ConsentText, PageMode
from wizhelper.settings.service import company_by_id, find_company
from wizhelper.store.database import Database
from wizhelper.support import joining, ladder, rebooting, rules, sharing_rules
from wizhelper.support.guard import NumberGuard
from wizhelper.support.states import ENTERABLE, EndReason, State
from wizhelper.support.tokens import Claim, TokenOffice
from wizhelper.support.viewing import Viewing, plain

log = Logger()

MARK_EVERY = timedelta(seconds=30)
_NUMBER_NOISE = re.compile(r"[\s\-.]")
_NUMBER = re.compile(r"[0-9]{4,9}")


@dataclass(frozen=True)
class Welcome:
    """What a customer's program or page needs after the number was right. `text` None: no consent is asked for."""

    session: SessionOut
    claim: Claim
    company: str
    operator: str
    secret: str
    text: ConsentText | None
    scopes: tuple[str, ...]


def clean_number(text: str) -> str:
    """Digits as people write them ("12 34-56") -> "123456". Raises ApiError("NUMBER_FORMAT")."""
    number = _NUMBER_NOISE.sub("", text)
    if not _NUMBER.fullmatch(number):
        raise ApiError("NUMBER_FORMAT")
    return number


class Support:
    """Everything that happens to live sessions. `now`: aware UTC time."""

    def __init__(
        self,
        db: Database,
        hub: Hub,
        tickets: TicketOffice,
        pairing: Pairing,
        receipts: TokenOffice,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._db = db
        self._hub = hub
        self._receipts = receipts
        self._now = now
        self._guard = NumberGuard(clock)
        self._marked = now()
        self._flowing: set[str] = set()
        self.viewing = Viewing(db, hub, tickets, pairing, self.change, now, clock, random)
        self._pairing = pairing

    # --- telling ----------------------------------------------------------------------------------------------------

    def _publish(self, account: int, shown: Iterable[SessionOut], totals: Counts) -> None:
        for session in shown:
            self._hub.tell_account(account, {"type": "session", "session": session.model_dump(mode="json")})
        self._hub.tell_account(account, {"type": "counts", "counts": totals.model_dump(mode="json")})

    async def change(self, work: Callable[[Session], Iterable[SupportSession]]) -> list[SessionOut]:
        """Runs rules; after the commit tells every owner and whoever shares the session, and closes what an ended session
        still holds open."""
        guests: list[tuple[int, SessionOut]] = []

        def transaction(db: Session) -> list[tuple[int, list[SessionOut], Counts]]:
            guests.clear()
            changed: dict[int, list[SupportSession]] = {}
            for row in work(db):
                changed.setdefault(row.owner_id, []).append(row)
            result = []
            for owner, rows in changed.items():
                extra = self._auto_wait(db, owner, rows)
                zone = company_by_id(db, rows[0].company_id).time_zone
                shown = [described(db, r) for r in [*rows, *extra]]
                for row, session in zip(rows, shown, strict=False):
                    guests.extend((account, session) for account in sharing_rules.audience(db, row)[1:])
                result.append((owner, shown, counts(db, self._now(), SupportSession.owner_id == owner, zone)))
            return result

        done = await self._db.run(transaction)
        for owner, shown, totals in done:
            self._publish(owner, shown, totals)
            for session in shown:
                self._close_if_over(session)
        for account, session in guests:
            self._hub.tell_account(account, {"type": "session", "session": session.model_dump(mode="json")})
        return [session for _, shown, _ in done for session in shown]

    def _auto_wait(self, db: Session, owner: int, rows: list[SupportSession]) -> list[SupportSession]:
        """OP-SET-AUTOWAIT: a session that was live has ended just now, the next number follows."""
        ended = any(r.state in (State.WRAPUP, State.ABNORMAL) and r.state_since == r.ended_at for r in rows)
        account = db.get_one(Account, owner)
        if not ended or not account.settings.get("auto_wait", True) or not self._hub.has_console(owner):
            return []
        created = rules.ensure_waiting(db, self._now(), owner, self._guard.under_attack)
        return [created] if created else []

    def _close_if_over(self, session: SessionOut) -> None:
        if session.ended_at is None:
            return
        session_id = uuid.UUID(session.id)
        reason = session.end_reason or session.state.lower()
        if self._hub.tell_agent(session_id, plain(live.Ended(reason))):
            self._hub.close_agent(session_id, "ENDED")
        self.viewing.end(session_id)

    # --- the operator -----------------------------------------------------------------------------------------------

    async def snapshot(self, account: int, company: int) -> tuple[list[SessionOut], Counts]:
        def work(db: Session) -> tuple[list[SessionOut], Counts]:
            zone = company_by_id(db, company).time_zone
            return list_of_operator(db, self._now(), account), counts(
                db, self._now(), SupportSession.owner_id == account, zone
            )

        return await self._db.read(work)

    async def visible_counts(self, caller: Caller) -> Counts:
        def work(db: Session) -> Counts:
            zone = company_by_id(db, caller.company).time_zone
            return counts(db, self._now(), and_(*visible(caller)), zone)

        return await self._db.read(work)

    async def open_now(self, caller: Caller) -> list[SessionOut]:
        query = select(SupportSession).where(*visible(caller), SupportSession.ended_at.is_(None))
        return await self._db.read(lambda db: [described(db, row) for row in db.scalars(query.limit(1000))])

    async def wait(self, account: int) -> SessionOut:
        changed = await self.change(
            lambda db: [rules.create_waiting(db, self._now(), account, self._guard.under_attack)]
        )
        return changed[0]

    async def operator_logged_in(self, account: int) -> None:
        """OP-LOGIN-AUTO1."""

        def work(db: Session) -> list[SupportSession]:
            row = rules.ensure_waiting(db, self._now(), account, self._guard.under_attack)
            return [row] if row else []

        await self.change(work)

    async def operator_logged_out(self, account: int) -> None:
        """The last login of the account has ended: nobody is there to serve its unused numbers."""
        await self.change(lambda db: rules.cancel_unused(db, self._now(), account))

    async def act(
        self, caller: Any, session_id: str, rule: Callable[[Session, SupportSession], SupportSession]
    ) -> SessionOut:
        """Runs one rule on a session that the caller may see; -> the session as it is then."""
        await self.change(lambda db: [rule(db, visible_session(db, caller, session_id))])
        return await self._db.read(lambda db: described(db, visible_session(db, caller, session_id)))

    # --- the customer -----------------------------------------------------------------------------------------------

    async def join_by_number(
        self,
        number: str,
        channel: str,
        address: str,
        host: joining.Host | None,
        language: str,
        company: str | None = None,
    ) -> Welcome:
        """Raises ApiError: NUMBER_FORMAT, TOO_MANY_TRIES, NUMBER_UNKNOWN (alike for wrong, used and expired)."""
        cleaned = clean_number(number)
        self._guard.check(address, cleaned)

        def work(db: Session) -> joining.Joined:
            row = joining.find_by_number(db, cleaned)
            if row is None or (company is not None and company_by_id(db, row.company_id).code != company):
                raise ApiError("NUMBER_UNKNOWN")
            return joining.join(db, self._now(), row, channel, address, host)

        wrong = False
        try:
            return await self._welcome(work, language)
        except ApiError as problem:
            wrong = problem.code == "NUMBER_UNKNOWN"
            if wrong:
                log.warn("Wrong connection number from {address}", address=address)
            raise
        finally:
            if not wrong:
                self._guard.take_back(address)

    async def join_by_pick(
        self, company: str, operator: int, channel: str, address: str, host: joining.Host | None, language: str
    ) -> Welcome:
        """CUST-PICK. Raises ApiError: COMPANY_UNKNOWN, PAGE_MODE, OPERATOR_NOT_WAITING."""

        def work(db: Session) -> joining.Joined:
            found = pickable_company(db, company)
            row = joining.waiting_of_operator(db, found.id, operator)
            if row is None:
                raise ApiError("OPERATOR_NOT_WAITING")
            return joining.join(db, self._now(), row, channel, address, host)

        return await self._welcome(work, language)

    async def join_by_claim(self, held: Claim, address: str, host: joining.Host, language: str) -> Welcome:
        """The program that was downloaded with a token. Raises ApiError: TOKEN_INVALID, JOIN_REPLACED, NOT_FOUND."""
        return await self._welcome(
            lambda db: joining.rejoin(db, self._now(), joining.claimed(db, held), address, host), language
        )

    async def join_otherwise(self, work: Callable[[Session], joining.Joined], language: str) -> Welcome:
        """A way in without a number that is typed: `work` finds the session and joins it."""
        return await self._welcome(work, language)

    async def _welcome(self, work: Callable[[Session], joining.Joined], language: str) -> Welcome:
        joined: list[Welcome] = []

        def transaction(db: Session) -> list[SupportSession]:
            result = work(db)
            row = result.session
            text = joining.consent_text_for(db, row, language) if row.state == State.JOINING else None
            owner = db.get_one(Account, row.owner_id).display_name
            company = company_by_id(db, row.company_id).name
            scopes = tuple(joining.asked_scopes(db, row))
            joined.append(Welcome(described(db, row), joining.claim(row), company, owner, result.secret, text, scopes))
            return [row]

        await self.change(transaction)
        return joined[-1]

    async def resume(
        self, session_id: str, secret: str, at_desktop: bool, address: str, host: joining.Host, language: str
    ) -> Welcome:
        """The program is back after a restart of its PC. Raises ApiError("NOT_FOUND")."""
        return await self._welcome(
            lambda db: rebooting.resume(db, self._now(), session_id, secret, at_desktop, address, host), language
        )

    async def consent(
        self, session_id: str, secret: str, accepted: bool, text_id: int | None, source: str, address: str
    ) -> None:
        def work(db: Session) -> list[SupportSession]:
            row = joining.by_secret(db, session_id, secret)
            return [joining.consent(db, self._now(), row, accepted, text_id, source, address)]

        await self.change(work)

    async def consent_on_page(
        self,
        held: Claim,
        accepted: bool,
        text_id: int | None,
        address: str,
        also: Callable[[Session, SupportSession], None] = lambda _db, _row: None,
    ) -> None:
        """The same from the customer page, whose signed cookie holds the claim. `also`: in the same transaction, before."""

        def work(db: Session) -> list[SupportSession]:
            row = joining.claimed(db, held)
            also(db, row)
            return [joining.consent(db, self._now(), row, accepted, text_id, "page", address)]

        await self.change(work)

    async def report_abuse(self, session_id: str, secret: str, address: str) -> None:
        row = (await self.change(lambda db: [joining.report_abuse(db, self._now(), session_id, secret, address)]))[0]
        log.warn(
            "Abuse reported by a customer: session {session}, operator {operator}",
            session=row.id,
            operator=row.owner.num,
        )

    async def state_of(self, held: Claim) -> SessionOut:
        """Raises ApiError: NOT_FOUND, JOIN_REPLACED."""
        return await self._db.read(lambda db: described(db, joining.claimed(db, held)))

    async def open_directly(self, work: Callable[[Session], SupportSession]) -> SessionOut:
        """A session that begins without a number: `work` makes it."""
        return (await self.change(lambda db: [work(db)]))[0]

    async def end_of_device(self, session_id: str) -> None:
        """The device of a live session is not registered any more."""

        def work(db: Session) -> list[SupportSession]:
            row = db.get_one(SupportSession, session_id)
            return [rules.end(db, self._now(), row, rules.SERVER, EndReason.ADMIN_CUT)] if row.ended_at is None else []

        await self.change(work)

    # --- the agent's live link --------------------------------------------------------------------------------------

    async def agent_authenticates(self, message: live.Auth, address: str) -> live.Hello:
        """Raises ApiError: NOT_FOUND, SESSION_STATE. The listener is registered by `agent_joins` afterwards."""

        def work(db: Session) -> live.Hello:
            row = joining.by_secret(db, message.session, message.secret)
            if row.state in ENTERABLE and row.state != State.CONNECTING:
                raise ApiError("SESSION_STATE", details={"state": row.state})
            company = company_by_id(db, row.company_id)
            owner = db.get_one(Account, row.owner_id)
            since = (row.connected_at or self._now()).timestamp()
            scopes = tuple(joining.agreed_scopes(db, row))
            # Nobody may be there to read a number or to type it: a device's key is what says who it is.
            sas = company.sas_policy if row.device_id is None else "off"
            receipt = self._receipts.issue(joining.claim(row)) if row.joined_at is not None else ""
            return live.Hello(
                row.state, company.name, owner.display_name, since, sas, scopes, receipt, company.chat_kept
            )

        return await self._db.read(work)

    async def agent_joins(self, session_id: str, listener: Listener, address: str) -> None:
        session = uuid.UUID(session_id)
        self._hub.agent_joined(session, listener)

        def work(db: Session) -> list[SupportSession]:
            row = rules.agent_linked(db, self._now(), db.get_one(SupportSession, session_id), address)
            # The link may be gone by the time its turn has come; the transaction of its end may even have come first.
            return [row if self._hub.has_agent(session) else rules.agent_lost(db, self._now(), row)]

        changed = await self.change(work)
        if changed and changed[0].state == State.APPROVAL:
            asked = live.ApprovalAsked(changed[0].owner.display_name, rules.APPROVAL_LIMIT.total_seconds())
            self._hub.tell_agent(session, plain(asked))

    async def agent_left(self, session_id: str, listener: Listener) -> None:
        if not self._hub.agent_left(uuid.UUID(session_id), listener):
            return
        await self.change(lambda db: [rules.agent_lost(db, self._now(), db.get_one(SupportSession, session_id))])

    async def agent_says(self, session_id: str, message: live.AgentMessage) -> None:
        def work(db: Session) -> list[SupportSession]:
            row = db.get_one(SupportSession, session_id)
            if isinstance(message, live.Approval):
                return [rules.approve(db, self._now(), row, message.accepted)]
            if isinstance(message, live.EndSession):
                alarm = message.reason == EndReason.SECURITY_ALARM
                reason = EndReason.SECURITY_ALARM if alarm else EndReason.CUSTOMER_ENDED
                return [rules.end(db, self._now(), row, rules.CUSTOMER, reason)]
            if isinstance(message, live.Acts):
                acts.append(db, row.id, self._now(), message.acts)
            if isinstance(message, live.Quality):
                quality.append(db, row.id, self._now(), message)
            if isinstance(message, live.Rebooting):
                return [rebooting.begin(db, self._now(), row, message)]
            if isinstance(message, live.RebootCalledOff):
                return [rebooting.call_off(db, self._now(), row)]
            if isinstance(message, live.AtDesktop):
                return [ladder.at_desktop(db, self._now(), row, rules.CUSTOMER)]
            return []

        await self.change(work)
        if isinstance(message, live.Rebooting):
            self._hub.tell_agent(uuid.UUID(session_id), plain(live.RebootNoted()))

    # --- consoles and relay, in passing ---------------------------------------------------------------------------

    async def keep_chat(self, caller: Caller, session_id: str, lines: list[chat.SpokenLine]) -> None:
        """Raises ApiError: NOT_FOUND and as chat.keep."""
        await self._db.run(
            lambda db: chat.keep(db, self._now(), sharing_rules.seen(db, caller, session_id), caller.account, lines)
        )

    async def tell_counts(self, account: int, company: int) -> None:
        """After a session of this operator became somebody else's."""
        _, totals = await self.snapshot(account, company)
        self._publish(account, [], totals)

    def data_flowed(self, session: uuid.UUID) -> None:
        """The relay forwarded input of this session: it is not idle."""
        self._flowing.add(str(session))

    # --- time -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        def work(db: Session) -> None:
            rules.server_started(db, self._now())

        await self._db.run(work)

    async def tick(self) -> None:
        """Every few seconds."""
        now = self._now()
        flowing, self._flowing = self._flowing, set()
        mark = now - self._marked >= MARK_EVERY
        if mark:
            self._marked = now

        def work(db: Session) -> list[SupportSession]:
            if mark:
                rules.mark_links(db, now)
            if flowing:
                rules.extend_activity(db, now, flowing)
            owners = db.scalars(select(SupportSession.owner_id).where(SupportSession.due_at <= now).distinct())
            present = [owner for owner in owners if self._hub.has_console(owner)]
            return rules.strike_limits(db, now, present)

        await self.change(work)

    def stop(self) -> None:
        self._pairing.stop()
        self._hub.stop()

    async def note(self, session_id: str, actor: str, kind: str, data: dict[str, Any]) -> None:
        """Adds an event that changes no state."""
        await self._db.run(lambda db: events.append(db, session_id, self._now(), actor, kind, data))

    async def waiting_operators(self, company: str) -> list[tuple[int, str]]:
        """CUSTP-PICK. Raises ApiError: COMPANY_UNKNOWN, PAGE_MODE."""
        return await self._db.read(
            lambda db: [(a.id, a.display_name) for a in joining.waiting_operators(db, pickable_company(db, company).id)]
        )


def pickable_company(db: Session, code: str) -> Company:
    company = find_company(db, code)
    if company is None:
        raise ApiError("COMPANY_UNKNOWN")
    if company.page_mode == PageMode.NUMBER:
        raise ApiError("PAGE_MODE")
    return company
