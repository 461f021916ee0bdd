"""The operator's terminal: a real shell on a pty, never faster than it is shown, gone with the link."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from twisted.internet.selectreactor import SelectReactor

from agent.features import terminal as feature
from agent.features.terminal import TerminalTool
from agent.platform import terminal_posix
from agent.platform.terminal import shell_environment, terminal_opener
from agent.platform.terminal_windows import WindowsTerminal, shell_command
from wizhelper.protocol import terminal as wire
from wizhelper.protocol.channels import TERMINAL, Permission
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError


class Outlet:
    """agent.tools.Outlet that remembers; its reactor is real. `shows`: a console that grants what it got."""

    def __init__(self, reactor: Any, rights: set[Permission]) -> None:
        self.reactor = reactor
        self.rights = rights
        self.sent: list[Any] = []
        self.calls: list[tuple[Any, ...]] = []
        self.tool: TerminalTool | None = None
        self.shows = True

    def send(self, body: bytes) -> None:
        message = wire.decode_agent(body)
        self.sent.append(message)
        if self.shows and isinstance(message, wire.Output):
            shown = wire.Credit(message.terminal, len(message.text.encode()))
            self.reactor.callLater(0, self._grant, wire.encode(shown))

    def _grant(self, body: bytes) -> None:
        if self.tool is not None:
            self.tool.received(body)

    def may(self, right: Permission) -> bool:
        return right in self.rights

    def activity(self, activity: Activity, on: bool) -> None:
        self.calls.append((activity, on))

    def record(self, act: str, **facts: str) -> None:
        self.calls.append((act, facts))

    result = record

    def tell_customer(self, text: str) -> None:
        self.calls.append(("told", text))

    def operator(self) -> str:
        return "Lee"


class Bench:
    def __init__(self, reactor: Any, *rights: Permission, shows: bool = True) -> None:
        self.reactor = reactor
        self.outlet = Outlet(reactor, set(rights))
        self.outlet.shows = shows
        opener = terminal_opener()
        assert opener is not None
        self.tool = self.outlet.tool = TerminalTool(self.outlet, opener)

    def say(self, *messages: wire.ConsoleMessage) -> None:
        for message in messages:
            self.reactor.callFromThread(self.tool.received, wire.encode(message))

    def until(self, what: Callable[[], bool], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.text()[-500:], self.closed(), self.outlet.calls)
            time.sleep(0.01)

    def interrupt(self, then: str) -> None:
        """Ctrl+C also drops what was typed before it was read: the next line waits for the prompt."""
        self.say(wire.Input(1, "\x03"))
        self.until(lambda: self.text().removesuffix("\x1b[?2004h").endswith(("# ", "$ ")))
        self.say(wire.Input(1, then))

    def text(self) -> str:
        return "".join(m.text for m in self.outlet.sent if isinstance(m, wire.Output))

    def closed(self) -> list[wire.Closed]:
        return [m for m in self.outlet.sent if isinstance(m, wire.Closed)]


@pytest.fixture(scope="module")
def reactor() -> Iterator[Any]:
    made = SelectReactor()
    made._handleSignals = lambda: None  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: made.run(installSignalHandlers=False), daemon=True)
    thread.start()
    # Without signals nobody tells that a process has ended: it is looked for, as the agent's own reactor need not.
    looking = threading.Event()
    reaper = threading.Thread(target=_reap, args=(made, looking), daemon=True)
    reaper.start()
    yield made
    looking.set()
    reaper.join(5)
    made.callFromThread(made.stop)
    thread.join(5)


def _reap(reactor: Any, stop: threading.Event) -> None:
    from twisted.internet.process import reapAllProcesses

    while not stop.wait(0.02):
        reactor.callFromThread(reapAllProcesses)


@pytest.fixture
def bench(reactor: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    # What the profile of whoever runs the tests does is not of this test.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(terminal_posix, "login_shell", lambda: "/bin/bash")
    made = Bench(reactor, TERMINAL)
    yield made
    reactor.callFromThread(made.tool.close)


def running(marker: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if marker in (p.info["cmdline"] or [])]


def test_a_login_shell_runs_in_a_terminal_of_the_given_size(bench: Bench) -> None:
    bench.say(wire.Open(1, 97, 31), wire.Input(1, "stty size; echo $0:$TERM:$((6*7)); tty\r"))
    bench.until(lambda: "-bash:xterm-256color:42" in bench.text() and "31 97" in bench.text())
    bench.until(lambda: "/dev/pts/" in bench.text())
    bench.say(wire.Resize(1, 120, 40), wire.Input(1, "stty size\r"))
    bench.until(lambda: "40 120" in bench.text())


def test_the_customer_sees_it_while_it_is_open_and_the_record_has_both_ends(bench: Bench) -> None:
    bench.say(wire.Open(1, 80, 24), wire.Input(1, "exit 3\r"))
    bench.until(lambda: bench.closed() == [wire.Closed(1, 3, "")])
    assert bench.outlet.calls == [
        (Activity.TERMINAL, True),
        ("terminal_opened", {}),
        ("terminal_closed", {"exit": "3", "code": ""}),
        (Activity.TERMINAL, False),
    ]
    bench.say(wire.Open(2, 80, 24), wire.Input(2, "echo again-$((1+1))\r"))
    bench.until(lambda: "again-2" in bench.text())


def test_korean_and_keys_arrive_as_they_were_typed(bench: Bench) -> None:
    bench.say(wire.Open(1, 80, 24), wire.Input(1, "cat\r"), wire.Input(1, "안녕 😀\r"))
    bench.until(lambda: bench.text().count("안녕 😀") == 2)
    bench.interrupt("echo out-$((2+2))\r")
    bench.until(lambda: "out-4" in bench.text())


def test_a_flood_waits_for_a_console_that_does_not_show_it(reactor: Any, bench: Bench) -> None:
    bench.outlet.shows = False
    bench.say(wire.Open(1, 80, 24), wire.Input(1, "cat /dev/urandom\r"))
    bench.until(lambda: len(bench.text().encode()) >= wire.WINDOW_BYTES)
    before = psutil.Process().memory_info().rss
    time.sleep(1.0)
    assert len(bench.text().encode()) <= wire.WINDOW_BYTES + wire.MAX_OUTPUT_BYTES
    assert psutil.Process().memory_info().rss - before < 4 * 1024 * 1024
    sent = len(bench.text().encode())
    # One piece may be beyond the window already.
    bench.say(wire.Credit(1, wire.MAX_OUTPUT_BYTES))
    bench.until(lambda: sent < len(bench.text().encode()) <= sent + 2 * wire.MAX_OUTPUT_BYTES)
    bench.say(wire.Credit(1, 2**32 - 1))
    time.sleep(0.3)
    assert len(bench.text().encode()) <= 2 * (wire.WINDOW_BYTES + 2 * wire.MAX_OUTPUT_BYTES)
    bench.say(wire.Close(1))
    bench.until(lambda: [end.code for end in bench.closed()] == ["STOPPED"])


def test_a_flood_that_is_shown_can_be_stopped_by_its_key(bench: Bench) -> None:
    bench.say(wire.Open(1, 80, 24), wire.Input(1, "yes\r"))
    bench.until(lambda: len(bench.text()) > 200_000)
    bench.interrupt("echo done-$((3+3))\r")
    bench.until(lambda: "done-6" in bench.text())


def test_closing_ends_the_shell_and_all_that_it_started(bench: Bench) -> None:
    marker = f"7{os.getpid()}"
    bench.say(
        wire.Open(1, 80, 24), wire.Input(1, f"sleep {marker} & nohup sleep {marker} & trap '' HUP; sleep {marker}\r")
    )
    bench.until(lambda: len(running(marker)) == 3)
    bench.say(wire.Close(1))
    bench.until(lambda: bool(bench.closed()) and running(marker) == [])


def test_the_end_of_the_link_kills_it_and_is_recorded_at_once(reactor: Any, bench: Bench) -> None:
    marker = f"8{os.getpid()}"
    bench.say(wire.Open(1, 80, 24), wire.Input(1, f"sleep {marker}\r"))
    bench.until(lambda: len(running(marker)) == 1)
    told: list[Any] = []

    def close() -> None:
        bench.tool.close()
        told.extend(bench.outlet.calls)

    reactor.callFromThread(close)
    bench.until(lambda: bool(told) and running(marker) == [])
    assert told[-1] == ("terminal_closed", {"exit": "None", "code": "STOPPED"})
    time.sleep(0.2)
    assert [call for call in bench.outlet.calls if call[0] == "terminal_closed"] == [told[-1]]


def test_a_program_that_leaves_the_session_does_not_hold_the_terminal(bench: Bench) -> None:
    marker = f"9{os.getpid()}"
    bench.say(wire.Open(1, 80, 24), wire.Input(1, f"setsid -f sleep {marker}; exit\r"))
    bench.until(lambda: bool(bench.closed()))
    for process in running(marker):
        process.kill()


def test_one_terminal_at_a_time_and_messages_for_others_do_nothing(bench: Bench) -> None:
    bench.say(wire.Open(1, 80, 24), wire.Open(2, 80, 24))
    bench.until(lambda: bench.closed() == [wire.Closed(2, None, "BUSY")])
    bench.say(
        wire.Input(2, "exit\r"),
        wire.Close(2),
        wire.Credit(2, 5),
        wire.Resize(2, 5, 5),
        wire.Input(1, "echo here-$((5+5))\r"),
    )
    bench.until(lambda: "here-10" in bench.text())


def test_without_the_right_nothing_starts(reactor: Any) -> None:
    bench = Bench(reactor)
    bench.say(wire.Open(1, 80, 24))
    bench.until(lambda: bench.closed() == [wire.Closed(1, None, "NOT_ALLOWED")])
    assert bench.outlet.calls == []


def test_what_nobody_reads_is_not_kept_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_posix, "MAX_UNREAD_BYTES", 100_000)
    bench.say(wire.Open(1, 80, 24), wire.Input(1, "stty raw -echo; sleep 60\r"))
    bench.until(lambda: "sleep 60" in bench.text())
    time.sleep(0.3)
    bench.say(*(wire.Input(1, "x" * wire.MAX_INPUT_BYTES) for _ in range(20)))
    bench.until(lambda: [end.code for end in bench.closed()] == ["NOT_READ"])


def test_a_shell_that_does_not_start_says_so(reactor: Any) -> None:
    def refuse(*_: Any) -> Any:
        raise FileNotFoundError("no shell")

    outlet = Outlet(reactor, {TERMINAL})
    TerminalTool(outlet, refuse).received(wire.encode(wire.Open(1, 80, 24)))
    assert outlet.sent == [wire.Closed(1, None, feature.NO_SHELL)]
    assert outlet.calls[-1] == (Activity.TERMINAL, False)


def test_what_is_no_message_ends_the_link(reactor: Any) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_TERMINAL"):
        Bench(reactor, TERMINAL).tool.received(b"\x02\x00\x00\x00\x01\xff")


def test_the_frozen_programs_libraries_are_not_the_shells() -> None:
    own = {
        "LD_LIBRARY_PATH": "/bundle",
        "LD_LIBRARY_PATH_ORIG": "/own",
        "DYLD_LIBRARY_PATH": "/bundle",
        "HOME": "/root",
    }
    expected = {"LD_LIBRARY_PATH": "/own", "HOME": "/root", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert shell_environment(own, frozen=True) == expected
    assert shell_environment(own, frozen=False)["LD_LIBRARY_PATH"] == "/bundle"


class FakePty:
    """winpty.PTY: what it is asked is kept in `calls`; reads give `text`, then its end."""

    def __init__(self, text: list[str]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._text = text
        self.pid: int | None = 2**22 + 1
        self.finish = threading.Event()

    def spawn(self, appname: str, cmdline: str | None = None, cwd: str | None = None, env: str | None = None) -> bool:
        self.calls.append(("spawn", appname, cmdline))
        assert env is not None and "TERM=xterm-256color\0" in env and env.endswith("\0\0")
        return True

    def read(self, blocking: bool = False) -> str:
        assert blocking
        if self._text:
            return self._text.pop(0)
        self.finish.wait(5)
        raise OSError("EOF")

    def write(self, to_write: str) -> int:
        self.calls.append(("write", to_write))
        return len(to_write)

    def set_size(self, cols: int, rows: int) -> None:
        self.calls.append(("size", cols, rows))

    def isalive(self) -> bool:
        return not self.finish.is_set()

    def get_exitstatus(self) -> int | None:
        return 7

    def cancel_io(self) -> bool:
        self.calls.append(("cancel",))
        self.finish.set()
        return True


def found(*names: str) -> Callable[[str], str | None]:
    return lambda name: f"C:\\{name}" if name in names else None


def test_windows_speaks_to_a_pseudo_console(reactor: Any) -> None:
    pty = FakePty(["안녕", "😀"])
    told: list[Any] = []

    class Events:
        def output(self, data: bytes) -> None:
            told.append(data)

        def ended(self, exit_code: int | None) -> None:
            told.append(exit_code)

    terminal = WindowsTerminal(reactor, 80, 24, Events(), lambda cols, rows: pty, found("powershell.exe"))
    deadline = time.monotonic() + 5
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert terminal.write(b"dir\r")
    terminal.resize(100, 30)
    terminal.kill()
    while 7 not in told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told == ["안녕".encode(), "😀".encode(), 7]
    assert pty.calls == [
        ("spawn", "C:\\powershell.exe", " -NoLogo"),
        ("write", "dir\r"),
        ("size", 100, 30),
        ("cancel",),
    ]


def test_windows_without_powershell_takes_the_command_prompt() -> None:
    assert shell_command(found("cmd.exe")) == ("C:\\cmd.exe", ())
    with pytest.raises(FileNotFoundError):
        shell_command(found())
