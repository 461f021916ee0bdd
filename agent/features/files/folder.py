"""One folder, held open: what is done in it is done in this very folder, whatever links somebody makes meanwhile.

POSIX: everything goes relative to a directory's descriptor and follows no link. Windows has no such calls: there each step
looks for reparse points (links, junctions) first.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.features.files.trouble import LINK, NOT_A_FOLDER, NOT_FOUND, FileTroubleError

_HELD = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe must not wait for somebody at its other end."""
_REPARSE_POINT = 0x400


class Folder:
    """Opened by `Folder.at`, closed by its user. All methods raise OSError; names are single names, checked before."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def at(cls, path: str) -> Folder:
        """The folder that a person chose by its absolute path; links on the way there are followed, as in any file manager."""
        if "\0" in path or not Path(path).is_absolute():
            raise FileTroubleError(NOT_FOUND, "no absolute path")
        real = Path(path).resolve(strict=True)
        if not _HELD:
            if not real.is_dir():
                raise FileTroubleError(NOT_A_FOLDER)
            return cls(real, None)
        return cls(real, os.open(real, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS))

    def below(self, name: str, make: bool = False) -> Folder:
        """The folder of that name in this one; a link is refused."""
        if make:
            self._make_if_missing(name)
        found = self.look(name)
        if is_link(found):
            raise FileTroubleError(LINK, name)
        if not stat.S_ISDIR(found.st_mode):
            raise FileTroubleError(NOT_A_FOLDER, name)
        path = self.path / name
        if self._descriptor is None:
            return Folder(path, None)
        flags = os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS
        return Folder(path, os.open(name, flags, dir_fd=self._descriptor))

    def _make_if_missing(self, name: str) -> None:
        try:
            self.make(name)
        except FileExistsError:
            return

    def make(self, name: str) -> None:
        os.mkdir(self._place(name), dir_fd=self._descriptor)

    def look(self, name: str) -> os.stat_result:
        """Of a link: the link itself."""
        return os.stat(self._place(name), dir_fd=self._descriptor, follow_symlinks=False)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor; never through a link. `flags` beside those that each opening has."""
        if self._descriptor is None and is_link_if_there(self.path / name):
            raise FileTroubleError(LINK, name)
        return os.open(self._place(name), flags | _NO_LINKS | _BINARY | _AT_ONCE, mode, dir_fd=self._descriptor)

    def replace(self, name: str, to: str, into: Folder | None = None) -> None:
        """Renames; what had the name `to` is gone."""
        target = into or self
        os.replace(
            self._place(name), target._place(to), src_dir_fd=self._descriptor, dst_dir_fd=target._descriptor
        )

    def put_in_place(self, name: str, to: str) -> None:
        """Renames; raises FileExistsError if there is a `to`. Nobody sees a half-written `to`."""
        try:
            os.link(
                self._place(name),
                self._place(to),
                src_dir_fd=self._descriptor,
                dst_dir_fd=self._descriptor,
                **({} if self._descriptor is None else {"follow_symlinks": False}),
            )
        except FileExistsError:
            raise
        except OSError:
            # File systems without hard links (FAT): the name is taken first, so that nobody else's file is lost.
            os.close(self.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            self.replace(name, to)
        else:
            self.unlink(name)

    def unlink(self, name: str, missing_is_fine: bool = False) -> None:
        try:
            os.unlink(self._place(name), dir_fd=self._descriptor)
        except FileNotFoundError:
            if not missing_is_fine:
                raise

    def rmdir(self, name: str) -> None:
        os.rmdir(self._place(name), dir_fd=self._descriptor)

    @contextmanager
    def scan(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        with os.scandir(self.path if self._descriptor is None else self._descriptor) as entries:
            yield entries

    def same_named(self, name: str) -> str | None:
        """The entry with this name, composed or not: a person sees no difference, and must not end up with two of them."""
        try:
            self.look(name)
            return name
        except FileNotFoundError:
            if name.isascii():
                return None
        with self.scan() as entries:
            return next((e.name for e in entries if unicodedata.normalize("NFC", e.name) == name), None)

    def sync(self) -> None:
        """Names that were given and taken are on the disk."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)


def below(base: str, names: tuple[str, ...], make: bool = False) -> Folder:
    """The folder `names` below `base`, without a link in between."""
    folder = Folder.at(base)
    for name in names:
        try:
            inner = folder.below(name, make)
        finally:
            folder.close()
        folder = inner
    return folder


def is_link(found: os.stat_result) -> bool:
    """A symbolic link, or any reparse point of Windows (junctions, mount points)."""
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_file_attributes", 0) & _REPARSE_POINT)


def is_link_if_there(path: Path) -> bool:
    try:
        return is_link(os.lstat(path))
    except FileNotFoundError:
        return False
