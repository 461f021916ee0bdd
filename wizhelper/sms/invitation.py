"""An invitation: which session, which template, to whom; what it would look like; and its way into the outbox."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.records.web import visible_session
from wizhelper.settings.service import company_by_id
from wizhelper.sms import configuration, limits, links, numbers
from wizhelper.sms.counting import Measure, measure
from wizhelper.sms.gateway import TextKind
from wizhelper.sms.model import OutboxState, SmsGateway, SmsMessage, SmsSettings
from wizhelper.sms.words import Words, filled
from wizhelper.store import audit
from wizhelper.support.states import State

MARGIN = timedelta(minutes=2)
"""A message that goes out later than this before its link ends would bring a link that is as good as over."""
TEST_LIFE = timedelta(minutes=5)
TEST_TEXT = "[WizHelper] 문자 게이트웨이 시험 메시지입니다. (test)"
TEST_NAME = "–"


@dataclass(frozen=True)
class Order:
    """`request`: the console's own key, new for every press of the button. `base`: where customers reach this server."""

    session: str
    template: int
    to: str
    request: str
    confirmed: bool
    base: str


@dataclass(frozen=True)
class Draft:
    """The text as it would go out, and how it counts at the gateway that would get it first (None: it stays here)."""

    words: Words
    measure: Measure
    gateway: SmsGateway | None


def draft(db: Session, caller: Caller, session: str, template: int, base: str, token: str = links.SAMPLE) -> Draft:
    """Raises ApiError: NOT_FOUND, SMS_OFF, SMS_NOT_WAITING."""
    row = _inviting(db, caller, session)
    chosen = configuration.template_of(db, caller.company, template)
    if not chosen.active:
        raise ApiError("NOT_FOUND")
    values = {
        "link": links.address(base, token),
        "number": row.number or "",
        "company": company_by_id(db, row.company_id).name,
        "operator": db.get_one(Account, row.owner_id).display_name,
    }
    text = filled(Words(chosen.name, chosen.subject, chosen.body), values)
    gateways = configuration.in_use(db, caller.company)
    counted = measure(text.body, configuration.counting_of(gateways))
    return Draft(text, counted, gateways[0] if gateways else None)


def _inviting(db: Session, caller: Caller, session: str) -> SupportSession:
    if not configuration.settings_of(db, caller.company).enabled:
        raise ApiError("SMS_OFF")
    row = visible_session(db, caller, session)
    if row.state not in (State.WAITING, State.JOINING) or row.number is None:
        raise ApiError("SMS_NOT_WAITING")
    return row


def invite(db: Session, now: datetime, caller: Caller, order: Order) -> SmsMessage:
    """OP-SMS. An order that is repeated gives the message that is there already.

    Raises ApiError: as `draft` and limits.check, INVALID_FIELDS, SMS_PREFIX, SMS_TOO_LONG.
    """
    known = _known(db, caller, order.request)
    if known is not None:
        return known
    row = _inviting(db, caller, order.session)
    settings = configuration.settings_of(db, caller.company)
    to = _allowed(settings, order.to)
    limits.check(db, now, settings, caller.account, to, order.confirmed)
    made = draft(db, caller, order.session, order.template, order.base, links.make(db, now, row))
    _check_size(settings, made)
    message = _message(now, caller, order.request, to, made, now + links.LIFETIME - MARGIN)
    message.session_id = row.id
    db.add(message)
    db.flush()
    facts = {"to": numbers.masked(to), "template": made.words.name}
    events.append(db, row.id, now, caller.actor, "invited", facts)
    return message


def test(db: Session, now: datetime, caller: Caller, gateway: int, to: str, request: str) -> SmsMessage:
    """A fixed text through one gateway alone, also one that is switched off. Raises as `invite`."""
    row = configuration.gateway_of(db, caller.company, gateway)
    known = _known(db, caller, request)
    if known is not None:
        return known
    settings = configuration.settings_of(db, caller.company)
    number = _allowed(settings, to)
    limits.check(db, now, settings, caller.account, number, True, test=True)
    counted = measure(TEST_TEXT, configuration.counting_of([row]))
    message = _message(
        now, caller, request, number, Draft(Words(TEST_NAME, "", TEST_TEXT), counted, row), now + TEST_LIFE
    )
    message.only_gateway = row.id
    db.add(message)
    db.flush()
    facts = {"gateway": row.id, "name": row.name, "to": numbers.masked(number)}
    audit.append(db, now, caller.company, caller.actor, "sms.gateway_tested", facts)
    return message


def _known(db: Session, caller: Caller, request: str) -> SmsMessage | None:
    mine = (SmsMessage.account_id == caller.account, SmsMessage.request == request)
    return db.scalar(select(SmsMessage).where(*mine))


def _allowed(settings: SmsSettings, written: str) -> str:
    try:
        to = numbers.normalised(written)
    except numbers.BadNumber:
        raise ApiError("SMS_NUMBER", fields={"to": "not a telephone number"}) from None
    if not numbers.is_allowed(to, settings.prefixes):
        raise ApiError("SMS_PREFIX", details={"prefixes": settings.prefixes})
    return to


def _check_size(settings: SmsSettings, made: Draft) -> None:
    counted = made.measure
    if counted.unsendable:
        raise ApiError("SMS_CHARACTERS", details={"characters": "".join(counted.unsendable[:20])})
    if not counted.fits or (counted.kind is TextKind.LMS and not settings.long_allowed):
        raise ApiError("SMS_TOO_LONG", details={"used": counted.used})


def _message(now: datetime, caller: Caller, request: str, to: str, made: Draft, give_up_at: datetime) -> SmsMessage:
    leaves = made.gateway is not None
    return SmsMessage(
        id=str(uuid.uuid4()),
        company_id=caller.company,
        account_id=caller.account,
        request=request,
        template=made.words.name,
        to=to,
        subject=made.words.subject if made.measure.kind is TextKind.LMS else "",
        text=made.words.body,
        kind=made.measure.kind,
        parts=made.measure.parts,
        state=OutboxState.QUEUED if leaves else OutboxState.KEPT,
        due_at=now if leaves else None,
        give_up_at=give_up_at,
        created_at=now,
    )
