"""Rules of the outbox: which gateway gets a message next, and what an answer makes of it. Functions of a Session and the time.

    queued ──claim──► sending ──accepted──► accepted ──report──► delivered | failed
      ▲                 │ refused, others left                     (72 hours without a word: stays accepted)
      └─────────────────┤ refused by all, rounds over ──► failed
                        └ no answer, or the server stopped in it ──► uncertain

A message that a gateway may have taken never goes to another, nor out again: it is `uncertain`, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wizhelper.sms import configuration, numbers
from wizhelper.sms.counting import measure
from wizhelper.sms.gateway import Accepted, DeliveryReport, DeliveryState, OutgoingText, TextKind
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import MAX_PROVIDER_ID, OutboxState, Outcome, SmsAttempt, SmsGateway, SmsLink, SmsMessage

ROUND_WAITS = (timedelta(seconds=30), timedelta(minutes=2))
"""Between the rounds in which every gateway is tried once: three rounds in all."""
POLL_WAITS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
POLL_LATER, POLL_END = timedelta(hours=1), timedelta(hours=72)
MAX_POLLED = 100
KEEP_LINKS = timedelta(days=7)

#: Our own codes, beside those of providers.
EXPIRED = "EXPIRED"
NO_GATEWAY = "NO_GATEWAY"
INTERRUPTED = "INTERRUPTED"
NO_ANSWER = "NO_ANSWER"
UNSENDABLE = "UNSENDABLE"


@dataclass(frozen=True)
class Job:
    """One message on its way to one gateway; `attempt` is the row that says so."""

    message: str
    gateway: int
    attempt: int
    text: OutgoingText


def due(db: Session, now: datetime) -> bool:
    """Whether there is anything to send or to ask for: asked every few seconds, and almost always no."""
    waiting = SmsMessage.state.in_([OutboxState.QUEUED, OutboxState.ACCEPTED])
    return db.scalar(select(SmsMessage.id).where(waiting, SmsMessage.due_at <= now).limit(1)) is not None


# --- out --------------------------------------------------------------------------------------------------------------


def claim(db: Session, now: datetime, most: int) -> tuple[list[Job], list[str]]:
    """Takes messages that are due: what is to be sent now, and which messages ended instead."""
    query = select(SmsMessage).where(SmsMessage.state == OutboxState.QUEUED, SmsMessage.due_at <= now)
    jobs, ended = [], []
    for row in db.scalars(query.order_by(SmsMessage.due_at, SmsMessage.id).limit(most)).all():
        job = _claim(db, now, row)
        if job is not None:
            jobs.append(job)
        elif row.state == OutboxState.FAILED:
            ended.append(row.id)
    return jobs, ended


def _claim(db: Session, now: datetime, row: SmsMessage) -> Job | None:
    gateways = _candidates(db, row)
    tries = db.scalars(select(SmsAttempt).where(SmsAttempt.message_id == row.id)).all()
    final = {t.gateway_id for t in tries if t.final}
    tried = {t.gateway_id for t in tries if t.round == row.rounds}
    open_ones = [g for g in gateways if g.id not in final]
    chosen = next((g for g in open_ones if g.id not in tried), None)
    if row.give_up_at <= now or not open_ones:
        _fail(row, row.code or (NO_GATEWAY if not gateways else EXPIRED), row.detail)
    elif chosen is not None:
        return _begin(db, now, row, chosen)
    else:
        _next_round(now, row)
    return None


def _candidates(db: Session, row: SmsMessage) -> list[SmsGateway]:
    if row.only_gateway is None:
        return configuration.in_use(db, row.company_id)
    only = db.get_one(SmsGateway, row.only_gateway)
    return [only] if not only.removed and only.kind in KINDS else []


def _next_round(now: datetime, row: SmsMessage) -> None:
    if row.rounds >= len(ROUND_WAITS):
        _fail(row, row.code, row.detail)
        return
    row.due_at = now + ROUND_WAITS[row.rounds]
    row.rounds += 1


def _begin(db: Session, now: datetime, row: SmsMessage, gateway: SmsGateway) -> Job | None:
    """Notes the try before the text goes out."""
    counted = measure(row.text, KINDS[gateway.kind].counting)
    row.kind, row.parts = counted.kind, counted.parts
    attempt = SmsAttempt(
        message_id=row.id, gateway_id=gateway.id, round=row.rounds, at=now, outcome=Outcome.OPEN, final=False
    )
    db.add(attempt)
    if not counted.fits:
        _close(attempt, Outcome.REFUSED, UNSENDABLE, "", final=True)
        row.code, row.due_at = UNSENDABLE, now
        return None
    row.state, row.gateway_id, row.due_at = OutboxState.SENDING, gateway.id, None
    db.flush()
    return Job(row.id, gateway.id, attempt.id, _outgoing(row, gateway))


def _outgoing(row: SmsMessage, gateway: SmsGateway) -> OutgoingText:
    kind = TextKind(row.kind)
    subject = row.subject if kind is TextKind.LMS else ""
    return OutgoingText(key=row.id, to=row.to, sender=gateway.sender, text=row.text, kind=kind, subject=subject)


def _fail(row: SmsMessage, code: str, detail: str) -> None:
    row.state, row.due_at, row.code, row.detail = OutboxState.FAILED, None, code, detail


# --- answers ----------------------------------------------------------------------------------------------------------


def _open_row(db: Session, job: Job) -> SmsMessage | None:
    """The message, if this job is still what it waits for."""
    row = db.get_one(SmsMessage, job.message)
    return row if row.state == OutboxState.SENDING and row.gateway_id == job.gateway else None


def accepted(db: Session, now: datetime, job: Job, answer: Accepted) -> None:
    row = _open_row(db, job)
    _close(db.get_one(SmsAttempt, job.attempt), Outcome.ACCEPTED, answer.raw_status, "")
    if row is not None:
        row.state, row.provider_id = OutboxState.ACCEPTED, answer.provider_id[:MAX_PROVIDER_ID]
        row.accepted_at, row.polls, row.due_at = now, 0, now + POLL_WAITS[0]
        row.code, row.detail = answer.raw_status[:64], ""


def refused(db: Session, now: datetime, job: Job, code: str, detail: str, retry: bool) -> None:
    """The next gateway gets it at once; a round later this one again, unless it said never."""
    row = _open_row(db, job)
    clean = _without_number(detail, job.text.to)
    _close(db.get_one(SmsAttempt, job.attempt), Outcome.REFUSED, code, clean, final=not retry)
    if row is not None:
        row.state, row.due_at, row.gateway_id = OutboxState.QUEUED, now, None
        row.code, row.detail = code[:64], clean


def uncertain(db: Session, job: Job, code: str, detail: str = "") -> None:
    row = _open_row(db, job)
    clean = _without_number(detail, job.text.to)
    _close(db.get_one(SmsAttempt, job.attempt), Outcome.UNCERTAIN, code, clean)
    if row is not None:
        row.state, row.due_at, row.code, row.detail = OutboxState.UNCERTAIN, None, code[:64], clean


def interrupted(db: Session) -> list[Job]:
    """What was on its way when the server stopped: nobody noted how it ended."""
    found = []
    for row in db.scalars(select(SmsMessage).where(SmsMessage.state == OutboxState.SENDING)).all():
        tries = select(SmsAttempt).where(SmsAttempt.message_id == row.id, SmsAttempt.outcome == Outcome.OPEN)
        attempt = db.scalars(tries.order_by(SmsAttempt.id.desc())).first()
        assert attempt is not None
        gateway = db.get_one(SmsGateway, attempt.gateway_id)
        found.append(Job(row.id, gateway.id, attempt.id, _outgoing(row, gateway)))
    return found


def _close(attempt: SmsAttempt, outcome: Outcome, code: str, detail: str, final: bool = False) -> None:
    attempt.outcome, attempt.code, attempt.detail, attempt.final = outcome, code[:64], detail, final


def _without_number(detail: str, to: str) -> str:
    """What a provider says is text of a stranger, and may name the number in full."""
    text = "".join(c if c.isprintable() else " " for c in detail)
    for spelt in (to, to.removeprefix("+"), numbers.national(to)):
        text = text.replace(spelt, numbers.masked(to))
    return text[:300]


# --- delivery ---------------------------------------------------------------------------------------------------------


def to_poll(db: Session, now: datetime) -> dict[int, list[str]]:
    """Gateway -> ids of its provider that are due for a question; each gets the time of its next one."""
    query = select(SmsMessage).where(SmsMessage.state == OutboxState.ACCEPTED, SmsMessage.due_at <= now)
    found: dict[int, list[str]] = {}
    for row in db.scalars(query.order_by(SmsMessage.due_at).limit(MAX_POLLED)).all():
        assert row.gateway_id is not None and row.provider_id is not None and row.accepted_at is not None
        if db.get_one(SmsGateway, row.gateway_id).removed:
            row.due_at = None
            continue
        found.setdefault(row.gateway_id, []).append(row.provider_id)
        row.polls += 1
        wait = POLL_WAITS[row.polls] if row.polls < len(POLL_WAITS) else POLL_LATER
        row.due_at = now + wait if now + wait < row.accepted_at + POLL_END else None
    return found


def reported(db: Session, now: datetime, gateway: int, reports: Iterable[DeliveryReport]) -> list[str]:
    """Takes delivery reports; -> messages that changed. A report says more than what is known, or changes nothing."""
    changed = []
    for report in reports:
        query = select(SmsMessage).where(
            SmsMessage.gateway_id == gateway, SmsMessage.provider_id == report.provider_id[:MAX_PROVIDER_ID]
        )
        row = db.scalars(query.order_by(SmsMessage.created_at.desc()).limit(1)).first()
        if row is not None and _take(row, now, report):
            changed.append(row.id)
    return changed


def _take(row: SmsMessage, now: datetime, report: DeliveryReport) -> bool:
    if row.state not in (OutboxState.ACCEPTED, OutboxState.FAILED):
        return False
    if report.state is DeliveryState.DELIVERED:
        row.state, row.delivered_at, row.detail = OutboxState.DELIVERED, report.at or now, ""
    elif report.state is DeliveryState.FAILED and row.state == OutboxState.ACCEPTED:
        row.state = OutboxState.FAILED
    else:
        return False
    row.code, row.due_at = report.code[:64], None
    return True


def forget_old(db: Session, now: datetime) -> None:
    """Links that ended long ago; messages go by the company's retention settings (retention/rules.py)."""
    db.execute(delete(SmsLink).where(SmsLink.expires_at < now - KEEP_LINKS))


def of_gateway(db: Session, callback: str) -> SmsGateway | None:
    """The gateway whose provider calls back at this address."""
    rows: Sequence[SmsGateway] = db.scalars(select(SmsGateway).where(SmsGateway.callback == callback)).all()
    return rows[0] if rows and rows[0].enabled and not rows[0].removed else None
