"""Locks the screen of this program's user and logs the user off, by the means of each operating system."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.platform.interface import PlatformCode, PlatformError

LOCK, LOG_OFF = "lock", "log_off"
TIMEOUT_S = 15.0

Run = Callable[[Sequence[str]], int]
Which = Callable[[str], str | None]

#: A desktop's own way closes programs one after the other; XDG_CURRENT_DESKTOP may name several, separated by colons.
DESKTOP_LOG_OFF: Mapping[str, Sequence[str]] = {
    "GNOME": ("gnome-session-quit", "--logout", "--no-prompt"),
    "Unity": ("gnome-session-quit", "--logout", "--no-prompt"),
    "X-Cinnamon": ("cinnamon-session-quit", "--logout", "--no-prompt"),
    "XFCE": ("xfce4-session-logout", "--logout"),
    "MATE": ("mate-session-save", "--logout"),
    "LXQt": ("lxqt-leave", "--logout"),
    "KDE": ("qdbus", "org.kde.Shutdown", "/Shutdown", "logout"),
}

MAC_COMMANDS: Mapping[str, Sequence[str]] = {
    # The display sleeps; whether it asks for the password then is the user's own setting.
    LOCK: ("pmset", "displaysleepnow"),
    # The event of the menu's "Log Out", without its question: the operator has been asked.
    LOG_OFF: ("osascript", "-e", 'tell application "loginwindow" to «event aevtrlgo»'),
}

EWX_LOGOFF, EWX_FORCEIFHUNG = 0x0, 0x10
REASON_PLANNED = 0x8000_0000


def run(command: Sequence[str]) -> int:
    """-> its exit status. Raises PlatformError(SEAT_REFUSED) when it does not run or does not end."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise PlatformError(PlatformCode.SEAT_REFUSED, str(problem)) from problem
    return done.returncode


@dataclass(frozen=True)
class CommandSeat:
    """`commands`: action -> ways to do it, the best one first. Called on a thread."""

    commands: Mapping[str, Sequence[Sequence[str]]]
    run: Run = run

    def actions(self) -> tuple[str, ...]:
        return tuple(action for action, ways in self.commands.items() if ways)

    def do(self, action: str) -> None:
        """Raises PlatformError(SEAT_REFUSED) when no way worked."""
        if not any(self.run(command) == 0 for command in self.commands.get(action, ())):
            raise PlatformError(PlatformCode.SEAT_REFUSED, action)


class WindowsSeat:
    """`user32` is for tests. Called on a thread."""

    def __init__(self, user32: Any = None) -> None:
        self._user32 = user32

    def actions(self) -> tuple[str, ...]:
        return LOCK, LOG_OFF

    def do(self, action: str) -> None:
        """Raises PlatformError(SEAT_REFUSED)."""
        user32 = self._user32 or ctypes.WinDLL("user32", use_last_error=True)  # type: ignore[attr-defined]
        if action == LOCK:
            done = user32.LockWorkStation()
        else:
            done = user32.ExitWindowsEx(EWX_LOGOFF | EWX_FORCEIFHUNG, REASON_PLANNED)
        if not done:
            raise PlatformError(PlatformCode.SEAT_REFUSED, action)


Seat = CommandSeat | WindowsSeat


def linux_commands(environment: Mapping[str, str], which: Which) -> dict[str, list[Sequence[str]]]:
    """What is there of the ways to lock and to log off."""
    session = environment.get("XDG_SESSION_ID", "")
    lock: list[Sequence[str]] = [("xdg-screensaver", "lock")]
    desktops = environment.get("XDG_CURRENT_DESKTOP", "").split(":")
    log_off = [DESKTOP_LOG_OFF[name] for name in desktops if name in DESKTOP_LOG_OFF]
    if session:
        lock.insert(0, ("loginctl", "lock-session", session))
        log_off.append(("loginctl", "terminate-session", session))
    found = {LOCK: lock, LOG_OFF: log_off}
    return {action: [way for way in ways if which(way[0]) is not None] for action, ways in found.items()}


def current_seat(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, which: Which = shutil.which
) -> Seat:
    if platform == "win32":
        return WindowsSeat()
    if platform == "darwin":
        return CommandSeat({action: [command] for action, command in MAC_COMMANDS.items()})
    return CommandSeat(linux_commands(environment, which))
