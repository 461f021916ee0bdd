"""Addresses and commands from the operator: shown to the customer first, run as the customer's user, recorded (RC-URL, RC-EXEC)."""

from __future__ import annotations

import codecs
import shlex
import shutil
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.tools import Outlet, ToolKind
from wizhelper.protocol import execute
from wizhelper.protocol.channels import COMMAND, URL, Channel
from wizhelper.protocol.control import Activity

log = Logger()

TIMEOUT_S = 600.0
MAX_OUTPUT_BYTES = 1024 * 1024
MAX_RUNNING = 4
NOT_ALLOWED, BUSY, NOT_FOUND, BAD_WORDS = "NOT_ALLOWED", "BUSY", "NOT_FOUND", "BAD_WORDS"
TIMED_OUT, STOPPED, TOO_MUCH, NO_BROWSER = "TIMED_OUT", "STOPPED", "TOO_MUCH", "NO_BROWSER"

_SHELL_COMMANDS = {
    "sh": ("sh", "-c"),
    "cmd": ("cmd.exe", "/d", "/s", "/c"),
    "powershell": ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command"),
}


class CannotRunError(Exception):
    """`code`: NOT_FOUND or BAD_WORDS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def words_of(shell: str, command: str) -> list[str]:
    """The program with its full path, and its arguments. Raises CannotRunError."""
    if shell == "none":
        try:
            words = shlex.split(command, posix=sys.platform != "win32")
        except ValueError as problem:
            raise CannotRunError(BAD_WORDS) from problem
    else:
        words = [*_SHELL_COMMANDS[shell], command]
    found = shutil.which(words[0]) if words else None
    if found is None:
        raise CannotRunError(NOT_FOUND)
    return [found, *words[1:]]


class RunningCommand(ProcessProtocol):
    """One command: its output in pieces, its end once."""

    def __init__(self, reactor: Any, request: int, tell: Callable[[execute.AgentMessage], None]) -> None:
        self._reactor = reactor
        self._request = request
        self._tell = tell
        self._left = MAX_OUTPUT_BYTES
        self._why = ""
        self._timer = reactor.callLater(TIMEOUT_S, self.end, TIMED_OUT)
        # Bytes of one character may come in two pieces.
        self._decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in range(2)]

    def outReceived(self, data: bytes) -> None:
        self._output(data, error=False)

    def errReceived(self, data: bytes) -> None:
        self._output(data, error=True)

    def _output(self, data: bytes, error: bool) -> None:
        if self._left <= 0:
            return
        text = self._decoders[error].decode(data[: self._left])
        self._left -= len(data)
        for start in range(0, len(text), execute.MAX_OUTPUT_TEXT):
            self._tell(execute.Output(self._request, error, text[start : start + execute.MAX_OUTPUT_TEXT]))
        if self._left <= 0:
            self.end(TOO_MUCH)

    def processEnded(self, reason: Failure) -> None:
        if self._timer.active():
            self._timer.cancel()
        status = getattr(reason.value, "exitCode", None)
        self._tell(execute.Ended(self._request, status, self._why))

    def end(self, why: str) -> None:
        """The command and everything that it started."""
        self._why = self._why or why
        if self.transport is None or self.transport.pid is None:
            return
        try:
            family = psutil.Process(self.transport.pid)
            doomed = [*family.children(recursive=True), family]
        except psutil.NoSuchProcess:
            return
        for process in doomed:
            try:
                process.kill()
            except psutil.Error as problem:
                log.warn("A command's process stays: {problem}", problem=str(problem))


Browse = Callable[[str], bool]


class ExecuteTool:
    def __init__(self, outlet: Outlet, browse: Browse = webbrowser.open) -> None:
        self._outlet = outlet
        self._browse = browse
        self._running: dict[int, RunningCommand] = {}
        self._closed = False

    def received(self, body: bytes) -> None:
        match execute.decode_console(body):
            case execute.Open(request, url):
                self._open(request, url)
            case execute.Run(request, shell, command):
                self._run(request, shell, command)
            case execute.Stop(request):
                if (running := self._running.get(request)) is not None:
                    running.end(STOPPED)

    def _open(self, request: int, url: str) -> None:
        if not self._outlet.may(URL):
            self._tell(execute.Ended(request, None, NOT_ALLOWED))
            return
        self._outlet.record("url_opened", url=url)
        self._outlet.tell_customer(url)
        reactor = self._outlet.reactor
        opening = deferToThreadPool(reactor, reactor.getThreadPool(), self._browse, url)
        opening.addCallbacks(
            lambda opened: self._tell(execute.Ended(request, None, "" if opened else NO_BROWSER)),
            self._no_browser,
            (),
            {},
            (request,),
        )

    def _no_browser(self, failure: Failure, request: int) -> None:
        log.failure("An address could not be opened", failure)
        self._tell(execute.Ended(request, None, NO_BROWSER))

    def _run(self, request: int, shell: str, command: str) -> None:
        refused = self._refusal(request)
        if refused:
            self._tell(execute.Ended(request, None, refused))
            return
        self._outlet.record("command_run", command=command, shell=shell)
        self._outlet.tell_customer(f"▶ {command}")
        try:
            self._spawn(request, words_of(shell, command))
        except CannotRunError as problem:
            self._tell(execute.Ended(request, None, problem.code))
        except OSError as problem:
            log.warn("A command did not start: {problem}", problem=str(problem))
            self._tell(execute.Ended(request, None, NOT_FOUND))

    def _refusal(self, request: int) -> str:
        if not self._outlet.may(COMMAND):
            return NOT_ALLOWED
        return BUSY if len(self._running) >= MAX_RUNNING or request in self._running else ""

    def _spawn(self, request: int, words: Sequence[str]) -> None:
        reactor = self._outlet.reactor
        running = RunningCommand(reactor, request, self._tell)
        self._running[request] = running
        self._outlet.activity(Activity.COMMAND, True)
        home = Path.home()
        reactor.spawnProcess(running, words[0], words, env=None, path=str(home) if home.is_dir() else None)

    def _tell(self, message: execute.AgentMessage) -> None:
        if self._closed:
            return
        if isinstance(message, execute.Ended) and self._running.pop(message.request, None) is not None:
            self._outlet.result("command_ended", exit=str(message.exit), code=message.code)
            if not self._running:
                self._outlet.activity(Activity.COMMAND, False)
        self._outlet.send(execute.encode(message))

    def close(self) -> None:
        """Nobody sees any more what they do: they end with the link, and the record hears of it before the link's end."""
        for request, running in list(self._running.items()):
            running.end(STOPPED)
            self._tell(execute.Ended(request, None, STOPPED))
        self._closed = True


def kind() -> ToolKind:
    return ToolKind(Channel.EXEC, frozenset({URL, COMMAND}), ExecuteTool)
