"""Channel 16: documents of the operator, printed by a printer of the customer's PC. `type u8 | JSON`, but DATA.

0x01 LIST      console -> agent: {"request"}: which printers are there?
0x02 BEGIN     console -> agent: {"request", "printer", "name", "kind", "size", "copies", "pages"}: a document follows; `printer` is
               a name of PRINTERS, `kind` one of KINDS, `size` in bytes, `pages` "" for all or "1-3,5"
0x03 DATA      console -> agent: u32 request, then 1 to MAX_DATA bytes of the document, in their order
0x04 CANCEL    console -> agent: {"request"}
0x11 PRINTERS  agent -> console: {"request", "printers": [{"name", "label", "standard", "ready"}], "code"}
0x12 CREDIT    agent -> console: {"request", "bytes"}: the console may have sent so much of that document in all
0x13 JOB       agent -> console: {"request", "state", "sheets", "code"}: `state` one of STATES, `sheets` printed so far, `code` ""
               or why it failed or waits
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

BAD = "BAD_PRINTING"
KINDS = ("pdf", "image", "text")
MAX_SIZE = 50 * 1024 * 1024
MAX_DATA = 32 * 1024
MAX_COPIES = 99
MAX_NAME = 200
_PAGES = re.compile(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?){0,49}")

STATES = ("preparing", "waiting", "printing", "held", "done", "failed", "cancelled")
OVER = ("done", "failed", "cancelled")
"""States after which nothing more is told of a document."""

_DATA = struct.Struct(">BI")


class PrintingType(IntEnum):
    LIST = 0x01
    BEGIN = 0x02
    DATA = 0x03
    CANCEL = 0x04
    PRINTERS = 0x11
    CREDIT = 0x12
    JOB = 0x13


@dataclass(frozen=True)
class List:
    request: int


@dataclass(frozen=True)
class Begin:
    request: int
    printer: str
    name: str
    kind: str
    size: int
    copies: int
    pages: str


@dataclass(frozen=True)
class Data:
    """A part of the document."""

    request: int
    data: bytes


@dataclass(frozen=True)
class Cancel:
    request: int


@dataclass(frozen=True)
class Printer:
    name: str
    label: str
    standard: bool
    ready: bool


@dataclass(frozen=True)
class Printers:
    request: int
    printers: tuple[Printer, ...]
    code: str


@dataclass(frozen=True)
class Credit:
    request: int
    bytes: int


@dataclass(frozen=True)
class Job:
    request: int
    state: str
    sheets: int
    code: str


ConsoleMessage = List | Begin | Data | Cancel
AgentMessage = Printers | Credit | Job

_CONSOLE: dict[int, type[Any]] = {PrintingType.LIST: List, PrintingType.BEGIN: Begin, PrintingType.CANCEL: Cancel}
_AGENT: dict[int, type[Any]] = {
    PrintingType.PRINTERS: Printers,
    PrintingType.CREDIT: Credit,
    PrintingType.JOB: Job,
}
_KINDS = {kind: number for table in (_CONSOLE, _AGENT) for number, kind in table.items()}


def is_name(text: str) -> bool:
    """A document's or printer's name: short, without control and direction characters."""
    hidden = any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)
    return bool(text.strip()) and len(text) <= MAX_NAME and not hidden


def is_pages(pages: str) -> bool:
    """ "" or a list of pages and ranges, counted from 1."""
    if not pages:
        return True
    if not _PAGES.fullmatch(pages):
        return False
    return all(1 <= int(part.split("-")[0]) <= int(part.split("-")[-1]) for part in pages.split(","))


def pages_of(pages: str, count: int) -> list[int] | None:
    """Indices from 0 of the chosen pages of a document of `count`; None if one is not there."""
    if not pages:
        return list(range(count))
    found: list[int] = []
    for part in pages.split(","):
        first, last = int(part.split("-")[0]), int(part.split("-")[-1])
        if last > count:
            return None
        found += range(first - 1, last)
    return found


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    """Raises LocalProtocolError("BAD_PRINTING") for a document that may not be begun."""
    if isinstance(message, Data):
        return _DATA.pack(PrintingType.DATA, message.request) + message.data
    if isinstance(message, Begin) and not _is_document(message):
        raise LocalProtocolError(BAD, "document")
    return bytes([_KINDS[type(message)]]) + messages.dump_json(asdict(message))


def _is_document(begin: Begin) -> bool:
    return (
        is_name(begin.printer)
        and is_name(begin.name)
        and begin.kind in KINDS
        and 1 <= begin.size <= MAX_SIZE
        and 1 <= begin.copies <= MAX_COPIES
        and is_pages(begin.pages)
    )


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_PRINTING")."""
    if body[:1] == bytes([PrintingType.DATA]):
        if not _DATA.size < len(body) <= _DATA.size + MAX_DATA:
            raise RemoteProtocolError(BAD, "data")
        return Data(_DATA.unpack_from(body)[1], body[_DATA.size :])
    message: ConsoleMessage = _decode(_CONSOLE, body)
    if isinstance(message, Begin) and not _is_document(message):
        raise RemoteProtocolError(BAD, "document")
    if not 0 <= message.request < 1 << 32:
        raise RemoteProtocolError(BAD, "request")
    return message


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_PRINTING")."""
    message: AgentMessage = _decode(_AGENT, body)
    if isinstance(message, Job) and (message.state not in STATES or message.sheets < 0):
        raise RemoteProtocolError(BAD, "state")
    if isinstance(message, Credit) and not 0 <= message.bytes <= MAX_SIZE:
        raise RemoteProtocolError(BAD, "credit")
    return message


def _decode(kinds: dict[int, type[Any]], body: bytes) -> Any:
    kind = kinds.get(body[0] if body else -1)
    if kind is None:
        raise RemoteProtocolError(BAD, "message")
    return messages.load_dataclass(kind, body[1:], BAD)
