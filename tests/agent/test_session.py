"""Rules of one support session on the agent, from "joined" to its end. Time is advanced, the network is recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from agent_fakes import (
    Call,
    Connection,
    ConsolePeer,
    FakePC,
    FakeReactor,
    FakeServer,
    FakeSocket,
    FakeView,
    hello,
    viewer_call,
)
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from agent.link import BACK_OFF_S, MIN_BACK_OFF_S, BackOff, LinkError
from agent.session import GOODBYE_S, Joined, SupportSession
from agent.tools import Outlet, ToolKind
from agent.untold import EVERY_S, MAX_UNTOLD
from agent.viewer import ACTS_AT_ONCE
from wizhelper.protocol import control, input, live
from wizhelper.protocol.channels import VIEW, Channel
from wizhelper.protocol.control import Activity, SasPolicy, Trust
from wizhelper.protocol.screen import Stats

JOINED = Joined("session-1", "secret-1", "한빛전산", "김상담")
A = input.Key("KeyA", True)


@dataclass
class Bench:
    """A session between fakes. `log` holds what sockets and input did, in one order."""

    reactor: FakeReactor = field(default_factory=FakeReactor)
    server: FakeServer = field(default_factory=FakeServer)
    view: FakeView = field(default_factory=FakeView)
    log: list[Call] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    tools: tuple[ToolKind, ...] = ()

    def __post_init__(self) -> None:
        self.pc = FakePC(self.log)
        parts = replace(self.pc.parts(), tools=self.tools)
        self.session = SupportSession(self.reactor, self.server.link, JOINED, parts, self.view)
        self.session.done.addCallback(self._ended)
        self.session.start()

    def _ended(self, reason: str) -> str:
        self.reasons.append(reason)
        return reason

    @property
    def attempt(self) -> Connection:
        """The newest attempt at a live link."""
        return self.server.paths("/ws/agent")[-1]

    @property
    def relays(self) -> list[Connection]:
        return self.server.paths("/ws/relay")

    def online(self, greeting: live.Hello | None = None) -> FakeSocket:
        socket = FakeSocket(self.log)
        self.attempt.done.callback(None)
        self.session.opened(socket)
        self.say(greeting or hello())
        return socket

    def say(self, message: live.ServerMessage) -> None:
        self.session.text(live.encode(message))

    def console(self, resume: bytes | None = None) -> tuple[ConsolePeer, FakeSocket]:
        """The server asks for a view, and the console is there."""
        self.say(viewer_call())
        relay, socket = self.relays[-1], FakeSocket(self.log)
        relay.events.opened(socket)
        peer = ConsolePeer(relay.events, socket, resume)
        peer.ferry()
        return peer, socket


# --- the live link ----------------------------------------------------------------------------------------------------


def test_the_secret_goes_to_the_server_first_and_nothing_else() -> None:
    bench = Bench()
    socket = bench.online()
    assert [(m["type"], m["session"], m["secret"]) for m in socket.texts] == [("auth", "session-1", "secret-1")]
    assert bench.view.calls == [("started", "한빛전산", "김상담", 1000.0), ("link", True)]


def test_a_lost_live_link_comes_back_after_a_wait() -> None:
    bench = Bench()
    bench.online()
    bench.session.closed(1006, "lost")
    assert bench.view.calls[-1] == ("link", False)
    assert len(bench.server.connections) == 1

    (wait,) = bench.reactor.waits
    assert MIN_BACK_OFF_S <= wait <= 2 * MIN_BACK_OFF_S
    bench.reactor.advance(wait)
    bench.online()

    assert len(bench.server.connections) == 2
    assert bench.view.calls[-1] == ("link", True)
    assert len(bench.view.named("started")) == 1


def test_a_server_that_stays_away_is_asked_at_most_every_five_seconds_and_at_random_times() -> None:
    bench = Bench()
    waits = []
    for _ in range(30):
        bench.attempt.done.errback(Failure(LinkError("SERVER_UNREACHABLE", "refused")))
        waits += bench.reactor.waits
        bench.reactor.advance(BACK_OFF_S)
    assert len(bench.server.connections) == 31
    assert all(MIN_BACK_OFF_S <= wait <= BACK_OFF_S for wait in waits)
    assert len(set(waits)) > 20
    assert bench.reasons == []


@pytest.mark.parametrize("reason", ["NOT_FOUND", "SESSION_STATE"])
def test_a_server_that_no_longer_knows_the_session_ends_it(reason: str) -> None:
    bench = Bench()
    bench.session.opened(FakeSocket())
    bench.session.closed(4403, reason)
    assert bench.reasons == ["session_over"]
    assert bench.view.calls == [("ended", "session_over")]
    assert bench.reactor.waits == []


@pytest.mark.parametrize("reason", ["", "BAD_LIVE", "SERVER_STOPPING", "REPLACED", "TOO_LATE", "not_found"])
def test_any_other_close_is_retried(reason: str) -> None:
    bench = Bench()
    bench.online()
    bench.session.closed(4400, reason)
    assert bench.reasons == [] and len(bench.reactor.waits) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"type":"hello"}',
        b'{"type":"auth","session":"a","secret":"b","version":"c"}',
        b'{"type":"ended","reason":"x","more":1}',
        b"\xff" * 20_000,
        live.encode(hello(policy="none at all")),
    ],
)
def test_nonsense_of_the_server_is_refused_and_changes_nothing(text: bytes) -> None:
    bench = Bench()
    bench.session.opened(FakeSocket())
    bench.session.text(text)
    assert bench.view.calls == [] and bench.reasons == []


# --- viewers ----------------------------------------------------------------------------------------------------------


def test_a_console_is_let_in_and_shown_to_the_customer() -> None:
    bench = Bench()
    bench.online()
    peer, _ = bench.console()
    peer.type(A)
    assert bench.pc.input.handled == [A]
    shown = ("viewer", True, peer.established.sas, SasPolicy.SHOWN, Trust.UNVERIFIED)
    assert bench.view.calls[-1] == shown


def test_a_viewer_before_hello_is_ignored() -> None:
    bench = Bench()
    bench.session.opened(FakeSocket())
    bench.say(viewer_call())
    assert bench.relays == []


def test_a_viewer_before_the_customers_approval_is_ignored() -> None:
    """OP-SET-APPROVE: whatever the server asks for."""
    bench = Bench()
    socket = bench.online()
    bench.say(live.ApprovalAsked("김상담", 60.0))
    bench.say(viewer_call())
    assert bench.relays == []
    assert bench.view.calls[-1] == ("ask_approval", "김상담", 60.0)

    bench.session.approve(False)
    bench.say(viewer_call())
    assert bench.relays == []

    bench.session.approve(True)
    bench.say(viewer_call())
    assert len(bench.relays) == 1
    assert [m["accepted"] for m in socket.texts[1:]] == [False, True]


@pytest.mark.parametrize("sid", ["", "00", "zz" * 16, "00" * 15, "00" * 17, "0" * 31, "한" * 16])
def test_a_malformed_sid_opens_nothing(sid: str) -> None:
    bench = Bench()
    bench.online()
    bench.say(viewer_call(sid=sid))
    assert bench.relays == [] and bench.reasons == []


def test_a_new_viewer_replaces_the_old_one() -> None:
    bench = Bench()
    bench.online()
    old, old_socket = bench.console()
    old.link.seal(Channel.INPUT, input.encode(A))
    new, _ = bench.console()
    assert old_socket.is_closed and bench.pc.screens[0].calls[-1] == ("stop",)

    for data in old.link.data_to_send():
        bench.relays[0].events.binary(data)
    assert bench.pc.input.handled == []
    new.type(A)
    assert bench.pc.input.handled == [A]


def test_the_late_end_of_a_replaced_link_leaves_the_new_one_alone() -> None:
    bench = Bench()
    bench.online()
    bench.console()
    bench.console()
    shown = len(bench.view.calls)
    bench.relays[0].events.closed(4005, "REPLACED")
    assert bench.view.calls[shown:] == []
    assert bench.pc.screens[1].calls == [("start",)]


def test_a_relay_that_cannot_be_reached_leaves_the_session_waiting_for_the_next_call() -> None:
    bench = Bench()
    bench.online()
    bench.say(viewer_call())
    bench.relays[0].done.errback(Failure(LinkError("SERVER_UNREACHABLE")))
    assert bench.view.calls[-1][:2] == ("viewer", False)
    peer, _ = bench.console()
    peer.type(A)
    assert bench.pc.input.handled == [A] and bench.reasons == []


def test_a_console_resumes_within_the_session_and_keeps_the_trust() -> None:
    bench = Bench()
    bench.online(hello("required"))
    peer, _ = bench.console()
    bench.session.verify(peer.established.sas)
    bench.relays[0].events.closed(1006, "")
    again, _ = bench.console(peer.established.resume_secret)
    again.type(A)
    assert bench.pc.input.handled == [A]
    assert bench.view.calls[-1] == ("viewer", True, again.established.sas, SasPolicy.REQUIRED, Trust.NUMBER)


def test_rights_that_the_agent_does_not_know_are_not_granted() -> None:
    bench = Bench()
    bench.online(hello(permissions=("view", "files", "VIEW", "")))
    peer, _ = bench.console()
    assert peer.welcomes[0].permissions == ("view",)


def test_the_server_cannot_widen_a_running_session() -> None:
    """Rights are fixed when the customer agrees: a later hello takes away, never gives."""
    bench = Bench()
    bench.online(hello("required", ("view",)))
    bench.session.closed(1006, "")
    bench.reactor.advance(BACK_OFF_S)
    bench.online(hello("off", ("view", "control")))

    peer, _ = bench.console()
    assert peer.welcomes[0] == control.Welcome((), "required", "unverified", False)
    bench.session.verify(peer.established.sas)
    peer.ferry()
    peer.type(A)
    assert peer.welcomes[1].permissions == ("view",)
    assert bench.pc.input.handled == []


def test_the_server_can_narrow_a_running_session() -> None:
    bench = Bench()
    bench.online()
    bench.session.closed(1006, "")
    bench.reactor.advance(BACK_OFF_S)
    bench.online(hello("required", ("view",)))
    peer, _ = bench.console()
    bench.session.verify(peer.established.sas)
    peer.ferry()
    assert [w.permissions for w in peer.welcomes] == [(), ("view",)]


def test_trouble_with_the_picture_is_shown() -> None:
    bench = Bench()
    bench.online()
    bench.console()
    bench.pc.on_errors[0]("CAPTURE_LOST")
    assert bench.view.calls[-1] == ("refused", "CAPTURE_LOST")


# --- alarms -----------------------------------------------------------------------------------------------------------


def test_the_wrong_number_ends_the_session_with_an_alarm() -> None:
    bench = Bench()
    socket = bench.online(hello("required"))
    peer, relay = bench.console()
    bench.session.verify(f"{(int(peer.established.sas) + 1) % 10**6:06d}")
    peer.ferry()
    assert bench.view.named("ended") == [("ended", "security_alarm")]
    assert socket.texts[-1] == {"type": "end_session", "reason": "security_alarm"}
    assert peer.controls[-1] == control.End("security_alarm")
    assert relay.is_closed and bench.pc.input.handled == []


def test_there_is_no_second_try() -> None:
    bench = Bench()
    bench.online(hello("required"))
    peer, _ = bench.console()
    bench.session.verify("")
    bench.session.verify(peer.established.sas)
    assert bench.view.named("ended") == [("ended", "security_alarm")]
    assert bench.pc.screens == []


def test_a_number_typed_without_a_console_does_nothing() -> None:
    bench = Bench()
    bench.online(hello("required"))
    bench.session.verify("123456")
    bench.say(viewer_call())
    bench.session.verify("123456")
    assert bench.view.named("ended") == [] and bench.reasons == []


def test_a_bad_frame_ends_the_session_with_an_alarm() -> None:
    bench = Bench()
    socket = bench.online()
    _, relay = bench.console()
    bench.relays[0].events.binary(b"\x01" * 64)
    assert bench.view.named("ended") == [("ended", "security_alarm")]
    assert socket.texts[-1] == {"type": "end_session", "reason": "security_alarm"}
    assert relay.is_closed and bench.pc.input.calls == [("release",)]


def test_a_failed_handshake_does_not_end_the_session() -> None:
    bench = Bench()
    bench.online()
    bench.say(viewer_call())
    bench.relays[0].events.opened(FakeSocket())
    bench.relays[0].events.binary(b"nonsense")
    assert bench.view.named("ended") == []
    peer, _ = bench.console()
    assert peer.welcomes


# --- the end ----------------------------------------------------------------------------------------------------------


def test_end_silences_input_then_tells_the_console_then_the_server() -> None:
    """The customer's End works on this PC first (security design, row U)."""
    bench = Bench()
    socket = bench.online()
    bench.console()
    bench.log.clear()
    bench.session.end()
    assert [(c[0], *c[1:2]) for c in bench.log] == [
        ("release",),
        ("socket", "binary"),
        ("socket", "close"),
        ("socket", "text"),
        ("socket", "close"),
    ]
    assert socket.texts[-1] == {"type": "end_session", "reason": "customer_ended"}
    assert bench.view.calls[-1] == ("ended", "customer_ended")


def test_after_end_no_input_acts_though_the_relay_delivers_it_late() -> None:
    bench = Bench()
    bench.online()
    peer, _ = bench.console()
    for _ in range(5):
        peer.link.seal(Channel.INPUT, input.encode(A))
    bench.session.end()
    for data in peer.link.data_to_send():
        bench.relays[0].events.binary(data)
    assert bench.pc.input.handled == []


def test_the_last_words_take_two_seconds_at_most() -> None:
    bench = Bench()
    bench.online()
    bench.session.end()
    bench.reactor.advance(GOODBYE_S - 0.01)
    assert bench.reasons == []
    bench.reactor.advance(0.01)
    assert bench.reasons == ["customer_ended"]


def test_done_fires_once_whatever_comes_afterwards() -> None:
    bench = Bench()
    bench.online()
    bench.session.end()
    bench.session.closed(1000, "")
    bench.session.end("other")
    bench.reactor.advance(2 * GOODBYE_S)
    bench.session.closed(1006, "")
    assert bench.reasons == ["customer_ended"]
    assert len(bench.view.named("ended")) == 1


def test_the_servers_end_closes_everything() -> None:
    bench = Bench()
    socket = bench.online()
    _, relay = bench.console()
    bench.say(live.Ended("admin_cut"))
    assert socket.is_closed and relay.is_closed
    assert bench.pc.input.calls == [("release",)] and bench.pc.screens[0].calls[-1] == ("stop",)
    assert bench.view.calls[-1] == ("ended", "admin_cut")
    bench.session.closed(1000, "")
    assert bench.reasons == ["admin_cut"]
    bench.reactor.advance(BACK_OFF_S)
    assert len(bench.server.paths("/ws/agent")) == 1


def test_the_consoles_end_closes_the_view_and_leaves_the_session_to_the_server() -> None:
    bench = Bench()
    bench.online()
    peer, relay = bench.console()
    peer.say(control.End("operator_ended"))
    assert relay.is_closed and bench.view.named("ended") == []
    bench.say(live.Ended("operator_ended"))
    assert bench.view.calls[-1] == ("ended", "operator_ended")


@pytest.mark.parametrize(
    "message",
    [hello(), viewer_call(), live.ApprovalAsked("김상담", 60.0), live.Ended("again")],
    ids=lambda m: type(m).__name__,
)
def test_what_the_server_still_says_after_the_end_is_not_shown(message: live.ServerMessage) -> None:
    bench = Bench()
    bench.online()
    bench.session.end()
    shown = len(bench.view.calls)
    bench.say(message)
    assert bench.view.calls[shown:] == []
    assert bench.relays == []


def test_a_link_that_opens_after_the_end_is_dropped_without_the_secret() -> None:
    bench = Bench()
    bench.online()
    bench.session.closed(1006, "")
    bench.reactor.advance(BACK_OFF_S)
    bench.session.end()
    late = FakeSocket()
    bench.session.opened(late)
    assert late.calls == [("abort",)]
    assert bench.reasons == ["customer_ended"]


def test_end_while_offline_stops_the_attempts() -> None:
    bench = Bench()
    bench.online()
    bench.session.closed(1006, "")
    bench.session.end()
    assert bench.reasons == ["customer_ended"]
    bench.reactor.advance(BACK_OFF_S)
    assert len(bench.server.connections) == 1


def test_shutting_down_waits_for_the_server_to_be_told_and_may_be_asked_twice() -> None:
    bench = Bench()
    bench.online()
    told: list[Any] = []
    first: Deferred[str] = bench.session.shut_down()
    second: Deferred[str] = bench.session.shut_down()
    first.addCallback(told.append)
    second.addCallback(told.append)
    assert told == []
    bench.session.closed(1000, "")
    assert told == ["customer_ended", "customer_ended"]


# --- back-off ---------------------------------------------------------------------------------------------------------


def test_back_off_is_full_jitter_with_a_doubling_ceiling() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    back_off = BackOff(uniform)
    waits = [back_off.next_s() for _ in range(8)]
    assert {low for low, _ in asked} == {MIN_BACK_OFF_S}
    assert waits == pytest.approx([0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0])
    back_off.reset()
    assert back_off.next_s() == pytest.approx(0.4)


def test_back_off_is_reset_by_hello_and_not_by_a_mere_connection() -> None:
    """A server that accepts and drops at once must not be asked five times a second."""
    bench = Bench()
    for _ in range(6):
        bench.session.opened(FakeSocket())
        bench.session.closed(1006, "")
        bench.reactor.advance(BACK_OFF_S)
    back_off = bench.session._back_off
    assert back_off._ceiling == BACK_OFF_S
    bench.session.opened(FakeSocket())
    bench.say(hello())
    assert back_off._ceiling == 2 * MIN_BACK_OFF_S


def test_a_window_that_takes_no_input_is_said_to_the_person() -> None:
    bench = Bench()
    bench.pc.input.refused("INPUT_REFUSED")
    assert bench.view.calls[-1] == ("refused", "INPUT_REFUSED")


# --- what is done besides picture and input ---------------------------------------------------------------------------


def acts(socket: FakeSocket) -> list[str]:
    return [act["name"] for message in socket.texts if message["type"] == "acts" for act in message["acts"]]


def test_acts_are_told_together_and_wait_for_a_lost_link() -> None:
    """The server takes few messages a second; nothing is lost while it is away."""
    bench = Bench()
    first = bench.online()
    peer, _ = bench.console()
    peer.say(control.Note("screenshot"))
    peer.say(control.Note("recording_started"))
    assert acts(first) == ["screenshot"]
    bench.session.closed(1006, "lost")
    bench.reactor.advance(10)
    second = bench.online()
    assert acts(first) + acts(second) == ["screenshot", "recording_started"]


def test_acts_that_follow_each_other_quickly_share_a_message_which_the_server_takes() -> None:
    bench = Bench()
    socket = bench.online()
    for _ in range(30):
        bench.session.viewer_acted("command_run", {"command": "\x01" * 2000})
    for _ in range(30):
        bench.reactor.advance(EVERY_S)
    told = [message for message in socket.texts if message["type"] == "acts"]
    assert len(acts(socket)) == 30 and 1 < len(told) < 20
    for message in told:
        live.decode_from_agent(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


@pytest.mark.parametrize("how", ["the server", "the customer"])
def test_no_act_is_lost_when_the_session_ends_right_after_it(how: str) -> None:
    bench = Bench()
    socket = bench.online()
    peer, _ = bench.console()
    for _ in range(20):
        peer.say(control.Note("screenshot"))
    bench.say(live.Ended("operator_ended")) if how == "the server" else bench.session.end()
    assert acts(socket) == ["screenshot"] * 20
    assert socket.texts[-1]["type"] == ("acts" if how == "the server" else "end_session")


class Lasting:
    """A tool whose work is over when its link is."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def received(self, body: bytes) -> None: ...

    def close(self) -> None:
        self._outlet.result("terminal_closed")


@pytest.mark.parametrize("how", ["end", "restart"])
def test_what_ends_with_the_link_is_in_the_record_before_the_session_goes(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tools=(ToolKind(Channel.TERMINAL, frozenset({VIEW}), Lasting),))
    socket = bench.online()
    bench.console()
    monkeypatch.setattr(SupportSession, "going_down", property(lambda _: how == "restart"))
    bench.session.shut_down()
    assert acts(socket) == ["terminal_closed"]


def test_a_console_that_acts_faster_than_the_record_can_be_told_is_put_out_and_all_it_did_is_told() -> None:
    bench = Bench()
    socket = bench.online()
    peer, _ = bench.console()
    for _ in range(ACTS_AT_ONCE + 5):
        peer.say(control.Note("screenshot"))
    assert bench.reasons == [] or bench.reasons == ["security_alarm"]
    assert acts(socket) == ["screenshot"] * (ACTS_AT_ONCE + 1)
    assert bench.session._viewers.here == []


def test_nothing_more_may_be_done_when_too_much_waits_for_a_server_that_is_away() -> None:
    bench = Bench()
    bench.online()
    bench.console()
    bench.session.closed(1006, "lost")
    (viewer,) = bench.session._viewers.here
    for _ in range(MAX_UNTOLD):
        viewer.acted("command_ended", {})
    assert bench.session._viewers.here == []
    socket = bench.online() if bench.reactor.advance(10) is None else FakeSocket()
    bench.session.end()
    assert len(acts(socket)) == MAX_UNTOLD


def test_what_goes_on_is_shown_and_taken_back_with_the_console() -> None:
    bench = Bench()
    bench.online()
    peer, _ = bench.console()
    peer.say(control.Note("recording_started"))
    assert bench.view.calls[-1] == ("activities", frozenset({Activity.RECORDING}))
    bench.relays[-1].events.closed(1000, "")
    assert bench.view.named("activities")[-1] == ("activities", frozenset())


def test_what_the_console_got_is_told_when_its_link_ends() -> None:
    bench = Bench()
    live_socket = bench.online()
    bench.console()
    bench.pc.report(Stats(12.0, 30.0, 900.0, "x11-shm", 800, 600))
    bench.relays[-1].events.closed(1000, "")
    (told,) = [message for message in live_socket.texts if message["type"] == "quality"]
    assert [(sample["fps"], sample["latency_ms"]) for sample in told["samples"]] == [(30.0, 12.0)]


def test_files_are_offered_only_while_somebody_controls_who_may_have_them() -> None:
    """FT-DROPOUT"""
    bench = Bench()
    bench.online()
    bench.session.offer_files(("/tmp/a",))
    assert bench.view.calls[-1] == ("refused", "FILES_NOT_TAKEN")
