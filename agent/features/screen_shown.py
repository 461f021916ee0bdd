"""Which part of the desktop one viewer sees, and where its clicks belong (RC-MON)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.capture.interface import Geometry
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import ALL_MONITORS


@dataclass(frozen=True)
class Shown:
    """Pixels of the whole picture. `monitor`: its index, or ALL_MONITORS."""

    monitor: int
    x: int
    y: int
    width: int
    height: int

    def crop(self, frame: Pixels) -> Pixels:
        """Rows without gaps, as the encoder compares them."""
        height, width = frame.shape[:2]
        if (self.x, self.y, self.width, self.height) == (0, 0, width, height):
            return frame
        return np.ascontiguousarray(frame[self.y : self.y + self.height, self.x : self.x + self.width])


def shown(geometry: Geometry, wish: int) -> Shown:
    """The wished monitor, as far as it lies in the picture; the whole picture if there is none of that number."""
    if 0 <= wish < len(geometry.monitors):
        monitor = geometry.monitors[wish]
        left, top = max(monitor.x, 0), max(monitor.y, 0)
        width = min(monitor.x + monitor.width, geometry.width) - left
        height = min(monitor.y + monitor.height, geometry.height) - top
        if width > 0 and height > 0:
            return Shown(wish, left, top, width, height)
    return Shown(ALL_MONITORS, 0, 0, geometry.width, geometry.height)


class Origin:
    """Where in the whole picture the part begins that the viewer has drawn: what it clicks belongs to what it saw.

    `begun` is called on the pipeline's thread, the others on the reactor's; one assignment each.
    """

    def __init__(self) -> None:
        self._place = (0, 0)
        self._next: tuple[int, tuple[int, int]] | None = None

    def begun(self, frame_id: int, x: int, y: int) -> None:
        """This update makes the viewer's picture begin at (x, y)."""
        self._next = (frame_id, (x, y))

    def acked(self, frame_id: int) -> None:
        """The viewer has drawn this update; it draws them in their order."""
        waiting = self._next
        if waiting is not None and (frame_id - waiting[0]) & 0xFFFFFFFF < 0x80000000:
            self._place = waiting[1]

    def place(self) -> tuple[int, int]:
        return self._place
