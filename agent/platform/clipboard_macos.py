"""The macOS pasteboard through pyobjc, counted by NSPasteboard.changeCount."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from agent.platform.interface import PlatformCode, PlatformError

TEXT = "public.utf8-plain-text"
CONCEALED = "org.nspasteboard.ConcealedType"
"""What password managers add (nspasteboard.org)."""


def general_pasteboard() -> Any:
    """Raises PlatformError(SYSTEM_UNSUPPORTED) on another system."""
    if sys.platform != "darwin":
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "no AppKit")
    return importlib.import_module("AppKit").NSPasteboard.generalPasteboard()


class MacClipboard:
    """agent.platform.clipboard_polled.Counted."""

    def __init__(self, pasteboard: Any) -> None:
        self._pasteboard = pasteboard

    def count(self) -> int:
        return int(self._pasteboard.changeCount())

    def read(self) -> str | None:
        if CONCEALED in (self._pasteboard.types() or ()):
            return None
        text = self._pasteboard.stringForType_(TEXT)
        return str(text) if text is not None else None

    def write(self, text: str) -> None:
        self._pasteboard.clearContents()
        if not self._pasteboard.setString_forType_(text, TEXT):
            raise OSError("setString:forType:")
