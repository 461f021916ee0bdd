"""SendInput as it is called: structures, flags and their order. The real user32.dll is not here."""

from __future__ import annotations

import ctypes

import pytest
from input_fakes import FakeGuard

from agent.platform.interface import PlatformCode, PlatformError
from agent.platform.tracked import TrackedInjector
from agent.platform.windows import INPUT, INPUT_KEYBOARD, SM_SWAPBUTTON, WindowsDevice, absolute, load_user32

KEYUP, UNICODE, SCANCODE, EXTENDED = 2, 4, 8, 1


class FakeUser32:
    """Records events as ("key", vk, scan, flags) and ("mouse", dx, dy, data, flags)."""

    def __init__(self, taken: int | None = None, swapped: bool = False) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.sizes: list[int] = []
        self._taken = taken
        self._swapped = swapped

    def SendInput(self, count: int, inputs: ctypes.Array[INPUT], size: int) -> int:
        self.sizes.append(size)
        for event in inputs[:count]:
            if event.type == INPUT_KEYBOARD:
                self.calls.append(("key", event.ki.wVk, event.ki.wScan, event.ki.dwFlags))
            else:
                mouse = event.mi
                data = ctypes.c_int32(mouse.mouseData).value
                self.calls.append(("mouse", mouse.dx, mouse.dy, data, mouse.dwFlags))
        return count if self._taken is None else self._taken

    def GetSystemMetrics(self, index: int) -> int:
        return {78: 1920, 79: 1080, SM_SWAPBUTTON: int(self._swapped)}[index]


def test_the_structure_has_the_size_that_windows_checks() -> None:
    assert ctypes.sizeof(INPUT) == (40 if ctypes.sizeof(ctypes.c_void_p) == 8 else 28)


def test_physical_keys_are_sent_as_scan_codes() -> None:
    user32 = FakeUser32()
    device = WindowsDevice(user32)

    device.key("KeyA", True)
    device.key("ControlRight", False)

    assert user32.calls == [("key", 0, 0x1E, SCANCODE), ("key", 0, 0x1D, SCANCODE | EXTENDED | KEYUP)]
    assert set(user32.sizes) == {ctypes.sizeof(INPUT)}


def test_korean_keys_and_pause_are_sent_as_virtual_keys() -> None:
    user32 = FakeUser32()
    device = WindowsDevice(user32)

    for code in ("Lang1", "Lang2", "Pause"):
        device.key(code, True)

    assert user32.calls == [("key", 0x15, 0, 0), ("key", 0x19, 0, 0), ("key", 0x13, 0, 0)]


def test_a_key_that_windows_has_not_sends_nothing() -> None:
    user32 = FakeUser32()

    WindowsDevice(user32).key("NumpadParenLeft", True)

    assert user32.calls == []


def test_text_is_sent_as_utf16_units() -> None:
    user32 = FakeUser32()

    WindowsDevice(user32).text("한\U0001f600\r\n\x01")

    assert user32.calls == [
        ("key", 0, 0xD55C, UNICODE),
        ("key", 0, 0xD55C, UNICODE | KEYUP),
        ("key", 0, 0xD83D, UNICODE),
        ("key", 0, 0xDE00, UNICODE),
        ("key", 0, 0xD83D, UNICODE | KEYUP),
        ("key", 0, 0xDE00, UNICODE | KEYUP),
        ("key", 0x0D, 0, 0),
        ("key", 0x0D, 0, KEYUP),
    ]


def test_the_pointer_moves_on_the_virtual_desk() -> None:
    user32 = FakeUser32()
    device = WindowsDevice(user32)

    device.move(0, 1079, 0)
    device.button(8, True)
    device.button(2, False)

    move, back, right = user32.calls
    assert move[-1] == 0xC001
    assert back == ("mouse", 0, 0, 1, 0x0080)
    assert right == ("mouse", 0, 0, 0, 0x0010)


@pytest.mark.parametrize("size", [1, 800, 1366, 1920, 5760, 32767])
def test_every_pixel_is_hit_exactly(size: int) -> None:
    for pixel in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        assert absolute(pixel, size) * size // 65536 == pixel
    assert 0 <= absolute(-5, size) <= absolute(size + 5, size) <= 65535


def test_swapped_buttons_are_swapped_back() -> None:
    user32 = FakeUser32(swapped=True)

    WindowsDevice(user32).button(1, True)

    assert user32.calls == [("mouse", 0, 0, 0, 0x0008)]


def test_the_wheel_is_positive_upwards_on_windows() -> None:
    user32 = FakeUser32()

    WindowsDevice(user32).wheel(30, 120)

    assert user32.calls == [("mouse", 0, 0, -120, 0x0800), ("mouse", 0, 0, 30, 0x1000)]


def test_refused_input_has_a_code() -> None:
    with pytest.raises(PlatformError) as refused:
        WindowsDevice(FakeUser32(taken=0)).key("KeyA", True)

    assert refused.value.code == PlatformCode.INPUT_REFUSED


def test_another_system_is_refused_with_a_code() -> None:
    with pytest.raises(PlatformError) as refused:
        load_user32()

    assert refused.value.code == PlatformCode.SYSTEM_UNSUPPORTED


def test_held_keys_repeat_and_are_released_once() -> None:
    user32, guard = FakeUser32(), FakeGuard()
    injector = TrackedInjector(WindowsDevice(user32), guard)

    injector.key("KeyA", True)
    injector.key("KeyA", True)
    injector.release_all()
    injector.release_all()

    down, up = ("key", 0, 0x1E, SCANCODE), ("key", 0, 0x1E, SCANCODE | KEYUP)
    assert user32.calls == [down, down, up]
    assert guard.notes == [("key", "KeyA", True), ("key", "KeyA", False)]
