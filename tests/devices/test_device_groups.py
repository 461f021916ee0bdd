"""ADM-GROUP: who reaches which device groups, and moving many devices at once."""

from __future__ import annotations

import pytest
from fakes import Answer
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
from test_devices_server import Pc, agent, listed, make_token
from world import World

from wizhelper.accounts import teams
from wizhelper.accounts.model import Account
from wizhelper.settings.service import find_company


def group(world: World, name: str, parent: int | None = None) -> int:
    form = {"name": name, "parent_id": parent, "approval": None, "answer_s": None}
    number: int = world.logged_in("boss").api("POST", "/device-groups", form).json["id"]
    return number


def team(world: World, name: str, *logins: str) -> int:
    """An operator group of alpha with these people."""

    def work(db: Session) -> int:
        company = find_company(db, "alpha")
        assert company is not None
        row = teams.add(db, world.time.now(), company.id, name)
        for login in logins:
            db.get_one(Account, world.account(login)).team_id = row.id
        return row.id

    return world.db.transact(work)


def shops(world: World, number: int) -> list[Pc]:
    token = make_token(world, uses=number)
    made = [Pc(world) for _ in range(number)]
    for n, pc in enumerate(made):
        assert pc.enrol(name=f"Shop {n}", token=token).status == 201
    return made


def move(world: World, devices: list[str], to: int | None, login: str = "boss", company: str = "alpha") -> Answer:
    return world.logged_in(login, company).api("POST", "/devices/move", {"devices": devices, "group_id": to})


def test_many_devices_move_at_once_and_all_or_none(world: World) -> None:
    north, pcs = group(world, "North"), shops(world, 3)
    chosen = [pcs[0].id, pcs[1].id, pcs[0].id]
    assert move(world, chosen, north).json == {"moved": 2}
    assert {d["name"] for d in listed(world, group=str(north))} == {"Shop 0", "Shop 1"}
    assert move(world, [pcs[2].id, "0" * 36], north).code == "NOT_FOUND"
    assert len(listed(world, group="none")) == 1
    assert move(world, chosen, None).json == {"moved": 2}
    assert move(world, chosen, 9999).code == "NOT_FOUND"
    assert move(world, chosen, None, "kim").code == "FORBIDDEN"
    assert move(world, chosen, None, "boss", "beta").code == "NOT_FOUND"
    history = world.logged_in("boss").api("GET", f"/devices/{pcs[0].id}").json["events"]
    assert [event["kind"] for event in history].count("changed") == 2


def test_moving_gives_a_linked_device_the_rules_of_its_new_group(world: World) -> None:
    (pc,) = shops(world, 1)
    link = pc.link()
    strict = group(world, "Strict")
    form = {"name": "Strict", "parent_id": None, "approval": "always", "answer_s": 30}
    assert world.logged_in("boss").api("PUT", f"/device-groups/{strict}", form).status == 200
    move(world, [pc.id], strict)
    assert "always" in link.of_type("policy")[-1]["policy"]["text"]


@pytest.fixture
def walled(world: World) -> tuple[Pc, int, int, int]:
    """A device in North/Vault; North is for the operator group of lee."""
    (pc,) = shops(world, 1)
    north = group(world, "North")
    vault = group(world, "Vault", north)
    move(world, [pc.id], vault)
    number = team(world, "Bank", "lee")
    form = {"restricted": True, "teams": [number]}
    assert world.logged_in("boss").api("PUT", f"/device-groups/{north}/teams", form).json["teams"] == [number]
    return pc, north, vault, number


def test_a_restricted_group_is_for_its_operator_groups_only(world: World, walled: tuple[Pc, int, int, int]) -> None:
    pc, north, vault, _ = walled
    pc.link()
    kim, lee = world.logged_in("kim"), world.logged_in("lee")
    assert kim.api("GET", "/devices").json["total"] == 0 and kim.api("GET", "/device-groups").json["items"] == []
    for method, path, body in (
        ("GET", f"/devices/{pc.id}", None),
        ("PATCH", f"/devices/{pc.id}", {"name": "mine"}),
        ("POST", f"/devices/{pc.id}/connect", None),
    ):
        assert kim.api(method, path, body).code == "NOT_FOUND"
    assert {g["id"] for g in lee.api("GET", "/device-groups").json["items"]} == {north, vault}
    assert lee.api("POST", f"/devices/{pc.id}/connect").status == 200
    assert len(listed(world, "boss")) == len(listed(world, "audit")) == 1 and listed(world, "chief") == []


def test_the_nearest_restriction_decides_and_a_group_without_operators_is_shut(
    world: World, walled: tuple[Pc, int, int, int]
) -> None:
    _, north, vault, number = walled
    boss = world.logged_in("boss")
    assert boss.api("PUT", f"/device-groups/{vault}/teams", {"restricted": True, "teams": []}).status == 200
    assert listed(world, "lee") == []
    assert boss.api("PUT", f"/device-groups/{vault}/teams", {"restricted": False, "teams": []}).status == 200
    assert len(listed(world, "lee")) == 1
    team_row = {"restricted": True, "teams": [number, 9999]}
    assert boss.api("PUT", f"/device-groups/{north}/teams", team_row).code == "NOT_FOUND"
    assert world.logged_in("boss", "beta").api("PUT", f"/device-groups/{north}/teams", team_row).code == "NOT_FOUND"


def test_a_deleted_operator_group_opens_nothing(world: World, walled: tuple[Pc, int, int, int]) -> None:
    _, _, _, number = walled
    world.db.transact(lambda db: setattr(db.get_one(Account, world.account("lee")), "team_id", None))
    assert world.logged_in("boss").api("DELETE", f"/teams/{number}").status == 204
    assert listed(world, "kim") == listed(world, "lee") == []
    assert len(listed(world, "boss")) == 1


def test_a_page_of_devices_costs_the_same_however_many_there_are(world: World) -> None:
    """DEV-LIST: as many queries for thirty devices as for five, and no more rows than the page has."""
    costs = []
    for more in (5, 25):
        shops(world, more)
        kim, said = world.logged_in("kim"), []
        note = lambda *told: said.append(told[2])  # noqa: B023, E731
        event.listen(Engine, "before_cursor_execute", note)
        answer = kim.api("GET", "/devices?page=1&size=5").json
        event.remove(Engine, "before_cursor_execute", note)
        assert len(answer["items"]) == 5
        costs.append(len(said))
    assert answer["total"] == 30 and costs[0] == costs[1] <= 12


def test_nobody_is_invited_to_a_session_of_a_device_that_he_does_not_reach(
    world: World, walled: tuple[Pc, int, int, int]
) -> None:
    """RC-HANDOVER of a registered device: watching it, or taking the session over, is no way around the wall."""
    pc, north, _, number = walled
    insider = world.logged_in("lee")
    with_link = pc.link()
    session = insider.api("POST", f"/devices/{pc.id}/connect").json["id"]
    agent(world, with_link.of_type("invite")[-1])
    world.console(world.logged_in("kim"))
    ask = {"kind": "watch", "to": world.account("kim")}
    assert insider.api("POST", f"/sessions/{session}/ask", ask).code == "DEVICE_OUT_OF_REACH"
    boss, walls = world.logged_in("boss"), f"/device-groups/{north}/teams"
    boss.api("PUT", walls, {"restricted": False, "teams": []})
    offer = insider.api("POST", f"/sessions/{session}/ask", ask).json["id"]
    boss.api("PUT", walls, {"restricted": True, "teams": [number]})
    answer = {"accepted": True}
    assert world.logged_in("kim").api("POST", f"/offers/{offer}/answer", answer).code == "DEVICE_OUT_OF_REACH"
    boss.api("PUT", walls, {"restricted": False, "teams": []})
    assert world.logged_in("kim").api("POST", f"/offers/{offer}/answer", answer).status == 200


def test_deleting_a_restricted_group_does_not_open_what_is_in_it(
    world: World, walled: tuple[Pc, int, int, int]
) -> None:
    pc, north, vault, _ = walled
    boss = world.logged_in("boss")
    assert boss.api("DELETE", f"/device-groups/{north}").code == "GROUP_RESTRICTED"
    assert boss.api("DELETE", f"/device-groups/{vault}").status == 204  # moves up, which is as restricted
    assert boss.api("DELETE", f"/device-groups/{north}").code == "GROUP_RESTRICTED"
    move(world, [pc.id], None)
    assert boss.api("DELETE", f"/device-groups/{north}").status == 204
