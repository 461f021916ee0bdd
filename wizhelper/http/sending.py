"""Large answers at the pace of whoever fetches them: a program of 50 MB to a slow line must not wait in memory, encrypted."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.web.http import Request
from zope.interface import implementer

LARGE_BYTES = 256 * 1024
PIECE_BYTES = 64 * 1024


async def send(request: Request, body: bytes) -> bytes:
    """What is left to be written by the caller: all of a small body, nothing of a large one, which has then been sent."""
    if len(body) <= LARGE_BYTES:
        return body
    request.responseHeaders.setRawHeaders("Content-Length", [str(len(body))])
    await _Pieces(request, body).done
    return b""


@implementer(IPullProducer)
class _Pieces:
    """`done` fires when all was handed on, or when the other side has gone away."""

    def __init__(self, request: Request, body: bytes) -> None:
        self.done: Deferred[None] = Deferred()
        self._request = request
        self._left = memoryview(body)
        request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        piece, self._left = self._left[:PIECE_BYTES], self._left[PIECE_BYTES:]
        self._request.write(bytes(piece))
        if not self._left and not self.done.called:
            self._request.unregisterProducer()
            self.done.callback(None)

    def stopProducing(self) -> None:
        self._left = self._left[:0]
        if not self.done.called:
            self.done.callback(None)
