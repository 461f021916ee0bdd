"""What is down, on every system alike: repeated states become changes, and everything that went down can come up again.

`Device` is what a system must offer; `TrackedInjector` makes an Injector of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol

from twisted.logger import Logger

from agent.platform.interface import PlatformError
from agent.platform.keys import KEYS, MODIFIERS

BUTTONS = (1, 2, 4, 8, 16)
"""Bits of MouseEvent.buttons: left, right, middle, back, forward."""


class Device(Protocol):
    """Raw input events of one system. Raises PlatformError(INPUT_REFUSED) when the system does not take them."""

    def key(self, code: str, down: bool) -> None:
        """`code` is one of KEYS. Down while it is down is the key's auto-repeat; up is sent even if it was not down."""

    def text(self, text: str) -> None: ...

    def move(self, x: int, y: int, buttons: int) -> None:
        """`buttons` are those held during the move (macOS wants to know: a drag is another event there)."""

    def button(self, button: int, down: bool) -> None:
        """`button` is one of BUTTONS; it happens where the pointer is."""

    def wheel(self, dx: int, dy: int) -> None: ...

    def close(self) -> None: ...


class Guard(Protocol):
    """Hears what is down, and releases it if this process dies."""

    def note(self, kind: str, name: str, down: bool) -> None: ...

    def close(self) -> None: ...


class WheelSteps:
    """Adds up wheel units until they make whole steps of `units_per_step`; the rest is kept for the next call."""

    def __init__(self, units_per_step: int) -> None:
        self._units_per_step = units_per_step
        self._rest = 0

    def add(self, units: int) -> int:
        """Steps that are due now, with the sign of the movement."""
        total = self._rest + units
        steps = int(total / self._units_per_step)
        self._rest = total - steps * self._units_per_step
        return steps


class TrackedInjector:
    """An Injector (see interface.py) over a Device; single-threaded, as blocking as the device."""

    log = Logger()

    def __init__(self, device: Device, guard: Guard) -> None:
        self._device = device
        self._guard = guard
        self._keys: dict[str, None] = {}
        self._buttons = 0
        self._position = (-1, -1)

    def key(self, code: str, down: bool) -> None:
        if code not in KEYS:
            self.log.info("ignored a key that no table knows: {code}", code=code)
            return
        if down:
            self._press(code)
        elif code in self._keys:
            self._release(code)

    def _press(self, code: str) -> None:
        # The guard first: better to release a key that never went down than to leave one down.
        if code not in self._keys:
            self._guard.note("key", code, True)
            self._keys[code] = None
        self._device.key(code, True)

    def _release(self, code: str) -> None:
        self._device.key(code, False)
        del self._keys[code]
        self._guard.note("key", code, False)

    def text(self, text: str) -> None:
        """Held modifiers are up while the text is typed: it already is what Shift or AltGr made of the keys."""
        held = [code for code in self._keys if code in MODIFIERS]
        self._each_key(held, False)
        try:
            self._device.text(text)
        finally:
            self._each_key(held, True)

    def _each_key(self, codes: Iterable[str], down: bool) -> None:
        for code in codes:
            self._device.key(code, down)

    def pointer(self, x: int, y: int, buttons: int) -> None:
        changed = [button for button in BUTTONS if (buttons ^ self._buttons) & button]
        if changed or (x, y) != self._position:
            self._move(x, y)
        for button in changed:
            self._set_button(button, bool(buttons & button))

    def _move(self, x: int, y: int) -> None:
        """Buttons and the wheel act where the pointer is, which the customer may have moved since."""
        self._device.move(x, y, self._buttons)
        self._position = (x, y)

    def _set_button(self, button: int, down: bool) -> None:
        if down:
            self._guard.note("button", str(button), True)
            self._buttons |= button
        self._device.button(button, down)
        if not down:
            self._buttons &= ~button
            self._guard.note("button", str(button), False)

    def wheel(self, x: int, y: int, dx: int, dy: int) -> None:
        self._move(x, y)
        self._device.wheel(dx, dy)

    def release_all(self) -> None:
        """Tries each of them; raises the first refusal at the end. What was refused stays known as down."""
        releases = [partial(self._release, code) for code in reversed(self._keys)]
        releases += [partial(self._set_button, button, False) for button in BUTTONS if self._buttons & button]
        refused: PlatformError | None = None
        for release in releases:
            try:
                release()
            except PlatformError as problem:
                refused = refused or problem
        if refused is not None:
            raise refused

    def close(self) -> None:
        """If the system refuses the releases now, closing the guard makes it try once more."""
        try:
            self.release_all()
        finally:
            self._guard.close()
            self._device.close()
