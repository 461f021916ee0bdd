"""The fast way on macOS 12.3 and later: ScreenCaptureKit, main display.

Frames arrive on a queue of the framework; the newest one is kept for the pipeline thread.
"""

from __future__ import annotations

import threading
from typing import Any

import AppKit
import CoreMedia
import numpy as np
import objc
import Quartz
import ScreenCaptureKit

from agent.capture.interface import CaptureError, CursorState, Geometry, GeometryChangedError
from agent.capture.macos_cursor import MacCursor
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MonitorInfo

_START_S = 5.0
_FRAMES_PER_S = 60
_QUEUE_DEPTH = 3
_BGRA = 0x42475241
_READ_ONLY = 1
_SCREEN_OUTPUT = 0


class _Newest:
    """Hands the newest frame from the framework's queue to the pipeline thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._pixels: Pixels | None = None
        self._error: str | None = None

    def put(self, pixels: Pixels) -> None:
        with self._lock:
            self._pixels = pixels
        self._arrived.set()

    def fail(self, error: str) -> None:
        self._error = error
        self._arrived.set()

    def wait(self, timeout_s: float) -> bool:
        arrived = self._arrived.wait(timeout_s)
        if self._error is not None:
            raise CaptureError("CAPTURE_LOST", self._error)
        return arrived

    def take(self) -> Pixels | None:
        with self._lock:
            self._arrived.clear()
            return self._pixels


class _StreamOutput(AppKit.NSObject):  # type: ignore[misc]
    """Receives frames and the end of the stream; `newest` is set right after creation."""

    newest: _Newest = objc.ivar()

    def stream_didOutputSampleBuffer_ofType_(self, stream: Any, sample: Any, kind: int) -> None:
        image = CoreMedia.CMSampleBufferGetImageBuffer(sample)
        if kind == _SCREEN_OUTPUT and image is not None:
            self.newest.put(_pixels(image))

    def stream_didStopWithError_(self, stream: Any, error: Any) -> None:
        self.newest.fail(str(error))


def _pixels(image: Any) -> Pixels:
    """A copy of a pixel buffer: the framework reuses it. Rows may be padded."""
    Quartz.CVPixelBufferLockBaseAddress(image, _READ_ONLY)
    try:
        stride, height = Quartz.CVPixelBufferGetBytesPerRow(image), Quartz.CVPixelBufferGetHeight(image)
        width = Quartz.CVPixelBufferGetWidth(image)
        data = Quartz.CVPixelBufferGetBaseAddress(image).as_buffer(stride * height)
        rows = np.frombuffer(data, np.uint8).reshape(height, stride)
        return rows[:, : width * 4].reshape(height, width, 4).copy()
    finally:
        Quartz.CVPixelBufferUnlockBaseAddress(image, _READ_ONLY)


class MacCapture:
    """`Capture` by ScreenCaptureKit. The picture is in points, like the pointer's place and like injected input."""

    name = "screencapturekit"

    def __init__(self) -> None:
        self._stream: Any = None
        self._newest = _Newest()
        self._cursor = MacCursor()

    def start(self) -> Geometry:
        if not Quartz.CGPreflightScreenCaptureAccess():
            Quartz.CGRequestScreenCaptureAccess()
            raise CaptureError("CAPTURE_DENIED", "screen recording is not allowed")
        self._open_stream()
        if not self._newest.wait(_START_S):
            raise CaptureError("CAPTURE_UNAVAILABLE", "no first frame")
        return self._geometry

    def geometry(self) -> Geometry:
        return self._geometry

    def wait(self, timeout_s: float) -> bool:
        self._check_geometry()
        return self._newest.wait(timeout_s)

    def frame(self) -> Pixels:
        self._check_geometry()
        pixels = self._newest.take()
        if pixels is None or pixels.shape[:2] != (self._geometry.height, self._geometry.width):
            raise CaptureError("CAPTURE_LOST", "no frame of the display's size")
        return pixels

    def cursor(self) -> CursorState:
        return self._cursor.read()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.stopCaptureWithCompletionHandler_(lambda error: None)
            self._stream = None

    def _check_geometry(self) -> None:
        if self._stream is None:
            raise CaptureError("CAPTURE_LOST", "closed")
        if _display_size() == (self._geometry.width, self._geometry.height):
            return
        self.close()
        self._newest = _Newest()
        self._open_stream()
        if not self._newest.wait(_START_S):
            raise CaptureError("CAPTURE_LOST", "no frame after the display changed")
        raise GeometryChangedError

    def _open_stream(self) -> None:
        width, height = _display_size()
        self._geometry = Geometry(width, height, (MonitorInfo(0, 0, width, height, "main display", True),))
        # The stream keeps no reference to its output, so this object does.
        self._output = _StreamOutput.alloc().init()
        self._output.newest = self._newest
        selection = ScreenCaptureKit.SCContentFilter.alloc()
        selection = selection.initWithDisplay_excludingWindows_(_main_display(), [])
        stream = ScreenCaptureKit.SCStream.alloc()
        stream = stream.initWithFilter_configuration_delegate_(selection, _configuration(width, height), self._output)
        added, error = stream.addStreamOutput_type_sampleHandlerQueue_error_(self._output, _SCREEN_OUTPUT, None, None)
        if not added:
            raise CaptureError("CAPTURE_UNAVAILABLE", str(error))
        self._stream = stream
        newest = self._newest
        stream.startCaptureWithCompletionHandler_(lambda error: newest.fail(str(error)) if error else None)


def _display_size() -> tuple[int, int]:
    bounds = Quartz.CGDisplayBounds(Quartz.CGMainDisplayID())
    return int(bounds.size.width), int(bounds.size.height)


def _configuration(width: int, height: int) -> Any:
    configuration = ScreenCaptureKit.SCStreamConfiguration.alloc().init()
    configuration.setWidth_(width)
    configuration.setHeight_(height)
    configuration.setPixelFormat_(_BGRA)
    configuration.setMinimumFrameInterval_(CoreMedia.CMTimeMake(1, _FRAMES_PER_S))
    configuration.setQueueDepth_(_QUEUE_DEPTH)
    configuration.setShowsCursor_(False)
    return configuration


def _main_display() -> Any:
    """The shareable object of the main display; the framework answers on another thread."""
    answered = threading.Event()
    answer: list[Any] = []

    def handler(content: Any, error: Any) -> None:
        answer.extend((content, error))
        answered.set()

    ScreenCaptureKit.SCShareableContent.getShareableContentWithCompletionHandler_(handler)
    if not answered.wait(_START_S):
        raise CaptureError("CAPTURE_UNAVAILABLE", "ScreenCaptureKit does not answer")
    content, error = answer
    if content is None:
        raise CaptureError("CAPTURE_DENIED", str(error))
    main = Quartz.CGMainDisplayID()
    for display in content.displays():
        if display.displayID() == main:
            return display
    raise CaptureError("CAPTURE_UNAVAILABLE", "the main display is not shareable")
