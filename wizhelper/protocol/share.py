"""Channel 17: the operator's own screen, shown to the customer. `type u8 | body`, big-endian.

0x01 BEGIN   console -> agent: empty: pictures follow
0x02 FRAME   console -> agent: u32 number, u8 1 = the last part of that picture, then 1 to MAX_PART bytes of a JPEG
0x03 STOP    console -> agent: empty
0x11 SHOWN   agent -> console: u32 number: the customer sees that picture; no more than MAX_UNSEEN may be on their way
0x12 CLOSED  agent -> console: ASCII: why the customer sees no more
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

BAD = "BAD_SHARE"
MAX_PART = 32 * 1024
MAX_FRAME = 2 * 1024 * 1024
MAX_UNSEEN = 2
CODES = ("CUSTOMER", "NO_WINDOW", "BAD_PICTURE")
"""The customer closed the window; there is no screen to open one on; a picture that is none."""

_FRAME = struct.Struct(">BIB")
_SHOWN = struct.Struct(">BI")


class ShareType(IntEnum):
    BEGIN = 0x01
    FRAME = 0x02
    STOP = 0x03
    SHOWN = 0x11
    CLOSED = 0x12


@dataclass(frozen=True)
class Begin:
    pass


@dataclass(frozen=True)
class Frame:
    number: int
    last: bool
    part: bytes


@dataclass(frozen=True)
class Stop:
    pass


@dataclass(frozen=True)
class Shown:
    number: int


@dataclass(frozen=True)
class Closed:
    code: str


ConsoleMessage = Begin | Frame | Stop
AgentMessage = Shown | Closed


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    """Raises LocalProtocolError("BAD_SHARE") for a part that is too long, or none."""
    match message:
        case Begin():
            return bytes([ShareType.BEGIN])
        case Stop():
            return bytes([ShareType.STOP])
        case Frame(number, last, part):
            if not 0 < len(part) <= MAX_PART:
                raise LocalProtocolError(BAD, "part")
            return _FRAME.pack(ShareType.FRAME, number, last) + part
        case Shown(number):
            return _SHOWN.pack(ShareType.SHOWN, number)
        case Closed(code):
            return bytes([ShareType.CLOSED]) + code.encode("ascii")


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_SHARE")."""
    kind = body[0] if body else -1
    if kind in (ShareType.BEGIN, ShareType.STOP) and len(body) == 1:
        return Begin() if kind == ShareType.BEGIN else Stop()
    if kind == ShareType.FRAME and _FRAME.size < len(body) <= _FRAME.size + MAX_PART and body[5] <= 1:
        _, number, last = _FRAME.unpack_from(body)
        return Frame(number, bool(last), body[_FRAME.size :])
    raise RemoteProtocolError(BAD, "message")


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_SHARE")."""
    if body[:1] == bytes([ShareType.SHOWN]) and len(body) == _SHOWN.size:
        return Shown(_SHOWN.unpack(body)[1])
    if body[:1] == bytes([ShareType.CLOSED]):
        code = body[1:].decode("ascii", "replace")
        if code in CODES:
            return Closed(code)
    raise RemoteProtocolError(BAD, "message")
