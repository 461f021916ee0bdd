"""Why something with a file did not work, as one word of a short list that the console has sentences for."""

from __future__ import annotations

import errno

NOT_FOUND, DENIED, EXISTS, SKIPPED, BAD_NAME = "NOT_FOUND", "DENIED", "EXISTS", "SKIPPED", "BAD_NAME"
LINK, NOT_A_FILE, NOT_A_FOLDER, NOT_EMPTY = "LINK", "NOT_A_FILE", "NOT_A_FOLDER", "NOT_EMPTY"
DISK_FULL, CHANGED, HASH, BUSY, FAILED = "DISK_FULL", "CHANGED", "HASH", "BUSY", "FAILED"
STOPPED, INTERRUPTED = "STOPPED", "INTERRUPTED"

_BY_ERRNO = {
    errno.ENOENT: NOT_FOUND,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.EROFS: DENIED,
    errno.EEXIST: EXISTS,
    errno.ENAMETOOLONG: BAD_NAME,
    errno.EILSEQ: BAD_NAME,
    errno.EINVAL: BAD_NAME,
    errno.ELOOP: LINK,
    errno.EISDIR: NOT_A_FILE,
    errno.ENXIO: NOT_A_FILE,
    errno.ENOTDIR: NOT_A_FOLDER,
    errno.ENOTEMPTY: NOT_EMPTY,
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EFBIG: DISK_FULL,
    errno.EBUSY: BUSY,
    errno.ETXTBSY: BUSY,
}

_WINDOWS_DISK_FULL = (39, 112)
_WINDOWS_IN_USE = (32, 33)


class FileTroubleError(Exception):
    """`code`: one of the words above."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


def code_of(problem: BaseException) -> str:
    """FAILED for what has no word of its own."""
    if isinstance(problem, FileTroubleError):
        return problem.code
    if isinstance(problem, OSError):
        number = getattr(problem, "winerror", None)
        if number in _WINDOWS_DISK_FULL:
            return DISK_FULL
        if number in _WINDOWS_IN_USE:
            return BUSY
        return _BY_ERRNO.get(problem.errno or 0, FAILED)
    return FAILED
