"""Channel 7: text of the clipboards of both sides, while the operator has switched it on. `type u8 | body`.

0x01 SWITCH    console -> agent: u8 1 = on, 0 = off; at the beginning of each link it is off
0x02 TEXT      both ways: UTF-8 without NUL, 1 to MAX_TEXT_BYTES bytes, lines end with LF: what was copied just now
0x03 TOO_LONG  agent -> console: empty: something was copied that is longer than TEXT may be
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

MAX_TEXT_BYTES = 256 * 1024
BAD = "BAD_CLIPBOARD"


class ClipboardType(IntEnum):
    SWITCH = 0x01
    TEXT = 0x02
    TOO_LONG = 0x03


@dataclass(frozen=True)
class Switch:
    on: bool


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class TooLong:
    pass


ConsoleMessage = Switch | Text
AgentMessage = Text | TooLong


def fits(text: str) -> bool:
    """Whether it may be sent as TEXT."""
    try:
        return 0 < len(text.encode()) <= MAX_TEXT_BYTES and "\0" not in text
    except UnicodeEncodeError:  # half of a surrogate pair, as some programs copy
        return False


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    """Raises LocalProtocolError("BAD_CLIPBOARD") for a text that does not fit."""
    match message:
        case Switch(on):
            return bytes([ClipboardType.SWITCH, on])
        case Text(text):
            if not fits(text):
                raise LocalProtocolError(BAD, "text")
            return bytes([ClipboardType.TEXT]) + text.encode()
        case TooLong():
            return bytes([ClipboardType.TOO_LONG])


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_CLIPBOARD")."""
    if len(body) == 2 and body[0] == ClipboardType.SWITCH and body[1] <= 1:
        return Switch(bool(body[1]))
    return _text(body)


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_CLIPBOARD")."""
    return TooLong() if body == bytes([ClipboardType.TOO_LONG]) else _text(body)


def _text(body: bytes) -> Text:
    if not 1 < len(body) <= MAX_TEXT_BYTES + 1 or body[0] != ClipboardType.TEXT:
        raise RemoteProtocolError(BAD, f"message of {len(body)} bytes")
    try:
        text = body[1:].decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RemoteProtocolError(BAD, "not UTF-8") from problem
    if "\0" in text:
        raise RemoteProtocolError(BAD, "NUL")
    return Text(text)
