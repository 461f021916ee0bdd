"""Registered devices on a whole appliance in memory: enrolment, links, presence, policy, connecting, and those who cheat."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes import Answer, SocketClient
from sqlalchemy import select
from world import World

from wizhelper.devices import rules
from wizhelper.devices.model import Device, DeviceEvent
from wizhelper.protocol import device as wire
from wizhelper.protocol.device_access import AccessRules
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import SigningKey
from wizhelper.records.model import SupportSession

SEOUL = AccessRules(zone="Asia/Seoul")
ABOUT = {"version": "0.1.0", "host_name": "POS", "user_name": "u", "os": "linux", "os_version": "12"}


@dataclass
class Pc:
    """A PC with its key, as the appliance meets it."""

    world: World
    key: SigningKey = field(default_factory=lambda: SigningKey(os.urandom(32)))
    id: str = ""
    organisation: bytes = b""

    def enrol(self, company: str = "alpha", *, address: str | None = None, **more: Any) -> Answer:
        said = {"name": "Counter", "group": "", "token": None, **more}
        signed = wire.enrolment_text(company, said["name"], said["group"], self.key.public)
        body = {
            **said,
            "company": company,
            "key": self.key.public.hex(),
            "signature": self.key.sign(signed).hex(),
            "about": ABOUT,
        }
        answer = self.world.browser(address).api("POST", "/devices/enrol", {**body, **more.get("over", {})})
        if answer.status == 201:
            self.id, self.organisation = answer.json["device"], bytes.fromhex(answer.json["organisation"])
        return answer

    def proof(self, socket: SocketClient, instance: str = "one") -> dict[str, Any]:
        nonce = socket.of_type("challenge")[0]["nonce"]
        about = wire.About(instance, "0.1.0", "POS", "u", "linux", "12")
        return wire.plain(wire.prove(nonce, self.id, about, self.key))

    def link(self, instance: str = "one") -> SocketClient:
        socket = self.world.socket("/ws/device")
        socket.send(self.proof(socket, instance))
        return socket


@pytest.fixture
def pc(world: World) -> Pc:
    """Waits for approval."""
    made = Pc(world)
    assert made.enrol().json["standing"] == "pending"
    return made


@pytest.fixture
def active(world: World, pc: Pc) -> Pc:
    assert world.logged_in("boss").api("POST", f"/devices/{pc.id}/approve").status == 204
    return pc


def listed(world: World, login: str = "kim", **query: str) -> list[dict[str, Any]]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    found: list[dict[str, Any]] = world.logged_in(login).api("GET", f"/devices?{text}").json["items"]
    return found


def make_token(world: World, uses: int = 1, hours: int = 1, company: str = "alpha") -> str:
    form = {"label": "roll-out", "uses": uses, "hours": hours}
    secret: str = world.logged_in("boss", company).api("POST", "/enrolment-tokens", form).json["secret"]
    return secret


# --- enrolment --------------------------------------------------------------------------------------------------------


def test_without_a_token_a_device_waits_until_an_administrator_approves(world: World, pc: Pc) -> None:
    """AG-FORM, AG-UNCLASS; security entry point E3."""
    assert listed(world) == [] and listed(world, "boss", status="pending")[0]["id"] == pc.id
    socket = pc.link()
    assert socket.of_type("admitted")[0]["standing"] == "pending" and not socket.of_type("admitted")[0]["policy"]
    assert world.logged_in("kim").api("POST", f"/devices/{pc.id}/connect").code == "NOT_FOUND"
    assert world.logged_in("kim").api("POST", f"/devices/{pc.id}/approve").code == "FORBIDDEN"

    world.logged_in("boss").api("POST", f"/devices/{pc.id}/approve")
    assert socket.of_type("admitted")[1]["standing"] == "active"
    assert [(d["id"], d["group_id"], d["online"]) for d in listed(world)] == [(pc.id, None, True)]


def test_a_rejected_device_is_told_and_opens_nothing(world: World, pc: Pc) -> None:
    socket = pc.link()
    world.logged_in("boss").api("POST", f"/devices/{pc.id}/reject")
    assert socket.of_type("removed") and socket.close_reason == "DEVICE_UNKNOWN"
    assert pc.link().close_reason == "DEVICE_UNKNOWN"


def test_a_token_lets_as_many_devices_in_as_it_says_and_no_longer(world: World) -> None:
    token = make_token(world, uses=2)
    assert [Pc(world).enrol(token=token).status for _ in range(3)] == [201, 201, 403]
    late = make_token(world)
    world.advance(minutes=61)
    assert Pc(world).enrol(token=late).code == "ENROLMENT_TOKEN"
    assert Pc(world).enrol(token="guess").code == "ENROLMENT_TOKEN"
    assert Pc(world).enrol("beta", token=make_token(world)).code == "ENROLMENT_TOKEN"


def test_enrolling_again_with_the_same_key_is_the_same_device(world: World, pc: Pc) -> None:
    first = pc.id
    assert pc.enrol(name="Another").json["device"] == first
    assert len(listed(world, "boss", status="pending")) == 1


@pytest.mark.parametrize(
    "over",
    [
        {"name": "Other"},
        {"group": "Head"},
        {"key": "00" * 32},
        {"key": "AB" * 32},
        {"key": "zz"},
        {"signature": "00" * 64},
        {"signature": ""},
    ],
)
def test_a_forged_enrolment_is_refused(world: World, over: dict[str, str]) -> None:
    """Whoever registers has the key, and signed this very name and group."""
    assert Pc(world).enrol(over=over).code in ("BAD_REQUEST", "INVALID_FIELDS")
    assert listed(world, "boss", status="pending") == []


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\u202eb", "x" * 65])
def test_a_name_that_would_deceive_is_refused(world: World, name: str) -> None:
    assert Pc(world).enrol(name=name).code == "INVALID_FIELDS"


def test_groups_must_exist_and_are_found_by_their_path(world: World) -> None:
    """AG-GROUP-FIRST, DEV-GROUP."""
    boss = world.logged_in("boss")
    head = boss.api("POST", "/device-groups", {"name": "본사"}).json["id"]
    floor = boss.api("POST", "/device-groups", {"name": "1층", "parent_id": head}).json["id"]
    assert Pc(world).enrol(group="없음").code == "GROUP_UNKNOWN"
    assert Pc(world).enrol(group="1층").code == "GROUP_UNKNOWN"
    assert Pc(world).enrol(group="본사/1층", token=make_token(world)).status == 201
    assert [d["group_id"] for d in listed(world, group=str(floor))] == [floor]
    assert boss.api("POST", "/device-groups", {"name": "본사"}).code == "GROUP_NAME_TAKEN"
    assert boss.api("PUT", f"/device-groups/{head}", {"name": "본사", "parent_id": floor}).code == "INVALID_FIELDS"
    boss.api("DELETE", f"/device-groups/{floor}")
    assert [d["group_id"] for d in listed(world)] == [head]


def test_a_flood_of_registrations_leaves_few_rows(world: World) -> None:
    """Security entry point E3: at most 20 from one address."""
    answers = [Pc(world).enrol(address="203.0.113.9").status for _ in range(60)]
    assert answers.count(201) == rules.MAX_PENDING_OF_ADDRESS and answers[-1] == 429
    world.advance(minutes=2)
    assert Pc(world).enrol(address="203.0.113.9").code == "TOO_MANY_DEVICES"


# --- links ------------------------------------------------------------------------------------------------------------


def test_only_the_devices_own_key_opens_its_link(world: World, active: Pc) -> None:
    thief = Pc(world, id=active.id)
    assert thief.link().close_reason == "DEVICE_UNKNOWN"
    kinds = world.db.look(lambda db: list(db.scalars(select(DeviceEvent.kind))))
    assert "wrong_key" in kinds and not listed(world)[0]["online"]


def test_a_proof_is_worth_nothing_on_another_link_or_twice(world: World, active: Pc) -> None:
    first, second = world.socket("/ws/device"), world.socket("/ws/device")
    proof = active.proof(first)
    second.send(proof)
    assert second.close_reason == "BAD_SIGNATURE"
    first.send(proof)
    assert first.of_type("admitted")
    first.send(proof)
    assert first.close_reason == "BAD_DEVICE"


@pytest.mark.parametrize(
    "change", [{"device": "x"}, {"signature": "00" * 64}, {"key": "11" * 32}, {"about": {}}, {"extra": 1}]
)
def test_an_altered_proof_is_refused(world: World, active: Pc, change: dict[str, Any]) -> None:
    socket = world.socket("/ws/device")
    socket.send({**active.proof(socket), **change})
    assert socket.close_reason in ("BAD_SIGNATURE", "BAD_DEVICE") and not socket.of_type("admitted")


def test_nothing_may_be_said_before_the_proof_and_browsers_may_say_nothing(world: World) -> None:
    socket = world.socket("/ws/device")
    socket.send({"type": "unregister"})
    assert socket.close_reason == "BAD_DEVICE"
    assert world.socket("/ws/device", origin=world.origin).status == 403


def test_consoles_of_the_company_are_told_who_came_and_went(world: World, active: Pc) -> None:
    """DEV-LIST: within the bundle's 0.3 s; other companies hear nothing."""
    kim = world.console(world.logged_in("kim"))
    stranger = world.console(world.logged_in("kim", "beta"))
    world.advance(1)
    before = len(kim.of_type("devices"))
    socket = active.link()
    world.advance(0.3)
    assert kim.of_type("devices")[before:] == [{"type": "devices", "online": [active.id], "offline": []}]
    socket.drop()
    world.advance(0.3)
    assert kim.of_type("devices")[-1] == {"type": "devices", "online": [], "offline": [active.id]}
    assert stranger.of_type("devices") == []


def test_two_machines_with_one_key_are_noticed_and_nobody_connects(world: World, active: Pc) -> None:
    """A cloned disk image: the older link still answers."""
    old, new = active.link("one"), active.link("two")
    assert old.of_type("are_you_there")
    old.send({"type": "alive"})
    assert (old.close_reason, new.close_reason) == ("DEVICE_CLONED", "DEVICE_CLONED")
    assert listed(world)[0]["cloned"]
    assert active.link().close_reason == "DEVICE_CLONED"
    assert world.logged_in("kim").api("POST", f"/devices/{active.id}/connect").code == "DEVICE_CLONED"


def test_a_restarted_agent_whose_old_link_is_dead_is_no_clone(world: World, active: Pc) -> None:
    old, new = active.link("one"), active.link("two")
    world.advance(10)
    assert old.close_reason == "REPLACED" and new.close_code is None
    assert [(d["online"], d["cloned"]) for d in listed(world)] == [(True, False)]


def test_the_pc_renames_and_unregisters_itself(world: World, active: Pc) -> None:
    """AG-TRAY-DBL, the appliance's part."""
    socket = active.link()
    socket.send({"type": "rename", "name": "계산대 2"})
    assert listed(world)[0]["name"] == "계산대 2" and socket.of_type("admitted")[-1]["name"] == "계산대 2"
    socket.send({"type": "unregister"})
    assert socket.of_type("removed") and listed(world) == []
    assert active.link().close_reason == "DEVICE_UNKNOWN"


# --- policy -----------------------------------------------------------------------------------------------------------


def policy(socket: SocketClient, pc: Pc, serial: int = 0) -> wire.DevicePolicy:
    told = [*socket.of_type("admitted"), *socket.of_type("policy")][-1]["policy"]
    return wire.read_policy(wire.SignedPolicy(**told), pc.organisation, pc.id, serial)


def test_the_nearest_rule_holds_and_is_told_signed_at_once(world: World, active: Pc) -> None:
    """OP-SET-APPROVE: company, group, device."""
    boss, socket = world.logged_in("boss"), active.link()
    assert policy(socket, active).approval == "never"
    boss.api("PUT", "/device-settings", {"approval": "always", "answer_s": 20})
    assert policy(socket, active, 2) == wire.DevicePolicy(active.id, 2, "always", 20, SEOUL)
    group = boss.api("POST", "/device-groups", {"name": "G", "approval": "ask_then_allow", "answer_s": 15}).json["id"]
    boss.api("PUT", f"/devices/{active.id}/place", {"group_id": group, "approval": None, "answer_s": 30})
    assert policy(socket, active, 3).approval == "ask_then_allow"
    boss.api("PUT", f"/devices/{active.id}/place", {"group_id": group, "approval": "never", "answer_s": 30})
    assert policy(socket, active, 4).approval == "never"
    told = len(socket.of_type("policy"))
    boss.api("PUT", "/device-settings", {"approval": "ask_then_refuse", "answer_s": 20})
    assert len(socket.of_type("policy")) == told


def test_the_organisation_key_differs_by_company(world: World) -> None:
    one, other = Pc(world), Pc(world)
    one.enrol("alpha")
    other.enrol("beta")
    assert one.organisation != other.organisation


# --- connecting -------------------------------------------------------------------------------------------------------


def row(world: World, session: str) -> SupportSession:
    return world.db.look(lambda db: db.get_one(SupportSession, session))


def connect(world: World, pc: Pc, login: str = "kim") -> Answer:
    return world.logged_in(login).api("POST", f"/devices/{pc.id}/connect")


def agent(world: World, invite: dict[str, Any]) -> SocketClient:
    socket = world.socket("/ws/agent")
    socket.send({"type": "auth", "session": invite["session"], "secret": invite["secret"], "version": "1"})
    return socket


def test_connecting_invites_the_device_and_needs_nobody_there(world: World, active: Pc) -> None:
    """DEV-CONNECT, DEV-FLOW: straight to ACTIVE, with the rights of a session and without a number to compare."""
    assert connect(world, active).code == "DEVICE_OFFLINE"
    link = active.link()
    begun = connect(world, active).json
    assert (begun["kind"], begun["channel"], begun["state"], begun["number"]) == (
        "device",
        "device",
        "CONNECTING",
        None,
    )
    (invite,) = link.of_type("invite")
    hello = agent(world, invite).of_type("hello")[0]
    assert hello["sas_policy"] == "off" and "control" in hello["permissions"]
    assert row(world, begun["id"]).state == "ACTIVE"
    assert connect(world, active).json["id"] == begun["id"] and len(link.of_type("invite")) == 1
    assert connect(world, active, "lee").code == "DEVICE_BUSY"
    detail = world.logged_in("kim").api("GET", f"/devices/{active.id}").json
    assert [c["session"] for c in detail["connections"]] == [begun["id"]]


def test_where_the_policy_asks_the_session_waits_for_the_answer(world: World, active: Pc) -> None:
    world.logged_in("boss").api("PUT", "/device-settings", {"approval": "ask_then_refuse", "answer_s": 40})
    link = active.link()
    begun = connect(world, active).json
    pc = agent(world, link.of_type("invite")[0])
    assert pc.of_type("approval_asked") and row(world, begun["id"]).state == "APPROVAL"
    world.advance(54)
    assert row(world, begun["id"]).state == "APPROVAL"
    world.advance(3)
    ended = row(world, begun["id"])
    assert (ended.state, ended.end_reason) == ("REFUSED", "approval_timeout")


def test_a_device_that_does_not_follow_an_invitation_ends_the_session(world: World, active: Pc) -> None:
    active.link()
    begun = connect(world, active).json
    world.advance(31)
    ended = row(world, begun["id"])
    assert (ended.state, ended.end_reason) == ("EXPIRED", "device_unreachable")


def test_unregistering_ends_the_running_session(world: World, active: Pc) -> None:
    link = active.link()
    begun = connect(world, active).json
    pc = agent(world, link.of_type("invite")[0])
    assert world.logged_in("boss").api("DELETE", f"/devices/{active.id}").status == 204
    assert pc.of_type("ended") and row(world, begun["id"]).end_reason == "admin_cut"


def test_devices_of_another_company_do_not_exist(world: World, active: Pc) -> None:
    boss, kim = world.logged_in("boss", "beta"), world.logged_in("kim", "beta")
    calls: list[Callable[[], Answer]] = [
        lambda: kim.api("GET", f"/devices/{active.id}"),
        lambda: kim.api("POST", f"/devices/{active.id}/connect"),
        lambda: kim.api("PATCH", f"/devices/{active.id}", {"name": "mine"}),
        lambda: boss.api("DELETE", f"/devices/{active.id}"),
        lambda: boss.api("PUT", f"/devices/{active.id}/place", {"group_id": None, "approval": None, "answer_s": 30}),
    ]
    assert {call().code for call in calls} == {"NOT_FOUND"}
    assert listed(world) != [] and kim.api("GET", "/devices").json["total"] == 0


def test_search_and_pages_are_the_servers(world: World) -> None:
    """DEV-SEARCH, DEV-EDIT."""
    token = make_token(world, uses=30)
    for n in range(25):
        Pc(world).enrol(name=f"Shop {n:02}", token=token)
    kim = world.logged_in("kim")
    page = kim.api("GET", "/devices?page=2&size=10").json
    assert (page["total"], page["items"][0]["name"]) == (25, "Shop 10")
    chosen = page["items"][0]["id"]
    assert kim.api("PATCH", f"/devices/{chosen}", {"model": "100%_real", "memo": "near the door"}).status == 200
    assert [d["id"] for d in listed(world, q="100%25_")] == [chosen]
    assert len(listed(world, q="shop%200")) == 10
    for bad in ("size=1001", "page=0", "sort=key", "group=x", "status=removed"):
        assert kim.api("GET", f"/devices?{bad}").code == "INVALID_FIELDS", bad


def test_the_secret_of_a_token_is_kept_nowhere(world: World) -> None:
    token = make_token(world)
    assert token not in json.dumps(world.logged_in("boss").api("GET", "/enrolment-tokens").json)
    dump = world.db.look(
        lambda db: [list(r) for r in db.connection().exec_driver_sql("SELECT * FROM enrolment_tokens")]
    )
    assert token not in str(dump)


def test_a_policy_for_another_device_an_older_one_and_a_forged_one_are_refused() -> None:
    key = SigningKey(b"o" * 32)
    good = wire.sign_policy(wire.DevicePolicy("d", 3, "never", 30), key)
    assert wire.read_policy(good, key.public, "d", 3).serial == 3
    cases = [
        (good, key.public, "other", 0),
        (good, key.public, "d", 4),
        (good, SigningKey(b"x" * 32).public, "d", 0),
        (wire.SignedPolicy(good.text.replace("30", "31"), good.signature), key.public, "d", 0),
        (wire.sign_policy(wire.DevicePolicy("d", 3, "sometimes", 30), key), key.public, "d", 0),
        (wire.sign_policy(wire.DevicePolicy("d", 3, "never", 9), key), key.public, "d", 0),
    ]
    for signed, organisation, device, serial in cases:
        with pytest.raises(RemoteProtocolError):
            wire.read_policy(signed, organisation, device, serial)


def test_a_device_keeps_its_history(world: World, active: Pc) -> None:
    active.link().drop()
    kinds = [e["kind"] for e in world.logged_in("boss").api("GET", f"/devices/{active.id}").json["events"]]
    assert kinds == ["offline", "online", "approved", "enrolled"]
    assert world.db.look(lambda db: db.get_one(Device, active.id).host_name) == "POS"
