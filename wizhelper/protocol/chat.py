"""Channel 3: what operator and customer write to each other. `type u8 | body`, big-endian.

0x01 SAY   console -> agent: UTF-8, 1 to MAX_TEXT_BYTES bytes without control characters but LF
0x02 SAID  agent -> console: u32 number, u8 1 = the customer said it, 0 = the operator; u64 milliseconds since 1970; UTF-8:
           one line of the conversation, which the agent numbers from 1; a new link begins with all that it still has
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

MAX_TEXT_BYTES = 4096
BAD = "BAD_CHAT"
_SAID = struct.Struct(">BIBQ")


class ChatType(IntEnum):
    SAY = 0x01
    SAID = 0x02


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Said:
    number: int
    customer: bool
    at_ms: int
    text: str


def fits(text: str) -> bool:
    """Whether it may be said: something that can be seen, not too long, no control characters but LF."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return False
    plain = all(char == "\n" or unicodedata.category(char) != "Cc" for char in text)
    return any(not char.isspace() and char != "\ufeff" for char in text) and length <= MAX_TEXT_BYTES and plain


def encode(message: Say | Said) -> bytes:
    """Raises LocalProtocolError("BAD_CHAT") for a text that may not be said."""
    if not fits(message.text):
        raise LocalProtocolError(BAD, "text")
    match message:
        case Say(text):
            return bytes([ChatType.SAY]) + text.encode()
        case Said(number, customer, at_ms, text):
            return _SAID.pack(ChatType.SAID, number, customer, at_ms) + text.encode()


def decode_console(body: bytes) -> Say:
    """What a console may send. Raises RemoteProtocolError("BAD_CHAT")."""
    if body[:1] != bytes([ChatType.SAY]):
        raise RemoteProtocolError(BAD, "message")
    return Say(_text(body[1:]))


def decode_agent(body: bytes) -> Said:
    """What an agent may send. Raises RemoteProtocolError("BAD_CHAT")."""
    if len(body) < _SAID.size or body[0] != ChatType.SAID or body[5] > 1:
        raise RemoteProtocolError(BAD, "message")
    _, number, customer, at_ms = _SAID.unpack_from(body)
    if at_ms >= 2**53:
        raise RemoteProtocolError(BAD, "time")
    return Said(number, bool(customer), at_ms, _text(body[_SAID.size :]))


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RemoteProtocolError(BAD, "not UTF-8") from problem
    if not fits(text):
        raise RemoteProtocolError(BAD, "text")
    return text
