"""The agent goes by the proxy that the system names, and tells apart what can go wrong there."""

from __future__ import annotations

import base64
import urllib.request
from typing import Any

import pytest
from agent_fakes import FakeReactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from agent import proxy
from agent.proxy import MAX_HEAD_BYTES, TIMEOUT_S, Proxy, ProxyError, Tunnel, parse_proxy, proxy_for

PROXY = Proxy("proxy.example", 3128)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://proxy.example:3128", PROXY),
        ("proxy.example:3128", PROXY),
        ("http://proxy.example/", Proxy("proxy.example", 80)),
        ("http://kim:s%40fe@proxy.example:3128", Proxy("proxy.example", 3128, "Basic " + base64.b64encode(b"kim:s@fe").decode())),
        ("http://[2001:db8::1]:8080", Proxy("2001:db8::1", 8080)),
        ("socks5://proxy.example:1080", None),
        ("https://proxy.example:443", None),
        ("http://", None),
        ("http://proxy.example:0", None),
        ("http://proxy.example:99999", None),
        ("http://[oops", None),
    ],
)
def test_addresses_of_proxies(address: str, found: Proxy | None) -> None:
    assert parse_proxy(address) == found


def set_system(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], bypass: bool = False) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", lambda: settings)
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: bypass and host == "support.example")


def test_the_systems_settings_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    set_system(monkeypatch, {"https": "http://proxy.example:3128", "http": "http://other.example:1"})
    assert proxy_for("support.example") == PROXY
    set_system(monkeypatch, {"all": "http://proxy.example:3128"})
    assert proxy_for("support.example") == PROXY
    set_system(monkeypatch, {"https": "http://proxy.example:3128"}, bypass=True)
    assert proxy_for("support.example") is None and proxy_for("elsewhere.example") == PROXY
    for settings in ({}, {"http": "http://proxy.example:3128"}, {"https": "socks5://proxy.example:1"}):
        set_system(monkeypatch, settings)
        assert proxy_for("support.example") is None


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Inner(Protocol):
    received = b""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"client hello")

    def dataReceived(self, data: bytes) -> None:
        self.received += data


class Way:
    """An endpoint whose other end is a transport in memory."""

    def __init__(self, refuses: bool = False) -> None:
        self.transport: Any = Transport()
        self.refuses = refuses

    def connect(self, factory: Any) -> Deferred[Any]:
        if self.refuses:
            return fail(Refused())
        protocol = factory.buildProtocol(None)
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return succeed(protocol)

    def hears(self, data: bytes) -> None:
        self.transport.protocol.dataReceived(data)


def opened(way: Way, host: str = "support.example", asked: Proxy = PROXY) -> tuple[list[Any], FakeReactor]:
    reactor, results = FakeReactor(), list[Any]()
    tunnel = Tunnel(reactor, way, asked, host, 443)  # type: ignore[arg-type]
    tunnel.connect(Factory.forProtocol(Inner)).addBoth(results.append)
    return results, reactor


def refused(results: list[Any]) -> str:
    (failure,) = results
    assert isinstance(failure, Failure) and isinstance(failure.value, ProxyError)
    return failure.value.code


def test_after_the_yes_the_connection_is_the_other_protocols() -> None:
    way = Way()
    results, reactor = opened(way)
    assert way.transport.value() == b"CONNECT support.example:443 HTTP/1.1\r\nHost: support.example:443\r\n\r\n"
    way.transport.clear()
    for byte in b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n":
        assert results == []
        way.hears(bytes([byte]))
    (inner,) = results
    assert isinstance(inner, Inner) and way.transport.value() == b"client hello" and reactor.waits == []
    way.hears(b"server hello")
    assert inner.received == b"server hello"


def test_what_follows_the_yes_at_once_is_not_lost() -> None:
    way = Way()
    results, _ = opened(way)
    way.hears(b"HTTP/1.0 200 OK\r\n\r\nserver hello")
    assert results[0].received == b"server hello"


def test_a_password_in_the_address_goes_to_the_proxy_only() -> None:
    way = Way()
    opened(way, "2001:db8::7", Proxy("proxy.example", 80, "Basic c2VjcmV0"))
    assert way.transport.value() == (
        b"CONNECT [2001:db8::7]:443 HTTP/1.1\r\nHost: [2001:db8::7]:443\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "PROXY_LOGIN"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "PROXY_REFUSED"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "PROXY_REFUSED"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "PROXY_REFUSED"),
        (b"HTTP/1.1\r\n\r\n", "PROXY_REFUSED"),
        (b"220 mail.example ESMTP\r\n\r\n", "PROXY_REFUSED"),
        (b"\xff\xfe\r\n\r\n", "PROXY_REFUSED"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_BYTES, "PROXY_REFUSED"),
    ],
)
def test_a_no_is_told_and_the_connection_closed(answer: bytes, code: str) -> None:
    way = Way()
    results, reactor = opened(way)
    way.hears(answer)
    assert refused(results) == code and way.transport.aborted and reactor.waits == []


def test_a_proxy_that_says_nothing_or_goes_away_or_is_not_there() -> None:
    silent = Way()
    results, reactor = opened(silent)
    reactor.advance(TIMEOUT_S)
    assert refused(results) == "PROXY_UNREACHABLE" and silent.transport.aborted
    gone = Way()
    results, _ = opened(gone)
    gone.transport.protocol.connectionLost(Failure(Refused()))
    assert refused(results) == "PROXY_REFUSED"
    results, _ = opened(Way(refuses=True))
    assert refused(results) == "PROXY_UNREACHABLE"


def test_every_trouble_with_a_proxy_has_words_in_both_languages() -> None:
    from agent.texts import PROBLEMS

    for code in ("PROXY_UNREACHABLE", "PROXY_LOGIN", "PROXY_REFUSED"):
        assert all(PROBLEMS[language][code] for language in ("ko", "en"))
    assert proxy.DEFAULT_PORT == 80
