"""Large answers go out piece by piece, and stop when nobody fetches them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from wizhelper.http.sending import LARGE_BYTES, PIECE_BYTES, send


class Request:
    def __init__(self) -> None:
        self.responseHeaders = Headers()
        self.written: list[bytes] = []
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.written.append(data)


def sent(request: Request, body: bytes) -> Deferred[bytes]:
    return Deferred.fromCoroutine(send(request, body))  # type: ignore[arg-type]


def test_a_small_body_is_left_to_the_caller() -> None:
    request, found = Request(), []
    sent(request, b"x" * LARGE_BYTES).addCallback(found.append)
    assert found == [b"x" * LARGE_BYTES] and request.written == []


def test_a_large_body_goes_out_only_as_it_is_asked_for() -> None:
    request, found = Request(), []
    body = bytes(range(256)) * (LARGE_BYTES // 256) + b"end"
    sent(request, body).addCallback(found.append)
    assert request.written == [] and request.responseHeaders.getRawHeaders("content-length") == [str(len(body))]
    request.producer.resumeProducing()
    assert [len(piece) for piece in request.written] == [PIECE_BYTES] and found == []
    while request.producer is not None:
        request.producer.resumeProducing()
    assert b"".join(request.written) == body and found == [b""]


def test_who_goes_away_ends_it() -> None:
    request, found = Request(), []
    sent(request, b"x" * (LARGE_BYTES + 1)).addCallback(found.append)
    request.producer.resumeProducing()
    request.producer.stopProducing()
    assert found == [b""] and len(request.written) == 1
