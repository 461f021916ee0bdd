"""What is down, the release guard and the queue, without a system."""

from __future__ import annotations

import threading
import time

import pytest
from input_fakes import FakeDevice, FakeGuard

from agent.platform.interface import PlatformCode, PlatformError
from agent.platform.queued import QueuedInjector
from agent.platform.release_guard import watch
from agent.platform.tracked import TrackedInjector, WheelSteps

REFUSED = PlatformError(PlatformCode.INPUT_REFUSED)


class FakeTyping:
    def cancel(self) -> None:
        pass

    def resume(self) -> None:
        pass


def test_text_is_typed_with_held_modifiers_up() -> None:
    device = FakeDevice()
    injector = TrackedInjector(device, FakeGuard())
    injector.key("AltRight", True)

    injector.text("€")

    assert device.calls[1:] == [("key", "AltRight", False), ("text", "€"), ("key", "AltRight", True)]


def test_the_pointer_moves_before_buttons_change_and_only_if_it_moved() -> None:
    device = FakeDevice()
    injector = TrackedInjector(device, FakeGuard())

    injector.pointer(1, 2, 1)
    injector.pointer(1, 2, 1)
    injector.pointer(3, 4, 0)

    assert device.calls == [("move", 1, 2, 0), ("button", 1, True), ("move", 3, 4, 1), ("button", 1, False)]


def test_close_tells_guard_and_device_even_if_the_release_is_refused() -> None:
    device, guard = FakeDevice(), FakeGuard()
    injector = TrackedInjector(device, guard)
    injector.key("KeyA", True)
    device.refuse = REFUSED

    with pytest.raises(PlatformError):
        injector.close()

    assert guard.closed
    assert guard.notes == [("key", "KeyA", True)]
    assert device.calls[-1] == ("close",)


def test_the_guard_releases_what_is_down_last_first_and_ignores_nonsense() -> None:
    device = FakeDevice()
    lines = ["+key KeyA\n", "+button 2\n", "+key KeyB\n", "-key KeyA\n", "+key Nonsense\n", "\n", "+button 3\n", "x"]

    watch(lines, lambda: device)

    assert device.calls == [("key", "KeyB", False), ("button", 2, False), ("close",)]


def test_the_guard_opens_nothing_when_nothing_is_down() -> None:
    def never() -> FakeDevice:
        raise AssertionError

    watch(["+key KeyA\n", "-key KeyA\n"], never)


def test_wheel_units_make_steps_in_both_directions() -> None:
    steps = WheelSteps(120)

    assert [steps.add(units) for units in (119, 1, -60, -60, -240, 30)] == [0, 1, 0, -1, -2, 0]


def test_the_queue_keeps_the_order_and_close_releases() -> None:
    device = FakeDevice()
    queued = QueuedInjector(TrackedInjector(device, FakeGuard()), FakeTyping())
    queued.key("KeyA", True)
    queued.text("x")
    until = time.monotonic() + 5
    while len(device.calls) < 2 and time.monotonic() < until:
        time.sleep(0.005)

    queued.close()

    assert device.calls == [("key", "KeyA", True), ("text", "x"), ("key", "KeyA", False), ("close",)]


def test_a_refusal_is_raised_by_a_later_call() -> None:
    queued = QueuedInjector(TrackedInjector(FakeDevice(refuse=REFUSED), FakeGuard()), FakeTyping())
    queued.text("x")

    with pytest.raises(PlatformError) as refused:
        for _ in range(100):
            queued.text("x")
            time.sleep(0.01)

    assert refused.value.code == PlatformCode.INPUT_REFUSED
    queued.close()


def test_a_full_queue_refuses() -> None:
    gate = threading.Event()
    device = FakeDevice()
    device.text = lambda text: bool(gate.wait(5)) or None  # type: ignore[method-assign,assignment]
    queued = QueuedInjector(TrackedInjector(device, FakeGuard()), FakeTyping(), limit=2)

    with pytest.raises(PlatformError):
        for _ in range(4):
            queued.text("x")

    gate.set()
    queued.close()
