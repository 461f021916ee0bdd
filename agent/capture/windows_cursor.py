"""The pointer on Windows, through USER and GDI: its place, and its shape in whatever old format it comes."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from agent.capture.interface import CaptureError, CursorShape, CursorState
from agent.encode.interface import Pixels
from wizhelper.protocol.screen import MAX_CURSOR_SIDE

_CURSOR_SHOWING = 1
_DI_NORMAL = 3

_ctypes: Any = ctypes


class _Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_long), ("y", ctypes.c_long))


class _CursorInfo(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("cursor", ctypes.c_void_p), ("at", _Point))


class _IconInfo(ctypes.Structure):
    _fields_ = (
        ("is_icon", ctypes.c_int),
        ("hot_x", ctypes.c_uint32),
        ("hot_y", ctypes.c_uint32),
        ("mask", ctypes.c_void_p),
        ("color", ctypes.c_void_p),
    )


class _Bitmap(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_long),
        ("width", ctypes.c_long),
        ("height", ctypes.c_long),
        ("width_bytes", ctypes.c_long),
        ("planes", ctypes.c_uint16),
        ("bits_per_pixel", ctypes.c_uint16),
        ("bits", ctypes.c_void_p),
    )


class _BitmapHeader(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("planes", ctypes.c_uint16),
        ("bits", ctypes.c_uint16),
        ("rest", ctypes.c_uint32 * 6),
    )


class WindowsCursor:
    """`CursorSource` by GetCursorInfo; places are screen coordinates, so a capture subtracts its origin."""

    _HIDDEN = CursorShape(0, 0, 0, 0, b"")

    def __init__(self) -> None:
        self._user, self._gdi = _ctypes.windll.user32, _ctypes.windll.gdi32
        pointer = ctypes.c_void_p
        self._gdi.CreateCompatibleDC.restype = self._gdi.CreateDIBSection.restype = pointer
        self._gdi.SelectObject.restype = pointer
        self._gdi.SelectObject.argtypes = [pointer, pointer]
        self._gdi.CreateDIBSection.argtypes = [pointer, pointer, ctypes.c_uint, pointer, pointer, ctypes.c_uint32]
        self._gdi.DeleteObject.argtypes = self._gdi.DeleteDC.argtypes = [pointer]
        self._gdi.GetObjectW.argtypes = [pointer, ctypes.c_int, pointer]
        self._user.GetIconInfo.argtypes = [pointer, pointer]
        numbers = [ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int, ctypes.c_int, ctypes.c_uint, pointer]
        self._user.DrawIconEx.argtypes = [pointer, *numbers, ctypes.c_uint]
        self._last: int | None = -1

    def read(self) -> CursorState:
        info = _CursorInfo(size=ctypes.sizeof(_CursorInfo))
        if not self._user.GetCursorInfo(ctypes.byref(info)):
            # The secure desktop (UAC, lock screen) hides its pointer from us.
            return CursorState(0, 0, self._changed_to(None))
        visible = info.cursor if info.flags & _CURSOR_SHOWING else None
        return CursorState(info.at.x, info.at.y, self._changed_to(visible))

    def close(self) -> None:
        """Nothing is held."""

    def _changed_to(self, handle: int | None) -> CursorShape | None:
        if handle == self._last:
            return None
        self._last = handle
        return self._shape(handle) if handle else self._HIDDEN

    def _shape(self, handle: int) -> CursorShape:
        icon = _IconInfo()
        if not self._user.GetIconInfo(handle, ctypes.byref(icon)):
            return self._HIDDEN
        bitmap = _Bitmap()
        self._gdi.GetObjectW(icon.color or icon.mask, ctypes.sizeof(bitmap), ctypes.byref(bitmap))
        for owned in (icon.color, icon.mask):
            if owned:
                self._gdi.DeleteObject(owned)
        # Without a colour bitmap the mask holds two pictures, one above the other.
        width = min(bitmap.width, MAX_CURSOR_SIDE)
        height = min(bitmap.height if icon.color else bitmap.height // 2, MAX_CURSOR_SIDE)
        if width <= 0 or height <= 0:
            return self._HIDDEN
        black, white = (self._drawn(handle, width, height, background) for background in (0, 255))
        return CursorShape(width, height, icon.hot_x, icon.hot_y, _rgba(black, white))

    def _drawn(self, handle: int, width: int, height: int, background: int) -> Pixels:
        """The pointer on a plain background: the one way that works for every kind of cursor."""
        header = _BitmapHeader(ctypes.sizeof(_BitmapHeader), width, -height, 1, 32)
        bits = ctypes.c_void_p()
        context = self._gdi.CreateCompatibleDC(None)
        bitmap = self._gdi.CreateDIBSection(context, ctypes.byref(header), 0, ctypes.byref(bits), None, 0)
        old = self._gdi.SelectObject(context, bitmap)
        try:
            if not bits.value:
                raise CaptureError("CAPTURE_LOST", "no memory for the pointer's picture")
            memory = (ctypes.c_uint8 * (width * height * 4)).from_address(bits.value)
            picture = np.ctypeslib.as_array(memory).reshape(height, width, 4)
            picture[:] = background
            self._user.DrawIconEx(context, 0, 0, handle, 0, 0, 0, None, _DI_NORMAL)
            self._gdi.GdiFlush()
            return picture.copy()
        finally:
            self._gdi.SelectObject(context, old)
            self._gdi.DeleteObject(bitmap)
            self._gdi.DeleteDC(context)


def _rgba(on_black: Pixels, on_white: Pixels) -> bytes:
    """Alpha is what the background shines through. Pixels that invert the screen come out as opaque ones."""
    black, white = on_black[..., :3].astype(np.int32), on_white[..., :3].astype(np.int32)
    through = (white - black).mean(-1)
    inverting = through < 0
    alpha = np.where(inverting, 255, 255 - np.clip(through, 0, 255)).astype(np.int32)
    straight = np.where(inverting[..., None], 0, np.minimum(255, black * 255 // np.maximum(alpha, 1)[..., None]))
    return np.dstack([straight[..., ::-1], alpha]).astype(np.uint8).tobytes()
