"""Physical keys: KeyboardEvent.code -> the number that each system uses for that key.

Sources: W3C "UI Events KeyboardEvent code Values"; linux/input-event-codes.h; "Keyboard Scan Code Specification"
(set 1); HIToolbox/Events.h (kVK_*).
"""

from __future__ import annotations

from dataclasses import dataclass

X11_OFFSET = 8
"""X11 keycode = evdev code + 8 (rules "evdev" of xkeyboard-config)."""

EXTENDED = 0xE000
"""Marks a Windows scan code that is sent after the prefix byte 0xE0."""


@dataclass(frozen=True)
class PhysicalKey:
    """`windows`: set 1 scan code, `EXTENDED | scan` with the prefix. None: that system knows no such key."""

    evdev: int
    windows: int | None
    mac: int | None

    @property
    def x11(self) -> int:
        return self.evdev + X11_OFFSET


def _key(evdev: int, windows: int | None = None, mac: int | None = None) -> PhysicalKey:
    return PhysicalKey(evdev, windows, mac)


KEYS: dict[str, PhysicalKey] = {
    # Writing keys
    "Backquote": _key(41, 0x29, 0x32),
    "Digit1": _key(2, 0x02, 0x12),
    "Digit2": _key(3, 0x03, 0x13),
    "Digit3": _key(4, 0x04, 0x14),
    "Digit4": _key(5, 0x05, 0x15),
    "Digit5": _key(6, 0x06, 0x17),
    "Digit6": _key(7, 0x07, 0x16),
    "Digit7": _key(8, 0x08, 0x1A),
    "Digit8": _key(9, 0x09, 0x1C),
    "Digit9": _key(10, 0x0A, 0x19),
    "Digit0": _key(11, 0x0B, 0x1D),
    "Minus": _key(12, 0x0C, 0x1B),
    "Equal": _key(13, 0x0D, 0x18),
    "KeyQ": _key(16, 0x10, 0x0C),
    "KeyW": _key(17, 0x11, 0x0D),
    "KeyE": _key(18, 0x12, 0x0E),
    "KeyR": _key(19, 0x13, 0x0F),
    "KeyT": _key(20, 0x14, 0x11),
    "KeyY": _key(21, 0x15, 0x10),
    "KeyU": _key(22, 0x16, 0x20),
    "KeyI": _key(23, 0x17, 0x22),
    "KeyO": _key(24, 0x18, 0x1F),
    "KeyP": _key(25, 0x19, 0x23),
    "BracketLeft": _key(26, 0x1A, 0x21),
    "BracketRight": _key(27, 0x1B, 0x1E),
    "KeyA": _key(30, 0x1E, 0x00),
    "KeyS": _key(31, 0x1F, 0x01),
    "KeyD": _key(32, 0x20, 0x02),
    "KeyF": _key(33, 0x21, 0x03),
    "KeyG": _key(34, 0x22, 0x05),
    "KeyH": _key(35, 0x23, 0x04),
    "KeyJ": _key(36, 0x24, 0x26),
    "KeyK": _key(37, 0x25, 0x28),
    "KeyL": _key(38, 0x26, 0x25),
    "Semicolon": _key(39, 0x27, 0x29),
    "Quote": _key(40, 0x28, 0x27),
    "Backslash": _key(43, 0x2B, 0x2A),
    "IntlBackslash": _key(86, 0x56, 0x0A),
    "KeyZ": _key(44, 0x2C, 0x06),
    "KeyX": _key(45, 0x2D, 0x07),
    "KeyC": _key(46, 0x2E, 0x08),
    "KeyV": _key(47, 0x2F, 0x09),
    "KeyB": _key(48, 0x30, 0x0B),
    "KeyN": _key(49, 0x31, 0x2D),
    "KeyM": _key(50, 0x32, 0x2E),
    "Comma": _key(51, 0x33, 0x2B),
    "Period": _key(52, 0x34, 0x2F),
    "Slash": _key(53, 0x35, 0x2C),
    "IntlRo": _key(89, 0x73, 0x5E),
    "IntlYen": _key(124, 0x7D, 0x5D),
    # Modifiers and editing
    "AltLeft": _key(56, 0x38, 0x3A),
    "AltRight": _key(100, EXTENDED | 0x38, 0x3D),
    "Backspace": _key(14, 0x0E, 0x33),
    "CapsLock": _key(58, 0x3A, 0x39),
    "ContextMenu": _key(127, EXTENDED | 0x5D, 0x6E),
    "ControlLeft": _key(29, 0x1D, 0x3B),
    "ControlRight": _key(97, EXTENDED | 0x1D, 0x3E),
    "Enter": _key(28, 0x1C, 0x24),
    "MetaLeft": _key(125, EXTENDED | 0x5B, 0x37),
    "MetaRight": _key(126, EXTENDED | 0x5C, 0x36),
    "ShiftLeft": _key(42, 0x2A, 0x38),
    "ShiftRight": _key(54, 0x36, 0x3C),
    "Space": _key(57, 0x39, 0x31),
    "Tab": _key(15, 0x0F, 0x30),
    "Escape": _key(1, 0x01, 0x35),
    # Korean and Japanese keys. Lang1 is 한/영 (Mac: かな), Lang2 is 한자 (Mac: 英数)
    "Lang1": _key(122, 0x72, 0x68),
    "Lang2": _key(123, 0x71, 0x66),
    "Lang3": _key(90, 0x78),
    "Lang4": _key(91, 0x77),
    "Lang5": _key(85),
    "Convert": _key(92, 0x79),
    "KanaMode": _key(93, 0x70),
    "NonConvert": _key(94, 0x7B),
    # Navigation
    "Delete": _key(111, EXTENDED | 0x53, 0x75),
    "End": _key(107, EXTENDED | 0x4F, 0x77),
    "Help": _key(138, EXTENDED | 0x3B),
    "Home": _key(102, EXTENDED | 0x47, 0x73),
    "Insert": _key(110, EXTENDED | 0x52, 0x72),
    "PageDown": _key(109, EXTENDED | 0x51, 0x79),
    "PageUp": _key(104, EXTENDED | 0x49, 0x74),
    "ArrowDown": _key(108, EXTENDED | 0x50, 0x7D),
    "ArrowLeft": _key(105, EXTENDED | 0x4B, 0x7B),
    "ArrowRight": _key(106, EXTENDED | 0x4D, 0x7C),
    "ArrowUp": _key(103, EXTENDED | 0x48, 0x7E),
    # Number pad
    "NumLock": _key(69, 0x45, 0x47),
    "Numpad0": _key(82, 0x52, 0x52),
    "Numpad1": _key(79, 0x4F, 0x53),
    "Numpad2": _key(80, 0x50, 0x54),
    "Numpad3": _key(81, 0x51, 0x55),
    "Numpad4": _key(75, 0x4B, 0x56),
    "Numpad5": _key(76, 0x4C, 0x57),
    "Numpad6": _key(77, 0x4D, 0x58),
    "Numpad7": _key(71, 0x47, 0x59),
    "Numpad8": _key(72, 0x48, 0x5B),
    "Numpad9": _key(73, 0x49, 0x5C),
    "NumpadAdd": _key(78, 0x4E, 0x45),
    "NumpadComma": _key(121, 0x7E, 0x5F),
    "NumpadDecimal": _key(83, 0x53, 0x41),
    "NumpadDivide": _key(98, EXTENDED | 0x35, 0x4B),
    "NumpadEnter": _key(96, EXTENDED | 0x1C, 0x4C),
    "NumpadEqual": _key(117, 0x59, 0x51),
    "NumpadMultiply": _key(55, 0x37, 0x43),
    "NumpadParenLeft": _key(179),
    "NumpadParenRight": _key(180),
    "NumpadSubtract": _key(74, 0x4A, 0x4E),
    # Function keys
    "F1": _key(59, 0x3B, 0x7A),
    "F2": _key(60, 0x3C, 0x78),
    "F3": _key(61, 0x3D, 0x63),
    "F4": _key(62, 0x3E, 0x76),
    "F5": _key(63, 0x3F, 0x60),
    "F6": _key(64, 0x40, 0x61),
    "F7": _key(65, 0x41, 0x62),
    "F8": _key(66, 0x42, 0x64),
    "F9": _key(67, 0x43, 0x65),
    "F10": _key(68, 0x44, 0x6D),
    "F11": _key(87, 0x57, 0x67),
    "F12": _key(88, 0x58, 0x6F),
    "F13": _key(183, 0x64, 0x69),
    "F14": _key(184, 0x65, 0x6B),
    "F15": _key(185, 0x66, 0x71),
    "F16": _key(186, 0x67, 0x6A),
    "F17": _key(187, 0x68, 0x40),
    "F18": _key(188, 0x69, 0x4F),
    "F19": _key(189, 0x6A, 0x50),
    "F20": _key(190, 0x6B, 0x5A),
    "F21": _key(191, 0x6C),
    "F22": _key(192, 0x6D),
    "F23": _key(193, 0x6E),
    "F24": _key(194, 0x76),
    "PrintScreen": _key(99, EXTENDED | 0x37),
    "ScrollLock": _key(70, 0x46),
    # The keyboard sends E1 1D 45, which SendInput cannot: windows.py sends it as a virtual key
    "Pause": _key(119),
    # Old Sun and office keys
    "Again": _key(129),
    "Props": _key(130),
    "Undo": _key(131, EXTENDED | 0x08),
    "Select": _key(132),
    "Copy": _key(133, EXTENDED | 0x18),
    "Open": _key(134),
    "Paste": _key(135, EXTENDED | 0x0A),
    "Find": _key(136),
    "Cut": _key(137, EXTENDED | 0x17),
    # Media, browser and power keys
    "AudioVolumeDown": _key(114, EXTENDED | 0x2E, 0x49),
    "AudioVolumeMute": _key(113, EXTENDED | 0x20, 0x4A),
    "AudioVolumeUp": _key(115, EXTENDED | 0x30, 0x48),
    "BrowserBack": _key(158, EXTENDED | 0x6A),
    "BrowserFavorites": _key(156, EXTENDED | 0x66),
    "BrowserForward": _key(159, EXTENDED | 0x69),
    "BrowserHome": _key(172, EXTENDED | 0x32),
    "BrowserRefresh": _key(173, EXTENDED | 0x67),
    "BrowserSearch": _key(217, EXTENDED | 0x65),
    "BrowserStop": _key(128, EXTENDED | 0x68),
    "Eject": _key(161, EXTENDED | 0x2C),
    "LaunchApp1": _key(144, EXTENDED | 0x6B),
    "LaunchApp2": _key(140, EXTENDED | 0x21),
    "LaunchMail": _key(155, EXTENDED | 0x6C),
    "MediaPlayPause": _key(164, EXTENDED | 0x22),
    "MediaSelect": _key(171, EXTENDED | 0x6D),
    "MediaStop": _key(166, EXTENDED | 0x24),
    "MediaTrackNext": _key(163, EXTENDED | 0x19),
    "MediaTrackPrevious": _key(165, EXTENDED | 0x10),
    "Power": _key(116, EXTENDED | 0x5E),
    "Sleep": _key(142, EXTENDED | 0x5F),
    "WakeUp": _key(143, EXTENDED | 0x63),
}

MODIFIERS = frozenset(
    {
        "ShiftLeft",
        "ShiftRight",
        "ControlLeft",
        "ControlRight",
        "AltLeft",
        "AltRight",
        "MetaLeft",
        "MetaRight",
    }
)
"""Keys that change what typed text means while they are down."""
