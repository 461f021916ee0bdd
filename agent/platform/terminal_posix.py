"""A login shell on a pty. Its session is its own: whatever belongs to it is killed with it."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import struct
import termios
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from agent.platform.terminal import TerminalEvents, kill_family, shell_environment

MAX_UNREAD_BYTES = 256 * 1024
"""Typed or pasted, and not read by the program in front."""
LAST_OUTPUT_S = 0.5


def login_shell() -> str:
    """The user's shell with its path. Raises FileNotFoundError."""
    try:
        own = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:  # a user id without an entry, as in containers
        own = ""
    for shell in (own, os.environ.get("SHELL", ""), "/bin/bash", "/bin/sh"):
        # Accounts of services have a program there that says no.
        if shell and Path(shell).name not in ("nologin", "false") and shutil.which(shell) is not None:
            return shell
    raise FileNotFoundError("no shell")


@implementer(IPushProducer)
class PosixTerminal(ProcessProtocol):
    def __init__(self, reactor: Any, cols: int, rows: int, events: TerminalEvents) -> None:
        self.shell = login_shell()
        self._events = events
        self._typed = b""
        self._full = False
        home = Path.home()
        name = "-" + Path(self.shell).name  # the dash makes it a login shell
        folder = str(home) if home.is_dir() else "/"
        self._process = reactor.spawnProcess(
            self, self.shell, [name], env=shell_environment(), path=folder, usePTY=True
        )
        self._process.registerProducer(self, True)
        self._reactor = reactor
        self._pid: int = self._process.pid
        self.resize(cols, rows)

    def write(self, data: bytes) -> bool:
        if not self._process.connected:
            return True
        if len(self._typed) + len(data) > MAX_UNREAD_BYTES:
            return False
        self._typed += data
        if not self._full:
            self.resumeProducing()
        return True

    # What was typed, as the producer of the pty, which says how much it takes.

    def resumeProducing(self) -> None:
        self._full = False
        typed, self._typed = self._typed, b""
        if typed:
            self._process.write(typed)

    def pauseProducing(self) -> None:
        self._full = True

    def stopProducing(self) -> None:
        self._typed = b""

    def resize(self, cols: int, rows: int) -> None:
        if self._process.connected:
            fcntl.ioctl(self._process.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def flow(self, on: bool) -> None:
        if not self._process.connected:
            return
        if on:
            self._process.startReading()
        else:
            self._process.stopReading()

    def kill(self) -> None:
        kill_family(self._pid, self._of_session)

    def _of_session(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self._pid
        except OSError:  # gone, or not ours to ask about
            return False

    def outReceived(self, data: bytes) -> None:
        self._events.output(data)

    def processExited(self, reason: Failure) -> None:
        """Programs in the background would keep the terminal open: they end with the shell."""
        self.kill()
        self.flow(True)
        self._reactor.callLater(LAST_OUTPUT_S, self._hang_up)

    def _hang_up(self) -> None:
        """For a program that has left the session and holds the terminal open all the same."""
        if self._process.connected:
            self._process.connectionLost(Failure(ConnectionDone()))

    def processEnded(self, reason: Failure) -> None:
        self._events.ended(getattr(reason.value, "exitCode", None))
