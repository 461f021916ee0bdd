"""Channel 4: the files of the PC, and files that go to it and come from it. `type u8 | JSON`, but for DATA and ACK.

A place on the PC is named by `folder`, an absolute path as the agent wrote it, and names below it; nobody else joins paths.

0x01 LIST      console -> agent: {"request", "folder", "name"}: what is in the folder, or in `name` below it; both "": the places
0x02 MORE      console -> agent: {"request"}: one more page may come; PAGES_AHEAD come without being asked for
0x03 LEAVE     console -> agent: {"request"}: no more pages
0x04 MAKE      console -> agent: {"request", "folder", "names"}: a new folder; those above it are made, too, where they lack
0x05 RENAME    console -> agent: {"request", "folder", "name", "to"}
0x06 REMOVE    console -> agent: {"request", "folder", "name"}: with all that is in it
0x10 PUT       console -> agent: {"transfer", "folder", "names", "size", "modified_ms", "conflict", "via"}: a file for `names` below
               `folder`; `folder` "": the folder for dropped files. `conflict`: one of CONFLICTS, `via`: one of VIAS
0x11 GET       console -> agent: {"transfer", "folder", "names", "offset", "size", "modified_ms", "via"}: the console already has
               `offset` bytes of the file, when it had this size and time
0x12 STOP      console -> agent: {"transfer", "keep"}: `keep`: what arrived stays, to go on from there
0x13 RECEIVED  console -> agent: {"transfer", "code", "sha256"}: how a GET ended at the console; `code` "": it is whole
0x20 DATA      both: u32 transfer | u64 offset | 1 to MAX_CHUNK bytes
0x21 ACK       both: u32 transfer | u64 offset | u16 ms: the DATA at that offset is on the disk; ms since it came, 65535 for longer
0x22 FINISH    both, after the last DATA: {"transfer", "sha256"} of the whole file, 64 hex digits
0x30 PLACES    agent -> console: {"request", "separator", "places"}: each {"kind", "name", "path", "free", "size"}; bytes, or null
0x31 ENTRIES   agent -> console: {"request", "folder", "parent", "last", "entries"}: each {"name", "kind", "size", "modified_ms",
               "hidden"}; `kind`: one of KINDS; `parent` "": the places
0x32 RESULT    agent -> console: {"request", "code"}: a LIST that failed, and the end of MAKE, RENAME, REMOVE; `code` "": done
0x33 READY     agent -> console: {"transfer", "offset", "size", "modified_ms"}: DATA may go on from that offset
0x34 ENDED     agent -> console: {"transfer", "code", "path", "sha256"}: the end of a PUT, or why a GET broke off
0x35 OFFER     agent -> console: {"folder", "entries", "via"}: somebody at the PC wants the console to have these: it may GET them
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_FILES"
KIB = 1024
MAX_CHUNK = 256 * KIB
MAX_WINDOW = 8 * 1024 * KIB
"""Bytes of DATA that may be without their ACK, over all transfers of one direction."""

PAGES_AHEAD = 4
PAGE_BYTES = 48 * KIB
MAX_PAGE_ENTRIES = 500
MAX_OFFERED = 100
MAX_PATH = 32_767
"""Characters; what Windows takes at most."""

MAX_DEPTH = 64
MAX_HELD_MS = 65_535
CONFLICTS = ("ask", "replace", "keep_both", "skip")
VIAS = ("panes", "drop", "clipboard", "window")
KINDS = ("folder", "file", "link", "other")
PLACE_KINDS = ("home", "desktop", "documents", "downloads", "drive")

_DATA = struct.Struct(">BIQ")
_ACK = struct.Struct(">BIQH")


class FilesType(IntEnum):
    LIST = 0x01
    MORE = 0x02
    LEAVE = 0x03
    MAKE = 0x04
    RENAME = 0x05
    REMOVE = 0x06
    PUT = 0x10
    GET = 0x11
    STOP = 0x12
    RECEIVED = 0x13
    DATA = 0x20
    ACK = 0x21
    FINISH = 0x22
    PLACES = 0x30
    ENTRIES = 0x31
    RESULT = 0x32
    READY = 0x33
    ENDED = 0x34
    OFFER = 0x35


@dataclass(frozen=True)
class List:
    request: int
    folder: str
    name: str


@dataclass(frozen=True)
class More:
    request: int


@dataclass(frozen=True)
class Leave:
    request: int


@dataclass(frozen=True)
class Make:
    request: int
    folder: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Rename:
    request: int
    folder: str
    name: str
    to: str


@dataclass(frozen=True)
class Remove:
    request: int
    folder: str
    name: str


@dataclass(frozen=True)
class Put:
    transfer: int
    folder: str
    names: tuple[str, ...]
    size: int
    modified_ms: int
    conflict: str
    via: str


@dataclass(frozen=True)
class Get:
    transfer: int
    folder: str
    names: tuple[str, ...]
    offset: int
    size: int
    modified_ms: int
    via: str


@dataclass(frozen=True)
class Stop:
    transfer: int
    keep: bool


@dataclass(frozen=True)
class Received:
    transfer: int
    code: str
    sha256: str


@dataclass(frozen=True)
class Data:
    transfer: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Ack:
    transfer: int
    offset: int
    held_ms: int


@dataclass(frozen=True)
class Finish:
    transfer: int
    sha256: str


@dataclass(frozen=True)
class Place:
    kind: str
    name: str
    path: str
    free: int | None
    size: int | None


@dataclass(frozen=True)
class Places:
    request: int
    separator: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Entry:
    name: str
    kind: str
    size: int
    modified_ms: int
    hidden: bool


@dataclass(frozen=True)
class Entries:
    request: int
    folder: str
    parent: str
    last: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Result:
    request: int
    code: str


@dataclass(frozen=True)
class Ready:
    transfer: int
    offset: int
    size: int
    modified_ms: int


@dataclass(frozen=True)
class Ended:
    transfer: int
    code: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Offer:
    """1 to MAX_OFFERED entries of one folder; `via`: one of VIAS."""

    folder: str
    entries: tuple[Entry, ...]
    via: str


ConsoleMessage = List | More | Leave | Make | Rename | Remove | Put | Get | Stop | Received | Data | Ack | Finish
AgentMessage = Places | Entries | Result | Ready | Ended | Offer | Data | Ack | Finish

_CONSOLE: dict[int, type[Any]] = {
    FilesType.LIST: List,
    FilesType.MORE: More,
    FilesType.LEAVE: Leave,
    FilesType.MAKE: Make,
    FilesType.RENAME: Rename,
    FilesType.REMOVE: Remove,
    FilesType.PUT: Put,
    FilesType.GET: Get,
    FilesType.STOP: Stop,
    FilesType.RECEIVED: Received,
    FilesType.FINISH: Finish,
}
_AGENT: dict[int, type[Any]] = {
    FilesType.PLACES: Places,
    FilesType.ENTRIES: Entries,
    FilesType.RESULT: Result,
    FilesType.READY: Ready,
    FilesType.ENDED: Ended,
    FilesType.OFFER: Offer,
    FilesType.FINISH: Finish,
}
_KINDS = {kind: number for table in (_CONSOLE, _AGENT) for number, kind in table.items()}


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    match message:
        case Data(transfer, offset, data):
            return _DATA.pack(FilesType.DATA, transfer, offset) + data
        case Ack(transfer, offset, held_ms):
            return _ACK.pack(FilesType.ACK, transfer, offset, min(held_ms, MAX_HELD_MS))
        case _:
            return bytes([_KINDS[type(message)]]) + messages.dump_json(asdict(message))


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_FILES")."""
    message: ConsoleMessage = _decode(_CONSOLE, body)
    if not _console_is_fine(message):
        raise RemoteProtocolError(BAD, type(message).__name__)
    return message


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_FILES")."""
    message: AgentMessage = _decode(_AGENT, body)
    if not _agent_is_fine(message):
        raise RemoteProtocolError(BAD, type(message).__name__)
    return message


def _decode(kinds: dict[int, type[Any]], body: bytes) -> Any:
    kind = body[0] if body else -1
    if kind == FilesType.DATA:
        return _decode_data(body)
    if kind == FilesType.ACK:
        if len(body) != _ACK.size:
            raise RemoteProtocolError(BAD, "ack")
        return Ack(*_ACK.unpack(body)[1:])
    if kind not in kinds:
        raise RemoteProtocolError(BAD, f"message {kind}")
    return messages.load_dataclass(kinds[kind], body[1:], BAD)


def _decode_data(body: bytes) -> Data:
    if not _DATA.size < len(body) <= _DATA.size + MAX_CHUNK:
        raise RemoteProtocolError(BAD, "data")
    _, transfer, offset = _DATA.unpack_from(body)
    return Data(transfer, offset, body[_DATA.size :])


def _console_is_fine(message: ConsoleMessage) -> bool:
    match message:
        case Put():
            return _is_place(message) and message.conflict in CONFLICTS and message.via in VIAS
        case Get():
            return _is_place(message) and message.via in VIAS and message.offset >= 0
        case Make():
            return 0 < len(message.names) <= MAX_DEPTH and len(message.folder) <= MAX_PATH
        case List() | Rename() | Remove():
            return len(message.folder) <= MAX_PATH
        case Received():
            return message.sha256 == "" or is_sha256(message.sha256)
        case Finish():
            return is_sha256(message.sha256)
    return True


def _is_place(message: Put | Get) -> bool:
    right = 0 < len(message.names) <= MAX_DEPTH and len(message.folder) <= MAX_PATH
    return right and message.size >= 0 and 0 <= message.transfer < 2**32


def _agent_is_fine(message: AgentMessage) -> bool:
    match message:
        case Places():
            return all(place.kind in PLACE_KINDS for place in message.places)
        case Entries():
            return all(entry.kind in KINDS and entry.size >= 0 for entry in message.entries)
        case Offer():
            known = 0 < len(message.entries) <= MAX_OFFERED and message.via in VIAS
            return known and all(entry.kind in KINDS and entry.size >= 0 for entry in message.entries)
        case Ready():
            return 0 <= message.offset <= message.size
        case Ended():
            return message.sha256 == "" or is_sha256(message.sha256)
        case Finish():
            return is_sha256(message.sha256)
    return True


def is_sha256(text: str) -> bool:
    return len(text) == 64 and all(char in "0123456789abcdef" for char in text)
