"""CGEvents as they are made and posted. The real Quartz is not here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.platform.interface import PlatformCode, PlatformError
from agent.platform.macos import ClickCounter, MacDevice, load_quartz, utf16_chunks


@dataclass
class Point:
    x: float = 0
    y: float = 0


@dataclass
class Size:
    width: float
    height: float


@dataclass
class Rect:
    origin: Point
    size: Size


@dataclass
class FakeQuartz:
    """Constants are their own names; events are dictionaries; `posted` is what reached the system."""

    allowed: bool = True
    posted: list[dict[str, Any]] = field(default_factory=list)
    asked: bool = False

    def __getattr__(self, name: str) -> str:
        if name.startswith("kCG"):
            return name
        raise AttributeError(name)

    def CGPreflightPostEventAccess(self) -> bool:
        return self.allowed

    def CGRequestPostEventAccess(self) -> bool:
        self.asked = True
        return False

    def CGEventSourceCreate(self, state: str) -> str:
        return state

    def CGEventCreate(self, source: object) -> dict[str, Any]:
        return {}

    def CGEventGetLocation(self, event: object) -> Point:
        return Point(7, 8)

    def CGEventCreateKeyboardEvent(self, source: str, key: int, down: bool) -> dict[str, Any]:
        return {"key": key, "down": down}

    def CGEventKeyboardSetUnicodeString(self, event: dict[str, Any], length: int, text: str) -> None:
        event.update(text=text, length=length)

    def CGEventCreateMouseEvent(self, source: str, kind: str, at: Any, number: int) -> dict[str, Any]:
        return {"mouse": kind, "at": at, "number": number}

    def CGEventCreateScrollWheelEvent(self, source: str, unit: str, wheels: int, *steps: int) -> dict[str, Any]:
        assert wheels == len(steps)
        return {"scroll": steps, "unit": unit}

    def CGEventSetIntegerValueField(self, event: dict[str, Any], name: str, value: int) -> None:
        event[name] = value

    def CGEventPost(self, tap: str, event: dict[str, Any]) -> None:
        assert tap == "kCGHIDEventTap"
        self.posted.append(event)

    def CGGetActiveDisplayList(self, limit: int, *_: None) -> tuple[int, list[int], int]:
        return 0, [1, 2], 2

    def CGDisplayBounds(self, screen: int) -> Rect:
        return Rect(Point(0, 0), Size(1440, 900)) if screen == 1 else Rect(Point(-1000, -50), Size(1000, 800))

    def CGMainDisplayID(self) -> int:
        return 1

    def CGDisplayCopyDisplayMode(self, screen: int) -> int:
        return screen

    def CGDisplayModeGetPixelWidth(self, mode: int) -> int:
        return 2880


def test_keys_are_sent_as_virtual_keycodes_and_repeats_are_marked() -> None:
    quartz = FakeQuartz()
    device = MacDevice(quartz)

    for down in (True, True, False):
        device.key("KeyA", down)
    device.key("PrintScreen", True)

    assert quartz.posted == [
        {"key": 0, "down": True},
        {"key": 0, "down": True, "kCGKeyboardEventAutorepeat": 1},
        {"key": 0, "down": False},
    ]


def test_text_is_sent_in_pieces_with_enter_and_tab_as_keys() -> None:
    quartz = FakeQuartz()

    MacDevice(quartz).text("한글\r\n\tx")

    downs = [event for event in quartz.posted if event["down"]]
    assert downs == [
        {"key": 0, "down": True, "text": "한글", "length": 2},
        {"key": 0x24, "down": True},
        {"key": 0x30, "down": True},
        {"key": 0, "down": True, "text": "x", "length": 1},
    ]
    assert len(quartz.posted) == 8


def test_no_character_is_cut_in_two() -> None:
    assert utf16_chunks("a\U0001f600b", 2) == ["a", "\U0001f600", "b"]
    assert utf16_chunks("", 2) == []


def test_pixels_become_points_of_the_whole_desktop() -> None:
    quartz = FakeQuartz()

    MacDevice(quartz).move(2000, 100, 0)

    assert quartz.posted == [{"mouse": "kCGEventMouseMoved", "at": (0.0, 0.0), "number": 0}]


@pytest.mark.parametrize(
    ("buttons", "kind", "number"),
    [(1, "Left", 0), (2, "Right", 1), (4, "Other", 2), (16, "Other", 4)],
)
def test_a_move_with_a_button_down_is_a_drag(buttons: int, kind: str, number: int) -> None:
    quartz = FakeQuartz()

    MacDevice(quartz).move(0, 0, buttons)

    assert (quartz.posted[0]["mouse"], quartz.posted[0]["number"]) == (f"kCGEvent{kind}MouseDragged", number)


def test_two_quick_clicks_are_a_double_click() -> None:
    quartz = FakeQuartz()
    now = iter([0.0, 0.1, 0.2, 0.3, 2.0, 2.1])
    device = MacDevice(quartz, clock=lambda: next(now))

    for _ in range(3):
        device.button(1, True)
        device.button(1, False)

    assert [event["kCGMouseEventClickState"] for event in quartz.posted] == [1, 1, 2, 2, 1, 1]
    assert quartz.posted[0]["mouse"] == "kCGEventLeftMouseDown"


def test_clicks_elsewhere_or_of_another_button_start_anew() -> None:
    clicks = ClickCounter()

    assert clicks.count(1, True, 0, 0, 0.0) == 1
    assert clicks.count(1, True, 50, 0, 0.1) == 1
    assert clicks.count(2, True, 50, 0, 0.2) == 1


def test_small_wheel_steps_add_up_and_up_is_positive() -> None:
    quartz = FakeQuartz()
    device = MacDevice(quartz)

    for dx, dy in ((0, 2), (0, 2), (-120, 0)):
        device.wheel(dx, dy)

    assert [event["scroll"] for event in quartz.posted] == [(-1, 0), (0, 40)]


def test_without_the_right_input_is_refused_and_the_right_is_asked_for() -> None:
    quartz = FakeQuartz(allowed=False)

    with pytest.raises(PlatformError) as refused:
        MacDevice(quartz)

    assert refused.value.code == PlatformCode.INPUT_REFUSED
    assert quartz.asked


def test_another_system_is_refused_with_a_code() -> None:
    with pytest.raises(PlatformError) as refused:
        load_quartz()

    assert refused.value.code == PlatformCode.SYSTEM_UNSUPPORTED
