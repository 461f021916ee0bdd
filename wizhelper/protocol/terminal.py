"""Channel 20: a shell in a terminal on the customer's PC. `type u8 | terminal u32 | body`; one terminal at a time.

0x01 OPEN     console -> agent: cols u16, rows u16: starts the login shell of the customer's user
0x02 INPUT    console -> agent: UTF-8, 1 to MAX_INPUT_BYTES bytes: what was typed or pasted
0x03 RESIZE   console -> agent: cols u16, rows u16
0x04 CREDIT   console -> agent: u32: so many bytes of output have been shown; the agent is never more than WINDOW_BYTES ahead
0x05 CLOSE    console -> agent: empty: ends the shell and what it started
0x11 OUTPUT   agent -> console: UTF-8, 1 to MAX_OUTPUT_BYTES bytes, control characters and escape sequences included
0x12 CLOSED   agent -> console: {"exit", "code"}: once for each OPEN; `exit` null: there is none; `code` "" or why it ended

`terminal` is chosen by the console; what comes for another one than the open one does nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol import messages
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

BAD = "BAD_TERMINAL"
MAX_INPUT_BYTES = 16 * 1024
MAX_OUTPUT_BYTES = 8 * 1024
WINDOW_BYTES = 32 * 1024
"""Output under way: little enough that a picture behind it does not wait, enough for a full screen at every round trip."""
MAX_SIDE = 1000

_HEAD = struct.Struct(">BI")
_SIZE = struct.Struct(">HH")
_COUNT = struct.Struct(">I")


class TerminalType(IntEnum):
    OPEN = 0x01
    INPUT = 0x02
    RESIZE = 0x03
    CREDIT = 0x04
    CLOSE = 0x05
    OUTPUT = 0x11
    CLOSED = 0x12


@dataclass(frozen=True)
class Open:
    terminal: int
    cols: int
    rows: int


@dataclass(frozen=True)
class Input:
    terminal: int
    text: str


@dataclass(frozen=True)
class Resize:
    terminal: int
    cols: int
    rows: int


@dataclass(frozen=True)
class Credit:
    terminal: int
    bytes: int


@dataclass(frozen=True)
class Close:
    terminal: int


@dataclass(frozen=True)
class Output:
    terminal: int
    text: str


@dataclass(frozen=True)
class Closed:
    terminal: int
    exit: int | None
    code: str


@dataclass(frozen=True)
class _End:
    exit: int | None
    code: str


ConsoleMessage = Open | Input | Resize | Credit | Close
AgentMessage = Output | Closed


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    """Raises LocalProtocolError("BAD_TERMINAL") for text that does not fit into one message."""
    kind = TerminalType[type(message).__name__.upper()]
    return _HEAD.pack(kind, message.terminal) + _body(message)


def _body(message: ConsoleMessage | AgentMessage) -> bytes:
    match message:
        case Open(_, cols, rows) | Resize(_, cols, rows):
            return _SIZE.pack(cols, rows)
        case Input(_, text):
            return _utf8(text, MAX_INPUT_BYTES)
        case Output(_, text):
            return _utf8(text, MAX_OUTPUT_BYTES)
        case Credit(_, count):
            return _COUNT.pack(count)
        case Closed(_, exit_code, code):
            return messages.dump_json({"exit": exit_code, "code": code})
        case Close():
            return b""


def _utf8(text: str, limit: int) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= limit:
        raise LocalProtocolError(BAD, "text")
    return data


def decode_console(data: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_TERMINAL")."""
    kind, terminal, body = _split(data)
    if kind in (TerminalType.OPEN, TerminalType.RESIZE) and len(body) == _SIZE.size:
        cols, rows = _SIZE.unpack(body)
        if 1 <= cols <= MAX_SIDE and 1 <= rows <= MAX_SIDE:
            return Open(terminal, cols, rows) if kind == TerminalType.OPEN else Resize(terminal, cols, rows)
    if kind == TerminalType.INPUT:
        return Input(terminal, _text(body, MAX_INPUT_BYTES))
    if kind == TerminalType.CREDIT and len(body) == _COUNT.size:
        return Credit(terminal, _COUNT.unpack(body)[0])
    if kind == TerminalType.CLOSE and not body:
        return Close(terminal)
    raise RemoteProtocolError(BAD, "message")


def decode_agent(data: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_TERMINAL")."""
    kind, terminal, body = _split(data)
    if kind == TerminalType.OUTPUT:
        return Output(terminal, _text(body, MAX_OUTPUT_BYTES))
    if kind == TerminalType.CLOSED:
        end = messages.load_dataclass(_End, body, BAD)
        return Closed(terminal, end.exit, end.code)
    raise RemoteProtocolError(BAD, "message")


def _split(data: bytes) -> tuple[int, int, bytes]:
    if len(data) < _HEAD.size:
        raise RemoteProtocolError(BAD, "short")
    kind, terminal = _HEAD.unpack_from(data)
    return kind, terminal, data[_HEAD.size :]


def _text(body: bytes, limit: int) -> str:
    if not 0 < len(body) <= limit:
        raise RemoteProtocolError(BAD, f"text of {len(body)} bytes")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RemoteProtocolError(BAD, "not UTF-8") from problem
