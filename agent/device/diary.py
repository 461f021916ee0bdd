"""Who was at this PC, for the person at the PC: a log of sessions that is only ever appended to, one JSON object a line.

It needs no server, and a full disk costs lines but never a session. Two files of MAX_FILE_BYTES at most: when one is full it
becomes the older one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from twisted.logger import Logger

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

log = Logger()

FILE, OLDER = "sessions.log", "sessions.old.log"
MAX_FILE_BYTES = 256 * 1024
MAX_LINE_BYTES = 4 * 1024
#: Lines that wait for room on the disk.
MAX_WAITING = 200
SHOWN = 100
BEGAN, ENDED = "began", "ended"


@dataclass(frozen=True)
class Line:
    """`at`: seconds since 1970. `reason`: the server's word for how it ended."""

    what: str
    at: float
    session: str
    operator: str
    reason: str


@dataclass(frozen=True)
class Visit:
    """`until` None: no end was written."""

    operator: str
    since: float
    until: float | None
    reason: str


class Diary:
    """`clock`: seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float], max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self._file, self._older = folder / FILE, folder / OLDER
        self._clock = clock
        self._max_file_bytes = max_file_bytes
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING)

    def began(self, session: str, operator: str) -> None:
        self._write(Line(BEGAN, self._clock(), session, operator, ""))

    def ended(self, session: str, reason: str) -> None:
        self._write(Line(ENDED, self._clock(), session, "", reason))

    def visits(self) -> list[Visit]:
        """The last SHOWN sessions, newest first. A line that was torn by a power cut is left out."""
        found: dict[str, Visit] = {}
        for line in self._lines():
            known = found.get(line.session)
            if line.what == BEGAN and known is None:
                found[line.session] = Visit(line.operator, line.at, None, "")
            elif line.what == ENDED and known is not None:
                found[line.session] = replace(known, until=line.at, reason=line.reason)
        return sorted(found.values(), key=lambda visit: visit.since, reverse=True)[:SHOWN]

    def _lines(self) -> Iterator[Line]:
        for file in (self._older, self._file):
            try:
                yield from _read(file.read_bytes().splitlines())
            except FileNotFoundError:
                continue
            except OSError as problem:
                log.error("The log of sessions cannot be read: {problem}", problem=str(problem))
        yield from _read(self._waiting)

    def _write(self, line: Line) -> None:
        self._waiting.append(messages.dump_json(asdict(line)))
        try:
            self._make_room()
            while self._waiting:
                _append(self._file, self._waiting[0])
                self._waiting.popleft()
        except OSError as problem:
            log.error("The log of sessions cannot be written now: {problem}", problem=str(problem))

    def _make_room(self) -> None:
        if self._file.exists() and self._file.stat().st_size >= self._max_file_bytes:
            self._file.replace(self._older)


def _read(lines: Iterable[bytes]) -> Iterator[Line]:
    for data in lines:
        try:
            if len(data) <= MAX_LINE_BYTES:
                yield messages.load_dataclass(Line, data, "BAD_LOG")
        except RemoteProtocolError:
            continue  # torn, or not ours


def _append(file: Path, data: bytes) -> None:
    """The newline comes first: whatever was torn before stays a line of its own. A write that was cut short is taken back.
    Raises OSError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, b"\n" + data) != len(data) + 1:
            os.ftruncate(descriptor, before)
            raise OSError("the disk is full")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
