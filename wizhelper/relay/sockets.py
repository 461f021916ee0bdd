"""WebSocket transports (autobahn): /ws/live for consoles, /ws/agent for agents, /ws/relay for both ends of a data link.

Every limit of a socket is set in `_limited`, and nowhere else. The protocols here carry bytes and know no rules: those are
in hub.py, pairing.py and what server.py passes in.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from wizhelper.http.errors import ApiError
from wizhelper.http.hosts import Hosts
from wizhelper.protocol import live, messages
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.frames import MAX_FRAME_BYTES
from wizhelper.relay.hub import ConsoleTicket, Hub
from wizhelper.relay.pairing import CloseCode, End, Pairing, Room
from wizhelper.relay.tickets import Side, TicketOffice, TicketRefused

log = Logger()

FIRST_MESSAGE_S = 10.0
MAX_LIVE_BYTES = 16 * 1024
#: Private codes: autobahn sends none of 1002, 1008 and 1011 for an application, and the reason would be lost with it.
CLOSE_PROTOCOL = 4400
CLOSE_POLICY = 4403
CLOSE_INTERNAL = 4500
LIVE_CLOSED = 4010

#: Messages a second that one relay end may send on average, and the burst on top: a 60 Hz pointer and 60 frames with their
#: acknowledgements are 300; a flood of tiny frames costs the process more than its bytes.
MESSAGES_PER_S = 1500
MESSAGE_BURST = 6000
#: The same on the control plane, where each message may cost a transaction.
LIVE_MESSAGES_PER_S = 5
LIVE_MESSAGE_BURST = 50


@dataclass(frozen=True)
class LiveCallbacks:
    """What the console socket asks of the rest: first state, "the person did something"."""

    snapshot: Callable[[ConsoleTicket], Awaitable[dict[str, Any]]]
    active: Callable[[ConsoleTicket], Awaitable[None]]


@dataclass(frozen=True)
class AgentCallbacks:
    authenticate: Callable[[live.Auth, str], Awaitable[live.Hello]]
    joined: Callable[[str, AgentSocket, str], Awaitable[None]]
    left: Callable[[str, AgentSocket], Awaitable[None]]
    says: Callable[[str, live.AgentMessage], Awaitable[None]]


@dataclass(frozen=True)
class Sockets:
    """Everything that the three kinds of socket need."""

    reactor: IReactorTime
    hosts: Hosts
    secure: bool
    hub: Hub
    pairing: Pairing
    tickets: TicketOffice
    live: LiveCallbacks
    agent: AgentCallbacks
    input_flowed: Callable[[Any], None]


def resources(parts: Sockets, more: Mapping[bytes, type[BaseSocket]] | None = None) -> Mapping[bytes, IResource]:
    """The children of /ws. `more`: sockets of other domains, by name."""
    kinds: dict[bytes, type[BaseSocket]] = {b"live": LiveSocket, b"agent": AgentSocket, b"relay": RelaySocket}
    kinds.update(more or {})
    return {name: WebSocketResource(_factory(parts, kind)) for name, kind in kinds.items()}


def _factory(parts: Sockets, kind: type[BaseSocket]) -> WebSocketServerFactory:
    factory = WebSocketServerFactory()
    factory.protocol = kind
    factory.parts = parts
    _limited(factory, kind.max_message_bytes)
    return factory


def _limited(factory: WebSocketServerFactory, max_message_bytes: int) -> None:
    """The one place for socket limits. Origins are checked by `BaseSocket.onConnect`, for all kinds alike."""
    factory.setProtocolOptions(
        versions=[13],
        webStatus=False,
        utf8validateIncoming=True,
        requireMaskedClientFrames=True,
        maskServerFrames=False,
        maxFramePayloadSize=max_message_bytes,
        maxMessagePayloadSize=max_message_bytes,
        failByDrop=False,
        echoCloseCodeReason=False,
        openHandshakeTimeout=10,
        closeHandshakeTimeout=2,
        tcpNoDelay=True,
        autoPingInterval=20,
        autoPingTimeout=20,
        perMessageCompressionAccept=lambda _offers: None,
        allowNullOrigin=False,
        serveFlashSocketPolicy=False,
        trustXForwardedFor=0,
    )


class BaseSocket(WebSocketServerProtocol):  # type: ignore[misc]
    """Origin check, first-message timer, errors that close instead of escaping."""

    max_message_bytes = MAX_LIVE_BYTES
    browsers_only = False
    browsers_never = False
    messages_per_s = LIVE_MESSAGES_PER_S
    message_burst = LIVE_MESSAGE_BURST
    _first: IDelayedCall | None = None

    @property
    def parts(self) -> Sockets:
        return cast(Sockets, self.factory.parts)

    def onConnect(self, request: Any) -> None:
        origin = request.headers.get("origin")
        parts = self.parts
        if origin is None:
            allowed = not self.browsers_only and parts.hosts.allows(request.headers.get("host"))
        else:
            same = parts.hosts.same_origin(origin, request.headers.get("host"), parts.secure)
            allowed = same and not self.browsers_never
        if not allowed:
            log.warn("Socket refused: {path} for origin {origin}", path=request.path, origin=str(origin)[:200])
            raise ConnectionDeny(ConnectionDeny.FORBIDDEN, "origin not allowed")
        # The HTTP channel is still registered as the transport's producer; pairing needs that place for itself.
        self.transport.unregisterProducer()

    def onOpen(self) -> None:
        self._allowance = float(self.message_burst)
        self._allowance_at = self.parts.reactor.seconds()
        self._first = self.parts.reactor.callLater(FIRST_MESSAGE_S, self.refuse, CLOSE_POLICY, "TOO_LATE")

    def within_rate(self) -> bool:
        """Counts one message; False if the other side has sent more than this kind of socket takes."""
        now = self.parts.reactor.seconds()
        earned = (now - self._allowance_at) * self.messages_per_s
        self._allowance = min(self.message_burst, self._allowance + earned) - 1
        self._allowance_at = now
        return self._allowance >= 0

    def first_message_came(self) -> None:
        if self._first is not None and self._first.active():
            self._first.cancel()
        self._first = None

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.first_message_came()
        self.gone()

    def gone(self) -> None:
        """The socket is closed, for whatever reason."""

    def refuse(self, code: int, reason: str) -> None:
        self._first = None
        self.sendClose(int(code), reason)  # autobahn takes no IntEnum

    @property
    def address(self) -> str:
        return str(getattr(self.transport.getPeer(), "host", "local"))

    def run(self, work: Awaitable[None]) -> None:
        """Starts a coroutine whose failure closes this socket with a code."""
        Deferred.fromCoroutine(_awaited(work)).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.check(ApiError):
            self.refuse(CLOSE_POLICY, cast(ApiError, failure.value).code)
            return
        if failure.check(RemoteProtocolError):
            self.refuse(CLOSE_PROTOCOL, cast(RemoteProtocolError, failure.value).code)
            return
        log.failure("Socket work failed", failure)
        self.refuse(CLOSE_INTERNAL, "INTERNAL")

    def send_json(self, message: dict[str, Any]) -> None:
        """Whoever still tells a closing socket something does nothing wrong: it stays registered until it is closed."""
        if self.state != self.STATE_OPEN:
            return
        self.sendMessage(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(), False)


async def _awaited(work: Awaitable[None]) -> None:
    await work


class LiveSocket(BaseSocket):
    """The console's control plane."""

    browsers_only = True
    ticket: ConsoleTicket | None = None

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not self.within_rate():
            self.refuse(CloseCode.LIMIT, "LIMIT")
            return
        try:
            message = messages.load_json(payload, "BAD_LIVE", MAX_LIVE_BYTES)
        except RemoteProtocolError as problem:
            self.refuse(CLOSE_PROTOCOL, problem.code)
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if self.ticket is None and kind == "auth":
            self._authenticate(message.get("ticket"))
        elif self.ticket is not None and kind == "active":
            self.run(self.parts.live.active(self.ticket))
        else:
            self.refuse(CLOSE_PROTOCOL, "BAD_LIVE")

    def _authenticate(self, text: object) -> None:
        ticket = self.parts.hub.redeem_ticket(text) if isinstance(text, str) else None
        self.first_message_came()
        if ticket is None:
            self.refuse(CLOSE_POLICY, "BAD_TICKET")
            return
        self.ticket = ticket
        # Joined before the snapshot is read: a change in between is sent twice rather than not at all.
        self.parts.hub.console_joined(ticket, self)
        self.run(self._greet(ticket))

    async def _greet(self, ticket: ConsoleTicket) -> None:
        self.send({"type": "hello", **await self.parts.live.snapshot(ticket)})

    def gone(self) -> None:
        if self.ticket is not None:
            self.parts.hub.console_left(self.ticket, self)

    def send(self, message: dict[str, Any]) -> None:
        self.send_json(message)

    def close(self, reason: str) -> None:
        self.sendClose(LIVE_CLOSED, reason)


class AgentSocket(BaseSocket):
    """The agent's control plane."""

    max_message_bytes = live.MAX_MESSAGE_BYTES
    browsers_never = True
    session: str | None = None
    _asked = False

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not self.within_rate():
            self.refuse(CloseCode.LIMIT, "LIMIT")
            return
        try:
            message = live.decode_from_agent(payload)
        except RemoteProtocolError as problem:
            self.refuse(CLOSE_PROTOCOL, problem.code)
            return
        if not self._asked and isinstance(message, live.Auth):
            self._asked = True
            self.first_message_came()
            self.run(self._authenticate(message))
        elif self.session is not None and not isinstance(message, live.Auth):
            self.run(self.parts.agent.says(self.session, message))
        else:
            self.refuse(CLOSE_PROTOCOL, "BAD_LIVE")

    async def _authenticate(self, message: live.Auth) -> None:
        hello = await self.parts.agent.authenticate(message, self.address)
        if self.state != self.STATE_OPEN:
            return  # gone while the database was asked: nobody may be registered who will never leave
        self.session = message.session
        self.sendMessage(live.encode(hello), False)
        await self.parts.agent.joined(message.session, self, self.address)

    def gone(self) -> None:
        if self.session is not None:
            self.run(self.parts.agent.left(self.session, self))

    def send(self, message: dict[str, Any]) -> None:
        self.send_json(message)

    def close(self, reason: str) -> None:
        self.sendClose(LIVE_CLOSED, reason)


class RelaySocket(BaseSocket):
    """One end of a data link. Binary messages cross unread; back-pressure goes from one transport to the other."""

    max_message_bytes = MAX_FRAME_BYTES
    room: Room | None = None
    side: Side | None = None
    _peer: RelaySocket | None = None
    messages_per_s = MESSAGES_PER_S
    message_burst = MESSAGE_BURST

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.room is None or self.side is None:
            self._join(payload, isBinary)
        elif not isBinary or not self.within_rate():
            self.refuse(CloseCode.LIMIT, "LIMIT")
        elif not self.parts.pairing.message(self.room, self.side, payload):
            self.refuse(CLOSE_PROTOCOL, "NOT_PAIRED")
        elif self.side is Side.CONSOLE:
            self.parts.input_flowed(self.room.ticket.session)

    def _join(self, payload: bytes, isBinary: bool) -> None:
        self.first_message_came()
        try:
            message = messages.load_json(b"" if isBinary else payload, "BAD_TICKET", 1024)
            if (
                not isinstance(message, dict)
                or message.get("type") != "join"
                or not isinstance(message.get("ticket"), str)
            ):
                raise TicketRefused("no join message")
            ticket = self.parts.tickets.redeem(message["ticket"])
        except (RemoteProtocolError, TicketRefused) as problem:
            log.warn("Relay ticket refused: {reason}", reason=str(problem))
            self.refuse(CloseCode.BAD_TICKET, "BAD_TICKET")
            return
        self.side = ticket.side
        self.room = self.parts.pairing.join(ticket, self)

    def gone(self) -> None:
        self._unpair()
        if self.room is not None and self.side is not None:
            self.parts.pairing.left(self.room, self.side, self)

    # --- End ---------------------------------------------------------------------------------------------------------

    def joined(self) -> None:
        self.send_json({"type": "joined"})

    def paired(self, peer: End) -> None:
        """When this end reads slowly, its transport pauses the peer's: nothing piles up here."""
        self._peer = cast(RelaySocket, peer)
        self.transport.registerProducer(self._peer.transport, True)
        self.send_json({"type": "paired"})

    def forward(self, data: bytes) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(data, True)

    def close(self, code: CloseCode) -> None:
        self._unpair()
        self.sendClose(int(code), code.name)

    def _unpair(self) -> None:
        """A paused end must read again, or it would never see the close."""
        peer, self._peer = self._peer, None
        if peer is not None:
            self.transport.unregisterProducer()
            if peer.transport is not None:
                peer.transport.resumeProducing()
