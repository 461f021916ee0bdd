"""What the screen feature needs from a way to capture the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MonitorInfo


class CaptureError(Exception):
    """This way of capturing does not work (any more). `code` is a stable word:

    CAPTURE_UNAVAILABLE   a part is missing: no display, no library, an unsupported pixel format
    CAPTURE_DENIED        the operating system wants the user's permission first
    CAPTURE_LOST          it worked and stopped working: the display went away, the desktop was switched
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class GeometryChangedError(Exception):
    """Monitors or resolutions changed. The capture has adapted itself: read `geometry()` and go on."""


@dataclass(frozen=True)
class Geometry:
    """The picture's size, its top left corner in the system's screen coordinates, and the monitors in the picture's."""

    width: int
    height: int
    monitors: tuple[MonitorInfo, ...]
    left: int = 0
    top: int = 0


@dataclass(frozen=True)
class CursorShape:
    """Straight-alpha RGBA rows, width x height <= 256 x 256, and the hot spot. 0 x 0 is a hidden pointer."""

    width: int
    height: int
    hot_x: int
    hot_y: int
    rgba: bytes


@dataclass(frozen=True)
class CursorState:
    """The pointer's place in the picture, which may lie outside it; `shape` only if it changed since the last call."""

    x: int
    y: int
    shape: CursorShape | None = None


class CursorSource(Protocol):
    """Reads the pointer without reading the screen."""

    def read(self) -> CursorState:
        """Raises CaptureError("CAPTURE_LOST")."""

    def close(self) -> None:
        """May be called twice."""


class Capture(Protocol):
    """Used by one thread, from `start` to `close`. Every method but `close` may raise CaptureError."""

    @property
    def name(self) -> str:
        """For the status bar and the log, such as "x11-shm"."""

    def start(self) -> Geometry:
        """Must be called first, once."""

    def geometry(self) -> Geometry:
        """As of `start` or of the last GeometryChangedError."""

    def wait(self, timeout_s: float) -> bool:
        """Whether the picture may have changed since the last `frame`; returns as soon as it has. 0 only looks.

        Raises GeometryChangedError.
        """

    def frame(self) -> Pixels:
        """The screen now, without the pointer; the view is valid until the next call of any method.

        Raises GeometryChangedError.
        """

    def cursor(self) -> CursorState:
        """The pointer now."""

    def close(self) -> None:
        """Frees everything; may be called twice, and after an error."""
