"""Channel 0: who is there, what is allowed, liveness, the end. `type u8 | body`, big-endian.

0x01 AUTH      u16 n, n bytes identity (JSON), 64 bytes Ed25519 signature: m4 and m5 of WH1, the first frame of each direction
0x02 REKEY     empty: the next frame of this direction uses the next key
0x03 WELCOME   agent -> console, JSON Welcome: after AUTH, and again whenever it changes
0x04 END       JSON End: the sender ends the session
0x05 PING      u64 anything
0x06 PONG      u64 the same back
0x07 NOTE      console -> agent, JSON Note: what the operator does with the picture, shown to the customer and recorded
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SIGNATURE_BYTES, SigningKey, sha256, verify_signature


class ControlType(IntEnum):
    AUTH = 0x01
    REKEY = 0x02
    WELCOME = 0x03
    END = 0x04
    PING = 0x05
    PONG = 0x06
    NOTE = 0x07


class SasPolicy(StrEnum):
    """What the session asks of the confirmation number. REQUIRED: no picture and no input before it was typed on the PC."""

    OFF = "off"
    SHOWN = "shown"
    REQUIRED = "required"


class Trust(StrEnum):
    """The lock states of the console. There is no state without end-to-end encryption."""

    UNVERIFIED = "unverified"
    NUMBER = "number"
    DEVICE_KEY = "device_key"


class Activity(StrEnum):
    """What goes on in a session, as the person at the PC is told it while it lasts."""

    RECORDING = "recording"
    CLIPBOARD = "clipboard"
    COMMAND = "command"
    FILES = "files"
    DRAWING = "drawing"
    TERMINAL = "terminal"
    PRINTING = "printing"
    SHARE = "share"


class Doing(StrEnum):
    """What only the console knows of, because it does it with what it already has."""

    RECORDING_STARTED = "recording_started"
    RECORDING_STOPPED = "recording_stopped"
    SCREENSHOT = "screenshot"


@dataclass(frozen=True)
class Identity:
    """What each end says of itself in AUTH. `key`: Ed25519 public key, hex. Untrusted text: show it, never obey it."""

    kind: str
    name: str
    version: str
    key: str
    host: str = ""
    user: str = ""
    os: str = ""
    os_version: str = ""


@dataclass(frozen=True)
class Welcome:
    permissions: tuple[str, ...]
    sas_policy: str
    trust: str
    resumed: bool


@dataclass(frozen=True)
class End:
    reason: str


@dataclass(frozen=True)
class Ping:
    token: int


@dataclass(frozen=True)
class Pong:
    token: int


@dataclass(frozen=True)
class Note:
    """`doing`: a Doing."""

    doing: str


@dataclass(frozen=True)
class Rekey:
    pass


ControlMessage = Welcome | End | Ping | Pong | Note | Rekey

MAX_IDENTITY_BYTES = 4096
_TOKEN = struct.Struct(">BQ")


def encode(message: ControlMessage) -> bytes:
    match message:
        case Welcome():
            return bytes([ControlType.WELCOME]) + messages.dump_json(asdict(message))
        case End():
            return bytes([ControlType.END]) + messages.dump_json(asdict(message))
        case Ping(token):
            return _TOKEN.pack(ControlType.PING, token)
        case Pong(token):
            return _TOKEN.pack(ControlType.PONG, token)
        case Note():
            return bytes([ControlType.NOTE]) + messages.dump_json(asdict(message))
        case Rekey():
            return bytes([ControlType.REKEY])


def decode(body: bytes) -> ControlMessage:
    """Any message but AUTH. Raises RemoteProtocolError("BAD_CONTROL")."""
    kind = body[0] if body else -1
    if kind == ControlType.WELCOME:
        return messages.load_dataclass(Welcome, body[1:], "BAD_CONTROL")
    if kind == ControlType.END:
        return messages.load_dataclass(End, body[1:], "BAD_CONTROL")
    if kind == ControlType.NOTE:
        return _note(body[1:])
    if kind in (ControlType.PING, ControlType.PONG) and len(body) == _TOKEN.size:
        token = _TOKEN.unpack(body)[1]
        return Ping(token) if kind == ControlType.PING else Pong(token)
    if kind == ControlType.REKEY and len(body) == 1:
        return Rekey()
    raise RemoteProtocolError("BAD_CONTROL", f"message {kind}")


def _note(data: bytes) -> Note:
    note = messages.load_dataclass(Note, data, "BAD_CONTROL")
    if note.doing not in set(Doing):
        raise RemoteProtocolError("BAD_CONTROL", "doing")
    return note


def _signed(side: str, th: bytes, blob: bytes) -> bytes:
    return b"WH1 auth " + side.encode("ascii") + b"\x00" + th + sha256(blob)


def encode_auth(side: str, th: bytes, identity: Identity, key: SigningKey) -> bytes:
    """m4 (`side` "A") or m5 ("O")."""
    blob = messages.dump_json(asdict(identity))
    return struct.pack(">BH", ControlType.AUTH, len(blob)) + blob + key.sign(_signed(side, th, blob))


def decode_auth(side: str, th: bytes, body: bytes) -> Identity:
    """Checks the signature by the key that the identity names: it proves possession and binds the key to this handshake,
    not who owns it. Raises RemoteProtocolError("BAD_AUTH" or "BAD_SIGNATURE")."""
    if len(body) < 3 or body[0] != ControlType.AUTH:
        raise RemoteProtocolError("BAD_AUTH", "no AUTH")
    (length,) = struct.unpack_from(">H", body, 1)
    blob, signature = body[3 : 3 + length], body[3 + length :]
    if len(blob) != length or length > MAX_IDENTITY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise RemoteProtocolError("BAD_AUTH", "length")
    identity = messages.load_dataclass(Identity, blob, "BAD_AUTH")
    if len(identity.key) != 2 * KEY_BYTES or not all(c in "0123456789abcdef" for c in identity.key):
        raise RemoteProtocolError("BAD_AUTH", "key")
    verify_signature(bytes.fromhex(identity.key), signature, _signed(side, th, blob))
    return identity
