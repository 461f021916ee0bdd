"""Channel 19: restarting the customer's PC. `type u8 | JSON`. Padded: the length of a password is nobody's business.

0x01 ASK      console -> agent: {}: what is possible on this PC?
0x02 RESTART  console -> agent: {"request", "safe_mode", "account", "password"}: `account` "": nobody is logged on by itself
0x11 ABLE     agent -> console: {"restart", "safe_mode", "auto_logon", "account"}: `account`: who is logged on now
0x12 ANSWER   agent -> console: {"request", "state", "code"}: `state` "asking" (the customer is asked), "going_down", or
              "refused" with `code`; the last one says how it ended
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_REBOOT"
MAX_ACCOUNT, MAX_PASSWORD = 256, 256
"""Characters."""


class RebootType(IntEnum):
    ASK = 0x01
    RESTART = 0x02
    ABLE = 0x11
    ANSWER = 0x12


class State(StrEnum):
    ASKING = "asking"
    GOING_DOWN = "going_down"
    REFUSED = "refused"


class Code(StrEnum):
    """Why the PC does not restart."""

    NONE = ""
    NOT_ALLOWED = "NOT_ALLOWED"
    UNSUPPORTED = "UNSUPPORTED"
    BUSY = "BUSY"
    WRONG_PASSWORD = "WRONG_PASSWORD"
    CUSTOMER_REFUSED = "CUSTOMER_REFUSED"
    NOBODY_ANSWERED = "NOBODY_ANSWERED"
    SERVER_SILENT = "SERVER_SILENT"
    NOT_KEPT = "NOT_KEPT"
    RESTART_REFUSED = "RESTART_REFUSED"
    STILL_UP = "STILL_UP"


@dataclass(frozen=True)
class Ask:
    pass


@dataclass(frozen=True)
class Restart:
    request: int
    safe_mode: bool
    account: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Able:
    restart: bool
    safe_mode: bool
    auto_logon: bool
    account: str


@dataclass(frozen=True)
class Answer:
    request: int
    state: str
    code: str


ConsoleMessage = Ask | Restart
AgentMessage = Able | Answer

_CONSOLE: dict[int, type[Any]] = {RebootType.ASK: Ask, RebootType.RESTART: Restart}
_AGENT: dict[int, type[Any]] = {RebootType.ABLE: Able, RebootType.ANSWER: Answer}
_KINDS = {kind: number for table in (_CONSOLE, _AGENT) for number, kind in table.items()}


def is_account(text: str) -> bool:
    """A name that can be seen and that no command or file takes for something else."""
    return len(text) <= MAX_ACCOUNT and text.isprintable() and not text.startswith("-") and not set(text) & set('/"')


def encode(message: ConsoleMessage | AgentMessage) -> bytes:
    return bytes([_KINDS[type(message)]]) + messages.dump_json(asdict(message))


def decode_console(body: bytes) -> ConsoleMessage:
    """What a console may send. Raises RemoteProtocolError("BAD_REBOOT"), which never quotes a password."""
    message: ConsoleMessage = _decode(_CONSOLE, body)
    if isinstance(message, Restart):
        if not is_account(message.account):
            raise RemoteProtocolError(BAD, "account")
        if len(message.password) > MAX_PASSWORD or "\0" in message.password:
            raise RemoteProtocolError(BAD, "password")
    return message


def decode_agent(body: bytes) -> AgentMessage:
    """What an agent may send. Raises RemoteProtocolError("BAD_REBOOT")."""
    message: AgentMessage = _decode(_AGENT, body)
    if isinstance(message, Answer) and message.state not in set(State):
        raise RemoteProtocolError(BAD, "state")
    return message


def _decode(kinds: dict[int, type[Any]], body: bytes) -> Any:
    kind = kinds.get(body[0] if body else -1)
    if kind is None:
        raise RemoteProtocolError(BAD, "message")
    return messages.load_dataclass(kind, body[1:], BAD)
