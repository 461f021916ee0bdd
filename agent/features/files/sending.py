"""One file from this PC to the console, as the reactor sees it: read on a thread, sent as far as the window allows."""

from __future__ import annotations

from collections.abc import Callable

from agent.features.files.desk import Desk, explained
from agent.features.files.outgoing import Outgoing
from agent.features.files.trouble import INTERRUPTED, STOPPED
from wizhelper.protocol import files

ACT = "file_received"


class Sending:
    """`pump_all` lets every transfer of the link use the room that an acknowledgement made."""

    def __init__(self, desk: Desk, get: files.Get, pump_all: Callable[[], None]) -> None:
        self._desk = desk
        self._get = get
        self._pump_all = pump_all
        self._file: Outgoing | None = None
        self._path = "/".join(get.names)
        self._reading = False
        self._finishing = False
        self._over = False
        self._under_way = 0
        self._sha256 = ""
        desk.begin(get.transfer, self)
        desk.run(self._open())

    async def _open(self) -> None:
        await self._desk.turn()
        if self._over:
            return
        try:
            outgoing = await self._desk.reading.run(self._opened)
        except Exception as problem:
            self._failed(problem)
            return
        self._file = outgoing
        self._path = outgoing.path
        if self._over:
            await self._desk.reading.run(outgoing.close)
            return
        ready = files.Ready(self._get.transfer, outgoing.offset, outgoing.size, outgoing.modified_ms)
        self._desk.send(ready)
        self.pump()

    def _opened(self) -> Outgoing:
        """On a thread. What the console has of another state of the file is worth nothing."""
        get = self._get
        outgoing = Outgoing(get.folder, get.names)
        try:
            if (get.size, get.modified_ms) == (outgoing.size, outgoing.modified_ms) and get.offset <= outgoing.size:
                outgoing.skip(get.offset)
        except BaseException:
            outgoing.close()
            raise
        return outgoing

    def pump(self) -> None:
        if self._file is None or self._over or self._reading or self._finishing:
            return
        if self._file.offset >= self._file.size:
            if self._under_way == 0:
                self._finishing = True
                self._desk.run(self._finish(self._file))
        elif room := self._desk.window.room():
            self._reading = True
            # Taken now: another transfer must not use the same room while this one reads.
            offset, length = self._file.offset, min(room, self._file.size - self._file.offset)
            self._desk.window.sent((self._get.transfer, offset), length)
            self._desk.run(self._read(self._file, offset, length))

    async def _read(self, outgoing: Outgoing, offset: int, length: int) -> None:
        try:
            data = await self._desk.reading.run(_read_whole, outgoing, length)
        except Exception as problem:
            self._failed(problem)
            return
        self._reading = False
        if self._over:
            return
        self._under_way += len(data)
        self._desk.window.sent((self._get.transfer, offset), len(data))
        self._desk.send(files.Data(self._get.transfer, offset, data))
        self._pump_all()

    def acknowledged(self, size: int) -> None:
        self._under_way -= size

    async def _finish(self, outgoing: Outgoing) -> None:
        try:
            self._sha256 = await self._desk.reading.run(outgoing.finish)
        except Exception as problem:
            self._failed(problem)
            return
        if not self._over:
            self._desk.send(files.Finish(self._get.transfer, self._sha256))

    def received(self, message: files.Received) -> None:
        """How it ended at the console. Its word that a file is whole counts only with the right sum."""
        if self._over:
            return
        self._over = True
        right = self._sha256 != "" and message.sha256 == self._sha256
        code = message.code[:32] if message.code or right else "HASH"
        self._record(code)
        self._put_away()

    def _failed(self, problem: Exception) -> None:
        if self._over:
            return
        self._over = True
        code = explained(problem)
        self._record(code)
        self._desk.send(files.Ended(self._get.transfer, code, self._path, ""))
        self._put_away()

    def _record(self, code: str) -> None:
        size = self._file.size if self._file is not None else self._get.size
        self._desk.record(ACT, self._path, size, "" if code else self._sha256, code, self._get.via)

    def _put_away(self) -> None:
        number = self._get.transfer
        self._desk.window.forget(lambda key: isinstance(key, tuple) and key[0] == number)
        self._desk.over(number)
        if self._file is not None:
            self._desk.run(self._close(self._file))

    async def _close(self, outgoing: Outgoing) -> None:
        await self._desk.reading.run(outgoing.close)

    def close(self) -> None:
        self._stop(INTERRUPTED)

    def discard(self) -> None:
        self._stop(STOPPED)

    def _stop(self, code: str) -> None:
        if self._over:
            return
        self._over = True
        if self._file is not None:
            self._record(code)
        self._put_away()


def _read_whole(outgoing: Outgoing, length: int) -> bytes:
    """A disk may give less than was asked for; the window counts whole chunks."""
    parts = []
    while length:
        parts.append(outgoing.read(length))
        length -= len(parts[-1])
    return b"".join(parts)
