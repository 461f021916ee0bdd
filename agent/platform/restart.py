"""Restarting this PC, and being started again after it: what each system has to offer, behind one interface."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twisted.logger import Logger

log = Logger()

COMMAND_TIMEOUT_S = 15


class RestartError(Exception):
    """The system refused. The text is for the log only."""


@dataclass(frozen=True)
class Ability:
    """`auto_logon`: this program may have an account logged on at the next start."""

    restart: bool
    safe_mode: bool
    auto_logon: bool


class Restarter(Protocol):
    """No method keeps a password. All may block for seconds: call them on a thread."""

    def ability(self) -> Ability: ...

    def password_is_right(self, account: str, password: str) -> bool:
        """Raises RestartError if the system does not say."""

    def log_on_once(self, account: str, password: str) -> None:
        """At the next start only; `forget` takes it back. Raises RestartError."""

    def start_at_logon(self, command: Sequence[str]) -> None:
        """Runs `command` once when this user's desktop is there; `forget` takes it back. Raises RestartError."""

    def restart(self, safe_mode: bool) -> None:
        """Begins at once. Raises RestartError."""

    def forget(self) -> None:
        """Takes back log_on_once, start_at_logon and the safe mode, whoever asked for them. Never raises."""

    def at_desktop(self) -> bool:
        """Whether this process can see somebody's desktop, not just the logon screen."""


def run(*command: str) -> str:
    """-> what the command wrote. Raises RestartError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RestartError(f"{command[0]}: {problem}") from problem
    if done.returncode != 0:
        raise RestartError(f"{command[0]}: {done.stderr.strip()[:200]}")
    return done.stdout


def available(command: str) -> bool:
    return shutil.which(command) is not None


def replace_file(file: Path, text: str, mode: int = 0o600) -> None:
    """Whole or not at all. Raises RestartError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as out:
            out.write(text)
        made = Path(out.name)
        made.chmod(mode)
        made.replace(file)
    except OSError as problem:
        raise RestartError(f"{file}: {problem.strerror}") from problem


def remove_file(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as problem:
        log.warn("{file} stays: {problem}", file=str(file), problem=str(problem))


def current_restarter() -> Restarter:
    if sys.platform == "win32":
        from agent.platform.restart_windows import WindowsRestarter

        return WindowsRestarter()
    if sys.platform == "darwin":
        from agent.platform.restart_macos import MacRestarter

        return MacRestarter()
    from agent.platform.restart_linux import LinuxRestarter

    return LinuxRestarter()
