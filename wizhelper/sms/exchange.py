"""One HTTP request of a gateway, with its failures sorted by the one question that counts: can the provider have got it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.error import ConnectError, ConnectionDone, DNSLookupError
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from zope.interface import implementer

from wizhelper.sms.gateway import Refused, Uncertain
from wizhelper.sms.outgoing import AddressRefused

ANSWER_S = 30
MAX_ANSWER = 256 * 1024
NOT_CONNECTED = "NOT_CONNECTED"
ADDRESS_REFUSED = "ADDRESS_REFUSED"


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


async def exchange(
    agent: IAgent, reactor: Any, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
) -> HttpAnswer:
    """Raises Refused when no connection was made, Uncertain when one was and no whole answer came."""
    raw = Headers({name: [value] for name, value in headers.items()})
    producer = _Body(body) if body else None
    try:
        return await _exchange(agent, method, url, raw, producer).addTimeout(ANSWER_S, reactor)
    except AddressRefused as problem:
        raise Refused(ADDRESS_REFUSED, str(problem), retry=False) from problem
    except (ConnectError, DNSLookupError) as problem:
        raise Refused(NOT_CONNECTED, str(problem), retry=True) from problem
    except TookTooLong as problem:
        raise Uncertain(f"no answer in {ANSWER_S} s") from problem
    except Exception as problem:
        # The reasons are many (TLS, a line that breaks, an answer that is none); after all of them it may have arrived.
        raise Uncertain(type(problem).__name__) from problem


def _exchange(agent: IAgent, method: str, url: str, headers: Headers, body: _Body | None) -> Deferred[HttpAnswer]:
    async def run() -> HttpAnswer:
        response = await agent.request(method.encode(), url.encode("ascii"), headers, body)
        collector = _Collector()
        response.deliverBody(collector)
        return HttpAnswer(response.code, await collector.done)

    return Deferred.fromCoroutine(run())


class _Collector(Protocol):
    """A body of at most MAX_ANSWER bytes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.done: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > MAX_ANSWER and self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        whole = reason.check(ResponseDone, PotentialDataLoss, ConnectionDone) and len(self._data) <= MAX_ANSWER
        if whole:
            self.done.callback(bytes(self._data))
        else:
            self.done.errback(reason)


@implementer(IBodyProducer)
class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """All of it is out at once."""

    def resumeProducing(self) -> None:
        """As above."""

    def stopProducing(self) -> None:
        """As above."""
