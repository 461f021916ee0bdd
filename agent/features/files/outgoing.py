"""A file of this PC on its way to the console; notices when somebody changes it meanwhile. Blocks: for a thread."""

from __future__ import annotations

import hashlib
import os
import stat

from agent.features.files.folder import below
from agent.features.files.trouble import CHANGED, NOT_A_FILE, FileTroubleError

READ_BYTES = 1024 * 1024


class Outgoing:
    """`offset`: where the next `read` begins. Raises OSError and FileTroubleError; then only `close` is left."""

    def __init__(self, folder: str, names: tuple[str, ...]) -> None:
        with below(folder, names[:-1]) as held:
            self._file = held.open(names[-1], os.O_RDONLY)
            self.path = str(held.path / names[-1])
        try:
            found = os.fstat(self._file)
            if not stat.S_ISREG(found.st_mode):
                raise FileTroubleError(NOT_A_FILE)
        except BaseException:
            os.close(self._file)
            raise
        self._identity = (found.st_size, found.st_mtime_ns)
        self._digest = hashlib.sha256()
        self.size = found.st_size
        self.modified_ms = modified_ms(found)
        self.offset = 0

    def skip(self, offset: int) -> None:
        """The console has the file up to there; the sum is of the whole file all the same."""
        while self.offset < offset:
            self.read(min(READ_BYTES, offset - self.offset))

    def read(self, length: int) -> bytes:
        """At least one byte; not to be called at the end."""
        data = os.read(self._file, min(length, self.size - self.offset))
        self._check_unchanged()
        if not data:
            raise FileTroubleError(CHANGED, "shorter")
        self._digest.update(data)
        self.offset += len(data)
        return data

    def finish(self) -> str:
        """-> SHA-256 of the whole file, hex."""
        self._check_unchanged()
        return self._digest.hexdigest()

    def _check_unchanged(self) -> None:
        found = os.fstat(self._file)
        if (found.st_size, found.st_mtime_ns) != self._identity:
            raise FileTroubleError(CHANGED)

    def close(self) -> None:
        """Safe to call again."""
        descriptor, self._file = self._file, -1
        if descriptor >= 0:
            os.close(descriptor)


def modified_ms(found: os.stat_result) -> int:
    return found.st_mtime_ns // 1_000_000
