"""Bytes of SMPP 3.4, as far as a sender of texts needs them: header, binds, submit_sm, receipts, optional parameters.

Source: "Short Message Peer to Peer Protocol Specification v3.4" (SMPP Developers Forum, 1999), chapters 3 to 5. Reading
is lenient where message centres are: unknown optional parameters and unknown status codes are kept as numbers, a body that
is missing after an error is empty. What cannot be a PDU at all raises BadPdu, after which the stream has no meaning.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

VERSION_34 = 0x34
HEADER = struct.Struct(">IIII")
MAX_PDU = 64 * 1024
RESPONSE = 0x80000000


class Command(IntEnum):
    GENERIC_NACK = 0x80000000
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


class Status(IntEnum):
    """Those that we act upon; all others are final refusals."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    SYSTEM_ERROR = 0x08
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    QUEUE_FULL = 0x14
    THROTTLED = 0x58


class Tag(IntEnum):
    RECEIPTED_MESSAGE_ID = 0x001E
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class BadPdu(ValueError):
    """Bytes that are no PDU."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """`command`: of Command, or a number that we do not know. `sequence`: pairs an answer with its request."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encoded(self) -> bytes:
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


class Splitter:
    """Takes bytes in any pieces and gives whole PDUs."""

    def __init__(self, most: int = MAX_PDU) -> None:
        self._most = most
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Pdu]:
        """Raises BadPdu for a length that cannot be."""
        self._data += data
        found = []
        while len(self._data) >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(self._data)
            if not HEADER.size <= length <= self._most:
                raise BadPdu(f"a PDU of {length} bytes")
            if len(self._data) < length:
                break
            found.append(Pdu(command, status, sequence, bytes(self._data[HEADER.size : length])))
            del self._data[:length]
        return found


# --- what we say ------------------------------------------------------------------------------------------------------


def c_string(text: bytes) -> bytes:
    if b"\x00" in text:
        raise ValueError("a zero byte inside of a string")
    return text + b"\x00"


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """Of a bind_transceiver that takes reports for every address."""
    names = b"".join(c_string(each.encode("latin-1")) for each in (system_id, password, system_type))
    return names + bytes([VERSION_34, 0, 0]) + c_string(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`ton` and `npi`: type of number and numbering plan (section 5.2.5)."""

    ton: int
    npi: int
    digits: str

    def encoded(self) -> bytes:
        return bytes([self.ton, self.npi]) + c_string(self.digits.encode("ascii"))


def submit_body(
    source: Address, destination: Address, text: bytes, *, coding: int, has_header: bool, service: str = ""
) -> bytes:
    """Asks for a receipt at the end. `has_header`: the text begins with a user data header. At most 254 bytes of text."""
    if len(text) > 254:
        raise ValueError("longer than a short message")
    esm_class = 0x40 if has_header else 0
    head = c_string(service.encode("ascii")) + source.encoded() + destination.encoded()
    # protocol_id, priority; schedule and validity: the centre's own; registered_delivery 1; replace no.
    return head + bytes([esm_class, 0, 0, 0, 0, 1, 0, coding, 0, len(text)]) + text


# --- what we hear -----------------------------------------------------------------------------------------------------


class Reader:
    """Fields of a body, in order. Raises BadPdu where it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise BadPdu("the body ends inside of a field")
        self._at += count
        return self._body[self._at - count : self._at]

    def string(self, most: int) -> str:
        end = self._body.find(b"\x00", self._at)
        if end < 0 or end - self._at > most:
            raise BadPdu("a string without an end")
        found = self._body[self._at : end]
        self._at = end + 1
        return found.decode("latin-1")

    def options(self) -> dict[int, bytes]:
        found = {}
        while self.left >= 4:
            tag, length = struct.unpack(">HH", self.take(4))
            found[tag] = self.take(length)
        return found


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliver_sm: a receipt, or a text that a person sent to us."""

    esm_class: int
    coding: int
    text: bytes
    options: dict[int, bytes] = field(default_factory=dict)

    @property
    def is_receipt(self) -> bool:
        """Bits 2 to 5 of esm_class: a receipt of the centre (4), or of a telephone (8)."""
        return self.esm_class & 0x3C in (0x04, 0x08) or Tag.RECEIPTED_MESSAGE_ID in self.options


def delivered(body: bytes) -> Delivered:
    """Raises BadPdu."""
    fields = Reader(body)
    fields.string(6)
    for _address in range(2):
        fields.take(2)
        fields.string(21)
    esm_class = fields.byte()
    fields.take(2)
    fields.string(17)
    fields.string(17)
    fields.take(2)
    coding = fields.byte()
    fields.byte()
    text = fields.take(fields.byte())
    options = fields.options()
    return Delivered(esm_class, coding, text or options.get(Tag.MESSAGE_PAYLOAD, b""), options)


def message_id(body: bytes) -> str:
    """Of a submit_sm_resp. Raises BadPdu."""
    return Reader(body).string(65)
