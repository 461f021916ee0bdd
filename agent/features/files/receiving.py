"""One file from the console to this PC, as the reactor sees it: chunks go to the disk in order, each is acknowledged from there."""

from __future__ import annotations

from agent.features.files.browse import drop_folder
from agent.features.files.desk import Desk, explained
from agent.features.files.incoming import Incoming, Wanted
from agent.features.files.trouble import HASH, INTERRUPTED, SKIPPED, STOPPED
from wizhelper.protocol import files

ACT = "file_sent"


class Receiving:
    def __init__(self, desk: Desk, put: files.Put) -> None:
        self._desk = desk
        self._put = put
        self._file: Incoming | None = None
        self._over = False
        self._path = "/".join(put.names)
        desk.begin(put.transfer, self)
        desk.run(self._open())

    async def _open(self) -> None:
        await self._desk.turn()
        if self._over:
            return
        try:
            incoming = await self._desk.writing.run(self._opened)
        except Exception as problem:
            self._failed(problem)
            return
        self._path = incoming.path
        self._file = incoming
        if self._over:
            await self._desk.writing.run(incoming.discard if self._discards else incoming.close)
            return
        ready = files.Ready(self._put.transfer, incoming.offset, self._put.size, self._put.modified_ms)
        self._desk.send(ready)

    def _opened(self) -> Incoming:
        """On a thread."""
        put = self._put
        wanted = Wanted(put.folder or drop_folder(), put.names, put.size, put.modified_ms, put.conflict)
        return Incoming(wanted, self._desk.in_use)

    def data(self, message: files.Data) -> None:
        if self._file is None or self._over:
            return
        self._desk.took(len(message.data))
        self._desk.run(self._write(self._file, message, self._desk.clock()))

    async def _write(self, incoming: Incoming, message: files.Data, came_at: float) -> None:
        try:
            await self._desk.writing.run(incoming.write, message.offset, message.data)
        except Exception as problem:
            self._failed(problem)
            return
        finally:
            self._desk.wrote(len(message.data))
        if not self._over:
            held_ms = int(1000 * (self._desk.clock() - came_at))
            self._desk.send(files.Ack(message.transfer, message.offset, held_ms))

    def finish(self, sha256: str) -> None:
        if self._file is not None and not self._over:
            self._desk.run(self._finish(self._file, sha256))

    async def _finish(self, incoming: Incoming, sha256: str) -> None:
        try:
            await self._desk.writing.run(incoming.finish, sha256)
        except Exception as problem:
            self._failed(problem)
            return
        # Even when the link went meanwhile: the file is there, and the record says so.
        self._over = True
        self._path = incoming.path
        self._end("", sha256)

    def _failed(self, problem: Exception) -> None:
        """The bytes so far stay for another try, unless they are wrong."""
        if self._over:
            return
        self._over = True
        code = explained(problem)
        if self._file is not None and code != HASH:
            self._desk.run(self._keep(self._file))
        self._end(code, "")

    async def _keep(self, incoming: Incoming) -> None:
        try:
            await self._desk.writing.run(incoming.close)
        except OSError as problem:
            explained(problem)

    def _end(self, code: str, sha256: str) -> None:
        self._desk.over(self._put.transfer)
        if code not in ("EXISTS", SKIPPED):
            self._desk.record(ACT, self._path, self._put.size, sha256, code, self._put.via)
        self._desk.send(files.Ended(self._put.transfer, code, self._path, sha256))

    _discards = False

    def close(self) -> None:
        self._stop(INTERRUPTED, discards=False)

    def discard(self) -> None:
        self._stop(STOPPED, discards=True)

    def _stop(self, code: str, discards: bool) -> None:
        if self._over:
            return
        self._over, self._discards = True, discards
        self._desk.over(self._put.transfer)
        if self._file is None:
            return
        self._desk.record(ACT, self._path, self._put.size, "", code, self._put.via)
        self._desk.run(self._put_away(self._file, discards))

    async def _put_away(self, incoming: Incoming, discards: bool) -> None:
        try:
            await self._desk.writing.run(incoming.discard if discards else incoming.close)
        except OSError as problem:
            explained(problem)
