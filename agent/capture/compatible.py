"""The compatible way, on every operating system: whole pictures through mss, compared with the last one.

Slower than the fast way, since nothing tells when the screen changes, but it also shows what comes out black there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mss
import numpy as np
from mss.exception import ScreenShotError

from agent.capture.interface import CaptureError, CursorSource, CursorState, Geometry, GeometryChangedError
from agent.encode.detect import same_pixels
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MonitorInfo

#: Seconds between looks at a screen that changes, and at one that has been still for a while: a look costs 2 ms of CPU.
_POLL_S = 1 / 30
_STILL_POLL_S = 1 / 12
_STILL_AFTER_S = 1.0
#: mss reads the monitors once per instance, so they are looked up through a new one.
_GEOMETRY_CHECK_S = 1.0
#: A dead X server shows as a failed assertion inside mss.
_MSS_ERRORS = (ScreenShotError, OSError, AssertionError)


class CompatibleCapture:
    """`Capture` through mss. `open_cursor` is asked at start for the system's way to read the pointer."""

    name = "mss"

    def __init__(self, open_cursor: Callable[[], CursorSource], **mss_options: Any) -> None:
        self._open_cursor, self._options = open_cursor, mss_options
        self._mss: mss.MSS | None = None
        self._cursor: CursorSource | None = None
        self._shown: Pixels | None = None
        self._next: Pixels | None = None
        self._changed_at = self._checked_at = 0.0
        self._polled_at = float("-inf")

    def start(self) -> Geometry:
        self._mss = self._open_mss()
        self._geometry = _geometry(self._mss)
        self._cursor = self._open_cursor()
        self._grab()
        self._changed_at = self._checked_at = time.monotonic()
        return self._geometry

    def geometry(self) -> Geometry:
        return self._geometry

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not self._look():
            now = time.monotonic()
            if now >= deadline:
                return False
            time.sleep(max(0.0, min(deadline - now, self._polled_at + self._interval(now) - now)))
        return True

    def frame(self) -> Pixels:
        """What `wait` has just found, or else a new picture."""
        fresh = self._next is not None and time.monotonic() - self._polled_at < _POLL_S
        pixels = self._next if fresh and self._next is not None else self._grab()
        self._shown, self._next = pixels, None
        return pixels

    def cursor(self) -> CursorState:
        if self._cursor is None:
            raise CaptureError("CAPTURE_LOST", "closed")
        state = self._cursor.read()
        return CursorState(state.x - self._geometry.left, state.y - self._geometry.top, state.shape)

    def close(self) -> None:
        if self._cursor:
            self._cursor.close()
        if self._mss:
            _close(self._mss)
        self._mss = self._cursor = None

    def _interval(self, now: float) -> float:
        return _STILL_POLL_S if now - self._changed_at > _STILL_AFTER_S else _POLL_S

    def _look(self) -> bool:
        """Grab a picture when it is time to; whether one is waiting that differs from the one shown."""
        now = time.monotonic()
        if self._next is not None or now - self._polled_at < self._interval(now):
            return self._next is not None
        self._polled_at = now
        self._check_geometry(now)
        pixels = self._grab()
        if self._shown is None or not same_pixels(pixels, self._shown):
            self._next, self._changed_at = pixels, now
        return self._next is not None

    def _check_geometry(self, now: float) -> None:
        if now - self._checked_at < _GEOMETRY_CHECK_S:
            return
        self._checked_at = now
        fresh = self._open_mss()
        try:
            geometry = _geometry(fresh)
        except CaptureError:
            _close(fresh)
            raise
        if geometry == self._geometry:
            _close(fresh)
            return
        if self._mss:
            _close(self._mss)
        self._mss, self._geometry = fresh, geometry
        self._shown = self._next = None
        raise GeometryChangedError

    def _grab(self) -> Pixels:
        """A new array each time: mss makes a new buffer per picture."""
        if self._mss is None:
            raise CaptureError("CAPTURE_LOST", "closed")
        geometry = self._geometry
        area = {"left": geometry.left, "top": geometry.top, "width": geometry.width, "height": geometry.height}
        try:
            shot = self._mss.grab(area)
        except _MSS_ERRORS as problem:
            self._recover_from_resize(problem)
            raise CaptureError("CAPTURE_LOST", str(problem)) from problem
        return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)

    def _recover_from_resize(self, problem: Exception) -> None:
        """A screen that shrank cannot be read at its old size; raises GeometryChangedError when that is the reason."""
        self._checked_at = float("-inf")
        try:
            self._check_geometry(time.monotonic())
        except CaptureError as second:
            raise second from problem

    def _open_mss(self) -> mss.MSS:
        try:
            return mss.MSS(**self._options)
        except _MSS_ERRORS as problem:
            raise CaptureError("CAPTURE_UNAVAILABLE", str(problem)) from problem


def _close(source: mss.MSS) -> None:
    # With the X server gone there is nothing left to free.
    with suppress(*_MSS_ERRORS):
        source.close()


def _geometry(source: mss.MSS) -> Geometry:
    """All monitors together; mss lists the whole desktop first."""
    try:
        desktop, *monitors = source.monitors
    except _MSS_ERRORS as problem:
        raise CaptureError("CAPTURE_UNAVAILABLE", str(problem)) from problem
    if desktop["width"] <= 0 or desktop["height"] <= 0:
        raise CaptureError("CAPTURE_UNAVAILABLE", "no monitor")
    left, top = int(desktop["left"]), int(desktop["top"])
    infos = tuple(_monitor(number, monitor, left, top) for number, monitor in enumerate(monitors or [desktop], 1))
    return Geometry(int(desktop["width"]), int(desktop["height"]), infos, left, top)


def _monitor(number: int, monitor: Any, left: int, top: int) -> MonitorInfo:
    name = str(monitor.get("name") or f"monitor {number}")
    x, y = int(monitor["left"]) - left, int(monitor["top"]) - top
    primary = bool(monitor.get("is_primary", number == 1))
    return MonitorInfo(x, y, int(monitor["width"]), int(monitor["height"]), name, primary)
