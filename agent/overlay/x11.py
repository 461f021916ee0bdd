"""The overlay on X11: a window that the window manager leaves alone, cut to the shape of the marks, without a place for input.

A shape has no half transparency: what fades is shown as a thinning pattern.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import xcffib
import xcffib.shape
import xcffib.xproto
from xcffib.xproto import CW, ConfigWindow, EventMask, ImageFormat, StackMode, WindowClass

from agent.encode.interface import Pixels
from agent.overlay.interface import Box, SurfaceError

RAISE_S = 0.5
"""At most this often: two programs that both want to be on top must not fight."""
MAX_PUT_BYTES = 200_000
"""Of one request: every X server takes 256 KiB."""
_THRESHOLDS = np.array([[15, 143, 47, 175], [207, 79, 239, 111], [63, 191, 31, 159], [254, 127, 223, 95]], np.uint8)
"""Ordered dither: a pixel is there when its alpha is above."""


@contextmanager
def _x_errors() -> Iterator[None]:
    try:
        yield
    except (xcffib.XcffibException, OSError) as problem:
        raise SurfaceError(f"{type(problem).__name__} {problem}") from problem


class X11Surface:
    """`Surface` on the display of $DISPLAY, or on another one."""

    origin = (0, 0)

    def __init__(self, display: str | None = None) -> None:
        with _x_errors():
            connect: Any = xcffib.connect
            self._connection = connect(display=display)
            setup = self._connection.get_setup()
            self._screen = setup.roots[self._connection.pref_screen]
            if self._screen.root_depth not in (24, 32) or setup.image_byte_order != 0 or setup.bitmap_format_bit_order != 0:
                raise SurfaceError("an unusual form of pixels")
            self._core = self._connection.core
            self._shape = self._connection(xcffib.shape.key)
            self._shape.QueryVersion().reply()
            events = [EventMask.StructureNotify]
            self._core.ChangeWindowAttributes(self._screen.root, CW.EventMask, events)
            found = self._core.GetGeometry(self._screen.root).reply()
            self.size = (int(found.width), int(found.height))
            self._make_window()

    def _make_window(self) -> None:
        """Hidden until there is something to be seen. All of it anew, also for another size of the desktop."""
        width, height = self.size
        new_id = self._connection.generate_id
        self._window, self._pixels, self._mask = new_id(), new_id(), new_id()
        self._brush, self._stencil = new_id(), new_id()
        root, depth = self._screen.root, self._screen.root_depth
        self._core.CreatePixmap(depth, self._pixels, root, width, height)
        self._core.CreatePixmap(1, self._mask, root, width, height)
        self._core.CreateGC(self._brush, self._pixels, 0, [])
        self._core.CreateGC(self._stencil, self._mask, 0, [])
        whole = xcffib.xproto.RECTANGLE.synthetic(0, 0, width, height)
        self._core.PolyFillRectangle(self._mask, self._stencil, 1, [whole])  # a new GC draws zeros
        mask = CW.BackPixmap | CW.OverrideRedirect | CW.EventMask
        values = [self._pixels, 1, EventMask.VisibilityChange]
        self._core.CreateWindow(
            depth, self._window, root, 0, 0, width, height, 0, WindowClass.InputOutput, self._screen.root_visual, mask, values
        )
        kinds = xcffib.shape.SK
        self._shape.Rectangles(xcffib.shape.SO.Set, kinds.Input, 0, self._window, 0, 0, 0, [], is_checked=True).check()
        self._solid = np.zeros((height, width), bool)
        self._dirty: list[Box] = []
        self._mapped = self._obscured = False
        self._raised_at = 0.0

    def paint(self, box: Box, rgba: Pixels) -> None:
        height, width = rgba.shape[:2]
        rows, columns = np.ix_(np.arange(box.top, box.bottom) % 4, np.arange(box.left, box.right) % 4)
        solid = rgba[..., 3] > _THRESHOLDS[rows, columns]
        self._solid[box.top : box.bottom, box.left : box.right] = solid
        bgrx = np.ascontiguousarray(rgba[..., [2, 1, 0, 3]])
        bits = np.packbits(np.pad(solid, ((0, 0), (0, -width % 32))), axis=1, bitorder="little")
        with _x_errors():
            self._put(self._pixels, self._brush, ImageFormat.ZPixmap, self._screen.root_depth, box, bgrx.reshape(height, -1))
            self._put(self._mask, self._stencil, ImageFormat.ZPixmap, 1, box, bits)
        self._dirty.append(box)

    def _put(self, target: int, brush: int, form: int, depth: int, box: Box, rows: Any) -> None:
        step = max(1, MAX_PUT_BYTES // rows.shape[1])
        width = box.right - box.left
        for top in range(0, rows.shape[0], step):
            part = rows[top : top + step]
            data = part.tobytes()
            self._core.PutImage(
                form, target, brush, width, len(part), box.left, box.top + top, 0, depth, len(data), data
            )

    def flush(self) -> None:
        with _x_errors():
            visible = bool(self._solid.any())
            if visible:
                kinds = xcffib.shape.SK
                self._shape.Mask(xcffib.shape.SO.Set, kinds.Bounding, self._window, 0, 0, self._mask)
                for box in self._dirty:
                    size = box.right - box.left, box.bottom - box.top
                    self._core.ClearArea(False, self._window, box.left, box.top, *size)
            if visible != self._mapped:
                self._core.MapWindow(self._window) if visible else self._core.UnmapWindow(self._window)
                self._mapped = visible
            self._dirty = []
            # A round trip: what was asked for is on the screen, and the answer keeps a slow server from a pile of requests.
            self._core.GetInputFocus().reply()

    def pump(self) -> bool:
        lost = False
        with _x_errors():
            while (event := self._connection.poll_for_event()) is not None:
                if isinstance(event, xcffib.xproto.VisibilityNotifyEvent) and event.window == self._window:
                    self._obscured = event.state != xcffib.xproto.Visibility.Unobscured
                elif isinstance(event, xcffib.xproto.ConfigureNotifyEvent) and event.window == self._screen.root:
                    lost |= (event.width, event.height) != self.size
                    self.size = (event.width, event.height)
            if lost:
                self._free()
                self._make_window()
            self._raise()
            self._connection.flush()
        return lost

    def _raise(self) -> None:
        now = time.monotonic()
        if self._mapped and self._obscured and now - self._raised_at >= RAISE_S:
            self._raised_at = now
            self._core.ConfigureWindow(self._window, ConfigWindow.StackMode, [StackMode.Above])

    def _free(self) -> None:
        self._core.DestroyWindow(self._window)
        for pixmap in (self._pixels, self._mask):
            self._core.FreePixmap(pixmap)
        for brush in (self._brush, self._stencil):
            self._core.FreeGC(brush)

    def close(self) -> None:
        with _x_errors():
            self._connection.disconnect()
