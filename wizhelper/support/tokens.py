"""Signed tokens of the customer's way in: the page's cookie, and what a downloaded program brings along.

session 16 | joined u64 ms | expires u64 s | HMAC-SHA256 32        in base64url; says nothing by itself.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass

LIFETIME_S = 600
_BODY = struct.Struct(">16sQQ")
_TAG_BYTES = 32


@dataclass(frozen=True)
class Claim:
    """One entry of a number. A later entry of the same number (`joined_ms`, since the epoch) is another claim: whoever made
    the earlier one must not answer for the later."""

    session: str
    joined_ms: int


class TokenOffice:
    """`now_s`: seconds since the epoch. `purpose` keeps tokens of one kind from being used as another."""

    def __init__(
        self, key: bytes, now_s: Callable[[], float], purpose: str = "download", lifetime_s: int = LIFETIME_S
    ) -> None:
        self._key = key
        self._lifetime_s = lifetime_s
        self._now_s = now_s
        self._purpose = purpose.encode()

    def issue(self, claim: Claim) -> str:
        body = _BODY.pack(uuid.UUID(claim.session).bytes, claim.joined_ms, int(self._now_s()) + self._lifetime_s)
        return base64.urlsafe_b64encode(body + self._tag(body)).decode()

    def claim_of(self, token: str) -> Claim | None:
        """The claim, or None if the token is malformed, forged or expired."""
        try:
            data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        if len(body) != _BODY.size or not hmac.compare_digest(tag, self._tag(body)):
            return None
        session, joined_ms, expires = _BODY.unpack(body)
        return Claim(str(uuid.UUID(bytes=session)), joined_ms) if expires > self._now_s() else None

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, self._purpose + b"\x00" + body, "sha256")
