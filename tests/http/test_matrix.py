"""Who may call what: every route of the table x every role x own and foreign rows (security figures, row C)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from examples import example
from fakes import Answer, Browser, random_id
from sqlalchemy import select
from sqlalchemy.orm import Session
from world import World

from wizhelper.accounts.model import Team
from wizhelper.accounts.service import account_of_company
from wizhelper.aftercare.model import AbuseReport
from wizhelper.favourites.model import Favourite
from wizhelper.http.api import PUBLIC, Role, Route
from wizhelper.notices.model import Notice
from wizhelper.recordings import chain
from wizhelper.recordings.model import Recording, RecordingKey
from wizhelper.records.model import FaultType, SessionOffer, SupportSession
from wizhelper.settings.service import add_consent_text
from wizhelper.sms.model import SmsGateway, SmsTemplate
from wizhelper.support import joining, rules

PEOPLE = {"kim": Role.OPERATOR, "boss": Role.ADMIN, "chief": Role.GROUP_ADMIN, "audit": Role.AUDITOR}
MARK = "BETA-SECRET"
#: Public on purpose: what a login page and a customer's program need before anybody is known.
PUBLIC_ROUTES = {
    "GET /public/login",
    "POST /devices/enrol",
    "POST /devices/enrol/groups",
    "POST /login",
    "POST /join",
    "POST /join/pick",
    "POST /join/token",
    "POST /join/resume",
    "GET /join/operators",
    "POST /join/<uuid:id>/consent",
    "POST /join/<uuid:id>/report",
}


@dataclass(frozen=True)
class Rows:
    """One row of each kind of one company."""

    session: str
    account: int
    team: int
    numbers: Mapping[str, int | str]
    """Word of the path -> the row that its <id> means; where no word fits it is the session."""


@dataclass
class Scene:
    world: World
    alpha: Rows
    beta: Rows

    @property
    def routes(self) -> list[Route]:
        return self.world.web.routes

    def call(self, browser: Browser, route: Route, rows: Rows, **how: Any) -> Answer:
        body = example(route.body) if route.body else ({} if route.method != "GET" else None)
        return browser.api(route.method, _path(route, rows), body, **how)


def _path(route: Route, rows: Rows) -> str:
    one = next((number for word, number in rows.numbers.items() if word in route.path), rows.session)
    ids = {"num": rows.account, "team": rows.team, "id": one}
    return re.sub(r"<[^>]*?(\w+)>", lambda m: str(ids[m[1]]), route.path)


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _rows(world: World, company: str, mark: str) -> Rows:
    owner = world.account("kim", company)

    def work(db: Session) -> Rows:
        row = rules.create_waiting(db, world.time.now(), owner)
        joining.join(db, world.time.now(), row, "program", "203.0.113.200", joining.Host(mark, mark, "linux", mark))
        row.memo = mark
        notice = Notice(company_id=row.company_id, title=mark, body=mark, audience="operator", from_at=world.time.now())
        fault = FaultType(company_id=row.company_id, code=mark[:32], name=mark)
        favourite = Favourite(company_id=row.company_id, kind="url", title=mark, value="https://example.com/")
        team = Team(company_id=row.company_id, name=mark, created_at=world.time.now())
        abuse = AbuseReport(company_id=row.company_id, session_id=row.id, at=world.time.now(), text=mark, address="::1")
        offer = SessionOffer(company_id=row.company_id, session_id=row.id, kind="watch", from_id=owner, to_id=owner)
        offer.made_at = offer.due_at = world.time.now()
        db.add_all([offer, notice, fault, favourite, team, abuse])
        add_consent_text(db, world.time.now(), row.company_id, "en", mark)
        account_of_company(db, row.company_id, world.account("lee", company)).display_name = mark
        db.flush()
        numbers = {"notices": notice.id, "favourites": favourite.id, "fault-types": fault.id}
        numbers |= {"offers": offer.id, "abuse-reports": abuse.id, **_sms_rows(db, world, row.company_id, mark)}
        numbers |= _recording_rows(db, world, row, owner, mark)
        return Rows(row.id, world.account("lee", company), team.id, numbers)

    return world.db.transact(work)


def _recording_rows(db: Session, world: World, row: SupportSession, owner: int, mark: str) -> dict[str, int | str]:
    key = RecordingKey(company_id=row.company_id, name=mark, public=mark, fingerprint=mark, made_by=owner)
    key.made_at = world.time.now()
    db.add(key)
    db.flush()
    made = Recording(id=random_id(), company_id=row.company_id, session_id=row.id, account_id=owner, key_id=key.id)
    made.sealed, made.chunks, made.begun_at, made.last_at = "ab" * 80, 1, world.time.now(), world.time.now()
    made.head = chain.first(made.id, made.sealed)
    db.add(made)
    db.flush()
    return {"/recordings/": made.id, "recording-keys": key.id}


def _sms_rows(db: Session, world: World, company: int, mark: str) -> dict[str, int]:
    template = SmsTemplate(company_id=company, name=mark, subject="", body="{link}")
    gateway = SmsGateway(company_id=company, kind="http", name=mark, position=1, sender="021234", callback=mark)
    gateway.settings, gateway.changed_at = {"url": "https://sms.example/"}, world.time.now()
    gateway.sealed = world.appliance.sms.sealer.seal("{}", f"sms gateway {company} {mark}")
    db.add_all([template, gateway])
    db.flush()
    return {"sms/gateways": gateway.id, "sms/templates": template.id}


@pytest.fixture
def scene(world: World) -> Scene:
    scene = Scene(world, _rows(world, "alpha", "ours"), _rows(world, "beta", MARK))
    world.set_company("beta", name=MARK, contact=MARK)
    return scene


def _protected(scene: Scene) -> Iterator[Route]:
    return (r for r in scene.routes if r.roles != PUBLIC)


def test_every_route_declares_who_may_call_it_and_few_are_public(scene: Scene) -> None:
    assert {_name(r) for r in scene.routes if r.roles == PUBLIC} <= PUBLIC_ROUTES
    assert all(r.roles <= set(Role) for r in scene.routes)
    assert len(scene.routes) >= 35


def test_without_a_login_no_protected_route_does_anything(scene: Scene) -> None:
    for route in _protected(scene):
        answer = scene.call(scene.world.browser(), route, scene.alpha)
        assert (answer.status, answer.code) == (401, "LOGIN_REQUIRED"), _name(route)


@pytest.mark.parametrize("login_id", PEOPLE)
def test_a_role_that_is_not_declared_is_refused_on_every_route(scene: Scene, login_id: str) -> None:
    browser = scene.world.logged_in(login_id)
    for route in _protected(scene):
        answer = scene.call(browser, route, scene.alpha)
        if PEOPLE[login_id] not in route.roles:
            assert (answer.status, answer.code) == (403, "FORBIDDEN"), _name(route)
        else:
            assert answer.code not in ("FORBIDDEN", "CSRF") and answer.status != 500, _name(route)
        if route.path == "/logout":
            browser = scene.world.logged_in(login_id)


@pytest.mark.parametrize("login_id", PEOPLE)
def test_rows_of_another_company_do_not_exist(scene: Scene, login_id: str) -> None:
    """Security entry point E12: 404, the very answer that a row gets which exists nowhere."""
    browser = scene.world.logged_in(login_id)
    ids = {word: random_id() if isinstance(one, str) else 999_999 for word, one in scene.beta.numbers.items()}
    nowhere = Rows(random_id(), 999_999, 999_999, ids)
    checked = 0
    for route in _protected(scene):
        if "<" in route.path and PEOPLE[login_id] in route.roles:
            answer = scene.call(browser, route, scene.beta)
            assert (answer.status, answer.code) == (404, "NOT_FOUND"), _name(route)
            assert answer.body == scene.call(browser, route, nowhere).body, _name(route)
            checked += 1
    assert checked


def test_sessions_of_another_operator_do_not_exist_for_an_operator(scene: Scene) -> None:
    """ADM-ROLE-OP."""
    lee = scene.world.logged_in("lee")
    for route in _protected(scene):
        if "<uuid:id>" in route.path and Role.OPERATOR in route.roles:
            answer = scene.call(lee, route, scene.alpha)
            assert (answer.status, answer.code) == (404, "NOT_FOUND"), _name(route)
    assert lee.api("GET", "/records").json["total"] == 0
    assert lee.api("GET", "/sessions").json["items"] == []


@pytest.mark.parametrize("login_id", PEOPLE)
def test_no_answer_contains_anything_of_another_company(scene: Scene, login_id: str) -> None:
    """Security entry point E12: lists, searches, counts."""
    browser = scene.world.logged_in(login_id)
    queries = ["", "?q=BETA", "?q=%25", "?q=_", "?company=beta", "?size=200&page=1", "?state=JOINING,WAITING"]
    for route in _protected(scene):
        if route.method == "GET" and "<" not in route.path:
            for query in queries:
                answer = browser.api("GET", route.path + query)
                assert MARK not in answer.text, route.path + query
                assert scene.beta.session not in answer.text, route.path + query


@pytest.mark.parametrize("login_id", ["boss", "chief", "audit"])
def test_readers_see_every_session_of_their_own_company(scene: Scene, login_id: str) -> None:
    """ADM-ROLE-ADM, ADM-ROLE-GRP."""
    browser = scene.world.logged_in(login_id)
    assert [s["id"] for s in browser.api("GET", "/records").json["items"]] == [scene.alpha.session]
    assert browser.api("GET", f"/records/{scene.alpha.session}").json["chain_ok"] is True


def test_a_foreign_fault_type_cannot_be_written_into_a_record(scene: Scene) -> None:
    kim, support = scene.world.logged_in("kim"), scene.world.db

    def live(db: Session) -> None:
        row = db.get_one(SupportSession, scene.alpha.session)
        row.state = "WRAPUP"

    support.transact(live)
    form = {"fault_type_id": scene.beta.numbers["fault-types"], "result": "resolved", "memo": ""}
    assert kim.api("POST", f"/sessions/{scene.alpha.session}/wrapup", form).code == "INVALID_FIELDS"
    own = support.look(lambda s: s.scalar(select(FaultType.id).where(FaultType.id == scene.alpha.numbers["fault-types"])))
    assert kim.api("POST", f"/sessions/{scene.alpha.session}/wrapup", {**form, "fault_type_id": own}).status == 200


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 8000, b"\xff\xfe"])
def test_no_unsafe_route_acts_without_the_right_csrf_token(scene: Scene, token: Any) -> None:
    browsers = {role: scene.world.logged_in(name) for name, role in PEOPLE.items()}
    for route in _protected(scene):
        if route.method != "GET":
            browser = browsers[sorted(route.roles)[0]]
            answer = scene.call(browser, route, scene.alpha, headers={"X-CSRF-Token": token})
            assert (answer.status, answer.code) == (403, "CSRF"), _name(route)


def test_the_csrf_token_of_another_login_is_wrong(scene: Scene) -> None:
    here, there = scene.world.logged_in("kim"), scene.world.logged_in("kim")
    here.csrf = there.csrf
    assert here.api("POST", "/sessions", {}).code == "CSRF"


def test_no_valid_body_makes_any_route_fail_unexpectedly(scene: Scene) -> None:
    browsers = {name: scene.world.logged_in(name) for name in PEOPLE}
    for route in scene.routes:
        for name, browser in browsers.items():
            if route.path not in ("/logout", "/login") and (route.roles == PUBLIC or PEOPLE[name] in route.roles):
                assert scene.call(browser, route, scene.alpha).status < 500, _name(route)


def test_unknown_fields_are_refused_by_every_route(scene: Scene) -> None:
    """Mass assignment: `role`, `company_id` and the like cannot be slipped in."""
    browsers = {role: scene.world.logged_in(name) for name, role in PEOPLE.items()}
    for route in scene.routes:
        if route.body is not None:
            browser = browsers[sorted(route.roles)[0]] if route.roles else scene.world.browser()
            body = {**example(route.body), "company_id": 2}
            answer = browser.api(route.method, _path(route, scene.alpha), body)
            assert (answer.status, answer.code) == (400, "INVALID_FIELDS"), _name(route)
            assert "company_id" in answer.json["error"]["fields"], _name(route)
