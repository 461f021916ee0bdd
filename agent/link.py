"""The agent's way to the server: TLS with a pinned or known CA, REST calls, WebSockets. Never in clear, never unverified."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import treq
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket import USES_NVX
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._newclient import RequestTransmissionFailed  # public in what the Agent raises, not in a module
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.iweb import UNKNOWN_LENGTH, IAgentEndpointFactory
from zope.interface import implementer

from agent.proxy import ProxyError, Tunnel, proxy_for
from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.frames import MAX_FRAME_BYTES

log = Logger()

REQUEST_TIMEOUT_S = 20.0
MAX_ANSWER_BYTES = 256 * 1024
MAX_CODE_LENGTH = 64
MAX_SENTENCE_LENGTH = 500
BACK_OFF_S = 5.0
MIN_BACK_OFF_S = 0.2
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LinkError(Exception):
    """The server cannot be reached or refuses. `code`: SERVER_UNREACHABLE, CERTIFICATE_REFUSED, BAD_SERVER_URL, BAD_CA_FILE,
    BAD_CONNECTION_FILE, NO_SERVER, BAD_ANSWER, one of proxy.ProxyError, or a code of the server's list.
    `text` and `next_step` are the server's words for people, if it had any; `detail` is for logs and the command line."""

    def __init__(self, code: str, detail: str = "", *, text: str = "", next_step: str = "") -> None:
        said = text or detail
        super().__init__(f"{code}: {said}" if said else code)
        self.code = code
        self.detail = detail
        self.text = text
        self.next_step = next_step


@dataclass(frozen=True)
class Server:
    """Where the appliance is. `ca`: PEM of the only CA to be trusted; None: those that the system trusts."""

    scheme: str
    host: str
    port: int
    ca: bytes | None

    @property
    def base(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        return self.scheme == "https"


def parse_server(url: str, ca_file: Path | None = None, ca: bytes | None = None) -> Server:
    """`url` may lack the scheme (https). Plain http is taken for the loopback address only. Raises LinkError."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port
    except ValueError:
        raise LinkError("BAD_SERVER_URL", url[:100]) from None
    # "https://support.example@evil.example" is read by people as the wrong one of the two.
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or port == 0:
        raise LinkError("BAD_SERVER_URL", url[:100])
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise LinkError("BAD_SERVER_URL", "only https leaves this machine")
    try:
        pem = ca_file.read_bytes() if ca_file else ca
    except OSError as problem:
        raise LinkError("BAD_CA_FILE", f"{problem.filename}: {problem.strerror}") from None
    return Server(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), pem)


def _tls_options(server: Server) -> Any:
    try:
        trust = (
            trustRootFromCertificates([Certificate.loadPEM(server.ca)]) if server.ca is not None else platformTrust()
        )
    except (SSL.Error, crypto.Error, ValueError):
        raise LinkError("BAD_CA_FILE", "no PEM certificate") from None
    return optionsForClientTLS(server.host, trustRoot=trust)


def _endpoint(reactor: Any, server: Server) -> IStreamClientEndpoint:
    """To the server, by the system's proxy if it names one for it. Raises LinkError."""
    if not server.secure:
        return TCP4ClientEndpoint(reactor, server.host, server.port, timeout=10)
    proxy = proxy_for(server.host)
    if proxy is None:
        plain: Any = HostnameEndpoint(reactor, server.host, server.port, timeout=10)
    else:
        way = HostnameEndpoint(reactor, proxy.host, proxy.port, timeout=10)
        plain = Tunnel(reactor, way, proxy, server.host, server.port)
    return wrapClientTLS(_tls_options(server), plain)


@implementer(IAgentEndpointFactory)
class _Endpoints:
    """For REST calls: whatever the address says, there is one server only."""

    def __init__(self, reactor: Any, server: Server) -> None:
        self._reactor = reactor
        self._server = server

    def endpointForURI(self, _uri: Any) -> IStreamClientEndpoint:
        return _endpoint(self._reactor, self._server)


class ServerLink:
    """REST calls and sockets to one server."""

    def __init__(self, reactor: Any, server: Server, language: str) -> None:
        self._reactor = reactor
        self.server = server
        #: "ko" or "en": the language of the server's sentences from now on.
        self.language = language
        self._http = treq.client.HTTPClient(
            Agent.usingEndpointFactory(
                reactor, _Endpoints(reactor, server), HTTPConnectionPool(reactor, persistent=False)
            )
        )
        if not USES_NVX:
            log.warn("autobahn runs without NVX: sending the picture takes more CPU time than it needs")

    async def post(self, path: str, body: dict[str, Any], bearer: str | None = None) -> dict[str, Any]:
        """Raises LinkError."""
        return await self._request("POST", path, messages.dump_json(body), bearer)

    async def get(self, path: str) -> dict[str, Any]:
        """Raises LinkError."""
        return await self._request("GET", path, None, None)

    async def download(self, path: str, size_bytes: int, write: Callable[[bytes], Any]) -> None:
        """GET of a file that has exactly so many bytes; `write` gets them as they come, and may raise.
        Raises LinkError, and what `write` raises."""
        try:
            response = await self._http.get(
                f"{self.server.base}{path}", timeout=REQUEST_TIMEOUT_S, allow_redirects=False, unbuffered=True
            )
        except Exception as problem:
            raise _link_error(problem) from problem
        # A proxy in between may leave the length out: the bytes are counted in any case.
        if response.code != 200 or response.length not in (size_bytes, UNKNOWN_LENGTH):
            raise LinkError("BAD_ANSWER", f"status {response.code}, {response.length} bytes")
        done: Deferred[None] = Deferred()
        response.deliverBody(_Pieces(self._reactor, size_bytes, write, done))
        await done

    async def _request(self, method: str, path: str, body: bytes | None, bearer: str | None) -> dict[str, Any]:
        headers: dict[bytes | str, bytes | str] = {
            "Accept-Language": self.language,
            "Content-Type": "application/json",
        }
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            # No redirects: they could lead to another host, or into the clear. Unbuffered: the length is ours to limit.
            response = await self._http.request(
                method,
                f"{self.server.base}/api/v1{path}",
                data=body,
                headers=headers,
                timeout=REQUEST_TIMEOUT_S,
                allow_redirects=False,
                unbuffered=True,
            )
            data = await self._body(response)
        except LinkError:
            raise
        except Exception as problem:
            raise _link_error(problem) from problem
        return _answer(response.code, data)

    async def _body(self, response: Any) -> bytes:
        """Raises LinkError("BAD_ANSWER") as soon as there is more than MAX_ANSWER_BYTES."""
        found = bytearray()

        def add(data: bytes) -> None:
            if len(found) + len(data) > MAX_ANSWER_BYTES:
                raise LinkError("BAD_ANSWER", "too long")
            found.extend(data)

        await treq.collect(response, add).addTimeout(REQUEST_TIMEOUT_S, self._reactor)
        return bytes(found)

    def connect(self, path: str, events: SocketEvents) -> Deferred[Any]:
        """Opens a WebSocket. The Deferred fires when the TCP or TLS connection stands, and fails with LinkError."""
        factory = WebSocketClientFactory(f"{'wss' if self.server.secure else 'ws'}://{self._netloc()}{path}")
        factory.protocol = _Socket
        factory.events = events
        factory.setProtocolOptions(
            maxFramePayloadSize=MAX_FRAME_BYTES,
            maxMessagePayloadSize=MAX_FRAME_BYTES,
            failByDrop=False,
            openHandshakeTimeout=10,
            closeHandshakeTimeout=2,
            autoPingInterval=20,
            autoPingTimeout=20,
            tcpNoDelay=True,
            perMessageCompressionOffers=[],
        )
        connected: Deferred[Any] = _endpoint(self._reactor, self.server).connect(factory)
        connected.addErrback(_as_link_error)
        return connected

    def _netloc(self) -> str:
        return self.server.base.partition("://")[2]


class _Pieces(Protocol):
    """The body of an answer; who stays silent for REQUEST_TIMEOUT_S is given up."""

    def __init__(self, reactor: Any, size_bytes: int, write: Callable[[bytes], Any], done: Deferred[None]) -> None:
        self._left = size_bytes
        self._write = write
        self._done = done
        self._silence = reactor.callLater(REQUEST_TIMEOUT_S, self._give_up, LinkError("SERVER_UNREACHABLE", "silence"))

    def dataReceived(self, data: bytes) -> None:
        self._left -= len(data)
        self._silence.reset(REQUEST_TIMEOUT_S)
        try:
            if self._left < 0:
                raise LinkError("BAD_ANSWER", "too long")
            self._write(data)
        except (LinkError, OSError) as problem:
            self._give_up(problem)

    def _give_up(self, problem: Exception) -> None:
        transport: Any = self.transport
        transport.abortConnection()
        self._finish(problem)

    def connectionLost(self, reason: Failure | None = None) -> None:  # type: ignore[override]
        self._finish(LinkError("SERVER_UNREACHABLE", "the file is not whole") if self._left else None)

    def _finish(self, problem: Exception | None) -> None:
        if self._silence.active():
            self._silence.cancel()
        if self._done.called:
            return
        if problem is not None:
            self._done.errback(problem)
        else:
            self._done.callback(None)


class SocketEvents:
    """What the owner of a socket is told; all of it on the reactor thread."""

    def opened(self, socket: AgentSocket) -> None:
        """The WebSocket handshake is done."""

    def text(self, data: bytes) -> None:
        """A text message."""

    def binary(self, data: bytes) -> None:
        """A binary message."""

    def closed(self, code: int | None, reason: str) -> None:
        """Once, last; also when the handshake failed."""


class AgentSocket:
    """An open WebSocket, as its owner sees it. Once it is closing, sending does nothing: `closed` has been or will be called."""

    def __init__(self, protocol: _Socket) -> None:
        self._protocol = protocol

    def send_text(self, data: bytes) -> None:
        self._send(data, False)

    def send_binary(self, data: bytes) -> None:
        self._send(data, True)

    def _send(self, data: bytes, binary: bool) -> None:
        if self._protocol.state == WebSocketClientProtocol.STATE_OPEN:
            self._protocol.sendMessage(data, binary)

    def close(self) -> None:
        self._protocol.sendClose(1000)

    def abort(self) -> None:
        """Without waiting for the other side: the session is over or in doubt."""
        if self._protocol.transport is not None:
            self._protocol.transport.abortConnection()


class _Socket(WebSocketClientProtocol):  # type: ignore[misc]
    @property
    def _events(self) -> SocketEvents:
        return cast(SocketEvents, self.factory.events)

    def onOpen(self) -> None:
        self._events.opened(AgentSocket(self))

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        (self._events.binary if isBinary else self._events.text)(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self._events.closed(code, reason or "")


class BackOff:
    """Full jitter (AWS architecture blog, "Exponential Backoff And Jitter"): a thousand agents must not come back at once."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform, most_s: float = BACK_OFF_S) -> None:
        self._uniform = uniform
        self._most_s = most_s
        self._ceiling = 2 * MIN_BACK_OFF_S

    def next_s(self) -> float:
        wait = self._uniform(MIN_BACK_OFF_S, self._ceiling)
        self._ceiling = min(self._most_s, self._ceiling * 2)
        return wait

    def reset(self) -> None:
        self._ceiling = 2 * MIN_BACK_OFF_S


def _answer(status: int, data: bytes) -> dict[str, Any]:
    if status == 204:
        return {}
    try:
        value = messages.load_json(data, "BAD_ANSWER", MAX_ANSWER_BYTES)
    except RemoteProtocolError:
        raise LinkError("BAD_ANSWER", f"status {status}") from None
    if not isinstance(value, dict):
        raise LinkError("BAD_ANSWER", "no object")
    if 200 <= status < 300:
        return value
    error = value.get("error")
    code = _text(error, "code", MAX_CODE_LENGTH) if isinstance(error, dict) else ""
    if not code:
        raise LinkError("BAD_ANSWER", f"status {status}")
    raise LinkError(
        code,
        text=_text(error, "message", MAX_SENTENCE_LENGTH),
        next_step=_text(error, "next_step", MAX_SENTENCE_LENGTH),
    )


def _text(error: Any, name: str, length: int) -> str:
    """A text field of the server's error, at most so long; anything else counts as none. Lone surrogates cannot be sent on."""
    value = error.get(name)
    return value[:length].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _link_error(problem: BaseException) -> LinkError:
    """Certificate trouble is told apart from a network that is down: the cures differ."""
    if isinstance(problem, LinkError):
        return problem
    # A certificate is refused while the request is being sent; a reset shows while the answer is awaited.
    wrapped = problem.reasons if isinstance(problem, ResponseFailed | RequestTransmissionFailed) else []
    inner = [f.value for f in wrapped] + [problem]
    if isinstance(problem, ProxyError):
        return LinkError(problem.code, problem.detail)
    if any(isinstance(p, SSL.Error | VerificationError) for p in inner):
        return LinkError("CERTIFICATE_REFUSED", "the server's certificate is not signed by a trusted CA")
    return LinkError("SERVER_UNREACHABLE", str(problem)[:200])


def _as_link_error(failure: Failure) -> Any:
    raise _link_error(failure.value or RuntimeError("no reason")) from failure.value
