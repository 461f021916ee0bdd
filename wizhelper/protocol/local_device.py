"""Between the tray and the device service of one PC: one JSON object a line, UTF-8, on a local socket.

The tray says Hello first; then the service tells its State, again after every change, and answers what is asked. On a
loopback socket Hello carries the token of the service's token file; on a Unix socket the system says who is there, and
the token is empty. Any local user may see the state and end a session; the rest is for the service's own user and for
the administrator of the PC (`State.owner`).

Encoding is that of local.py, with names of its own. The service enforces the limits of lines and fields on what a tray sends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.device import MAX_NAME_LENGTH
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

BAD_LINE = "BAD_LOCAL"
#: A registration with the PEM of a CA is the longest line of a tray.
MAX_FROM_TRAY_BYTES = 24 * 1024
MAX_TO_TRAY_BYTES = messages.MAX_JSON_BYTES
MAX_SERVER, MAX_COMPANY, MAX_GROUP, MAX_TOKEN, MAX_CA, MAX_ID = 255, 64, 600, 100, 16 * 1024, 64
LANGUAGES = ("ko", "en")


class Condition(StrEnum):
    """How this PC stands with its appliance."""

    UNREGISTERED = "unregistered"
    OFFLINE = "offline"
    PENDING = "pending"
    ONLINE = "online"
    #: The appliance does not know this device any more, or two machines have its key.
    UNKNOWN = "unknown"
    CLONED = "cloned"


class Act(StrEnum):
    """What a Result is about."""

    GROUPS = "groups"
    REGISTER = "register"
    RENAME = "rename"
    UNREGISTER = "unregister"
    END = "end"


# The tray -> the service


@dataclass(frozen=True)
class Hello:
    """First. `lang`: of LANGUAGES, in which Results are told."""

    token: str
    lang: str


@dataclass(frozen=True)
class AskGroups:
    """The groups that a company offers to a PC that registers; answered by Groups or a Result. `token`: "" for none."""

    server: str
    company: str
    token: str


@dataclass(frozen=True)
class Register:
    """`group`: "Head office/First floor", "" for unclassified. `ca`: PEM of the only CA to be trusted; None: the one of the
    connection file if it is for this server, else those that the system trusts."""

    server: str
    company: str
    name: str
    group: str
    token: str
    ca: str | None = None


@dataclass(frozen=True)
class Rename:
    name: str


@dataclass(frozen=True)
class Unregister:
    pass


@dataclass(frozen=True)
class EndSession:
    session: str


@dataclass(frozen=True)
class AskHistory:
    """Answered by History."""


FromTray = Hello | AskGroups | Register | Rename | Unregister | EndSession | AskHistory


# The service -> the tray


@dataclass(frozen=True)
class LiveSession:
    id: str
    operator: str
    since_epoch_s: float


@dataclass(frozen=True)
class State:
    """`name`: of the device, or the one that is offered to register; `server` likewise. `key`: its first half, for comparing
    with the page before an administrator approves. `removed`: the registration was ended by the appliance."""

    condition: str
    owner: bool
    server: str
    company: str
    device: str
    name: str
    key: str
    version: str
    removed: bool
    sessions: tuple[LiveSession, ...]


@dataclass(frozen=True)
class Groups:
    """Paths such as "Head office/First floor", in order; `company`: its name."""

    company: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class PastSession:
    """`until_epoch_s` None: it still runs, or the PC was switched off meanwhile. `reason`: how it ended, in words."""

    operator: str
    since_epoch_s: float
    until_epoch_s: float | None
    reason: str


@dataclass(frozen=True)
class History:
    """Newest first."""

    sessions: tuple[PastSession, ...]


@dataclass(frozen=True)
class Result:
    """`act`: an Act; `code` "" when it was done, else why not, with a sentence and what to do next."""

    act: str
    code: str
    text: str
    next_step: str


ToTray = State | Groups | History | Result

FROM_TRAY: Mapping[str, type[Any]] = {
    "hello": Hello,
    "ask_groups": AskGroups,
    "register": Register,
    "rename": Rename,
    "unregister": Unregister,
    "end": EndSession,
    "ask_history": AskHistory,
}

TO_TRAY: Mapping[str, type[Any]] = {"state": State, "groups": Groups, "history": History, "result": Result}

_NAMES = {kind: name for table in (FROM_TRAY, TO_TRAY) for name, kind in table.items()}

#: The longest that each text of a tray may be.
_LIMITS: Mapping[str, int] = {
    "server": MAX_SERVER,
    "company": MAX_COMPANY,
    "group": MAX_GROUP,
    "token": MAX_TOKEN,
    "ca": MAX_CA,
    "session": MAX_ID,
    "name": MAX_NAME_LENGTH,
}


def clean_name(typed: str) -> str | None:
    """A device's name as it is kept: NFC, without space around it; None if it is none. The appliance has the same rule."""
    name = unicodedata.normalize("NFC", typed).strip()
    hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)
    return None if hidden or not 0 < len(name) <= MAX_NAME_LENGTH else name


def encode(message: FromTray | ToTray) -> bytes:
    """One line without its newline. Raises LocalProtocolError("BAD_LOCAL") if it is too long for the other end."""
    line = messages.dump_json({"type": _NAMES[type(message)], **asdict(message)})
    limit = MAX_FROM_TRAY_BYTES if isinstance(message, FromTray) else MAX_TO_TRAY_BYTES
    if len(line) > limit:
        raise LocalProtocolError(BAD_LINE, "too long")
    return line


def decode_from_tray(line: bytes) -> FromTray:
    """Raises RemoteProtocolError("BAD_LOCAL")."""
    message: FromTray = _decode(FROM_TRAY, line, MAX_FROM_TRAY_BYTES)
    for field, limit in _LIMITS.items():
        if len(getattr(message, field, None) or "") > limit:
            raise RemoteProtocolError(BAD_LINE, f"{field} is too long")
    if isinstance(message, Hello) and message.lang not in LANGUAGES:
        raise RemoteProtocolError(BAD_LINE, "lang")
    return message


def decode_to_tray(line: bytes) -> ToTray:
    """Raises RemoteProtocolError("BAD_LOCAL")."""
    message: ToTray = _decode(TO_TRAY, line, MAX_TO_TRAY_BYTES)
    if isinstance(message, State) and message.condition not in set(Condition):
        raise RemoteProtocolError(BAD_LINE, "condition")
    if isinstance(message, Result) and message.act not in set(Act):
        raise RemoteProtocolError(BAD_LINE, "act")
    return message


def _decode(kinds: Mapping[str, type[Any]], line: bytes, limit: int) -> Any:
    value = messages.load_json(line, BAD_LINE, limit)
    name = value.pop("type", None) if isinstance(value, dict) else None
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RemoteProtocolError(BAD_LINE, "unknown type")
    return messages.from_plain(kind, value, BAD_LINE)
