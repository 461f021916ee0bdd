"""One connection to a message centre: bind, requests with their answers, the heartbeat, and its end. It never reconnects.

    connected ──bind──► bound ──► ended
                 │ refused, silent    ▲ unbind, silence, garbage, the line breaks
                 └────────────────────┘

Everything that waits for an answer when the connection ends is Uncertain: the centre may have taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from wizhelper.sms.gateway import Refused, Uncertain
from wizhelper.sms.providers.smpp_codec import RESPONSE, BadPdu, Command, Delivered, Pdu, Splitter, Status, delivered

BIND_S = 10
ANSWER_S = 20
SILENCE_S = 30
"""After so long without a byte the centre is asked whether it is there."""
HEARTBEAT_S = 10
UNBIND_S = 2
MAX_SEQUENCE = 0x7FFFFFFF
REJECTED = 0x66
"""ESME_RX_R_APPN: we will not take this one, do not bring it again."""
LATER = (0x04, Status.SYSTEM_ERROR, Status.QUEUE_FULL, Status.THROTTLED)
"""Not taken now, perhaps later; 0x04: the centre does not think us bound."""


def code_of(status: int) -> str:
    return f"SMPP_{status:02X}"


@dataclass
class Hooks:
    """What the owner wants to know. `bound` and `ended` come once at most, `freed` after every answer."""

    bound: Callable[[], None]
    ended: Callable[[Refused | None], None]
    freed: Callable[[], None]
    delivered: Callable[[Delivered], None]


class Session(Protocol):
    """`bind`: the body of bind_transceiver."""

    def __init__(self, reactor: Any, bind: bytes, hooks: Hooks) -> None:
        self._reactor = reactor
        self._bind = bind
        self._hooks = hooks
        self._splitter = Splitter()
        self._sequence = 0
        self._waiting: dict[int, tuple[Deferred[Pdu], IDelayedCall]] = {}
        self._timer: IDelayedCall | None = None
        self._refused: Refused | None = None
        self.is_bound = False
        self.is_ended = False

    @property
    def pending(self) -> int:
        return len(self._waiting)

    # --- the connection ---------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        answer = self._request(Command.BIND_TRANSCEIVER, self._bind, BIND_S)
        answer.addCallbacks(self._bound, self._not_bound)

    def _bound(self, answer: Pdu) -> None:
        if answer.command != Command.BIND_TRANSCEIVER_RESP or answer.status != Status.OK:
            self._refused = Refused(code_of(answer.status), "the centre refused the login", retry=True)
            self._drop()
            return
        self.is_bound = True
        self._listen()
        self._hooks.bound()

    def _not_bound(self, _failure: Failure) -> None:
        self._refused = Refused("NO_BIND", "the centre did not answer the login", retry=True)
        self._drop()

    def dataReceived(self, data: bytes) -> None:
        if self.is_bound and not self.is_ended:
            self._listen()
        try:
            for pdu in self._splitter.feed(data):
                self._take(pdu)
        except BadPdu:
            self._drop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_bound, self.is_ended = False, True
        _cancel(self._timer)
        waiting, self._waiting = self._waiting, {}
        for answer, timer in waiting.values():
            _cancel(timer)
            answer.errback(Uncertain("the connection ended before the answer"))
        self._hooks.ended(self._refused)

    def _drop(self) -> None:
        self.is_bound = False
        if self.transport is not None and not self.is_ended:
            self.transport.abortConnection()  # type: ignore[attr-defined]

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _take(self, pdu: Pdu) -> None:
        if pdu.command & RESPONSE:
            self._answered(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self._say(Command.ENQUIRE_LINK_RESP, pdu.sequence)
        elif pdu.command == Command.DELIVER_SM:
            self._delivered(pdu)
        elif pdu.command == Command.UNBIND:
            self._say(Command.UNBIND_RESP, pdu.sequence)
            self.is_bound = False
            self._lose()
        else:
            self._say(Command.GENERIC_NACK, pdu.sequence, Status.INVALID_COMMAND)

    def _answered(self, pdu: Pdu) -> None:
        """An answer to nothing that we asked, or that comes too late, is passed over."""
        found = self._waiting.pop(pdu.sequence, None)
        if found is not None:
            _cancel(found[1])
            found[0].callback(pdu)
            self._hooks.freed()

    def _delivered(self, pdu: Pdu) -> None:
        try:
            found = delivered(pdu.body)
        except BadPdu:
            self._say(Command.DELIVER_SM_RESP, pdu.sequence, REJECTED, b"\x00")
            return
        self._hooks.delivered(found)
        self._say(Command.DELIVER_SM_RESP, pdu.sequence, Status.OK, b"\x00")

    # --- what goes out ----------------------------------------------------------------------------------------------

    def submit(self, body: bytes) -> Deferred[Pdu]:
        """The positive answer to a submit_sm. Fails with Refused or Uncertain. Only while bound."""

        def judged(answer: Pdu) -> Pdu:
            if answer.command == Command.SUBMIT_SM_RESP and answer.status == Status.OK:
                return answer
            raise Refused(code_of(answer.status), "", retry=answer.status in LATER)

        return self._request(Command.SUBMIT_SM, body, ANSWER_S).addCallback(judged)

    def unbind(self) -> None:
        """Says good-bye, and ends the connection when the centre answered or did not in time."""
        if not self.is_bound:
            self._drop()
            return
        self.is_bound = False
        self._request(Command.UNBIND, b"", UNBIND_S).addBoth(lambda _result: self._lose())

    def _lose(self) -> None:
        if self.transport is not None and not self.is_ended:
            self.transport.loseConnection()

    def _request(self, command: Command, body: bytes, seconds: float) -> Deferred[Pdu]:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        sequence = self._sequence
        answer: Deferred[Pdu] = Deferred(lambda _deferred: self._forget(sequence))
        self._waiting[sequence] = (answer, self._reactor.callLater(seconds, self._silent, sequence))
        self._say(command, sequence, Status.OK, body)
        return answer

    def _forget(self, sequence: int) -> None:
        """Whoever asked does not wait any more."""
        found = self._waiting.pop(sequence, None)
        if found is not None:
            _cancel(found[1])
            self._hooks.freed()

    def _silent(self, sequence: int) -> None:
        answer, _timer = self._waiting.pop(sequence)
        answer.errback(Uncertain("no answer in time"))
        self._hooks.freed()

    def _say(self, command: int, sequence: int, status: int = Status.OK, body: bytes = b"") -> None:
        if self.transport is not None and not self.is_ended:
            self.transport.write(Pdu(command, status, sequence, body).encoded())

    # --- the heartbeat ----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        _cancel(self._timer)
        self._timer = self._reactor.callLater(SILENCE_S, self._ask)

    def _ask(self) -> None:
        if self.is_bound:
            self._request(Command.ENQUIRE_LINK, b"", HEARTBEAT_S).addErrback(lambda _failure: self._drop())


def _cancel(timer: IDelayedCall | None) -> None:
    if timer is not None:
        # It may have fired just now.
        with suppress(AlreadyCalled, AlreadyCancelled):
            timer.cancel()
