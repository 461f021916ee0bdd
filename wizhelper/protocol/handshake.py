"""WH1, messages m1 to m3: X25519 with a commitment, so that six digits read aloud prove that nobody sits in between.

    m1 O->A  01 | suite | SHA256("WH1 commit\\0" | eO | rO)
    m2 A->O  01 | suite | eA | rA
    m3 O->A  eO | rO

O is the console (operator), A the agent. Suite 2 mixes in the resume secret of an earlier link of the same session.
The specification is docs/protocol.md, "WH1"; m4 and m5 are in link.py. Sans-I/O: callers move the bytes.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.secure import (
    KEY_BYTES,
    ExchangeKey,
    Random,
    hkdf_expand,
    hkdf_extract,
    sha256,
    system_random,
)

VERSION = 1
SID_BYTES = 16
SAS_DIGITS = 6
M1_BYTES = 2 + KEY_BYTES
M2_BYTES = 2 + 2 * KEY_BYTES
M3_BYTES = 2 * KEY_BYTES


class Suite(IntEnum):
    X25519 = 1
    X25519_RESUME = 2


@dataclass(frozen=True)
class SessionKeys:
    """What both ends know after m3. `sas` is the confirmation number, six decimal digits."""

    th: bytes
    sas: str
    o2a: bytes
    a2o: bytes
    resume: bytes


def commitment(public: bytes, nonce: bytes) -> bytes:
    return sha256(b"WH1 commit\x00", public, nonce)


def derive(sid: bytes, shared: bytes, psk: bytes, m1: bytes, m2: bytes, m3: bytes) -> SessionKeys:
    lengths = struct.pack(">III", len(m1), len(m2), len(m3))
    th = sha256(b"WH1 th\x00", sid, lengths, m1, m2, m3)
    prk = hkdf_extract(th, shared + psk)
    number = int.from_bytes(hkdf_expand(prk, b"WH1 sas", 8), "big") % 10**SAS_DIGITS
    return SessionKeys(
        th=th,
        sas=f"{number:0{SAS_DIGITS}d}",
        o2a=hkdf_expand(prk, b"WH1 traffic o2a"),
        a2o=hkdf_expand(prk, b"WH1 traffic a2o"),
        resume=hkdf_expand(prk, b"WH1 resume"),
    )


class _Side:
    def __init__(self, sid: bytes, resume: bytes | None, random: Random) -> None:
        if len(sid) != SID_BYTES or (resume is not None and len(resume) != KEY_BYTES):
            raise LocalProtocolError("BAD_KEY", "sid or resume secret")
        self._sid = sid
        self._resume = resume
        self._key = ExchangeKey(random(KEY_BYTES))
        self._nonce = random(KEY_BYTES)


class ConsoleHandshake(_Side):
    """The operator's side. `resume` chooses suite 2."""

    def __init__(self, sid: bytes, resume: bytes | None = None, random: Random = system_random) -> None:
        super().__init__(sid, resume, random)
        self._suite = Suite.X25519 if resume is None else Suite.X25519_RESUME
        self.m1 = bytes([VERSION, self._suite]) + commitment(self._key.public, self._nonce)

    def receive_m2(self, m2: bytes) -> tuple[bytes, SessionKeys]:
        """-> m3 to send, and the keys. Raises RemoteProtocolError("BAD_HANDSHAKE")."""
        if len(m2) != M2_BYTES or m2[0] != VERSION or m2[1] != self._suite:
            raise RemoteProtocolError("BAD_HANDSHAKE", "m2")
        shared = self._key.shared_with(m2[2 : 2 + KEY_BYTES])
        m3 = self._key.public + self._nonce
        return m3, derive(self._sid, shared, self._resume or b"", self.m1, m2, m3)


class AgentHandshake(_Side):
    """The PC's side. `resume` is the secret of an earlier link, if one is still remembered."""

    def receive_m1(self, m1: bytes) -> bytes:
        """-> m2. Raises RemoteProtocolError: "BAD_HANDSHAKE", or "RESUME_UNKNOWN" if suite 2 is asked for without a secret."""
        if len(m1) != M1_BYTES or m1[0] != VERSION:
            raise RemoteProtocolError("BAD_HANDSHAKE", "m1")
        if m1[1] not in (Suite.X25519, Suite.X25519_RESUME):
            raise RemoteProtocolError("BAD_HANDSHAKE", f"suite {m1[1]}")
        if m1[1] == Suite.X25519_RESUME and self._resume is None:
            raise RemoteProtocolError("RESUME_UNKNOWN")
        self._m1 = m1
        self.resumed = m1[1] == Suite.X25519_RESUME
        self._m2 = m1[:2] + self._key.public + self._nonce
        return self._m2

    def receive_m3(self, m3: bytes) -> SessionKeys:
        """Raises RemoteProtocolError("BAD_HANDSHAKE"), also when m3 is not what m1 committed to."""
        if len(m3) != M3_BYTES:
            raise RemoteProtocolError("BAD_HANDSHAKE", "m3")
        public, nonce = m3[:KEY_BYTES], m3[KEY_BYTES:]
        if not hmac.compare_digest(commitment(public, nonce), self._m1[2:]):
            raise RemoteProtocolError("BAD_HANDSHAKE", "commitment")
        psk = self._resume if self.resumed and self._resume else b""
        return derive(self._sid, self._key.shared_with(public), psk, self._m1, self._m2, m3)
