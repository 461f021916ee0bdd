"""Tools of a session: each message is checked against its right, what goes on is shown, what was done is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from agent_fakes import ViewerBench

from agent.tools import Outlet, ToolKind
from wizhelper.protocol import control, input
from wizhelper.protocol.channels import CLIPBOARD, CONTROL, VIEW, Channel
from wizhelper.protocol.control import Activity, Doing, SasPolicy
from wizhelper.protocol.errors import RemoteProtocolError


@dataclass
class Echo:
    """Answers in upper case, and refuses "bad"."""

    made: list[Outlet] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)
    closed: int = 0

    def make(self, outlet: Outlet) -> Echo:
        self.made.append(outlet)
        return self

    def received(self, body: bytes) -> None:
        if body == b"bad":
            raise RemoteProtocolError("BAD_ECHO")
        self.got.append(body)
        self.made[-1].send(body.upper())

    def close(self) -> None:
        self.closed += 1
        self.made[-1].send(b"too late")


def bench_of(echo: Echo, *rights: str, policy: SasPolicy = SasPolicy.SHOWN) -> ViewerBench:
    kind = ToolKind(Channel.CLIPBOARD, frozenset({CLIPBOARD}), echo.make)
    granted = frozenset(right for right in (VIEW, CONTROL, CLIPBOARD) if right in rights)
    return ViewerBench(granted, policy, tools=(kind,))


def test_a_tool_answers_on_its_channel_while_its_right_is_granted() -> None:
    echo = Echo()
    console = bench_of(echo, VIEW, CLIPBOARD).open()
    console.send(Channel.CLIPBOARD, b"hello")
    assert echo.got == [b"hello"]
    assert [(e.channel, e.body) for e in console.messages(Channel.CLIPBOARD)] == [(Channel.CLIPBOARD, b"HELLO")]
    assert echo.made[0].operator() == "Lee"
    assert echo.made[0].may(CLIPBOARD) and not echo.made[0].may(CONTROL)


def test_without_the_right_there_is_no_tool_and_its_messages_do_nothing() -> None:
    echo = Echo()
    bench = bench_of(echo, VIEW, CONTROL)
    bench.open().send(Channel.CLIPBOARD, b"bad")
    assert (echo.made, echo.got, bench.alarms) == ([], [], [])


def test_a_channel_that_nobody_serves_ends_the_link() -> None:
    bench = bench_of(Echo(), VIEW, CLIPBOARD)
    bench.open().send(Channel.EXEC, b"rm")
    assert bench.alarms == [("alarm", "CHANNEL_UNKNOWN")]


def test_nothing_works_before_the_number_was_typed() -> None:
    echo = Echo()
    bench = bench_of(echo, VIEW, CLIPBOARD, policy=SasPolicy.REQUIRED)
    console = bench.open()
    console.send(Channel.CLIPBOARD, b"early")
    assert echo.made == []
    bench.viewer.verify(console.established.sas)
    console.ferry()
    console.send(Channel.CLIPBOARD, b"now")
    assert echo.got == [b"now"]


def test_a_bad_message_ends_the_link_and_closes_the_tool_once() -> None:
    echo = Echo()
    bench = bench_of(echo, VIEW, CLIPBOARD)
    console = bench.open()
    console.send(Channel.CLIPBOARD, b"bad")
    bench.viewer.close()
    assert bench.alarms == [("alarm", "BAD_ECHO")]
    assert echo.closed == 1
    assert console.messages(Channel.CLIPBOARD) == []


def test_each_change_of_an_activity_is_told_once() -> None:
    echo = Echo()
    bench = bench_of(echo, VIEW, CLIPBOARD)
    bench.open()
    for on in (True, True, False, False):
        echo.made[0].activity(Activity.CLIPBOARD, on)
    told = [call for call in bench.events.calls if call[0] == "activity"]
    assert told == [("activity", Activity.CLIPBOARD, True), ("activity", Activity.CLIPBOARD, False)]


@pytest.mark.parametrize(
    ("doing", "activity"),
    [
        (Doing.RECORDING_STARTED, [("activity", Activity.RECORDING, True)]),
        (Doing.RECORDING_STOPPED, []),
        (Doing.SCREENSHOT, []),
    ],
)
def test_what_the_console_notes_is_recorded_and_recording_is_shown(doing: Doing, activity: list[object]) -> None:
    bench = bench_of(Echo(), VIEW)
    bench.open().say(control.Note(doing))
    calls = bench.events.calls
    assert [call for call in calls if call[0] == "activity"] == activity
    assert ("acted", doing, {}) in calls


def test_input_belongs_to_the_part_of_the_desktop_that_the_console_sees() -> None:
    """RC-MON: the place in the picture is handed over with where the picture begins."""
    bench = bench_of(Echo(), VIEW, CONTROL)
    console = bench.open()
    bench.screens[0].begins_at = (1920, 0)
    console.type(input.Pointer(5, 6, 1))
    assert bench.input.origins == [(1920, 0)]


def test_an_unknown_note_ends_the_link() -> None:
    bench = bench_of(Echo(), VIEW)
    bench.open().say(control.Note("format_disk"))
    assert bench.alarms == [("alarm", "BAD_CONTROL")]


def test_a_right_that_no_tool_of_this_pc_serves_is_not_granted() -> None:
    bench = ViewerBench(frozenset({VIEW, CLIPBOARD}))
    assert bench.open().welcomes == [control.Welcome(("view",), "shown", "unverified", False)]
