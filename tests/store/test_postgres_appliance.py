"""The whole appliance on PostgreSQL: one support case from login to record, and every list on the way."""

from __future__ import annotations

from typing import Any

import pytest
from postgres_server import PostgresServer
from world import PASSWORD, World

pytestmark = pytest.mark.slow


@pytest.fixture
def world(make_world: Any, postgres: PostgresServer, postgres_template: str) -> World:
    found: World = make_world(database_url=postgres.create(postgres_template))
    assert found.db.engine.dialect.name == "postgresql"
    return found


def test_a_support_case_runs_from_login_to_record(world: World) -> None:
    """OP-LOGIN-CO, OP-WAIT-NEW, CUST-PICK, CUST-CONSENT, FAQ-CLOSE, ADM-REC-WORK, ADM-REC-LOGIN."""
    world.set_company(page_mode="both")
    kim = world.browser()
    kim.csrf = kim.api("POST", "/login", {"company": "alpha", "id": "kim", "password": PASSWORD}).json["csrf"]
    host = {"host_name": "PC 한글", "user_name": "u", "os": "linux", "os_version": "12"}
    (offered,) = world.browser().api("GET", "/join/operators?company=alpha").json["items"]
    joined = (
        world.browser().api("POST", "/join/pick", {"company": "alpha", "operator": offered["id"], "host": host}).json
    )
    answer = {"accepted": True, "text": joined["consent"]["id"], "source": "window"}
    bearer = {"Authorization": f"Bearer {joined['secret']}"}
    assert world.browser().api("POST", f"/join/{joined['session']}/consent", answer, headers=bearer).status == 204
    agent = world.socket("/ws/agent")
    agent.send({"type": "auth", "session": joined["session"], "secret": joined["secret"], "version": "1"})
    assert kim.api("POST", f"/sessions/{joined['session']}/control", {}).json["path"] == "/ws/relay"
    world.advance(120)
    assert kim.api("POST", f"/sessions/{joined['session']}/end", {}).json["state"] == "WRAPUP"
    fault = kim.api("GET", "/fault-types").json["items"][0]["id"]
    form = {"fault_type_id": fault, "result": "resolved", "memo": "끝 100%"}
    assert kim.api("POST", f"/sessions/{joined['session']}/wrapup", form).json["state"] == "COMPLETED"
    boss = world.logged_in("boss")
    shown = boss.api("GET", "/records?q=%ED%95%9C%EA%B8%80&state=COMPLETED&from=2026-01-01T00:00:00Z")
    assert shown.status == 200, shown.text
    found = shown.json
    assert [s["id"] for s in found["items"]] == [joined["session"]] and found["items"][0]["active_s"] == 120
    assert boss.api("GET", f"/records/{joined['session']}").json["chain_ok"] is True
    assert boss.api("GET", "/login-records").json["total"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/accounts",
        "/company",
        "/consent-texts",
        "/notices",
        "/login-records",
        "/records",
        "/sessions/now",
        "/counts",
        "/me",
    ],
)
def test_every_list_can_be_read(world: World, path: str) -> None:
    assert world.logged_in("boss").api("GET", path).status == 200


def test_text_that_postgresql_does_not_store_is_refused_before_it(world: World) -> None:
    """NUL, in every way in."""
    boss, visitor = world.logged_in("boss"), world.browser()
    host = {"host_name": "\0", "user_name": "u", "os": "linux", "os_version": "12"}
    assert visitor.api("POST", "/join", {"number": "123456", "host": host}).status == 400
    assert boss.api("GET", "/records?q=%00").status == 400
    assert visitor.get("/a%00b").status == 404
    assert visitor.form("/alpha", {"number": "12\0"}).status == 400
    login = {"company": "alpha", "id": "kim", "password": "x"}
    assert visitor.api("POST", "/login", login, headers={"User-Agent": b"a\x00b"}).status in (400, 401)
    agent = world.socket("/ws/agent")
    agent.send({"type": "auth", "session": "\0", "secret": "\0", "version": "1"})
    assert agent.close_reason == "NOT_FOUND"
