"""The login shell of this program's user in a terminal: a pty on POSIX (terminal_posix.py), ConPTY on Windows (terminal_windows.py)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Protocol

import psutil
from twisted.logger import Logger

log = Logger()

OpenTerminal = Callable[[Any, int, int, "TerminalEvents"], "Terminal"]
"""(reactor, columns, rows, events). Raises OSError when the shell does not start."""


class TerminalEvents(Protocol):
    """All calls come on the reactor's thread."""

    def output(self, data: bytes) -> None:
        """What the shell and its programs wrote: any bytes."""

    def ended(self, exit_code: int | None) -> None:
        """Once: the shell is gone, and what it started with it. Nothing more is called."""


class Terminal(Protocol):
    """Called on the reactor's thread; after `ended` nothing does anything."""

    @property
    def shell(self) -> str:
        """The program, with its path."""

    def write(self, data: bytes) -> bool:
        """UTF-8 for the program in front. False: it does not read, and too much waits already; nothing was taken."""

    def resize(self, cols: int, rows: int) -> None: ...

    def flow(self, on: bool) -> None:
        """Off: nothing is read, and what writes too much waits. One more piece of output may come."""

    def kill(self) -> None:
        """The shell and what it started, at once. `ended` follows."""


def terminal_opener() -> OpenTerminal | None:
    """None: this PC has no terminal to offer."""
    if sys.platform == "win32":
        if find_spec("winpty") is None:
            return None
        from agent.platform.terminal_windows import WindowsTerminal

        return WindowsTerminal
    from agent.platform.terminal_posix import PosixTerminal

    return PosixTerminal


def shell_environment(environment: Mapping[str, str] = os.environ, frozen: bool | None = None) -> dict[str, str]:
    """What the customer's own shell would see: without what the frozen program set for its own libraries."""
    found = dict(environment)
    if getattr(sys, "frozen", False) if frozen is None else frozen:
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            original = found.pop(f"{name}_ORIG", None)
            found.pop(name, None)
            if original is not None:
                found[name] = original
    return {**found, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def kill_family(pid: int, also: Callable[[int], bool] = lambda pid: False) -> None:
    """The process, its descendants, and every process of which `also(pid)` is true."""
    try:
        family = psutil.Process(pid)
        doomed = [*family.children(recursive=True), family]
    except psutil.NoSuchProcess:
        doomed = []
    known = {process.pid for process in doomed}
    doomed += [process for process in psutil.process_iter() if process.pid not in known and also(process.pid)]
    for process in doomed:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
        except psutil.Error as problem:
            log.warn("A terminal's process stays: {problem}", problem=str(problem))
