"""Relay tickets: signed by the server, bound to one session, one viewer and one side, valid for seconds, used once.

    version u8 | side u8 | expires u64 ms | session 16 | viewer 16 | HMAC-SHA256 32        in base64url

Stateless but for the list of those already used, which forgets them when they expire.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
LIFETIME_S = 30
_BODY = struct.Struct(">BBQ16s16s")
_TAG_BYTES = 32


class Side(IntEnum):
    CONSOLE = 1
    AGENT = 2

    @property
    def other(self) -> Side:
        return Side.AGENT if self is Side.CONSOLE else Side.CONSOLE


@dataclass(frozen=True)
class Ticket:
    side: Side
    session: uuid.UUID
    viewer: uuid.UUID


class TicketRefused(Exception):
    """Malformed, forged, expired or used; the reason is for the log only."""


class TicketOffice:
    """Signs and checks. `now_s`: seconds since the epoch."""

    def __init__(self, key: bytes, now_s: Callable[[], float]) -> None:
        self._key = key
        self._now_s = now_s
        self._used: dict[bytes, int] = {}

    def issue(self, ticket: Ticket) -> str:
        expires = int((self._now_s() + LIFETIME_S) * 1000)
        body = _BODY.pack(VERSION, ticket.side, expires, ticket.session.bytes, ticket.viewer.bytes)
        return base64.urlsafe_b64encode(body + self._tag(body)).decode()

    def redeem(self, text: str) -> Ticket:
        """Raises TicketRefused."""
        try:
            data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError) as problem:
            raise TicketRefused("not base64") from problem
        body, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        if len(body) != _BODY.size or not hmac.compare_digest(tag, self._tag(body)):
            raise TicketRefused("signature")
        version, side, expires, session, viewer = _BODY.unpack(body)
        if version != VERSION or side not in (Side.CONSOLE, Side.AGENT):
            raise TicketRefused("version")
        self._use_once(tag, expires)
        return Ticket(Side(side), uuid.UUID(bytes=session), uuid.UUID(bytes=viewer))

    def _use_once(self, tag: bytes, expires_ms: int) -> None:
        now_ms = int(self._now_s() * 1000)
        self._used = {t: e for t, e in self._used.items() if e > now_ms}
        if expires_ms <= now_ms:
            raise TicketRefused("expired")
        if tag in self._used:
            raise TicketRefused("used")
        self._used[tag] = expires_ms

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"relay ticket" + body, "sha256")
