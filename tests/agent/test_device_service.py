"""The device service as trays see it: registering, renaming, leaving, ending sessions; and the same over a real local socket."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agent_fakes import HOST, FakeReactor, FakeServer
from twisted.internet.defer import Deferred

from agent.access import ConnectionFile
from agent.device import launcher
from agent.device.diary import Diary
from agent.device.program import Live
from agent.device.service import ANSWER_S, DeviceService, Setting
from agent.device.store import DeviceStore, Registration
from agent.link import LinkError, Server
from wizhelper.protocol import local_device as wire

ORGANISATION = "ab" * 32
ANSWER = {"device": "device-1", "standing": "pending", "company": "한빛전산", "name": "매장", "organisation": ORGANISATION}
REGISTER = wire.Register("support.example", "acme", "매장", "본사", "")
CA = "-----BEGIN CERTIFICATE-----"


class FakeLink:
    def __init__(self, registration: Registration, program: FakeProgram) -> None:
        self.registration, self.program, self.linked, self.calls = registration, program, False, []

    calls: list[Any]

    def rename(self, name: str) -> None:
        self.calls.append(("rename", name))

    def unregister(self) -> None:
        self.calls.append("unregister")

    def forget(self) -> None:
        self.calls.append("forget")
        self.program.removed()


class FakeProgram:
    """A registration at work, whose appliance is the test."""

    key = bytes(range(32))

    def __init__(self, _reactor: Any, store: DeviceStore, _workshop: Any, _words: str, _say: Any, watcher: Any) -> None:
        self.store, self.watcher, self.state = store, watcher, "offline"
        self.link = FakeLink(store.registration(), self)
        self.live: dict[str, Live] = {}
        self.ended: list[str] = []
        self._done: Deferred[int] = Deferred()

    def go_on(self, _restart: Any) -> None:
        return

    async def run(self) -> int:
        return await self._done

    def stands(self, state: str) -> None:
        self.state, self.link.linked = state, state in ("online", "pending")
        self.watcher.changed()

    def removed(self) -> None:
        self.store.forget()
        self._done.callback(0)

    def end_session(self, session: str) -> bool:
        self.ended.append(session)
        return session in self.live


class FakeVisitor:
    def __init__(self, owner: bool = True) -> None:
        self.owner, self.lang, self.told = owner, "en", []

    told: list[Any]

    def send(self, message: wire.ToTray) -> None:
        self.told.append(message)

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(m.act, m.code) for m in self.told if isinstance(m, wire.Result)]


class Pc:
    """A PC whose service runs; `connection` is what came with its installer."""

    def __init__(self, folder: Path, connection: ConnectionFile | None = None, wait: bool = True) -> None:
        self.reactor, self.server, self.said = FakeReactor(), FakeServer(), []
        self.servers: list[Server] = []
        self.store = DeviceStore(folder)
        self.programs: list[FakeProgram] = []
        self.visitor = FakeVisitor()
        workshop: Any = SimpleNamespace(host=HOST)
        self.service = DeviceService(
            self.reactor,
            self.store,
            workshop,
            Setting("ko", wait, connection),
            Diary(folder, lambda: 1000.0),
            lambda event, **facts: self.said.append(event),
            self._program,
            self._link,
        )
        self.service.door.open = lambda folder: None  # type: ignore[method-assign]
        self.ended = Deferred.fromCoroutine(self.service.run(SimpleNamespace()))  # type: ignore[arg-type]

    said: list[str]

    def _program(self, *arguments: Any) -> Any:
        self.programs.append(FakeProgram(*arguments))
        return self.programs[-1]

    def _link(self, _reactor: Any, server: Server, _lang: str) -> Any:
        self.servers.append(server)
        self.server.server = server  # type: ignore[attr-defined]
        return self.server.link

    def ask(self, message: wire.FromTray, visitor: FakeVisitor | None = None) -> FakeVisitor:
        who = visitor or self.visitor
        self.service.asked(who, message)
        return who

    def register(self) -> FakeProgram:
        self.server.answers["/devices/enrol"] = ANSWER
        self.ask(REGISTER)
        return self.programs[-1]

    @property
    def state(self) -> wire.State:
        return self.service.state(self.visitor)


@pytest.fixture
def pc(tmp_path: Path) -> Pc:
    return Pc(tmp_path)


def test_it_waits_for_its_registration_and_goes_on_without_a_restart(pc: Pc) -> None:
    """AG-POPUP, AG-FORM: what the window typed becomes a device."""
    assert (pc.state.condition, pc.state.name, pc.programs) == ("unregistered", "PC", [])
    program = pc.register()
    assert pc.visitor.codes == [("register", "")]
    ((_, _, body, _),) = pc.server.requests
    assert (body["company"], body["name"], body["group"], body["token"]) == ("acme", "매장", "본사", None)
    program.stands("pending")
    assert (pc.state.condition, pc.state.name, pc.state.company) == ("pending", "매장", "한빛전산")
    assert pc.state.key == "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f"
    program.stands("online")
    assert pc.state.condition == "online"


def test_without_wait_an_unregistered_pc_is_an_error_as_before(tmp_path: Path) -> None:
    found: list[Any] = []
    Pc(tmp_path, wait=False).ended.addErrback(lambda failure: found.append(failure.value.code))
    assert found == ["NOT_REGISTERED"]


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (LinkError("GROUP_UNKNOWN", text="No such group.", next_step="Choose another."), "GROUP_UNKNOWN"),
        (LinkError("SERVER_UNREACHABLE", "refused"), "SERVER_UNREACHABLE"),
    ],
)
def test_a_refused_registration_says_why_and_what_to_do_and_may_be_tried_again(pc: Pc, problem: LinkError, code: str) -> None:
    pc.server.answers["/devices/enrol"] = problem
    pc.ask(REGISTER)
    (told,) = pc.visitor.told
    assert told.code == code and told.text and told.next_step and pc.state.condition == "unregistered"
    pc.register()
    assert pc.visitor.codes[-1] == ("register", "")


def test_a_second_registration_is_refused_also_while_the_first_is_on_its_way(pc: Pc) -> None:
    answer: Deferred[Any] = Deferred()
    pc.server.answers["/devices/enrol"] = answer
    pc.ask(REGISTER)
    assert pc.ask(REGISTER, FakeVisitor()).codes == [("register", "ALREADY_REGISTERED")]
    answer.callback(ANSWER)
    assert pc.ask(REGISTER, FakeVisitor()).codes == [("register", "ALREADY_REGISTERED")]
    assert len(pc.server.requests) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"name": "a\u202eb"}, "BAD_NAME"), ({"server": " "}, "BAD_SERVER_URL"), ({"server": "http://evil.example"}, "BAD_SERVER_URL")],
)
def test_what_cannot_be_right_never_leaves_the_pc(pc: Pc, change: dict[str, str], code: str) -> None:
    asked = {"server": "a.example", "company": "acme", "name": "n", "group": "", "token": "", **change}
    assert pc.ask(wire.Register(**asked)).codes == [("register", code)] and pc.server.requests == []


def test_a_full_disk_keeps_no_half_registration(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_registration: Registration) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "device.json")

    monkeypatch.setattr(pc.store, "keep", full)
    pc.server.answers["/devices/enrol"] = ANSWER
    assert pc.ask(REGISTER).codes == [("register", "STATE_FOLDER")] and pc.state.condition == "unregistered"


@pytest.mark.parametrize(
    ("typed", "ca"),
    [("https://support.example", CA), ("SUPPORT.example:443", CA), ("https://support.example:8443", None), ("other.example", None)],
)
def test_the_ca_of_the_connection_file_is_for_its_own_server_only(tmp_path: Path, typed: str, ca: str | None) -> None:
    pc = Pc(tmp_path, ConnectionFile("https://support.example", CA))
    assert pc.state.server == "https://support.example"
    pc.server.answers["/devices/enrol/groups"] = {"company": "한빛전산", "groups": ["본사", "본사/1층"]}
    pc.ask(wire.AskGroups(typed, "acme", ""))
    assert pc.visitor.told == [wire.Groups("한빛전산", ("본사", "본사/1층"))]
    assert pc.servers[0].ca == (ca.encode() if ca else None)


def test_a_list_of_groups_too_long_for_a_line_is_cut(pc: Pc) -> None:
    groups = [f"{n:04}" + "x" * 400 for n in range(1000)]
    pc.server.answers["/devices/enrol/groups"] = {"company": "c", "groups": groups}
    (told,) = pc.ask(wire.AskGroups("a", "acme", "")).told
    assert len(told.paths) > 40 and list(told.paths) == groups[: len(told.paths)]
    wire.encode(told)


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", [REGISTER, wire.AskGroups("a", "acme", ""), wire.Rename("x"), wire.Unregister()]
)
def test_another_user_of_the_pc_cannot_steer_it(pc: Pc, message: wire.FromTray) -> None:
    """Security entry point E16: a program without rights does not drive the service."""
    stranger = pc.ask(message, FakeVisitor(owner=False))
    assert [code for _, code in stranger.codes] == ["NOT_OWNER"] and pc.server.requests == []
    program = pc.register()
    program.stands("online")
    assert pc.ask(message, FakeVisitor(owner=False)).codes[0][1] == "NOT_OWNER" and program.link.calls == []


def test_any_user_of_the_pc_sees_who_is_there_and_ends_it(pc: Pc) -> None:
    program = pc.register()
    program.live["s"] = Live("김상담", 1000.0)
    stranger = FakeVisitor(owner=False)
    state = pc.service.state(stranger)
    assert state.sessions == (wire.LiveSession("s", "김상담", 1000.0),) and not state.owner
    assert pc.ask(wire.EndSession("s"), stranger).codes == [("end", "")] and program.ended == ["s"]
    assert pc.ask(wire.EndSession("other"), stranger).codes[-1] == ("end", "NO_SESSION")


def test_past_sessions_come_from_the_log_of_this_pc(pc: Pc) -> None:
    pc.service.began("s", "김상담")
    pc.service.ended("s", "operator_ended")
    (told,) = pc.ask(wire.AskHistory(), FakeVisitor(owner=False)).told
    assert told.sessions == (wire.PastSession("김상담", 1000.0, 1000.0, "The operator ended remote support."),)


# --- renaming, leaving ----------------------------------------------------------------------------------------------


def test_a_new_name_is_told_when_the_appliance_has_it(pc: Pc) -> None:
    """AG-TRAY-DBL."""
    program = pc.register()
    program.stands("pending")
    pc.ask(wire.Rename(" 매장 2 "))
    program.watcher.changed()
    assert program.link.calls == [("rename", "매장 2")] and len(pc.visitor.codes) == 1
    program.watcher.renamed()
    assert pc.visitor.codes[-1] == ("rename", "") and pc.reactor.waits == []
    assert pc.ask(wire.Rename("매장")).codes[-1] == ("rename", "")
    assert len(program.link.calls) == 1


def test_a_name_that_cannot_be_told_now_is_refused_in_words(pc: Pc) -> None:
    program = pc.register()
    assert pc.ask(wire.Rename("x")).codes[-1] == ("rename", "NOT_LINKED")
    program.stands("online")
    assert pc.ask(wire.Rename("")).codes[-1] == ("rename", "BAD_NAME")
    pc.ask(wire.Rename("x"))
    pc.reactor.advance(ANSWER_S)
    assert pc.visitor.codes[-1] == ("rename", "NO_ANSWER")


def test_unregistering_tells_the_appliance_and_the_pc_can_be_registered_anew(pc: Pc) -> None:
    program = pc.register()
    program.stands("online")
    pc.ask(wire.Unregister())
    assert program.link.calls == ["unregister"] and len(pc.visitor.codes) == 1
    program.removed()
    assert pc.visitor.codes[-1] == ("unregister", "") and pc.reactor.waits == []
    assert pc.state.condition == "unregistered" and not pc.state.removed
    assert pc.register() is not program


@pytest.mark.parametrize("silent", [False, True])
def test_where_the_appliance_cannot_be_told_the_pc_forgets_by_itself(pc: Pc, silent: bool) -> None:
    program = pc.register()
    if silent:
        program.stands("online")
    pc.ask(wire.Unregister())
    if silent:
        pc.reactor.advance(ANSWER_S)
    assert pc.visitor.codes[-1] == ("unregister", "NOT_TOLD") and program.link.calls[-1] == "forget"
    assert pc.state.condition == "unregistered"
    with pytest.raises(LinkError, match="NOT_REGISTERED"):
        pc.store.registration()


def test_a_device_that_the_appliance_removed_says_so(pc: Pc) -> None:
    program = pc.register()
    program.stands("DEVICE_CLONED")
    assert pc.state.condition == "cloned"
    program.stands("DEVICE_UNKNOWN")
    assert pc.state.condition == "unknown"
    program.removed()
    assert (pc.state.condition, pc.state.removed) == ("unregistered", True)


def test_without_wait_the_end_of_the_registration_is_the_end(tmp_path: Path) -> None:
    DeviceStore(tmp_path).keep(Registration("https://a", None, "d", ORGANISATION, "c", "n"))
    pc = Pc(tmp_path, wait=False)
    done: list[int] = []
    pc.ended.addCallback(done.append)
    pc.programs[0].removed()
    assert done == [0]


def test_a_program_that_wants_to_be_started_anew_ends_the_service_for_its_launcher(tmp_path: Path) -> None:
    DeviceStore(tmp_path).keep(Registration("https://a", None, "d", ORGANISATION, "c", "n"))
    pc = Pc(tmp_path)
    done: list[int] = []
    pc.ended.addCallback(done.append)
    pc.programs[0]._done.callback(launcher.RESTART)
    assert done == [launcher.RESTART] and pc.store.registration().device == "d"


def test_a_door_that_cannot_open_leaves_the_pc_reachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Any, folder: Path) -> None:
        raise OSError(errno.ENAMETOOLONG, "too long")

    DeviceStore(tmp_path).keep(Registration("https://a", None, "d", ORGANISATION, "c", "n"))
    monkeypatch.setattr("agent.device.door.Door.open", refuse)
    pc = Pc.__new__(Pc)
    pc.reactor, pc.programs, pc.said = FakeReactor(), [], []
    workshop: Any = SimpleNamespace(host=HOST)
    make: Callable[..., Any] = pc._program
    service = DeviceService(
        pc.reactor, DeviceStore(tmp_path), workshop, Setting("ko", True, None), Diary(tmp_path, lambda: 0.0), print, make
    )
    Deferred.fromCoroutine(service.run(SimpleNamespace()))  # type: ignore[arg-type]
    assert len(pc.programs) == 1


def test_what_is_kept_of_a_registration_is_the_pinned_ca(pc: Pc) -> None:
    pc.server.answers["/devices/enrol"] = ANSWER
    pc.ask(wire.Register("support.example", "acme", "매장", "", "t", CA))
    assert pc.servers[0].ca == CA.encode()
    assert json.loads((pc.store.folder / "device.json").read_text())["ca"] == CA
