"""What the agent asks of the operating system: who is there, and to move its pointer and press its keys."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PlatformCode(StrEnum):
    """Why the system does not do what was asked; the words are used in the log and in messages to people."""

    NO_DISPLAY = "NO_DISPLAY"
    WAYLAND_UNSUPPORTED = "WAYLAND_UNSUPPORTED"
    INPUT_REFUSED = "INPUT_REFUSED"
    SYSTEM_UNSUPPORTED = "SYSTEM_UNSUPPORTED"
    PROCESS_GONE = "PROCESS_GONE"
    PROCESS_REFUSED = "PROCESS_REFUSED"
    PROCESS_PROTECTED = "PROCESS_PROTECTED"
    SEAT_REFUSED = "SEAT_REFUSED"


class PlatformError(Exception):
    """`code` says why; `detail` is for the log only."""

    def __init__(self, code: PlatformCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail


class OsKind(StrEnum):
    WINDOWS = "windows"
    LINUX = "linux"
    MAC = "mac"


@dataclass(frozen=True)
class HostInfo:
    """`session_type`: "x11", "wayland", "none", "windows" or "aqua": what kind of desktop the program runs in."""

    host_name: str
    user_name: str
    os: OsKind
    os_version: str
    session_type: str


class Injector(Protocol):
    """The pointer and the keyboard of this PC.

    No method but `close` blocks for longer than a few milliseconds, so they may be called on the reactor thread; what
    they ask for happens in the order of the calls. Every method may raise PlatformError(INPUT_REFUSED): the system did
    not take this or an earlier event (a window with more rights is in front, the display is gone). Held keys are still
    released by `release_all` and `close`, and by the release guard if this process dies.
    """

    def key(self, code: str, down: bool) -> None:
        """A physical key by its KeyboardEvent.code; the layout and input method of this PC decide what it means.
        Unknown codes are logged and ignored."""

    def text(self, text: str) -> None:
        """Characters, whatever the layout is. Newline and tab are typed as Enter and Tab."""

    def pointer(self, x: int, y: int, buttons: int) -> None:
        """Pixels of the whole desktop from its top left corner; `buttons` as in protocol.input.Pointer."""

    def wheel(self, x: int, y: int, dx: int, dy: int) -> None:
        """120 is one notch, positive is right and down. Smaller steps add up."""

    def release_all(self) -> None:
        """Every key and button that is down goes up; text not typed yet is dropped."""

    def close(self) -> None:
        """release_all, then give everything back; takes up to a second. Nothing may be called afterwards."""


class Clipboard(Protocol):
    """The text on the clipboard of this PC."""

    def write(self, text: str) -> None:
        """Lines end with LF. It is not told to `changed`."""

    def close(self) -> None:
        """Takes up to two seconds; nothing is called afterwards. What was written may be gone with it."""


class Platform(Protocol):
    def host(self) -> HostInfo: ...

    def clipboard(self, changed: Callable[[str], None]) -> Clipboard:
        """`changed(text)`: another program has copied text; called on a thread of the clipboard. Raises PlatformError."""

    def injector(self) -> Injector:
        """Raises PlatformError if input is impossible here; its code says why."""


def current_platform() -> Platform:
    """The platform of this process. Raises PlatformError(SYSTEM_UNSUPPORTED) on systems that have none."""
    if sys.platform == "win32":
        from agent.platform.windows import WindowsPlatform

        return WindowsPlatform()
    if sys.platform == "darwin":
        from agent.platform.macos import MacPlatform

        return MacPlatform()
    if sys.platform.startswith("linux"):
        from agent.platform.linux import LinuxPlatform

        return LinuxPlatform()
    raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, sys.platform)
