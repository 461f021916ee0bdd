"""The layered window as Windows is asked for it. The real user32.dll and gdi32.dll are not here. RC-DRAW"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from agent.overlay.interface import Box, SurfaceError
from agent.overlay.windows import WindowsSurface

LAYERED, TRANSPARENT, TOPMOST, NO_ACTIVATE = 0x80000, 0x20, 0x8, 0x08000000
TOPMOST_PLACE = -1


class FakeWindows:
    """user32 and gdi32 in one: a desktop of two monitors, the left one beside the main one."""

    def __init__(self) -> None:
        self.metrics = {76: -100, 77: 0, 78: 300, 79: 40}
        self.calls: list[tuple[Any, ...]] = []
        self.window: int | None = 7

    def GetSystemMetrics(self, index: int) -> int:
        return self.metrics[index]

    def CreateWindowExW(self, style: int, kind: str, *rest: Any) -> int | None:
        self.calls.append(("window", style, rest[2:6]))
        return self.window

    def CreateCompatibleDC(self, other: object) -> int:
        return 8

    def CreateDIBSection(self, context: int, header: Any, usage: int, memory: Any, section: object, offset: int) -> int:
        self.memory = (ctypes.c_uint8 * (300 * 40 * 4))()
        memory._obj.value = ctypes.addressof(self.memory)
        about = header._obj
        self.calls.append(("picture", about.width, about.height, about.bits))
        return 9

    def SelectObject(self, context: int, what: int) -> int:
        return 10

    def UpdateLayeredWindow(self, window: int, screen: object, place: Any, size: Any, *rest: Any) -> int:
        self.calls.append(("update", (place._obj.x, place._obj.y), (size._obj.cx, size._obj.cy), rest[-1]))
        return 1

    def ShowWindow(self, window: int, how: int) -> None:
        self.calls.append(("show", how))

    def SetWindowPos(self, window: int, after: int, *rest: int) -> None:
        self.calls.append(("order", after))

    def PeekMessageW(self, *about: Any) -> int:
        return 0

    def DestroyWindow(self, window: int) -> None:
        self.calls.append(("destroy", window))

    def DeleteObject(self, what: int) -> None:
        self.calls.append(("delete", what))

    def DeleteDC(self, what: int) -> None:
        self.calls.append(("delete", what))


def test_the_window_covers_all_monitors_and_takes_no_input() -> None:
    windows = FakeWindows()
    surface = WindowsSurface((windows, windows))
    (name, style, place), picture = windows.calls
    assert name == "window" and place == (-100, 0, 300, 40) and surface.origin == (-100, 0) and surface.size == (300, 40)
    assert style & LAYERED and style & TRANSPARENT and style & TOPMOST and style & NO_ACTIVATE
    assert picture == ("picture", 300, -40, 32)


def test_colours_are_premultiplied_and_the_window_is_hidden_while_there_is_nothing_to_be_seen() -> None:
    windows = FakeWindows()
    surface = WindowsSurface((windows, windows))
    windows.calls.clear()
    surface.flush()
    assert windows.calls == []
    rgba = np.full((2, 3, 4), (200, 100, 0, 128), np.uint8)
    surface.paint(Box(10, 5, 13, 7), rgba)
    surface.flush()
    pixels = np.frombuffer(windows.memory, np.uint8).reshape(40, 300, 4)
    assert pixels[5, 10].tolist() == [0, 50, 100, 128] and not pixels[5, 13].any() and not pixels[7, 10].any()
    assert windows.calls == [("update", (-100, 0), (300, 40), 2), ("show", 4), ("order", TOPMOST_PLACE)]
    surface.paint(Box(10, 5, 13, 7), np.zeros((2, 3, 4), np.uint8))
    surface.flush()
    assert windows.calls[3:] == [("show", 0)]


def test_another_size_of_the_desktop_makes_everything_anew() -> None:
    windows = FakeWindows()
    surface = WindowsSurface((windows, windows))
    assert not surface.pump()
    windows.metrics[76] = 0
    windows.calls.clear()
    assert surface.pump()
    assert [call[0] for call in windows.calls] == ["destroy", "delete", "delete", "window", "picture"]
    assert surface.origin == (0, 0)


def test_without_a_window_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "get_last_error", lambda: 5, raising=False)
    windows = FakeWindows()
    windows.window = None
    with pytest.raises(SurfaceError):
        WindowsSurface((windows, windows))
