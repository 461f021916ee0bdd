"""The pointer on macOS, through Quartz and AppKit. Places are points from the top left corner of the main display."""

from __future__ import annotations

from typing import Any

import AppKit
import numpy as np
import Quartz

from agent.capture.interface import CursorShape, CursorState
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MAX_CURSOR_SIDE


class MacCursor:
    """`CursorSource` by NSCursor; the shape is looked at again only when its picture is another object."""

    def __init__(self) -> None:
        self._last: bytes | None = None

    def read(self) -> CursorState:
        place = Quartz.CGEventGetLocation(Quartz.CGEventCreate(None))
        return CursorState(int(place.x), int(place.y), self._changed_shape())

    def close(self) -> None:
        """Nothing is held."""

    def _changed_shape(self) -> CursorShape | None:
        cursor = AppKit.NSCursor.currentSystemCursor()
        if cursor is None:
            return None
        tiff = bytes(cursor.image().TIFFRepresentation())
        if tiff == self._last:
            return None
        self._last = tiff
        return _shape(cursor)


def _shape(cursor: Any) -> CursorShape:
    """Draws the pointer into a bitmap of its size in points."""
    size, hot = cursor.image().size(), cursor.hotSpot()
    width, height = min(int(size.width), MAX_CURSOR_SIDE), min(int(size.height), MAX_CURSOR_SIDE)
    bitmap = AppKit.NSBitmapImageRep.alloc()
    bitmap = bitmap.initWithBitmapDataPlanes_pixelsWide_pixelsHigh_bitsPerSample_samplesPerPixel_hasAlpha_isPlanar_colorSpaceName_bytesPerRow_bitsPerPixel_(  # noqa: E501
        None, width, height, 8, 4, True, False, AppKit.NSDeviceRGBColorSpace, width * 4, 32
    )
    AppKit.NSGraphicsContext.saveGraphicsState()
    AppKit.NSGraphicsContext.setCurrentContext_(AppKit.NSGraphicsContext.graphicsContextWithBitmapImageRep_(bitmap))
    cursor.image().drawInRect_(((0, 0), (width, height)))
    AppKit.NSGraphicsContext.restoreGraphicsState()
    rgba = np.frombuffer(bytes(bitmap.bitmapData()), np.uint8)[: width * height * 4].reshape(height, width, 4)
    return CursorShape(width, height, int(hot.x), int(hot.y), _straight(rgba).tobytes())


def _straight(premultiplied: Pixels) -> Pixels:
    alpha = premultiplied[..., 3:].astype(np.uint16)
    colour = np.minimum(255, premultiplied[..., :3].astype(np.uint16) * 255 // np.maximum(alpha, 1))
    return np.dstack([colour, alpha]).astype(np.uint8)
