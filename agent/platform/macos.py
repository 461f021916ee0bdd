"""macOS: CGEvent through pyobjc. Without the right "Accessibility" the system drops a program's events silently."""

from __future__ import annotations

import getpass
import importlib
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from agent.platform.clipboard_macos import MacClipboard, general_pasteboard
from agent.platform.clipboard_polled import PolledClipboard
from agent.platform.interface import Clipboard, HostInfo, Injector, OsKind, PlatformCode, PlatformError
from agent.platform.keys import KEYS
from agent.platform.release_guard import ReleaseGuard
from agent.platform.tracked import TrackedInjector, WheelSteps

LEFT, RIGHT, MIDDLE, BACK, FORWARD = 1, 2, 4, 8, 16
OTHER_BUTTON_NUMBERS = {MIDDLE: 2, BACK: 3, FORWARD: 4}
VK_RETURN, VK_TAB = 0x24, 0x30

TEXT_UNITS = 20
"""UTF-16 units that one keyboard event carries; the system cuts longer strings off."""

UNITS_PER_PIXEL = 3
"""One notch (120 units) scrolls 40 pixels."""

DOUBLE_CLICK_S = 0.5
CLICK_SLOP_PIXELS = 4


def load_quartz() -> Any:
    """pyobjc's Quartz. Raises PlatformError(SYSTEM_UNSUPPORTED) on another system."""
    if sys.platform != "darwin":
        raise PlatformError(PlatformCode.SYSTEM_UNSUPPORTED, "no Quartz")
    return importlib.import_module("Quartz")


class MacPlatform:
    def host(self) -> HostInfo:
        return HostInfo(
            host_name=platform.node(),
            user_name=getpass.getuser(),
            os=OsKind.MAC,
            os_version=platform.mac_ver()[0],
            session_type="aqua",
        )

    def injector(self) -> Injector:
        return TrackedInjector(MacDevice(), ReleaseGuard())

    def clipboard(self, changed: Callable[[str], None]) -> Clipboard:
        return PolledClipboard(MacClipboard(general_pasteboard()), changed)


class MacDevice:
    """The Device of macOS (see tracked.py). Raises PlatformError(INPUT_REFUSED) without the right "Accessibility"."""

    def __init__(self, quartz: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._quartz = quartz if quartz is not None else load_quartz()
        if not self._quartz.CGPreflightPostEventAccess():
            self._quartz.CGRequestPostEventAccess()
            raise PlatformError(PlatformCode.INPUT_REFUSED, "the right Accessibility is missing")
        self._source = self._quartz.CGEventSourceCreate(self._quartz.kCGEventSourceStateHIDSystemState)
        self._down: set[str] = set()
        self._clock = clock
        self._clicks = ClickCounter()
        self._wheel_x = WheelSteps(UNITS_PER_PIXEL)
        self._wheel_y = WheelSteps(UNITS_PER_PIXEL)

    def key(self, code: str, down: bool) -> None:
        virtual_key = KEYS[code].mac
        if virtual_key is None:
            return
        event = self._quartz.CGEventCreateKeyboardEvent(self._source, virtual_key, down)
        if down and code in self._down:
            self._quartz.CGEventSetIntegerValueField(event, self._quartz.kCGKeyboardEventAutorepeat, 1)
        if down:
            self._down.add(code)
        else:
            self._down.discard(code)
        self._post(event)

    def text(self, text: str) -> None:
        for line_number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
            if line_number:
                self._tap(VK_RETURN)
            for part_number, part in enumerate(line.split("\t")):
                if part_number:
                    self._tap(VK_TAB)
                self._type(part)

    def _tap(self, virtual_key: int) -> None:
        for down in (True, False):
            self._post(self._quartz.CGEventCreateKeyboardEvent(self._source, virtual_key, down))

    def _type(self, text: str) -> None:
        for chunk in utf16_chunks(text, TEXT_UNITS):
            for down in (True, False):
                event = self._quartz.CGEventCreateKeyboardEvent(self._source, 0, down)
                self._quartz.CGEventKeyboardSetUnicodeString(event, utf16_length(chunk), chunk)
                self._post(event)

    def move(self, x: int, y: int, buttons: int) -> None:
        q = self._quartz
        kind, number = q.kCGEventMouseMoved, 0
        if buttons & LEFT:
            kind = q.kCGEventLeftMouseDragged
        elif buttons & RIGHT:
            kind, number = q.kCGEventRightMouseDragged, 1
        elif buttons:
            kind = q.kCGEventOtherMouseDragged
            number = next(OTHER_BUTTON_NUMBERS[bit] for bit in OTHER_BUTTON_NUMBERS if buttons & bit)
        self._post(q.CGEventCreateMouseEvent(self._source, kind, self._point(x, y), number))

    def button(self, button: int, down: bool) -> None:
        q = self._quartz
        where = q.CGEventGetLocation(q.CGEventCreate(None))
        if button == LEFT:
            kind, number = (q.kCGEventLeftMouseDown if down else q.kCGEventLeftMouseUp), 0
        elif button == RIGHT:
            kind, number = (q.kCGEventRightMouseDown if down else q.kCGEventRightMouseUp), 1
        else:
            kind = q.kCGEventOtherMouseDown if down else q.kCGEventOtherMouseUp
            number = OTHER_BUTTON_NUMBERS[button]
        event = q.CGEventCreateMouseEvent(self._source, kind, where, number)
        clicks = self._clicks.count(button, down, where.x, where.y, self._clock())
        q.CGEventSetIntegerValueField(event, q.kCGMouseEventClickState, clicks)
        self._post(event)

    def wheel(self, dx: int, dy: int) -> None:
        """Positive is up and left on macOS."""
        q = self._quartz
        down, right = self._wheel_y.add(dy), self._wheel_x.add(dx)
        if down or right:
            unit = q.kCGScrollEventUnitPixel
            self._post(q.CGEventCreateScrollWheelEvent(self._source, unit, 2, -down, -right))

    def close(self) -> None:
        self._source = None

    def _post(self, event: Any) -> None:
        self._quartz.CGEventPost(self._quartz.kCGHIDEventTap, event)

    def _point(self, x: int, y: int) -> tuple[float, float]:
        """Pixels from the top left of the desktop -> the system's points, whose origin is the main screen's corner."""
        q = self._quartz
        _, screens, _ = q.CGGetActiveDisplayList(32, None, None)
        bounds = [q.CGDisplayBounds(screen) for screen in screens]
        main = q.CGMainDisplayID()
        scale = q.CGDisplayModeGetPixelWidth(q.CGDisplayCopyDisplayMode(main)) / q.CGDisplayBounds(main).size.width
        return min(b.origin.x for b in bounds) + x / scale, min(b.origin.y for b in bounds) + y / scale


class ClickCounter:
    """macOS does not count double clicks of made events: the event says itself which click of a series it is."""

    def __init__(self) -> None:
        self._last: tuple[int, float, float, float] | None = None
        self._clicks = 0

    def count(self, button: int, down: bool, x: float, y: float, at_s: float) -> int:
        """1 for a single click, 2 for a double click, ...; an up belongs to the down before it."""
        if down:
            self._clicks = self._clicks + 1 if self._continues(button, x, y, at_s) else 1
            self._last = (button, x, y, at_s)
        return self._clicks

    def _continues(self, button: int, x: float, y: float, at_s: float) -> bool:
        if self._last is None:
            return False
        last_button, last_x, last_y, last_at_s = self._last
        near = abs(x - last_x) <= CLICK_SLOP_PIXELS and abs(y - last_y) <= CLICK_SLOP_PIXELS
        return button == last_button and near and at_s - last_at_s <= DOUBLE_CLICK_S


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_chunks(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` UTF-16 units; no character is cut in two."""
    chunks: list[str] = []
    room = 0
    for character in text:
        units = utf16_length(character)
        if units > room:
            chunks.append("")
            room = limit
        chunks[-1] += character
        room -= units
    return chunks
