"""What the overlay asks of the window system: one window over everything, which takes no input."""

from __future__ import annotations

import sys
from typing import NamedTuple, Protocol

from agent.encode.interface import Pixels


class Box(NamedTuple):
    """Pixels of the desktop from its top left corner; right and bottom are the first that do not belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top

    def within(self, other: Box) -> Box:
        """What both cover; may be empty."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(left, top, min(self.right, other.right), min(self.bottom, other.bottom))


class SurfaceError(Exception):
    """The window system does not allow what was asked; the text is for the log."""


class Surface(Protocol):
    """The window. It is the child's only one, so no method may be called on another thread. Each may raise SurfaceError."""

    origin: tuple[int, int]
    """Where the desktop's top left corner is as the window system counts."""
    size: tuple[int, int]

    def paint(self, box: Box, rgba: Pixels) -> None:
        """`rgba`: straight alpha, rows of the box, which lies on the desktop. Seen after the next `flush`."""

    def flush(self) -> None: ...

    def pump(self) -> bool:
        """Handles what the window system says, without waiting. True: all was lost, such as by a new size of the desktop, and
        everything has to be painted again."""

    def close(self) -> None: ...


def open_surface() -> Surface:
    """Raises SurfaceError where there is no way to draw over other windows."""
    if sys.platform == "win32":
        from agent.overlay.windows import WindowsSurface

        return WindowsSurface()
    if sys.platform == "darwin":
        from agent.overlay.macos import MacSurface

        return MacSurface()
    from agent.overlay.x11 import X11Surface

    return X11Surface()
