"""The one door to cryptography of the protocol: X25519, HKDF-SHA256, AES-256-GCM, Ed25519. Lengths are checked here.

Purposes of the keys are in docs/protocol.md, "WH1". Nothing here keeps a secret longer than its object lives; Python
cannot promise to wipe memory, and does not.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wizhelper.protocol import frames
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

KEY_BYTES = 32
SIGNATURE_BYTES = 64

MINUTE = 60.0
REKEY_FRAMES = 1 << 20
REKEY_BYTES = 16 << 30
REKEY_SECONDS = 30 * MINUTE

Random = Callable[[int], bytes]
system_random: Random = os.urandom


def sha256(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def hkdf_extract(salt: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, material, "sha256")


def hkdf_expand(key: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """RFC 5869 for at most one block (`length` <= 32), which is all that WH1 needs."""
    if len(key) != KEY_BYTES or not 0 < length <= KEY_BYTES:
        raise LocalProtocolError("BAD_KEY", "hkdf")
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


class ExchangeKey:
    """An X25519 key pair for one handshake."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise LocalProtocolError("BAD_KEY", "x25519 secret")
        self._secret = X25519PrivateKey.from_private_bytes(secret)
        self.public = self._secret.public_key().public_bytes_raw()

    def shared_with(self, public: bytes) -> bytes:
        """Raises RemoteProtocolError("BAD_HANDSHAKE") for a wrong length and for an all-zero result."""
        if len(public) != KEY_BYTES:
            raise RemoteProtocolError("BAD_HANDSHAKE", "public key length")
        try:
            return self._secret.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            raise RemoteProtocolError("BAD_HANDSHAKE", "public key of low order") from None


class SigningKey:
    """An Ed25519 key pair: a device's, an operator's, or a one-time session's own."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise LocalProtocolError("BAD_KEY", "ed25519 secret")
        self._secret = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = self._secret.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._secret.sign(data)


def verify_signature(public: bytes, signature: bytes, data: bytes) -> None:
    """Raises RemoteProtocolError("BAD_SIGNATURE")."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise RemoteProtocolError("BAD_SIGNATURE", "length")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        raise RemoteProtocolError("BAD_SIGNATURE") from None


@dataclass(frozen=True)
class RekeyLimits:
    """When a sender moves to the next key. The receiver follows the announcement, whatever its own limits are."""

    frames: int = REKEY_FRAMES
    size_bytes: int = REKEY_BYTES
    seconds: float = REKEY_SECONDS


class _Direction:
    """Traffic secret, current key and counters of one direction."""

    def __init__(self, traffic: bytes) -> None:
        self.epoch = 0
        self.seq = 0
        self._use(traffic)

    def _use(self, traffic: bytes) -> None:
        self.key = hkdf_expand(traffic, b"WH1 key")
        self._aead = AESGCM(self.key)
        self._next = hkdf_expand(traffic, b"WH1 next")

    def advance(self) -> None:
        self.epoch += 1
        self._use(self._next)

    def nonce(self) -> bytes:
        return self.epoch.to_bytes(4, "big") + self.seq.to_bytes(8, "big")


class Sealer(_Direction):
    """Bodies -> frames of one direction."""

    def __init__(self, traffic: bytes, clock: Callable[[], float], limits: RekeyLimits | None = None) -> None:
        super().__init__(traffic)
        self._clock = clock
        self._limits = limits or RekeyLimits()
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._frames = 0
        self._bytes = 0
        self._since = self._clock()

    def due(self) -> bool:
        """Whether the next frame should be the announcement of a new key."""
        limits = self._limits
        return (
            self._frames >= limits.frames
            or self._bytes >= limits.size_bytes
            or self._clock() - self._since >= limits.seconds
        )

    def advance(self) -> None:
        super().advance()
        self._begin_epoch()

    def seal(self, channel: Channel, body: bytes) -> bytes:
        header = frames.encode_header(frames.Header(channel, self.epoch, self.seq))
        sealed = header + self._aead.encrypt(self.nonce(), frames.pad(channel, body), header)
        self.seq += 1
        self._frames += 1
        self._bytes += len(sealed)
        return sealed


class Opener(_Direction):
    """Frames -> bodies of one direction; accepts exactly the next frame."""

    def open(self, frame: bytes) -> tuple[Channel, bytes]:
        """Raises RemoteProtocolError("BAD_FRAME"): the link is then dead, a second try must not be made."""
        header = frames.decode_header(frame)
        if (header.epoch, header.seq) != (self.epoch, self.seq):
            raise RemoteProtocolError("BAD_FRAME", "out of order")
        data = bytes(frame[frames.HEADER.size :])
        try:
            plaintext = self._aead.decrypt(self.nonce(), data, bytes(frame[: frames.HEADER.size]))
        except InvalidTag:
            raise RemoteProtocolError("BAD_FRAME", "does not open") from None
        self.seq += 1
        return header.channel, frames.unpad(header.channel, plaintext)
