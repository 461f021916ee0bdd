"""The agent's control link (/ws/agent): JSON text messages between agent and server. Nothing secret but `secret` itself.

agent -> server: Auth first, then Approval, EndSession, Acts, Quality, Rebooting, RebootCalledOff, AtDesktop, Dismiss
server -> agent: Hello, ApprovalAsked, Viewer, Roles, RebootNoted, Ended
Each message is an object whose `type` names its class in lower case with underscores.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

MAX_MESSAGE_BYTES = 64 * 1024
ROOM_BYTES = 64
"""What a message of acts takes beside the acts."""
MAX_ACTS = 500
MAX_FACTS, MAX_NAME_LENGTH, MAX_FACT_LENGTH = 16, 32, 1024
"""Lengths in characters."""
MAX_SAMPLES = 64
RESUME_S = 15 * 60
"""How long after Rebooting the secret of a restart brings the session back."""
MAX_VIEWERS = 4
"""Consoles that see one PC at once."""


class Role(StrEnum):
    """What a console may do: everything that the session allows, or look on. One operator controls at a time."""

    CONTROLLER = "controller"
    WATCHER = "watcher"


class Step(StrEnum):
    """What the operator sees of a restart, in this order; LOGON_SCREEN may be missing."""

    GOING_DOWN = "going_down"
    NO_SIGNAL = "no_signal"
    NETWORK_UP = "network_up"
    LOGON_SCREEN = "logon_screen"
    DESKTOP = "desktop"


@dataclass(frozen=True)
class Auth:
    session: str
    secret: str
    version: str


@dataclass(frozen=True)
class Approval:
    accepted: bool


@dataclass(frozen=True)
class EndSession:
    """The customer ended the session, or the agent raised the alarm ("security_alarm")."""

    reason: str


@dataclass(frozen=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True)
class Act:
    """Something was done on the PC: `name` as in wizhelper.records.acts.ACTS. At most 16 facts, as MAX_FACT_LENGTH says."""

    name: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Acts:
    """In the order in which they were done; 1 to MAX_ACTS."""

    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Sample:
    """What a console got over five seconds that began `ago_s` before this was sent; None: nothing was measured."""

    ago_s: float
    latency_ms: float | None
    rtt_ms: float | None
    fps: float
    kbit_s: float


@dataclass(frozen=True)
class Quality:
    """At most MAX_SAMPLES."""

    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Dismiss:
    """The customer sent this person away, who only looked on: `person` as in Viewer."""

    person: str


@dataclass(frozen=True)
class Rebooting:
    """The PC restarts as soon as RebootNoted came. `secret_hash`: SHA-256, in hex, of what POST /join/resume will bring."""

    secret_hash: str
    safe_mode: bool
    auto_logon: bool


@dataclass(frozen=True)
class RebootCalledOff:
    """The PC stays up, and the secret is forgotten."""


@dataclass(frozen=True)
class AtDesktop:
    """After a restart that ended at the logon screen: somebody has logged on."""


@dataclass(frozen=True)
class RebootNoted:
    """The server waits for the PC to come back."""


@dataclass(frozen=True)
class Hello:
    state: str
    company: str
    operator: str
    since_s: float
    sas_policy: str
    permissions: tuple[str, ...]
    receipt: str = ""
    """Token of the page /receipt/<token>, which shows the customer what was done; "" where there is no such person."""
    chat_kept: bool = False
    """Chat is kept with the record: the agent says so before the first line."""


@dataclass(frozen=True)
class ApprovalAsked:
    operator: str
    timeout_s: float


@dataclass(frozen=True)
class Viewer:
    """A console wants to see this PC: open a relay link with this ticket. `person`: one operator, who may have several windows;
    `seat`: one window of his, whose newer link replaces the older one. `role`: a Role."""

    viewer: str
    ticket: str
    sid: str
    operator: str
    person: str = ""
    seat: str = ""
    role: str = Role.CONTROLLER


@dataclass(frozen=True)
class ViewerRole:
    viewer: str
    role: str


@dataclass(frozen=True)
class Roles:
    """Who may do what from now on; a viewer that is not named has to go."""

    viewers: tuple[ViewerRole, ...]


@dataclass(frozen=True)
class Ended:
    reason: str


AgentMessage = Auth | Approval | EndSession | Acts | Quality | Rebooting | RebootCalledOff | AtDesktop | Dismiss
ServerMessage = Hello | ApprovalAsked | Viewer | Roles | RebootNoted | Ended

_FROM_AGENT: tuple[type[Any], ...] = (
    *(Auth, Approval, EndSession, Acts, Quality),
    *(Rebooting, RebootCalledOff, AtDesktop, Dismiss),
)
_FROM_SERVER: tuple[type[Any], ...] = (Hello, ApprovalAsked, Viewer, Roles, RebootNoted, Ended)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _name(kind: type[Any]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_AGENT_TYPES = {_name(kind): kind for kind in _FROM_AGENT}
_SERVER_TYPES = {_name(kind): kind for kind in _FROM_SERVER}


def encode(message: AgentMessage | ServerMessage) -> bytes:
    return messages.dump_json({"type": _name(type(message)), **asdict(message)})


def decode_from_agent(data: bytes | str) -> AgentMessage:
    """Raises RemoteProtocolError("BAD_LIVE")."""
    found: AgentMessage = _decode(data, _AGENT_TYPES)
    if isinstance(found, Acts):
        _check_acts(found)
    if isinstance(found, Quality) and len(found.samples) > MAX_SAMPLES:
        raise RemoteProtocolError("BAD_LIVE", "samples")
    if isinstance(found, Rebooting) and not _SHA256.fullmatch(found.secret_hash):
        raise RemoteProtocolError("BAD_LIVE", "secret_hash")
    return found


def decode_from_server(data: bytes | str) -> ServerMessage:
    """Raises RemoteProtocolError("BAD_LIVE")."""
    found: ServerMessage = _decode(data, _SERVER_TYPES)
    roles = [found.role] if isinstance(found, Viewer) else []
    if isinstance(found, Roles):
        roles = [viewer.role for viewer in found.viewers]
    if not set(roles) <= set(Role):
        raise RemoteProtocolError("BAD_LIVE", "role")
    return found


def weight(act: Act) -> int:
    """Bytes that it takes in a message."""
    return len(messages.dump_json(asdict(act))) + 1


def _check_acts(message: Acts) -> None:
    if not 1 <= len(message.acts) <= MAX_ACTS:
        raise RemoteProtocolError("BAD_LIVE", "acts")
    for act in message.acts:
        _check_act(act)


def _check_act(act: Act) -> None:
    long = any(len(fact.name) > MAX_NAME_LENGTH or len(fact.value) > MAX_FACT_LENGTH for fact in act.facts)
    if len(act.facts) > MAX_FACTS or long:
        raise RemoteProtocolError("BAD_LIVE", "facts")


def _decode(data: bytes | str, types: dict[str, type[Any]]) -> Any:
    value = messages.load_json(data, "BAD_LIVE", MAX_MESSAGE_BYTES)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise RemoteProtocolError("BAD_LIVE", "no type")
    kind = types.get(value.pop("type"))
    if kind is None:
        raise RemoteProtocolError("BAD_LIVE", "unknown type")
    return messages.from_plain(kind, value, "BAD_LIVE")
