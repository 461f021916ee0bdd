"""OP-SET-APPROVE as policy: reasons, hours and a second person, at the appliance and in the text that the device obeys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from test_devices_server import Pc, active, connect, pc, row  # noqa: F401  fixtures
from world import World

from wizhelper.protocol.device_access import AccessRules, TimeWindow, check_rules, open_at, refusal
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.store.audit import AuditLine

ALL: dict[str, Any] = {"reason": False, "two_person": False, "windows": [], "actions": []}


def rule(world: World, path: str = "/device-settings/access", **more: Any) -> None:
    assert world.logged_in("boss").api("PUT", path, {"access": {**ALL, **more}}).status == 200


def acts(world: World) -> list[str]:
    return world.db.look(lambda db: list(db.scalars(select(AuditLine.action).order_by(AuditLine.seq))))


def ask(world: World, device: Pc, reason: str = "월말 마감 점검", login: str = "kim") -> Any:
    return world.logged_in(login).api("POST", f"/devices/{device.id}/visits", {"reason": reason})


def test_where_a_reason_is_asked_it_goes_to_the_pc_and_stays_with_the_connection(world: World, active: Pc) -> None:  # noqa: F811
    link = active.link()
    rule(world, reason=True)
    assert connect(world, active).code == "VISIT_REASON_NEEDED"
    assert ask(world, active, " ").code == ask(world, active, "a\u202eb").code == "INVALID_FIELDS"
    assert ask(world, active).json["state"] == "approved"
    assert connect(world, active, "lee").code == "VISIT_REASON_NEEDED"
    begun = connect(world, active)
    assert begun.status == 200 and link.of_type("invite")[0]["reason"] == "월말 마감 점검"
    detail = world.logged_in("kim").api("GET", f"/devices/{active.id}").json
    assert detail["connections"][0]["reason"] == "월말 마감 점검"
    assert "device_visit.asked" in acts(world)


def test_a_second_person_who_is_not_the_first_approves_in_time(world: World, active: Pc) -> None:  # noqa: F811
    link = active.link()
    rule(world, two_person=True)
    assert connect(world, active).code == "SECOND_PERSON_NEEDED"
    visit = ask(world, active).json
    assert visit["state"] == "waiting"
    kim, lee = world.logged_in("kim"), world.logged_in("lee")
    assert kim.api("POST", f"/device-visits/{visit['id']}/approve").code == "OWN_REQUEST"
    assert connect(world, active).code == "SECOND_PERSON_NEEDED"
    shown = lee.api("GET", "/device-visits").json["items"][0]
    assert (shown["reason"], shown["own"], shown["state"]) == ("월말 마감 점검", False, "waiting")
    assert lee.api("POST", f"/device-visits/{visit['id']}/approve").json["state"] == "approved"
    assert lee.api("POST", f"/device-visits/{visit['id']}/approve").code == "REQUEST_OVER"
    assert connect(world, active).status == 200
    assert link.of_type("invite")[0]["approver"].startswith("Lee")
    assert acts(world)[-3:-1] == ["device_visit.asked", "device_visit.approved"] or "device_visit.approved" in acts(world)


def test_a_yes_is_good_for_one_connection_and_for_a_quarter_of_an_hour(world: World, active: Pc) -> None:  # noqa: F811
    active.link()
    rule(world, two_person=True)
    boss = world.logged_in("boss")
    late = ask(world, active).json["id"]
    world.advance(minutes=16)
    boss = world.logged_in("boss")
    assert boss.api("POST", f"/device-visits/{late}/approve").code == "REQUEST_OVER"
    used = ask(world, active).json["id"]
    assert boss.api("POST", f"/device-visits/{used}/approve").status == 200
    begun = connect(world, active).json
    assert world.logged_in("kim").api("POST", f"/sessions/{begun['id']}/end").status < 300
    assert connect(world, active).code in ("SECOND_PERSON_NEEDED", "DEVICE_BUSY")
    refused = ask(world, active).json["id"]
    assert boss.api("POST", f"/device-visits/{refused}/refuse").json["state"] == "refused"


def test_outside_its_hours_nobody_connects(world: World, active: Pc) -> None:  # noqa: F811
    """START is Monday 2026-03-02, 09:00 in Seoul or another known time: the test asks for the other day."""
    active.link()
    day = world.time.now().astimezone().weekday()
    other = [{"day": (day + 3) % 7, "start": 0, "end": 1440}]
    rule(world, windows=other)
    assert connect(world, active).code == "DEVICE_CLOSED_NOW"
    rule(world, f"/devices/{active.id}/access", windows=[{"day": d, "start": 0, "end": 1440} for d in range(7)])
    assert connect(world, active).status == 200


@pytest.mark.parametrize("window", [{"day": 7, "start": 0, "end": 5}, {"day": 0, "start": 9, "end": 9}, {"day": 0, "start": -1, "end": 5}])
def test_hours_that_mean_nothing_are_refused(world: World, window: dict[str, int]) -> None:
    body = {"access": {**ALL, "windows": [window]}}
    assert world.logged_in("boss").api("PUT", "/device-settings/access", body).code == "INVALID_FIELDS"


def test_the_rules_reach_the_device_signed_with_a_new_serial(world: World, active: Pc) -> None:  # noqa: F811
    link = active.link()
    before = json.loads(link.of_type("admitted")[0]["policy"]["text"])["serial"]
    rule(world, reason=True, windows=[{"day": 0, "start": 540, "end": 1080}], actions=["command"])
    told = json.loads(link.of_type("policy")[-1]["policy"]["text"])
    assert told["serial"] == before + 1 and told["access"]["actions"] == ["command"]
    assert told["access"]["zone"] == "Asia/Seoul" and told["access"]["windows"] == [{"day": 0, "start": 540, "end": 1080}]


def test_a_pc_that_declines_ends_the_session_at_once(world: World, active: Pc) -> None:  # noqa: F811
    link = active.link()
    begun = connect(world, active).json
    link.send({"type": "declined", "session": "0" * 36, "code": "DEVICE_CLOSED_NOW"})
    assert row(world, begun["id"]).ended_at is None
    link.send({"type": "declined", "session": begun["id"], "code": "DEVICE_CLOSED_NOW"})
    assert row(world, begun["id"]).ended_at is not None


def test_visits_of_another_company_do_not_exist(world: World, active: Pc) -> None:  # noqa: F811
    rule(world, two_person=True)
    visit = ask(world, active).json["id"]
    lee = world.logged_in("lee", "beta")
    assert lee.api("GET", "/device-visits").json["items"] == []
    assert lee.api("POST", f"/device-visits/{visit}/approve").code == "NOT_FOUND"


def test_hours_are_those_of_the_companys_zone() -> None:
    office = AccessRules(zone="Asia/Seoul", windows=(TimeWindow(0, 9 * 60, 18 * 60),))
    at = lambda hour, minute=0, day=2: datetime(2026, 3, day, hour, minute, tzinfo=UTC)  # noqa: E731
    assert [open_at(office, at(23, 59, 1)), open_at(office, at(0)), open_at(office, at(8, 59)), open_at(office, at(9))] == [
        False,
        True,
        True,
        False,
    ]
    assert refusal(AccessRules(two_person=True), at(0), "why", "") == "SECOND_PERSON_NEEDED"
    assert refusal(AccessRules(two_person=True), at(0), " ", "lee") == "VISIT_REASON_NEEDED"
    assert refusal(AccessRules(), at(0), "", "") is None


@pytest.mark.parametrize(
    "broken",
    [
        AccessRules(zone="Mars/Base"),
        AccessRules(zone="../../etc/passwd"),
        AccessRules(actions=("format",)),
        AccessRules(windows=(TimeWindow(0, 60, 60),)),
        AccessRules(windows=(TimeWindow(0, 0, 1441),)),
    ],
)
def test_rules_that_mean_nothing_are_no_policy(broken: AccessRules) -> None:
    with pytest.raises(RemoteProtocolError):
        check_rules(broken, "BAD_POLICY")


def test_the_rule_of_approval_and_the_rules_of_access_do_not_undo_each_other(world: World) -> None:
    boss = world.logged_in("boss")
    rule(world, two_person=True)
    assert boss.api("PUT", "/device-settings", {"approval": "always", "answer_s": 20}).status == 200
    assert boss.api("GET", "/device-settings/access").json["access"]["two_person"] is True
    rule(world, reason=True)
    assert boss.api("GET", "/device-settings").json["approval"] == "always"
