"""Windows: SendInput. Scan codes, so that the layout and input method of this PC decide; Unicode for text.

Windows does not say who refused: SendInput takes nothing while a window with more rights than this program, or the
secure desktop (UAC, Ctrl+Alt+Del), is in front.
"""

from __future__ import annotations

import ctypes
import getpass
import platform
import sys
from collections.abc import Callable, Sequence
from ctypes import c_int32, c_size_t, c_uint16, c_uint32
from typing import Protocol

from agent.platform import clipboard_windows
from agent.platform.clipboard_polled import PolledClipboard
from agent.platform.clipboard_windows import WindowsClipboard
from agent.platform.interface import Clipboard, HostInfo, Injector, OsKind, PlatformCode, PlatformError
from agent.platform.keys import EXTENDED, KEYS
from agent.platform.release_guard import ReleaseGuard
from agent.platform.tracked import TrackedInjector

INPUT_MOUSE, INPUT_KEYBOARD = 0, 1

KEYEVENTF_EXTENDEDKEY = 0x0001
KEYEVENTF_KEYUP = 0x0002
KEYEVENTF_UNICODE = 0x0004
KEYEVENTF_SCANCODE = 0x0008

MOUSEEVENTF_MOVE = 0x0001
MOUSEEVENTF_WHEEL = 0x0800
MOUSEEVENTF_HWHEEL = 0x1000
MOUSEEVENTF_VIRTUALDESK = 0x4000
MOUSEEVENTF_ABSOLUTE = 0x8000

SM_SWAPBUTTON = 23
SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN = 78, 79

VK_RETURN, VK_TAB, VK_PAUSE, VK_HANGUL, VK_HANJA = 0x0D, 0x09, 0x13, 0x15, 0x19

VIRTUAL_KEYS = {"Pause": VK_PAUSE, "Lang1": VK_HANGUL, "Lang2": VK_HANJA}
"""Sent as virtual keys: Pause has no scan code that SendInput takes, and the scan codes of 한/영 and 한자 mean
something only to the driver of a 103-key keyboard."""

MOUSE_BUTTONS = {
    1: (0x0002, 0x0004, 0),
    2: (0x0008, 0x0010, 0),
    4: (0x0020, 0x0040, 0),
    8: (0x0080, 0x0100, 1),
    16: (0x0080, 0x0100, 2),
}
"""Bit of MouseEvent.buttons -> (flag of down, flag of up, mouseData)."""

SWAPPED = {1: 2, 2: 1}
ABSOLUTE_RANGE = 65536
SENT_AT_ONCE = 64
"""Events in one call: nothing can come between them, and no program's queue (10 000 messages) fills up."""


class MOUSEINPUT(ctypes.Structure):
    _fields_ = (
        ("dx", c_int32),
        ("dy", c_int32),
        ("mouseData", c_uint32),
        ("dwFlags", c_uint32),
        ("time", c_uint32),
        ("dwExtraInfo", c_size_t),
    )


class KEYBDINPUT(ctypes.Structure):
    _fields_ = (
        ("wVk", c_uint16),
        ("wScan", c_uint16),
        ("dwFlags", c_uint32),
        ("time", c_uint32),
        ("dwExtraInfo", c_size_t),
    )


class _InputUnion(ctypes.Union):
    _fields_ = (("mi", MOUSEINPUT), ("ki", KEYBDINPUT))


class INPUT(ctypes.Structure):
    _anonymous_ = ("u",)
    _fields_ = (("type", c_uint32), ("u", _InputUnion))


class User32(Protocol):
    """What is used of user32.dll; tests give a recorder."""

    def SendInput(self, count: int, inputs: ctypes.Array[INPUT], size: int) -> int: ...

    def GetSystemMetrics(self, index: int) -> int: ...


def load_user32() -> User32:
    """Raises PlatformError(SYSTEM_UNSUPPORTED) on another system."""
    if sys.platform != "win32":
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "no user32.dll")
    user32: User32 = ctypes.WinDLL("user32", use_last_error=True)
    return user32


class WindowsPlatform:
    def host(self) -> HostInfo:
        return HostInfo(
            host_name=platform.node(),
            user_name=getpass.getuser(),
            os=OsKind.WINDOWS,
            os_version=f"{platform.release()} {platform.version()}",
            session_type="windows",
        )

    def injector(self) -> Injector:
        return TrackedInjector(WindowsDevice(), ReleaseGuard())

    def clipboard(self, changed: Callable[[str], None]) -> Clipboard:
        return PolledClipboard(WindowsClipboard(*clipboard_windows.load()), changed)


class WindowsDevice:
    """The Device of Windows (see tracked.py). The process must be DPI-aware, or the system scales the coordinates."""

    def __init__(self, user32: User32 | None = None) -> None:
        self._user32 = user32 if user32 is not None else load_user32()

    def key(self, code: str, down: bool) -> None:
        flags = 0 if down else KEYEVENTF_KEYUP
        scan = KEYS[code].windows
        if code in VIRTUAL_KEYS:
            self._send([keyboard_input(VIRTUAL_KEYS[code], 0, flags)])
        elif scan is not None:
            extended = KEYEVENTF_EXTENDEDKEY if scan & EXTENDED else 0
            self._send([keyboard_input(0, scan & 0xFF, flags | extended | KEYEVENTF_SCANCODE)])

    def text(self, text: str) -> None:
        events: list[INPUT] = []
        for character in text.replace("\r\n", "\n"):
            events += typed(character)
        for start in range(0, len(events), SENT_AT_ONCE):
            self._send(events[start : start + SENT_AT_ONCE])

    def move(self, x: int, y: int, buttons: int) -> None:
        width = self._user32.GetSystemMetrics(SM_CXVIRTUALSCREEN)
        height = self._user32.GetSystemMetrics(SM_CYVIRTUALSCREEN)
        flags = MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK
        self._send([mouse_input(absolute(x, width), absolute(y, height), 0, flags)])

    def button(self, button: int, down: bool) -> None:
        """SendInput means the physical button: with swapped buttons the left one is the right one."""
        if self._user32.GetSystemMetrics(SM_SWAPBUTTON):
            button = SWAPPED.get(button, button)
        flag_down, flag_up, data = MOUSE_BUTTONS[button]
        self._send([mouse_input(0, 0, data, flag_down if down else flag_up)])

    def wheel(self, dx: int, dy: int) -> None:
        """Windows takes parts of a notch as they are; up is positive there."""
        if dy:
            self._send([mouse_input(0, 0, -dy, MOUSEEVENTF_WHEEL)])
        if dx:
            self._send([mouse_input(0, 0, dx, MOUSEEVENTF_HWHEEL)])

    def close(self) -> None:
        """Nothing is held."""

    def _send(self, events: Sequence[INPUT]) -> None:
        array = (INPUT * len(events))(*events)
        sent = self._user32.SendInput(len(events), array, ctypes.sizeof(INPUT))
        if sent != len(events):
            raise PlatformError(PlatformCode.INPUT_REFUSED, f"{sent} of {len(events)} events were taken")


def absolute(pixel: int, size: int) -> int:
    """A pixel of the virtual screen -> the middle of that pixel in the 0..65535 of MOUSEEVENTF_ABSOLUTE."""
    clamped = min(max(pixel, 0), size - 1)
    return (2 * clamped + 1) * ABSOLUTE_RANGE // (2 * size)


def keyboard_input(virtual_key: int, scan: int, flags: int) -> INPUT:
    event = INPUT(type=INPUT_KEYBOARD)
    event.ki = KEYBDINPUT(wVk=virtual_key, wScan=scan, dwFlags=flags)
    return event


def mouse_input(dx: int, dy: int, data: int, flags: int) -> INPUT:
    event = INPUT(type=INPUT_MOUSE)
    event.mi = MOUSEINPUT(dx=dx, dy=dy, mouseData=data & 0xFFFF_FFFF, dwFlags=flags)
    return event


def typed(character: str) -> list[INPUT]:
    """Down and up of one character (beyond the BMP: two UTF-16 units). Enter and Tab are keys."""
    keys = {"\n": VK_RETURN, "\r": VK_RETURN, "\t": VK_TAB}
    if character in keys:
        return [keyboard_input(keys[character], 0, flags) for flags in (0, KEYEVENTF_KEYUP)]
    if ord(character) < 0x20 or character == "\x7f":
        return []
    encoded = character.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(encoded[i : i + 2], "little") for i in range(0, len(encoded), 2)]
    return [
        keyboard_input(0, unit, flags)
        for flags in (KEYEVENTF_UNICODE, KEYEVENTF_UNICODE | KEYEVENTF_KEYUP)
        for unit in units
    ]
