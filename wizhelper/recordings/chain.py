"""The chain of a recording's chunks; web/src/shared/recording/chain.ts computes the same.

    head 0 = SHA-256("WizHelper recording 1" | recording id 16 | sealed content key)
    head n = SHA-256(head n-1 | n u32 | SHA-256 of chunk n)        numbers begin at 1, big-endian

A chunk that was changed, left out or put elsewhere changes every later head.
"""

from __future__ import annotations

import hashlib
import struct
import uuid

LABEL = b"WizHelper recording 1"


def first(recording: str, sealed: str) -> str:
    """`sealed`: hex. -> hex"""
    return hashlib.sha256(LABEL + uuid.UUID(recording).bytes + bytes.fromhex(sealed)).hexdigest()


def after(head: str, number: int, sha256: str) -> str:
    """`head`, `sha256`: hex. -> hex"""
    return hashlib.sha256(bytes.fromhex(head) + struct.pack(">I", number) + bytes.fromhex(sha256)).hexdigest()
