"""The overlay on Windows: a layered window over the whole desktop, always on top, which clicks and focus pass through."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import Any

import numpy as np

from agent.encode.interface import Pixels
from agent.overlay.interface import Box, SurfaceError

# Constants of WinUser.h and WinGdi.h.
_EX_STYLE = 0x00080000 | 0x00000020 | 0x00000008 | 0x08000000 | 0x00000080
"""WS_EX_LAYERED, TRANSPARENT (to the mouse), TOPMOST, NOACTIVATE, TOOLWINDOW (no button in the task bar)."""
_WS_POPUP = 0x80000000
_SW_SHOWNOACTIVATE, _SW_HIDE = 4, 0
_SM_X, _SM_Y, _SM_WIDTH, _SM_HEIGHT = 76, 77, 78, 79
_ULW_ALPHA, _AC_SRC_ALPHA, _DIB_RGB_COLORS, _BI_RGB = 2, 1, 0, 0
_PM_REMOVE, _HWND_TOPMOST = 1, -1
_SWP_KEEP = 0x0001 | 0x0002 | 0x0010
"""SWP_NOSIZE, NOMOVE, NOACTIVATE."""
_CLASS = "STATIC"
"""A class of the system's own: the window handles nothing itself."""


class _Header(ctypes.Structure):
    _fields_ = [
        ("size", wintypes.DWORD),
        ("width", wintypes.LONG),
        ("height", wintypes.LONG),
        ("planes", wintypes.WORD),
        ("bits", wintypes.WORD),
        ("compression", wintypes.DWORD),
        ("image_size", wintypes.DWORD),
        ("x_per_meter", wintypes.LONG),
        ("y_per_meter", wintypes.LONG),
        ("used", wintypes.DWORD),
        ("important", wintypes.DWORD),
    ]


class _Blend(ctypes.Structure):
    _fields_ = [
        ("operation", ctypes.c_ubyte),
        ("flags", ctypes.c_ubyte),
        ("alpha", ctypes.c_ubyte),
        ("format", ctypes.c_ubyte),
    ]


def _libraries() -> tuple[Any, Any]:
    """user32 and gdi32 with the types of what is called: handles are pointers, which ctypes would cut to 32 bits."""
    loader: Any = ctypes.WinDLL  # type: ignore[attr-defined]
    user, gdi = loader("user32", use_last_error=True), loader("gdi32", use_last_error=True)
    handle = ctypes.c_void_p
    user.CreateWindowExW.restype = handle
    user.CreateWindowExW.argtypes = [
        wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD,
        ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, handle, handle, handle, handle,
    ]  # fmt: skip
    user.ShowWindow.argtypes = [handle, ctypes.c_int]
    user.SetWindowPos.argtypes = [handle, handle, *[ctypes.c_int] * 4, wintypes.UINT]
    user.DestroyWindow.argtypes = [handle]
    user.UpdateLayeredWindow.argtypes = [handle, handle, *[ctypes.c_void_p] * 2, handle, ctypes.c_void_p,
                                         wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD]  # fmt: skip
    gdi.CreateCompatibleDC.restype, gdi.CreateCompatibleDC.argtypes = handle, [handle]
    gdi.CreateDIBSection.restype = handle
    gdi.CreateDIBSection.argtypes = [handle, ctypes.c_void_p, wintypes.UINT, ctypes.c_void_p, handle, wintypes.DWORD]
    gdi.SelectObject.restype, gdi.SelectObject.argtypes = handle, [handle, handle]
    gdi.DeleteObject.argtypes, gdi.DeleteDC.argtypes = [handle], [handle]
    return user, gdi


class WindowsSurface:
    """`Surface` by UpdateLayeredWindow: one picture of the whole desktop with premultiplied alpha."""

    def __init__(self, libraries: tuple[Any, Any] | None = None) -> None:
        """`libraries`: user32 and gdi32, for tests."""
        from agent.window.theme import become_dpi_aware

        become_dpi_aware()
        self._user, self._gdi = libraries or _libraries()
        self._window: Any = None
        self._visible = False
        self._make()

    def _desktop(self) -> tuple[tuple[int, int], tuple[int, int]]:
        metric = self._user.GetSystemMetrics
        return (metric(_SM_X), metric(_SM_Y)), (metric(_SM_WIDTH), metric(_SM_HEIGHT))

    def _make(self) -> None:
        self.origin, self.size = self._desktop()
        place = (*self.origin, *self.size)
        self._window = self._user.CreateWindowExW(_EX_STYLE, _CLASS, None, _WS_POPUP, *place, None, None, None, None)
        if not self._window:
            raise SurfaceError(f"no window: {ctypes.get_last_error()}")  # type: ignore[attr-defined]
        self._make_picture()

    def _make_picture(self) -> None:
        width, height = self.size
        self._context = self._gdi.CreateCompatibleDC(None)
        # A negative height: rows from the top.
        header = _Header(ctypes.sizeof(_Header), width, -height, 1, 32, _BI_RGB, 0, 0, 0, 0, 0)
        memory = ctypes.c_void_p()
        about = (ctypes.byref(header), _DIB_RGB_COLORS, ctypes.byref(memory), None, 0)
        self._bitmap = self._gdi.CreateDIBSection(self._context, *about)
        if not self._bitmap or not memory.value:
            raise SurfaceError("no memory for the picture")
        self._old = self._gdi.SelectObject(self._context, self._bitmap)
        cells = (ctypes.c_uint8 * (width * height * 4)).from_address(memory.value)
        self._pixels: Pixels = np.ctypeslib.as_array(cells).reshape(height, width, 4)

    def paint(self, box: Box, rgba: Pixels) -> None:
        alpha = rgba[..., 3:].astype(np.uint16)
        bgr = (rgba[..., 2::-1] * alpha + 127) // 255
        self._pixels[box.top : box.bottom, box.left : box.right, :3] = bgr
        self._pixels[box.top : box.bottom, box.left : box.right, 3:] = rgba[..., 3:]

    def flush(self) -> None:
        visible = bool(self._pixels[..., 3].any())
        if visible:
            self._update()
        if visible != self._visible:
            self._visible = visible
            self._user.ShowWindow(self._window, _SW_SHOWNOACTIVATE if visible else _SW_HIDE)
        if visible:
            # Later windows of the same kind come over it otherwise.
            self._user.SetWindowPos(self._window, _HWND_TOPMOST, 0, 0, 0, 0, _SWP_KEEP)

    def _update(self) -> None:
        place, begin = wintypes.POINT(*self.origin), wintypes.POINT(0, 0)
        size, blend = wintypes.SIZE(*self.size), _Blend(0, 0, 255, _AC_SRC_ALPHA)
        shown = self._user.UpdateLayeredWindow(
            self._window, None, ctypes.byref(place), ctypes.byref(size), self._context, ctypes.byref(begin),
            0, ctypes.byref(blend), _ULW_ALPHA,
        )  # fmt: skip
        if not shown:
            raise SurfaceError(f"not shown: {ctypes.get_last_error()}")  # type: ignore[attr-defined]

    def pump(self) -> bool:
        message = wintypes.MSG()
        while self._user.PeekMessageW(ctypes.byref(message), None, 0, 0, _PM_REMOVE):
            self._user.TranslateMessage(ctypes.byref(message))
            self._user.DispatchMessageW(ctypes.byref(message))
        if self._desktop() == (self.origin, self.size):
            return False
        self.close()
        self._visible = False
        self._make()
        return True

    def close(self) -> None:
        self._user.DestroyWindow(self._window)
        self._gdi.SelectObject(self._context, self._old)
        self._gdi.DeleteObject(self._bitmap)
        self._gdi.DeleteDC(self._context)
