"""Rules of sessions that several operators share: who may look on, who controls, whose it is. Plain functions of a Session.

The owner invites colleagues to watch, lends one of them the control and takes it back, or hands the session over for good.
A colleague is always asked first; silence for OFFER_LIMIT is a no (docs/security.md, "Several operators").
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError
from wizhelper.records import events
from wizhelper.records.model import SessionOffer, SessionParticipant, SupportSession
from wizhelper.support import rules
from wizhelper.support.states import LIVE, State

OFFER_LIMIT = timedelta(seconds=30)


class Kind(StrEnum):
    """What is asked: look on, take the session over, or (a watcher asks the owner) give me the control."""

    WATCH = "watch"
    HANDOVER = "handover"
    CONTROL = "control"


class Answer(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OBSERVER, FORMER_OWNER = "observer", "former_owner"

EVENTS = frozenset(
    {
        *(f"{kind}_{what}" for kind in Kind for what in ("asked", Answer.REFUSED, Answer.EXPIRED, Answer.WITHDRAWN)),
        *("view_opened", "viewer_joined", "viewer_left", "viewer_removed", "viewer_dismissed"),
        *("handed_over", "control_given", "control_taken"),
    }
)
"""Of the session's record."""


def seen(db: Session, caller: Caller, session_id: str) -> SupportSession:
    """A session that the operator owns or takes part in. Raises ApiError("NOT_FOUND")."""
    query = select(SupportSession).where(SupportSession.id == session_id, SupportSession.company_id == caller.company)
    row = db.scalar(query)
    if row is None or (row.owner_id != caller.account and part_of(db, row, caller.account) is None):
        raise ApiError("NOT_FOUND")
    return row


def owned(db: Session, caller: Caller, session_id: str) -> SupportSession:
    """A live session of the operator's own. Raises ApiError: NOT_FOUND, FORBIDDEN, SESSION_STATE."""
    row = seen(db, caller, session_id)
    if row.owner_id != caller.account:
        raise ApiError("FORBIDDEN")
    return live(row)


def live(row: SupportSession) -> SupportSession:
    if row.state not in LIVE:
        raise ApiError("SESSION_STATE", details={"state": row.state})
    return row


def part_of(db: Session, row: SupportSession, account: int) -> SessionParticipant | None:
    """The part that this operator has in the session now."""
    query = select(SessionParticipant).where(SessionParticipant.session_id == row.id)
    return db.scalar(query.where(SessionParticipant.account_id == account, SessionParticipant.to_at.is_(None)))


def audience(db: Session, row: SupportSession) -> list[int]:
    """The owner and everybody who takes part; after the end, those who did until then."""
    if not row.shared:
        return [row.owner_id]
    ids = select(SessionParticipant.account_id).where(SessionParticipant.session_id == row.id)
    over = row.ended_at
    here = ids.where(SessionParticipant.to_at.is_(None) if over is None else SessionParticipant.to_at >= over)
    return list(dict.fromkeys([row.owner_id, *db.scalars(here)]))


def controller(row: SupportSession) -> int:
    return row.controller_id or row.owner_id


def name_of(db: Session, account: int) -> str:
    return db.get_one(Account, account).display_name


def _note(db: Session, row: SupportSession, now: datetime, actor: str, kind: str, **data: Any) -> None:
    events.append(db, row.id, now, actor, kind, data)


# --- asking ---------------------------------------------------------------------------------------------------------


def ask(
    db: Session,
    now: datetime,
    row: SupportSession,
    sender: int,
    kind: Kind,
    to: int,
    stay: bool,
    present: Collection[int],
) -> SessionOffer:
    """Asks a colleague. `present`: accounts of the company with a console open. Raises ApiError: NOT_FOUND, OPERATOR_AWAY,
    SENT_AWAY, OPERATOR_NOT_WAITING, SESSION_LIMIT, OFFER_OPEN, NOT_WATCHING, FORBIDDEN, SESSION_STATE."""
    live(row)
    _check_direction(db, row, sender, kind, to)
    colleague = _colleague(db, row, to)
    if to not in present:
        raise ApiError("OPERATOR_AWAY")
    if kind is not Kind.CONTROL:
        _check_guest(db, row, kind, to)
    if _open_offer(db, now, row, kind, to) is not None:
        raise ApiError("OFFER_OPEN")
    offer = SessionOffer(company_id=row.company_id, session_id=row.id, kind=kind, from_id=sender, to_id=to, stay=stay)
    offer.made_at, offer.due_at = now, now + OFFER_LIMIT
    db.add(offer)
    db.flush()
    _note(db, row, now, rules.operator(sender), f"{kind}_asked", name=colleague.display_name)
    return offer


def _check_direction(db: Session, row: SupportSession, sender: int, kind: Kind, to: int) -> None:
    """The owner invites and hands over; only who watches asks the owner for the control."""
    if kind is not Kind.CONTROL:
        if sender != row.owner_id:
            raise ApiError("FORBIDDEN")
        if to == sender:
            raise ApiError("INVALID_FIELDS", fields={"to": "yourself"})
    elif to != row.owner_id or part_of(db, row, sender) is None:
        raise ApiError("NOT_WATCHING")


def _colleague(db: Session, row: SupportSession, account: int) -> Account:
    query = select(Account).where(Account.id == account, Account.company_id == row.company_id)
    found = db.scalar(query.where(Account.role == Role.OPERATOR, Account.status == "active"))
    if found is None:
        raise ApiError("NOT_FOUND")
    return found


def _check_guest(db: Session, row: SupportSession, kind: Kind, to: int) -> None:
    gone = select(SessionParticipant.id).where(SessionParticipant.session_id == row.id)
    if db.scalar(gone.where(SessionParticipant.account_id == to, SessionParticipant.dismissed).limit(1)) is not None:
        raise ApiError("SENT_AWAY")
    if kind is Kind.HANDOVER:
        check_free(db, to)
        if not is_waiting(db, to):
            raise ApiError("OPERATOR_NOT_WAITING")


def check_free(db: Session, account: int) -> None:
    if rules.count_open(db, account) >= rules.MAX_OPEN:
        raise ApiError("SESSION_LIMIT", details={"limit": rules.MAX_OPEN})


def is_waiting(db: Session, account: int) -> bool:
    query = select(SupportSession.id).where(SupportSession.owner_id == account, SupportSession.state == State.WAITING)
    return db.scalar(query.limit(1)) is not None


def _open_offer(db: Session, now: datetime, row: SupportSession, kind: Kind, to: int) -> SessionOffer | None:
    """A second hand-over at once would have two new owners, whoever is asked."""
    query = select(SessionOffer).where(SessionOffer.session_id == row.id, SessionOffer.state == Answer.OPEN)
    query = query.where(SessionOffer.kind == kind, SessionOffer.due_at > now)
    return db.scalar(query if kind is Kind.HANDOVER else query.where(SessionOffer.to_id == to))


def offer_for(db: Session, caller: Caller, offer_id: int, mine: bool = False) -> SessionOffer:
    """An offer to the caller, or, with `mine`, by him. Raises ApiError("NOT_FOUND")."""
    who = SessionOffer.from_id if mine else SessionOffer.to_id
    offer = db.scalar(select(SessionOffer).where(SessionOffer.id == offer_id, who == caller.account))
    if offer is None or offer.company_id != caller.company:
        raise ApiError("NOT_FOUND")
    return offer


def open_offers(db: Session, now: datetime, account: int) -> list[SessionOffer]:
    """To this operator and by him."""
    query = select(SessionOffer).where(SessionOffer.state == Answer.OPEN, SessionOffer.due_at > now)
    mine = (SessionOffer.to_id == account) | (SessionOffer.from_id == account)
    return list(db.scalars(query.where(mine).order_by(SessionOffer.id).limit(100)))


def withdraw(db: Session, now: datetime, offer: SessionOffer) -> SupportSession:
    return _close(db, now, offer, Answer.WITHDRAWN, offer.from_id)


def expire(db: Session, now: datetime) -> list[SessionOffer]:
    """Silence is a no."""
    due = list(
        db.scalars(select(SessionOffer).where(SessionOffer.state == Answer.OPEN, SessionOffer.due_at <= now).limit(500))
    )
    for offer in due:
        _close(db, now, offer, Answer.EXPIRED, None)
    return due


def _close(db: Session, now: datetime, offer: SessionOffer, state: Answer, account: int | None) -> SupportSession:
    """Raises ApiError("OFFER_OVER")."""
    row = db.get_one(SupportSession, offer.session_id)
    if offer.state != Answer.OPEN:
        raise ApiError("OFFER_OVER")
    offer.state, offer.answered_at = state, now
    if state is not Answer.ACCEPTED:
        actor = rules.SERVER if account is None else rules.operator(account)
        _note(db, row, now, actor, f"{offer.kind}_{state}", name=name_of(db, offer.to_id))
    return row


def answer(db: Session, now: datetime, offer: SessionOffer, accepted: bool) -> SupportSession:
    """Raises ApiError: OFFER_OVER, and what can have changed since it was asked: SENT_AWAY, SESSION_LIMIT, NOT_WATCHING."""
    row = db.get_one(SupportSession, offer.session_id)
    if offer.due_at <= now or row.state not in LIVE:
        raise ApiError("OFFER_OVER")
    _close(db, now, offer, Answer.ACCEPTED if accepted else Answer.REFUSED, offer.to_id)
    if not accepted:
        return row
    if offer.kind == Kind.WATCH:
        return _join(db, now, row, offer)
    if offer.kind == Kind.HANDOVER:
        return _hand_over(db, now, row, offer)
    if offer.to_id != row.owner_id:  # handed over since
        raise ApiError("OFFER_OVER")
    return give(db, now, row, offer.to_id, offer.from_id)


# --- taking part ----------------------------------------------------------------------------------------------------


def _join(db: Session, now: datetime, row: SupportSession, offer: SessionOffer) -> SupportSession:
    if offer.from_id != row.owner_id:
        raise ApiError("OFFER_OVER")
    _check_guest(db, row, Kind.WATCH, offer.to_id)
    _add_part(db, now, row, offer.to_id, OBSERVER)
    _note(db, row, now, rules.operator(offer.to_id), "viewer_joined", name=name_of(db, offer.to_id))
    return row


def _add_part(db: Session, since: datetime, row: SupportSession, account: int, role: str) -> SessionParticipant:
    part = part_of(db, row, account)
    if part is None:
        part = SessionParticipant(session_id=row.id, account_id=account, role=role, from_at=since)
        db.add(part)
        row.shared = True
        db.flush()
    return part


def _hand_over(db: Session, now: datetime, row: SupportSession, offer: SessionOffer) -> SupportSession:
    """The session is the other's from now on, also in statistics; who handed it over keeps a part in it, or had one."""
    if offer.from_id != row.owner_id:
        raise ApiError("OFFER_OVER")
    check_free(db, offer.to_id)
    if (part := part_of(db, row, offer.to_id)) is not None:
        part.to_at = now
    former = _add_part(db, row.connected_at or row.created_at, row, offer.from_id, FORMER_OWNER)
    if not offer.stay:
        former.to_at = now
    row.owner_id, row.controller_id = offer.to_id, None
    names = {"from_name": name_of(db, offer.from_id), "name": name_of(db, offer.to_id), "stays": offer.stay}
    _note(db, row, now, rules.operator(offer.to_id), "handed_over", **names)
    return row


def give(db: Session, now: datetime, row: SupportSession, owner: int, to: int) -> SupportSession:
    """The owner lends the control to somebody who watches. Raises ApiError("NOT_WATCHING")."""
    if part_of(db, row, to) is None:
        raise ApiError("NOT_WATCHING")
    if row.controller_id != to:
        row.controller_id = to
        _note(db, row, now, rules.operator(owner), "control_given", name=name_of(db, to))
    return row


def take(db: Session, now: datetime, row: SupportSession, account: int) -> SupportSession:
    """The owner controls again: he takes it back, or who had it returns it."""
    if row.controller_id is not None:
        row.controller_id = None
        _note(db, row, now, rules.operator(account), "control_taken", name=name_of(db, row.owner_id))
    return row


def leave(
    db: Session, now: datetime, row: SupportSession, account: int, actor: str, kind: str = "viewer_left"
) -> SupportSession:
    """`kind`: viewer_left, viewer_removed (by the owner) or viewer_dismissed (by the customer, for good).
    Raises ApiError("NOT_WATCHING")."""
    part = part_of(db, row, account)
    if part is None:
        raise ApiError("NOT_WATCHING")
    part.to_at, part.dismissed = now, kind == "viewer_dismissed"
    if row.controller_id == account:
        row.controller_id = None
    _note(db, row, now, actor, kind, name=name_of(db, account))
    return row
