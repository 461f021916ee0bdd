"""The way through the proxy of the firm's network, as the system's settings name it: HTTP CONNECT (RFC 9110, 9.3.6).

The settings are read by the standard library: the environment on Linux, the Internet options on Windows, the network settings
on macOS. Scripts (PAC) and SOCKS are not followed. TLS to the appliance runs inside the tunnel: the proxy sees its name only.
"""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger()

MAX_HEAD_BYTES = 16 * 1024
TIMEOUT_S = 20.0
DEFAULT_PORT = 80


class ProxyError(Exception):
    """`code`: PROXY_UNREACHABLE, PROXY_LOGIN (it wants a name and password, or others), PROXY_REFUSED."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Proxy:
    """`authorization`: the value of its header for a proxy with a password in its address, else ""."""

    host: str
    port: int
    authorization: str = ""


def proxy_for(host: str) -> Proxy | None:
    """The proxy by which `host` is reached over TLS, None for the direct way."""
    settings = urllib.request.getproxies()
    address = settings.get("https") or settings.get("all")
    if not address or urllib.request.proxy_bypass(host):
        return None
    found = parse_proxy(address)
    if found is None:
        log.warn("The system's proxy is not used: only HTTP proxies are, and this is another one")
    return found


def parse_proxy(address: str) -> Proxy | None:
    """ "http://name:password@proxy.example:3128", the scheme may be missing. None for what is no HTTP proxy."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname or port == 0:
        return None
    if parts.username is None:
        return Proxy(parts.hostname, port or DEFAULT_PORT)
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(parts.hostname, port or DEFAULT_PORT, "Basic " + base64.b64encode(secret).decode())


@implementer(IStreamClientEndpoint)
class Tunnel:
    """A connection to `host` and `port` through `proxy`, which `way` (an endpoint) leads to."""

    def __init__(self, reactor: Any, way: IStreamClientEndpoint, proxy: Proxy, host: str, port: int) -> None:
        self._reactor = reactor
        self._way = way
        self._proxy = proxy
        self._target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """Fails with ProxyError."""
        asking = Factory.forProtocol(_Asking)
        connected: Deferred[Any] = self._way.connect(asking)

        def ask(asking: _Asking) -> Deferred[IProtocol]:
            return asking.ask(self._reactor, self._target, self._proxy.authorization, factory)

        return connected.addCallbacks(ask, self._unreachable)

    def _unreachable(self, failure: Failure) -> Failure:
        return Failure(ProxyError("PROXY_UNREACHABLE", f"{self._proxy.host}:{self._proxy.port} {failure.getErrorMessage()}"))


class _Asking(Protocol):
    """Says CONNECT; after the yes the connection is the other protocol's."""

    def ask(self, reactor: Any, target: str, authorization: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        self._head = bytearray()
        self._factory = factory
        self._answered: Deferred[IProtocol] = Deferred(lambda _: self._give_up("PROXY_UNREACHABLE", "cancelled"))
        self._silence = reactor.callLater(TIMEOUT_S, self._give_up, "PROXY_UNREACHABLE", "silence")
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if authorization:
            lines.append(f"Proxy-Authorization: {authorization}")
        assert self.transport is not None
        self.transport.write("\r\n".join([*lines, "", ""]).encode())
        return self._answered

    def dataReceived(self, data: bytes) -> None:
        self._head += data
        head, end, rest = bytes(self._head).partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD_BYTES:
            self._give_up("PROXY_REFUSED", "an endless answer")
        elif end:
            self._judge(head, rest)

    def _judge(self, head: bytes, rest: bytes) -> None:
        line = head.partition(b"\r\n")[0].decode("latin-1")
        status = line.split(" ")[1] if line.startswith("HTTP/1.") and line.count(" ") else ""
        if status == "407":
            self._give_up("PROXY_LOGIN", line[:100])
        elif len(status) == 3 and status.startswith("2") and status.isdigit():
            self._hand_over(rest)
        else:
            self._give_up("PROXY_REFUSED", line[:100])

    def _hand_over(self, rest: bytes) -> None:
        self._silence.cancel()
        transport: Any = self.transport
        address: IAddress = transport.getPeer()
        protocol: Any = self._factory.buildProtocol(address)
        if protocol is None:
            self._give_up("PROXY_REFUSED", "nobody wants the connection")
            return
        transport.protocol = protocol
        protocol.makeConnection(transport)
        if rest:
            protocol.dataReceived(rest)
        self._answered.callback(protocol)

    def _give_up(self, code: str, detail: str) -> None:
        if self._silence.active():
            self._silence.cancel()
        transport: Any = self.transport
        transport.abortConnection()
        if not self._answered.called:
            self._answered.errback(ProxyError(code, detail))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._answered.called:
            self._give_up("PROXY_REFUSED", "closed without an answer")
