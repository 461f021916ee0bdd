"""Locking the PC and logging its user off: by the system's means, with the right, recorded before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from agent_fakes import ViewerBench
from twisted.internet.defer import maybeDeferred

from agent.features.seat import LOG_OFF_AFTER_S, SeatTool
from agent.platform.interface import PlatformCode, PlatformError
from agent.platform.seat import CommandSeat, WindowsSeat, current_seat, linux_commands, run
from agent.tools import ToolKind
from wizhelper.protocol import seat as wire
from wizhelper.protocol.channels import CONTROL, VIEW, Channel

EVERYTHING = lambda name: f"/usr/bin/{name}"  # noqa: E731


class FakeSeat(CommandSeat):
    def __init__(self, status: int = 0) -> None:
        self.ran: list[Sequence[str]] = []

        def run(command: Sequence[str]) -> int:
            self.ran.append(command)
            return status

        super().__init__({"lock": [("lock-it",)], "log_off": [("leave",)]}, run)


class Bench:
    def __init__(self, *rights: Any, seat: CommandSeat | None = None) -> None:
        self.seat = seat or FakeSeat()
        kind = ToolKind(Channel.SEAT, frozenset({CONTROL}), lambda outlet: SeatTool(outlet, self.seat, maybeDeferred))
        self.viewer = ViewerBench(frozenset({VIEW, *rights}), tools=(kind,))
        self.console = self.viewer.open()

    def do(self, action: str) -> None:
        self.console.send(Channel.SEAT, wire.encode(wire.Do(1, action)))

    def answers(self) -> list[Any]:
        self.console.ferry()
        return [wire.decode_agent(event.body) for event in self.console.messages(Channel.SEAT)]


def test_what_the_pc_can_do_is_offered_and_done() -> None:
    bench = Bench(CONTROL)
    bench.do("lock")
    assert bench.seat.ran == [("lock-it",)]  # type: ignore[attr-defined]
    assert bench.answers() == [wire.Offer(("lock", "log_off")), wire.Result(1, "")]
    assert ("acted", "pc_locked", {}) in bench.viewer.events.calls


def test_logging_off_waits_until_the_record_has_heard() -> None:
    bench = Bench(CONTROL)
    bench.do("log_off")
    assert bench.answers()[1:] == [wire.Result(1, "")]
    assert bench.seat.ran == []  # type: ignore[attr-defined]
    assert ("acted", "pc_logged_off", {}) in bench.viewer.events.calls
    bench.viewer.reactor.advance(LOG_OFF_AFTER_S)
    assert bench.seat.ran == [("leave",)]  # type: ignore[attr-defined]


def test_without_the_right_to_control_nothing_is_offered_or_done() -> None:
    bench = Bench()
    bench.do("lock")
    assert (bench.answers(), bench.seat.ran) == ([], [])  # type: ignore[attr-defined]


def test_what_does_not_work_is_said() -> None:
    bench = Bench(CONTROL, seat=FakeSeat(status=1))
    bench.do("lock")
    assert bench.answers()[1:] == [wire.Result(1, "SEAT_REFUSED")]
    bench = Bench(CONTROL, seat=CommandSeat({}))
    bench.do("lock")
    assert bench.answers() == [wire.Offer(()), wire.Result(1, "SYSTEM_UNSUPPORTED")]


def test_linux_takes_the_desktops_own_way_first() -> None:
    found = linux_commands({"XDG_SESSION_ID": "3", "XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, EVERYTHING)
    assert found == {
        "lock": [("loginctl", "lock-session", "3"), ("xdg-screensaver", "lock")],
        "log_off": [("gnome-session-quit", "--logout", "--no-prompt"), ("loginctl", "terminate-session", "3")],
    }


def test_linux_offers_only_what_is_there() -> None:
    assert current_seat("linux", {}, lambda name: None).actions() == ()
    assert current_seat("linux", {}, EVERYTHING).actions() == ("lock",)


def test_the_next_way_is_tried_when_one_fails() -> None:
    ran: list[Sequence[str]] = []

    def second(command: Sequence[str]) -> int:
        ran.append(command)
        return 0 if len(ran) == 2 else 1

    CommandSeat({"lock": [("a",), ("b",), ("c",)]}, second).do("lock")
    assert ran == [("a",), ("b",)]


def test_macos_sleeps_the_display_and_asks_the_login_window() -> None:
    seat = current_seat("darwin")
    assert isinstance(seat, CommandSeat)
    assert seat.commands["lock"] == [("pmset", "displaysleepnow")]
    assert seat.commands["log_off"][0][:2] == ("osascript", "-e")


class User32:
    def __init__(self, answer: int) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._answer = answer

    def LockWorkStation(self) -> int:
        self.calls.append(("lock",))
        return self._answer

    def ExitWindowsEx(self, flags: int, reason: int) -> int:
        self.calls.append(("exit", flags, reason))
        return self._answer


def test_windows_is_asked_through_user32() -> None:
    user32 = User32(1)
    seat = WindowsSeat(user32)
    seat.do("lock")
    seat.do("log_off")
    assert user32.calls == [("lock",), ("exit", 0x10, 0x8000_0000)]
    with pytest.raises(PlatformError, match="SEAT_REFUSED"):
        WindowsSeat(User32(0)).do("lock")


def test_a_program_that_is_not_there_is_a_refusal() -> None:
    assert run(("true",)) == 0 and run(("false",)) == 1
    with pytest.raises(PlatformError) as refused:
        run(("no-such-program-here",))
    assert refused.value.code == PlatformCode.SEAT_REFUSED
