"""Run as a program: a TLS server on a loopback port and an agent's ServerLink that trusts `ca.pem` only, in one process.

    tls_probe.py FOLDER_OF_THE_SERVER CA_FILE NAME_IN_THE_CERTIFICATE

Prints one JSON object: what the calls of the agent came to, and how many bytes the server could decrypt.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from agent.link import AgentSocket, LinkError, ServerLink, SocketEvents, parse_server
from wizhelper.http.tls import context_factory, ensure_certificate

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'
LIMIT_S = 20

reactor: Any = the_reactor


class Recorder(Protocol):
    received = bytearray()

    def dataReceived(self, data: bytes) -> None:
        self.received.extend(data)
        assert self.transport is not None
        self.transport.write(ANSWER)


class Events(SocketEvents):
    def __init__(self) -> None:
        self.opens = 0
        self.gone: Deferred[None] = Deferred()

    def opened(self, socket: AgentSocket) -> None:
        self.opens += 1

    def closed(self, code: int | None, reason: str) -> None:
        self.gone.callback(None)


async def probe(folder: Path, ca: Path, name: str) -> dict[str, Any]:
    certificate = ensure_certificate(folder, (name,), datetime.now(UTC))
    port = reactor.listenSSL(0, Factory.forProtocol(Recorder), context_factory(certificate), interface="127.0.0.1")
    server = ServerLink(reactor, parse_server(f"https://127.0.0.1:{port.getHost().port}", ca), "en")
    try:
        posted = "ok" if (await server.post("/join", {"number": "123456"}, "a secret"))["ok"] else "odd"
    except LinkError as problem:
        posted = problem.code
    after_post = len(Recorder.received)
    events = Events()
    await server.connect("/ws/agent", events)
    await events.gone
    return {"post": posted, "post_bytes": after_post, "bytes": len(Recorder.received), "opened": events.opens}


def main(folder: str, ca: str, name: str) -> None:
    def finished(result: Any) -> None:
        print(json.dumps(result) if isinstance(result, dict) else str(result))
        reactor.stop()

    reactor.callLater(LIMIT_S, finished, "too slow")
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(probe(Path(folder), Path(ca), name)).addBoth(finished))
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
