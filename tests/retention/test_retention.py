"""Retention: each kind goes after its days, with a line of proof; what is held stays."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from fakes import finish
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.world import World
from wizhelper.accounts.model import LoginRecord
from wizhelper.aftercare.model import AbuseReport
from wizhelper.records import events
from wizhelper.records.model import ConsentRecord, SessionEvent, SessionQuality, SupportSession
from wizhelper.retention import rules
from wizhelper.retention.model import RetentionSettings
from wizhelper.retention.web import Retention
from wizhelper.sms.model import SmsMessage
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine

FORM = {"sessions": 400, "quality": 30, "logins": 400, "messages": 60, "recordings": 20}


def session(db: Session, world: World, days: float, *, ended: bool = True, company: int = 1) -> str:
    """One that was made `days` ago, with an event, a consent and a figure of quality."""
    at = world.time.now() - timedelta(days=days)
    code = "alpha" if company == 1 else "beta"
    row = SupportSession(id=str(uuid.uuid4()), company_id=company, owner_id=world.account("kim", code))
    row.state, row.created_at, row.state_since = ("COMPLETED" if ended else "ACTIVE"), at, at
    row.ended_at = at if ended else None
    db.add(row)
    db.flush()
    events.append(db, row.id, at, "customer", "consented", {})
    consent = ConsentRecord(session_id=row.id, text_id=None, scopes=[], accepted=True, source="page", at=at, address="::1")
    db.add_all([consent, SessionQuality(session_id=row.id, at=at, fps=1.0, kbit_s=1.0)])
    return row.id


def made(world: World, days: float, **how: Any) -> str:
    return world.db.transact(lambda s: session(s, world, days, **how))


def run(world: World) -> None:
    """The daily job, as if it had not run today."""
    world.db.transact(lambda s: s.execute(update(RetentionSettings).values(ran_at=None)))
    tick(world)


def tick(world: World) -> None:
    finish(Retention(world.db, world.time.now).tick())


def rows(world: World, table: Any) -> int:
    return world.db.look(lambda s: s.scalar(select(func.count()).select_from(table))) or 0


def sessions(world: World) -> set[str]:
    return set(world.db.look(lambda s: list(s.scalars(select(SupportSession.id)))))


def proofs(world: World) -> list[dict[str, Any]]:
    query = select(AuditLine.body).where(AuditLine.action == "retention.deleted").order_by(AuditLine.seq)
    return [json.loads(body)[5] for body in world.db.look(lambda s: list(s.scalars(query)))]


def test_what_is_over_its_days_goes_with_all_that_hangs_on_it_and_leaves_a_proof(world: World) -> None:
    assert world.logged_in("boss").api("PUT", "/retention", FORM).status == 200
    old, young, live = made(world, 401), made(world, 399), made(world, 900, ended=False)
    foreign = made(world, 401, company=2)
    run(world)
    assert sessions(world) == {young, live, foreign}
    assert rows(world, SessionEvent) == rows(world, ConsentRecord) == 3
    proof = next(p for p in proofs(world) if p["kind"] == "sessions")
    assert proof["count"] == 1 and proof["sha256"] == hashlib.sha256(old.encode()).hexdigest()
    assert proof["first"] == proof["last"] == (world.time.now() - timedelta(days=401)).isoformat()
    assert world.db.look(audit.verify).problem is None


def test_quality_goes_before_its_session(world: World) -> None:
    world.logged_in("boss").api("PUT", "/retention", FORM)
    kept = made(world, 31)
    made(world, 29)
    run(world)
    left = world.db.look(lambda s: list(s.scalars(select(SessionQuality.session_id))))
    assert len(left) == 1 and kept not in left and len(sessions(world)) == 2


def test_an_open_report_of_abuse_holds_its_session(world: World) -> None:
    world.logged_in("boss").api("PUT", "/retention", FORM)
    held = made(world, 1000)
    report = AbuseReport(company_id=1, session_id=held, at=world.time.now(), text="x", address="::1")
    world.db.transact(lambda s: s.add(report))
    run(world)
    assert sessions(world) == {held}
    world.logged_in("boss").api("POST", f"/abuse-reports/{report.id}/handle", {"note": "checked"})
    world.advance(minutes=24 * 60)
    run(world)
    assert sessions(world) == set()


def test_login_records_go_but_not_that_of_a_login_that_is_alive(world: World) -> None:
    world.logged_in("boss").api("PUT", "/retention", FORM)
    at = world.time.now() - timedelta(days=500)

    def fill(db: Session) -> None:
        for record in db.scalars(select(LoginRecord)):
            record.at = at
        db.add(LoginRecord(company_id=1, login_id="gone", at=at, address="::1", user_agent="", result="bad_password"))

    world.db.transact(fill)
    run(world)
    assert world.db.look(lambda s: list(s.scalars(select(LoginRecord.login_id)))) == ["boss"]


def test_text_messages_go_with_their_numbers(world: World) -> None:
    world.logged_in("boss").api("PUT", "/retention", FORM)
    at, session_id = world.time.now(), made(world, 10)

    def message(days: int) -> SmsMessage:
        fields: dict[str, Any] = {"company_id": 1, "account_id": world.account("kim"), "session_id": session_id}
        row = SmsMessage(id=str(uuid.uuid4()), request=str(uuid.uuid4()), template="t", to="+821012345678", **fields)
        row.subject, row.text, row.kind, row.parts, row.state = "", "x", "SMS", 1, "KEPT"
        row.created_at = row.give_up_at = at - timedelta(days=days)
        return row

    world.db.transact(lambda s: s.add_all([message(61), message(59)]))
    run(world)
    assert rows(world, SmsMessage) == 1 and sessions(world) == {session_id}


def test_many_go_in_batches_each_with_its_proof(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BATCH", 3)
    world.logged_in("boss").api("PUT", "/retention", FORM)
    for _ in range(7):
        made(world, 500)
    run(world)
    assert [p["count"] for p in proofs(world) if p["kind"] == "sessions"] == [3, 3, 1]


def test_it_runs_once_a_day(world: World) -> None:
    boss = world.logged_in("boss")
    boss.api("PUT", "/retention", FORM)
    run(world)
    first = boss.api("GET", "/retention").json["ran_at"]
    made(world, 500)
    world.advance(minutes=60)
    tick(world)
    assert len(sessions(world)) == 1 and boss.api("GET", "/retention").json["ran_at"] == first
    world.advance(minutes=24 * 60)
    tick(world)
    assert sessions(world) == set()


def test_the_change_is_a_line_and_a_year_is_the_least_for_who_did_what(world: World) -> None:
    boss = world.logged_in("boss")
    assert boss.api("GET", "/retention").json["sessions"] == 3 * 365
    assert boss.api("PUT", "/retention", {**FORM, "sessions": 364}).code == "INVALID_FIELDS"
    assert boss.api("PUT", "/retention", {**FORM, "logins": 0}).code == "INVALID_FIELDS"
    assert boss.api("PUT", "/retention", FORM).status == 200
    line = world.db.look(lambda s: s.scalar(select(AuditLine).where(AuditLine.action == "retention.changed")))
    assert line is not None and json.loads(line.body)[5]["sessions"] == [1095, 400]
    assert world.logged_in("audit").api("PUT", "/retention", FORM).status == 403
    assert world.logged_in("boss", "beta").api("GET", "/retention").json["sessions"] == 3 * 365
