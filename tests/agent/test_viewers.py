"""Several consoles at one PC: rights by role, hand-over, numbers, people shown, and none hurts another (RC-HANDOVER)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from agent_fakes import Call, ConsolePeer, FakePC, FakeReactor, FakeServer, FakeSocket, FakeView, hello

from agent.session import Joined, SupportSession
from tests.protocol.pair import SID
from wizhelper.protocol import control, input, live, screen
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import Activity, SasPolicy, Trust
from wizhelper.protocol.screen import Stats

A = input.Key("KeyA", True)
NAMES = {"1": "김상담", "2": "이상담", "3": "박상담", "4": "최상담", "5": "정상담"}


@dataclass
class Seat:
    peer: ConsolePeer
    socket: FakeSocket

    @property
    def rights(self) -> set[str]:
        return set(self.peer.welcomes[-1].permissions)


class Bench:
    """A session whose server and customer are played by the test."""

    def __init__(self, policy: str = "shown") -> None:
        self.reactor, self.server, self.view, self.log = FakeReactor(), FakeServer(), FakeView(), list[Call]()
        self.pc = FakePC(self.log)
        joined = Joined("session-1", "secret-1", "한빛전산", "김상담")
        self.session = SupportSession(self.reactor, self.server.link, joined, self.pc.parts(), self.view)
        self.session.start()
        self.socket = FakeSocket(self.log)
        self.session.opened(self.socket)
        self.say(hello(policy, ("view", "control", "chat")))

    def say(self, message: live.ServerMessage) -> None:
        self.session.text(live.encode(message))

    def call(self, person: str, role: str, window: int = 1) -> bool:
        """Whether the agent opens a link for it."""
        before = len(self.server.paths("/ws/relay"))
        seat = f"{person}.{window}"
        self.say(live.Viewer(seat, "ticket", SID.hex(), NAMES[person], person, seat, role))
        return len(self.server.paths("/ws/relay")) > before

    def sit(self, person: str, role: str, window: int = 1) -> Seat:
        assert self.call(person, role, window)
        events, socket = self.server.paths("/ws/relay")[-1].events, FakeSocket(self.log)
        events.opened(socket)
        peer = ConsolePeer(events, socket)
        peer.ferry()
        return Seat(peer, socket)

    def roles(self, **roles: str) -> None:
        self.say(live.Roles(tuple(live.ViewerRole(f"{who[1:]}.1", role) for who, role in roles.items())))

    @property
    def people(self) -> list[tuple[str, bool]]:
        shown: list[tuple[str, bool]] = self.view.named("people")[-1][1]
        return shown

    @property
    def told(self) -> list[str]:
        return [message["type"] for message in self.socket.texts]


def test_a_watcher_has_its_own_handshake_and_sees_the_picture_but_nothing_else() -> None:
    bench = Bench()
    kim, lee = bench.sit("1", "controller"), bench.sit("2", "watcher")
    assert kim.rights >= {"view", "control", "chat"} and lee.rights == {"view"}
    assert kim.peer.established.sas != lee.peer.established.sas
    assert len(bench.pc.screens) == 2
    lee.peer.type(A)
    lee.peer.send(Channel.CHAT, b"\x01\x00\x02hi")
    assert bench.pc.input.handled == [] and bench.view.named("chat") == []
    kim.peer.type(A)
    assert bench.pc.input.handled == [A]


def test_wishes_of_one_viewer_change_nothing_for_another() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    lee = bench.sit("2", "watcher")
    lee.peer.send(Channel.SCREEN, screen.encode_viewer(screen.ViewRequest(monitor=1)))
    first, second = bench.pc.screens
    assert [call for call in first.calls if call[0] == "handle"] == []
    assert len([call for call in second.calls if call[0] == "handle"]) == 1


def test_the_customer_is_shown_everybody_and_who_controls() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    lee = bench.sit("2", "watcher")
    assert bench.people == [("김상담", True), ("이상담", False)]
    bench.roles(_1="watcher", _2="controller")
    assert bench.people == [("김상담", False), ("이상담", True)]
    lee.peer._events.closed(1006, "")
    assert bench.people == [("김상담", False)]


def test_a_hand_over_releases_keys_before_the_next_one_may_type() -> None:
    bench = Bench()
    kim, lee = bench.sit("1", "controller"), bench.sit("2", "watcher")
    kim.peer.type(A)
    bench.log.clear()
    bench.roles(_1="watcher", _2="controller")
    kim.peer.ferry()
    lee.peer.ferry()
    assert kim.rights == {"view"} and "control" in lee.rights
    assert bench.log[0] == ("release",)
    kim.peer.type(A)
    lee.peer.type(A)
    assert bench.pc.input.handled == [A, A]


def test_a_viewer_that_is_no_longer_named_has_to_go() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    bench.sit("2", "watcher")
    bench.roles(_1="controller")
    assert bench.people == [("김상담", True)]


def test_a_watcher_that_leaves_breaks_or_floods_hurts_nobody_else() -> None:
    bench = Bench()
    kim = bench.sit("1", "controller")
    for end in ("leaves", "says end"):
        lee = bench.sit("2", "watcher")
        if end == "leaves":
            lee.peer._events.closed(1006, "")
        else:
            lee.peer.say(control.End("operator_ended"))
        kim.peer.type(A)
    assert bench.pc.input.handled == [A, A]
    assert ("release",) not in bench.log
    assert "end_session" not in bench.told


def test_a_second_window_of_the_same_operator_is_a_viewer_of_its_own() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    bench.sit("1", "controller", window=2)
    assert bench.people == [("김상담", True)] and len(bench.session._viewers.here) == 2
    bench.sit("1", "controller", window=2)
    assert len(bench.session._viewers.here) == 2


def test_a_fifth_viewer_is_not_let_in() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    for person in ("2", "3", "4"):
        bench.sit(person, "watcher")
    assert not bench.call("5", "watcher")
    assert len(bench.people) == 4


def test_the_customer_sends_a_watcher_away_for_good_and_the_server_hears_it() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    bench.sit("2", "watcher")
    bench.session.dismiss("2")
    assert bench.people == [("김상담", True)]
    assert bench.told[-1] == "dismiss" and bench.socket.texts[-1]["person"] == "2"
    assert not bench.call("2", "watcher")


@pytest.mark.parametrize("person", ["1", "", "9"])
def test_whoever_controls_is_not_sent_away_like_that(person: str) -> None:
    bench = Bench()
    bench.sit("1", "controller")
    bench.session.dismiss(person)
    assert bench.people == [("김상담", True)] and "dismiss" not in bench.told


def test_where_a_number_is_needed_each_viewer_needs_its_own() -> None:
    bench = Bench("required")
    kim = bench.sit("1", "controller")
    bench.session.verify(kim.peer.established.sas)
    kim.peer.ferry()
    lee = bench.sit("2", "watcher")
    assert lee.rights == set() and "view" in kim.rights
    assert bench.view.calls[-1][2:] == (lee.peer.established.sas, SasPolicy.REQUIRED, Trust.UNVERIFIED)
    bench.session.verify(lee.peer.established.sas)
    lee.peer.ferry()
    assert lee.rights == {"view"}
    assert bench.view.calls[-1][4] is Trust.NUMBER


def test_the_number_of_one_viewer_does_not_vouch_for_another() -> None:
    bench = Bench("required")
    kim = bench.sit("1", "controller")
    bench.session.verify(kim.peer.established.sas)
    bench.sit("2", "watcher")
    bench.session.verify(kim.peer.established.sas)
    assert bench.told[-1] == "end_session" and bench.socket.texts[-1]["reason"] == "security_alarm"


def test_what_goes_on_is_shown_until_the_last_one_who_does_it_has_gone() -> None:
    bench = Bench()
    kim, lee = bench.sit("1", "controller"), bench.sit("2", "watcher")
    kim.peer.say(control.Note("recording_started"))
    lee.peer.say(control.Note("recording_started"))
    kim.peer._events.closed(1006, "")
    assert bench.view.named("activities")[-1][1] == frozenset({Activity.RECORDING})
    lee.peer._events.closed(1006, "")
    assert bench.view.named("activities")[-1][1] == frozenset()


def test_what_a_watcher_did_is_recorded_with_its_name() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    lee = bench.sit("2", "watcher")
    lee.peer.say(control.Note("screenshot"))
    (act,) = [act for m in bench.socket.texts if m["type"] == "acts" for act in m["acts"]]
    assert act == {"name": "screenshot", "facts": [{"name": "by", "value": "이상담"}]}


def test_the_record_keeps_the_figures_of_whoever_controls() -> None:
    bench = Bench()
    bench.sit("1", "controller")
    first = bench.pc.report
    bench.sit("2", "watcher")
    bench.pc.report(Stats(900.0, 1.0, 1.0, "x11-shm", 10, 10))
    first(Stats(20.0, 30.0, 900.0, "x11-shm", 10, 10))
    bench.session.end()
    (quality,) = [m for m in bench.socket.texts if m["type"] == "quality"]
    assert [sample["latency_ms"] for sample in quality["samples"]] == [20.0]


def test_the_customers_end_stops_everybody() -> None:
    bench = Bench()
    seats = [bench.sit("1", "controller"), bench.sit("2", "watcher")]
    bench.session.end()
    for seat in seats:
        seat.peer.ferry()
        assert isinstance(seat.peer.controls[-1], control.End)
