"""The key table: complete, and no two keys the same."""

from __future__ import annotations

from collections import Counter

import pytest

from agent.platform.keys import EXTENDED, KEYS, MODIFIERS
from agent.platform.windows import VIRTUAL_KEYS

LETTERS = {f"Key{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
DIGITS = {f"Digit{digit}" for digit in range(10)} | {f"Numpad{digit}" for digit in range(10)}
WRITING = {
    *("Backquote", "Minus", "Equal", "BracketLeft", "BracketRight", "Backslash"),
    *("Semicolon", "Quote", "Comma", "Period", "Slash", "Space"),
}
CONTROL = {
    *("Escape", "Tab", "CapsLock", "ShiftLeft", "ShiftRight", "ControlLeft", "ControlRight", "AltLeft", "AltRight"),
    *("MetaLeft", "MetaRight", "ContextMenu", "Enter", "Backspace", "Insert", "Delete", "Home", "End", "PageUp"),
    *("PageDown", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PrintScreen", "ScrollLock", "Pause"),
}
NUMPAD = {
    "NumLock",
    "NumpadAdd",
    "NumpadSubtract",
    "NumpadMultiply",
    "NumpadDivide",
    "NumpadDecimal",
    "NumpadEnter",
}
FUNCTION = {f"F{number}" for number in range(1, 25)}
PC_105 = LETTERS | DIGITS | WRITING | CONTROL | NUMPAD | {f"F{n}" for n in range(1, 13)} | {"IntlBackslash"}
KOREAN_AND_JAPANESE = {"Lang1", "Lang2", "Lang3", "Lang4", "IntlYen", "IntlRo", "Convert", "NonConvert", "KanaMode"}
MEDIA = {
    "AudioVolumeUp",
    "AudioVolumeDown",
    "AudioVolumeMute",
    "MediaPlayPause",
    "MediaStop",
    "MediaTrackNext",
    "MediaTrackPrevious",
    "BrowserHome",
    "LaunchMail",
}


def test_a_full_keyboard_has_105_keys_and_all_are_known() -> None:
    assert len(PC_105) == 105
    assert KEYS.keys() >= (PC_105 | KOREAN_AND_JAPANESE | MEDIA | FUNCTION)


def test_windows_knows_every_key_of_a_full_keyboard() -> None:
    known = {code for code, key in KEYS.items() if key.windows is not None} | VIRTUAL_KEYS.keys()

    assert known >= (PC_105 | KOREAN_AND_JAPANESE | MEDIA | FUNCTION)


def test_macs_know_every_key_that_their_keyboards_have() -> None:
    known = {code for code, key in KEYS.items() if key.mac is not None}

    assert PC_105 - {"PrintScreen", "ScrollLock", "Pause"} | {"Lang1", "Lang2", "IntlYen", "IntlRo"} <= known


@pytest.mark.parametrize("system", ["evdev", "windows", "mac"])
def test_no_two_keys_have_the_same_number(system: str) -> None:
    numbers = Counter(number for key in KEYS.values() if (number := getattr(key, system)) is not None)

    assert [number for number, count in numbers.items() if count > 1] == []


def test_numbers_are_in_the_range_of_their_system() -> None:
    for key in KEYS.values():
        assert 8 < key.x11 <= 255
        assert key.windows is None or key.windows & ~EXTENDED <= 0x7F
        assert key.mac is None or 0 <= key.mac <= 0x7F


def test_well_known_numbers() -> None:
    assert (KEYS["KeyA"].x11, KEYS["KeyA"].windows, KEYS["KeyA"].mac) == (38, 0x1E, 0)
    assert (KEYS["Lang1"].x11, KEYS["Lang2"].x11) == (130, 131)
    assert KEYS["ControlRight"].windows == EXTENDED | 0x1D


def test_modifiers_are_keys() -> None:
    assert KEYS.keys() >= MODIFIERS
