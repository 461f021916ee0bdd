"""Which way to capture: the fast one of this operating system, and the compatible one when that does not work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from twisted.logger import Logger

from agent.capture.interface import Capture, CaptureError, CursorSource

FAST = "fast"
COMPATIBLE = "compatible"

_log = Logger()


def open_capture(mode: str, factories: dict[str, Callable[[], Capture]] | None = None) -> Capture:
    """A started capture for the wished mode ("fast" or "compatible"); fast falls back to compatible.

    Raises the last CaptureError when nothing works. `factories` replaces this system's ways, for tests.
    """
    known = factories or {FAST: open_fast, COMPATIBLE: open_compatible}
    return _first_that_starts([known[FAST], known[COMPATIBLE]] if mode == FAST else [known[COMPATIBLE]])


def _first_that_starts(factories: Sequence[Callable[[], Capture]]) -> Capture:
    failure = CaptureError("CAPTURE_UNAVAILABLE", "no way to capture")
    for factory in factories:
        try:
            return _started(factory())
        except CaptureError as problem:
            _log.warn("capture by {factory} does not start: {problem}", factory=factory.__name__, problem=problem)
            failure = problem
    raise failure


def _started(capture: Capture) -> Capture:
    try:
        capture.start()
    except CaptureError:
        capture.close()
        raise
    return capture


def open_fast() -> Capture:
    """Not started yet. Raises CaptureError("CAPTURE_UNAVAILABLE") where a library is missing."""
    try:
        if sys.platform == "win32":
            from agent.capture.windows import WindowsCapture

            return WindowsCapture()
        if sys.platform == "darwin":
            from agent.capture.macos import MacCapture

            return MacCapture()
        from agent.capture.x11 import X11Capture

        return X11Capture()
    except ImportError as problem:
        raise CaptureError("CAPTURE_UNAVAILABLE", str(problem)) from problem


def open_compatible() -> Capture:
    """Not started yet."""
    from agent.capture.compatible import CompatibleCapture

    return CompatibleCapture(open_cursor)


def open_cursor() -> CursorSource:
    """This system's way to read the pointer without the fast capture."""
    try:
        if sys.platform == "win32":
            from agent.capture.windows_cursor import WindowsCursor

            return WindowsCursor()
        if sys.platform == "darwin":
            from agent.capture.macos_cursor import MacCursor

            return MacCursor()
        from agent.capture.x11 import StandaloneX11Cursor

        return StandaloneX11Cursor()
    except ImportError as problem:
        raise CaptureError("CAPTURE_UNAVAILABLE", str(problem)) from problem
