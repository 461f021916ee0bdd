"""Secrets in the database are sealed with a key of the data folder: a copy of the database alone opens none.

The sealed text is "1." and base64 of nonce 12, ciphertext and tag (AES-256-GCM). What it belongs to is bound in, so that
a sealed text moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_VERSION = "1."


class SealBroken(Exception):
    """Sealed under another key (another master.key), for another row, or changed since."""


class Sealer:
    """`key`: 32 bytes, of this one purpose. `random`: as os.urandom."""

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(key)
        self._random = random

    def seal(self, text: str, belongs_to: str) -> str:
        nonce = self._random(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), belongs_to.encode())
        return _VERSION + base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, belongs_to: str) -> str:
        """Raises SealBroken."""
        if not sealed.startswith(_VERSION):
            raise SealBroken("unknown version")
        try:
            data = base64.b64decode(sealed[len(_VERSION) :], validate=True)
            opened = self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], belongs_to.encode())
        except (binascii.Error, InvalidTag, ValueError) as problem:
            raise SealBroken("does not open") from problem
        return opened.decode()
