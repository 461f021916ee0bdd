"""Channel 2, console -> agent: pointer, keys and text. All integers are big-endian.

    0x01 KEY       u8 1 = down, 0 = up; then the KeyboardEvent.code in ASCII ("KeyA", "Lang1"): a physical key
    0x02 TEXT      UTF-8, composed at the console: typed as characters whatever the remote layout is
    0x03 POINTER   u16 x, u16 y, u8 buttons: the whole pointer state (a lost event cannot leave a button down);
                   pixels of the picture; buttons as in MouseEvent.buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward
    0x04 WHEEL     u16 x, u16 y, i16 dx, i16 dy: 120 is one notch, positive is right and down
    0x05 RELEASE   empty: every key and button goes up (focus was lost)

Source of the codes: W3C "UI Events KeyboardEvent code Values".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import RemoteProtocolError


class InputType(IntEnum):
    KEY = 0x01
    TEXT = 0x02
    POINTER = 0x03
    WHEEL = 0x04
    RELEASE = 0x05


MAX_TEXT_BYTES = 4096
MAX_CODE_LENGTH = 24
ALL_BUTTONS = 0b11111

_POINTER = struct.Struct(">BHHB")
_WHEEL = struct.Struct(">BHHhh")


@dataclass(frozen=True)
class Key:
    code: str
    down: bool


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Pointer:
    x: int
    y: int
    buttons: int


@dataclass(frozen=True)
class Wheel:
    x: int
    y: int
    dx: int
    dy: int


@dataclass(frozen=True)
class Release:
    pass


InputMessage = Key | Text | Pointer | Wheel | Release


def encode(message: InputMessage) -> bytes:
    match message:
        case Key(code, down):
            return bytes([InputType.KEY, int(down)]) + code.encode("ascii")
        case Text(text):
            return bytes([InputType.TEXT]) + text.encode()
        case Pointer(x, y, buttons):
            return _POINTER.pack(InputType.POINTER, x, y, buttons)
        case Wheel(x, y, dx, dy):
            return _WHEEL.pack(InputType.WHEEL, x, y, dx, dy)
        case Release():
            return bytes([InputType.RELEASE])


def decode(body: bytes) -> InputMessage:
    """A message with its type byte. Raises RemoteProtocolError("BAD_INPUT") on anything malformed."""
    kind = body[0] if body else -1
    if kind == InputType.KEY:
        return _decode_key(body)
    if kind == InputType.TEXT:
        return _decode_text(body[1:])
    if kind == InputType.POINTER and len(body) == _POINTER.size:
        _, x, y, buttons = _POINTER.unpack(body)
        if buttons & ~ALL_BUTTONS:
            raise RemoteProtocolError("BAD_INPUT", "buttons")
        return Pointer(x, y, buttons)
    if kind == InputType.WHEEL and len(body) == _WHEEL.size:
        return Wheel(*_WHEEL.unpack(body)[1:])
    if kind == InputType.RELEASE and len(body) == 1:
        return Release()
    raise RemoteProtocolError("BAD_INPUT", f"message {kind}")


def _decode_key(body: bytes) -> Key:
    code = body[2:]
    if not 0 < len(code) <= MAX_CODE_LENGTH or body[1] not in (0, 1) or not (code.isascii() and code.isalnum()):
        raise RemoteProtocolError("BAD_INPUT", "key")
    return Key(code.decode("ascii"), bool(body[1]))


def _decode_text(data: bytes) -> Text:
    if not 0 < len(data) <= MAX_TEXT_BYTES:
        raise RemoteProtocolError("BAD_INPUT", "text length")
    try:
        return Text(data.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise RemoteProtocolError("BAD_INPUT", "text is not UTF-8") from problem
