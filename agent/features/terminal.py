"""A terminal for the operator: the customer's own shell, no faster than the console shows it, gone with the link."""

from __future__ import annotations

import codecs

from twisted.logger import Logger

from agent.platform.terminal import OpenTerminal, Terminal
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import terminal as wire
from wizhelper.protocol.channels import TERMINAL, Channel
from wizhelper.protocol.control import Activity

log = Logger()

NOT_ALLOWED, BUSY, NO_SHELL, STOPPED, NOT_READ = "NOT_ALLOWED", "BUSY", "NO_SHELL", "STOPPED", "NOT_READ"

PIECE = wire.MAX_OUTPUT_BYTES // 4
"""Characters: no one has more than four bytes."""


class OpenShell:
    """One shell, and the window that the console grants its output."""

    def __init__(self, number: int, tool: TerminalTool) -> None:
        self.number = number
        self.why = ""
        self.terminal: Terminal | None = None
        self._tool = tool
        self._window = wire.WINDOW_BYTES
        self._waiting = ""
        # Bytes of one character may come in two pieces.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def output(self, data: bytes) -> None:
        self._waiting += self._decoder.decode(data)
        self._pass_on()

    def credit(self, shown: int) -> None:
        self._window = min(wire.WINDOW_BYTES, self._window + shown)
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and self._window > 0:
            piece, self._waiting = self._waiting[:PIECE], self._waiting[PIECE:]
            message = wire.encode(wire.Output(self.number, piece))
            self._window -= len(piece.encode())
            self._tool.outlet.send(message)
        if self.terminal is not None:
            self.terminal.flow(self._window > 0)

    def ended(self, exit_code: int | None) -> None:
        """The last words are no more than a terminal's buffer: they need no window."""
        self._window = max(self._window, len(self._waiting) * 4)
        self._pass_on()
        self._tool.ended(self, exit_code)


class TerminalTool:
    def __init__(self, outlet: Outlet, opener: OpenTerminal) -> None:
        self.outlet = outlet
        self._opener = opener
        self._open: OpenShell | None = None
        self._closed = False

    def received(self, body: bytes) -> None:
        message = wire.decode_console(body)
        if isinstance(message, wire.Open):
            self._start(message)
            return
        shell = self._open
        if shell is None or shell.terminal is None or shell.number != message.terminal:
            return
        match message:
            case wire.Input(_, text):
                if not shell.terminal.write(text.encode()):
                    self._stop(shell, NOT_READ)
            case wire.Resize(_, cols, rows):
                shell.terminal.resize(cols, rows)
            case wire.Credit(_, shown):
                shell.credit(shown)
            case wire.Close():
                self._stop(shell, STOPPED)

    def _start(self, message: wire.Open) -> None:
        refused = self._refusal()
        if refused:
            self._tell(wire.Closed(message.terminal, None, refused))
            return
        shell = OpenShell(message.terminal, self)
        self.outlet.activity(Activity.TERMINAL, True)
        self.outlet.record("terminal_opened")
        try:
            shell.terminal = self._opener(self.outlet.reactor, message.cols, message.rows, shell)
        except OSError as problem:
            log.warn("No shell: {problem}", problem=str(problem))
            shell.why = NO_SHELL
            self.ended(shell, None)
            return
        self._open = shell

    def _refusal(self) -> str:
        if not self.outlet.may(TERMINAL):
            return NOT_ALLOWED
        return BUSY if self._open is not None else ""

    def _stop(self, shell: OpenShell, why: str) -> None:
        shell.why = shell.why or why
        if shell.terminal is not None:
            shell.terminal.flow(True)
            shell.terminal.kill()

    def ended(self, shell: OpenShell, exit_code: int | None) -> None:
        if self._closed:
            return
        self._open = None
        self.outlet.result("terminal_closed", exit=str(exit_code), code=shell.why)
        self.outlet.activity(Activity.TERMINAL, False)
        self._tell(wire.Closed(shell.number, exit_code, shell.why))

    def _tell(self, message: wire.Closed) -> None:
        self.outlet.send(wire.encode(message))

    def close(self) -> None:
        """Nobody sees any more what it does: it ends with the link, and the record hears of it before the link's end."""
        if self._open is not None:
            self._stop(self._open, STOPPED)
            self.outlet.result("terminal_closed", exit=str(None), code=STOPPED)
        self._closed = True


def kinds(opener: OpenTerminal | None) -> tuple[ToolKind, ...]:
    """None where this PC has no terminal."""
    if opener is None:
        return ()
    return (ToolKind(Channel.TERMINAL, frozenset({TERMINAL}), lambda outlet: TerminalTool(outlet, opener)),)
