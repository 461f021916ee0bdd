"""Restart on Linux: systemd, XDG autostart, and a drop-in of the display manager for one automatic logon.

A display manager needs no password to log somebody on: the one that the operator typed is checked by PAM and not kept.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.platform.pam import password_is_right
from agent.platform.restart import Ability, RestartError, available, remove_file, replace_file, run

AUTOSTART = "wizhelper-resume.desktop"
DROP_IN = "90-wizhelper-once.conf"


class LinuxRestarter:
    """`root`: where /etc is; tests have their own."""

    def __init__(self, root: Path = Path("/"), call: Callable[..., str] = run) -> None:
        self._root = root
        self._call = call

    def ability(self) -> Ability:
        can = available("systemctl")
        return Ability(can, False, can and os.geteuid() == 0 and self._display_manager() is not None)

    def password_is_right(self, account: str, password: str) -> bool:
        return password_is_right(account, password)

    def log_on_once(self, account: str, password: str) -> None:
        found = self._display_manager()
        if found is None:
            raise RestartError("no display manager that takes a drop-in")
        if not account.isprintable() or set(account) & set("=[]#;\\ "):
            raise RestartError("no account name for a configuration file")
        file, text = found
        replace_file(file, text.format(account=account), 0o644)

    def _display_manager(self) -> tuple[Path, str] | None:
        """Its drop-in, and what that says."""
        etc = self._root / "etc"
        if (etc / "lightdm").is_dir():
            return (
                etc / "lightdm" / "lightdm.conf.d" / DROP_IN,
                "[Seat:*]\nautologin-user={account}\nautologin-user-timeout=0\n",
            )
        if (self._root / "usr" / "bin" / "sddm").exists() or (etc / "sddm.conf.d").is_dir():
            return etc / "sddm.conf.d" / DROP_IN, "[Autologin]\nUser={account}\nRelogin=false\n"
        return None

    def start_at_logon(self, command: Sequence[str]) -> None:
        replace_file(self._autostart(), desktop_entry(command))

    @staticmethod
    def _autostart() -> Path:
        config = os.environ.get("XDG_CONFIG_HOME")
        return Path(config if config else Path.home() / ".config") / "autostart" / AUTOSTART

    def restart(self, safe_mode: bool) -> None:
        if safe_mode:
            raise RestartError("there is no safe mode")
        self._call("systemctl", "reboot", "--no-wall")

    def forget(self) -> None:
        remove_file(self._autostart())
        for folder in ("lightdm/lightdm.conf.d", "sddm.conf.d"):
            file = self._root / "etc" / folder / DROP_IN
            if file.exists():
                remove_file(file)

    def at_desktop(self) -> bool:
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def desktop_entry(command: Sequence[str]) -> str:
    """The autostart file. Its own quoting: freedesktop.org, Desktop Entry Specification, "The Exec key"."""
    return (
        "[Desktop Entry]\nType=Application\nName=WizHelper\nNoDisplay=true\nX-GNOME-Autostart-enabled=true\n"
        f"Exec={' '.join(_quoted(word) for word in command)}\n"
    )


def _quoted(word: str) -> str:
    if any(char in word for char in "\n\r\0"):
        raise RestartError("a line break in a command")
    plain = word.replace("%", "%%")
    if shlex.quote(word) == word:
        return plain
    # Escaped twice: once as a string of the file, once as an argument.
    for char in '\\"`$':
        plain = plain.replace(char, "\\" + char)
    return '"' + plain.replace("\\", "\\\\") + '"'
