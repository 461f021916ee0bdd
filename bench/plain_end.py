"""One end of a relay's data link that only moves plain binary messages, as a process of its own: what `bench.transfer` compares with.

    python -m bench.plain_end URL CA TICKET send|receive MESSAGE_BYTES TOTAL_BYTES
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor as default_reactor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from agent.link import AgentSocket, ServerLink, SocketEvents, parse_server

reactor: Any = default_reactor


@implementer(IPushProducer)
class PlainEnd(SocketEvents):
    """Prints seconds from "paired" to the last byte that it sent or received."""

    def __init__(self, ticket: str, sends: bool, size: int, total: int) -> None:
        self._ticket = ticket
        self._sends = sends
        self._message = os.urandom(size)
        self._left = total
        self._paused = False
        self._began = 0.0

    def opened(self, socket: AgentSocket) -> None:
        self._socket = socket
        socket.send_text(json.dumps({"type": "join", "ticket": self._ticket}).encode())

    def text(self, data: bytes) -> None:
        if b"paired" not in data:
            return
        self._began = time.monotonic()
        if self._sends:
            self._socket._protocol.transport.registerProducer(self, True)
            self.resumeProducing()

    def binary(self, data: bytes) -> None:
        """A receiver's message, or the other end's word that it has all."""
        self._left -= len(data)
        if self._sends:
            self._end()
        elif self._left <= 0:
            self._socket.send_binary(b"all")
            reactor.callLater(0.5, self._end)

    def resumeProducing(self) -> None:
        self._paused = False
        while not self._paused and self._left > 0:
            self._socket.send_binary(self._message)
            self._left -= len(self._message)

    def pauseProducing(self) -> None:
        self._paused = True

    def stopProducing(self) -> None:
        self._left = 0

    def _end(self) -> None:
        sys.stdout.write(json.dumps({"seconds": time.monotonic() - self._began}) + "\n")
        sys.stdout.flush()
        reactor.stop()


def main() -> int:
    url, ca, ticket, way, size, total = sys.argv[1:]
    end = PlainEnd(ticket, way == "send", int(size), int(total))
    ServerLink(reactor, parse_server(url, Path(ca)), "en").connect("/ws/relay", end)
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
