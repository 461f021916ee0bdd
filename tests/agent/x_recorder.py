"""A window that records the key and button events that reach it, as plain tuples."""

from __future__ import annotations

import time
from typing import Any

import xcffib
import xcffib.xproto

Event = tuple[str, int]
_NAMES = {2: "press", 3: "release", 4: "down", 5: "up"}


def _connect(display: str) -> Any:
    return xcffib.connect(display)  # type: ignore[no-untyped-call]


class XRecorder:
    """Covers the whole screen and has the focus."""

    def __init__(self, display: str) -> None:
        self._connection = _connect(display)
        setup = self._connection.get_setup()
        screen = setup.roots[0]
        self._root = screen.root
        self._window = self._connection.generate_id()
        masks = xcffib.xproto.EventMask
        wanted = masks.KeyPress | masks.KeyRelease | masks.ButtonPress | masks.ButtonRelease | masks.Exposure
        core = self._connection.core
        size = (0, 0, screen.width_in_pixels, screen.height_in_pixels, 0)
        core.CreateWindow(
            screen.root_depth,
            self._window,
            screen.root,
            *size,
            1,
            screen.root_visual,
            xcffib.xproto.CW.EventMask,
            [wanted],
        )
        core.MapWindow(self._window)
        core.GetInputFocus().reply()
        core.SetInputFocus(0, self._window, 0)
        core.GetInputFocus().reply()
        self.events: list[Event] = []

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[Event]:
        """At least `count` events, or those that came in time; the list is emptied."""
        until = time.monotonic() + timeout_s
        while len(self.events) < count and time.monotonic() < until:
            self._poll()
            time.sleep(0.01)
        time.sleep(0.05)
        self._poll()
        found, self.events = self.events, []
        return found

    def _poll(self) -> None:
        while (event := self._connection.poll_for_event()) is not None:
            kind = _NAMES.get(event.response_type & 0x7F)
            if kind is not None:
                self.events.append((kind, event.detail))

    def pressed_keys(self) -> set[int]:
        """Keycodes that the server holds for down."""
        keys = bytes(self._connection.core.QueryKeymap().reply().keys)
        return {index * 8 + bit for index, byte in enumerate(keys) for bit in range(8) if byte >> bit & 1}

    def pointer(self) -> tuple[int, int, int]:
        """x, y and the mask of held buttons (bit 0 is button 1)."""
        reply = self._connection.core.QueryPointer(self._root).reply()
        return reply.root_x, reply.root_y, reply.mask >> 8 & 0x1F

    def close(self) -> None:
        self._connection.disconnect()
