"""One registration handed to the device service that runs on this PC already, over its local socket."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from agent.device.door import TOKEN_FILE, socket_of
from agent.link import LinkError
from wizhelper.protocol import local
from wizhelper.protocol import local_device as wire
from wizhelper.protocol.errors import RemoteProtocolError

#: The service itself waits 20 s for the appliance.
ANSWER_S = 40.0


async def register(reactor: Any, folder: Path, asked: wire.Register, language: str) -> wire.State:
    """-> the state once the PC is registered. Raises LinkError."""
    client = _Client(reactor, asked, language)
    try:
        endpoint, client.token = _endpoint(reactor, folder)
        await connectProtocol(endpoint, client)
    except (ConnectError, OSError, ValueError) as problem:
        raise LinkError("ALREADY_RUNNING", f"{folder}: {problem}") from None
    return await client.answer


def _endpoint(reactor: Any, folder: Path) -> tuple[Any, str]:
    if sys.platform == "win32":
        found = json.loads((folder / TOKEN_FILE).read_text("utf-8"))
        return TCP4ClientEndpoint(reactor, "127.0.0.1", int(found["port"])), str(found["token"])
    return UNIXClientEndpoint(reactor, str(socket_of(folder))), ""


class _Client(Protocol):
    token = ""

    def __init__(self, reactor: Any, asked: wire.Register, language: str) -> None:
        self.answer: Deferred[wire.State] = Deferred()
        self._asked = asked
        self._language = language
        self._lines = local.LineBuffer(wire.MAX_TO_TRAY_BYTES)
        self._registered = False
        self._patience = reactor.callLater(ANSWER_S, self._fail, "NO_ANSWER")

    def connectionMade(self) -> None:
        for message in (wire.Hello(self.token, self._language), self._asked):
            self.transport.write(wire.encode(message) + b"\n")  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        try:
            for line in self._lines.add(data):
                self._received(wire.decode_to_tray(line))
        except RemoteProtocolError as problem:
            self._fail(problem.code, problem.detail)

    def _received(self, message: wire.ToTray) -> None:
        match message:
            case wire.Result(wire.Act.REGISTER, "", _, _):
                self._registered = True
            case wire.Result(wire.Act.REGISTER, code, text, next_step):
                self._fail(code, text, next_step)
            case wire.State(condition) if self._registered and condition in (wire.Condition.PENDING, wire.Condition.ONLINE):
                self._done(message)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._fail("NO_ANSWER")

    def _done(self, state: wire.State) -> None:
        if not self.answer.called:
            self._close()
            self.answer.callback(state)

    def _fail(self, code: str, text: str = "", next_step: str = "") -> None:
        if not self.answer.called:
            self._close()
            self.answer.errback(LinkError(code, text=text, next_step=next_step))

    def _close(self) -> None:
        if self._patience.active():
            self._patience.cancel()
        if self.transport is not None:
            self.transport.loseConnection()
