"""A standing link to a message centre: sessions one after the other, with growing waits between tries, and a window.

At most `window` requests wait for an answer at a time; what is beyond waits here, and was not sent when its wait is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from wizhelper.sms.exchange import NOT_CONNECTED
from wizhelper.sms.gateway import Refused
from wizhelper.sms.providers.smpp_codec import Delivered, Pdu, Status
from wizhelper.sms.providers.smpp_session import Hooks, Session, code_of

log = Logger()

FIRST_WAIT_S, MAX_WAIT_S = 1, 60
READY_S = 15
"""How long a text waits for a bound session with room in its window."""
THROTTLED_S = 1
DRAIN_S = 5
MAX_QUEUE = 1000
THROTTLING = (code_of(Status.THROTTLED), code_of(Status.QUEUE_FULL))


class Link:
    """Connects at once and goes on until `close`. `heard` gets what the centre delivers."""

    def __init__(
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        bind: bytes,
        window: int,
        heard: Callable[[Delivered], None],
    ) -> None:
        self._reactor = reactor
        self._endpoint = endpoint
        self._bind = bind
        self._window = window
        self._heard = heard
        self._session: Session | None = None
        self._queue: deque[Deferred[None]] = deque()
        self._wait_s: float = FIRST_WAIT_S
        self._reason: Refused | None = None
        self._not_before: float = 0
        self._retry: IDelayedCall | None = None
        self._connecting: Deferred[Any] | None = None
        self._closed: Deferred[None] | None = None
        self._connect()

    # --- sessions ---------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._retry = None
        hooks = Hooks(bound=self._bound, ended=self._ended, freed=self._wake, delivered=self._heard)

        def make() -> Session:
            return Session(self._reactor, self._bind, hooks)

        self._connecting = self._endpoint.connect(Factory.forProtocol(make))
        self._connecting.addCallbacks(self._connected, self._not_connected)

    def _connected(self, session: Session) -> None:
        self._connecting = None
        self._session = None if session.is_ended else session
        self._wake()

    def _not_connected(self, failure: Failure) -> None:
        self._connecting = None
        self._ended(Refused(NOT_CONNECTED, failure.type.__name__ if failure.type else "", retry=True))

    def _bound(self) -> None:
        self._wait_s, self._reason = FIRST_WAIT_S, None
        self._wake()

    def _ended(self, reason: Refused | None) -> None:
        self._session = None
        self._reason = reason or Refused(NOT_CONNECTED, "the connection ended", retry=True)
        if self._closed is not None:
            self._say_closed()
            return
        log.info("SMPP link ended ({code}); next try in {wait} s", code=self._reason.code, wait=self._wait_s)
        self._retry = self._reactor.callLater(self._wait_s, self._connect)
        self._wait_s = min(self._wait_s * 2, MAX_WAIT_S)

    # --- requests ---------------------------------------------------------------------------------------------------

    async def submit(self, body: bytes) -> Pdu:
        """The centre's positive answer to a submit_sm. Raises Refused or Uncertain."""
        session = await self._free_session()
        try:
            return await session.submit(body)
        except Refused as problem:
            if problem.code in THROTTLING:
                self._not_before = self._reactor.seconds() + THROTTLED_S
                self._reactor.callLater(THROTTLED_S, self._wake)
            raise

    async def _free_session(self) -> Session:
        """Raises Refused: nothing was sent."""
        end = self._reactor.seconds() + READY_S
        while True:
            session = self._free()
            if session is not None:
                return session
            if self._closed is not None or len(self._queue) >= MAX_QUEUE or self._reactor.seconds() >= end:
                raise self._reason or Refused("WINDOW", "the centre takes no more now", retry=True)
            await self._turn(end - self._reactor.seconds())

    def _free(self) -> Session | None:
        session = self._session
        if session is None or not session.is_bound or session.pending >= self._window or self._closed is not None:
            return None
        return session if self._reactor.seconds() >= self._not_before else None

    async def _turn(self, seconds: float) -> None:
        turn: Deferred[None] = Deferred()
        self._queue.append(turn)
        try:
            await turn.addTimeout(max(seconds, 0), self._reactor)
        except TookTooLong:
            pass  # the caller looks at the time
        except CancelledError:
            # Whoever wanted it sent gave up before anything went out; he must hear that.
            raise Refused("WINDOW", "not sent in time", retry=True) from None
        finally:
            if turn in self._queue:
                self._queue.remove(turn)

    def _wake(self) -> None:
        """Lets in as many as there is room for; each takes its place before the next is asked."""
        while self._queue and (self._free() is not None or self._closed is not None):
            self._queue.popleft().callback(None)

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> Deferred[None]:
        """What waits for its answer has a moment to get it."""
        if self._closed is not None:
            return succeed(None)
        self._closed = Deferred()
        self._wake()
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        self._drain(self._reactor.seconds() + DRAIN_S)
        return self._closed

    def _drain(self, end: float) -> None:
        if self._session is None:
            self._say_closed()
        elif self._session.pending and self._session.is_bound and self._reactor.seconds() < end:
            self._reactor.callLater(0.1, self._drain, end)
        else:
            self._session.unbind()

    def _say_closed(self) -> None:
        if self._closed is not None and not self._closed.called:
            self._closed.callback(None)
