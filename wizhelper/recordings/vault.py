"""The files of recordings: ciphertext in the data folder, one file each, written at given places. Knows no database.

What the database says is what holds: a file may be longer than that after a crash, and is then written over from there.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

SUFFIX = ".whr"
KEEP_FREE = 0.08
"""Recordings stop where less of the disk is free: logins and sessions go on."""


class DiskFull(Exception):
    """Too little of the disk is left for recordings."""


class Damaged(Exception):
    """The file does not have what the database says it has."""


def free_share(folder: Path) -> float:
    """How much of the disk below `folder` is free, 0 to 1."""
    usage = shutil.disk_usage(folder)
    return usage.free / usage.total


class Vault:
    """All methods block: call them in a thread. `free`: the free share of the disk."""

    def __init__(self, folder: Path, free: Callable[[Path], float] = free_share) -> None:
        self._folder = folder
        self._free = free

    def check_space(self) -> None:
        """Raises DiskFull."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._free(self._folder) < KEEP_FREE:
            raise DiskFull

    def write(self, recording: str, at_byte: int, data: bytes) -> None:
        """On the disk when it returns. Raises DiskFull, Damaged."""
        self.check_space()
        file = os.open(self._path(recording), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(file).st_size < at_byte:
                raise Damaged
            os.ftruncate(file, at_byte)
            _write_all(file, data, at_byte)
            os.fsync(file)
        finally:
            os.close(file)

    def read(self, recording: str, at_byte: int, size: int) -> bytes:
        """Raises Damaged."""
        try:
            with self._path(recording).open("rb") as file:
                file.seek(at_byte)
                data = file.read(size)
        except FileNotFoundError as problem:
            raise Damaged from problem
        if len(data) != size:
            raise Damaged
        return data

    def remove(self, recording: str) -> None:
        self._path(recording).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Of every file there is."""
        if not self._folder.is_dir():
            return set()
        return {path.name.removesuffix(SUFFIX) for path in self._folder.iterdir() if path.name.endswith(SUFFIX)}

    def remove_all(self, recordings: Iterable[str]) -> None:
        for recording in recordings:
            self.remove(recording)

    def _path(self, recording: str) -> Path:
        """`recording`: a UUID; anything else is a bug of the caller, and raises ValueError."""
        return self._folder / f"{uuid.UUID(recording)}{SUFFIX}"


def _write_all(file: int, data: bytes, at_byte: int) -> None:
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(file, data[done:], at_byte + done)
    except OSError as problem:
        raise DiskFull from problem
