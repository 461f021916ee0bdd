"""A session as REST and the live socket show it, and the counts of the day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Model
from wizhelper.records.model import SessionParticipant, SupportSession


class Owner(Model):
    num: int
    display_name: str


class Client(Model):
    host_name: str
    user_name: str
    os: str
    os_version: str
    address: str


class RebootStep(Model):
    step: str
    at: datetime


class Reboot(Model):
    """The latest restart of the PC: what has happened so far, and until when the session waits for it."""

    until: datetime
    safe_mode: bool
    steps: list[RebootStep]


class IntakeAnswer(Model):
    label: str
    value: str


class PersonOut(Model):
    """`role`: owner, observer or former_owner. `until` None: takes part now."""

    num: int
    display_name: str
    role: str
    controls: bool
    since: datetime | None
    until: datetime | None


class SessionOut(Model):
    id: str
    number: str | None
    kind: str
    channel: str | None
    state: str
    suspended_reason: str | None
    end_reason: str | None
    owner: Owner
    client: Client | None
    created_at: datetime
    joined_at: datetime | None
    consented_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    completed_at: datetime | None
    expires_at: datetime | None
    active_s: int
    suspended_s: int
    agent_online: bool
    fault_type_id: int | None
    result: str | None
    memo: str
    corrected: bool
    satisfaction: int | None
    survey_comment: str
    intake: list[IntakeAnswer]
    reboot: Reboot | None
    people: list[PersonOut]


class SessionList(Model):
    items: list[SessionOut]


class CountsToday(Model):
    total: int
    completed: int
    abnormal: int
    refused: int
    expired_or_cancelled: int


class CountsNow(Model):
    waiting: int
    active: int
    suspended: int


class Counts(Model):
    today: CountsToday
    now: CountsNow


def described(session: Session, row: SupportSession) -> SessionOut:
    owner = session.get_one(Account, row.owner_id)
    client = None
    if row.address is not None:
        client = Client(
            host_name=row.host_name or "",
            user_name=row.user_name or "",
            os=row.os or "",
            os_version=row.os_version or "",
            address=row.address,
        )
    return SessionOut(
        id=row.id,
        number=row.number,
        kind=row.kind,
        channel=row.channel,
        state=row.state,
        suspended_reason=row.suspended_reason,
        end_reason=row.end_reason,
        owner=Owner(num=owner.id, display_name=owner.display_name),
        client=client,
        created_at=row.created_at,
        joined_at=row.joined_at,
        consented_at=row.consented_at,
        connected_at=row.connected_at,
        ended_at=row.ended_at,
        completed_at=row.completed_at,
        expires_at=row.due_at if row.state == "WAITING" else None,
        active_s=round(row.active_s),
        suspended_s=round(row.suspended_s),
        agent_online=row.agent_online,
        fault_type_id=row.fault_type_id,
        result=row.result,
        memo=row.memo,
        corrected=row.corrected,
        satisfaction=row.satisfaction,
        survey_comment=row.survey_comment,
        intake=[IntakeAnswer(**answer) for answer in row.intake or []],
        reboot=_reboot(row),
        people=people(session, row, owner),
    )


def people(session: Session, row: SupportSession, owner: Account) -> list[PersonOut]:
    """The owner first, then everybody else who takes or took part."""
    controller = row.controller_id or row.owner_id
    over = row.ended_at is not None
    first = PersonOut(
        num=owner.id,
        display_name=owner.display_name,
        role="owner",
        controls=controller == owner.id and not over,
        since=row.connected_at,
        until=row.ended_at,
    )
    return [first, *(_other(part, name, controller) for part, name in _parts(session, row))]


def _parts(session: Session, row: SupportSession) -> list[tuple[SessionParticipant, str]]:
    if not row.shared:
        return []
    query = (
        select(SessionParticipant, Account.display_name)
        .join(Account, Account.id == SessionParticipant.account_id)
        .where(SessionParticipant.session_id == row.id)
        .order_by(SessionParticipant.id)
    )
    return [(part, name) for part, name in session.execute(query)]


def _other(part: SessionParticipant, name: str, controller: int) -> PersonOut:
    return PersonOut(
        num=part.account_id,
        display_name=name,
        role=part.role,
        controls=part.to_at is None and controller == part.account_id,
        since=part.from_at,
        until=part.to_at,
    )


def _reboot(row: SupportSession) -> Reboot | None:
    kept = row.reboot
    if kept is None:
        return None
    steps = [RebootStep(step=one["step"], at=datetime.fromisoformat(one["at"])) for one in kept["steps"]]
    return Reboot(until=datetime.fromisoformat(kept["until"]), safe_mode=kept["safe_mode"], steps=steps)


def day_start(now: datetime, time_zone: str) -> datetime:
    """Midnight of the company's day, in UTC."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)


def counts(session: Session, now: datetime, mine: ColumnElement[bool], time_zone: str) -> Counts:
    """OP-COUNT. `mine` chooses whose sessions: an operator's, or the company's."""
    start = day_start(now, time_zone)
    today = dict(_by_state(session, mine, SupportSession.created_at >= start))
    live = dict(_by_state(session, mine, SupportSession.ended_at.is_(None)))
    worked = ("ACTIVE", "SUSPENDED", "WRAPUP", "COMPLETED", "ABNORMAL")
    return Counts(
        today=CountsToday(
            total=sum(today.get(s, 0) for s in worked),
            completed=today.get("COMPLETED", 0),
            abnormal=today.get("ABNORMAL", 0),
            refused=today.get("REFUSED", 0),
            expired_or_cancelled=today.get("EXPIRED", 0) + today.get("CANCELLED", 0),
        ),
        now=CountsNow(
            waiting=sum(live.get(s, 0) for s in ("WAITING", "JOINING", "CONNECTING", "APPROVAL")),
            active=live.get("ACTIVE", 0),
            suspended=live.get("SUSPENDED", 0),
        ),
    )


def _by_state(session: Session, *where: object) -> list[tuple[str, int]]:
    query = select(SupportSession.state, func.count()).where(*where).group_by(SupportSession.state)  # type: ignore[arg-type]
    return [(state, number) for state, number in session.execute(query)]


def list_of_operator(session: Session, now: datetime, owner: int) -> list[SessionOut]:
    """What the console lists: everything open or to be wrapped up, then the last of the past day, then what others share."""
    query = select(SupportSession).where(SupportSession.owner_id == owner).order_by(SupportSession.created_at.desc())
    unfinished = session.scalars(query.where(SupportSession.completed_at.is_(None), SupportSession.state != "ABNORMAL"))
    recent = session.scalars(query.where(SupportSession.ended_at >= now - timedelta(days=1)).limit(20))
    part = select(SessionParticipant.session_id).where(
        SessionParticipant.account_id == owner, SessionParticipant.to_at.is_(None)
    )
    shared = session.scalars(
        select(SupportSession).where(SupportSession.id.in_(part), SupportSession.ended_at.is_(None))
    )
    rows = {row.id: row for row in [*unfinished, *recent, *shared]}
    return [described(session, row) for row in rows.values()]
