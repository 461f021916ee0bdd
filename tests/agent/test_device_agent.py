"""The registered device's own side: what it keeps, whom it believes, and whom it lets in."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import FakePC, FakeReactor, FakeServer, FakeSocket, hello, viewer_call
from twisted.python.failure import Failure

from agent.device import store as store_module
from agent.device.desk import FAREWELL_S, DeviceDesk
from agent.device.link import LONG_S, MOST_BACK_OFF_S, DeviceLink
from agent.device.store import DeviceStore, Registration
from agent.link import LinkError
from agent.session import Joined, SupportSession
from wizhelper.protocol import device as wire
from wizhelper.protocol import live, local
from wizhelper.protocol.device_access import AccessRules, TimeWindow
from wizhelper.protocol.secure import SigningKey

ORGANISATION = SigningKey(b"o" * 32)
KEY = SigningKey(b"d" * 32)
ABOUT = wire.About("one", "0.1.0", "PC", "kim", "linux", "12")
NONCE = "ab" * 32


def signed(
    serial: int = 1, approval: str = "never", answer_s: int = 30, by: SigningKey = ORGANISATION
) -> wire.SignedPolicy:
    return wire.sign_policy(wire.DevicePolicy("device-1", serial, approval, answer_s), by)


def registration(policy: wire.SignedPolicy | None = None) -> Registration:
    organisation = ORGANISATION.public.hex()
    return Registration("https://support.example", None, "device-1", organisation, "한빛전산", "POS", policy)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = DeviceStore(folder)
    first.open()
    key = first.key().public
    assert DeviceStore(folder).key().public == key
    modes = {f.name: f.stat().st_mode & 0o777 for f in (folder, folder / "device.key")}
    assert modes == {"state": 0o700, "device.key": 0o600}


def test_one_agent_per_device(tmp_path: Path) -> None:
    first = DeviceStore(tmp_path)
    first.open()
    with pytest.raises(LinkError, match="ALREADY_RUNNING"):
        DeviceStore(tmp_path).open()


def test_what_is_kept_comes_back_and_is_forgotten_as_a_whole(tmp_path: Path) -> None:
    store = DeviceStore(tmp_path)
    with pytest.raises(LinkError, match="NOT_REGISTERED"):
        store.registration()
    store.keep(registration(signed(4)))
    found = store.registration().policy_now()
    assert found is not None and found.serial == 4
    key = store.key().public
    store.forget()
    store.forget()
    assert store.key().public != key
    with pytest.raises(LinkError, match="NOT_REGISTERED"):
        store.registration()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"server":1}', "x" * 70_000])
def test_a_broken_registration_is_named_and_not_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "device.json").write_text(text)
    with pytest.raises(LinkError, match="STATE_FOLDER"):
        DeviceStore(tmp_path).registration()


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DeviceStore(tmp_path)
    store.keep(registration(signed(1)))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.keep(registration(signed(2)))
    assert store.registration().policy == signed(1)
    assert [f.name for f in tmp_path.iterdir()] == ["device.json"]


# --- the link ---------------------------------------------------------------------------------------------------------


class Events:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def device_state(self, state: str) -> None:
        self.calls.append(state)

    def invited(self, invite: wire.Invite) -> None:
        self.calls.append(invite)

    def renamed(self) -> None:
        self.calls.append("renamed")

    def unregistered(self) -> None:
        self.calls.append("unregistered")


class Bench:
    def __init__(
        self,
        folder: Path,
        policy: wire.SignedPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.reactor, self.server, self.events = FakeReactor(), FakeServer(), Events()
        self.store = DeviceStore(folder)
        self.store.keep(registration(policy))
        self.link = DeviceLink(
            self.reactor,
            self.server.link,
            self.store,
            registration(policy),
            KEY,
            ABOUT,
            self.events,
            lambda low, high: high,
            now,
        )
        self.link.start()

    def online(self) -> FakeSocket:
        socket = FakeSocket()
        self.server.paths("/ws/device")[-1].done.callback(None)
        self.link.opened(socket)
        self.say(wire.Challenge(NONCE))
        return socket

    def say(self, message: wire.ServerMessage) -> None:
        self.link.text(wire.encode(message))

    def admit(self, policy: wire.SignedPolicy | None, standing: str = "active") -> None:
        self.say(wire.Admitted(standing, "POS", "한빛전산", policy))


def test_it_proves_its_key_over_the_servers_nonce(tmp_path: Path) -> None:
    proof = wire.decode_from_device(wire.encode(wire.prove(NONCE, "device-1", ABOUT, KEY)))
    socket = Bench(tmp_path).online()
    assert socket.texts == [wire.plain(proof)] and isinstance(proof, wire.Proof)
    wire.check_proof(bytes.fromhex(NONCE), proof)


def test_an_admitted_device_keeps_its_policy_and_lets_invitations_through(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.online()
    bench.admit(None, "pending")
    bench.admit(signed(1, "always"))
    invite = wire.Invite("s", "secret", "김상담")
    bench.say(invite)
    assert bench.events.calls == ["pending", "online", invite]
    assert bench.store.registration().policy == signed(1, "always")


def test_no_invitation_without_a_policy_of_its_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.online()
    bench.say(wire.Invite("s", "secret", "김상담"))
    assert bench.events.calls == []


@pytest.mark.parametrize(
    "policy",
    [
        signed(4),
        signed(9, by=SigningKey(b"x" * 32)),
        replace(signed(9), text=signed(9).text.replace("never", "always")),
        replace(signed(9), signature="zz"),
        wire.sign_policy(wire.DevicePolicy("device-2", 9, "never", 30), ORGANISATION),
        wire.sign_policy(wire.DevicePolicy("device-1", 9, "never", 30, AccessRules(zone="Mars/Base")), ORGANISATION),
    ],
    ids=["older", "another's key", "altered", "no signature", "another device's", "no time zone"],
)
def test_a_policy_that_is_not_its_own_newest_changes_nothing(tmp_path: Path, policy: wire.SignedPolicy) -> None:
    """Security chapter 3.4: the server's word alone opens no PC."""
    bench = Bench(tmp_path, signed(5, "always"))
    bench.online()
    bench.say(wire.Policy(policy))
    bench.admit(policy)
    assert bench.link.registration.policy == signed(5, "always") == bench.store.registration().policy
    assert bench.events.calls == []


ACCESS = AccessRules(reason=True, two_person=True, zone="Asia/Seoul", windows=(TimeWindow(0, 540, 1080),), actions=())


@pytest.mark.parametrize(
    ("hour", "reason", "approver", "code"),
    [
        (1, "why", "이상담", None),
        (10, "why", "이상담", "DEVICE_CLOSED_NOW"),
        (1, "why", "", "SECOND_PERSON_NEEDED"),
        (1, " ", "이상담", "VISIT_REASON_NEEDED"),
    ],
)
def test_it_declines_by_its_own_rules_whatever_the_appliance_says(
    tmp_path: Path, hour: int, reason: str, approver: str, code: str | None
) -> None:
    """OP-SET-APPROVE: 2026-03-02 is a Monday; 01:00 UTC is 10:00 in Seoul."""
    policy = wire.sign_policy(wire.DevicePolicy("device-1", 1, "never", 30, ACCESS), ORGANISATION)
    bench = Bench(tmp_path, policy, now=lambda: datetime(2026, 3, 2, hour, tzinfo=UTC))
    socket = bench.online()
    bench.admit(policy)
    bench.say(wire.Invite("s", "secret", "김상담", reason, approver))
    declined = [each for each in socket.texts if each["type"] == "declined"]
    assert declined == ([] if code is None else [{"type": "declined", "session": "s", "code": code}])
    assert (bench.events.calls[-1] == "online") is (code is not None)


def test_a_task_runs_nothing_where_its_own_policy_does_not_allow_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, signed(1))
    socket = bench.online()
    bench.admit(signed(1))
    bench.say(wire.Task("t", "sh", "touch /tmp/no"))
    assert socket.texts[-1] == {"type": "task_done", "task": "t", "code": "NOT_ALLOWED", "exit": None, "output": ""}


def test_a_full_disk_does_not_keep_it_from_obeying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, signed(1))
    bench.online()

    def full(_registration: Registration) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(bench.store, "keep", full)
    bench.admit(signed(2, "always"))
    assert bench.link.registration.policy == signed(2, "always") and bench.events.calls == ["online"]


def test_it_comes_back_later_and_later_and_slowly_where_there_is_no_hope(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    waits = []
    for _ in range(12):
        bench.server.paths("/ws/device")[-1].done.errback(Failure(LinkError("SERVER_UNREACHABLE")))
        waits += bench.reactor.waits
        bench.reactor.advance(bench.reactor.waits[0])
    assert waits == sorted(waits) and waits[-1] == MOST_BACK_OFF_S
    bench.online()
    bench.link.closed(4403, "DEVICE_CLONED")
    assert bench.reactor.waits == [LONG_S] and bench.events.calls == ["offline", "DEVICE_CLONED"]


def test_a_new_name_is_told_once_and_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    socket = bench.online()
    bench.admit(None, "pending")
    assert bench.link.linked
    bench.link.rename("매장")
    assert socket.texts[-1] == {"type": "rename", "name": "매장"}
    for _ in range(2):
        bench.say(wire.Admitted("pending", "매장", "한빛전산", None))
    assert bench.events.calls == ["pending", "renamed"] and bench.store.registration().name == "매장"
    bench.link.closed(1006, "")
    assert not bench.link.linked


def test_it_forgets_itself_where_the_appliance_cannot_be_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, signed(1))
    bench.link.forget()
    assert bench.events.calls == ["unregistered"] and not (tmp_path / "device.json").exists()
    bench.server.paths("/ws/device")[-1].done.errback(Failure(LinkError("SERVER_UNREACHABLE")))
    assert bench.reactor.waits == []


def test_the_operator_counts_as_let_in_when_the_answer_is_yes() -> None:
    for answer in (True, False):
        visit = Visit("always")
        let_in: list[str] = []
        visit.desk._began = let_in.append
        assert let_in == []
        FakeWindow.latest.said(local.ApproveAnswer(answer))
        assert let_in == (["김상담"] if answer else [])


def test_it_answers_that_it_is_there_and_forgets_itself_when_removed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, signed(1))
    socket = bench.online()
    bench.say(wire.AreYouThere())
    assert socket.texts[-1] == {"type": "alive"}
    bench.say(wire.Removed())
    bench.link.closed(4010, "DEVICE_UNKNOWN")
    assert bench.events.calls == ["unregistered"] and bench.reactor.waits == []
    with pytest.raises(LinkError, match="NOT_REGISTERED"):
        bench.store.registration()


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"type":"challenge"}', b'{"type":"challenge","nonce":"00"}', b"\xff"]
)
def test_nonsense_of_the_server_is_left_aside(tmp_path: Path, data: bytes) -> None:
    bench = Bench(tmp_path)
    socket = FakeSocket()
    bench.link.opened(socket)
    bench.link.text(data)
    assert socket.calls == [] and bench.events.calls == []


# --- who gets in ------------------------------------------------------------------------------------------------------


class FakeWindow:
    def __init__(self, _reactor: Any, said: Any, gone: Any, _language: str) -> None:
        self.said, self.gone, self.sent, self.closed = said, gone, [], False
        FakeWindow.latest = self

    latest: FakeWindow

    def send(self, message: local.ToWindow) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


class Visit:
    """A session that an operator opens on a device of the given policy."""

    def __init__(self, approval: str, server_asks: bool = True, window: Any = FakeWindow) -> None:
        self.reactor, self.server, self.told = FakeReactor(), FakeServer(), []
        policy = wire.DevicePolicy("device-1", 1, approval, 30)
        self.desk = DeviceDesk(self.reactor, policy, "ko", lambda event, **facts: self.told.append(event), window)
        joined = Joined("s", "secret", "한빛전산", "김상담")
        first = self.desk.asks_first
        self.session = SupportSession(
            self.reactor, self.server.link, joined, FakePC().parts(), self.desk, key=KEY, asks_first=first
        )
        self.desk.attend(self.session)
        self.session.start()
        self.socket = FakeSocket()
        self.server.paths("/ws/agent")[-1].done.callback(None)
        self.session.opened(self.socket)
        self.say(hello())
        if server_asks:
            self.say(live.ApprovalAsked("김상담", 60.0))

    def say(self, message: live.ServerMessage) -> None:
        self.session.text(live.encode(message))

    @property
    def open(self) -> bool:
        """Whether a console would be let in now."""
        before = len(self.server.paths("/ws/relay"))
        self.say(viewer_call())
        return len(self.server.paths("/ws/relay")) > before

    @property
    def answers(self) -> list[bool]:
        return [m["accepted"] for m in self.socket.texts if m["type"] == "approval"]

    def shown(self, kind: type[Any]) -> bool:
        return any(isinstance(message, kind) for message in FakeWindow.latest.sent)


def test_without_a_question_the_bar_shows_and_the_console_is_let_in() -> None:
    visit = Visit("never", server_asks=False)
    assert visit.open and visit.shown(local.Session) and not visit.shown(local.AskApproval)


@pytest.mark.parametrize("server_asks", [True, False])
@pytest.mark.parametrize("approval", ["ask_then_allow", "ask_then_refuse", "always"])
def test_where_its_policy_asks_nobody_gets_in_before_the_answer(approval: str, server_asks: bool) -> None:
    """Whatever the server says: also where it forgot to ask."""
    visit = Visit(approval, server_asks)
    assert not visit.open and visit.shown(local.AskApproval) and not visit.shown(local.Session)
    assert visit.told == ["session", "asking"]
    FakeWindow.latest.said(local.ApproveAnswer(True))
    assert visit.open and visit.shown(local.Session)
    assert visit.answers == ([True] if server_asks else [])


@pytest.mark.parametrize(("approval", "allowed"), [("ask_then_allow", True), ("ask_then_refuse", False)])
def test_silence_is_an_answer_after_the_policys_time(approval: str, allowed: bool) -> None:
    visit = Visit(approval)
    visit.reactor.advance(29.9)
    assert visit.answers == [] and not visit.open
    visit.reactor.advance(0.1)
    assert visit.answers == [allowed] and visit.open is allowed
    FakeWindow.latest.said(local.ApproveAnswer(not allowed))
    assert visit.answers == [allowed]


def test_where_a_yes_is_needed_silence_is_none() -> None:
    visit = Visit("always")
    visit.reactor.advance(3600)
    assert visit.answers == [] and not visit.open


def test_a_no_ends_a_session_that_the_server_opened_without_asking() -> None:
    visit = Visit("always", server_asks=False)
    FakeWindow.latest.said(local.ApproveAnswer(False))
    assert [m["type"] for m in visit.socket.texts] == ["auth", "end_session"] and not visit.open


def test_closing_the_question_is_a_no() -> None:
    visit = Visit("ask_then_allow")
    FakeWindow.latest.said(local.Closed())
    assert visit.answers == [False] and not visit.open


def test_a_stricter_server_is_heard_too() -> None:
    visit = Visit("never", server_asks=True)
    assert not visit.open and visit.shown(local.AskApproval)
    visit.reactor.advance(60)
    assert visit.answers == [False]


def test_the_answer_outlives_a_lost_link_before_the_server_heard_it() -> None:
    visit = Visit("always", server_asks=False)
    FakeWindow.latest.said(local.ApproveAnswer(True))
    visit.say(live.ApprovalAsked("김상담", 60.0))
    assert visit.answers == [True] and visit.open


def test_a_window_that_is_killed_ends_the_session_that_it_showed() -> None:
    visit = Visit("never", server_asks=False)
    FakeWindow.latest.gone(False)
    assert visit.socket.texts[-1]["type"] == "end_session"


def test_on_a_pc_that_cannot_show_a_window_silence_answers() -> None:
    def none(*_arguments: Any) -> Any:
        raise OSError("no window")

    visit = Visit("ask_then_refuse", window=none)
    visit.reactor.advance(30)
    assert visit.answers == [False]


def test_the_person_ends_it_and_the_farewell_goes_by_itself() -> None:
    visit = Visit("never", server_asks=False)
    FakeWindow.latest.said(local.EndSession())
    assert visit.socket.texts[-1]["type"] == "end_session" and visit.shown(local.Ended)
    visit.reactor.advance(FAREWELL_S)
    assert FakeWindow.latest.closed and visit.told[-1] == "ended"
