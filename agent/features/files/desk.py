"""What the transfers of one link share: the way to the console, lanes for the disk, the window, and the record of each end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from agent.features.files.incoming import InUse
from agent.features.files.lane import Lane
from agent.features.files.trouble import FAILED, code_of
from agent.features.files.window import BulkWindow
from agent.tools import Outlet
from wizhelper.protocol import files
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError

log = Logger()

MAX_TRANSFERS = 16
"""At once; a console has three. Each holds a file open."""


ACTS_PER_S, ACTS_AT_ONCE = 50, 200
"""Files and folders: what agent/untold.py can tell the server, with a margin."""


class Transfer(Protocol):
    def close(self) -> None:
        """The link is gone, or the operator pauses: what is here stays, nothing is sent any more."""

    def discard(self) -> None:
        """The operator does not want it any more."""


class Store:
    """What outlives a link: the order of work on the disk, and which files are being written."""

    def __init__(self) -> None:
        self.in_use = InUse()
        self._lanes: dict[str, Lane] = {}

    def lane(self, reactor: Any, name: str) -> Lane:
        return self._lanes.setdefault(name, Lane(reactor))


class Desk:
    def __init__(self, outlet: Outlet, store: Store) -> None:
        self._outlet = outlet
        self.in_use = store.in_use
        self.writing = store.lane(outlet.reactor, "writing")
        self.reading = store.lane(outlet.reactor, "reading")
        self.house = store.lane(outlet.reactor, "house")
        self.clock: Callable[[], float] = outlet.reactor.seconds
        self.window = BulkWindow(self.clock)
        self.transfers: dict[int, Transfer] = {}
        self._waiting = 0
        self._turn_at = 0.0
        self.closed = False

    def send(self, message: files.AgentMessage) -> None:
        if not self.closed:
            self._outlet.send(files.encode(message))

    def begin(self, number: int, transfer: Transfer) -> None:
        """Raises RemoteProtocolError for a number that is in use, and for too many."""
        if number in self.transfers or len(self.transfers) >= MAX_TRANSFERS:
            raise RemoteProtocolError(files.BAD, "transfer")
        self.transfers[number] = transfer
        self._outlet.activity(Activity.FILES, True)

    def over(self, number: int) -> None:
        self.transfers.pop(number, None)
        if not self.transfers:
            self._outlet.activity(Activity.FILES, False)

    def record(self, act: str, path: str, size: int, sha256: str, result: str, via: str) -> None:
        """Every end of a transfer, on whatever way the file came or went."""
        self._outlet.result(act, name=path, size=str(size), sha256=sha256, result=result or "OK", via=via)

    def kept_house(self, act: str, **facts: str) -> None:
        self._outlet.result(act, **facts)

    async def turn(self) -> None:
        """Waits until one more line of the record can surely be told: what the console wants beyond that is done later."""
        now = self.clock()
        self._turn_at = max(self._turn_at, now - ACTS_AT_ONCE / ACTS_PER_S) + 1 / ACTS_PER_S
        if self._turn_at > now:
            await deferLater(self._outlet.reactor, self._turn_at - now, lambda: None)

    def took(self, size: int) -> None:
        """Bytes that wait for the disk. Raises RemoteProtocolError for a console that does not keep to the window."""
        self._waiting += size
        if self._waiting > 2 * files.MAX_WINDOW:
            raise RemoteProtocolError("FILES_FLOOD")

    def wrote(self, size: int) -> None:
        self._waiting -= size

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts work that reports its own troubles; what escapes is a bug, and is logged as one."""
        Deferred.fromCoroutine(work).addErrback(lambda failure: log.failure("File work failed", failure))


def explained(problem: Exception) -> str:
    """The word for the console; what has none is logged."""
    code = code_of(problem)
    if code == FAILED:
        log.warn("A file could not be handled: {problem}", problem=str(problem))
    return code
