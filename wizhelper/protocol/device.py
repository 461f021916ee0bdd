"""The registered device's link (/ws/device) and its enrolment: JSON text messages, `type` as in live.py.

server -> device   Challenge first; after the proof Admitted, then Policy, Invite, Task, Wake, Restart, Update, Removed whenever
device -> server   Proof first, then Networks, Rename, Unregister, Alive; Declined, TaskDone and Updated as answers

The device proves its Ed25519 key by signing the server's nonce together with everything that it says of itself. The policy
of unattended access is a text that the organisation key signs; the device keeps its own copy and never takes an older one.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.device_access import AccessRules, check_rules
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SIGNATURE_BYTES, SigningKey, sha256, verify_signature
from wizhelper.protocol.update import SignedManifest

BAD = "BAD_DEVICE"
BAD_POLICY = "BAD_POLICY"
MAX_MESSAGE_BYTES = 16 * 1024
NONCE_BYTES = 32
MAX_NAME_LENGTH = 64
MAX_NETWORKS = 16
#: So little that its JSON, which may double it, still fits into a message.
MAX_OUTPUT_BYTES = 6 * 1024
MIN_ANSWER_S, MAX_ANSWER_S = 10, 300


class Approval(StrEnum):
    """Whether somebody at the PC is asked before an operator gets in."""

    NEVER = "never"
    ASK_THEN_ALLOW = "ask_then_allow"
    ASK_THEN_REFUSE = "ask_then_refuse"
    ALWAYS = "always"


class Standing(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"


@dataclass(frozen=True)
class Network:
    """One network card: "00:11:22:33:44:55", its IPv4 network "192.0.2.0/24", and its broadcast address."""

    mac: str
    network: str
    broadcast: str


@dataclass(frozen=True)
class Networks:
    """Told after each admission; at most MAX_NETWORKS."""

    networks: tuple[Network, ...]


@dataclass(frozen=True)
class Declined:
    """The PC lets nobody in: `code` a device_access.Refusal, by its own copy of the policy."""

    session: str
    code: str


@dataclass(frozen=True)
class TaskDone:
    """`code`: "" or why not; `exit`: of a command that ended; `output`: its last part, at most MAX_OUTPUT_BYTES as UTF-8."""

    task: str
    code: str
    exit: int | None
    output: str


@dataclass(frozen=True)
class Challenge:
    """`nonce`: 32 random bytes, hex."""

    nonce: str


@dataclass(frozen=True)
class About:
    """What a device says of its PC. `instance`: random per start of the agent; two of one key at once are two machines."""

    instance: str
    version: str
    host_name: str
    user_name: str
    os: str
    os_version: str


@dataclass(frozen=True)
class Proof:
    """`key` and `signature` in hex."""

    device: str
    key: str
    signature: str
    about: About


@dataclass(frozen=True)
class SignedPolicy:
    """`text`: the JSON of a DevicePolicy, exactly as it was signed; `signature` in hex."""

    text: str
    signature: str


@dataclass(frozen=True)
class Admitted:
    """`standing`: a Standing; `policy` only for an active device."""

    standing: str
    name: str
    company: str
    policy: SignedPolicy | None


@dataclass(frozen=True)
class Policy:
    policy: SignedPolicy


@dataclass(frozen=True)
class Invite:
    """An operator wants to connect: the session and the secret that opens its live link. `reason` and `approver` (the second
    person): "" where the policy asks for none."""

    session: str
    secret: str
    operator: str
    reason: str = ""
    approver: str = ""


@dataclass(frozen=True)
class Task:
    """A command for this PC, without a session; its policy has to allow Action.COMMAND."""

    task: str
    shell: str
    command: str


@dataclass(frozen=True)
class Wake:
    """To a neighbour: magic packets for the network cards of a PC that sleeps."""

    task: str
    networks: tuple[Network, ...]


@dataclass(frozen=True)
class Restart:
    """The agent starts anew, not the PC; TaskDone is the answer."""

    task: str


@dataclass(frozen=True)
class Update:
    """A release that the agent may replace itself by; Updated is the answer. `task`: "" if the appliance offers it by itself."""

    task: str
    manifest: SignedManifest


@dataclass(frozen=True)
class Updated:
    """`code`: "" when `version` is there and runs as soon as no session goes on; else why not. UPDATE_ROLLED_BACK, with
    no task, is said at each link after a version did not prove itself."""

    task: str
    version: str
    code: str


@dataclass(frozen=True)
class Removed:
    """The device is not registered any more."""


@dataclass(frozen=True)
class AreYouThere:
    """Somebody else came with this device's key: Alive is the answer of a PC that is still there."""


@dataclass(frozen=True)
class Alive:
    pass


@dataclass(frozen=True)
class Rename:
    name: str


@dataclass(frozen=True)
class Unregister:
    pass


@dataclass(frozen=True)
class DevicePolicy:
    """Of one device. `serial` only ever grows. `approval`: an Approval; `answer_s`: how long a person has to answer."""

    device: str
    serial: int
    approval: str
    answer_s: int
    access: AccessRules = field(default_factory=AccessRules)


DeviceMessage = Proof | Rename | Unregister | Alive | Networks | Declined | TaskDone | Updated
ServerMessage = Challenge | Admitted | Policy | Invite | Removed | AreYouThere | Task | Wake | Restart | Update

_FROM_DEVICE: tuple[type[Any], ...] = (Proof, Rename, Unregister, Alive, Networks, Declined, TaskDone, Updated)
_FROM_SERVER: tuple[type[Any], ...] = (
    Challenge, Admitted, Policy, Invite, Removed, AreYouThere, Task, Wake, Restart, Update,
)


def _name(kind: type[Any]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_DEVICE_TYPES = {_name(kind): kind for kind in _FROM_DEVICE}
_SERVER_TYPES = {_name(kind): kind for kind in _FROM_SERVER}


def plain(message: DeviceMessage | ServerMessage) -> dict[str, Any]:
    return {"type": _name(type(message)), **asdict(message)}


def encode(message: DeviceMessage | ServerMessage) -> bytes:
    return messages.dump_json(plain(message))


def decode_from_device(data: bytes | str) -> DeviceMessage:
    """Raises RemoteProtocolError("BAD_DEVICE")."""
    found: DeviceMessage = _decode(data, _DEVICE_TYPES)
    return found


def decode_from_server(data: bytes | str) -> ServerMessage:
    """Raises RemoteProtocolError("BAD_DEVICE")."""
    found: ServerMessage = _decode(data, _SERVER_TYPES)
    return found


def _decode(data: bytes | str, types: dict[str, type[Any]]) -> Any:
    value = messages.load_json(data, BAD, MAX_MESSAGE_BYTES)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise RemoteProtocolError(BAD, "no type")
    kind = types.get(value.pop("type"))
    if kind is None:
        raise RemoteProtocolError(BAD, "unknown type")
    return messages.from_plain(kind, value, BAD)


# --- signatures -------------------------------------------------------------------------------------------------------


def from_hex(text: str, length: int, code: str) -> bytes:
    """Raises RemoteProtocolError(code)."""
    if len(text) != 2 * length or not all(c in "0123456789abcdef" for c in text):
        raise RemoteProtocolError(code, "hex")
    return bytes.fromhex(text)


def _login_text(nonce: bytes, device: str, key: bytes, about: About) -> bytes:
    said = messages.dump_json([device, asdict(about)])
    return b"WH device login\x00" + nonce + key + sha256(said)


def prove(nonce: str, device: str, about: About, key: SigningKey) -> Proof:
    """Raises RemoteProtocolError("BAD_DEVICE") for a nonce that is none."""
    text = _login_text(from_hex(nonce, NONCE_BYTES, BAD), device, key.public, about)
    return Proof(device, key.public.hex(), key.sign(text).hex(), about)


def check_proof(nonce: bytes, proof: Proof) -> None:
    """Possession of `proof.key`; whether it is the device's key is the caller's to ask.
    Raises RemoteProtocolError("BAD_DEVICE" or "BAD_SIGNATURE")."""
    key = from_hex(proof.key, KEY_BYTES, BAD)
    signature = from_hex(proof.signature, SIGNATURE_BYTES, BAD)
    verify_signature(key, signature, _login_text(nonce, proof.device, key, proof.about))


def enrolment_text(company: str, name: str, group: str, key: bytes) -> bytes:
    """What a new device signs, so that nobody can register a key that he does not have."""
    return b"WH device enrolment\x00" + key + sha256(messages.dump_json([company, name, group]))


def sign_policy(policy: DevicePolicy, key: SigningKey) -> SignedPolicy:
    text = messages.dump_json(asdict(policy))
    return SignedPolicy(text.decode(), key.sign(_policy_text(text)).hex())


def read_policy(signed: SignedPolicy, organisation: bytes, device: str, serial: int) -> DevicePolicy:
    """The policy, if `organisation` signed it for this `device` and it is not older than `serial`.
    Raises RemoteProtocolError("BAD_POLICY" or "BAD_SIGNATURE")."""
    text = signed.text.encode()
    verify_signature(organisation, from_hex(signed.signature, SIGNATURE_BYTES, BAD_POLICY), _policy_text(text))
    policy = messages.load_dataclass(DevicePolicy, text, BAD_POLICY)
    if policy.device != device or policy.serial < serial:
        raise RemoteProtocolError(BAD_POLICY, "of another device, or older than the present one")
    if policy.approval not in set(Approval) or not MIN_ANSWER_S <= policy.answer_s <= MAX_ANSWER_S:
        raise RemoteProtocolError(BAD_POLICY, "values")
    check_rules(policy.access, BAD_POLICY)
    return policy


def _policy_text(text: bytes) -> bytes:
    return b"WH device policy\x00" + text
