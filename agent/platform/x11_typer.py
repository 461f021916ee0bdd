"""Types any Unicode text on X11 through XTEST.

Characters of the layout in use are typed on their own keys; all others (Hangul, characters behind AltGr) are bound,
many at once, to keycodes that nothing uses. Programs learn of a binding by a notice and then fetch the map, so a wait
comes after binding, and another before a keycode is bound again: without them the wrong character appears.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xcffib
import xcffib.xproto
import xcffib.xtest
from twisted.logger import Logger

from agent.platform.keys import KEYS

SETTLE_S = 0.08
"""Long enough for a busy program to fetch the keyboard map (about 10 ms when the machine is idle)."""

UNICODE_KEYSYM = 0x0100_0000
RETURN, TAB, SHIFT_L, CAPS_LOCK = 0xFF0D, 0xFF09, 0xFFE1, 0xFFE5
KEYBOARD_KEYCODES = frozenset(key.x11 for key in KEYS.values())
LOCK_MASK = xcffib.xproto.ModMask.Lock
KEY_PRESS, KEY_RELEASE = 2, 3
GROUP_SHIFT = 13
"""The XKB group stands in bits 13 and 14 of the core modifier state."""


def keysym_of(character: str) -> int | None:
    """The X keysym of one character; None for control characters that no key types."""
    code = ord(character)
    if character in "\r\n":
        return RETURN
    if character == "\t":
        return TAB
    if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF:
        return code
    return UNICODE_KEYSYM | code if code > 0xFF else None


def keysyms_of(text: str) -> list[int]:
    normalised = text.replace("\r\n", "\n")
    return [keysym for keysym in map(keysym_of, normalised) if keysym is not None]


def is_spare(keycode: int, keysyms: Sequence[int]) -> bool:
    """True for a keycode that no keyboard has and nobody uses: empty, or bound by a typer that was killed.

    Such a binding is one character on the first two levels and nothing else; a layout has other keysyms there.
    """
    if keycode in KEYBOARD_KEYCODES:
        return False
    present = {keysym for keysym in keysyms if keysym}
    return not present or (len(present) == 1 and keysyms[0] == keysyms[1] and is_character(keysyms[0]))


def is_character(keysym: int) -> bool:
    return 0x20 <= keysym <= 0xFF or UNICODE_KEYSYM < keysym <= UNICODE_KEYSYM | 0x10FFFF


@dataclass(frozen=True)
class Stroke:
    keycode: int
    shift: bool


@dataclass
class KeyboardMap:
    """What the keys of the active group type, and which keycodes are free."""

    strokes: dict[int, Stroke] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    rows: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Mapping[int, tuple[int, ...]], group: int, modifiers: frozenset[int]) -> KeyboardMap:
        """`rows`: keysyms of each keycode in the core order (group 1 level 1, 2, group 2 level 1, 2, ...)."""
        found = cls(rows=rows)
        for keycode, keysyms in rows.items():
            if is_spare(keycode, keysyms):
                if keycode not in modifiers:
                    found.free.append(keycode)
                continue
            second = keysyms[2:4] if group else ()
            for level, keysym in enumerate(second if any(second) else keysyms[:2]):
                if keysym:
                    found.strokes.setdefault(keysym, Stroke(keycode, shift=bool(level)))
        return found

    def key_of(self, keysym: int) -> int | None:
        stroke = self.strokes.get(keysym)
        return stroke.keycode if stroke else None


def fitting_run(keysyms: Sequence[int], known: Iterable[int], room: int) -> int:
    """How many of the first `keysyms` can be typed when only `room` of those not in `known` can be bound at once."""
    known = set(known)
    new: set[int] = set()
    for index, keysym in enumerate(keysyms):
        if keysym not in known and keysym not in new:
            if len(new) >= room:
                return index
            new.add(keysym)
    return len(keysyms)


class X11Typer:
    """Long-lived; used by one thread. `cancel` and `resume` may be called from another one."""

    log = Logger()

    def __init__(self, connection: Any, settle_s: float = SETTLE_S) -> None:
        self._connection = connection
        self._xtest = connection(xcffib.xtest.key)
        self._setup = connection.get_setup()
        self._root = self._setup.roots[connection.pref_screen].root
        self._settle_s = settle_s
        self._bound: dict[int, int] = {}  # keysym -> keycode, least recently typed first
        self._cancelled = threading.Event()
        self._reclaim()

    def type(self, text: str) -> None:
        """Returns when the last event is at the server, or soon after `cancel`. Raises xcffib.XcffibException."""
        keyboard = self._read()
        keysyms = self._possible(keyboard, keysyms_of(text))
        caps_lock = keyboard.key_of(CAPS_LOCK) if self._state() & LOCK_MASK else None
        if caps_lock is not None:
            self._tap(caps_lock)
        while keysyms and not self._cancelled.is_set():
            typed = self._type_run(keyboard, keysyms)
            keysyms = keysyms[typed:]
            if keysyms:
                self._cancelled.wait(self._settle_s)
        if caps_lock is not None:
            self._tap(caps_lock)
        self._sync()

    def cancel(self) -> None:
        """Ends a `type` after its present run of characters, and makes later ones do nothing, until `resume`."""
        self._cancelled.set()

    def resume(self) -> None:
        self._cancelled.clear()

    def close(self) -> None:
        """Gives the bound keycodes back, after the programs have fetched what was typed last."""
        if self._bound:
            time.sleep(3 * self._settle_s)
            for keycode in self._bound.values():
                self._bind(keycode, 0)
            self._bound.clear()
            self._sync()

    def _reclaim(self) -> None:
        keyboard = self._read()
        for keycode in keyboard.free:
            if any(keyboard.rows[keycode]):
                self._bind(keycode, 0)
        self._sync()

    def _possible(self, keyboard: KeyboardMap, keysyms: list[int]) -> list[int]:
        if keyboard.free:
            return keysyms
        self.log.warn("no free keycode: only characters of the layout can be typed")
        return [keysym for keysym in keysyms if keysym in keyboard.strokes]

    def _type_run(self, keyboard: KeyboardMap, keysyms: list[int]) -> int:
        """Types the longest run whose missing characters fit on the free keycodes; returns its length."""
        length = fitting_run(keysyms, keyboard.strokes, len(keyboard.free))
        run = keysyms[:length]
        self._bind_all(keyboard, [keysym for keysym in dict.fromkeys(run) if keysym not in keyboard.strokes])
        if not self._cancelled.is_set():
            for keysym in run:
                self._strike(keyboard, keysym)
            self._sync()
        return length

    def _bind_all(self, keyboard: KeyboardMap, missing: list[int]) -> None:
        new = [keysym for keysym in missing if keysym not in self._bound]
        used = set(self._bound.values())
        idle = [keycode for keycode in keyboard.free if keycode not in used]
        for keysym in new:
            keycode = idle.pop(0) if idle else self._oldest_binding(keep=missing)
            self._bind(keycode, keysym)
            self._bound[keysym] = keycode
        if new:
            self._sync()
            self._cancelled.wait(self._settle_s)

    def _oldest_binding(self, keep: list[int]) -> int:
        return self._bound.pop(next(keysym for keysym in self._bound if keysym not in keep))

    def _strike(self, keyboard: KeyboardMap, keysym: int) -> None:
        stroke = keyboard.strokes.get(keysym)
        if stroke is None:
            keycode = self._bound.pop(keysym)
            self._bound[keysym] = keycode  # now the most recently typed
            stroke = Stroke(keycode, shift=False)
        shift = keyboard.key_of(SHIFT_L) if stroke.shift else None
        if shift is not None:
            self._fake(True, shift)
        self._tap(stroke.keycode)
        if shift is not None:
            self._fake(False, shift)

    def _tap(self, keycode: int) -> None:
        self._fake(True, keycode)
        self._fake(False, keycode)

    def _fake(self, down: bool, keycode: int) -> None:
        self._xtest.FakeInput(KEY_PRESS if down else KEY_RELEASE, keycode, 0, self._root, 0, 0, 0)

    def _read(self) -> KeyboardMap:
        """The map as it is now: another program or the user may have changed the layout since the last text."""
        first = self._setup.min_keycode
        reply = self._connection.core.GetKeyboardMapping(first, self._setup.max_keycode - first + 1).reply()
        width, keysyms = reply.keysyms_per_keycode, list(reply.keysyms)
        rows = {first + i // width: tuple(keysyms[i : i + width]) for i in range(0, len(keysyms), width)}
        modifiers = frozenset(self._connection.core.GetModifierMapping().reply().keycodes)
        self._bound = {keysym: keycode for keysym, keycode in self._bound.items() if rows[keycode][0] == keysym}
        return KeyboardMap.from_rows(rows, self._state() >> GROUP_SHIFT & 3, modifiers)

    def _state(self) -> int:
        return int(self._connection.core.QueryPointer(self._root).reply().mask)

    def _bind(self, keycode: int, keysym: int) -> None:
        self._connection.core.ChangeKeyboardMapping(1, keycode, 2, [keysym, keysym])

    def _sync(self) -> None:
        """A round trip: the server has done everything before it."""
        self._connection.core.GetInputFocus().reply()
