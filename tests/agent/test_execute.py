"""Addresses and commands on the customer's PC: shown first, run without a shell nobody chose, ended with all they started.

RC-URL RC-EXEC
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from twisted.internet.process import reapAllProcesses
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import LoopingCall

from agent.features import execute as feature
from agent.features.execute import CannotRunError, ExecuteTool, words_of
from wizhelper.protocol import execute
from wizhelper.protocol.channels import COMMAND, URL, Permission
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError


class Outlet:
    """agent.tools.Outlet that remembers; its reactor is real."""

    def __init__(self, reactor: Any, rights: set[Permission]) -> None:
        self.reactor = reactor
        self.rights = rights
        self.sent: list[Any] = []
        self.calls: list[tuple[Any, ...]] = []

    def send(self, body: bytes) -> None:
        self.sent.append(execute.decode_agent(body))

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

    def ended(self) -> list[execute.Ended]:
        return [message for message in self.sent if isinstance(message, execute.Ended)]

    def text(self, error: bool = False) -> str:
        return "".join(m.text for m in self.sent if isinstance(m, execute.Output) and m.error is error)


class Bench:
    def __init__(self, reactor: Any, *rights: Permission) -> None:
        self.reactor = reactor
        self.outlet = Outlet(reactor, set(rights or (URL, COMMAND)))
        self.opened: list[str] = []
        self.browser = True
        self.tool = ExecuteTool(self.outlet, self._browse)

    def _browse(self, url: str) -> bool:
        self.opened.append(url)
        return self.browser

    def say(self, *messages: execute.ConsoleMessage) -> None:
        for message in messages:
            self.reactor.callFromThread(self.tool.received, execute.encode(message))

    def until(self, what: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.outlet.sent, self.outlet.calls)
            time.sleep(0.01)

    def run(self, command: str, shell: str = "none") -> execute.Ended:
        self.say(execute.Run(1, shell, command))
        self.until(lambda: bool(self.outlet.ended()))
        return self.outlet.ended()[0]


@pytest.fixture(scope="module")
def reactor() -> Iterator[Any]:
    made = SelectReactor()
    made._handleSignals = lambda: None  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: made.run(installSignalHandlers=False), daemon=True)
    thread.start()
    # No signal says that a child is gone: whoever closes its pipes first and goes later would be waited for in vain.
    reaping = LoopingCall(reapAllProcesses)
    reaping.clock = made
    made.callFromThread(reaping.start, 0.05)
    yield made
    made.callFromThread(made.stop)
    thread.join(5)


PYTHON = sys.executable


def script(text: str) -> str:
    return f'{PYTHON} -c "{text}"'


def test_a_command_runs_with_its_output_and_exit_code(reactor: Any) -> None:
    bench = Bench(reactor)
    end = bench.run(script("import sys; print('한글'); print('oh', file=sys.stderr); sys.exit(3)"))
    assert end == execute.Ended(1, 3, "")
    assert (bench.outlet.text(), bench.outlet.text(error=True)) == ("한글\n", "oh\n")


def test_the_customer_sees_it_before_it_runs_and_the_record_has_both_ends(reactor: Any) -> None:
    bench = Bench(reactor)
    command = script("pass")
    bench.run(command)
    assert bench.outlet.calls == [
        ("command_run", {"command": command, "shell": "none"}),
        ("told", f"▶ {command}"),
        (Activity.COMMAND, True),
        ("command_ended", {"exit": "0", "code": ""}),
        (Activity.COMMAND, False),
    ]


def test_no_shell_takes_part_that_nobody_chose(reactor: Any) -> None:
    bench = Bench(reactor)
    bench.run("echo a && echo $HOME; echo b")
    assert bench.outlet.text() == "a && echo $HOME; echo b\n"
    bench = Bench(reactor)
    bench.run("echo a && echo b", "sh")
    assert bench.outlet.text() == "a\nb\n"


@pytest.mark.parametrize(
    ("shell", "command", "code"),
    [("none", "no-such-program-here", "NOT_FOUND"), ("none", "echo 'open", "BAD_WORDS"), ("cmd", "dir", "NOT_FOUND")],
)
def test_what_cannot_run_says_why(reactor: Any, shell: str, command: str, code: str) -> None:
    assert Bench(reactor).run(command, shell) == execute.Ended(1, None, code)
    with pytest.raises(CannotRunError, match=code):
        words_of(shell, command)


def test_stop_ends_the_command_and_what_it_started(reactor: Any) -> None:
    bench = Bench(reactor)
    bench.say(execute.Run(1, "sh", "sleep 321 & sleep 321; wait"))
    sleeping = lambda: [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "321"]]  # noqa: E731
    bench.until(lambda: len(sleeping()) == 2)
    bench.say(execute.Stop(1), execute.Stop(77))
    bench.until(lambda: bool(bench.outlet.ended()))
    assert bench.outlet.ended()[0].code == "STOPPED"
    bench.until(lambda: sleeping() == [])


def test_a_flood_of_output_is_ended(reactor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature, "MAX_OUTPUT_BYTES", 50_000)
    bench = Bench(reactor)
    assert bench.run("yes").code == "TOO_MUCH"
    assert len(bench.outlet.text()) <= 50_000


def test_a_command_that_takes_too_long_is_ended(reactor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature, "TIMEOUT_S", 0.3)
    assert Bench(reactor).run("sleep 60").code == "TIMED_OUT"


def test_only_some_run_at_once_and_the_end_of_the_link_ends_them(reactor: Any) -> None:
    bench = Bench(reactor)
    bench.say(*(execute.Run(number, "none", "sleep 60") for number in range(1, feature.MAX_RUNNING + 2)))
    bench.until(lambda: bool(bench.outlet.ended()))
    assert bench.outlet.ended() == [execute.Ended(feature.MAX_RUNNING + 1, None, "BUSY")]
    processes = [running.transport.pid for running in bench.tool._running.values() if running.transport]
    told: list[object] = []
    reactor.callFromThread(lambda: (bench.tool.close(), told.extend(bench.outlet.calls)))
    bench.until(lambda: bool(told))
    # Before anything else is done: the link, and with it the way into the record, is gone right after.
    assert told.count(("command_ended", {"exit": "None", "code": "STOPPED"})) == feature.MAX_RUNNING
    assert told[-1] == (Activity.COMMAND, False) and len(bench.outlet.ended()) == feature.MAX_RUNNING + 1
    bench.until(lambda: not any(psutil.pid_exists(process) for process in processes))


def test_an_address_is_shown_recorded_and_opened(reactor: Any) -> None:
    bench = Bench(reactor)
    bench.say(execute.Open(5, "https://example.com/"))
    bench.until(lambda: bool(bench.outlet.ended()))
    assert bench.opened == ["https://example.com/"] and bench.outlet.ended() == [execute.Ended(5, None, "")]
    assert bench.outlet.calls == [("url_opened", {"url": "https://example.com/"}), ("told", "https://example.com/")]
    bench.browser = False
    bench.say(execute.Open(6, "https://example.com/"))
    bench.until(lambda: len(bench.outlet.ended()) == 2)
    assert bench.outlet.ended()[1].code == "NO_BROWSER"


def test_each_message_needs_its_own_right(reactor: Any) -> None:
    bench = Bench(reactor, URL)
    assert bench.run("id").code == "NOT_ALLOWED"
    bench = Bench(reactor, COMMAND)
    bench.say(execute.Open(5, "https://example.com/"))
    bench.until(lambda: bool(bench.outlet.ended()))
    assert (bench.outlet.ended()[0].code, bench.opened, bench.outlet.calls) == ("NOT_ALLOWED", [], [])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://a@b/", "javascript:1", "https://x y", "http:///x"])
def test_other_addresses_never_reach_a_browser(reactor: Any, url: str) -> None:
    bench = Bench(reactor)
    with pytest.raises(RemoteProtocolError, match="BAD_EXECUTE"):
        bench.tool.received(execute.encode(execute.Open(1, url)))
    assert bench.opened == []
