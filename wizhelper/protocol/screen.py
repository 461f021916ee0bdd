"""Channel 1: screen updates from the agent, acknowledgements and wishes from the console.

An update is one atomic screen step: the console decodes all of its operations, then draws them in order, then acknowledges.
All integers are big-endian.

agent -> console
    0x01 UPDATE   u32 frame id, u32 agent clock in ms (mod 2^32), then operations
    0x02 STATS    JSON, see Stats
    0x03 TROUBLE  one of TROUBLES in ASCII: why there is no picture now; empty: it is over
console -> agent
    0x10 ACK      u32 frame id, u16 milliseconds from receipt to drawn
    0x11 CAPS     JSON {"decoders": [...]}: what the console can decode besides the baseline (COPY, ZSTD, JPEG)
    0x12 REFRESH  empty: send everything again
    0x13 VIEW     JSON, see ViewRequest
    0x14 PAUSE    u8 1 = the picture is not visible now, 0 = it is

An operation is `u8 kind, u16 x, u16 y, u16 w, u16 h, i16 a, i16 b, u32 length` and `length` bytes of data:
    1 COPY    the rectangle at (a, b) of the picture so far goes to (x, y); no data
    2 ZSTD    u16 n, n x (u16 x, y, w, h), then a chunk of the session's one zstd stream whose output is the
              rectangles' pixels in BGRX rows, one rectangle after another; x, y, w, h of the operation are 0
    3 JPEG    a JPEG picture of w x h for (x, y)
    4 VIDEO   the next picture of a video stream for the rectangle, w and h even; a = 1: it begins anew (key frame);
              b: number of the stream; data: u8 VideoCodec, then one coded picture. At most one in an update, and only what
              CAPS named; streams of another number, size or place end with the first picture of a new one
    5 CURSOR  the pointer's shape: w x h straight-alpha RGBA rows, hot spot (a, b); w = h = 0 hides it
    6 CURPOS  the pointer is at (x, y)
    7 RESIZE  the picture is now w x h (all black); data: JSON {"monitors": [{"x","y","width","height","name","primary"}],
              "shown"}: all monitors in pixels of the whole desktop; the picture is monitor number `shown`, or -1: all of them
    8 ZRESET  forget the zstd stream; the next ZSTD starts a new one
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError


class ScreenType(IntEnum):
    UPDATE = 0x01
    STATS = 0x02
    TROUBLE = 0x03
    ACK = 0x10
    CAPS = 0x11
    REFRESH = 0x12
    VIEW = 0x13
    PAUSE = 0x14


class OpKind(IntEnum):
    COPY = 1
    ZSTD = 2
    JPEG = 3
    VIDEO = 4
    CURSOR = 5
    CURPOS = 6
    RESIZE = 7
    ZRESET = 8


class VideoCodec(IntEnum):
    """What CAPS calls by its name in lower case. H264: Annex B, parameter sets with each key frame."""

    VP8 = 1
    H264 = 2


#: 33 Mpx is an 8K monitor; a console must refuse more before it allocates (security: hostile agent).
MAX_PIXELS = 33_177_600
MAX_CURSOR_SIDE = 256
ALL_MONITORS = -1
QUALITIES = ("auto", "sharp", "balanced", "economy")
#: All; 4,096; 256 shades of grey.
COLOURS = ("full", "reduced", "grey")
#: Why the viewer sees nothing or nothing new: the codes of CaptureError, and a picture in which every pixel is black.
TROUBLES = ("CAPTURE_UNAVAILABLE", "CAPTURE_DENIED", "CAPTURE_LOST", "SCREEN_BLACK")
MAX_OPS = 4096

_UPDATE = struct.Struct(">BII")
_OP = struct.Struct(">BHHHHhhI")
_RECT = struct.Struct(">HHHH")
_ACK = struct.Struct(">BIH")

Rect = tuple[int, int, int, int]


@dataclass(frozen=True)
class Op:
    """One drawing operation; the meaning of `a`, `b` and `data` depends on `kind` (module docstring)."""

    kind: OpKind
    x: int = 0
    y: int = 0
    w: int = 0
    h: int = 0
    a: int = 0
    b: int = 0
    data: bytes = b""

    def encode(self) -> bytes:
        return _OP.pack(self.kind, self.x, self.y, self.w, self.h, self.a, self.b, len(self.data)) + self.data


@dataclass(frozen=True)
class Update:
    frame_id: int
    stamp_ms: int
    ops: tuple[Op, ...]

    def encode(self) -> bytes:
        head = _UPDATE.pack(ScreenType.UPDATE, self.frame_id & 0xFFFFFFFF, self.stamp_ms & 0xFFFFFFFF)
        return head + b"".join(op.encode() for op in self.ops)


@dataclass(frozen=True)
class MonitorInfo:
    x: int
    y: int
    width: int
    height: int
    name: str
    primary: bool


@dataclass(frozen=True)
class Stats:
    """Measured by the agent over the last second. `latency_ms`: capture began -> acknowledged as drawn, median; None without frames.

    `codec`: of the video stream under way, as in CAPS; "": there is none.
    """

    latency_ms: float | None
    fps: float
    kbit_s: float
    capture: str
    width: int
    height: int
    codec: str = ""


@dataclass(frozen=True)
class ViewRequest:
    """`capture`: "fast" or "compatible". `cursor`: whether the agent should send the pointer's shape.

    `monitor`: index in the list of the last RESIZE, or ALL_MONITORS; a number that there is not shows all.
    `quality`: one of QUALITIES, higher is slower on a thin link; "auto" follows the link. `colours`: one of COLOURS.
    """

    capture: str = "fast"
    cursor: bool = True
    quality: str = "auto"
    colours: str = "full"
    monitor: int = ALL_MONITORS


@dataclass(frozen=True)
class Ack:
    frame_id: int
    drawn_ms: int


@dataclass(frozen=True)
class Caps:
    decoders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refresh:
    pass


@dataclass(frozen=True)
class Pause:
    paused: bool


ViewerMessage = Ack | Caps | Refresh | ViewRequest | Pause


def zstd_data(rects: Sequence[Rect], chunk: bytes) -> bytes:
    """Data of a ZSTD operation."""
    return struct.pack(">H", len(rects)) + b"".join(_RECT.pack(*r) for r in rects) + chunk


def resize_data(monitors: Sequence[MonitorInfo], shown: int = ALL_MONITORS) -> bytes:
    return messages.dump_json({"monitors": [asdict(m) for m in monitors], "shown": shown})


def decode_update(body: bytes) -> Update:
    """The message with its type byte -> Update. Raises RemoteProtocolError("BAD_SCREEN") on anything malformed."""
    if len(body) < _UPDATE.size or body[0] != ScreenType.UPDATE:
        raise RemoteProtocolError("BAD_SCREEN", "no update")
    _, frame_id, stamp = _UPDATE.unpack_from(body)
    return Update(frame_id, stamp, tuple(_ops(body, _UPDATE.size)))


def _ops(body: bytes, offset: int) -> Iterator[Op]:
    count = 0
    while offset < len(body):
        count += 1
        if count > MAX_OPS or offset + _OP.size > len(body):
            raise RemoteProtocolError("BAD_SCREEN", "operation list")
        kind, x, y, w, h, a, b, length = _OP.unpack_from(body, offset)
        offset += _OP.size
        if offset + length > len(body):
            raise RemoteProtocolError("BAD_SCREEN", "operation is cut short")
        try:
            known = OpKind(kind)
        except ValueError:
            raise RemoteProtocolError("BAD_SCREEN", f"operation {kind}") from None
        yield Op(known, x, y, w, h, a, b, bytes(body[offset : offset + length]))
        offset += length


def decode_zstd_data(data: bytes) -> tuple[list[Rect], bytes]:
    """-> rectangles and stream chunk. Raises RemoteProtocolError("BAD_SCREEN")."""
    if len(data) < 2:
        raise RemoteProtocolError("BAD_SCREEN", "zstd operation")
    (n,) = struct.unpack_from(">H", data)
    end = 2 + n * _RECT.size
    if n == 0 or len(data) < end:
        raise RemoteProtocolError("BAD_SCREEN", "zstd rectangles")
    rects = [_RECT.unpack_from(data, 2 + i * _RECT.size) for i in range(n)]
    return [(x, y, w, h) for x, y, w, h in rects], data[end:]


def encode_stats(stats: Stats) -> bytes:
    return bytes([ScreenType.STATS]) + messages.dump_json(asdict(stats))


def decode_stats(body: bytes) -> Stats:
    """The message with its type byte. Raises RemoteProtocolError("BAD_SCREEN")."""
    if not body or body[0] != ScreenType.STATS:
        raise RemoteProtocolError("BAD_SCREEN", "no stats")
    return messages.load_dataclass(Stats, body[1:], "BAD_SCREEN")


def encode_trouble(code: str) -> bytes:
    """`code`: one of TROUBLES, or empty when the picture is back. Raises ValueError for another."""
    if code and code not in TROUBLES:
        raise ValueError(code)
    return bytes([ScreenType.TROUBLE]) + code.encode("ascii")


def decode_trouble(body: bytes) -> str:
    """The message with its type byte -> a code of TROUBLES or "". Raises RemoteProtocolError("BAD_SCREEN")."""
    if not body or body[0] != ScreenType.TROUBLE:
        raise RemoteProtocolError("BAD_SCREEN", "no trouble")
    for code in ("", *TROUBLES):
        if body[1:] == code.encode("ascii"):
            return code
    raise RemoteProtocolError("BAD_SCREEN", "unknown trouble")


def encode_viewer(message: ViewerMessage) -> bytes:
    match message:
        case Ack(frame_id, drawn_ms):
            return _ACK.pack(ScreenType.ACK, frame_id, min(drawn_ms, 0xFFFF))
        case Caps(decoders):
            return bytes([ScreenType.CAPS]) + messages.dump_json({"decoders": list(decoders)})
        case Refresh():
            return bytes([ScreenType.REFRESH])
        case ViewRequest():
            return bytes([ScreenType.VIEW]) + messages.dump_json(asdict(message))
        case Pause(paused):
            return bytes([ScreenType.PAUSE, int(paused)])


def decode_viewer(body: bytes) -> ViewerMessage:
    """A message of the console, with its type byte. Raises RemoteProtocolError("BAD_SCREEN")."""
    kind = body[0] if body else -1
    if kind == ScreenType.ACK and len(body) == _ACK.size:
        _, frame_id, drawn = _ACK.unpack(body)
        return Ack(frame_id, drawn)
    if kind == ScreenType.CAPS:
        return messages.load_dataclass(Caps, body[1:], "BAD_SCREEN")
    if kind == ScreenType.REFRESH and len(body) == 1:
        return Refresh()
    if kind == ScreenType.VIEW:
        return _view(body[1:])
    if kind == ScreenType.PAUSE and len(body) == 2 and body[1] in (0, 1):
        return Pause(bool(body[1]))
    raise RemoteProtocolError("BAD_SCREEN", f"message {kind}")


def _view(data: bytes) -> ViewRequest:
    view = messages.load_dataclass(ViewRequest, data, "BAD_SCREEN")
    if view.quality not in QUALITIES or view.colours not in COLOURS:
        raise RemoteProtocolError("BAD_SCREEN", "quality or colours")
    return view
