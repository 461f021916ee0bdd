"""A file on its way to this PC: written beside its target, continued after any break, put in place when it is whole.

Beside the target stand, until then, `.wizhelper-KEY.part` with the bytes and `.wizhelper-KEY.ledger` with the number of bytes
that are certainly on the disk. KEY says which file it is (place, name, size, time), so that whoever sends the same file to the
same place again goes on where it stopped: after a cut, a restart of either program, or of the PC.

Everything here blocks and belongs on a thread; one object is used by one thread at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from agent.features.files import names as rules
from agent.features.files.folder import Folder, below, is_link
from agent.features.files.trouble import (
    BUSY,
    DISK_FULL,
    EXISTS,
    FAILED,
    HASH,
    NOT_A_FILE,
    SKIPPED,
    FileTroubleError,
)

MIB = 1024 * 1024
SYNC_BYTES = 16 * MIB
"""As much may have to be sent again after a power cut."""
READ_BYTES = MIB
SPARE_BYTES = 16 * MIB
"""Left free on the disk: a full one breaks more than a transfer."""
STALE_S = 7 * 24 * 3600.0
MAX_LEDGER_BYTES = 32


@dataclass(frozen=True)
class Wanted:
    """A file for `names` (folders and the file's own) below the absolute path `folder`; `conflict`: as in protocol.files."""

    folder: str
    names: tuple[str, ...]
    size: int
    modified_ms: int
    conflict: str


class InUse:
    """Keys of transfers that go on in this process: no two write one file. Touched by one thread at a time (a lane's)."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def take(self, key: str) -> None:
        if key in self._keys:
            raise FileTroubleError(BUSY)
        self._keys.add(key)

    def free(self, key: str) -> None:
        self._keys.discard(key)


class Incoming:
    """`offset`: bytes that are here. Raises OSError and FileTroubleError; after one of them only `close` and `discard` are left."""

    def __init__(self, wanted: Wanted, in_use: InUse) -> None:
        parents = tuple(rules.new_name(name) for name in wanted.names[:-1])
        self.name = rules.new_name(wanted.names[-1])
        self._wanted = wanted
        self._in_use = in_use
        self._file = -1
        self.offset = self._synced = 0
        self._digest = hashlib.sha256()
        self._folder = below(wanted.folder, parents, make=True)
        try:
            self._begin()
        except BaseException:
            self._folder.close()
            raise

    @property
    def path(self) -> str:
        return str(self._folder.path / self.name)

    def _begin(self) -> None:
        _sweep(self._folder)
        self._existing = self._folder.same_named(self.name)
        if self._existing is not None:
            self._check_conflict()
        facts = [str(self._folder.path), self.name, self._wanted.size, self._wanted.modified_ms]
        self._key = hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._part = f"{rules.OWN_PREFIX}{self._key}.part"
        self._ledger = f"{rules.OWN_PREFIX}{self._key}.ledger"
        self._in_use.take(self._key)
        try:
            self._continue()
        except BaseException:
            self._in_use.free(self._key)
            raise

    def _check_conflict(self) -> None:
        if self._wanted.conflict == "ask":
            raise FileTroubleError(EXISTS)
        if self._wanted.conflict == "skip":
            raise FileTroubleError(SKIPPED)
        found = self._folder.look(self._existing or self.name)
        if self._wanted.conflict == "replace" and stat.S_ISDIR(found.st_mode):
            raise FileTroubleError(NOT_A_FILE, self.name)

    def _continue(self) -> None:
        """Opens what is there of the file, as far as the ledger vouches for it; the rest is cut off."""
        self._file = _open_part(self._folder, self._part)
        try:
            there = min(self._read_ledger(), os.fstat(self._file).st_size, self._wanted.size)
            _check_room(self._folder.path, self._wanted.size - there)
            os.ftruncate(self._file, there)
            self._digest_prefix(there)
        except BaseException:
            os.close(self._file)
            raise
        self.offset = self._synced = there

    def _digest_prefix(self, length: int) -> None:
        left = length
        while left:
            data = os.read(self._file, min(left, READ_BYTES))
            if not data:
                raise FileTroubleError(FAILED, "the part became shorter")
            self._digest.update(data)
            left -= len(data)

    def _read_ledger(self) -> int:
        try:
            descriptor = self._folder.open(self._ledger, os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            text = os.read(descriptor, MAX_LEDGER_BYTES)
        finally:
            os.close(descriptor)
        return int(text) if text.isdigit() else 0

    def write(self, offset: int, data: bytes) -> None:
        if offset != self.offset or offset + len(data) > self._wanted.size:
            raise FileTroubleError(FAILED, "data out of place")
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self._digest.update(data)
        self.offset += len(data)
        if self.offset - self._synced >= SYNC_BYTES:
            self.sync()

    def sync(self) -> None:
        """From here a transfer goes on, whatever happens next."""
        if self.offset == self._synced:
            return
        os.fsync(self._file)
        fresh = self._ledger + ".new"
        descriptor = self._folder.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(descriptor, str(self.offset).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._folder.replace(fresh, self._ledger)
        self._synced = self.offset

    def finish(self, sha256: str) -> None:
        """Puts the file in its place, under a free name if need be (`path` says which). A wrong sum throws it away."""
        if self.offset != self._wanted.size or self._digest.hexdigest() != sha256:
            self.discard()
            raise FileTroubleError(HASH)
        seconds = self._wanted.modified_ms / 1000
        if os.utime in os.supports_fd:
            os.utime(self._file, (seconds, seconds))
        os.fsync(self._file)
        self._close_file()
        self._place()
        if os.utime not in os.supports_fd:
            os.utime(self._folder.path / self.name, (seconds, seconds))
        self._folder.unlink(self._ledger, missing_is_fine=True)
        self._folder.sync()
        self.close()

    def _place(self) -> None:
        if self._wanted.conflict == "replace":
            self.name = self._existing or self.name
            self._keep_mode()
            self._folder.replace(self._part, self.name)
            return
        first, number = self.name, 1
        while True:
            try:
                if self._folder.same_named(self.name) is None:
                    self._folder.put_in_place(self._part, self.name)
                    return
            except FileExistsError:
                pass  # somebody was quicker: the next name
            number += 1
            self.name = rules.numbered(first, number)

    def _keep_mode(self) -> None:
        """A replaced file's permissions stay."""
        found = self._folder.same_named(self.name)
        if found is None or os.chmod not in os.supports_dir_fd:
            return
        before = self._folder.look(found)
        if not is_link(before):
            descriptor = self._folder.open(self._part, os.O_RDONLY)
            try:
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """What is here stays, to go on from. Safe to call again."""
        try:
            if self._file >= 0:
                self.sync()
        finally:
            self._close_file()
            self._in_use.free(self._key)
            self._folder.close()

    def discard(self) -> None:
        """Nothing stays. Safe after anything else."""
        self._close_file()
        self._in_use.free(self._key)
        for name in (self._part, self._ledger, self._ledger + ".new"):
            self._folder.unlink(name, missing_is_fine=True)
        self._folder.close()

    def _close_file(self) -> None:
        descriptor, self._file = self._file, -1
        if descriptor >= 0:
            os.close(descriptor)


def _open_part(folder: Folder, name: str) -> int:
    """Ours alone: a file that somebody linked there, or made a link of, is not written to."""
    try:
        found = folder.look(name)
    except FileNotFoundError:
        return folder.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or is_link(found):
        folder.unlink(name)
        return folder.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    return folder.open(name, os.O_RDWR)


def _check_room(path: Path, needed: int) -> None:
    if shutil.disk_usage(path).free < needed + SPARE_BYTES:
        raise FileTroubleError(DISK_FULL)


def _sweep(folder: Folder) -> None:
    """Parts that nobody came back for."""
    with folder.scan() as entries:
        own = [entry.name for entry in entries if rules.is_own(entry.name)]
    for name in own:
        found = folder.look(name)
        if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > STALE_S:
            folder.unlink(name, missing_is_fine=True)
