"""Channel 8: addresses and commands for the customer's PC. `type u8 | JSON`.

0x01 OPEN     console -> agent: {"request", "url"}: opened in the customer's browser; http and https only
0x02 RUN      console -> agent: {"request", "shell", "command"}: `shell` is one of SHELLS; "none" splits the command into words
0x03 STOP     console -> agent: {"request"}: ends that command and what it started
0x11 OUTPUT   agent -> console: {"request", "error", "text"}: `error`: of the standard error
0x12 ENDED    agent -> console: {"request", "exit", "code"}: once for each OPEN and RUN; `exit` null: there is none; `code` ""
              or why it did not run or not to its end
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_EXECUTE"
SHELLS = ("none", "sh", "cmd", "powershell")
MAX_COMMAND = 4096
MAX_URL = 2048
MAX_OUTPUT_TEXT = 8 * 1024
"""Characters of one OUTPUT."""


class ExecuteType(IntEnum):
    OPEN = 0x01
    RUN = 0x02
    STOP = 0x03
    OUTPUT = 0x11
    ENDED = 0x12


@dataclass(frozen=True)
class Open:
    request: int
    url: str


@dataclass(frozen=True)
class Run:
    request: int
    shell: str
    command: str


@dataclass(frozen=True)
class Stop:
    request: int


@dataclass(frozen=True)
class Output:
    request: int
    error: bool
    text: str


@dataclass(frozen=True)
class Ended:
    request: int
    exit: int | None
    code: str


ConsoleMessage = Open | Run | Stop
AgentMessage = Output | Ended

_CONSOLE: dict[int, type[Any]] = {ExecuteType.OPEN: Open, ExecuteType.RUN: Run, ExecuteType.STOP: Stop}
_AGENT: dict[int, type[Any]] = {ExecuteType.OUTPUT: Output, ExecuteType.ENDED: Ended}
_KINDS = {kind: number for table in (_CONSOLE, _AGENT) for number, kind in table.items()}


def is_address(url: str) -> bool:
    """An http or https address that means one thing everywhere: with a host, without a name and password, without spaces."""
    if len(url) > MAX_URL or any(char.isspace() or not char.isprintable() for char in url):
        return False
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and "\\" not in url
        )
    except ValueError:
        return False


def is_command(command: str) -> bool:
    """One line that can be seen."""
    return (
        len(command.strip()) > 0 and len(command) <= MAX_COMMAND and all(c.isprintable() or c == "\t" for c in command)
    )


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    return bytes([_KINDS[type(message)]]) + messages.dump_json(asdict(message))


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_EXECUTE")."""
    message: ConsoleMessage = _decode(_CONSOLE, body)
    if isinstance(message, Open) and not is_address(message.url):
        raise RemoteProtocolError(BAD, "url")
    if isinstance(message, Run) and not (message.shell in SHELLS and is_command(message.command)):
        raise RemoteProtocolError(BAD, "command")
    return message


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_EXECUTE")."""
    message: AgentMessage = _decode(_AGENT, body)
    if isinstance(message, Output) and len(message.text) > MAX_OUTPUT_TEXT:
        raise RemoteProtocolError(BAD, "text")
    return message


def _decode(kinds: dict[int, type[Any]], body: bytes) -> Any:
    kind = kinds.get(body[0] if body else -1)
    if kind is None:
        raise RemoteProtocolError(BAD, "message")
    return messages.load_dataclass(kind, body[1:], BAD)
