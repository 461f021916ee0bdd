"""The appliance's own secret: one random key per installation, in the data folder, from which purpose keys are derived."""

from __future__ import annotations

import base64
import hmac
import os
from pathlib import Path

KEY_BYTES = 32


class Keys:
    """`for_purpose` gives an independent 32-byte key for each use, so that no signature serves two ends."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise ValueError("the master key has 32 bytes")
        self._master = master

    def for_purpose(self, purpose: str) -> bytes:
        return hmac.digest(self._master, b"wizhelper " + purpose.encode(), "sha256")


def load_keys(folder: Path) -> Keys:
    """Reads `master.key`, or makes it at first start with mode 0600."""
    file = folder / "master.key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Keys(base64.b64decode(file.read_text()))
    with os.fdopen(descriptor, "w") as out:
        out.write(base64.b64encode(os.urandom(KEY_BYTES)).decode())
    return load_keys(folder)
