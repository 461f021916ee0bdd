"""Channel 9: what the customer's PC is and runs. `type u8 | body`; all bodies are JSON.

0x01 ASK     console -> agent: {"request", "what", "level"}: `what` is one of WHAT; the answer carries the number `request`;
             `level` one of LEVELS: of "events" only those that are at least so grave ("": all); may be left out
0x02 KILL    console -> agent: {"request", "pid", "started"}: ends that process if it is still the same one
0x11 to 0x16 agent -> console, one kind for each of WHAT: {"request", "last", "rows"}: a page of the answer; `last` ends it
0x1f RESULT  agent -> console: {"request", "code"}: "" when a KILL is done, else why not, or why there is no answer
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_INFO"
PAGE_BYTES = 32 * 1024
MAX_PAGE_ROWS = 1000
MAX_CELL = 300
"""Characters of a text; longer ones are cut by the agent."""


class InfoType(IntEnum):
    ASK = 0x01
    KILL = 0x02
    PROCESSES = 0x11
    HARDWARE = 0x12
    SOFTWARE = 0x13
    SYSTEM = 0x14
    SERVICES = 0x15
    EVENTS = 0x16
    RESULT = 0x1F


@dataclass(frozen=True)
class Process:
    """`cpu`: percent of one core since the last question; `memory`: resident bytes; `started`: seconds since 1970."""

    pid: int
    name: str
    user: str
    cpu: float
    memory: int
    started: float
    command: str


@dataclass(frozen=True)
class Fact:
    """`section` and `key` are words of the console; a key that it does not know is shown as it is."""

    section: str
    key: str
    value: str


@dataclass(frozen=True)
class Program:
    name: str
    version: str
    publisher: str


@dataclass(frozen=True)
class Service:
    name: str
    title: str
    state: str


@dataclass(frozen=True)
class LogEvent:
    """`time`: seconds since 1970, 0 if unknown; `level`: "error", "warning" or "information"; `code`: the system's own number."""

    time: float
    level: str
    source: str
    code: str
    text: str


Row = Process | Fact | Program | Service | LogEvent
LEVELS = ("", "warning", "error")

WHAT: dict[str, tuple[InfoType, type[Any]]] = {
    "processes": (InfoType.PROCESSES, Process),
    "hardware": (InfoType.HARDWARE, Fact),
    "software": (InfoType.SOFTWARE, Program),
    "system": (InfoType.SYSTEM, Fact),
    "services": (InfoType.SERVICES, Service),
    "events": (InfoType.EVENTS, LogEvent),
}
_BY_TYPE = {kind: (what, row) for what, (kind, row) in WHAT.items()}


@dataclass(frozen=True)
class Ask:
    request: int
    what: str
    level: str = ""


@dataclass(frozen=True)
class Kill:
    request: int
    pid: int
    started: float


@dataclass(frozen=True)
class Page:
    what: str
    request: int
    last: bool
    rows: tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    request: int
    code: str


@dataclass(frozen=True)
class _PageHead:
    request: int
    last: bool


def encode(message: Ask | Kill | Page | Result) -> bytes:
    match message:
        case Ask():
            kind = InfoType.ASK
        case Kill():
            kind = InfoType.KILL
        case Result():
            kind = InfoType.RESULT
        case Page():
            kind = WHAT[message.what][0]
    fields = asdict(message)
    fields.pop("what" if isinstance(message, Page) else "", None)
    return bytes([kind]) + messages.dump_json(fields)


def pages(what: str, request: int, rows: Sequence[Row]) -> Iterator[Page]:
    """At least one, the last one marked."""
    page: list[Row] = []
    size = 0
    for row in rows:
        length = len(messages.dump_json(asdict(row)))
        if page and (size + length > PAGE_BYTES or len(page) >= MAX_PAGE_ROWS):
            yield Page(what, request, False, tuple(page))
            page, size = [], 0
        page.append(row)
        size += length
    yield Page(what, request, True, tuple(page))


def decode_console(body: bytes) -> Ask | Kill:
    """What a console may send. Raises RemoteProtocolError("BAD_INFO")."""
    kind = body[0] if body else -1
    if kind == InfoType.KILL:
        return messages.load_dataclass(Kill, body[1:], BAD)
    if kind != InfoType.ASK:
        raise RemoteProtocolError(BAD, f"message {kind}")
    ask = messages.load_dataclass(Ask, body[1:], BAD)
    if ask.what not in WHAT or ask.level not in LEVELS:
        raise RemoteProtocolError(BAD, "what")
    return ask


def decode_agent(body: bytes) -> Page | Result:
    """What an agent may send. Raises RemoteProtocolError("BAD_INFO")."""
    kind = body[0] if body else -1
    if kind == InfoType.RESULT:
        return messages.load_dataclass(Result, body[1:], BAD)
    if kind not in _BY_TYPE:
        raise RemoteProtocolError(BAD, f"message {kind}")
    what, row = _BY_TYPE[InfoType(kind)]
    value = messages.load_json(body[1:], BAD, messages.MAX_JSON_BYTES)
    if not isinstance(value, dict) or not isinstance(rows := value.pop("rows", None), list) or len(rows) > MAX_PAGE_ROWS:
        raise RemoteProtocolError(BAD, "rows")
    head = messages.from_plain(_PageHead, value, BAD)
    return Page(what, head.request, head.last, tuple(messages.from_plain(row, item, BAD) for item in rows))
