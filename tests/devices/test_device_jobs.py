"""Actions on many devices: waking through a neighbour, commands where the policy allows them, a result for each."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import Answer
from test_device_visits import rule
from test_devices_server import Pc, make_token
from world import World

OFFICE = {"mac": "00:11:22:33:44:55", "network": "192.168.0.0/24", "broadcast": "192.168.0.255"}


def start(world: World, action: str, *devices: str, login: str = "boss", company: str = "alpha", **more: str) -> Answer:
    body = {"action": action, "devices": list(devices), **more}
    return world.logged_in(login, company).api("POST", "/device-jobs", body)


def result(world: World, job: str, login: str = "boss") -> dict[str, Any]:
    found: dict[str, Any] = world.logged_in(login).api("GET", f"/device-jobs/{job}").json["results"][0]
    return found


@pytest.fixture
def pair(world: World) -> tuple[Pc, Pc]:
    token = make_token(world, uses=2)
    made = Pc(world), Pc(world)
    for pc in made:
        pc.enrol(token=token)
    return made


def linked(pc: Pc, *networks: dict[str, str]) -> Any:
    socket = pc.link()
    socket.send({"type": "networks", "networks": list(networks or [OFFICE])})
    return socket


def test_a_neighbour_wakes_a_pc_and_the_result_says_so(world: World, pair: tuple[Pc, Pc]) -> None:
    sleeper, awake = pair
    linked(sleeper).drop()
    helper = linked(awake, {**OFFICE, "mac": "00:11:22:33:44:66"})
    job = start(world, "wake", sleeper.id, login="kim").json
    assert job["results"][0]["state"] == "sent"
    (order,) = helper.of_type("wake")
    assert order["networks"] == [OFFICE]
    helper.send({"type": "task_done", "task": order["task"], "code": "", "exit": None, "output": ""})
    assert result(world, job["id"], "kim")["state"] == "called"
    sleeper.link("two")
    assert result(world, job["id"], "kim")["state"] == "done"
    assert world.logged_in("lee").api("GET", f"/device-jobs/{job['id']}").code == "NOT_FOUND"


def test_a_pc_that_does_not_wake_is_told_after_its_time(world: World, pair: tuple[Pc, Pc]) -> None:
    sleeper, awake = pair
    linked(sleeper).drop()
    helper = linked(awake)
    job = start(world, "wake", sleeper.id).json["id"]
    task = helper.of_type("wake")[0]["task"]
    helper.send({"type": "task_done", "task": task, "code": "", "exit": None, "output": ""})
    world.advance(minutes=6)
    found = result(world, job)
    assert (found["state"], found["code"]) == ("failed", "NOT_AWAKE")


def test_without_a_neighbour_in_the_same_network_nobody_is_asked(world: World, pair: tuple[Pc, Pc]) -> None:
    sleeper, awake = pair
    assert start(world, "wake", sleeper.id).json["results"][0]["code"] == "NO_NETWORK"
    linked(sleeper).drop()
    other = linked(awake, {"mac": OFFICE["mac"], "network": "10.0.0.0/24", "broadcast": "10.0.0.255"})
    assert start(world, "wake", sleeper.id).json["results"][0]["code"] == "NO_NEIGHBOUR"
    assert other.of_type("wake") == []


@pytest.mark.parametrize(
    "network",
    [
        {"mac": "x", "network": "10.0.0.0/24", "broadcast": "10.0.0.255"},
        {"mac": OFFICE["mac"], "network": "0.0.0.0/0", "broadcast": "255.255.255.255"},
        {"mac": OFFICE["mac"], "network": "10.0.0.0/24", "broadcast": "10.9.9.9"},
        {"mac": OFFICE["mac"], "network": "no", "broadcast": "no"},
    ],
)
def test_networks_that_are_none_are_left_out(world: World, pair: tuple[Pc, Pc], network: dict[str, str]) -> None:
    sleeper, awake = pair
    linked(sleeper, network).drop()
    linked(awake, network)
    assert start(world, "wake", sleeper.id).json["results"][0]["code"] == "NO_NETWORK"


def test_commands_are_off_until_the_policy_allows_them_and_for_administrators_only(
    world: World, pair: tuple[Pc, Pc]
) -> None:
    one, off = pair
    link = linked(one)
    say = {"command": "hostname"}
    assert start(world, "command", one.id, **say).json["results"][0]["code"] == "NOT_ALLOWED"
    rule(world, actions=["command"])
    assert start(world, "command", one.id, login="kim", **say).code == "FORBIDDEN"
    assert start(world, "command", one.id).code == "INVALID_FIELDS"
    job = start(world, "command", one.id, off.id, **say).json
    assert {r["device"]: r["code"] for r in job["results"]} == {one.id: "", off.id: "DEVICE_OFFLINE"}
    (task,) = link.of_type("task")
    assert (task["shell"], task["command"]) == ("sh", "hostname")
    link.send({"type": "task_done", "task": job["id"] + " " + off.id, "code": "", "exit": 0, "output": "forged"})
    link.send({"type": "task_done", "task": job["id"], "code": "", "exit": 3, "output": "POS-1"})
    link.send({"type": "task_done", "task": job["id"], "code": "", "exit": 0, "output": "twice"})
    found = {r["device"]: r for r in world.logged_in("boss").api("GET", f"/device-jobs/{job['id']}").json["results"]}
    assert (found[one.id]["state"], found[one.id]["exit_code"], found[one.id]["output"]) == ("done", 3, "POS-1")
    assert found[off.id]["output"] == ""


def test_one_who_does_not_answer_has_failed(world: World, pair: tuple[Pc, Pc]) -> None:
    rule(world, actions=["command"])
    linked(pair[0])
    job = start(world, "command", pair[0].id, command="sleep 1").json["id"]
    world.advance(minutes=3)
    assert result(world, job)["code"] == "NO_ANSWER"


def test_the_rate_is_limited_and_other_companies_devices_do_not_exist(world: World, pair: tuple[Pc, Pc]) -> None:
    assert start(world, "wake", pair[0].id, company="beta").code == "NOT_FOUND"
    answers = [start(world, "wake", pair[0].id).status for _ in range(11)]
    assert answers == [201] * 10 + [429]
