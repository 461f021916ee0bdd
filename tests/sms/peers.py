"""Peers of drivers: a reactor of the test's own, and an HTTP server on loopback that plays a provider."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.process import reapAllProcesses
from twisted.internet.selectreactor import SelectReactor
from twisted.python.failure import Failure

WAIT_S = 20


class OwnReactor:
    """A real reactor that turns only while the test waits."""

    def __init__(self) -> None:
        self.reactor: Any = SelectReactor()
        self.reactor.startRunning(installSignalHandlers=False)

    def result(self, deferred: Deferred[Any]) -> Any:
        """What the Deferred brings; raises what it fails with."""
        found: list[Any] = []
        deferred.addBoth(found.append)
        self.until(lambda: bool(found))
        if isinstance(found[0], Failure):
            found[0].raiseException()
        return found[0]

    def until(self, happened: Callable[[], Any], seconds: float = WAIT_S) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, "it did not happen in time"
            self.reactor.iterate(0.02)
            reapAllProcesses()

    def turn(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.reactor.iterate(0.02)

    def close(self) -> None:
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        self.reactor.removeAll()
        pool = self.reactor.threadpool
        if pool is not None:
            pool.stop()


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. Header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Said:
    """An answer. `hang`: none at all, the connection stays; `cut`: the connection ends in its place."""

    status: int = 200
    body: bytes = b"{}"
    hang: bool = False
    cut: bool = False


def said(value: Any, status: int = 200) -> Said:
    return Said(status, json.dumps(value).encode())


@dataclass
class PlayedProvider:
    """`answers` are given in order, the last one again and again."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def next_answer(self) -> Said:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def played_provider() -> Iterator[PlayedProvider]:
    provider = PlayedProvider()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.seen.append(Seen(self.command, self.path, headers, body))
            answer = provider.next_answer()
            if answer.hang:
                provider.over.wait(WAIT_S)
            if answer.hang or answer.cut:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """The client may hang up in an answer that is too long for it."""

    server = Server(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        server.shutdown()
        server.server_close()
