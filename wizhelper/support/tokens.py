"""Download tokens: they carry a joined session from the customer page into the program that is downloaded there.

session 16 | expires u64 s | HMAC-SHA256 32        in base64url. Valid for ten minutes; says nothing by itself.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
import uuid
from collections.abc import Callable

LIFETIME_S = 600
_BODY = struct.Struct(">16sQ")
_TAG_BYTES = 32


class TokenOffice:
    """`now_s`: seconds since the epoch. `purpose` keeps tokens of one kind from being used as another."""

    def __init__(
        self, key: bytes, now_s: Callable[[], float], purpose: str = "download", lifetime_s: int = LIFETIME_S
    ) -> None:
        self._key = key
        self._lifetime_s = lifetime_s
        self._now_s = now_s
        self._purpose = purpose.encode()

    def issue(self, session_id: str) -> str:
        body = _BODY.pack(uuid.UUID(session_id).bytes, int(self._now_s()) + self._lifetime_s)
        return base64.urlsafe_b64encode(body + self._tag(body)).decode()

    def session_of(self, token: str) -> str | None:
        """The session id, or None if the token is malformed, forged or expired."""
        try:
            data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        if len(body) != _BODY.size or not hmac.compare_digest(tag, self._tag(body)):
            return None
        session, expires = _BODY.unpack(body)
        return str(uuid.UUID(bytes=session)) if expires > self._now_s() else None

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, self._purpose + b"\x00" + body, "sha256")
