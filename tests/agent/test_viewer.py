"""Rules of one console's link on the agent: who may do what, and how a link ends. The console is the real ConsoleLink."""

from __future__ import annotations

from itertools import combinations

import pytest
from agent_fakes import ConsolePeer, FakeSocket, ViewerBench

from agent.viewer import MAX_INPUT_PER_S, PING_S, RESUME_S
from tests.protocol.pair import CONSOLE, CONSOLE_KEY
from wizhelper.protocol import control, input, screen
from wizhelper.protocol.channels import CONTROL, VIEW, Channel, Permission
from wizhelper.protocol.control import SasPolicy, Trust
from wizhelper.protocol.secure import RekeyLimits

SETS = [frozenset(c) for n in range(3) for c in combinations((VIEW, CONTROL), n)]
POLICIES = list(SasPolicy)

SCREEN_MESSAGES: list[screen.ViewerMessage] = [
    screen.Ack(1, 5),
    screen.Caps(("x",)),
    screen.Refresh(),
    screen.ViewRequest("compatible", False),
    screen.Pause(True),
]
INPUT_MESSAGES: list[input.InputMessage] = [
    input.Key("KeyA", True),
    input.Text("가"),
    input.Pointer(1, 2, 1),
    input.Wheel(1, 2, 0, 120),
    input.Release(),
]
RESERVED = [c for c in Channel if c not in (Channel.CONTROL, Channel.SCREEN, Channel.INPUT)]
A = input.Key("KeyA", True)


def wrong(number: str) -> str:
    return f"{(int(number) + 1) % 10**6:06d}"


def ids(permissions: frozenset[Permission]) -> str:
    return "+".join(sorted(permissions)) or "none"


# --- what a console may do --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permissions", SETS, ids=ids)
@pytest.mark.parametrize("message", SCREEN_MESSAGES, ids=lambda m: type(m).__name__)
def test_screen_messages_act_only_with_the_right_to_view(
    permissions: frozenset[Permission], message: screen.ViewerMessage
) -> None:
    """Without the right the message is ignored, and the link goes on."""
    bench = ViewerBench(permissions)
    console = bench.open()

    console.send(Channel.SCREEN, screen.encode_viewer(message))

    assert bench.acts == ([message] if VIEW in permissions else [])
    assert not bench.socket.is_closed


@pytest.mark.parametrize("permissions", SETS, ids=ids)
@pytest.mark.parametrize("message", INPUT_MESSAGES, ids=lambda m: type(m).__name__)
def test_input_acts_only_with_the_right_to_control(
    permissions: frozenset[Permission], message: input.InputMessage
) -> None:
    bench = ViewerBench(permissions)
    console = bench.open()

    console.type(message)

    assert bench.acts == ([message] if CONTROL in permissions else [])
    assert not bench.socket.is_closed


@pytest.mark.parametrize("permissions", SETS, ids=ids)
def test_the_picture_is_made_only_with_the_right_to_view(permissions: frozenset[Permission]) -> None:
    bench = ViewerBench(permissions)
    console = bench.open()
    assert [s.calls for s in bench.screens] == ([[("start",)]] if VIEW in permissions else [])
    assert console.welcomes == [control.Welcome(tuple(sorted(permissions)), "shown", "unverified", False)]


@pytest.mark.parametrize("permissions", SETS, ids=ids)
@pytest.mark.parametrize("channel", RESERVED, ids=lambda c: c.name)
def test_a_channel_that_the_agent_does_not_serve_ends_the_link(
    permissions: frozenset[Permission], channel: Channel
) -> None:
    for kind in (0x00, 0x01, 0x05, 0x10, 0xFF):
        bench = ViewerBench(permissions)
        console = bench.open()
        console.send(channel, bytes([kind]) + b"body")
        assert bench.acts == []
        assert bench.socket.is_closed
        assert bench.alarms == [("alarm", "CHANNEL_UNKNOWN")]


@pytest.mark.parametrize("permissions", [SETS[0], SETS[-1]], ids=ids)
def test_a_body_that_fits_no_type_ends_the_link(permissions: frozenset[Permission]) -> None:
    """All 256 types of the channels that are served."""
    for channel in (Channel.CONTROL, Channel.SCREEN, Channel.INPUT):
        for kind in range(256):
            bench = ViewerBench(permissions)
            console = bench.open()
            console.send(channel, bytes([kind, 0xEE, 0xEE]))
            assert bench.acts == [], (channel, kind)
            assert bench.socket.is_closed and bench.alarms, (channel, kind)


@pytest.mark.parametrize(
    "message", [control.Welcome(("control", "view"), "off", "number", True)], ids=lambda m: type(m).__name__
)
def test_a_console_cannot_give_itself_rights(message: control.ControlMessage) -> None:
    bench = ViewerBench(frozenset())
    console = bench.open()
    console.say(message)
    assert bench.alarms == [("alarm", "BAD_CONTROL")]
    assert bench.acts == [] and bench.screens == []


def test_a_second_identity_ends_the_link() -> None:
    bench = ViewerBench()
    console = bench.open()
    console.send(Channel.CONTROL, control.encode_auth("O", b"\0" * 32, CONSOLE, CONSOLE_KEY))
    assert bench.alarms == [("alarm", "BAD_AUTH")]


def test_pings_are_answered_and_foreign_pongs_ignored() -> None:
    bench = ViewerBench()
    console = bench.open()
    console.say(control.Pong(2**64 - 1))
    console.say(control.Ping(77))
    assert console.controls[-1] == control.Pong(77)
    assert [c for c in bench.screens[0].calls if c[0] == "pong"] == []


def test_a_console_that_ends_the_session_stops_picture_and_input() -> None:
    """The session is told; what comes afterwards does nothing."""
    bench = ViewerBench()
    console = bench.open()
    console.say(control.End("operator_ended"))
    assert bench.events.calls[-1] == ("ended_session",)


def test_rekeying_by_the_console_goes_unnoticed() -> None:
    bench = ViewerBench()
    console = bench.open(limits=RekeyLimits(frames=3))
    for _ in range(20):
        console.type(A)
    assert bench.input.handled == [A] * 20
    assert bench.alarms == []


# --- the confirmation number ------------------------------------------------------------------------------------------


def test_required_means_no_picture_and_no_input_before_the_right_number() -> None:
    """WELCOME grants nothing until the customer has typed what the operator read out."""
    bench = ViewerBench(policy=SasPolicy.REQUIRED)
    console = bench.open()
    console.type(A)
    console.send(Channel.SCREEN, screen.encode_viewer(screen.Refresh()))
    assert bench.acts == [] and bench.screens == []
    assert console.welcomes == [control.Welcome((), "required", "unverified", False)]

    assert bench.viewer.verify(console.established.sas)
    console.ferry()
    console.type(A)

    assert console.welcomes[1:] == [control.Welcome(("control", "view"), "required", "number", False)]
    assert bench.screens[0].calls == [("start",)]
    assert bench.input.handled == [A]


def test_a_wrong_number_opens_nothing() -> None:
    bench = ViewerBench(policy=SasPolicy.REQUIRED)
    console = bench.open()
    assert not bench.viewer.verify(wrong(console.established.sas))
    console.type(A)
    assert bench.acts == [] and bench.screens == []
    assert bench.memory.trust is Trust.UNVERIFIED


@pytest.mark.parametrize("policy", [SasPolicy.OFF, SasPolicy.SHOWN])
def test_other_policies_let_the_console_in_at_once_and_call_it_unverified(policy: SasPolicy) -> None:
    bench = ViewerBench(policy=policy)
    console = bench.open()
    console.type(A)
    assert bench.input.handled == [A]
    assert bench.events.calls == [("open", console.established.sas, Trust.UNVERIFIED)]


def test_the_screen_starts_once_when_the_number_comes_late() -> None:
    bench = ViewerBench()
    console = bench.open()
    assert bench.viewer.verify(console.established.sas)
    assert len(bench.screens) == 1 and bench.memory.trust is Trust.NUMBER


# --- floods -----------------------------------------------------------------------------------------------------------


def test_an_input_flood_is_cut() -> None:
    """A burst of one second is let through, the next message ends the link."""
    bench = ViewerBench()
    console = bench.open()
    for _ in range(MAX_INPUT_PER_S):
        console.type(A)
    assert bench.alarms == []
    console.type(A)
    assert len(bench.input.handled) == MAX_INPUT_PER_S
    assert bench.input.calls[-1] == ("release",)
    assert bench.alarms == [("alarm", "INPUT_FLOOD")]


def test_the_allowed_rate_may_go_on_for_ever() -> None:
    bench = ViewerBench()
    console = bench.open()
    for _ in range(3 * MAX_INPUT_PER_S):
        bench.reactor.advance(1 / MAX_INPUT_PER_S)
        console.type(A)
    assert len(bench.input.handled) == 3 * MAX_INPUT_PER_S and bench.alarms == []


def test_quiet_time_buys_no_more_than_one_burst() -> None:
    bench = ViewerBench()
    console = bench.open()
    bench.reactor.advance(3600)
    for _ in range(MAX_INPUT_PER_S + 1):
        console.type(A)
    assert len(bench.input.handled) == MAX_INPUT_PER_S


def test_a_console_that_never_answers_pings_does_not_fill_the_memory() -> None:
    bench = ViewerBench()
    bench.open()
    before = len(bench.socket.calls)
    for _ in range(200):
        bench.reactor.advance(PING_S)
    assert len(bench.socket.calls) - before <= 30


def test_a_pong_tells_the_screen_the_round_trip() -> None:
    bench = ViewerBench()
    console = bench.open()
    token = next(m.token for m in console.controls if isinstance(m, control.Ping))
    bench.reactor.advance(0.25)
    console.say(control.Pong(token))
    console.say(control.Pong(token))
    assert bench.screens[0].calls == [("start",), ("pong", 0.25)]


# --- the end ----------------------------------------------------------------------------------------------------------


def test_closing_releases_the_keys_and_stops_the_picture_first() -> None:
    """What happens on this PC does not wait for the network."""
    bench = ViewerBench()
    bench.open()
    bench.log.clear()
    bench.viewer.close("customer_ended")
    assert [call[0] for call in bench.log] == ["release", "socket", "socket"]
    assert [call[1] for call in bench.log[1:]] == ["binary", "close"]
    assert bench.screens[0].calls[-1] == ("stop",)
    assert bench.events.calls[-1] == ("closed",)


def test_after_close_no_input_reaches_the_injector_even_if_frames_still_arrive() -> None:
    """The relay may be stalled and deliver later what was sealed before."""
    bench = ViewerBench()
    console = bench.open()
    for _ in range(10):
        console.link.seal(Channel.INPUT, input.encode(A))
    bench.viewer.close("customer_ended")
    sent = len(bench.socket.calls)

    for data in console.link.data_to_send():
        bench.viewer.binary(data)

    assert bench.input.calls == [("release",)]
    assert bench.alarms == [] and len(bench.socket.calls) == sent


def test_the_console_is_told_why_when_the_customer_ends() -> None:
    bench = ViewerBench()
    console = bench.open()
    bench.viewer.close("customer_ended")
    console.ferry()
    assert console.controls[-1] == control.End("customer_ended")


def test_a_console_that_never_came_is_told_nothing() -> None:
    bench = ViewerBench()
    bench.viewer.opened(bench.socket)
    bench.viewer.close("customer_ended")
    assert [c[0] for c in bench.socket.calls] == ["text", "close"]


def test_closing_twice_and_a_lost_socket_afterwards_are_told_once() -> None:
    bench = ViewerBench()
    bench.open()
    bench.viewer.close()
    bench.viewer.close()
    bench.viewer.closed(1000, "")
    assert bench.events.calls.count(("closed",)) == 1
    assert bench.input.calls == [("release",)]


def test_a_lost_socket_releases_the_keys() -> None:
    bench = ViewerBench()
    console = bench.open()
    console.type(A)
    bench.viewer.closed(1006, "lost")
    assert bench.input.calls == [("handle", A), ("release",)]
    assert bench.screens[0].calls[-1] == ("stop",)


def test_a_picture_that_was_under_way_is_dropped_after_close() -> None:
    bench = ViewerBench()
    bench.open()
    send = bench.screens[0].send
    bench.viewer.close()
    sent = len(bench.socket.calls)
    send(b"\x02{}")
    assert len(bench.socket.calls) == sent


def test_pings_stop_with_the_link() -> None:
    bench = ViewerBench()
    bench.open()
    bench.viewer.close()
    bench.reactor.advance(PING_S)
    assert bench.reactor.waits == []


def test_a_socket_that_opens_after_close_is_dropped_unused() -> None:
    bench = ViewerBench()
    bench.viewer.close()
    bench.viewer.opened(bench.socket)
    assert bench.socket.calls == [("abort",)]


# --- attacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ["changed", "repeated", "swapped", "dropped", "cut", "reflected", "garbage"])
def test_a_frame_that_does_not_open_ends_the_link_with_an_alarm(attack: str) -> None:
    bench = ViewerBench()
    console = bench.open()
    console.link.seal(Channel.INPUT, input.encode(A))
    console.link.seal(Channel.INPUT, input.encode(input.Release()))
    first, second = console.link.data_to_send()
    reflected = next(c[1] for c in reversed(bench.socket.calls) if c[0] == "binary")
    sent = {
        "changed": [first[:-1] + bytes([first[-1] ^ 1])],
        "repeated": [first, first],
        "swapped": [second, first],
        "dropped": [second],
        "cut": [first[:-1]],
        "reflected": [reflected],
        "garbage": [b""],
    }[attack]

    for data in sent:
        bench.viewer.binary(data)

    assert bench.input.handled == ([A] if attack == "repeated" else [])
    assert bench.alarms == [("alarm", "BAD_FRAME")]
    assert bench.input.calls[-1] == ("release",) and bench.socket.calls[-1] == ("close",)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x02\x01" + b"\0" * 32, b"\x01\x09" + b"\0" * 32, b"\x01\x02" + b"\0" * 32]
)
def test_a_failed_handshake_ends_the_link_and_raises_no_alarm(data: bytes) -> None:
    """Anybody can stumble before keys exist; the session goes on and another console may come."""
    bench = ViewerBench()
    bench.viewer.opened(bench.socket)
    bench.viewer.binary(data)
    assert bench.socket.calls[-1] == ("close",)
    assert bench.events.calls == [("closed",)]


def test_a_console_that_breaks_its_commitment_learns_nothing() -> None:
    bench = ViewerBench()
    bench.viewer.opened(bench.socket)
    console = ConsolePeer(bench.viewer, bench.socket)
    (m1,) = console.link.data_to_send()
    bench.viewer.binary(m1)
    said = len(bench.socket.calls)
    bench.viewer.binary(b"\x09" * 64)
    assert bench.socket.calls[said:] == [("close",)]
    assert bench.events.calls == [("closed",)]


def test_the_ticket_is_the_only_thing_said_in_clear() -> None:
    bench = ViewerBench()
    bench.viewer.opened(bench.socket)
    assert bench.socket.texts == [{"type": "join", "ticket": "ticket"}]


# --- resuming ---------------------------------------------------------------------------------------------------------


def verified_link() -> tuple[ViewerBench, bytes]:
    """A viewer whose number was typed, and the console's resume secret."""
    bench = ViewerBench(policy=SasPolicy.REQUIRED)
    console = bench.open()
    assert bench.viewer.verify(console.established.sas)
    bench.viewer.closed(1006, "")
    return bench, console.established.resume_secret


def again(bench: ViewerBench) -> ViewerBench:
    return ViewerBench(policy=SasPolicy.REQUIRED, memory=bench.memory, reactor=bench.reactor)


def test_a_resumed_link_keeps_the_trust() -> None:
    """Suite 2 proves that it is the same console; nobody types again."""
    first, secret = verified_link()
    second = again(first)
    console = second.open(secret)
    assert console.welcomes == [control.Welcome(("control", "view"), "required", "number", True)]
    assert len(second.screens) == 1


def test_a_new_link_without_the_secret_is_a_stranger() -> None:
    first, _ = verified_link()
    second = again(first)
    console = second.open()
    console.type(A)
    assert console.welcomes == [control.Welcome((), "required", "unverified", False)]
    assert second.acts == [] and second.screens == []


@pytest.mark.parametrize(("passed", "known"), [(RESUME_S - 1, True), (RESUME_S, False)])
def test_the_resume_secret_lives_600_seconds(passed: float, known: bool) -> None:
    first, secret = verified_link()
    first.reactor.advance(passed)
    second = again(first)
    console = second.open(secret)
    assert bool(console.got) is known
    assert second.socket.is_closed is not known


def test_a_resume_secret_works_for_the_last_link_only() -> None:
    first, secret = verified_link()
    second = again(first)
    second.open(secret)
    second.viewer.close()
    third = again(second)
    third.viewer.opened(third.socket)
    console = ConsolePeer(third.viewer, third.socket, secret)
    with pytest.raises(Exception, match="BAD_FRAME"):
        console.ferry()
    assert third.acts == [] and third.memory.trust is Trust.NUMBER


def test_a_failed_attempt_does_not_spend_the_resume_secret() -> None:
    """Else a relay could make every customer type the number again."""
    first, secret = verified_link()
    disturbed = again(first)
    disturbed.viewer.opened(FakeSocket())
    disturbed.viewer.binary(b"nonsense")
    second = again(disturbed)
    assert second.open(secret).welcomes[0].trust == "number"


def test_a_console_cannot_answer_a_question_that_is_put_to_the_person() -> None:
    """RC-REBOOT: while it is on the screen, keys go up and what the console types goes nowhere."""
    bench = ViewerBench()
    console = bench.open()
    console.type(A)
    bench.viewer.hold_input(True)
    assert bench.input.calls[-1] == ("release",)
    console.type(A)
    bench.viewer.hold_input(False)
    console.type(A)
    assert len(bench.input.handled) == 2
