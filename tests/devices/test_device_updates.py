"""Agent releases on the appliance: who is offered one and when, what stops it, and what an administrator asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fakes import SocketClient, finish
from test_devices_server import Pc, make_token
from world import START, World

from wizhelper.devices import releases, rollout
from wizhelper.devices.model import Device
from wizhelper.devices.releases import Release
from wizhelper.protocol import device as wire
from wizhelper.protocol import update
from wizhelper.protocol.messages import dump_json
from wizhelper.protocol.secure import SigningKey
from wizhelper.protocol.update import ReleaseProgram

KEY = SigningKey(b"r" * 32)
CONTENT = b"a program" * 100
DAY = 24 * 60


def release(version: str = "0.2.0", content: bytes = CONTENT) -> Release:
    digest = hashlib.sha256(content).hexdigest()
    manifest = update.make_manifest(version, START, [ReleaseProgram("linux", "x86_64", len(content), digest)])
    return Release(update.sign_manifest(manifest, KEY), manifest, {digest: content})


@pytest.fixture
def at_hand(world: World) -> Release:
    world.appliance.devices.release = release()
    return world.appliance.devices.release


@pytest.fixture
def pcs(world: World) -> list[Pc]:
    token = make_token(world, uses=60)
    made = [Pc(world) for _ in range(60)]
    for pc in made:
        pc.enrol(token=token)
    return made


def linked(pc: Pc, version: str = "0.1.0", instance: str = "one") -> SocketClient:
    socket = pc.world.socket("/ws/device")
    nonce = socket.of_type("challenge")[0]["nonce"]
    about = wire.About(instance, version, "POS", "u", "linux", "12")
    socket.send(wire.plain(wire.prove(nonce, pc.id, about, pc.key)))
    return socket


def offer(world: World) -> None:
    """As the appliance's timer does."""
    finish(world.appliance.devices.offer_updates())


def updates(world: World, login: str = "boss") -> dict[str, Any]:
    found: dict[str, Any] = world.logged_in(login).api("GET", "/device-updates").json
    return found


def start(world: World, action: str, *devices: str, login: str = "boss") -> Any:
    return world.logged_in(login).api("POST", "/device-jobs", {"action": action, "devices": list(devices)})


def result(world: World, job: str) -> tuple[str, str]:
    found = world.logged_in("boss").api("GET", f"/device-jobs/{job}").json["results"][0]
    return found["state"], found["code"]


def first_ones(pcs: list[Pc]) -> set[str]:
    return {pc.id for pc in pcs if rollout.is_among_first(pc.id, "0.2.0")}


# --- stages -----------------------------------------------------------------------------------------------------------


def test_one_in_twenty_is_first() -> None:
    share = sum(rollout.is_among_first(str(number), "1.0.0") for number in range(10_000)) / 10_000
    assert 0.04 < share < 0.06
    others = sum(
        rollout.is_among_first(str(n), "1.0.0") and rollout.is_among_first(str(n), "1.1.0") for n in range(10_000)
    )
    assert others < 60


def test_a_few_devices_on_the_first_day_all_of_them_later(world: World, pcs: list[Pc], at_hand: Release) -> None:
    """E10: staged 5 % to 100 %."""
    sockets = {pc.id: linked(pc) for pc in pcs}
    for _ in range(7):
        offer(world)
        world.advance(minutes=11)
    offered = {device for device, socket in sockets.items() if socket.of_type("update")}
    assert offered == first_ones(pcs) and len(offered) < len(pcs)
    assert updates(world)["release"]["stage"] == "first"
    world.advance(minutes=DAY)
    for _ in range(7):
        offer(world)
        world.advance(minutes=11)
    assert all(socket.of_type("update") for socket in sockets.values())
    assert updates(world)["release"]["stage"] == "all"
    (message, *_) = sockets[pcs[0].id].of_type("update")
    assert message["task"] == "" and message["manifest"]["text"] == at_hand.signed.text


def test_a_few_fetch_it_at_a_time(world: World, pcs: list[Pc], at_hand: Release) -> None:
    offer(world)
    world.advance(minutes=DAY)
    sockets = [linked(pc) for pc in pcs]
    offer(world)
    offer(world)
    asked = [socket for socket in sockets if socket.of_type("update")]
    assert len(asked) == rollout.AT_ONCE
    for pc, socket in zip(pcs, sockets, strict=True):
        if socket in asked[:3]:  # three have it and are back
            socket.drop()
            linked(pc, "0.2.0", "two")
    offer(world)
    assert len([socket for socket in sockets if socket.of_type("update")]) == rollout.AT_ONCE + 3


def test_nobody_is_asked_twice_in_a_row(world: World, pcs: list[Pc], at_hand: Release) -> None:
    offer(world)
    world.advance(minutes=DAY)
    socket = linked(pcs[0])
    offer(world)
    socket.send({"type": "updated", "task": "", "version": "", "code": "UPDATE_NO_SPACE"})
    offer(world)
    assert len(socket.of_type("update")) == 1
    world.advance(minutes=6 * 60 + 1)
    offer(world)
    assert len(socket.of_type("update")) == 2


def test_who_runs_it_or_a_newer_version_is_not_asked(world: World, pcs: list[Pc], at_hand: Release) -> None:
    offer(world)
    world.advance(minutes=DAY)
    sockets = [linked(pcs[0], "0.2.0"), linked(pcs[1], "0.10.0")]
    old = linked(pcs[2], "nonsense")
    offer(world)
    assert [len(socket.of_type("update")) for socket in (*sockets, old)] == [0, 0, 1]
    found = updates(world)["release"]
    assert (found["current"], found["behind"]) == (2, len(pcs) - 2)


def test_a_device_that_went_back_halts_its_company_and_no_other(world: World, at_hand: Release) -> None:
    offer(world)
    world.advance(minutes=DAY)
    one, two, other = Pc(world), Pc(world), Pc(world)
    for pc, company in ((one, "alpha"), (two, "alpha"), (other, "beta")):
        pc.enrol(company, token=make_token(world, company=company))
    failing = linked(one)
    for _ in range(3):
        failing.send({"type": "updated", "task": "", "version": "0.2.0", "code": "UPDATE_ROLLED_BACK"})
    rest = linked(two), linked(other)
    offer(world)
    assert [len(socket.of_type("update")) for socket in (failing, *rest)] == [0, 0, 1]
    found = updates(world)["release"]
    assert (found["stage"], found["failed"]) == ("halted", 1)
    events = world.logged_in("kim").api("GET", f"/devices/{one.id}").json["events"]
    assert [event["kind"] for event in events].count("update_failed") == 1


def test_a_company_may_want_to_be_asked(world: World, at_hand: Release) -> None:
    pc = Pc(world)
    pc.enrol(token=make_token(world))
    assert world.logged_in("kim").api("PUT", "/device-updates", {"mode": "by_hand"}).code == "FORBIDDEN"
    assert world.logged_in("boss").api("PUT", "/device-updates", {"mode": "sometimes"}).code == "INVALID_FIELDS"
    saved = world.logged_in("boss").api("PUT", "/device-updates", {"mode": "by_hand"}).json
    assert (saved["mode"], saved["release"]["stage"]) == ("by_hand", "by_hand")
    socket = linked(pc)
    offer(world)
    world.advance(minutes=DAY)
    form = {"approval": "always", "answer_s": 20}
    assert world.logged_in("boss").api("PUT", "/device-settings", form).status == 200
    offer(world)
    assert socket.of_type("update") == [] and updates(world)["mode"] == "by_hand"
    assert updates(world, "boss")["release"]["stage"] == "by_hand"
    acts = world.logged_in("boss").api("GET", "/audit?action=device_updates.changed").json["items"]
    assert len(acts) == 1


def test_a_pending_device_is_offered_nothing(world: World, at_hand: Release) -> None:
    offer(world)
    world.advance(minutes=DAY)
    pc = Pc(world)
    pc.enrol()
    socket = linked(pc)
    offer(world)
    assert socket.of_type("update") == []


# --- asked for by an administrator --------------------------------------------------------------------------------------


@pytest.fixture
def pc(world: World) -> Pc:
    made = Pc(world)
    made.enrol(token=make_token(world))
    return made


def test_an_update_is_done_when_the_device_is_back_with_it(world: World, pc: Pc, at_hand: Release) -> None:
    socket = linked(pc)
    job = start(world, "update", pc.id).json
    assert job["command"] == "0.2.0" and result(world, job["id"]) == ("sent", "")
    (message,) = socket.of_type("update")
    assert message["task"] == job["id"]
    socket.send({"type": "updated", "task": job["id"], "version": "0.2.0", "code": ""})
    assert result(world, job["id"]) == ("called", "")
    socket.drop()
    linked(pc, "0.1.0", "again").drop()  # a mere reconnection is not an update
    assert result(world, job["id"]) == ("called", "")
    linked(pc, "0.2.0", "two")
    assert result(world, job["id"]) == ("done", "")


def test_an_update_that_the_device_refuses_says_why(world: World, pc: Pc, at_hand: Release) -> None:
    socket = linked(pc)
    job = start(world, "update", pc.id).json["id"]
    socket.send({"type": "updated", "task": "another", "version": "", "code": "X"})
    socket.send({"type": "updated", "task": job, "version": "", "code": "UPDATE_NOT_SIGNED"})
    assert result(world, job) == ("failed", "UPDATE_NOT_SIGNED")


def test_an_update_that_the_device_went_back_from_has_failed(world: World, pc: Pc, at_hand: Release) -> None:
    socket = linked(pc)
    job = start(world, "update", pc.id).json["id"]
    socket.send({"type": "updated", "task": job, "version": "0.2.0", "code": ""})
    socket.drop()
    back = linked(pc, instance="two")
    back.send({"type": "updated", "task": "", "version": "0.1.5", "code": "UPDATE_ROLLED_BACK"})
    assert result(world, job) == ("called", "")
    back.send({"type": "updated", "task": "", "version": "0.2.0", "code": "UPDATE_ROLLED_BACK"})
    assert result(world, job) == ("failed", "UPDATE_ROLLED_BACK")


def test_an_update_that_never_comes_back_has_failed(world: World, pc: Pc, at_hand: Release) -> None:
    socket = linked(pc)
    job = start(world, "update", pc.id).json["id"]
    socket.send({"type": "updated", "task": job, "version": "0.2.0", "code": ""})
    world.advance(minutes=31)
    assert result(world, job) == ("failed", "NOT_BACK")


def test_without_a_release_and_for_others_than_administrators(world: World, pc: Pc) -> None:
    linked(pc)
    assert start(world, "update", pc.id).code == "NO_AGENT_RELEASE"
    assert updates(world) == {"mode": "auto", "release": None}
    offer(world)
    world.appliance.devices.release = release("0.1.0")
    assert result(world, start(world, "update", pc.id).json["id"]) == ("done", "")
    for action in ("update", "restart"):
        assert start(world, action, pc.id, login="kim").code == "FORBIDDEN"


def test_an_agent_starts_anew_and_is_back(world: World, pc: Pc) -> None:
    assert start(world, "restart", pc.id).json["results"][0]["code"] == "DEVICE_OFFLINE"
    socket = linked(pc)
    job = start(world, "restart", pc.id).json["id"]
    (order,) = socket.of_type("restart")
    socket.send({"type": "task_done", "task": order["task"], "code": "", "exit": None, "output": ""})
    assert result(world, job) == ("called", "")
    socket.drop()
    linked(pc, instance="two")
    assert result(world, job) == ("done", "")
    busy = start(world, "restart", pc.id).json["id"]
    pc_again = world.appliance.devices.presence
    assert pc_again.online(pc.id)
    last = linked(pc, instance="two")
    last.send({"type": "task_done", "task": busy, "code": "DEVICE_BUSY", "exit": None, "output": ""})
    assert result(world, busy) == ("failed", "DEVICE_BUSY")


# --- what is handed on --------------------------------------------------------------------------------------------------


def lay(folder: Path, version: str = "0.2.0", content: bytes = CONTENT) -> Release:
    made = release(version, content)
    (folder / releases.FILE).write_bytes(dump_json(asdict(made.signed)))
    (folder / "wizhelper-access-linux-x86_64").write_bytes(content)
    return made


def test_the_release_is_read_with_the_programs_that_lie_beside_it(tmp_path: Path) -> None:
    assert releases.load(tmp_path) is None
    made = lay(tmp_path)
    assert releases.load(tmp_path) == made


@pytest.mark.parametrize("spoil", ["other program", "no program", "cut", "empty"])
def test_a_release_that_is_not_whole_is_not_handed_on(tmp_path: Path, spoil: str) -> None:
    lay(tmp_path)
    program, manifest = tmp_path / "wizhelper-access-linux-x86_64", tmp_path / releases.FILE
    if spoil == "other program":
        program.write_bytes(CONTENT[::-1])
    elif spoil == "no program":
        program.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes()[:-9] if spoil == "cut" else b"")
    assert releases.load(tmp_path) is None


@pytest.fixture
def served(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(releases, "load", lambda folder: release())
    yield make_world()


def test_its_programs_are_fetched_by_their_hash_and_nothing_else_is(served: World) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    answer = served.browser().get(f"/download/agent/{digest}")
    assert (answer.status, answer.body) == (200, CONTENT)
    for other in ("0" * 64, "..%2fmaster.key", "agent-release.json"):
        assert served.browser().get(f"/download/agent/{other}").status == 404


def test_what_a_device_says_of_updates_is_bounded(world: World, pc: Pc, at_hand: Release) -> None:
    socket = linked(pc)
    socket.send({"type": "updated", "task": "", "version": "9" * 4000, "code": "UPDATE_ROLLED_BACK"})
    socket.send({"type": "updated", "task": "", "version": "", "code": "x" * 4000})
    row = world.db.look(lambda db: (db.get_one(Device, pc.id).update_version, db.get_one(Device, pc.id).update_code))
    assert (len(row[0]), len(row[1])) == (32, 32)
