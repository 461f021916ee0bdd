"""No stuck key on this PC: random and hostile input of a console, with a system that refuses now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from input_fakes import FakeDevice, FakeGuard
from x_fixture import x_server

from agent.features.input import InputFeature
from agent.platform.interface import PlatformCode, PlatformError
from agent.platform.keys import KEYS
from agent.platform.linux import X11Device, connect
from agent.platform.tracked import TrackedInjector
from wizhelper.protocol import input
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.input import Key, Pointer, Release, Text, Wheel

SEED = 20261123
REFUSED = PlatformError(PlatformCode.INPUT_REFUSED)
ALL_MODIFIERS = 0x1F00
"""Buttons 1 to 5 in the mask of QueryPointer."""

U16, I16 = st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF)
CODES = st.sampled_from(
    ["KeyA", "KeyC", "Enter", "ShiftLeft", "ControlLeft", "AltRight", "MetaLeft", "Lang1", "Nonsense"]
)
MESSAGES = (
    st.builds(Key, CODES, st.booleans())
    | st.builds(Text, st.sampled_from(["a", "가", "\x00\x1b", "A\nb\t", "\U0010ffff"]))
    | st.builds(Pointer, U16, U16, st.integers(0, input.ALL_BUTTONS))
    | st.builds(Wheel, U16, U16, I16, I16)
    | st.just(Release())
)
STEPS = st.lists(st.tuples(MESSAGES, st.sampled_from([0, 0, 0, 0, 1, 2, 3])), max_size=40)
"""Messages, and how many events of the device are refused from there on."""


class PressedDevice(FakeDevice):
    """Knows what is down. Refuses the next `refusals` events: they do not happen."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0
        self.down: set[tuple[str, str]] = set()

    def _record(self, *call: object) -> None:
        if self.refusals:
            self.refusals -= 1
            raise REFUSED
        super()._record(*call)
        kind, name, *rest = call
        if kind in ("key", "button"):
            change = self.down.add if rest[0] else self.down.discard
            change((str(kind), str(name)))


class KnowingGuard(FakeGuard):
    def __init__(self) -> None:
        super().__init__()
        self.known: set[tuple[str, str]] = set()

    def note(self, kind: str, name: str, down: bool) -> None:
        super().note(kind, name, down)
        (self.known.add if down else self.known.discard)((kind, name))


@given(STEPS, st.sampled_from([InputFeature.release, InputFeature.close]))
@settings(max_examples=500, deadline=None)
def test_nothing_is_down_after_a_release_and_the_guard_knows_all_until_then(
    steps: Sequence[tuple[input.InputMessage, int]], finish: Callable[[InputFeature], None]
) -> None:
    device, guard = PressedDevice(), KnowingGuard()
    feature = InputFeature(TrackedInjector(device, guard))
    for message, refusals in steps:
        device.refusals = max(device.refusals, refusals)
        feature.handle(message)
        assert device.down <= guard.known

    device.refusals = 0
    finish(feature)

    assert device.down == set()
    assert guard.known == set()


@given(st.sets(CODES.filter(KEYS.__contains__), min_size=2), st.integers(1, input.ALL_BUTTONS))
def test_one_refused_release_keeps_nothing_else_down(codes: set[str], buttons: int) -> None:
    device, guard = PressedDevice(), KnowingGuard()
    told: list[str] = []
    feature = InputFeature(TrackedInjector(device, guard))
    feature.tell_refusals(told.append)
    for code in codes:
        feature.handle(Key(code, True))
    feature.handle(Pointer(1, 1, buttons))

    device.refusals = 1
    feature.release()

    assert len(device.down) == 1
    assert told == ["INPUT_REFUSED"]
    feature.release()
    assert device.down == set()


def test_hostile_bytes_are_refused_or_done_and_never_break_the_input() -> None:
    device, guard = PressedDevice(), KnowingGuard()
    feature = InputFeature(TrackedInjector(device, guard))
    dice = random.Random(SEED)
    done = 0
    for _ in range(20_000):
        body = bytes([dice.randrange(7)]) + dice.randbytes(dice.choice([0, 1, 5, 8, dice.randrange(40)]))
        try:
            feature.handle(input.decode(body))
            done += 1
        except RemoteProtocolError:
            continue
    assert done > 1000

    feature.close()

    assert device.down == set()
    assert guard.known == set()


def test_a_click_lands_where_the_operator_points_although_the_customer_moved_the_mouse() -> None:
    device = FakeDevice()
    feature = InputFeature(TrackedInjector(device, FakeGuard()))
    feature.handle(Pointer(5, 6, 0))
    device.calls.clear()  # the customer's own hand moves the pointer now

    feature.handle(Pointer(5, 6, 1))
    feature.handle(Wheel(5, 6, 0, 120))

    assert device.calls == [("move", 5, 6, 0), ("button", 1, True), ("move", 5, 6, 1), ("wheel", 0, 120)]


def storm(dice: random.Random) -> input.InputMessage:
    # Not the keys that do something to the X server itself, such as Ctrl+Alt+F1.
    codes = ["KeyA", "Digit1", "ShiftLeft", "ShiftRight", "ControlRight", "AltLeft", "MetaLeft", "Nonsense"]
    x, y = dice.randrange(0x10000), dice.randrange(0x10000)
    messages: tuple[input.InputMessage, ...] = (
        Key(dice.choice(codes), dice.random() < 0.6),
        Pointer(x, y, dice.randrange(32)),
        Wheel(x, y, dice.randrange(-0x8000, 0x8000), dice.randrange(-0x8000, 0x8000)),
    )
    return dice.choice(messages)


@pytest.mark.parametrize("finish", [InputFeature.release, InputFeature.close])
def test_a_real_server_holds_nothing_after_a_storm(finish: Callable[[InputFeature], None]) -> None:
    """Any place and any wheel that the wire can say is taken, and nothing is told as refused."""
    dice = random.Random(SEED)
    told: list[str] = []
    with x_server(800, 600) as display:
        feature = InputFeature(TrackedInjector(X11Device(display), FakeGuard()))
        feature.tell_refusals(told.append)
        for _ in range(300):
            feature.handle(storm(dice))
        feature.handle(Text("가 \x00\U0010ffff"))
        watcher = connect(display)
        before = held_by(watcher)
        finish(feature)
        # What was sent on one connection may be done a moment after a question on another.
        deadline = time.monotonic() + 10
        while (held := held_by(watcher)) and time.monotonic() < deadline:
            time.sleep(0.01)
        watcher.disconnect()
    assert before != []
    assert held == []
    assert told == []


def held_by(connection: object) -> list[int]:
    """Key codes that are down, and the mask of the buttons."""
    core = connection.core  # type: ignore[attr-defined]
    keys = bytes(core.QueryKeymap().reply().keys)
    mask = core.QueryPointer(connection.get_setup().roots[0].root).reply().mask  # type: ignore[attr-defined]
    down = [8 * place + bit for place, byte in enumerate(keys) for bit in range(8) if byte & (1 << bit)]
    return down + ([mask & ALL_MODIFIERS] if mask & ALL_MODIFIERS else [])
