"""The Windows command shell on a pseudo console (ConPTY), through pywinpty's PTY: its reads block, so they have a thread."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from twisted.logger import Logger

from agent.platform.terminal import TerminalEvents, kill_family, shell_environment

log = Logger()

CONPTY = 0
"""winpty.Backend.ConPTY: Windows 10 1809 and later; never the older emulation."""

SHELLS = (("powershell.exe", ("-NoLogo",)), ("cmd.exe", ()))


class Pty(Protocol):
    """What is used of winpty.PTY."""

    @property
    def pid(self) -> int | None: ...

    def spawn(
        self, appname: str, cmdline: str | None = None, cwd: str | None = None, env: str | None = None
    ) -> bool: ...

    def read(self, blocking: bool = False) -> str: ...

    def write(self, to_write: str) -> int: ...

    def set_size(self, cols: int, rows: int) -> None: ...

    def isalive(self) -> bool: ...

    def get_exitstatus(self) -> int | None: ...

    def cancel_io(self) -> bool: ...


def conpty(cols: int, rows: int) -> Pty:
    import winpty

    made: Pty = winpty.PTY(cols, rows, backend=CONPTY)
    return made


def shell_command(which: Callable[[str], str | None] = shutil.which) -> tuple[str, tuple[str, ...]]:
    """The program with its path, and its arguments. Raises FileNotFoundError."""
    for name, arguments in SHELLS:
        found = which(name)
        if found is not None:
            return found, arguments
    raise FileNotFoundError("no shell")


class WindowsTerminal:
    def __init__(
        self,
        reactor: Any,
        cols: int,
        rows: int,
        events: TerminalEvents,
        make: Callable[[int, int], Pty] = conpty,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self.shell, arguments = shell_command(which)
        self._reactor = reactor
        self._events = events
        self._over = False
        self._wanted = Event()
        self._wanted.set()
        self._pty = make(cols, rows)
        self._spawn(arguments)
        self._thread = Thread(target=self._read, name="terminal", daemon=True)
        self._thread.start()

    def _spawn(self, arguments: tuple[str, ...]) -> None:
        block = "".join(f"{name}={value}\0" for name, value in shell_environment().items()) + "\0"
        line = " " + subprocess.list2cmdline(arguments) if arguments else None
        if not self._pty.spawn(self.shell, line, str(Path.home()), block) or self._pty.pid is None:
            raise OSError("the shell did not start")
        self._pid = self._pty.pid

    def write(self, data: bytes) -> bool:
        """The console host reads on behalf of programs and has the buffer: it is never full for us."""
        if not self._over:
            self._pty.write(data.decode())
        return True

    def resize(self, cols: int, rows: int) -> None:
        if not self._over:
            self._pty.set_size(cols, rows)

    def flow(self, on: bool) -> None:
        if on:
            self._wanted.set()
        else:
            self._wanted.clear()

    def kill(self) -> None:
        if self._over:
            return
        kill_family(self._pid)
        self._wanted.set()
        self._pty.cancel_io()

    def _read(self) -> None:
        while True:
            self._wanted.wait()
            try:
                text = self._pty.read(blocking=True)
            except Exception as problem:  # WinptyError has no other base; it is how the end of the output is told
                log.debug("The terminal's output ended: {problem}", problem=str(problem))
                break
            if text:
                self._reactor.callFromThread(self._show, text.encode("utf-8", "replace"))
            elif not self._pty.isalive():
                break
        self._reactor.callFromThread(self._end)

    def _show(self, data: bytes) -> None:
        if not self._over:
            self._events.output(data)

    def _end(self) -> None:
        kill_family(self._pid)
        self._over = True
        self._events.ended(self._pty.get_exitstatus())
