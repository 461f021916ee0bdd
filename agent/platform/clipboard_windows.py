"""The Windows clipboard through user32 (CF_UNICODETEXT), counted by GetClipboardSequenceNumber."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from agent.platform.interface import PlatformCode, PlatformError

CF_UNICODETEXT = 13
GMEM_MOVEABLE = 0x0002
NOT_FOR_MONITORS = "ExcludeClipboardContentFromMonitorProcessing"
"""Format that password managers add (Microsoft, "Cloud Clipboard and Clipboard History Formats")."""


def load() -> tuple[Any, Any]:
    """user32 and kernel32 with the types of what is called here. Raises PlatformError(SYSTEM_UNSUPPORTED) elsewhere."""
    if sys.platform != "win32":
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "no user32")
    user32 = ctypes.WinDLL("user32", use_last_error=True)
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    handle, void = ctypes.c_void_p, ctypes.c_void_p
    user32.GetClipboardData.restype = handle
    user32.SetClipboardData.argtypes, user32.SetClipboardData.restype = [ctypes.c_uint, handle], handle
    kernel32.GlobalAlloc.argtypes, kernel32.GlobalAlloc.restype = [ctypes.c_uint, ctypes.c_size_t], handle
    kernel32.GlobalLock.argtypes, kernel32.GlobalLock.restype = [handle], void
    kernel32.GlobalUnlock.argtypes = kernel32.GlobalFree.argtypes = kernel32.GlobalSize.argtypes = [handle]
    kernel32.GlobalSize.restype = ctypes.c_size_t
    return user32, kernel32


class WindowsClipboard:
    """agent.platform.clipboard_polled.Counted."""

    def __init__(self, user32: Any, kernel32: Any) -> None:
        self._user32, self._kernel32 = user32, kernel32
        self._excluded = user32.RegisterClipboardFormatW(NOT_FOR_MONITORS)

    def count(self) -> int:
        return int(self._user32.GetClipboardSequenceNumber())

    def read(self) -> str | None:
        self._open()
        try:
            if self._user32.IsClipboardFormatAvailable(self._excluded):
                return None
            handle = self._user32.GetClipboardData(CF_UNICODETEXT)
            return self._text_of(handle) if handle else None
        finally:
            self._user32.CloseClipboard()

    def _text_of(self, handle: int) -> str:
        place = self._kernel32.GlobalLock(handle)
        try:
            data = ctypes.string_at(place, self._kernel32.GlobalSize(handle))
        finally:
            self._kernel32.GlobalUnlock(handle)
        return data[: len(data) // 2 * 2].decode("utf-16-le", "replace").split("\0")[0]

    def write(self, text: str) -> None:
        data = (text.replace("\n", "\r\n") + "\0").encode("utf-16-le", "replace")
        self._open()
        try:
            self._user32.EmptyClipboard()
            handle = self._filled(data)
            if not self._user32.SetClipboardData(CF_UNICODETEXT, handle):
                self._kernel32.GlobalFree(handle)
                raise OSError("SetClipboardData")
        finally:
            self._user32.CloseClipboard()

    def _filled(self, data: bytes) -> int:
        handle = self._kernel32.GlobalAlloc(GMEM_MOVEABLE, len(data))
        if not handle:
            raise OSError("GlobalAlloc")
        ctypes.memmove(self._kernel32.GlobalLock(handle), data, len(data))
        self._kernel32.GlobalUnlock(handle)
        return int(handle)

    def _open(self) -> None:
        if not self._user32.OpenClipboard(None):
            raise OSError("OpenClipboard")
