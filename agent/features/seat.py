"""The operator locks this PC or logs its user off: with the right to control it, recorded before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.platform.interface import PlatformError
from agent.platform.seat import LOG_OFF, Seat
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import seat as wire
from wizhelper.protocol.channels import CONTROL, Channel

log = Logger()

LOG_OFF_AFTER_S = 2.0
"""So long the record and the console may take to hear of it: this program ends with the user's session."""

NOT_ALLOWED, UNSUPPORTED, FAILED = "NOT_ALLOWED", "SYSTEM_UNSUPPORTED", "FAILED"

ACTS = {"lock": "pc_locked", "log_off": "pc_logged_off"}

Run = Callable[..., Any]
"""(function, *arguments) -> Deferred: runs it on a thread."""


class SeatTool:
    def __init__(self, outlet: Outlet, seat: Seat, run: Run | None = None) -> None:
        self._outlet = outlet
        self._seat = seat
        self._run = run or self._on_thread
        outlet.send(wire.encode(wire.Offer(seat.actions())))

    def _on_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        reactor = self._outlet.reactor
        return deferToThreadPool(reactor, reactor.getThreadPool(), function, *arguments)

    def received(self, body: bytes) -> None:
        message = wire.decode_console(body)
        refused = self._refusal(message.action)
        if refused:
            self._tell(message.request, refused)
            return
        self._outlet.record(ACTS[message.action])
        if message.action == LOG_OFF:
            # It goes on when the link closes meanwhile: the record says that it was done.
            self._outlet.reactor.callLater(LOG_OFF_AFTER_S, self._do, message)
            self._tell(message.request, "")
        else:
            self._do(message)

    def _refusal(self, action: str) -> str:
        if not self._outlet.may(CONTROL):
            return NOT_ALLOWED
        return "" if action in self._seat.actions() else UNSUPPORTED

    def _do(self, message: wire.Do) -> None:
        doing = self._run(self._seat.do, message.action)
        doing.addCallbacks(lambda _: self._done(message), self._failed, errbackArgs=(message.request,))

    def _done(self, message: wire.Do) -> None:
        if message.action != LOG_OFF:
            self._tell(message.request, "")

    def _failed(self, failure: Failure, request: int) -> None:
        problem = failure.value
        code = str(problem.code) if isinstance(problem, PlatformError) else FAILED
        log.failure("The PC was not locked or logged off", failure)
        self._tell(request, code)

    def _tell(self, request: int, code: str) -> None:
        self._outlet.send(wire.encode(wire.Result(request, code)))

    def close(self) -> None:
        """Nothing is left to be undone."""


def kind(seat: Seat) -> ToolKind:
    return ToolKind(Channel.SEAT, frozenset({CONTROL}), lambda outlet: SeatTool(outlet, seat))
