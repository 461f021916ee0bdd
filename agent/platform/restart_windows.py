"""Restart on Windows: shutdown, RunOnce, safe mode by bcdedit, one automatic logon by Winlogon with an LSA secret.

RunOnce names that begin with "*" run in safe mode, too; Windows removes them when it starts them. Sources: learn.microsoft.com,
"Run and RunOnce Registry Keys", "Protecting the Automatic Logon Password", "BCDEdit /set".
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.logger import Logger

from agent.platform.restart import Ability, RestartError, run

log = Logger()

RUN_ONCE = r"HKCU\Software\Microsoft\Windows\CurrentVersion\RunOnce"
RUN_ONCE_NAME = "*WizHelperResume"
WINLOGON = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
LSA_SECRET = "DefaultPassword"
#: Long enough for the last words to the server.
DELAY_S = 3


class Security(Protocol):
    """What needs Windows' own libraries: windows_security.py."""

    def is_elevated(self) -> bool: ...

    def logon_is_right(self, domain: str, user: str, password: str) -> bool:
        """Raises RestartError."""

    def keep_secret(self, name: str, value: str | None) -> None:
        """An LSA secret; None removes it. Raises RestartError."""


def _system_security() -> Security:
    from agent.platform.windows_security import WindowsSecurity

    return WindowsSecurity()


class WindowsRestarter:
    def __init__(self, security: Callable[[], Security] = _system_security, call: Callable[..., str] = run) -> None:
        self._security: Any = security()
        self._call = call

    def ability(self) -> Ability:
        elevated = self._security.is_elevated()
        return Ability(restart=True, safe_mode=elevated, auto_logon=elevated)

    def password_is_right(self, account: str, password: str) -> bool:
        return bool(self._security.logon_is_right(*parts_of(account), password))

    def log_on_once(self, account: str, password: str) -> None:
        if self._logs_on_by_itself():
            raise RestartError("this PC has an automatic logon of its own")
        domain, user = parts_of(account)
        self._security.keep_secret(LSA_SECRET, password)
        for name, kind, value in (
            ("DefaultUserName", "REG_SZ", user),
            ("DefaultDomainName", "REG_SZ", domain),
            ("AutoLogonCount", "REG_DWORD", "1"),
            ("AutoAdminLogon", "REG_SZ", "1"),
        ):
            self._call("reg", "add", WINLOGON, "/v", name, "/t", kind, "/d", value, "/f")

    def _logs_on_by_itself(self) -> bool:
        """Its owner's setting, which `forget` would take away."""
        try:
            return self._call("reg", "query", WINLOGON, "/v", "AutoAdminLogon").split()[-1:] == ["1"]
        except RestartError:
            return False

    def start_at_logon(self, command: Sequence[str]) -> None:
        line = subprocess.list2cmdline(command)
        self._call("reg", "add", RUN_ONCE, "/v", RUN_ONCE_NAME, "/t", "REG_SZ", "/d", line, "/f")

    def restart(self, safe_mode: bool) -> None:
        if safe_mode:
            self._call("bcdedit", "/set", "{current}", "safeboot", "network")
        self._call("shutdown", "/r", "/t", str(DELAY_S), "/d", "p:4:1")

    def forget(self) -> None:
        self._quietly("reg", "delete", RUN_ONCE, "/v", RUN_ONCE_NAME, "/f")
        if not self._security.is_elevated():
            return
        self._quietly("bcdedit", "/deletevalue", "{current}", "safeboot")
        for name in ("AutoAdminLogon", "AutoLogonCount"):
            self._quietly("reg", "delete", WINLOGON, "/v", name, "/f")
        try:
            self._security.keep_secret(LSA_SECRET, None)
        except RestartError as problem:
            log.warn("The logon secret could not be removed: {problem}", problem=str(problem))

    def _quietly(self, *command: str) -> None:
        """What is not there need not be removed."""
        try:
            self._call(*command)
        except RestartError as problem:
            log.debug("{problem}", problem=str(problem))

    def at_desktop(self) -> bool:
        return True


def parts_of(account: str) -> tuple[str, str]:
    r""" "CORP\\hong" -> ("CORP", "hong"); without a domain "." means this PC."""
    domain, separator, user = account.partition("\\")
    return (domain, user) if separator else (".", account)
