"""An operator meets his own sessions only, a group administrator those of the own group, on every route that lists, counts
or exports (ADM-ROLE-OP, ADM-ROLE-GRP).

The routes are taken from the table of the appliance, so one that is added later is asked too.
"""

from __future__ import annotations

import io
import zipfile
from urllib.parse import urlencode

import pytest
from examples import example
from fakes import Answer
from sqlalchemy.orm import Session
from world import World

from wizhelper.accounts.model import Account
from wizhelper.http.api import PUBLIC, Role, Route
from wizhelper.records.model import SupportSession
from wizhelper.support import joining, rules

MARK = "SESSION-OF-KIM"
PERIOD = {"from": "2020-01-01", "to": "2029-12-29"}


@pytest.fixture
def session_of_kim(world: World) -> SupportSession:
    kim = world.account("kim")

    def work(db: Session) -> SupportSession:
        row = rules.create_waiting(db, world.time.now(), kim)
        joining.join(db, world.time.now(), row, "program", "203.0.113.200", joining.Host(MARK, MARK, "linux", MARK))
        row.memo, row.connected_at = MARK, world.time.now()
        db.flush()
        db.expunge(row)
        return row

    return world.db.transact(work)


def _lists(world: World, role: Role) -> list[Route]:
    """Everything this role may read without naming a row."""
    routes = (r for r in world.web.routes if r.roles != PUBLIC and r.method == "GET" and "<" not in r.path)
    return [r for r in routes if role in r.roles]


def _queries(world: World, row: SupportSession) -> list[str]:
    kim = str(world.account("kim"))
    asked: list[dict[str, str]] = [{}, {"q": MARK}, {"operator": kim}, {"account": kim}, {"owner": kim}]
    asked += [{"session": row.id}, {"format": "csv"}, {"format": "xlsx"}, {"size": "200"}, {"rows": "os_version"}]
    asked += [{"rows": "operator", "columns": "state", "operator": f"{kim},{world.account('lee')}"}]
    return [urlencode({**PERIOD, **one}) for one in asked]


def _text(answer: Answer) -> str:
    """What the answer says, with the sheets of a workbook unpacked."""
    if not answer.body.startswith(b"PK"):
        return answer.body.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def _without_group(world: World) -> None:
    """Kim is in no group any more, so that no group administrator manages him."""

    def work(db: Session) -> None:
        account = db.get_one(Account, world.account("kim"))
        account.team_id = None

    world.db.transact(work)


@pytest.mark.parametrize(("login_id", "role"), [("lee", Role.OPERATOR), ("chief", Role.GROUP_ADMIN)])
def test_no_list_count_or_export_shows_the_session_of_somebody_else(
    world: World, session_of_kim: SupportSession, login_id: str, role: Role
) -> None:
    _without_group(world)
    reader, routes = world.logged_in(login_id), _lists(world, role)
    assert {"/records", "/records/export", "/statistics", "/statistics/export"} <= {r.path for r in routes}
    for route in routes:
        for query in _queries(world, session_of_kim):
            text = _text(reader.api("GET", f"{route.path}?{query}"))
            assert MARK not in text, (route.path, query)
            assert session_of_kim.id not in text, (route.path, query)


def test_a_group_administrator_finds_no_session_of_another_group_by_its_id(
    world: World, session_of_kim: SupportSession
) -> None:
    _without_group(world)
    chief = world.logged_in("chief")
    routes = [r for r in world.web.routes if "/<uuid:id>" in r.path and Role.GROUP_ADMIN in r.roles]
    assert any(r.path == "/records/<uuid:id>" for r in routes)
    for route in routes:
        body = example(route.body) if route.body else ({} if route.method != "GET" else None)
        answer = chief.api(route.method, route.path.replace("<uuid:id>", session_of_kim.id), body)
        assert (answer.status, answer.code) == (404, "NOT_FOUND"), (route.method, route.path)


def test_the_same_questions_find_it_for_its_owner(world: World, session_of_kim: SupportSession) -> None:
    """Else the rule above could hold because nothing is found at all."""
    kim = world.logged_in("kim")
    for path in (
        "/records",
        "/records/export?format=csv",
        "/records/export?format=xlsx",
        "/statistics?rows=os_version",
    ):
        joined = f"{path}{'&' if '?' in path else '?'}{urlencode({**PERIOD, 'operator': str(world.account('kim'))})}"
        assert MARK in _text(kim.api("GET", joined)), path


def test_figures_count_nothing_of_a_colleague(world: World, session_of_kim: SupportSession) -> None:
    query = urlencode({**PERIOD, "rows": "state", "operator": str(world.account("kim"))})
    assert world.logged_in("kim").api("GET", f"/statistics?{query}").json["total"] == 1
    assert world.logged_in("lee").api("GET", f"/statistics?{query}").json["total"] == 0
