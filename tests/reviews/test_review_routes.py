"""The monthly review of access (ADM-ROLE-ADM): what each account could and did reach, signed off with a line of audit."""

from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import Browser
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.world import World
from wizhelper.accounts.model import Account, LoginRecord, Team
from wizhelper.devices.model import Device, DeviceGroup, DeviceGroupTeam
from wizhelper.records.model import SessionParticipant, SupportSession
from wizhelper.settings.model import Company
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine

FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)
"""The world's clock stands at 2 March, in Seoul too."""
SEOUL_ENDS = datetime(2026, 2, 28, 15, tzinfo=UTC)
"""Where February ends in Seoul."""


def device(db: Session, company: int, name: str, status: str = "active") -> str:
    row = Device(id=str(uuid.uuid4()), company_id=company, name=name, status=status, key=uuid.uuid4().hex)
    row.registered_at = FEBRUARY
    db.add(row)
    return row.id


def session(db: Session, company: int, owner: int, at: datetime, to: str | None = None) -> str:
    row = SupportSession(id=str(uuid.uuid4()), company_id=company, owner_id=owner, state="COMPLETED", host_name="PC")
    row.created_at = row.connected_at = row.state_since = at
    row.device_id = to
    db.add(row)
    db.flush()
    return row.id


@pytest.fixture
def month(world: World) -> World:
    """kim reached two devices three times, looked on once; lee did nothing; beta has a month of its own."""
    kim, lee, other = world.account("kim"), world.account("lee"), world.account("kim", "beta")

    def fill(db: Session) -> None:
        db.execute(update(Account).values(created_at=FEBRUARY - timedelta(days=200), last_login_at=FEBRUARY))
        db.execute(update(Company).values(created_at=FEBRUARY - timedelta(days=200)))
        db.execute(update(Account).where(Account.id == lee).values(last_login_at=FEBRUARY - timedelta(days=150)))
        one, two = device(db, 1, "POS-1"), device(db, 1, "POS-2")
        device(db, 1, "waits", status="pending")
        device(db, 2, "BETA-SECRET")
        db.flush()
        for at, to in ((FEBRUARY, one), (FEBRUARY, one), (SEOUL_ENDS - timedelta(seconds=1), two), (SEOUL_ENDS, two)):
            session(db, 1, kim, at, to)
        watched = session(db, 1, lee, FEBRUARY)
        part = SessionParticipant(session_id=watched, account_id=kim, role="observer", from_at=FEBRUARY)
        db.add(part)
        session(db, 2, other, FEBRUARY)
        for result in ("ok", "ok", "bad_password"):
            db.add(LoginRecord(company_id=1, account_id=kim, login_id="kim", at=FEBRUARY, address="", user_agent="", result=result))
        boss = db.scalar(select(Account.id).where(Account.login_id == "boss", Account.company_id == 1))
        for action in ("team.added", "recording.played", "session.created"):
            audit.append(db, FEBRUARY, 1, f"account:{boss}", action, {})

    world.db.transact(fill)
    return world


def shown(browser: Browser, query: str = "month=2026-02") -> dict[str, Any]:
    answer = browser.api("GET", f"/access-review?{query}")
    assert answer.status == 200, answer.text
    return {one["login_id"]: one for one in answer.json["items"]}


def test_each_account_with_what_it_could_and_did_reach(month: World) -> None:
    found = shown(month.logged_in("audit"))
    assert set(found) == {"kim", "lee", "boss", "chief", "audit"}
    kim, lee, boss = found["kim"], found["lee"], found["boss"]
    assert (kim["sessions"], kim["devices"], kim["reachable"], kim["logins"], kim["failed_logins"]) == (4, 2, 2, 2, 1)
    assert (lee["sessions"], lee["devices"], lee["reachable"], lee["flags"]) == (1, 0, 2, ["unused"])
    assert (boss["reachable"], boss["acts"], boss["opened"], boss["flags"]) == (0, 2, 1, ["no_two_step"])
    assert kim["team"] == "Seoul" and kim["two_step"] is False and kim["flags"] == []


def test_devices_of_a_restricted_group_are_not_in_the_reach_of_others(month: World) -> None:
    def restrict(db: Session) -> None:
        group = DeviceGroup(company_id=1, name="closed", restricted=True)
        db.add(group)
        db.flush()
        db.execute(update(Device).where(Device.name == "POS-1").values(group_id=group.id))
        other = Team(company_id=1, name="Busan", created_at=FEBRUARY)
        db.add(other)
        db.flush()
        db.add(DeviceGroupTeam(group_id=group.id, team_id=other.id))
        db.execute(update(Account).where(Account.id == month.account("lee")).values(team_id=other.id))

    month.db.transact(restrict)
    found = shown(month.logged_in("boss"))
    assert (found["kim"]["reachable"], found["lee"]["reachable"]) == (1, 2)


def test_the_month_is_that_of_the_companys_calendar(month: World) -> None:
    assert shown(month.logged_in("boss"), "month=2026-03")["kim"]["sessions"] == 1
    assert shown(month.logged_in("boss"), "month=2026-01")["kim"]["sessions"] == 0


def test_what_one_account_reached_is_listed(month: World) -> None:
    auditor, kim = month.logged_in("audit"), month.account("kim")
    page = auditor.api("GET", f"/access-review/reached?month=2026-02&account={kim}&size=3").json
    assert page["total"] == 4 and len(page["items"]) == 3
    assert page["items"][0]["device"] == "POS-2"
    rest = auditor.api("GET", f"/access-review/reached?month=2026-02&account={kim}&size=3&page=2").json["items"]
    assert sorted(one["owner"] for one in [*page["items"], *rest]) == [False, True, True, True]
    foreign = month.account("kim", "beta")
    assert auditor.api("GET", f"/access-review/reached?month=2026-02&account={foreign}").code == "NOT_FOUND"
    for bad in ("", "x", "-1", "9" * 40):
        assert auditor.api("GET", f"/access-review/reached?account={bad}").status in (400, 404)


def test_it_is_searched_and_paged(month: World) -> None:
    boss = month.logged_in("boss")
    assert set(shown(boss, "month=2026-02&q=KIM")) == {"kim"}
    assert boss.api("GET", "/access-review?size=2&page=3").json["total"] == 5
    assert len(shown(boss, "size=2&page=3")) == 1


def test_signing_off_is_a_line_and_ends_the_reminder(month: World) -> None:
    boss = month.logged_in("boss")
    assert boss.api("GET", "/access-review/due").json == {"month": "2026-02"}
    assert boss.api("GET", "/access-review").json["month"] == "2026-02"
    assert boss.api("POST", "/access-review", {"month": "2026-02", "note": ""}).code == "INVALID_FIELDS"
    signed = boss.api("POST", "/access-review", {"month": "2026-02", "note": "lee: disabled"})
    assert signed.status == 201 and signed.json["accounts"] == 5 and signed.json["by"] == "Boss alpha"
    line = month.db.look(lambda s: s.scalar(select(AuditLine).where(AuditLine.action == "access_review.signed")))
    assert line is not None and json.loads(line.body)[5]["sha256"] == signed.json["sha256"]
    assert boss.api("GET", "/access-review?month=2026-02").json["signed"]["note"] == "lee: disabled"
    assert boss.api("GET", "/access-review/due").json == {"month": None}
    assert month.logged_in("boss", "beta").api("GET", "/access-review/due").json == {"month": "2026-02"}
    assert month.logged_in("audit").api("POST", "/access-review", {"month": "2026-02", "note": "x"}).code == "FORBIDDEN"
    assert month.logged_in("chief").api("GET", "/access-review").code == "FORBIDDEN"


@pytest.mark.parametrize("name", ["2026-03", "2026-04", "2026-13", "26-01", "2026-02-01", "x"])
def test_a_month_that_is_not_over_or_none_at_all_is_not_signed_off(month: World, name: str) -> None:
    answer = month.logged_in("boss").api("POST", "/access-review", {"month": name, "note": "x"})
    assert answer.code == "INVALID_FIELDS"


def test_a_company_that_did_not_exist_has_nothing_to_review(world: World) -> None:
    assert world.logged_in("boss").api("GET", "/access-review/due").json == {"month": None}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_export_is_a_line_and_no_formula(month: World, language: str) -> None:
    evil = update(Account).where(Account.id == month.account("lee")).values(display_name="=cmd")
    month.db.transact(lambda s: s.execute(evil))
    boss = month.logged_in("boss")
    answer = boss.api("GET", "/access-review/export?month=2026-02", headers={"Accept-Language": language})
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert len(rows) == 6 and {len(row) for row in rows} == {16}
    assert any(row[1] == "'=cmd" for row in rows)
    last = month.db.look(lambda s: s.scalar(select(AuditLine.action).order_by(AuditLine.seq.desc()).limit(1)))
    assert last == "access_review.exported"
    assert boss.api("GET", "/access-review/export?month=2026-02&format=exe").code == "INVALID_FIELDS"
