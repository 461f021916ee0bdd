"""The overlay on macOS: a borderless window above the menu bar that ignores the mouse. Places are points, as in the capture."""

from __future__ import annotations

from typing import Any

import AppKit
import numpy as np
import Quartz

from agent.encode.interface import Pixels
from agent.overlay.interface import Box, SurfaceError

_EVERY_SPACE = 1 << 0
_STATIONARY = 1 << 4
_OVER_FULL_SCREEN = 1 << 8
"""NSWindowCollectionBehavior: canJoinAllSpaces, stationary, fullScreenAuxiliary."""
_BITS, _RGBA_PREMULTIPLIED = 8, 1


class MacSurface:
    """`Surface` on the main display, the one that is captured."""

    origin = (0, 0)

    def __init__(self) -> None:
        self._application = AppKit.NSApplication.sharedApplication()
        self._application.setActivationPolicy_(AppKit.NSApplicationActivationPolicyAccessory)
        self._window: Any = None
        self._make()

    @staticmethod
    def _desktop() -> tuple[int, int]:
        bounds = Quartz.CGDisplayBounds(Quartz.CGMainDisplayID())
        return int(bounds.size.width), int(bounds.size.height)

    def _make(self) -> None:
        self.size = self._desktop()
        width, height = self.size
        if not width or not height:
            raise SurfaceError("no display")
        frame = AppKit.NSMakeRect(0, 0, width, height)
        window = AppKit.NSWindow.alloc().initWithContentRect_styleMask_backing_defer_(
            frame, AppKit.NSWindowStyleMaskBorderless, AppKit.NSBackingStoreBuffered, False
        )
        window.setReleasedWhenClosed_(False)
        window.setOpaque_(False)
        window.setHasShadow_(False)
        window.setBackgroundColor_(AppKit.NSColor.clearColor())
        window.setIgnoresMouseEvents_(True)
        window.setLevel_(Quartz.CGWindowLevelForKey(Quartz.kCGScreenSaverWindowLevelKey))
        window.setCollectionBehavior_(_EVERY_SPACE | _STATIONARY | _OVER_FULL_SCREEN)
        window.contentView().setWantsLayer_(True)
        self._window = window
        self._pixels: Pixels = np.zeros((height, width, 4), np.uint8)

    def paint(self, box: Box, rgba: Pixels) -> None:
        alpha = rgba[..., 3:].astype(np.uint16)
        part = self._pixels[box.top : box.bottom, box.left : box.right]
        part[..., :3] = (rgba[..., :3] * alpha + 127) // 255
        part[..., 3:] = rgba[..., 3:]

    def flush(self) -> None:
        if not self._pixels[..., 3].any():
            self._window.orderOut_(None)
            return
        self._window.contentView().layer().setContents_(self._image())
        self._window.orderFrontRegardless()

    def _image(self) -> Any:
        width, height = self.size
        provider = Quartz.CGDataProviderCreateWithCFData(AppKit.NSData.dataWithBytes_length_(self._pixels.tobytes(), self._pixels.nbytes))
        colours = Quartz.CGColorSpaceCreateDeviceRGB()
        form = (_BITS, 4 * _BITS, 4 * width, colours, _RGBA_PREMULTIPLIED)
        return Quartz.CGImageCreate(width, height, *form, provider, None, False, Quartz.kCGRenderingIntentDefault)

    def pump(self) -> bool:
        while True:
            event = self._application.nextEventMatchingMask_untilDate_inMode_dequeue_(
                AppKit.NSEventMaskAny, None, AppKit.NSDefaultRunLoopMode, True
            )
            if event is None:
                break
            self._application.sendEvent_(event)
        if self._desktop() == self.size:
            return False
        self._window.close()
        self._make()
        return True

    def close(self) -> None:
        self._window.close()
