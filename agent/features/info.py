"""Information about this PC: questions are answered from a thread, one at a time, page by page (RC-PROC, RC-HW, RC-SW, RC-SYS)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.platform.interface import PlatformError
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import info
from wizhelper.protocol.channels import CONTROL, INFORMATION, Channel

log = Logger()

MAX_WAITING = 8
REFUSED, BUSY, FAILED = "NOT_ALLOWED", "BUSY", "FAILED"


class Facts(Protocol):
    """This PC (agent.platform.facts). Called on a thread."""

    def rows(self, what: str, level: str = "") -> Sequence[info.Row]:
        """`what` as in info.WHAT, `level` as in info.LEVELS. Raises PlatformError where this system has no such list."""

    def kill(self, pid: int, started: float) -> None:
        """Raises PlatformError: PROCESS_GONE, PROCESS_REFUSED, PROCESS_PROTECTED."""


Run = Callable[..., Any]
"""(function, *arguments) -> Deferred: runs it on a thread."""


class InfoTool:
    def __init__(self, outlet: Outlet, facts: Facts, run: Run | None = None) -> None:
        self._outlet = outlet
        self._facts = facts
        self._run = run or self._on_thread
        self._waiting = 0
        self._closed = False

    def _on_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        reactor = self._outlet.reactor
        return deferToThreadPool(reactor, reactor.getThreadPool(), function, *arguments)

    def received(self, body: bytes) -> None:
        message = info.decode_console(body)
        if self._waiting >= MAX_WAITING:
            self._tell(info.Result(message.request, BUSY))
            return
        match message:
            case info.Ask(request, what, level):
                self._begin(request, self._answer, request, what, level)
            case info.Kill(request, pid, started):
                self._kill(request, pid, started)

    def _kill(self, request: int, pid: int, started: float) -> None:
        if not self._outlet.may(CONTROL):
            self._tell(info.Result(request, REFUSED))
            return
        self._outlet.record("process_killed", pid=str(pid))
        self._begin(request, self._killed, request, pid, started)

    def _begin(self, request: int, work: Callable[..., Sequence[bytes]], *arguments: Any) -> None:
        self._waiting += 1
        self._run(work, *arguments).addCallbacks(self._send_all, self._failed, errbackArgs=(request,))

    def _send_all(self, bodies: Sequence[bytes]) -> None:
        self._waiting -= 1
        for body in bodies:
            if not self._closed:
                self._outlet.send(body)

    def _failed(self, failure: Failure, request: int) -> None:
        self._waiting -= 1
        problem = failure.value
        code = str(problem.code) if isinstance(problem, PlatformError) else FAILED
        if code == FAILED:
            log.failure("Information could not be read", failure)
        self._tell(info.Result(request, code))

    def _answer(self, request: int, what: str, level: str) -> Sequence[bytes]:
        return [info.encode(page) for page in info.pages(what, request, self._facts.rows(what, level))]

    def _killed(self, request: int, pid: int, started: float) -> Sequence[bytes]:
        self._facts.kill(pid, started)
        return [info.encode(info.Result(request, ""))]

    def _tell(self, result: info.Result) -> None:
        if not self._closed:
            self._outlet.send(info.encode(result))

    def close(self) -> None:
        self._closed = True


def kind(facts: Facts) -> ToolKind:
    return ToolKind(Channel.INFO, frozenset({INFORMATION}), lambda outlet: InfoTool(outlet, facts))
