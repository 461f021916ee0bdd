"""What the appliance asks of this PC without a session: a command, where its own policy allows it; waking a neighbour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.device import wake
from agent.features.execute import CannotRunError, words_of
from wizhelper.protocol import device as wire
from wizhelper.protocol.device_access import MAX_COMMAND, SHELLS, AccessRules, Action
from wizhelper.protocol.errors import RemoteProtocolError

log = Logger()

TIMEOUT_S = 60.0
MAX_RUNNING = 2
NOT_ALLOWED, BUSY, TIMED_OUT, NOT_SENT = "NOT_ALLOWED", "BUSY", "TIMED_OUT", "NOT_SENT"

Tell = Callable[[wire.TaskDone], None]


class Tasks:
    def __init__(self, reactor: Any, tell: Tell) -> None:
        self._reactor = reactor
        self._tell = tell
        self._running = 0

    def run(self, task: wire.Task, access: AccessRules | None) -> None:
        refused = self._refusal(task, access)
        if refused:
            self._done(task.task, refused)
            return
        try:
            words = words_of(task.shell, task.command)
        except CannotRunError as problem:
            self._done(task.task, problem.code)
            return
        log.info("A command without a session: {command}", command=task.command)
        self._running += 1
        self._reactor.spawnProcess(_Command(self._reactor, task.task, self._ended), words[0], words, env=None)

    def _refusal(self, task: wire.Task, access: AccessRules | None) -> str:
        allowed = access is not None and Action.COMMAND in access.actions
        if not allowed or task.shell not in SHELLS or len(task.command) > MAX_COMMAND:
            return NOT_ALLOWED
        return BUSY if self._running >= MAX_RUNNING else ""

    def _ended(self, done: wire.TaskDone) -> None:
        self._running -= 1
        self._tell(done)

    def _done(self, task: str, code: str) -> None:
        self._tell(wire.TaskDone(task, code, None, ""))

    def wake(self, request: wire.Wake) -> None:
        try:
            sent = wake.wake(request.networks, wake.networks())
        except (OSError, RemoteProtocolError) as problem:
            log.warn("No magic packet was sent: {problem}", problem=str(problem))
            sent = 0
        self._done(request.task, "" if sent else NOT_SENT)


def last_part(data: bytes) -> str:
    """The end of what a command wrote, as text that a message can carry: control characters are left out."""
    text = data[-wire.MAX_OUTPUT_BYTES :].decode("utf-8", "replace")
    clean = "".join(c for c in text if c in "\n\t" or c.isprintable())
    return clean.encode()[-wire.MAX_OUTPUT_BYTES :].decode("utf-8", "ignore")


class _Command(ProcessProtocol):
    """Keeps the end of the output only; told once."""

    def __init__(self, reactor: Any, task: str, ended: Tell) -> None:
        self._task = task
        self._ended = ended
        self._output = bytearray()
        self._code = ""
        self._timer = reactor.callLater(TIMEOUT_S, self._too_long)

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self._output += data
        del self._output[: -wire.MAX_OUTPUT_BYTES]

    errReceived = outReceived

    def _too_long(self) -> None:
        self._code = TIMED_OUT
        assert self.transport is not None
        self.transport.signalProcess("KILL")
        self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        if self._timer.active():
            self._timer.cancel()
        status = getattr(reason.value, "exitCode", None)
        self._ended(wire.TaskDone(self._task, self._code, status, last_part(bytes(self._output))))
