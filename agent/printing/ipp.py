"""IPP/1.1 as far as printing a PDF needs it, without a connection. Sources: RFC 8010 (encoding), RFC 8011 (model)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

VERSION = b"\x01\x01"
_HEAD = struct.Struct(">2sHI")
MAX_VALUES = 10_000


class Operation(IntEnum):
    PRINT_JOB = 0x0002
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    CUPS_GET_DEFAULT = 0x4001
    CUPS_GET_PRINTERS = 0x4002


class Tag(IntEnum):
    OPERATION_GROUP = 0x01
    JOB_GROUP = 0x02
    END = 0x03
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME_TYPE = 0x49


_FIRST_VALUE_TAG = 0x10
_NUMBERS = (Tag.INTEGER, Tag.ENUM)
_WORDS = range(0x40, 0x60)
Value = int | bool | str | bytes


class IppError(Exception):
    """An answer that is none."""


@dataclass(frozen=True)
class Attribute:
    """One value for each string or number in `values`."""

    tag: Tag
    name: str
    values: Sequence[str | int]


@dataclass(frozen=True)
class Answer:
    """`groups`: attributes of each group after the first, in their order: name -> values."""

    status: int
    groups: tuple[dict[str, list[Value]], ...]

    @property
    def fine(self) -> bool:
        return self.status < 0x0100


def request(operation: Operation, attributes: Sequence[Attribute], job: Sequence[Attribute] = ()) -> bytes:
    """The head of a request; the document follows it."""
    first = [Attribute(Tag.CHARSET, "attributes-charset", ["utf-8"]), Attribute(Tag.LANGUAGE, "attributes-natural-language", ["en"])]
    parts = [_HEAD.pack(VERSION, operation, 1), bytes([Tag.OPERATION_GROUP])]
    parts += map(_attribute, [*first, *attributes])
    if job:
        parts += [bytes([Tag.JOB_GROUP]), *map(_attribute, job)]
    return b"".join([*parts, bytes([Tag.END])])


def _attribute(attribute: Attribute) -> bytes:
    """Only the first value carries the name."""
    found, name = b"", attribute.name.encode()
    for value in attribute.values:
        data = struct.pack(">i", value) if isinstance(value, int) else value.encode()
        found += struct.pack(">BH", attribute.tag, len(name)) + name + struct.pack(">H", len(data)) + data
        name = b""
    return found


def answer(data: bytes) -> Answer:
    """Raises IppError."""
    try:
        return _answer(data)
    except (struct.error, IndexError, UnicodeDecodeError) as problem:
        raise IppError(str(problem)) from problem


def _answer(data: bytes) -> Answer:
    _, status, _ = _HEAD.unpack_from(data)
    at, name, groups = _HEAD.size, "", list[dict[str, list[Value]]]()
    for _ in range(MAX_VALUES):
        tag = data[at]
        at += 1
        if tag == Tag.END:
            return Answer(status, tuple(groups[1:]))
        if tag < _FIRST_VALUE_TAG:
            groups.append({})
            continue
        found, at = _counted(data, at)
        name = found.decode() or name
        value, at = _counted(data, at)
        groups[-1].setdefault(name, []).append(_value(tag, value))
    raise IppError("too many values")


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", data, at)
    begin, end = at + 2, at + 2 + length
    if end > len(data):
        raise IppError("cut off")
    return data[begin:end], end


def _value(tag: int, data: bytes) -> Value:
    if tag in _NUMBERS:
        return int(struct.unpack(">i", data)[0])
    if tag == Tag.BOOLEAN:
        return bool(data[0])
    return data.decode("utf-8", "replace") if tag in _WORDS else data
