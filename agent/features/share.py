"""The operator's own screen in a window at the customer: pictures go to a child process, two at a time. RC-SHARE"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.platform.child import child_command, child_environment
from agent.tools import Outlet, ToolKind
from agent.window.rules import shown_name
from agent.window.share_wire import NO_WINDOW, PICTURE
from wizhelper.protocol import share
from wizhelper.protocol.channels import SHARE, Channel
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.local import LineBuffer
from wizhelper.protocol.share import MAX_FRAME, MAX_UNSEEN, Begin, Closed, Frame, Shown, Stop

log = Logger()

OPTION = "--share"
QUIT_TIMEOUT_S = 2.0


class ShareWindow(ProcessProtocol):
    """The child. `shown(number)` for each picture; `closed(code)` once, when the customer sees no more."""

    def __init__(self, reactor: Any, name: str, shown: Callable[[int], None], closed: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._shown = shown
        self._closed: Callable[[str], None] | None = closed
        self._lines = LineBuffer()
        command = [*child_command("agent.window.share", OPTION), name]
        self._child: IProcessTransport = reactor.spawnProcess(self, command[0], command, env=child_environment())

    def show(self, number: int, jpeg: bytes) -> None:
        if self._closed is not None:
            self._child.writeToChild(0, PICTURE.pack(number, len(jpeg)) + jpeg)

    def close(self) -> None:
        """It goes at the end of its input."""
        self._closed = None
        self._child.closeStdin()  # type: ignore[attr-defined]
        self._reactor.callLater(QUIT_TIMEOUT_S, self._kill)

    def outReceived(self, data: bytes) -> None:
        try:
            for line in self._lines.add(data):
                self._told(line.decode("ascii", "replace"))
        except (RemoteProtocolError, ValueError) as problem:
            log.error("The window of the operator's screen sent nonsense: {problem}", problem=str(problem))
            self._kill()

    def _told(self, line: str) -> None:
        """`shown 7` or `closed CUSTOMER`. Raises ValueError."""
        word, _, value = line.partition(" ")
        if word == "shown":
            number = int(value)
            if self._closed is not None:
                self._shown(number)
        elif word == "closed" and value in share.CODES:
            self._over(value)
        else:
            raise ValueError(line[:40])

    def errReceived(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            log.warn("share window: {line}", line=line)

    def processEnded(self, reason: Failure) -> None:
        self._over(NO_WINDOW)

    def _over(self, code: str) -> None:
        closed, self._closed = self._closed, None
        if closed is not None:
            closed(code)

    def _kill(self) -> None:
        try:
            self._child.signalProcess("KILL")
        except ProcessExitedAlready:
            log.debug("the window of the operator's screen was gone already")


MakeWindow = Callable[[Any, str, Callable[[int], None], Callable[[str], None]], Any]


class ShareTool:
    """`make_window` as ShareWindow."""

    def __init__(self, outlet: Outlet, make_window: MakeWindow = ShareWindow) -> None:
        self._outlet = outlet
        self._make_window = make_window
        self._window: Any = None
        self._parts: list[bytes] = []
        self._size = 0
        self._unseen = 0

    def received(self, body: bytes) -> None:
        match share.decode_console(body):
            case Begin():
                self._begin()
            case Frame(number, last, part):
                self._take(number, last, part)
            case Stop():
                self._stop()

    def _begin(self) -> None:
        if self._window is not None:
            return
        self._outlet.record("share_started")
        self._forget()
        try:
            name = shown_name(self._outlet.operator())
            self._window = self._make_window(self._outlet.reactor, name, self._shown, self._closed)
        except OSError as problem:
            log.warn("No window for the operator's screen: {problem}", problem=str(problem))
            self._tell(Closed(NO_WINDOW))
            return
        self._outlet.activity(Activity.SHARE, True)

    def _take(self, number: int, last: bool, part: bytes) -> None:
        """What comes after the customer has closed the window was on its way. Raises RemoteProtocolError for too much."""
        if self._window is None:
            return
        self._size += len(part)
        if self._size > MAX_FRAME or self._unseen >= MAX_UNSEEN:
            raise RemoteProtocolError(share.BAD, "too much")
        self._parts.append(part)
        if last:
            jpeg = b"".join(self._parts)
            self._parts, self._size = [], 0
            self._unseen += 1
            self._window.show(number, jpeg)

    def _shown(self, number: int) -> None:
        self._unseen = max(0, self._unseen - 1)
        self._tell(Shown(number))

    def _closed(self, code: str) -> None:
        self._end(code)
        self._tell(Closed(code))

    def _stop(self) -> None:
        if self._window is not None:
            window = self._window
            self._end("")
            window.close()

    def _end(self, code: str) -> None:
        self._window = None
        self._forget()
        self._outlet.result("share_ended", code=code)
        self._outlet.activity(Activity.SHARE, False)

    def _forget(self) -> None:
        self._parts, self._size, self._unseen = [], 0, 0

    def _tell(self, message: share.AgentMessage) -> None:
        self._outlet.send(share.encode(message))

    def close(self) -> None:
        self._stop()


def kind() -> ToolKind:
    return ToolKind(Channel.SHARE, frozenset({SHARE}), ShareTool)
