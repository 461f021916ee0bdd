"""The fast way on Windows: DXGI desktop duplication through dxcam, one camera per monitor.

Windows whose content desktop duplication may not see come out black; the compatible way (BitBlt) often shows them.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import dxcam
import numpy as np
from comtypes import COMError

from agent.capture.interface import CaptureError, CursorState, Geometry, GeometryChangedError
from agent.capture.windows_cursor import WindowsCursor
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MonitorInfo

#: Desktop duplication is asked, it does not call: 125 times a second costs next to nothing.
_POLL_S = 0.008
#: A driver that gives no first picture for so long gives none at all.
_FIRST_PICTURE_S = 1.0
_LISTED = re.compile(r"Device\[(\d+)\] Output\[(\d+)\]:.*Primary:(True|False)")

_DXGI_ERRORS = (COMError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class _Output:
    """One monitor: its camera and its place on the desktop."""

    camera: Any
    left: int
    top: int
    width: int
    height: int
    name: str
    primary: bool


class WindowsCapture:
    """`Capture` through DXGI; composes all monitors into one picture."""

    name = "dxgi"

    def __init__(self) -> None:
        self._outputs: list[_Output] = []
        self._cursor: WindowsCursor | None = None
        self._changed = True

    def start(self) -> Geometry:
        self._cursor = WindowsCursor()
        self._open_outputs()
        deadline = time.monotonic() + _FIRST_PICTURE_S
        while not self._collect():
            if time.monotonic() > deadline:
                raise CaptureError("CAPTURE_UNAVAILABLE", "desktop duplication gives no picture")
            time.sleep(_POLL_S)
        return self._geometry

    def geometry(self) -> Geometry:
        return self._geometry

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not (self._collect() or self._changed):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            time.sleep(min(_POLL_S, remaining))
        return True

    def frame(self) -> Pixels:
        self._collect()
        self._changed = False
        return self._canvas

    def cursor(self) -> CursorState:
        if self._cursor is None:
            raise CaptureError("CAPTURE_LOST", "closed")
        state = self._cursor.read()
        return CursorState(state.x - self._geometry.left, state.y - self._geometry.top, state.shape)

    def close(self) -> None:
        for output in self._outputs:
            output.camera.release()
        self._outputs = []
        self._cursor = None

    def _open_outputs(self) -> None:
        listed = _LISTED.findall(dxcam.output_info())
        if not listed:
            raise CaptureError("CAPTURE_UNAVAILABLE", "no monitor")
        for device, output, primary in listed:
            self._outputs.append(_open_output(int(device), int(output), primary == "True"))
        self._place()

    def _place(self) -> None:
        """Geometry and an empty canvas for the outputs as they are."""
        left, top = min(o.left for o in self._outputs), min(o.top for o in self._outputs)
        width = max(o.left + o.width for o in self._outputs) - left
        height = max(o.top + o.height for o in self._outputs) - top
        monitors = tuple(
            MonitorInfo(o.left - left, o.top - top, o.width, o.height, o.name, o.primary) for o in self._outputs
        )
        self._geometry = Geometry(width, height, monitors, left, top)
        self._canvas: Pixels = np.zeros((height, width, 4), np.uint8)

    def _collect(self) -> bool:
        """Paste new pictures of all monitors into the canvas; whether there was one."""
        if not self._outputs:
            raise CaptureError("CAPTURE_LOST", "closed")
        found = False
        for output in self._outputs:
            pixels = self._grab(output)
            if pixels is not None:
                y, x = output.top - self._geometry.top, output.left - self._geometry.left
                self._canvas[y : y + output.height, x : x + output.width] = pixels
                found = self._changed = True
        return found

    def _grab(self, output: _Output) -> Pixels | None:
        """None: nothing new. dxcam recovers by itself from mode changes; the new size is taken over here."""
        try:
            pixels: Pixels | None = output.camera.grab(copy=False)
        except _DXGI_ERRORS as problem:
            raise CaptureError("CAPTURE_LOST", str(problem)) from problem
        if (output.camera.width, output.camera.height) != (output.width, output.height):
            self._reopen()
            raise GeometryChangedError
        return pixels

    def _reopen(self) -> None:
        for output in self._outputs:
            output.camera.release()
        self._outputs = []
        self._open_outputs()
        self._changed = True


def _open_output(device: int, output: int, primary: bool) -> _Output:
    try:
        camera = dxcam.create(device_idx=device, output_idx=output, output_color="BGRA", processor_backend="numpy")
    except _DXGI_ERRORS as problem:
        raise CaptureError("CAPTURE_UNAVAILABLE", str(problem)) from problem
    # dxcam has no public name for an output's place on the desktop.
    description = camera._output.desc
    area = description.DesktopCoordinates
    width, height = area.right - area.left, area.bottom - area.top
    return _Output(camera, area.left, area.top, width, height, str(description.DeviceName), primary)
