"""Channel 6: what the operator draws on the customer's screen. `type u8 | body`, big-endian; places are pixels of the
picture, u16 x and u16 y, as in POINTER of channel 2.

0x01 DRAW       console -> agent: u32 number, u8 shape, u8 width, 3 bytes red, green, blue; then by shape:
                PEN 1 to MAX_POINTS places; LINE, ARROW, RECTANGLE, ELLIPSE two places; TEXT a place and UTF-8 as `fits`
                says; STEP a place and one to three ASCII digits.
                Marks are numbered upwards; the last one may be sent again, and replaces itself
0x02 MORE       console -> agent: u32 number, then 1 to MAX_POINTS places: the pen goes on. Only for the last mark
0x03 UNDO       console -> agent: the last mark goes
0x04 CLEAR      console -> agent: all marks go
0x05 FADE       console -> agent: u8 seconds after which a mark goes by itself; 0 = it stays
0x06 LASER      console -> agent: a place: the pointer of light is there, until the next one
0x07 LASER_OFF  console -> agent
0x11 STATE      agent -> console: u32 number, u16 marks: all up to `number` can be seen on the customer's screen, so many are left
0x12 REFUSED    agent -> console: ASCII, why nothing can be shown on that PC
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

BAD = "BAD_DRAW"
MAX_POINTS = 512
"""Of one message."""
MAX_WIDTH = 32
"""Pixels of the remote screen."""
MAX_TEXT_BYTES = 600
MAX_LINES = 8
MAX_STEP_DIGITS = 3
MAX_CODE_LENGTH = 32

_HEAD = struct.Struct(">BIBB3s")
_NUMBER = struct.Struct(">BI")
_PLACE = struct.Struct(">HH")
_LASER = struct.Struct(">BHH")
_STATE = struct.Struct(">BIH")

Place = tuple[int, int]


class DrawType(IntEnum):
    DRAW = 0x01
    MORE = 0x02
    UNDO = 0x03
    CLEAR = 0x04
    FADE = 0x05
    LASER = 0x06
    LASER_OFF = 0x07
    STATE = 0x11
    REFUSED = 0x12


class Shape(IntEnum):
    """Wire value of the shape byte."""

    PEN = 1
    LINE = 2
    ARROW = 3
    RECTANGLE = 4
    ELLIPSE = 5
    TEXT = 6
    STEP = 7


WORDED = (Shape.TEXT, Shape.STEP)


@dataclass(frozen=True)
class Draw:
    """`colour`: 0xRRGGBB; `width`: 1 to MAX_WIDTH pixels; `text`: of TEXT and STEP, else empty."""

    number: int
    shape: int
    width: int
    colour: int
    points: tuple[Place, ...]
    text: str = ""


@dataclass(frozen=True)
class More:
    number: int
    points: tuple[Place, ...]


@dataclass(frozen=True)
class Undo:
    pass


@dataclass(frozen=True)
class Clear:
    pass


@dataclass(frozen=True)
class Fade:
    seconds: int


@dataclass(frozen=True)
class Laser:
    x: int
    y: int


@dataclass(frozen=True)
class LaserOff:
    pass


@dataclass(frozen=True)
class State:
    number: int
    marks: int


@dataclass(frozen=True)
class Refused:
    code: str


ConsoleMessage = Draw | More | Undo | Clear | Fade | Laser | LaserOff
AgentMessage = State | Refused

_BARE: dict[int, ConsoleMessage] = {
    DrawType.UNDO: Undo(),
    DrawType.CLEAR: Clear(),
    DrawType.LASER_OFF: LaserOff(),
}
_BARE_TYPES = {type(message): kind for kind, message in _BARE.items()}


def fits(text: str) -> bool:
    """Whether it may be written on a screen: something to be seen, short, without control and direction characters."""
    lines = text.split("\n")
    hidden = any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for line in lines for char in line)
    return bool(text.strip()) and not hidden and len(lines) <= MAX_LINES and len(text.encode()) <= MAX_TEXT_BYTES


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    """Raises LocalProtocolError("BAD_DRAW") for a mark that a peer would refuse."""
    match message:
        case Draw():
            return _encode_draw(message)
        case More(number, points):
            return _NUMBER.pack(DrawType.MORE, number) + _packed(points)
        case Fade(seconds):
            return bytes([DrawType.FADE, seconds])
        case Laser(x, y):
            return _LASER.pack(DrawType.LASER, x, y)
        case State(number, marks):
            return _STATE.pack(DrawType.STATE, number, marks)
        case Refused(code):
            return bytes([DrawType.REFUSED]) + code.encode("ascii")
    return bytes([_BARE_TYPES[type(message)]])


def _encode_draw(mark: Draw) -> bytes:
    if not _is_whole(mark):
        raise LocalProtocolError(BAD, "mark")
    head = _HEAD.pack(DrawType.DRAW, mark.number, mark.shape, mark.width, mark.colour.to_bytes(3, "big"))
    return head + _packed(mark.points) + mark.text.encode()


def _packed(points: tuple[Place, ...]) -> bytes:
    return b"".join(_PLACE.pack(x, y) for x, y in points)


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_DRAW")."""
    kind = body[0] if body else -1
    if kind in _BARE and len(body) == 1:
        return _BARE[kind]
    if kind == DrawType.DRAW and len(body) > _HEAD.size:
        return _decode_draw(body)
    if kind == DrawType.MORE and len(body) > _NUMBER.size:
        return More(_NUMBER.unpack_from(body)[1], _places(body[_NUMBER.size :]))
    if kind == DrawType.FADE and len(body) == 2:
        return Fade(body[1])
    if kind == DrawType.LASER and len(body) == _LASER.size:
        return Laser(*_LASER.unpack(body)[1:])
    raise RemoteProtocolError(BAD, "message")


def _decode_draw(body: bytes) -> Draw:
    _, number, shape, width, colour = _HEAD.unpack_from(body)
    rest = body[_HEAD.size :]
    worded = shape in WORDED
    points = _places(rest[: _PLACE.size] if worded else rest)
    mark = Draw(number, shape, width, int.from_bytes(colour, "big"), points, _text(rest[_PLACE.size :]) if worded else "")
    if not _is_whole(mark):
        raise RemoteProtocolError(BAD, "mark")
    return mark


def _places(data: bytes) -> tuple[Place, ...]:
    if not data or len(data) % _PLACE.size or len(data) > MAX_POINTS * _PLACE.size:
        raise RemoteProtocolError(BAD, "places")
    return tuple(_PLACE.iter_unpack(data))  # type: ignore[arg-type]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RemoteProtocolError(BAD, "not UTF-8") from problem


def _is_whole(mark: Draw) -> bool:
    if not 1 <= mark.width <= MAX_WIDTH or mark.shape not in set(Shape) or not 0 <= mark.colour < 1 << 24:
        return False
    if mark.shape == Shape.PEN:
        return 1 <= len(mark.points) <= MAX_POINTS and not mark.text
    if mark.shape not in WORDED:
        return len(mark.points) == 2 and not mark.text
    return len(mark.points) == 1 and (_is_step(mark.text) if mark.shape == Shape.STEP else fits(mark.text))


def _is_step(text: str) -> bool:
    return 1 <= len(text) <= MAX_STEP_DIGITS and text.isascii() and text.isdigit()


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_DRAW")."""
    kind = body[0] if body else -1
    if kind == DrawType.STATE and len(body) == _STATE.size:
        return State(*_STATE.unpack(body)[1:])
    code = body[1:]
    if kind == DrawType.REFUSED and 0 < len(code) <= MAX_CODE_LENGTH and code.isascii() and code.replace(b"_", b"").isalnum():
        return Refused(code.decode("ascii"))
    raise RemoteProtocolError(BAD, "message")
