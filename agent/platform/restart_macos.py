"""Restart on macOS: System Events, and a LaunchAgent of the user that runs once. Nobody is logged on by itself there."""

from __future__ import annotations

import plistlib
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.platform.restart import Ability, RestartError, remove_file, replace_file, run

LABEL = "com.wizhelper.resume"


class MacRestarter:
    """`home`: the user's; tests have their own."""

    def __init__(self, home: Path | None = None, call: Callable[..., str] = run) -> None:
        self._home = home or Path.home()
        self._call = call

    def ability(self) -> Ability:
        return Ability(restart=True, safe_mode=False, auto_logon=False)

    def password_is_right(self, account: str, password: str) -> bool:
        raise RestartError("nobody can be logged on by itself")

    def log_on_once(self, account: str, password: str) -> None:
        raise RestartError("nobody can be logged on by itself")

    def start_at_logon(self, command: Sequence[str]) -> None:
        plist = {"Label": LABEL, "ProgramArguments": list(command), "RunAtLoad": True, "LimitLoadToSessionType": "Aqua"}
        replace_file(self._agent(), plistlib.dumps(plist).decode())

    def _agent(self) -> Path:
        return self._home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def restart(self, safe_mode: bool) -> None:
        if safe_mode:
            raise RestartError("there is no safe mode with network")
        self._call("/usr/bin/osascript", "-e", 'tell application "System Events" to restart')

    def forget(self) -> None:
        """The file only: to unload the agent would end this very process."""
        remove_file(self._agent())

    def at_desktop(self) -> bool:
        return True
