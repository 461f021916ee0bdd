"""Recordings at work: rows in the database, ciphertext in the vault, one chunk of a recording at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.recordings import rules
from wizhelper.recordings.model import Recording, RecordingChunk
from wizhelper.recordings.policy import PLAY, require
from wizhelper.recordings.vault import Damaged, DiskFull, Vault
from wizhelper.store.database import Database

T = TypeVar("T")
DISK_THREADS = 2
TICKET_FOR = timedelta(hours=4)
MAX_TICKETS = 1000


@dataclass(frozen=True)
class Opened:
    """Who may fetch the chunks of which recording, until when: opening it was written into the audit chain."""

    recording: str
    account: int
    until: datetime


class Recordings:
    """`now`: UTC. Between `start` and `stop` files can be read and written."""

    def __init__(self, db: Database, vault: Vault, reactor: IReactorFromThreads, now: Callable[[], datetime]) -> None:
        self.db = db
        self.now = now
        self._vault = vault
        self._reactor = reactor
        self._pool = ThreadPool(0, DISK_THREADS, name="recordings")
        self._locks: dict[str, DeferredLock] = {}
        self._opened: dict[str, Opened] = {}

    def start(self) -> None:
        self._pool.start()

    def stop(self) -> None:
        if self._pool.started:
            self._pool.stop()

    async def begin(self, caller: Caller, session: str, key: int, sealed: str) -> Recording:
        """As rules.begin. Raises also ApiError("RECORDING_DISK")."""
        await self._on_disk(self._vault.check_space)
        return await self.db.run(lambda s: rules.begin(s, self.now(), caller, session, key, sealed))

    async def add(self, caller: Caller, recording: str, number: int, data: bytes, sha256: str) -> None:
        """A chunk, in its turn. Raises ApiError as rules.place_of, RECORDING_DISK and RECORDING_DAMAGED."""
        lock = self._locks.setdefault(recording, DeferredLock())
        try:
            work = lambda: Deferred.fromCoroutine(self._add(caller, recording, number, data, sha256))  # noqa: E731
            await lock.run(work)
        finally:
            if not lock.locked and not lock.waiting:
                self._locks.pop(recording, None)

    async def _add(self, caller: Caller, recording: str, number: int, data: bytes, sha256: str) -> None:
        spot = await self.db.read(lambda s: rules.place_of(s, caller, recording, number, data, sha256))
        if spot.known:
            return
        await self._on_disk(lambda: self._vault.write(recording, spot.at_byte, data))
        await self.db.run(lambda s: rules.keep(s, self.now(), recording, number, len(data), sha256))

    def admit(self, caller: Caller, recording: str) -> str:
        """A ticket for the chunks of a recording that the caller has opened."""
        now = self.now()
        kept = {ticket: one for ticket, one in self._opened.items() if one.until > now}
        self._opened = dict(list(kept.items())[-MAX_TICKETS + 1 :])
        ticket = secrets.token_urlsafe(24)
        self._opened[ticket] = Opened(recording, caller.account, now + TICKET_FOR)
        return ticket

    async def chunk(self, caller: Caller, recording: str, number: int, ticket: str | None) -> bytes:
        """Raises ApiError: NOT_FOUND, RECORDING_RIGHT, RECORDING_TICKET, RECORDING_DAMAGED."""
        found = await self.db.read(lambda s: self._chunk(s, caller, recording, number, ticket))
        return await self._on_disk(lambda: self._vault.read(recording, found.at_byte, found.size))

    def _chunk(self, db: Session, caller: Caller, recording: str, number: int, ticket: str | None) -> RecordingChunk:
        rules.readable(db, caller, recording)
        require(db, caller, PLAY)
        opened = self._opened.get(ticket or "")
        mine = opened is not None and (opened.recording, opened.account) == (recording, caller.account)
        if opened is None or not mine or opened.until <= self.now():
            raise ApiError("RECORDING_TICKET")
        chunk = db.get(RecordingChunk, (recording, number))
        if chunk is None:
            raise ApiError("NOT_FOUND")
        return chunk

    async def delete_file(self, recording: str) -> None:
        await self._on_disk(lambda: self._vault.remove(recording))

    async def tick(self) -> None:
        """Closes what was abandoned, and removes files without a row: retention and crashes leave them."""
        await self.db.run(lambda s: rules.abandon(s, self.now()))
        # Files first: a recording that begins now is then in neither list or in both.
        files = await self._on_disk(self._vault.names)
        rows = await self.db.read(lambda s: set(s.scalars(select(Recording.id))))
        await self._on_disk(lambda: self._vault.remove_all(files - rows))

    async def _on_disk(self, work: Callable[[], T]) -> T:
        try:
            return await deferToThreadPool(self._reactor, self._pool, work)
        except DiskFull:
            raise ApiError("RECORDING_DISK") from None
        except Damaged:
            raise ApiError("RECORDING_DAMAGED") from None
