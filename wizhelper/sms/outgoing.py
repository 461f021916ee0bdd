"""The HTTP agent of gateways: it reaches no address of this machine and no link-local one, unless the system says so.

An administrator of one company writes the address of a gateway; he must not reach through it what listens on the server
itself, nor the metadata service of a cloud. Names are resolved here and the address that was checked is the one that is
connected to, so that a name which changes its mind in between gains nothing.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

from twisted.internet.address import IPv4Address as TcpAddress
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IAddress, IHostResolution, IProtocol, IProtocolFactory, IResolutionReceiver
from twisted.internet.interfaces import IStreamClientEndpoint as Endpoint
from twisted.web.client import URI, Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

CONNECT_S = 10


class AddressRefused(ConnectError):
    """The name leads to an address that a gateway must not reach; nothing was sent."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def is_refused(address: str) -> bool:
    """Loopback, link-local (where clouds keep their metadata), unspecified, multicast; also inside IPv6 forms."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return is_refused(str(inner))
    return found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast


@implementer(IAgent)
class GuardedAgent:
    """Follows no redirects: an answer must not lead where the address may not."""

    def __init__(self, reactor: Any, local_allowed: bool) -> None:
        self._endpoints = _Endpoints(reactor, local_allowed)
        pool = HTTPConnectionPool(reactor, persistent=False)
        self._agent: Agent = Agent.usingEndpointFactory(reactor, self._endpoints, pool)

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        found: Deferred[IResponse] = self._agent.request(method, uri, headers, bodyProducer)
        return found

    def endpoint_to(self, host: str, port: int, tls: bool) -> Endpoint:
        """For drivers that speak something else than HTTP. It raises the same refusals when it connects."""
        scheme = "https" if tls else "http"
        return self._endpoints.endpointForURI(URI.fromBytes(f"{scheme}://{host}:{port}/".encode("ascii")))


def make_agent(reactor: Any, local_allowed: bool) -> GuardedAgent:
    return GuardedAgent(reactor, local_allowed)


@implementer(IAgentEndpointFactory)
class _Endpoints:
    def __init__(self, reactor: Any, local_allowed: bool) -> None:
        self._reactor = reactor
        self._local_allowed = local_allowed
        self._policy = BrowserLikePolicyForHTTPS()

    def endpointForURI(self, uri: URI) -> Endpoint:
        plain = _Guarded(self._reactor, uri.host.decode("ascii"), uri.port, self._local_allowed)
        if uri.scheme == b"http":
            return plain
        if uri.scheme != b"https":
            raise SchemeNotSupported(uri.scheme)
        return wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), plain)


@implementer(Endpoint)
class _Guarded:
    def __init__(self, reactor: Any, host: str, port: int, local_allowed: bool) -> None:
        self._reactor = reactor
        self._host = host.strip("[]")
        self._port = port
        self._local_allowed = local_allowed

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        addresses = await resolved(self._reactor, self._host, self._port)
        if not self._local_allowed and any(map(is_refused, addresses)):
            raise AddressRefused(string=self._host)
        for address in addresses[:-1]:
            try:
                return await self._to(address, factory)
            except ConnectError:
                continue  # the next address of the same name
        return await self._to(addresses[-1], factory)

    def _to(self, address: str, factory: IProtocolFactory) -> Deferred[IProtocol]:
        kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        made: Deferred[IProtocol] = kind(self._reactor, address, self._port, timeout=CONNECT_S).connect(factory)
        return made


async def resolved(reactor: Any, host: str, port: int) -> list[str]:
    """Addresses of a name, at least one. Raises DNSLookupError."""
    receiver = _Addresses()
    reactor.nameResolver.resolveHostName(receiver, host, port)
    found = await receiver.done
    if not found:
        raise DNSLookupError(f"no address for {host}")
    return found


@implementer(IResolutionReceiver)
class _Addresses:
    def __init__(self) -> None:
        self._found: list[str] = []
        self.done: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to do: it is never called off."""

    def addressResolved(self, address: IAddress) -> None:
        assert isinstance(address, TcpAddress) or hasattr(address, "host")
        self._found.append(str(address.host))  # type: ignore[attr-defined]

    def resolutionComplete(self) -> None:
        self.done.callback(list(dict.fromkeys(self._found)))
