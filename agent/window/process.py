"""The agent's end of its window: starts the child, sends it messages, hears what the person does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.platform.child import child_command, child_environment
from wizhelper.protocol import local
from wizhelper.protocol.errors import RemoteProtocolError

OPTION = "--window"
STDIN, STDOUT, STDERR = 0, 1, 2
QUIT_TIMEOUT_S = 2.0


class WindowProcess:
    """A running window. `on_message` is called for everything the person does; `on_exit` once, when the process is
    gone, with True if it ended in order. A window that sends nonsense is ended.

    `language`: "ko" or "en"; None leaves it to the system's. OSError if the process cannot be started."""

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        on_message: Callable[[local.FromWindow], None],
        on_exit: Callable[[bool], None],
        language: str | None = None,
    ) -> None:
        self._reactor = reactor
        self._on_message = on_message
        self._on_exit = on_exit
        self._lines = local.LineBuffer()
        self._gone = False
        command = child_command("agent.window.ui", OPTION) + (["--lang", language] if language else [])
        self._process: IProcessTransport = reactor.spawnProcess(
            _WindowProtocol(self), command[0], command, env=child_environment()
        )

    def send(self, message: local.ToWindow) -> None:
        """Does nothing once the window is gone: `on_exit` has told so."""
        if not self._gone:
            self._process.writeToChild(STDIN, local.encode(message) + b"\n")

    def close(self) -> None:
        """Asks the window to go, and ends it if it does not; `on_exit` follows."""
        self.send(local.Quit())
        self._reactor.callLater(QUIT_TIMEOUT_S, self._kill)

    def received(self, data: bytes) -> None:
        try:
            found = [local.decode_from_window(line) for line in self._lines.add(data)]
        except RemoteProtocolError as problem:
            self.log.error("the window sent nonsense and is ended: {problem}", problem=problem)
            self._kill()
            return
        for message in found:
            self._on_message(message)

    def ended(self, reason: Failure) -> None:
        self._gone = True
        in_order = isinstance(reason.value, ProcessDone)
        if not in_order:
            self.log.warn("the window ended: {reason}", reason=reason.getErrorMessage())
        self._on_exit(in_order)

    def _kill(self) -> None:
        if not self._gone:
            try:
                self._process.signalProcess("KILL")
            except ProcessExitedAlready:
                self.log.debug("the window was gone already")


class _WindowProtocol(ProcessProtocol):
    """Twisted's view of the child; the window's complaints go to the log."""

    def __init__(self, window: WindowProcess) -> None:
        self._window = window

    def outReceived(self, data: bytes) -> None:
        self._window.received(data)

    def errReceived(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            self._window.log.warn("window: {line}", line=line)

    def processEnded(self, reason: Failure) -> None:
        self._window.ended(reason)
